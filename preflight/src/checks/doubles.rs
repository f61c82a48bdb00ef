//! Two manifests of one object: both are judged, but only the later one is there for look-ups.

use std::collections::BTreeMap;

use super::Identity;
use crate::{
    manifests::{Note, Object},
    report::Subject,
};

/// A note for each manifest of an object that an earlier one has already written.
pub(crate) fn notes(objects: &[Object], identities: &[Identity]) -> Vec<Note> {
    let mut seen: BTreeMap<&Identity, &Object> = BTreeMap::new();
    let mut notes = Vec::new();
    for (object, identity) in objects.iter().zip(identities) {
        let Some(first) = seen.get(identity) else {
            seen.insert(identity, object);
            continue;
        };
        let subject = Subject::of(object);
        let first = first.place();
        notes.push(Note {
            place: object.place(),
            text: format!("{subject} is also in {first}; look-ups find the later one"),
        });
    }
    notes
}
