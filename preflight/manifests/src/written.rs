//! An object as it is written: the lines of its file, for people to look at. What a Secret or a `ConfigMap` holds is never
//! among them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, OnceLock},
};

use tree::Value;

use super::{
    Lines, document,
    lines::Mark,
    path::{self, Step},
    printable,
};

/// The text of a document, which all objects in it share.
pub(super) type Source = Arc<str>;

/// More of a line is left out: a file may have all of it in one line.
const MAX_LINE: usize = 200;
/// What stands for text that is left out or hidden.
const LEFT_OUT: char = '…';

/// How a document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// How many lines stand above its text in the file.
    pub(super) above: usize,
    /// Whether kubectl takes the file for JSON.
    pub(super) is_json: bool,
}

/// An object as it is written.
#[derive(Debug, Clone)]
pub struct Written {
    source: Source,
    /// Where the object is in it.
    whole: Mark,
    /// Where its fields are. This takes as much memory as the object, and is needed of few: where the object is a whole
    /// document, that is read again when it is needed.
    lines: OnceLock<Lines>,
    /// Of such a document.
    reading: Option<Reading>,
    /// Whether it is a Secret or like one, or has one in it.
    is_secret: bool,
}

/// A line of a file, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLine {
    /// Its number in the file.
    pub number: usize,
    /// Its text. Of a Secret or a `ConfigMap` only the names of fields are there.
    pub text: String,
    /// The bytes of the text that are marked, in their order and apart.
    pub marks: Vec<Range<usize>>,
}

impl Eq for Written {}

impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| (it.whole, it.is_secret);
        self.source == other.source && parts(self) == parts(other) && self.lines() == other.lines()
    }
}

impl Written {
    pub(super) fn new(value: &Value, source: Source, whole: Mark, lines: Lines) -> Self {
        Self {
            is_secret: is_secret(value),
            source,
            whole,
            lines: lines.into(),
            reading: None,
        }
    }

    /// The same for an object that is the whole document.
    pub(super) fn of_document(
        value: &Value,
        source: Source,
        whole: Mark,
        reading: Reading,
    ) -> Self {
        Self {
            is_secret: is_secret(value),
            source,
            whole,
            lines: OnceLock::new(),
            reading: Some(reading),
        }
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| {
            let read = self
                .reading
                .and_then(|reading| document::read(&self.source, reading).ok());
            read.map(|(node, _)| node.lines).unwrap_or_default()
        })
    }

    /// The same for what was built of the object. What the build changed is not written here.
    pub(super) fn of_built(&self, written: &Value, built: &Value) -> Self {
        Self {
            source: Arc::clone(&self.source),
            whole: self.whole,
            lines: self.lines().of_same(written, built).into(),
            reading: None,
            is_secret: self.is_secret || is_secret(built),
        }
    }

    /// Where a field such as `spec.containers[1].image` is, or the closest thing above it that is there.
    pub(super) fn mark(&self, field: &str) -> Option<Mark> {
        self.lines().closest(&path::parse(field))
    }

    /// The lines in which these fields are, and at most so many above and below each. The fields are marked.
    ///
    /// What is not part of the object is not shown, even if it is in the same line. A field that comes from elsewhere by
    /// an alias has no lines.
    #[must_use]
    pub fn excerpt<'a>(
        &self,
        fields: impl IntoIterator<Item = &'a str>,
        around: usize,
    ) -> Vec<ShownLine> {
        let fields: Vec<&str> = fields.into_iter().collect();
        if self.is_secret || fields.iter().any(|field| is_variable(field)) {
            return self.outline(fields);
        }
        let marks = fields.into_iter().filter_map(|field| self.mark(field));
        let is_within = |mark: &Mark| {
            self.whole.start <= mark.start && mark.start < self.whole.end.min(mark.end)
        };
        let mut marks: Vec<Mark> = marks.filter(is_within).collect();
        marks.sort_unstable_by_key(|mark| (mark.start, mark.end));
        let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
            return Vec::new();
        };
        let near = marks.iter();
        let near: BTreeSet<usize> = near
            .flat_map(|mark| mark.line.saturating_sub(around)..=mark.line.saturating_add(around))
            .collect();
        let end = last.line.saturating_add(around);
        let lines = self.lines_from(first, around);
        lines
            .take_while(|line| line.number <= end)
            .filter(|line| near.contains(&line.number))
            .map(|line| line.shown(&marks))
            .collect()
    }

    /// The lines of the object from so many above a mark on, without what stands before and behind the object.
    fn lines_from(&self, mark: &Mark, above: usize) -> impl Iterator<Item = SourceLine<'_>> {
        let Mark { start, end, .. } = self.whole;
        let before = self.source.get(..start).unwrap_or_default();
        let indent = before.rsplit('\n').next().unwrap_or_default();
        // The dash and the spaces before the first field of an item.
        let is_indent = indent.chars().all(|character| " -".contains(character));
        let start = if is_indent {
            start - indent.len()
        } else {
            start
        };
        let before = self.source.get(start..mark.start).unwrap_or_default();
        let first = before.rmatch_indices('\n').nth(above);
        let first = first.map_or(0, |(line_break, _)| line_break + 1);
        let above = before.get(first..).unwrap_or_default();
        let number = mark.line.saturating_sub(above.matches('\n').count());
        let behind = self.source.get(end..).unwrap_or_default();
        let end = end + usize::from(behind.starts_with(':'));
        let mut start = start + first;
        let text = self.source.get(start..end).unwrap_or_default();
        text.split_inclusive('\n')
            .zip(number..)
            .map(move |(text, number)| {
                let line = SourceLine {
                    number,
                    start,
                    text: text.trim_end(),
                };
                start += text.len();
                line
            })
    }

    /// The names of the fields on the way to these: all that is shown of a Secret, where a value may stand anywhere.
    fn outline<'a>(&self, fields: impl IntoIterator<Item = &'a str>) -> Vec<ShownLine> {
        let mut shown = BTreeMap::new();
        for field in fields {
            let mut lines = self.lines();
            let mut last = None;
            for (depth, step) in path::parse(field).iter().enumerate() {
                let Some((mark, below)) = lines.below(step) else {
                    break;
                };
                let name = match step {
                    Step::Key(key) => format!("{}:", printable(key)),
                    Step::Index(_) => "-".to_owned(),
                };
                let indent = "  ".repeat(depth);
                let hidden = match below {
                    Lines::Leaf => format!(" {LEFT_OUT}"),
                    _ => String::new(),
                };
                let line = ShownLine {
                    number: mark.line,
                    text: format!("{indent}{name}{hidden}"),
                    marks: Vec::new(),
                };
                let key = (mark.line, mark.start, depth);
                last = Some((key, indent.len()..indent.len() + name.len()));
                shown.entry(key).or_insert(line);
                lines = below;
            }
            if let Some((key, mark)) = last
                && let Some(line) = shown.get_mut(&key)
            {
                line.marks = vec![mark];
            }
        }
        shown.into_values().collect()
    }
}

/// A line as it is in the file.
struct SourceLine<'a> {
    number: usize,
    /// Its first byte in the source.
    start: usize,
    text: &'a str,
}

impl SourceLine<'_> {
    /// The line with what is marked of it, not too long, and harmless.
    fn shown(&self, marks: &[Mark]) -> ShownLine {
        // They are in the order of their starts.
        let first = marks.partition_point(|mark| mark.start < self.start);
        let marks = marks.iter().skip(first);
        let marks = marks.map(|mark| mark.start - self.start..mark.end - self.start);
        let marks = marks.take_while(|mark| mark.start < self.text.len());
        let marks: Vec<_> = marks
            .map(|mark| mark.start..mark.end.min(self.text.len()))
            .collect();
        let (shown, before) = self.part(marks.first());
        let text: String = printable(shown);
        // Signs may be longer than what they stand for.
        let printed = |byte: usize| {
            let byte = byte.saturating_sub(before).min(shown.len());
            printable(shown.get(..byte).unwrap_or(shown)).len()
        };
        let mut apart: Vec<Range<usize>> = Vec::new();
        for mark in marks {
            let mark = printed(mark.start)..printed(mark.end);
            match apart.last_mut() {
                Some(last) if mark.start < last.end => last.end = last.end.max(mark.end),
                _ if mark.is_empty() => {}
                _ => apart.push(mark),
            }
        }
        let cut_before = if before > 0 {
            LEFT_OUT.to_string()
        } else {
            String::new()
        };
        let cut_behind = if before + shown.len() < self.text.len() {
            LEFT_OUT.to_string()
        } else {
            String::new()
        };
        for mark in &mut apart {
            *mark = mark.start + cut_before.len()..mark.end + cut_before.len();
        }
        ShownLine {
            number: self.number,
            text: format!("{cut_before}{text}{cut_behind}"),
            marks: apart,
        }
    }

    /// The part of a long line round what is marked first, and how many bytes are before it.
    fn part(&self, mark: Option<&Range<usize>>) -> (&str, usize) {
        if self.text.chars().nth(MAX_LINE).is_none() {
            return (self.text, 0);
        }
        let first = mark.map_or(0, |mark| mark.start);
        let before = self.text.get(..first).unwrap_or_default();
        let before = before.char_indices().rev().nth(MAX_LINE / 4);
        let before = before.map_or(0, |(byte, _)| byte);
        let rest = self.text.get(before..).unwrap_or_default();
        let end = rest.char_indices().nth(MAX_LINE);
        let end = end.map_or(rest.len(), |(byte, _)| byte);
        (rest.get(..end).unwrap_or(rest), before)
    }
}

/// Whether an object is a Secret or something like it, or has a Secret in it, as a part or as a text. The kind may be
/// misspelt. A `ConfigMap` is like one: people put credentials there, too.
pub(super) fn is_secret(object: &Value) -> bool {
    let kind = object.get("kind").and_then(Value::as_str);
    let kind = kind.unwrap_or_default();
    let has_data = ["data", "stringData", "binaryData"]
        .iter()
        .any(|data| object.get(*data).is_some());
    kind.to_ascii_lowercase().contains("secret") || has_data || has_secret(object)
}

/// Whether a field is the value of a variable of a container, which may be a credential.
fn is_variable(field: &str) -> bool {
    let steps = path::parse(field);
    matches!(steps.as_slice(), [.., Step::Key(list), Step::Index(_), Step::Key(value)] if list == "env" && value == "value")
}

fn has_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("kind") && text.contains("Secret"),
        Value::Array(items) => items.iter().any(has_secret),
        Value::Object(fields) => {
            let kind = fields.get("kind").and_then(Value::as_str);
            let has_data = ["data", "stringData"]
                .iter()
                .any(|data| fields.contains_key(*data));
            has_data && kind == Some("Secret") || fields.values().any(has_secret)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::read_text;

    /// The lines around fields of the object at a position, with what is marked between `>` and `<`.
    fn excerpt(text: &str, object: usize, fields: &[&str], around: usize) -> Vec<String> {
        let manifests = read_text("f.yaml", text);
        assert_eq!(manifests.problems, []);
        let object = &manifests.objects[object];
        let lines = object.written().excerpt(fields.iter().copied(), around);
        let lines = lines.into_iter().map(|line| {
            let mut text = line.text;
            for mark in line.marks.iter().rev() {
                text.insert(mark.end, '<');
                text.insert(mark.start, '>');
            }
            format!("{} {text}", line.number)
        });
        lines.collect()
    }

    const POD: &str = "\
# head
apiVersion: v1
kind: Pod
metadata: {name: a} # of mine
spec:
  hostNetwork: true   # why
  containers:
  - name: app
    image: \"a:b\"
    args: [-x, 'y']
    command: |
      first
      second
  # behind
  volumes:
  - name: v
    emptyDir:
# below
";

    #[test]
    fn a_field_is_marked_with_its_value() {
        for (field, expected) in [
            ("spec.hostNetwork", "6   >hostNetwork: true<   # why"),
            ("metadata.name", "4 metadata: {>name: a<} # of mine"),
            ("metadata", "4 >metadata: {name: a}< # of mine"),
            ("spec.containers[0]", "8   - >name: app<"),
            ("spec.containers[0].image", "9     >image: \"a:b\"<"),
            ("spec.containers[0].args[1]", "10     args: [-x, >'y'<]"),
            ("spec.containers[0].command", "11     >command: |<"),
            ("spec.volumes[0].emptyDir.medium", "17     >emptyDir<:"),
            ("spec.absent.deep", "5 >spec:<"),
        ] {
            assert_eq!(excerpt(POD, 0, &[field], 0), [expected], "{field}");
        }
        assert_eq!(excerpt(POD, 0, &["absent"], 0), [""; 0]);
    }

    #[test]
    fn lines_around_fields_are_there_once_and_only_those_of_the_object() {
        assert_eq!(
            excerpt(POD, 0, &["spec.hostNetwork", "apiVersion", "spec"], 1),
            [
                "2 >apiVersion: v1<",
                "3 kind: Pod",
                "4 metadata: {name: a} # of mine",
                "5 >spec:<",
                "6   >hostNetwork: true<   # why",
                "7   containers:",
            ]
        );
        let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n  \
                    stringData: {a: hunter2}\n- apiVersion: v1\n  kind: Pod\n  spec: {a: 1}\n# hunter2\n";
        assert_eq!(
            excerpt(list, 1, &["spec.a"], 9),
            ["8 - apiVersion: v1", "9   kind: Pod", "10   spec: {>a: 1<}"]
        );
    }

    #[test]
    fn what_stands_beside_an_object_in_a_line_is_not_shown() {
        let text = r#"{"kind": "List", "apiVersion": "v1", "items": [{"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVy"}}, {"apiVersion": "v1", "kind": "Pod", "spec": {"a": 1}}, {"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVy"}}]}"#;
        let pod = r#"1 {"apiVersion": "v1", "kind": "Pod", "spec": {"a": >1<}}"#;
        assert_eq!(excerpt(text, 1, &["spec.a"], 3), [pod]);
        let yaml = text.replace("\"items\"", "items");
        let pod = r#"1 {"apiVersion": "v1", "kind": "Pod", "spec": {>"a": 1<}}"#;
        assert_eq!(excerpt(&yaml, 1, &["spec.a"], 3), [pod]);
        // By an alias, a field may be one of another object.
        let alias = "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Secret, stringData: &d {a: hunter2}}\n- apiVersion: v1\n  \
                     kind: Object\n  spec: *d\n";
        assert_eq!(excerpt(alias, 1, &["spec.a"], 9), [""; 0]);
        assert_eq!(excerpt(alias, 1, &["spec"], 0), ["7   >spec: *d<"]);
    }

    #[test]
    fn of_a_secret_there_are_only_the_names_of_fields() {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a # hunter2\n  annotations:\n    \
                      kubectl.kubernetes.io/last-applied-configuration: '{\"a\":\"hunter2\"}'\ndata:\n  \
                      tls.crt: hunter2 # hunter2\n  hunter2:\n  other: |\n    hunter2\n";
        assert_eq!(
            excerpt(
                secret,
                0,
                &[r#"data["tls.crt"]"#, "data.other.deep", "type"],
                9
            ),
            ["7 data:", "8   >tls.crt:< …", "10   >other:< …"]
        );
        for inner in [
            "spec: {a: [{kind: Secret, stringData: {a: hunter2}}], b: 1}",
            "spec: {a: 'kind: Secret', c: hunter2, b: 1}",
        ] {
            let text = format!("apiVersion: v1\nkind: Object\n{inner}\n");
            assert_eq!(
                excerpt(&text, 0, &["spec.b"], 9),
                ["3 spec:", "3   >b:< …"],
                "{inner}"
            );
        }
        for (kind, spec) in [
            ("SealedSecret", "spec"),
            ("Sekret", "stringData"),
            ("Sekret", "data"),
            ("ConfigMap", "data"),
            ("ConfigMap", "binaryData"),
        ] {
            let text = format!("apiVersion: v1\nkind: {kind}\n{spec}: {{a: hunter2}}\n");
            let expected = [format!("3 {spec}:"), "3   >a:< …".to_owned()];
            assert_eq!(excerpt(&text, 0, &[&format!("{spec}.a")], 9), expected);
        }
        let text = "apiVersion: v1\nkind: Flow\nspec: {from: [{kind: Secret, name: b}]}\n";
        assert_eq!(excerpt(text, 0, &["spec.from[0].name"], 0).len(), 1);
    }

    #[test]
    fn of_the_value_of_a_variable_there_is_only_its_name() {
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - name: A\n      value: hunter2\n";
        let field = "spec.containers[0].env[0].value";
        let lines = excerpt(pod, 0, &[field, "spec.containers[0].name"], 9);
        assert_eq!(lines.last().unwrap(), "8           >value:< …");
        assert!(!lines.concat().contains("hunter2"), "{lines:?}");
    }

    #[test]
    fn a_long_line_is_cut_and_what_is_not_seen_is_told() {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nspec: {{a: {}, \"b\u{1b}[2J\": {}}}\n",
            "ä".repeat(300),
            "x".repeat(300)
        );
        // Escape sequences are no YAML, so that the file cannot be read at all.
        assert_eq!(read_text("f.yaml", &text).objects.len(), 0);
        let text = text.replace("\u{1b}[2J", "\u{202e}##");
        let lines = excerpt(&text, 0, &["spec[\"b\\u{202e}##\"]"], 0);
        let expected = format!(
            "3 …{}, >\"b\u{fffd}# #\": {}<…",
            "ä".repeat(49),
            "x".repeat(141)
        );
        assert_eq!(lines, [expected]);
    }
}
