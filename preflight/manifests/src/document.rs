//! Documents: a text is cut at its `---` lines and between its JSON objects, so that a broken document does not take the
//! others with it.

use std::{collections::BTreeMap, fmt, iter};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use serde_saphyr::{Options, Spanned};

use super::{
    Lines, Unreadable,
    lines::Span,
    scalar::{self, Scalar},
};

/// A part of a text between two `---` lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document<'a> {
    text: &'a str,
    /// How many lines stand above it in the file.
    above: usize,
}

/// Cuts where kubectl does: at `---` lines, and between the values of a JSON stream.
pub(super) fn split(text: &str) -> impl Iterator<Item = Document<'_>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What is left up to the next `---` line: a stream may have very many values before it.
    let mut part = "";
    let mut above = 0;
    iter::from_fn(move || {
        if part.is_empty() {
            (part, rest) = rest.split_at(end_of_document(rest));
        }
        if part.is_empty() {
            return None;
        }
        let text;
        (text, part) = part.split_at(end_of_value(part).unwrap_or(part.len()));
        let document = Document { text, above };
        above += text.matches('\n').count();
        Some(document)
    })
}

/// The position of the next `---` line below the first line with content.
fn end_of_document(text: &str) -> usize {
    let mut position = 0;
    let mut content = false;
    for line in text.split_inclusive('\n') {
        if is_separator(line) && content {
            return position;
        }
        content |= is_separator(line) || !is_blank(line);
        position += line.len();
    }
    position
}

/// The end of a JSON value that something follows, as in what jq prints. What follows may be broken.
fn end_of_value(text: &str) -> Option<usize> {
    let lines = text.split_inclusive('\n');
    let start: usize = lines.take_while(|line| is_head(line)).map(str::len).sum();
    let text = text.get(start..)?;
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let end = values.byte_offset();
    let is_followed = text.get(end..)?.trim_start().starts_with(['{', '[', ',']);
    is_followed.then_some(start + end)
}

fn is_separator(line: &str) -> bool {
    let after = line.strip_prefix("---");
    after.is_some_and(|after| after.is_empty() || after.starts_with(char::is_whitespace))
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
    let document = Document {
        text: text.strip_prefix('\u{feff}').unwrap_or(text),
        above: 0,
    };
    Ok(document.parse()?.map_or(Value::Null, |(value, ..)| value))
}

impl<'a> Document<'a> {
    /// The template in the comment that `helm template` writes above each object.
    pub(super) fn template(self) -> Option<&'a str> {
        let mut head = self.text.lines().take_while(|line| is_head(line));
        head.find_map(|line| line.strip_prefix("# Source: "))
            .map(str::trim_end)
    }

    /// The value, the lines of its fields and its own line; `None` when there is nothing but comments.
    pub(super) fn parse(self) -> Result<Option<(Value, Lines, usize)>, Unreadable> {
        let root: Spanned<Node> = serde_saphyr::from_str_with_options(self.text, options())
            .map_err(|error| self.unreadable(&error))?;
        let line = self.above + line_of(&root);
        let Node {
            mut value,
            mut lines,
        } = Node::spanned(root);
        self.settle(&mut value, &mut lines)?;
        Ok((!value.is_null()).then_some((value, lines, line)))
    }

    /// Makes plain scalars what they are to kubectl, and lines of the document lines of the file.
    fn settle(self, value: &mut Value, lines: &mut Lines) -> Result<(), Unreadable> {
        match (value, lines) {
            (Value::Array(values), Lines::Items(items)) => {
                for (value, (line, below)) in values.iter_mut().zip(items) {
                    *line += self.above;
                    self.settle(value, below)?;
                }
            }
            (Value::Object(values), Lines::Fields(fields)) => {
                for (key, value) in values {
                    if let Some((line, below)) = fields.get_mut(key) {
                        *line += self.above;
                        self.settle(value, below)?;
                    }
                }
            }
            (value, Lines::Leaf(span)) => self.settle_scalar(value, *span)?,
            _ => {}
        }
        Ok(())
    }

    fn settle_scalar(self, value: &mut Value, span: Span) -> Result<(), Unreadable> {
        let text = span.of(self.text);
        // A null without a word, or a place that is not known.
        if text.is_empty() {
            return Ok(());
        }
        if let Value::String(value) = value
            && (!scalar::is_doubtful(value) || value != text)
        {
            return Ok(());
        }
        let meant = scalar::resolve(text);
        if self.is_tagged(span) {
            let is_lost = value.is_null() && meant != Scalar::Value(Value::Null);
            return if is_lost {
                Err(self.not_finite(span))
            } else {
                Ok(())
            };
        }
        *value = match meant {
            Scalar::Value(value) => value,
            Scalar::Text => Value::from(text),
            Scalar::NotFinite => return Err(self.not_finite(span)),
        };
        Ok(())
    }

    /// Whether a tag or an anchor and a tag stand before a scalar.
    fn is_tagged(self, span: Span) -> bool {
        let mut before = self.text.get(..span.start).unwrap_or_default();
        while before.ends_with(char::is_whitespace) {
            let token = before.trim_end();
            let start = token.rfind(char::is_whitespace).map_or(0, |at| at + 1);
            match token.as_bytes().get(start) {
                Some(b'!') => return true,
                Some(b'&') => before = token.get(..start).unwrap_or_default(),
                _ => return false,
            }
        }
        false
    }

    fn not_finite(self, span: Span) -> Unreadable {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Unreadable {
            line: self.above + before.matches('\n').count() + 1,
            text: format!(
                "cannot be read: a number that JSON cannot hold (column {})",
                line.chars().count() + 1
            ),
        }
    }

    fn unreadable(self, error: &serde_saphyr::Error) -> Unreadable {
        let mut unreadable = Unreadable::new(error, self.above);
        if self.text.contains("{{") {
            unreadable.text.push_str(
                "; it looks like a template: pipe what `helm template` renders into `preflight -`",
            );
        }
        unreadable
    }
}

/// YAML 1.1 as kubectl reads it, with room for the dump of a whole cluster but not for an alias bomb.
fn options() -> Options {
    serde_saphyr::options! {
        legacy_octal_numbers: true,
        // What is too large is text; see `scalar`.
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 500_000 },
        budget: serde_saphyr::budget! {
            max_events: 50_000_000,
            max_nodes: 25_000_000,
            max_depth: 128,
            max_total_scalar_bytes: 256 * 1024 * 1024,
            // Manifests repeat one block in many places; the limit above counts what comes of it.
            enforce_alias_anchor_ratio: false,
        },
    }
}

fn line_of<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.referenced.line())
        .unwrap_or(1)
        .max(1)
}

/// The name of a field. Quotes make its text longer than its key.
fn name(key: Spanned<String>) -> String {
    let is_plain = Span::of_node(&key.defined).length == key.value.len();
    let other = is_plain.then(|| scalar::key(&key.value)).flatten();
    other.unwrap_or(key.value)
}

/// A value with the lines of its fields.
struct Node {
    value: Value,
    lines: Lines,
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self {
            value,
            lines: Lines::default(),
        }
    }
}

impl Node {
    /// A scalar keeps its place in the text.
    fn spanned(spanned: Spanned<Self>) -> Self {
        let span = Span::of_node(&spanned.defined);
        let mut node = spanned.value;
        if let Lines::Leaf(place) = &mut node.lines {
            *place = span;
        }
        node
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Value::Null.into())
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Value::Null.into())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Value::from(value).into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Value::from(value).into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Value::from(value).into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(scalar::from_float(value).into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Value::from(value).into())
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Value::from(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let (mut values, mut lines) = (Vec::new(), Vec::new());
        while let Some(item) = sequence.next_element::<Spanned<Node>>()? {
            let line = line_of(&item);
            let item = Node::spanned(item);
            values.push(item.value);
            lines.push((line, item.lines));
        }
        Ok(Node {
            value: Value::Array(values),
            lines: Lines::Items(lines),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let (mut values, mut lines) = (Map::new(), BTreeMap::new());
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let line = line_of(&key);
            let key = name(key);
            let below = Node::spanned(map.next_value()?);
            lines.insert(key.clone(), (line, below.lines));
            values.insert(key, below.value);
        }
        Ok(Node {
            value: Value::Object(values),
            lines: Lines::Fields(lines),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
                "line 3: cannot be read: duplicate mapping key (column 1)",
            ),
            (
                "# é\na: {é: .inf}\n",
                "line 2: cannot be read: a number that JSON cannot hold (column 8)",
            ),
            (
                "a: !!float 1e999\n",
                "line 1: cannot be read: a number that JSON cannot hold (column 12)",
            ),
            (
                "~: 1\n",
                "line 1: cannot be read: a key that is null (column 1)",
            ),
            (
                "a: !!int x\n",
                "line 1: cannot be read: a tag that does not fit what it stands before (column 10)",
            ),
            (
                "a: 1\n---\nb: 2\n",
                "line 3: cannot be read: more than one document (column 1)",
            ),
            (
                "a: [1\n",
                "line 1: cannot be read: unclosed bracket '[' (column 4)",
            ),
            (
                "a: 1\nb: {{ .Values.b }}\n",
                "line 2: cannot be read: expected string scalar (column 5); it looks like a template: pipe what `helm template` \
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
