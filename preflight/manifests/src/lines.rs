//! The lines of all fields of a document: a tree in the shape of its value.

use std::collections::BTreeMap;

use serde_saphyr::Location;

use super::path::Step;

/// The lines below one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// A scalar has nothing below, but a place.
    Leaf(Span),
    /// The line where each item starts, and what is below.
    Items(Vec<(usize, Lines)>),
    /// The line of each key, and what is below.
    Fields(BTreeMap<String, (usize, Lines)>),
}

/// The bytes of a scalar in its document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Span {
    /// That of a node, with its quotes and without its tag.
    pub(super) fn of_node(location: &Location) -> Self {
        let span = location.span();
        let size = |bytes: Option<u64>| bytes.and_then(|bytes| usize::try_from(bytes).ok());
        Self {
            start: size(span.byte_offset()).unwrap_or_default(),
            length: size(span.byte_len()).unwrap_or_default(),
        }
    }

    /// The text that it covers.
    pub(super) fn of(self, document: &str) -> &str {
        let text = document.get(self.start..self.start.saturating_add(self.length));
        text.unwrap_or_default()
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::Leaf(Span::default())
    }
}

impl Lines {
    /// The line of a path, or of the longest part of it that is there. `None` when not even the first step is.
    pub(super) fn closest(&self, path: &[Step]) -> Option<usize> {
        let (step, rest) = path.split_first()?;
        let (line, below) = match (self, step) {
            (Self::Items(items), Step::Index(index)) => items.get(*index)?,
            (Self::Fields(fields), Step::Key(key)) => fields.get(key)?,
            _ => return None,
        };
        Some(below.closest(rest).unwrap_or(*line))
    }

    /// Takes what is below a key.
    pub(super) fn take(&mut self, key: &str) -> Self {
        match self {
            Self::Fields(fields) => fields
                .remove(key)
                .map(|(_, below)| below)
                .unwrap_or_default(),
            _ => Self::default(),
        }
    }
}
