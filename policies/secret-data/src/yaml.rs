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
}

impl Scan {
    fn text(&mut self, text: &str) -> Scanned {
        for (index, line) in text.lines().enumerate() {
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
        if let Some(parent) = self.block {
            if indent > parent || (self.levels.is_empty() && indent > 0) {
                return Ok(());
            }
            self.block = None;
        }
        if content.starts_with('#') {
            return Ok(());
        }
        if matches!(line.trim_ascii_end(), "---" | "...") {
            self.levels.clear();
            self.expects_value = true;
            return Ok(());
        }
        if starts_with_any(content, b"?!&*%@`|>") || line.starts_with("--- ") {
            return Err(None);
        }
        if let Some(entry) = content.strip_prefix('\t') {
            let entry = entry.trim_ascii();
            let is_entry = entry.starts_with("- ") || key_end(entry).is_some();
            return Err(is_entry.then_some((number, Problem::Tab)));
        }
        self.entry(number, indent, content)
    }

    /// A line that may start with dashes and a key.
    fn entry(&mut self, number: usize, mut indent: usize, mut content: &str) -> Scanned {
        let mut is_nested = false;
        loop {
            let is_item = content == "-" || content.starts_with("- ");
            let key = key_end(content);
            if !is_item && key.is_none() {
                break;
            }
            if !is_nested {
                self.place(number, indent, is_item)?;
            } else if !self.levels.contains(&indent) {
                self.levels.push(indent);
            }
            if let Some(end) = key {
                let value = content
                    .get(end + 1..)
                    .unwrap_or_default()
                    .trim_ascii_start();
                self.expects_value = value.is_empty() || value.starts_with('#');
                return self.value(number, indent, value);
            }
            let rest = content.get(1..).unwrap_or_default();
            let inside = rest.trim_start_matches(' ');
            indent += content.len() - inside.len();
            content = inside;
            is_nested = true;
            self.expects_value = true;
            if content.is_empty() || content.starts_with('#') {
                return Ok(());
            }
            if starts_with_any(content, b"?!&*\t@`") {
                return Err(None);
            }
        }
        // Text that goes on, or a value on a line of its own.
        self.expects_value = false;
        if is_nested || self.levels.is_empty() {
            let parent = if is_nested {
                indent.saturating_sub(2)
            } else {
                0
            };
            return self.value(number, parent, content);
        }
        if starts_with_any(content, b"\"'[{") {
            return self.flow(number, content);
        }
        Ok(())
    }

    /// An entry has to be where the entries of an open collection are, or deeper where a value may start.
    fn place(&mut self, number: usize, indent: usize, is_item: bool) -> Scanned {
        while self.levels.last().is_some_and(|level| *level > indent) {
            self.levels.pop();
            self.expects_value = false;
        }
        let may_nest = self.expects_value || self.levels.is_empty();
        match self.levels.last() {
            Some(level) if *level == indent => Ok(()),
            // Text of several lines may look like anything: only its first line tells.
            _ if !may_nest && is_item => Err(None),
            _ if !may_nest => Err(Some((number, Problem::Indentation))),
            _ => {
                self.levels.push(indent);
                Ok(())
            }
        }
    }

    /// What is behind a key or a dash.
    fn value(&mut self, number: usize, indent: usize, value: &str) -> Scanned {
        match value.as_bytes().first() {
            None | Some(b'#') => Ok(()),
            Some(b'|' | b'>') => {
                self.block = Some(indent);
                Ok(())
            }
            Some(b'"' | b'\'' | b'[' | b'{') => self.flow(number, value),
            Some(
                b'&' | b'*' | b'!' | b'?' | b'@' | b'`' | b'%' | b'-' | b':' | b',' | b']' | b'}',
            ) => Err(None),
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
            let mut closed = false;
            match (self.quote, byte) {
                // Escaped, whatever it is; a quote in single quotes is written twice.
                (Some((b'"', _)), b'\\') => at += 1,
                (Some((b'\'', _)), b'\'') if bytes.get(at) == Some(&b'\'') => at += 1,
                (Some((open, _)), _) => {
                    if byte == open {
                        self.quote = None;
                        closed = true;
                    }
                }
                (None, b'"' | b'\'')
                    if matches!(before, b' ' | b'[' | b'{' | b',' | b':' | b'\t') =>
                {
                    self.quote = Some((byte, number));
                }
                (None, b'#') if before == b' ' => return Ok(()),
                (None, b'[' | b'{') => self.brackets.push(number),
                (None, b']' | b'}') => {
                    self.brackets.pop();
                    closed = true;
                }
                (None, _) => {}
            }
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

/// Where the colon behind a plain key is.
fn key_end(content: &str) -> Option<usize> {
    if starts_with_any(content, b"\"'[{#") {
        return None;
    }
    let plain = split(content, " #").map_or(content, |(plain, _)| plain);
    find(plain, ": ").or_else(|| plain.trim_ascii_end().strip_suffix(':').map(str::len))
}
