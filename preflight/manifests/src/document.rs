//! Documents: a text is cut at its `---` lines and between its JSON objects, so that a broken document does not take the
//! others with it.

use std::{borrow::Cow, iter, ops::RangeInclusive, sync::Arc};

use serde::de::IgnoredAny;
use tree::Value;

use super::{
    Lines, Mark, Object, Unreadable, json,
    lines::Marks,
    list::{self, Located},
    no_manifest,
    node::Node,
    place::Text,
    written::{Reading, Source, Written},
    yaml::{self, SEVERAL},
};

/// A part of a text between two `---` lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document<'a> {
    text: &'a str,
    /// The byte of the file where it starts.
    start: usize,
    /// How many lines stand above it in the file.
    above: usize,
    /// Whether its first line separates it from what is above, and is no part of it.
    is_separated: bool,
    /// Whether kubectl takes the file for JSON: it looks at its first character.
    is_json: bool,
}

/// The content of a document: what kubectl hands on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content<'a> {
    pub(super) text: &'a str,
    /// The byte of the file where it starts.
    pub(super) start: usize,
    /// How many lines stand above it in the file.
    above: usize,
}

/// Cuts where kubectl does: at `---` lines, and between the values of a JSON stream.
pub(super) fn split(text: &str) -> impl Iterator<Item = Document<'_>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut start = text.len() - rest.len();
    let is_json = is_json(rest);
    // What is left up to the next `---` line: a stream may have very many values before it.
    let mut part = "";
    let mut above = 0;
    // Whether there is a document above, and whether the next one begins with the line that separates them.
    let (mut is_below, mut is_separated) = (false, false);
    iter::from_fn(move || {
        if part.is_empty() {
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            is_separated = is_below && is_bare_separator(line);
            (part, rest) = rest.split_at(end_of_document(rest, is_separated));
            is_below = true;
        }
        if part.is_empty() {
            return None;
        }
        let text;
        (text, part) = part.split_at(end_of_value(part).unwrap_or(part.len()));
        let document = Document {
            text,
            start,
            above,
            is_json,
            is_separated: std::mem::take(&mut is_separated),
        };
        start += text.len();
        above += text.matches('\n').count();
        Some(document)
    })
}

/// The position of the next `---` line that ends a document: one that anything is above of, but for the line that separates
/// the document from the one above. kubectl hands on any other such line with the document.
///
/// Source: apimachinery, `YAMLReader.Read` in `pkg/util/yaml/decoder.go`. Unlike kubectl, directives belong to the document
/// below them.
fn end_of_document(text: &str, is_separated: bool) -> usize {
    let mut position = 0;
    let (mut is_anything, mut is_content, mut has_directives) = (false, false, false);
    for line in text.split_inclusive('\n') {
        if position > 0 || !is_separated {
            let may_end = is_content || is_anything && !has_directives;
            if may_end && is_separator(line) {
                return position;
            }
            is_anything = true;
            is_content |= !is_blank(line);
            has_directives |= line.starts_with('%');
        }
        position += line.len();
    }
    position
}

/// The end of a JSON value that something follows, as in what jq prints. What follows may be broken.
fn end_of_value(text: &str) -> Option<usize> {
    let is_value = |text: &str| text.trim_start().starts_with(['{', '[']);
    // Many values may be in one line, which is not looked through for each of them.
    let mut start = 0;
    if !is_value(text) {
        let lines = text.split_inclusive('\n');
        start = lines.take_while(|line| is_head(line)).map(str::len).sum();
    }
    let text = text.get(start..)?;
    if !is_value(text) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let end = values.byte_offset();
    let is_followed = text.get(end..)?.trim_start().starts_with(['{', '[', ',']);
    is_followed.then_some(start + end)
}

/// Whether a document ends above a line. One may also start behind the dashes, which kubectl refuses.
fn is_separator(line: &str) -> bool {
    is_bare_separator(line) || line.starts_with("--- ") || line.starts_with("---\t")
}

/// Whether nothing but a comment stands behind the dashes of a separator. Other spaces may stand there than YAML knows.
fn is_bare_separator(line: &str) -> bool {
    let content = line.strip_prefix("---").map(str::trim);
    content.is_some_and(|content| content.is_empty() || content.starts_with('#'))
}

/// Source: apimachinery, `hasJSONPrefix` in `pkg/util/yaml/decoder.go`.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Whether a line is above the content of its document.
fn is_head(line: &str) -> bool {
    is_blank(line) || is_separator(line)
}

/// Comments and directives belong to the document below them.
fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(['#', '%'])
}

/// Reads a text with one document, as settings and reviews are.
pub fn parse_one(text: &str) -> Result<Value, Unreadable> {
    let parsed = parse(one(text))?;
    Ok(parsed.map_or(Value::Null, |((value, ..), _)| value))
}

/// The same as an object, which knows the lines of its fields; `None` when there is nothing but comments.
pub fn parse_with_lines(file: &str, text: &str) -> Result<Option<Object>, Unreadable> {
    let document = one(text);
    let reading = document.reading();
    let object = parse(document)?.map(|((value, _, mark), source)| Object {
        written: Arc::new(Written::of_document(&value, source, mark, reading)),
        value: value.into(),
        file: file.to_owned(),
        line: mark.line,
        source: None,
        shown: None,
    });
    Ok(object)
}

/// A text as one document.
fn one(text: &str) -> Document<'_> {
    let whole = text;
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    Document {
        text,
        start: whole.len() - text.len(),
        above: 0,
        is_json: is_json(text),
        is_separated: false,
    }
}

fn parse(document: Document<'_>) -> Result<Option<(Located, Source)>, Unreadable> {
    document.parse().map_err(|mut unreadable| {
        // It cannot be cut into them, as manifests are.
        if unreadable.text.contains(SEVERAL) {
            "cannot be read: more than one document, and there may be only one here"
                .clone_into(&mut unreadable.text);
        }
        unreadable
    })
}

impl<'a> Document<'a> {
    /// The template in the comment that `helm template` writes above each object.
    pub(super) fn template(self) -> Option<&'a str> {
        let mut head = self.text.lines().take_while(|line| is_head(line));
        head.find_map(|line| line.strip_prefix("# Source: "))
            .map(str::trim_end)
    }

    /// Its lines in the file.
    pub(super) fn lines(self) -> RangeInclusive<usize> {
        let breaks = self.text.trim_end_matches('\n').matches('\n').count();
        self.above + 1..=self.above + 1 + breaks
    }

    /// Without the line that separates it from the one above, and without a byte order mark, with which each document may
    /// begin.
    pub(super) fn content(self) -> Content<'a> {
        let (mut text, mut above) = (self.text, self.above);
        if self.is_separated {
            let separator = text
                .find('\n')
                .map_or(text.len(), |line_feed| line_feed + 1);
            text = text.get(separator..).unwrap_or_default();
            above += 1;
        }
        text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let start = self.start + self.text.len() - text.len();
        Content { text, start, above }
    }

    /// How its text is read.
    pub(super) fn reading(self) -> Reading {
        Reading {
            above: self.content().above,
            is_json: self.is_json,
        }
    }

    /// Whether it is a template for text. It has to be one that cannot be read.
    pub(super) fn is_template(self) -> bool {
        no_manifest::is_template(self.content().text)
    }

    /// Whether it would be no object if it could be read.
    pub(super) fn has_no_kind(self) -> bool {
        no_manifest::has_no_kind(self.content().text)
    }

    /// The value, and the text that it was read from; `None` when there is nothing but comments. Where fields are is there
    /// for lists alone, whose items are objects: whatever else is a whole document is read again when that is asked.
    pub(super) fn parse(self) -> Result<Option<(Located, Source)>, Unreadable> {
        let Content { text, .. } = self.content();
        // kubectl reads line by line, and ends each of them with a line feed alone.
        let mut text = Cow::from(text);
        if text.contains("\r\n") {
            text = text.replace("\r\n", "\n").into();
        }
        if !text.ends_with('\n') {
            text.to_mut().push('\n');
        }
        // Most texts without the word are no lists, and if they cannot be read, the second reading says why.
        let plain = (!text.contains(list::ITEMS))
            .then(|| read::<()>(&text, self.reading()).ok())
            .flatten()
            .filter(|(node, _)| !list::is_one(&node.value));
        let (value, lines, mark) = if let Some((node, mark)) = plain {
            (node.value, Lines::Leaf, mark)
        } else {
            let read = read::<Lines>(&text, self.reading());
            let (node, mark) = read.map_err(with_hint(self))?;
            (node.value, node.lines, mark)
        };
        let is_there = !value.is_null();
        Ok(is_there.then(|| ((value, lines, mark), Source::from(text))))
    }
}

/// Reads the text of one document: its value and where its fields are, and where it is itself.
pub(super) fn read<M: Marks>(text: &str, reading: Reading) -> Result<(Node<M>, Mark), Unreadable> {
    let above = reading.above;
    let part = Text { text, above };
    let json = if reading.is_json {
        json::read(part)
    } else {
        None
    };
    json.unwrap_or_else(|| yaml::read(part))
}

/// Whether any document of a text is a manifest, or may be meant to be one.
pub(super) fn may_have_objects(text: &str) -> bool {
    split(text).any(|document| match document.parse() {
        Ok(Some(((value, ..), _))) => no_manifest::kind_of(&value).is_none(),
        Ok(None) => false,
        Err(_) => !document.has_no_kind(),
    })
}

/// Adds what most often is behind an error.
fn with_hint(document: Document<'_>) -> impl FnOnce(Unreadable) -> Unreadable {
    move |mut unreadable| {
        let Document { text, above, .. } = document;
        let line = unreadable.line.checked_sub(above + 1);
        let line = line.and_then(|line| text.split('\n').nth(line));
        let is_indented_by_tab = line.is_some_and(|line| {
            let indentation = line.len() - line.trim_start().len();
            line.get(..indentation).is_some_and(|it| it.contains('\t'))
        });
        if text.contains("{{") {
            unreadable.text.push_str(
                "; it looks like a template: pipe what `helm template` renders into `preflight -`",
            );
        } else if is_indented_by_tab {
            "cannot be read: the line is indented with a tab, and YAML takes spaces alone"
                .clone_into(&mut unreadable.text);
        }
        unreadable
    }
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn reads_scalars_as_kubectl_does() {
        for (text, expected) in [
            ("yes", json!(true)),
            ("n", json!(false)),
            ("Off", json!(false)),
            ("0777", json!(511)),
            ("0o17", json!(15)),
            ("08", json!(8)),
            ("1_000", json!(1000)),
            ("1e3", json!(1000)),
            ("1.0", json!(1)),
            ("0.5", json!(0.5)),
            ("12e4567", json!("12e4567")),
            ("-1e999 # large", json!("-1e999")),
            ("yEs", json!("yEs")),
            ("[nO, tRue, No]", json!(["nO", "tRue", false])),
            ("12_", json!(12)),
            ("'12_'", json!("12_")),
            (r#""1_\L\L""#, json!("1_\u{2028}\u{2028}")),
            ("!!str 12_", json!("12_")),
            ("!!int 12", json!(12)),
            ("-.nan", json!("-.nan")),
            ("~", json!(null)),
            ("", json!(null)),
            ("2001-01-01", json!("2001-01-01")),
            ("12:30", json!("12:30")),
            ("'0777'", json!("0777")),
            ("100m", json!("100m")),
        ] {
            assert_eq!(
                parse_one(&format!("a: {text}")).unwrap(),
                json!({"a": expected}),
                "{text}"
            );
        }
    }

    #[test]
    fn keys_are_named_as_kubectl_names_them() {
        assert_eq!(
            parse_one("on: 1\n'y': 2\n0x10: 3\n1.10: 4\nyEs: 6\n12_: 7\n'5_': 8\n").unwrap(),
            json!({"true": 1, "y": 2, "16": 3, "1.1": 4, "yEs": 6, "12": 7, "5_": 8})
        );
    }

    #[test]
    fn anchors_and_merge_keys_work() {
        assert_eq!(
            parse_one("a: &a {w: 1, x: 2}\nb:\n  <<: *a\n  w: 3\nc: *a\nd: &d yEs\ne: *d\n")
                .unwrap(),
            json!({
                "a": {"w": 1, "x": 2}, "b": {"w": 3, "x": 2}, "c": {"w": 1, "x": 2}, "d": "yEs", "e": "yEs",
            })
        );
    }

    #[test]
    fn refuses_an_alias_bomb() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.extend([format!("a{level}: &a{level} [{below}]\n")]);
        }
        assert!(
            parse_one(&bomb)
                .unwrap_err()
                .text
                .starts_with("cannot be read: ")
        );
    }

    #[test]
    fn says_what_is_wrong_and_in_which_line() {
        for (text, expected) in [
            (
                "a: 1\nb: 2\na: 3\n",
                "line 3: can be read in two ways: the key \"a\" is there twice, in lines 1 and 3: keep one of them",
            ),
            (
                "# é\na: {é: .inf}\n",
                "line 2: cannot be read: a number that JSON cannot hold (column 8)",
            ),
            (
                "a: !!float 1e999\n",
                "line 1: cannot be read: a tag that does not fit what it stands before (column 4)",
            ),
            (
                "~: 1\n",
                "line 1: cannot be read: a key that is not text: quote it (column 1)",
            ),
            (
                "a: !!int x\n",
                "line 1: cannot be read: a tag that does not fit what it stands before (column 4)",
            ),
            (
                "a: 1\n---\nb: 2\n",
                "line 2: cannot be read: more than one document, and there may be only one here",
            ),
            (
                "a: [1\n",
                "line 1: cannot be read: what starts here has no end (column 4)",
            ),
            (
                "a:\n  b: 1\n\tc: 2\n",
                "line 3: cannot be read: the line is indented with a tab, and YAML takes spaces alone",
            ),
            (
                "a: 1\nb: {{ .Values.b }}\n",
                "line 2: cannot be read: a key that is not text: quote it (column 5); it looks like a template: pipe what `helm template` \
                 renders into `preflight -`",
            ),
        ] {
            assert_eq!(parse_one(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn cuts_at_separators_and_keeps_count_of_lines() {
        let text = "%YAML 1.1\n# one\n---\na: 1\n--- # two\nb: |\n  ---\n  x\n---x: 1\n---\n";
        let documents: Vec<_> = split(text)
            .map(|document| (document.above, document.text))
            .collect();
        assert_eq!(
            documents,
            [
                (0, "%YAML 1.1\n# one\n---\na: 1\n"),
                (4, "--- # two\nb: |\n  ---\n  x\n---x: 1\n"),
                (9, "---\n"),
            ]
        );
    }
}
