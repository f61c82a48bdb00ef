//! The data of a `ConfigMap` or Secret: its keys, and whether something else fills it.

use shared::index::{Index, hash};
use shared::kubernetes::owner;
use shared::{Cursor, Field, FieldPath};

use crate::objects::State;
use crate::settings::Settings;

/// The data of an object that is there.
pub(crate) struct Data<'d> {
    /// What becomes variables, and files.
    pub(crate) text: Names<'d>,
    /// What becomes files alone.
    pub(crate) binary: Names<'d>,
    object: Cursor<'d>,
}

/// Names, to be found among very many.
#[derive(Debug, Default)]
pub(crate) struct Names<'n> {
    names: Vec<&'n str>,
    index: Index,
}

/// The fields of a map.
pub(crate) type Fields<'d> = &'d [Field<'d>];

/// The fields of a map in an object. What is no map has none: there is nothing like it in a cluster.
fn fields<'d>(object: &Cursor<'d>, path: &str) -> Fields<'d> {
    let fields = object.at(path, Cursor::fields);
    fields.ok().flatten().unwrap_or_default()
}

/// The keys of a map in an object.
pub(crate) fn keys<'d>(object: &Cursor<'d>, field: &str) -> impl Iterator<Item = &'d str> {
    fields(object, field).iter().map(|(key, _)| key.as_ref())
}

impl<'n> Names<'n> {
    pub(crate) fn of(names: Vec<&'n str>) -> Self {
        Self {
            index: Index::of(&mut names.iter().copied()),
            names,
        }
    }

    /// The places of those of this name, in their order, up to a number.
    #[inline(never)]
    pub(crate) fn places(&self, name: &str, most: usize) -> Vec<usize> {
        let mut places = Vec::new();
        for place in self.index.places(hash(0, name)) {
            if places.len() == most {
                break;
            }
            if self.names.get(place) == Some(&name) {
                places.push(place);
            }
        }
        places
    }

    /// The place of the first of this name.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places(name, 1).first().copied()
    }

    /// Whether this is one of them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    pub(crate) fn all(&self) -> &[&'n str] {
        &self.names
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl<'d> Data<'d> {
    /// The data of an object. It has some only where it was asked for.
    pub(crate) fn of(state: &'d State<'_>) -> Option<Self> {
        let State::There(json) = state else {
            return None;
        };
        let object = Cursor::new(json, FieldPath::new(""));
        Some(Self {
            text: Names::of(keys(&object, "data").collect()),
            binary: Names::of(keys(&object, "binaryData").collect()),
            object,
        })
    }

    /// Whether a file of a volume can be made of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.text.has(key) || self.binary.has(key)
    }

    /// Every key.
    pub(crate) fn keys(&self) -> Vec<&'d str> {
        [self.text.names.as_slice(), self.binary.names.as_slice()].concat()
    }

    /// The keys of what becomes variables, with their values.
    pub(crate) fn values(&self) -> Fields<'d> {
        fields(&self.object, "data")
    }

    /// Why something else may fill the object; none where nothing says so.
    pub(crate) fn filler(&self, settings: &Settings) -> Option<&'static str> {
        if self.text.is_empty() && self.binary.is_empty() {
            return Some("it has no data");
        }
        // What cannot be read says nothing.
        if let Ok(Some(_)) = owner::controller(&self.object) {
            return Some("its owner fills it");
        }
        for path in ["metadata.annotations", "metadata.labels"] {
            let mut marks = fields(&self.object, path).iter();
            if marks.any(|(mark, _)| settings.is_filled_by(mark)) {
                return Some("something fills it, as its metadata says");
            }
        }
        None
    }
}
