//! Where all fields of a document are: a tree in the shape of its value.
//!
//! There is one for each object, so it is kept small: of a key only its hash is there.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    iter, mem,
};

use tree::Value;

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
    Items(Box<[(Mark, Lines)]>),
    /// Each key with where it is, and what is below, in the order of the keys' hashes.
    Fields(Box<[Field]>),
}

/// Where a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    key: Key,
    mark: Mark,
    below: Lines,
}

/// What a key is known by. Two of one mapping hardly ever have the same hash. Where they do, one gets the line of the other:
/// nothing else depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64);

impl Key {
    fn of(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// What is kept of the marks while a text is read: [`Lines`], or `()` where nothing will ask for them.
pub(super) trait Marks: Clone + Default {
    /// Those of the items that were read so far.
    type OfItems: Default;
    /// Those of the fields that were read so far.
    type OfFields: Default;

    /// Whether lines are asked for.
    const ARE_KEPT: bool;

    fn push(items: &mut Self::OfItems, mark: Mark, below: Self);
    fn of_items(items: Self::OfItems) -> Self;
    /// What is below each of so many items.
    fn into_items(self, count: usize) -> Vec<Self>;

    fn add(fields: &mut Self::OfFields, name: &str, mark: Mark, below: Self);
    fn remove(fields: &mut Self::OfFields, name: &str);
    fn line(fields: &Self::OfFields, name: &str) -> usize;
    fn of_fields(fields: Self::OfFields) -> Self;
    /// Takes what is below a field, with where that is.
    fn take(&mut self, name: &str) -> (Mark, Self);
}

impl Marks for Lines {
    type OfItems = Vec<(Mark, Self)>;
    type OfFields = Vec<Field>;

    const ARE_KEPT: bool = true;

    fn push(items: &mut Self::OfItems, mark: Mark, below: Self) {
        items.push((mark, below));
    }

    fn of_items(items: Self::OfItems) -> Self {
        Self::Items(items.into())
    }

    fn into_items(self, count: usize) -> Vec<Self> {
        let items = match self {
            Self::Items(items) => items.into_iter().map(|(_, below)| below).collect(),
            _ => Vec::new(),
        };
        let unknown = iter::repeat(Self::Leaf);
        items.into_iter().chain(unknown).take(count).collect()
    }

    fn add(fields: &mut Self::OfFields, name: &str, mark: Mark, below: Self) {
        fields.push(Field::new(name, mark, below));
    }

    fn remove(fields: &mut Self::OfFields, name: &str) {
        let key = Key::of(name);
        fields.retain(|field| field.key != key);
    }

    fn line(fields: &Self::OfFields, name: &str) -> usize {
        let key = Key::of(name);
        let field = fields.iter().find(|field| field.key == key);
        field.map_or(0, |field| field.mark.line)
    }

    fn of_fields(fields: Self::OfFields) -> Self {
        Self::of_fields(fields)
    }

    fn take(&mut self, name: &str) -> (Mark, Self) {
        self.take(name).unwrap_or_default()
    }
}

impl Marks for () {
    type OfItems = ();
    type OfFields = ();

    const ARE_KEPT: bool = false;

    fn push((): &mut (), _: Mark, (): Self) {}
    fn of_items((): ()) -> Self {}
    fn into_items(self, count: usize) -> Vec<Self> {
        vec![(); count]
    }

    fn add((): &mut (), _: &str, _: Mark, (): Self) {}
    fn remove((): &mut (), _: &str) {}
    fn line((): &(), _: &str) -> usize {
        0
    }
    fn of_fields((): ()) -> Self {}
    fn take(&mut self, _: &str) -> (Mark, Self) {
        (Mark::default(), ())
    }
}

impl Field {
    pub(super) fn new(name: &str, mark: Mark, below: Lines) -> Self {
        Self {
            key: Key::of(name),
            mark,
            below,
        }
    }
}

impl Lines {
    pub(super) fn of_fields(mut fields: Vec<Field>) -> Self {
        fields.sort_unstable_by_key(|field| field.key);
        Self::Fields(fields.into())
    }

    /// Where a path is, or the longest part of it that is there. `None` when not even the first step is.
    pub(super) fn closest(&self, path: &[Step]) -> Option<Mark> {
        let (step, rest) = path.split_first()?;
        let (mark, below) = self.below(step)?;
        Some(below.closest(rest).unwrap_or(mark))
    }

    /// Only those of scalars that are the same in two values, and of what is above them. The lines are of the first.
    pub(super) fn of_same(&self, one: &Value, other: &Value) -> Self {
        match (self, one, other) {
            (Self::Items(lines), Value::Array(one), Value::Array(other)) => {
                let items = lines.iter().zip(one.iter().zip(other));
                let items = items.map_while(|((mark, below), (one, other))| {
                    let is_same = is_alike(one, other) && one.get("name") == other.get("name");
                    is_same.then(|| (*mark, below.of_same(one, other)))
                });
                Self::Items(items.collect())
            }
            (Self::Fields(_), Value::Object(one), Value::Object(other)) => {
                let fields = one.iter().filter_map(|(name, one)| {
                    let other = other.get(name)?;
                    let field = self.field(name)?;
                    let below = field.below.of_same(one, other);
                    is_alike(one, other).then(|| Field::new(name, field.mark, below))
                });
                Self::of_fields(fields.collect())
            }
            _ => Self::Leaf,
        }
    }

    /// Where an item or a field is, and what is below.
    pub(super) fn below(&self, step: &Step) -> Option<(Mark, &Self)> {
        match (self, step) {
            (Self::Items(items), Step::Index(index)) => {
                let (mark, below) = items.get(*index)?;
                Some((*mark, below))
            }
            (Self::Fields(_), Step::Key(name)) => {
                let field = self.field(name)?;
                Some((field.mark, &field.below))
            }
            _ => None,
        }
    }

    /// The line of a key.
    pub(super) fn line(&self, name: &str) -> Option<usize> {
        self.field(name).map(|field| field.mark.line)
    }

    /// Takes what is below a key, with where that is.
    pub(super) fn take(&mut self, name: &str) -> Option<(Mark, Self)> {
        let Self::Fields(fields) = self else {
            return None;
        };
        let field = fields.get_mut(position(fields, name)?)?;
        Some((field.mark, mem::take(&mut field.below)))
    }

    fn field(&self, name: &str) -> Option<&Field> {
        let Self::Fields(fields) = self else {
            return None;
        };
        fields.get(position(fields, name)?)
    }
}

/// Whether two values are the same, or both have something below.
fn is_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => true,
        _ => one == other,
    }
}

fn position(fields: &[Field], name: &str) -> Option<usize> {
    let key = Key::of(name);
    let found = fields.binary_search_by_key(&key, |field| field.key);
    found.ok()
}
