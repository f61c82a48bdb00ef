//! What shows only across manifests: each object may pass its own review, and they still cannot live in one cluster.
//!
//! A check of this kind belongs to a policy and runs when that one does. It is no part of the wasm, because a review
//! holds one object; its findings are told in the name of preflight.

use std::collections::BTreeMap;

use crate::{manifests::Object, report::Finding};
use cluster::kinds::Kinds;

pub(crate) mod doubles;
mod shared_node_port;

/// Who finds what no policy can.
pub(crate) const FINDER: &str = "preflight";

/// The status of a refusal by the API server itself: `Invalid`.
const INVALID: u16 = 422;

/// A check over all manifests.
struct Check {
    /// It refuses where the policy of this name may.
    policy: &'static str,
    find: fn(&[Object], &[Identity]) -> Vec<Refusal>,
}

const CHECKS: &[Check] = &[Check {
    policy: "nodeport-range",
    find: shared_node_port::find,
}];

/// What a check finds.
struct Refusal {
    /// The position of the object.
    object: usize,
    field: String,
    problem: String,
    fix: String,
    rule: &'static str,
}

/// What makes two manifests the same object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    /// Group, kind, namespace (empty for kinds without one) and name.
    Named([String; 4]),
    /// A name that is yet to be generated is unlike every other; this is the position of the manifest.
    Nameless(usize),
}

/// The identities of manifests as they are written, before names are made up for them.
pub(crate) fn identities(objects: &[Object], kinds: &Kinds, namespace: &str) -> Vec<Identity> {
    let identity = |(position, object): (usize, &Object)| {
        let Some(name) = object.name().filter(|name| !name.is_empty()) else {
            return Identity::Nameless(position);
        };
        let (group, kind) = (object.group(), object.kind());
        let home = if kinds.namespaced(group, kind) {
            let written = object.namespace().filter(|home| !home.is_empty());
            written.unwrap_or(namespace)
        } else {
            ""
        };
        Identity::Named([group, kind, home, name].map(ToOwned::to_owned))
    };
    objects.iter().enumerate().map(identity).collect()
}

/// The findings of the checks, by the position of the object. `is_enforced` says whether the policy of a check is
/// asked about the object at a position, and may refuse it.
pub(crate) fn refusals(
    objects: &[Object],
    identities: &[Identity],
    is_enforced: impl Fn(&str, usize) -> bool,
) -> BTreeMap<usize, Vec<Finding>> {
    let mut found: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
    for check in CHECKS {
        for refusal in (check.find)(objects, identities) {
            let Some(object) = objects.get(refusal.object) else {
                continue;
            };
            if !is_enforced(check.policy, refusal.object) {
                continue;
            }
            found.entry(refusal.object).or_default().push(Finding {
                field: Some(refusal.field.clone()),
                place: object.place_of(&refusal.field),
                fix: Some(refusal.fix),
                rule: Some(refusal.rule.to_owned()),
                code: Some(INVALID),
                ..Finding::whole(FINDER, object, &refusal.problem)
            });
        }
    }
    found
}
