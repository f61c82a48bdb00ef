//! What preflight finds by itself: what shows only across manifests, and what the API server refuses before any policy
//! is asked.
//!
//! A check belongs to a policy and runs when that one does. It is not part of the wasm, because a review holds one
//! object, which the API server has validated; its findings are told in the name of preflight.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{manifests::Object, report::Reported};

pub(crate) mod absent;
pub(crate) mod doubles;
mod identity;
mod invalid_service;
mod shared_node_port;
#[cfg(test)]
mod testing;

pub(crate) use identity::{Identity, identities};

/// The name that the findings are told in.
pub(crate) const FINDER: &str = "preflight";

/// The status of a refusal by the API server itself: `Invalid`.
const INVALID: u16 = 422;

/// The objects of a run.
#[derive(Clone, Copy)]
pub(crate) struct Objects<'a> {
    /// All of them: those that are checked, and then the others.
    pub(crate) all: &'a [Object],
    /// What each is.
    pub(crate) identities: &'a [Identity],
    /// How many are checked.
    pub(crate) written: usize,
    /// The positions of the objects that the checked ones replace.
    pub(crate) old: &'a BTreeMap<Identity, usize>,
    /// Whether a cluster printed the checked ones, so that it has taken them.
    pub(crate) live: bool,
}

impl<'a> Objects<'a> {
    /// Each object that is checked, with its position and the object that it replaces.
    fn written(self) -> impl Iterator<Item = (usize, &'a Object, Option<&'a Value>)> {
        let written = self.all.iter().zip(self.identities).enumerate();
        written
            .take(self.written)
            .map(move |(position, (object, identity))| {
                let old = self.old.get(identity).and_then(|old| self.all.get(*old));
                (position, object, old.map(|old| &old.value))
            })
    }
}

/// A check of all manifests.
struct Check {
    /// It refuses where the policy of this name may.
    policy: &'static str,
    find: fn(Objects<'_>) -> Vec<Refusal>,
}

const CHECKS: &[Check] = &[
    Check {
        policy: "nodeport-range",
        find: invalid_service::find,
    },
    Check {
        policy: "nodeport-range",
        find: shared_node_port::find,
    },
];

/// What a check finds.
struct Refusal {
    /// The position of the object.
    object: usize,
    field: String,
    problem: String,
    fix: String,
    rule: &'static str,
}

/// The findings of the checks, by the position of the object. `is_enforced` says whether the policy of a check is
/// asked about the object at a position, and may refuse it.
pub(crate) fn refusals(
    objects: Objects<'_>,
    is_enforced: impl Fn(&str, usize) -> bool,
) -> BTreeMap<usize, Vec<Reported>> {
    let mut found: BTreeMap<usize, Vec<Reported>> = BTreeMap::new();
    for check in CHECKS {
        for refusal in (check.find)(objects) {
            let Some(object) = objects.all.get(refusal.object) else {
                continue;
            };
            if !is_enforced(check.policy, refusal.object) {
                continue;
            }
            found.entry(refusal.object).or_default().push(Reported {
                field: Some(refusal.field.clone()),
                place: object.place_of(&refusal.field),
                fix: Some(refusal.fix),
                rule: Some(refusal.rule.to_owned()),
                code: Some(INVALID),
                ..Reported::whole(FINDER, object, &refusal.problem)
            });
        }
    }
    found
}

/// Whether the policy only warns of what a finding of preflight's says the API server refuses.
pub(crate) fn is_said(warning: &Reported, own: &[Reported]) -> bool {
    let mut refused = own
        .iter()
        .filter(|own| own.rule.as_deref() == Some(invalid_service::RULE));
    refused.any(|refused| refused.field == warning.field)
}
