//! Changes one field of a text, and nothing else of it: no comment, no order and no spelling.
//!
//! What is to be written is found by the bytes at which libyaml finds a value, so the text is never written anew.

use std::{collections::BTreeMap, ops::Range};

use tree::Value;

use super::{
    document::split,
    events::{Event, Events, What},
    path::{self, Step},
    scalar::{self, Meaning},
    yaml::MAX_DEPTH,
};

/// An object in a text.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The line where it starts.
    pub line: usize,
    /// Its kind, for where one line has several objects.
    pub kind: &'a str,
    /// Its name, for the same.
    pub name: &'a str,
}

/// What is to be written in place of some bytes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes. Where there are none, something is put in between.
    pub bytes: Range<usize>,
    /// What is written there.
    pub text: String,
}

/// The text with all of these changes; `None` where two of them are about the same bytes.
#[must_use]
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.bytes.start, edit.bytes.end));
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for Edit { bytes, text: new } in edits {
        changed.push_str(text.get(done..bytes.start)?);
        changed.push_str(new);
        done = bytes.end;
    }
    changed.push_str(text.get(done..)?);
    Some(changed)
}

/// A text, and where in it the values of its objects are.
#[derive(Debug)]
pub struct Editor<'a> {
    text: &'a str,
    /// The bytes of the line feeds.
    breaks: Vec<usize>,
    /// By the lines where they start.
    objects: BTreeMap<usize, Vec<Node>>,
}

impl<'a> Editor<'a> {
    /// Reads a text. What cannot be read has no objects.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let mut editor = Self {
            text,
            breaks: text.match_indices('\n').map(|(byte, _)| byte).collect(),
            objects: BTreeMap::new(),
        };
        for document in split(text) {
            let content = document.content();
            let mut reader = Reader {
                events: Events::of(content.text),
                start: content.start,
            };
            if let Some(root) = reader.document() {
                editor.add(root);
            }
        }
        editor
    }

    /// Adds an object, or the items of a list.
    fn add(&mut self, node: Node) {
        let is_list = matches!(
            node.field("items"),
            Some(Node {
                content: Content::Sequence(_),
                ..
            })
        );
        if !is_list {
            let line = self.line(node.bytes.start);
            self.objects.entry(line).or_default().push(node);
            return;
        }
        let Content::Mapping { fields, .. } = node.content else {
            return;
        };
        for field in fields {
            if let Content::Sequence(items) = field.value.content
                && field.name.as_deref() == Some("items")
            {
                for item in items {
                    self.add(item);
                }
            }
        }
    }

    /// A scalar in the place of another one, or a field that was not there. `None` where a text edit cannot do it: the
    /// field is not where it seems to be, because of an alias, or what it is in is written in an unusual way.
    #[must_use]
    pub fn set(&self, at: At<'_>, field: &str, value: &Value) -> Option<Edit> {
        let object = self.find(at)?;
        let steps = path::parse(field);
        if let Some(node) = object.at(&steps) {
            return self.replace(node, value);
        }
        let (Step::Key(key), above) = steps.split_last()? else {
            return None;
        };
        self.insert(object.at(above)?, key, value)
    }

    /// The scalar at a field of an object, without its quotes and escapes.
    #[must_use]
    pub fn scalar_at(&self, at: At<'_>, field: &str) -> Option<&str> {
        match &self.find(at)?.at(&path::parse(field))?.content {
            Content::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The line and the column of a byte, both from 1 on.
    #[must_use]
    pub fn line_and_column(&self, byte: usize) -> (usize, usize) {
        (self.line(byte), self.before(byte).chars().count() + 1)
    }

    fn find(&self, at: At<'_>) -> Option<&Node> {
        match self.objects.get(&at.line)?.as_slice() {
            [object] => Some(object),
            several => {
                let mut called = several.iter().filter(|object| object.is_called(at));
                // Two that nothing tells apart are not changed.
                let object = called.next()?;
                called.next().is_none().then_some(object)
            }
        }
    }

    fn line(&self, byte: usize) -> usize {
        self.breaks.partition_point(|line_feed| *line_feed < byte) + 1
    }

    /// What stands before a byte in its line.
    fn before(&self, byte: usize) -> &'a str {
        let above = self.breaks.get(self.line(byte).wrapping_sub(2));
        let start = above.map_or(0, |line_feed| line_feed + 1);
        self.text.get(start..byte).unwrap_or_default()
    }

    /// How the line of a byte ends, or would end.
    fn line_end(&self, byte: usize) -> &'static str {
        let line_feed = self.breaks.get(self.line(byte) - 1).or(self.breaks.last());
        let before = line_feed.and_then(|line_feed| self.text.get(..*line_feed));
        if before.is_some_and(|before| before.ends_with('\r')) {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// Writes a scalar in place of another.
    fn replace(&self, node: &Node, value: &Value) -> Option<Edit> {
        if !matches!(node.content, Content::Scalar(_)) {
            return None;
        }
        // A block ends with the line breaks behind it.
        let written = self.text.get(node.bytes.clone())?.trim_end();
        let start = node.bytes.start;
        let quote = written.chars().next();
        let quote = quote.filter(|quote| matches!(quote, '"' | '\''));
        let new = scalar(value, quote)?;
        // What is not there stands right behind its colon.
        let space = if written.is_empty() { " " } else { "" };
        Some(Edit {
            bytes: start..start + written.len(),
            text: format!("{space}{new}"),
        })
    }

    /// Adds a field to a mapping, in the way in which its others are written.
    fn insert(&self, node: &Node, key: &str, value: &Value) -> Option<Edit> {
        let Content::Mapping { fields, bracket } = &node.content else {
            return None;
        };
        let is_plain = key.chars().all(|it| it.is_ascii_alphanumeric());
        if !is_plain || scalar::resolve(key) != Meaning::Text {
            return None;
        }
        match bracket {
            Some(bracket) => self.insert_in_brackets(fields, *bracket, key, value),
            None => self.insert_line(fields, key, value),
        }
    }

    /// `{a: 1}` becomes `{a: 1, key: value}`.
    fn insert_in_brackets(
        &self,
        fields: &[Field],
        bracket: usize,
        key: &str,
        value: &Value,
    ) -> Option<Edit> {
        let Some(last) = fields.last() else {
            return Some(Edit {
                bytes: bracket..bracket,
                text: format!("{key}: {}", scalar(value, None)?),
            });
        };
        let is_json = self.text.get(last.key.clone())?.starts_with('"');
        let entry = if is_json {
            format!("\"{key}\": {}", scalar(value, Some('"'))?)
        } else {
            format!("{key}: {}", scalar(value, None)?)
        };
        let end = last.value.bytes.end;
        let before = self.before(last.key.start);
        let separator = if before.trim().is_empty() && self.line(end) < self.line(bracket) {
            format!(",{}{before}", self.line_end(end))
        } else {
            ", ".to_owned()
        };
        // A comma may stand there already, and a comment behind it.
        let is_free = self.text.get(end..bracket)?.trim().is_empty();
        is_free.then(|| Edit {
            bytes: end..end,
            text: format!("{separator}{entry}"),
        })
    }

    /// A line below the last field whose value ends in its own line, or above the first field.
    fn insert_line(&self, fields: &[Field], key: &str, value: &Value) -> Option<Edit> {
        let first = fields.first()?;
        let before = self.before(first.key.start);
        // A dash of the list that it is in.
        if !before.chars().all(|it| matches!(it, ' ' | '-')) {
            return None;
        }
        let indent = " ".repeat(before.len());
        let entry = format!("{key}: {}", scalar(value, None)?);
        let ends_in_its_line = |field: &&Field| {
            let bytes = &field.value.bytes;
            let written = self.text.get(bytes.clone()).unwrap_or_default();
            matches!(field.value.content, Content::Scalar(_))
                && !written.contains('\n')
                && !written.starts_with(['|', '>'])
                && self.line(field.key.start) == self.line(bytes.end)
        };
        if let Some(field) = fields.iter().rev().find(ends_in_its_line) {
            let end = field.value.bytes.end;
            let rest = self.text.get(end..)?.split('\n').next().unwrap_or_default();
            let end_of_line = end + rest.trim_end_matches('\r').len();
            return Some(Edit {
                bytes: end_of_line..end_of_line,
                text: format!("{}{indent}{entry}", self.line_end(end)),
            });
        }
        let start = first.key.start;
        Some(Edit {
            bytes: start..start,
            text: format!("{entry}{}{indent}", self.line_end(start)),
        })
    }
}

/// A value, and the bytes that it takes.
#[derive(Debug)]
struct Node {
    bytes: Range<usize>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// The text without quotes and escapes.
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping {
        fields: Vec<Field>,
        /// The closing bracket, where there is one.
        bracket: Option<usize>,
    },
    Alias,
}

#[derive(Debug)]
struct Field {
    /// `None` for a key that is no scalar.
    name: Option<String>,
    key: Range<usize>,
    value: Node,
}

struct Reader<'a> {
    events: Events<'a>,
    /// The byte of the whole text where the document starts.
    start: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Event> {
        let event = self.events.next().ok()?;
        Some(Event {
            start: event.start + self.start,
            end: event.end + self.start,
            ..event
        })
    }

    fn document(&mut self) -> Option<Node> {
        loop {
            let event = self.next()?;
            match event.what {
                What::DocumentStart => {}
                What::StreamEnd => return None,
                _ => return self.node(event, 1),
            }
        }
    }

    fn node(&mut self, event: Event, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = event.start;
        let mut end = event.end;
        let content = match event.what {
            What::Alias(_) => Content::Alias,
            What::Scalar(_, scalar) => Content::Scalar(scalar.text),
            What::SequenceStart(_) => {
                let mut items = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.what == What::SequenceEnd {
                        end = event.end;
                        break Content::Sequence(items);
                    }
                    items.push(self.node(event, depth + 1)?);
                }
            }
            What::MappingStart(_) => {
                let mut fields = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.what == What::MappingEnd {
                        end = event.end;
                        let bracket = (event.end > event.start).then_some(event.start);
                        break Content::Mapping { fields, bracket };
                    }
                    let key = self.node(event, depth + 1)?;
                    let event = self.next()?;
                    let value = self.node(event, depth + 1)?;
                    fields.push(Field {
                        name: match key.content {
                            Content::Scalar(name) => Some(name),
                            _ => None,
                        },
                        key: key.bytes,
                        value,
                    });
                }
            }
            _ => return None,
        };
        Some(Node {
            bytes: start..end,
            content,
        })
    }
}

impl Node {
    fn field(&self, key: &str) -> Option<&Self> {
        let Content::Mapping { fields, .. } = &self.content else {
            return None;
        };
        let mut fields = fields.iter();
        let field = fields.find(|field| field.name.as_deref() == Some(key))?;
        Some(&field.value)
    }

    fn at(&self, steps: &[Step]) -> Option<&Self> {
        steps.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.field(key),
            Step::Index(index) => match &node.content {
                Content::Sequence(items) => items.get(*index),
                _ => None,
            },
        })
    }

    fn is_called(&self, at: At<'_>) -> bool {
        let text = |node: Option<&Self>| match node.map(|node| &node.content) {
            Some(Content::Scalar(text)) => text.clone(),
            _ => String::new(),
        };
        let name = self
            .field("metadata")
            .and_then(|metadata| metadata.field("name"));
        text(self.field("kind")) == at.kind && text(name) == at.name
    }
}

/// A scalar as YAML and, with double quotes, as JSON. `None` for what is no scalar.
fn scalar(value: &Value, quote: Option<char>) -> Option<String> {
    let Value::String(text) = value else {
        let is_scalar = value.is_boolean() || value.is_number();
        return is_scalar.then(|| value.to_string());
    };
    let is_plain =
        |it: char| it.is_ascii_alphanumeric() || matches!(it, '/' | '.' | '_' | '-' | '+' | '=');
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && text.chars().all(is_plain);
    Some(match quote {
        Some('\'') if is_plain => format!("'{text}'"),
        None if is_plain && scalar::resolve(text) == Meaning::Text => text.to_string(),
        _ => value.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;
    use crate::read_text;

    const HEAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";

    /// The text with a field of its only object set. All else means what it meant before.
    fn set(text: &str, field: &str, value: &Value) -> Option<String> {
        let before = read_text("f.yaml", text);
        let [object] = before.objects.as_slice() else {
            panic!("{before:?}")
        };
        let at = At {
            line: object.line,
            kind: object.kind(),
            name: object.name().unwrap(),
        };
        let edit = Editor::of(text).set(at, field, value)?;
        let changed = apply(text, &[edit]).unwrap();
        let after = read_text("f.yaml", &changed);
        assert_eq!(after.problems, [], "{changed}");
        let expected = object.with(field, value).unwrap();
        assert_eq!(*after.objects[0].value, expected, "{changed}");
        Some(changed)
    }

    #[test]
    fn a_scalar_is_replaced_where_it_stands() {
        for (before, value, after) in [
            ("false  # why", json!(true), "true  # why"),
            ("", json!(true), " true"),
            ("'x'", json!("apps/v1"), "'apps/v1'"),
            ("\"x\"", json!("apps/v1"), "\"apps/v1\""),
            ("x", json!("1234"), "\"1234\""),
            ("x", json!("aGk="), "aGk="),
            ("'it''s'", json!("a'b"), "\"a'b\""),
            ("!!str 1", json!("b"), "b"),
            (">-\n  long\n  text", json!("short"), "short"),
            ("30000", json!(31000), "31000"),
        ] {
            let text = |it: &str| format!("# top\n---\n{HEAD}x: {it}\ny: 1  # end\n");
            let expected = text(after).replace("x:  true", "x: true");
            let before = text(before).replace("x: \n", "x:\n");
            assert_eq!(set(&before, "x", &value).unwrap(), expected, "{before}");
        }
    }

    #[test]
    fn a_field_is_added_in_the_way_of_its_neighbours() {
        let mount = |it: &str| format!("{HEAD}m:\n{it}");
        for (before, after) in [
            (
                "- name: a\n  path: /x  # here\n",
                "- name: a\n  path: /x  # here\n  readOnly: true\n",
            ),
            ("- name: a", "- name: a\n  readOnly: true"),
            (
                "- name: a\r\n  b: {}\r\n",
                "- name: a\r\n  readOnly: true\r\n  b: {}\r\n",
            ),
            (
                "- {name: a, path: /x}\n",
                "- {name: a, path: /x, readOnly: true}\n",
            ),
            ("- {}\n", "- {readOnly: true}\n"),
            (
                "-   name: |\n      a\n",
                "-   readOnly: true\n    name: |\n      a\n",
            ),
            (
                "- # first\n  name: a\n",
                "- # first\n  name: a\n  readOnly: true\n",
            ),
            (
                "- {\n    \"name\": \"a\"\n  }\n",
                "- {\n    \"name\": \"a\",\n    \"readOnly\": true\n  }\n",
            ),
        ] {
            let changed = set(&mount(before), "m[0].readOnly", &json!(true));
            assert_eq!(changed.as_deref(), Some(mount(after).as_str()), "{before}");
        }
    }

    #[test]
    fn json_stays_json() {
        let text = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\"m\":[{\"name\":\"x\"}]}";
        let changed = set(text, "m[0].readOnly", &json!(true)).unwrap();
        assert_eq!(changed, text.replace("\"x\"", "\"x\", \"readOnly\": true"));
        let changed = set(&changed, "m[0].name", &json!("yes")).unwrap();
        assert!(changed.contains("[{\"name\":\"yes\","), "{changed}");
    }

    #[test]
    fn documents_begin_and_end_in_any_way() {
        for (above, below) in [
            ("", "---"),
            ("\u{feff}", "\n--- # no more"),
            ("a: 1\n---\r\n", "\r\n---"),
            ("a: 1\n---\n\u{feff}", "\n---\n\u{feff}"),
        ] {
            let text = |it: &str| format!("{above}{HEAD}x: {it}\n{below}");
            let edit = Editor::of(&text("1")).set(
                At {
                    line: above.matches('\n').count() + 1,
                    kind: "Pod",
                    name: "a",
                },
                "x",
                &json!(2),
            );
            let changed = apply(&text("1"), &[edit.unwrap()]);
            assert_eq!(changed, Some(text("2")), "{above:?} {below:?}");
        }
    }

    #[test]
    fn what_is_shared_or_not_there_is_left_alone() {
        for (text, field) in [
            ("a: &a {x: 1}\nb: *a\n", "b.x"),
            ("a: [1]\n", "a[3]"),
            ("a: [1]\n", "a.x"),
            ("a: {x: 1,}\n", "a.y"),
            ("a: {x: 1}\n", "b.y"),
            ("a: [1]\n", "a"),
        ] {
            let text = format!("{HEAD}{text}");
            let edit = Editor::of(&text).set(
                At {
                    line: 1,
                    kind: "Pod",
                    name: "a",
                },
                field,
                &json!(2),
            );
            assert_eq!(edit, None, "{text}{field}");
        }
    }

    #[test]
    fn the_object_is_found_by_its_line_and_then_by_its_name() {
        let item =
            |name: &str| format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, x: 1}}");
        let text = format!(
            "kind: List\napiVersion: v1\nitems:\n- {a}\n- apiVersion: v1\n  kind: Pod\n  metadata: {{name: b}}\n  x: 1\n\
             ---\n{{kind: List, apiVersion: v1, items: [{a}, {b}]}}\n",
            a = item("a"),
            b = item("b"),
        );
        for (line, name, expected) in [
            (4, "a", 4),
            (5, "b", 8),
            (10, "a", 10),
            (10, "b", 10),
            (10, "c", 0),
            (99, "a", 0),
        ] {
            let at = At {
                line,
                kind: "Pod",
                name,
            };
            let editor = Editor::of(&text);
            let edit = editor.set(at, "x", &json!(2));
            let found = edit
                .as_ref()
                .map_or(0, |edit| editor.line(edit.bytes.start));
            assert_eq!(found, expected, "{line} {name}");
            if let Some(edit) = edit {
                let named = text
                    .get(..edit.bytes.start)
                    .unwrap()
                    .rsplit("name: ")
                    .next()
                    .unwrap();
                assert!(named.starts_with(name), "{named}");
            }
        }
    }

    #[test]
    fn changes_of_the_same_bytes_are_refused() {
        let edit = |start, end, text: &str| Edit {
            bytes: start..end,
            text: text.to_owned(),
        };
        assert_eq!(
            apply("abc", &[edit(1, 2, "x"), edit(0, 1, "y")]).as_deref(),
            Some("yxc")
        );
        assert_eq!(apply("abc", &[edit(0, 2, "x"), edit(1, 3, "y")]), None);
    }
}
