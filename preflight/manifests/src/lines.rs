//! The lines of all fields of a document: a tree in the shape of its value.
//!
//! There is one for each object, so it is kept small: of a key only its hash is there.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    mem,
};

use super::path::Step;

/// The lines below one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lines {
    /// A scalar has nothing below.
    #[default]
    Leaf,
    /// The line where each item starts, and what is below.
    Items(Box<[(usize, Lines)]>),
    /// Each key with its line, and what is below, in the order of the keys' hashes.
    Fields(Box<[Field]>),
}

/// The line of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    key: Key,
    line: usize,
    below: Lines,
}

/// What a key is known by. Two of one mapping have the same hash once in the age of the universe, and then one has the
/// line of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64);

impl Key {
    fn of(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Field {
    pub(super) fn new(name: &str, line: usize, below: Lines) -> Self {
        Self {
            key: Key::of(name),
            line,
            below,
        }
    }
}

impl Lines {
    pub(super) fn of_fields(mut fields: Vec<Field>) -> Self {
        fields.sort_unstable_by_key(|field| field.key);
        Self::Fields(fields.into())
    }

    /// The line of a path, or of the longest part of it that is there. `None` when not even the first step is.
    pub(super) fn closest(&self, path: &[Step]) -> Option<usize> {
        let (step, rest) = path.split_first()?;
        let (line, below) = match (self, step) {
            (Self::Items(items), Step::Index(index)) => {
                let (line, below) = items.get(*index)?;
                (*line, below)
            }
            (Self::Fields(_), Step::Key(name)) => {
                let field = self.field(name)?;
                (field.line, &field.below)
            }
            _ => return None,
        };
        Some(below.closest(rest).unwrap_or(line))
    }

    /// The line of a key.
    pub(super) fn line(&self, name: &str) -> Option<usize> {
        self.field(name).map(|field| field.line)
    }

    /// Takes what is below a key, with the line of the key.
    pub(super) fn take(&mut self, name: &str) -> Option<(usize, Self)> {
        let Self::Fields(fields) = self else {
            return None;
        };
        let field = fields.get_mut(position(fields, name)?)?;
        Some((field.line, mem::take(&mut field.below)))
    }

    fn field(&self, name: &str) -> Option<&Field> {
        let Self::Fields(fields) = self else {
            return None;
        };
        fields.get(position(fields, name)?)
    }
}

fn position(fields: &[Field], name: &str) -> Option<usize> {
    let key = Key::of(name);
    let found = fields.binary_search_by_key(&key, |field| field.key);
    found.ok()
}
