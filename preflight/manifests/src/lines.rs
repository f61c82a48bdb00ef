//! Where all fields of a document are: a tree in the shape of its value.

use std::collections::BTreeMap;

use super::path::Step;

/// Where something is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// The line of the file.
    pub line: usize,
    /// The byte of the document's text where it starts: for a field of YAML that of its key.
    pub start: usize,
    /// The byte behind the last thing that is written of it.
    pub end: usize,
}

/// The lines below one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lines {
    /// A scalar has nothing below.
    #[default]
    Leaf,
    /// Where each item is, and what is below.
    Items(Vec<(Mark, Lines)>),
    /// Where each field is, and what is below.
    Fields(BTreeMap<String, (Mark, Lines)>),
}

impl Lines {
    /// Where a path is, or the longest part of it that is there. `None` when not even the first step is.
    pub(super) fn closest(&self, path: &[Step]) -> Option<Mark> {
        let (step, rest) = path.split_first()?;
        let (mark, below) = match (self, step) {
            (Self::Items(items), Step::Index(index)) => items.get(*index)?,
            (Self::Fields(fields), Step::Key(key)) => fields.get(key)?,
            _ => return None,
        };
        Some(below.closest(rest).unwrap_or(*mark))
    }

    /// The line of a key.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        match self {
            Self::Fields(fields) => fields.get(key).map(|(mark, _)| mark.line),
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
