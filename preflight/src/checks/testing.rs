//! What the tests of the checks have in common.

use super::{Found, Manifests, Objects, identities};
use cluster::{DEFAULT_NAMESPACE, MemoryCluster, Origin, Rank, kinds::Kinds};

use crate::{derived, keda, manifests};

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
    let of_keda = all.iter().enumerate();
    let of_keda: Vec<_> = of_keda
        .filter_map(|(position, object)| keda::derive(&object.value, position))
        .collect();
    let made = derived::derive(all.iter(), &[], DEFAULT_NAMESPACE);
    let made_values = made
        .iter()
        .map(|made| (Rank::Derived, made.value.clone().into()));
    let values = all
        .iter()
        .map(|object| (Rank::Written, object.value.clone()));
    let values = values.chain(made_values).enumerate();
    let cluster = MemoryCluster::with_origins(values.map(|(number, (rank, value))| {
        let file = None;
        (value, Origin { rank, file, number })
    }));
    let objects = Objects {
        all: &all,
        identities: &identities,
        written,
        old: &old,
        derived: &of_keda.iter().collect::<Vec<_>>(),
        made: &made,
        cluster: &cluster,
        live: false,
    };
    let refusals = find(&Manifests::of(objects)).into_iter();
    let line = |it: Found| {
        let place = all[it.object].place_of(&it.field);
        format!("{place} {} {}", it.field, it.problem)
    };
    refusals.map(line).collect()
}
