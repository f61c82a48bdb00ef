//! The commonest mistakes in YAML, found without a parser.
//!
//! A parser of YAML is larger than the policy and everything that it stands on. This finds what breaks most files: tabs,
//! quotes and brackets that are never closed, a value behind a value, and lines that are indented to nowhere. It is made
//! to miss a mistake rather than to see one where there is none: what is unusual (`?`, anchors, tags, directives) ends it.

use crate::text::{find, split, starts_with_any};

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A tab in front of an entry.
    Tab,
    /// A quote that is never closed.
    Quote,
    /// A bracket that is never closed.
    Bracket,
    /// A second `: ` in a line.
    SecondValue,
    /// A line that belongs to nothing above it.
    Indentation,
}

impl Problem {
    /// What is there, for a message.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Tab => "has a tab where spaces should be",
            Self::Quote => "has a quote that is never closed",
            Self::Bracket => "has a bracket that is never closed",
            Self::SecondValue => "has a second \": \" in a value without quotes",
            Self::Indentation => "is indented like no line above it",
        }
    }
}

/// The first problem of a text, with the number of its line, counted from 1.
pub(crate) fn problem(text: &str) -> Option<(usize, Problem)> {
    Scan::default().text(text).err().flatten()
}

/// `Err(None)`: something unusual, of which nothing can be said.
type Scanned = Result<(), Option<(usize, Problem)>>;

/// What is known of the lines so far.
#[derive(Default)]
struct Scan {
    /// Where the open collections are indented to, from the outside in.
    levels: Vec<usize>,
    /// The last entry ended where its value would start, so that what follows may be deeper.
    expects_value: bool,
    /// The block scalar (`|`, `>`) that lines belong to which are deeper than this.
    block: Option<usize>,
    /// The open quote, with its line.
    quote: Option<(u8, usize)>,
    /// The line of each open bracket.
    brackets: Vec<usize>,
    /// Between brackets, whether an item may start here: inside of one, quotes are nothing but characters.
    is_item_start: bool,
}

impl Scan {
    fn text(&mut self, text: &str) -> Scanned {
        for (index, line) in text.split('\n').enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            // It breaks a line, where no editor shows it.
            if line.as_bytes().contains(&b'\r') {
                return Err(None);
            }
            self.line(index + 1, line)?;
        }
        self.end()
    }

    /// What is open at the end is never closed.
    fn end(&self) -> Scanned {
        if let Some((_, line)) = self.quote {
            return Err(Some((line, Problem::Quote)));
        }
        match self.brackets.last() {
            Some(line) => Err(Some((*line, Problem::Bracket))),
            None => Ok(()),
        }
    }

    fn line(&mut self, number: usize, line: &str) -> Scanned {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if self.quote.is_some() || !self.brackets.is_empty() {
            return self.flow(number, line);
        }
        if content.trim_ascii().is_empty() {
            return Ok(());
        }
        if self.block.is_some_and(|parent| indent > parent) {
            return Ok(());
        }
        self.block = None;
        if content.starts_with('#') {
            return Ok(());
        }
        if let Some(entry) = content.strip_prefix('\t') {
            let entry = entry.trim_ascii();
            let is_key = key_end(entry).is_some();
            let is_mistake = match indent {
                0 => is_key || entry.starts_with("- "),
                // Behind spaces, in front of a value or in text that goes on, tabs may stand.
                _ => is_key && !self.expects_value,
            };
            let is_mistake = is_mistake && !self.levels.is_empty();
            return Err(is_mistake.then_some((number, Problem::Tab)));
        }
        let content = content.trim_ascii_end();
        if indent == 0 && matches!(content, "---" | "...") {
            self.levels.clear();
            self.expects_value = true;
            return Ok(());
        }
        if content.as_bytes().contains(&b'\t') || (indent == 0 && content.starts_with("--- ")) {
            return Err(None);
        }
        self.entry(number, indent, content)
    }

    /// A line that may start with dashes and a key.
    fn entry(&mut self, number: usize, mut indent: usize, mut content: &str) -> Scanned {
        let mut dash = None;
        while content == "-" || content.starts_with("- ") {
            self.place(number, indent, dash.is_some(), true)?;
            let rest = content.get(1..).unwrap_or_default();
            let inside = rest.trim_start_matches(' ');
            dash = Some(indent);
            indent += content.len() - inside.len();
            content = inside;
            self.expects_value = true;
            if content.is_empty() || content.starts_with('#') {
                return Ok(());
            }
        }
        if is_unusual(content) {
            return Err(None);
        }
        if let Some(end) = key_end(content) {
            self.place(number, indent, dash.is_some(), false)?;
            let value = content.get(end + 1..).unwrap_or_default();
            let value = value.trim_ascii_start();
            self.expects_value = value.is_empty() || value.starts_with('#');
            return self.value(number, indent, value);
        }
        // A value on a line of its own, text that goes on, or a key in quotes.
        self.expects_value = false;
        match dash {
            Some(dash) => self.value(number, dash, content),
            None if self.levels.is_empty() || starts_with_any(content, b"\"'[{|>") => Err(None),
            None => Ok(()),
        }
    }

    /// An entry has to be where the entries of an open collection are, or deeper where a value may start.
    fn place(&mut self, number: usize, indent: usize, is_nested: bool, is_item: bool) -> Scanned {
        if is_nested {
            self.levels.push(indent);
            return Ok(());
        }
        while self.levels.last().is_some_and(|level| *level > indent) {
            self.levels.pop();
            self.expects_value = false;
        }
        if self.levels.last() == Some(&indent) {
            Ok(())
        } else if self.expects_value || self.levels.is_empty() {
            self.levels.push(indent);
            Ok(())
        } else {
            // Text of several lines may look like an item.
            Err((!is_item).then_some((number, Problem::Indentation)))
        }
    }

    /// What is behind a key or a dash, where `parent` is.
    fn value(&mut self, number: usize, parent: usize, value: &str) -> Scanned {
        match value.as_bytes().first() {
            None | Some(b'#') => Ok(()),
            Some(b'|' | b'>') => {
                self.block = Some(parent);
                Ok(())
            }
            Some(b'"' | b'\'' | b'[' | b'{') => {
                self.is_item_start = true;
                self.flow(number, value)
            }
            Some(b'-') if value == "-" || value.starts_with("- ") => Err(None),
            Some(_) if is_unusual(value) => Err(None),
            Some(_) => match key_end(value) {
                Some(_) => Err(Some((number, Problem::SecondValue))),
                None => Ok(()),
            },
        }
    }

    /// Text in quotes or brackets, which ends somewhere.
    fn flow(&mut self, number: usize, text: &str) -> Scanned {
        let bytes = text.as_bytes();
        let mut before = b' ';
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            let next = bytes.get(at).copied().unwrap_or(b' ');
            let mut closed = false;
            let mut starts = false;
            match (self.quote, byte) {
                // Escaped, whatever it is; a quote in single quotes is written twice.
                (Some((b'"', _)), b'\\') => at += 1,
                (Some((b'\'', _)), b'\'') if next == b'\'' => at += 1,
                (Some((open, _)), _) => {
                    if byte == open {
                        self.quote = None;
                        closed = true;
                    }
                }
                (None, b' ' | b'\t') => starts = self.is_item_start,
                (None, b'#') if matches!(before, b' ' | b'\t') => return Ok(()),
                (None, b'"' | b'\'') if self.is_item_start => self.quote = Some((byte, number)),
                (None, b'&' | b'*' | b'!' | b'?') if self.is_item_start => return Err(None),
                (None, b'[' | b'{') => {
                    self.brackets.push(number);
                    starts = true;
                }
                (None, b']' | b'}') => {
                    self.brackets.pop();
                    closed = true;
                }
                (None, b',') => starts = true,
                // Behind a quote or a bracket, no space is needed.
                (None, b':') => {
                    starts = matches!(next, b' ' | b'\t')
                        || matches!(before, b'"' | b'\'' | b']' | b'}');
                }
                (None, _) => {}
            }
            self.is_item_start = starts;
            if closed && self.brackets.is_empty() {
                return after_quote(text.get(at..).unwrap_or_default());
            }
            before = byte;
        }
        Ok(())
    }
}

/// Behind quotes and brackets there may be a comment. Anything else is unusual.
fn after_quote(rest: &str) -> Scanned {
    let rest = rest.trim_ascii();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(())
    } else {
        Err(None)
    }
}

/// Anchors, tags, keys of several lines, and what no text may start with.
fn is_unusual(content: &str) -> bool {
    starts_with_any(content, b"&*!?%@`,]}") || content == ":" || content.starts_with(": ")
}

/// Where the colon behind a plain key is.
fn key_end(content: &str) -> Option<usize> {
    if starts_with_any(content, b"\"'[{#|>") {
        return None;
    }
    let plain = split(content, " #").map_or(content, |(plain, _)| plain);
    find(plain, ": ").or_else(|| plain.trim_ascii_end().strip_suffix(':').map(str::len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_commonest_mistakes() {
        use Problem::{Bracket, Indentation, Quote, SecondValue, Tab};
        for (text, line, found) in [
            ("a: 1\n\tb: 2\n", 2, Tab),
            ("a:\n\t- b\n", 2, Tab),
            ("a: 1\nb: \"c\nd: e\n", 2, Quote),
            ("a: 'it''s\n", 1, Quote),
            ("a: [b,\n  {c: d]\n", 1, Bracket),
            ("a: \"b\"\nc: {d: [e, f}\n", 2, Bracket),
            ("a: b: c\n", 1, SecondValue),
            ("- a: b: c\n", 1, SecondValue),
            ("url: http://x: y\n", 1, SecondValue),
            ("a: 1\n  b: 2\n", 2, Indentation),
            ("a:\n    b: 1\n  c: 2\n", 3, Indentation),
            ("- a: 1\n b: 2\n", 2, Indentation),
            (
                "spec:\n  - name: a\n    image: b\n   port: 1\n",
                4,
                Indentation,
            ),
            ("a: |\n  b: c: d\ne: f: g\n", 3, SecondValue),
            ("a: 1\n---\nb: 2\n c: 3\n", 4, Indentation),
            ("a: 1\n \tb: 2\n", 2, Tab),
            // What is read on, up to a mistake.
            ("a: text that\n  goes on\nb: c: d\n", 3, SecondValue),
            ("a: -1\nb: c: d\n", 2, SecondValue),
            ("a: [b&c]\nd: e: f\n", 2, SecondValue),
            ("a: \"\\\"\"\nb: c: d\n", 2, SecondValue),
            ("a: {\"b\":\"}\"}\nc: d: e\n", 2, SecondValue),
            ("a: {b: \"}\"}\nc: d: e\n", 2, SecondValue),
        ] {
            assert_eq!(problem(text), Some((line, found)), "{text}");
        }
    }

    #[test]
    fn sees_none_where_there_is_none() {
        for text in [
            "",
            "# a: b: c\n",
            "text\n",
            "- name: a\n  image: b\n-   name: c\n    image: d\n",
            "a:\n- b\n- - c\n  - d\ne: f\n",
            "a: -1\nb: -c\nc: :d\n",
            "a: |\n  b: c: d\n   \"\n\n-   |\n  x: y: z\n",
            "- >\n c: d: e\n-   |\n  x: y: z\n",
            "a: text that\n  goes on\n  'here\nb: [it's, 'c: d',\n  it's]\n",
            "a: \"b: \\\"c\\\"\n\n  d: e\"\nf: 'g''s: h' # i: j: k\n",
            "a: http://b:80/c#d\ne: 12:30:45\nf: C:\\g\n",
            "a: &b c: d\n",
            "? a: b\n",
            "\"a\": b: c\n",
            "a: {\"b\":\"c: d\", 'e': [f]}\r\ng: h\r\n",
            // Tabs where they may stand, or nobody can say.
            "\tb: 2\n",
            "a: b\n\tgoes on\n",
            "a: b\n \tgoes on\n",
            "a:\n \tb: c\n",
            "a: b\tc: d\n",
            "a: 1\n---\n  c: 2\n",
            "--- a: b: c\n",
            "- # text\n  a: 1\n",
            "-\n  a: 1\n",
            "text\na: b: c\n",
            "a: 1\n\"b\": c: d\n",
            "a: - b: c\n",
            "a: [b#c]\n",
            "a: [b, # [\n  c]\n",
            "a: [it's]\n",
            "a: [*b, {c]\n",
            ": b: c\n",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
    }
}
