//! The lines of all fields of a document: a tree in the shape of its value.

use std::collections::BTreeMap;

use super::path::Step;

/// The lines below one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lines {
    /// A scalar has nothing below.
    #[default]
    Leaf,
    /// The line where each item starts, and what is below.
    Items(Vec<(usize, Lines)>),
    /// The line of each key, and what is below.
    Fields(BTreeMap<String, (usize, Lines)>),
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

    /// The line of a key.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        match self {
            Self::Fields(fields) => fields.get(key).map(|(line, _)| *line),
            _ => None,
        }
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
