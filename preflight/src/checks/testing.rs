//! What the tests of the checks have in common.

use super::{Found, Manifests, Objects, identities};
use cluster::kinds::Kinds;

use crate::{keda, manifests};

/// `file:line field problem` of each refusal in a text.
pub(super) fn found(find: fn(&Manifests<'_>) -> Vec<Found>, text: &str) -> Vec<String> {
    found_beside(find, text, "")
}

/// The same where the objects in `old` are there already.
pub(super) fn found_beside(
    find: fn(&Manifests<'_>) -> Vec<Found>,
    text: &str,
    old: &str,
) -> Vec<String> {
    let read = |text: &str| {
        let manifests = manifests::read_text("f.yaml", text);
        assert_eq!(manifests.problems, []);
        manifests.objects
    };
    let mut all = read(text);
    let written = all.len();
    if !old.is_empty() {
        all.extend(read(old));
    }
    let kinds = Kinds::of(all.iter().map(|object| &*object.value));
    let identities = identities(&all, &kinds, "default");
    let old_of = |identity| {
        let mut old = identities.iter().skip(written);
        let position = old.position(|old| old == identity)?;
        Some(written + position)
    };
    let old: Vec<Option<usize>> = identities.iter().take(written).map(old_of).collect();
    let derived = all.iter().enumerate();
    let derived: Vec<_> = derived
        .filter_map(|(position, object)| keda::derive(&object.value, position))
        .collect();
    let objects = Objects {
        all: &all,
        identities: &identities,
        written,
        old: &old,
        derived: &derived.iter().collect::<Vec<_>>(),
        live: false,
    };
    let refusals = find(&Manifests::of(objects)).into_iter();
    let line = |it: Found| {
        let place = all[it.object].place_of(&it.field);
        format!("{place} {} {}", it.field, it.problem)
    };
    refusals.map(line).collect()
}
