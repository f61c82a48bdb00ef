//! Two manifests of one object: both are judged, and look-ups find one of them.

use std::collections::BTreeMap;

use super::Identity;
use crate::{
    manifests::{Note, Object},
    report::Subject,
};
use cluster::environments;

/// A note for each manifest of an object that an earlier one has already written. Those of other environments are for
/// other clusters.
pub(crate) fn notes(objects: &[Object], identities: &[Identity]) -> Vec<Note> {
    let mut seen: BTreeMap<&Identity, Vec<&Object>> = BTreeMap::new();
    let mut notes = Vec::new();
    for (object, identity) in objects.iter().zip(identities) {
        let seen = seen.entry(identity).or_default();
        let mut earlier = seen.iter();
        let first = earlier.find(|first| environments::may_be_one(&first.file, &object.file));
        let Some(first) = first else {
            seen.push(object);
            continue;
        };
        let which = if first.file == object.file {
            "later one"
        } else {
            "nearer one"
        };
        notes.push(Note {
            place: object.place(),
            text: format!(
                "{} is also in {}; look-ups find the {which}",
                Subject::of(object),
                first.place()
            ),
        });
    }
    notes
}
