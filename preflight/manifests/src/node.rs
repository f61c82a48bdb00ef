//! A value with the lines of its fields, however it was written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Lines;

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
            lines: Lines::Items(self.lines),
        }
    }
}

/// A mapping, and the line of each of its keys.
#[derive(Debug, Default)]
pub(super) struct Fields {
    values: Map<String, Value>,
    lines: BTreeMap<String, (usize, Lines)>,
}

impl Fields {
    /// Sets a field, also where it is there already.
    pub(super) fn insert(&mut self, key: String, line: usize, Node { value, lines }: Node) {
        self.lines.insert(key.clone(), (line, lines));
        self.values.insert(key, value);
    }

    /// The value and the line of a field.
    pub(super) fn get(&self, key: &str) -> Option<(&Value, usize)> {
        let (line, _) = self.lines.get(key)?;
        Some((self.values.get(key)?, *line))
    }

    pub(super) fn into_node(self) -> Node {
        Node {
            value: Value::Object(self.values),
            lines: Lines::Fields(self.lines),
        }
    }
}
