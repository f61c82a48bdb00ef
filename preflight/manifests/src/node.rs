//! A value and where its fields are, however it was written.

use std::collections::{BTreeMap, btree_map::Entry};

use tree::{Name, Value};

use super::lines::{Lines, Mark, Marks};

/// A value with the lines of its fields, or with none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Node<M = Lines> {
    pub(super) value: Value,
    pub(super) lines: M,
}

impl<M: Default> From<Value> for Node<M> {
    fn from(value: Value) -> Self {
        Self {
            value,
            lines: M::default(),
        }
    }
}

/// A sequence, and where each of its items is.
#[derive(Debug, Default)]
pub(super) struct Items<M: Marks> {
    values: Vec<Value>,
    lines: M::OfItems,
}

impl<M: Marks> Items<M> {
    pub(super) fn push(&mut self, mark: Mark, Node { value, lines }: Node<M>) {
        self.values.push(value);
        M::push(&mut self.lines, mark, lines);
    }

    pub(super) fn into_node(self) -> Node<M> {
        Node {
            value: self.values.into(),
            lines: M::of_items(self.lines),
        }
    }
}

/// A mapping, and where each of its fields is.
#[derive(Debug, Default)]
pub(super) struct Fields<M: Marks> {
    values: BTreeMap<Name, Value>,
    lines: M::OfFields,
}

impl<M: Marks> Fields<M> {
    /// Sets a field, also where it is there already.
    pub(super) fn insert(
        &mut self,
        key: impl Into<Name>,
        mark: Mark,
        Node { value, lines }: Node<M>,
    ) {
        let entry = self.values.entry(key.into());
        if let Entry::Occupied(known) = &entry {
            M::remove(&mut self.lines, known.key());
        }
        M::add(&mut self.lines, entry.key(), mark, lines);
        *entry.or_insert(Value::Null) = value;
    }

    /// The value of a field.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// The line of a field that is there.
    pub(super) fn line(&self, key: &str) -> usize {
        M::line(&self.lines, key)
    }

    pub(super) fn into_node(self) -> Node<M> {
        Node {
            value: self.values.into(),
            lines: M::of_fields(self.lines),
        }
    }
}
