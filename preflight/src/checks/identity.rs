//! Which manifests are of one object.

use cluster::kinds::{Kinds, is_nowhere};

use crate::manifests::Object;

/// What makes two manifests the same object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Identity {
    /// Group, kind, namespace (empty for kinds without one) and name.
    Named([String; 4]),
    /// A name that is yet to be generated, or in a namespace that is no text, is unlike every other; this is the position of
    /// the manifest.
    Nameless(usize),
}

impl Identity {
    /// That of an object with this group and kind, in this namespace, where its kind has one, and with this name.
    pub(crate) fn of(
        kinds: &Kinds,
        (group, kind): (&str, &str),
        (namespace, name): (&str, &str),
    ) -> Self {
        let home = if kinds.namespaced(group, kind) {
            namespace
        } else {
            ""
        };
        Self::Named([group, kind, home, name].map(ToOwned::to_owned))
    }
}

/// The identities of manifests as they are written, before names are made up for them.
pub(crate) fn identities(objects: &[Object], kinds: &Kinds, namespace: &str) -> Vec<Identity> {
    let identity = |(position, object): (usize, &Object)| {
        let Some(name) = object.name().filter(|name| !name.is_empty()) else {
            return Identity::Nameless(position);
        };
        if is_nowhere(&object.value) {
            return Identity::Nameless(position);
        }
        let home = object.namespace().filter(|home| !home.is_empty());
        let of_kind = (object.group(), object.kind());
        Identity::of(kinds, of_kind, (home.unwrap_or(namespace), name))
    };
    objects.iter().enumerate().map(identity).collect()
}
