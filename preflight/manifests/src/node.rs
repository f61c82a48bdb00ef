//! A value with the lines of its fields, however it was written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Lines, lines::Field};

/// A value with the lines of its fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) lines: Lines,
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self {
            value,
            lines: Lines::default(),
        }
    }
}

/// A sequence, and the line where each of its items starts.
#[derive(Debug, Default)]
pub(super) struct Items {
    values: Vec<Value>,
    lines: Vec<(usize, Lines)>,
}

impl Items {
    pub(super) fn push(&mut self, line: usize, Node { value, lines }: Node) {
        self.values.push(value);
        self.lines.push((line, lines));
    }

    pub(super) fn into_node(self) -> Node {
        Node {
            value: Value::Array(self.values),
            lines: Lines::Items(self.lines.into()),
        }
    }
}

/// A mapping, and the line of each of its keys.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, (usize, Node)>);

impl Fields {
    /// Sets a field, also where it is there already.
    pub(super) fn insert(&mut self, key: String, line: usize, node: Node) {
        self.0.insert(key, (line, node));
    }

    /// The value and the line of a field.
    pub(super) fn get(&self, key: &str) -> Option<(&Value, usize)> {
        let (line, node) = self.0.get(key)?;
        Some((&node.value, *line))
    }

    pub(super) fn into_node(self) -> Node {
        let mut lines = Vec::with_capacity(self.0.len());
        let values = self.0.into_iter().map(|(key, (line, node))| {
            lines.push(Field::new(&key, line, node.lines));
            (key, node.value)
        });
        let values: Map<String, Value> = values.collect();
        Node {
            value: Value::Object(values),
            lines: Lines::of_fields(lines),
        }
    }
}
