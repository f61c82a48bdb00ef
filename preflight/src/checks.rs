//! What preflight finds by itself: what shows only across manifests, and what the API server refuses before any policy
//! is asked.
//!
//! A check belongs to a policy and runs when that one does. It is not part of the wasm, because a review holds one
//! object, which the API server has validated; its findings are told in the name of preflight.

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use rayon::prelude::*;
use tree::{Value, json};

use shared::{Level, Rule};

use crate::{
    MemoryCluster, cluster::Get, derived::DerivedObject, keda::Derived, manifests::Object,
    report::Reported,
};

pub(crate) mod absent;
mod autoscalers;
mod certificate;
pub(crate) mod doubles;
mod host_port;
mod identity;
mod inert_vertical;
mod ingress;
mod invalid_service;
mod missing_tls_secret;
mod overlapping_selectors;
mod pods;
mod shared_labels;
mod shared_node_port;
mod shared_path;
#[cfg(test)]
mod testing;
mod tls;
mod uncertified_host;
mod unreadable_trigger;
mod wrong_tls_secret_type;

use autoscalers::{Autoscaler, Workloads};
pub(crate) use identity::{Identity, identities};
pub(crate) use invalid_service::is_said;
use pods::Pods;
use shared_node_port::Claim;
use tls::Endpoint;

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
    pub(crate) old: &'a [Option<usize>],
    /// What KEDA makes of them.
    pub(crate) derived: &'a [&'a Derived],
    /// What others make of them.
    pub(crate) made: &'a [DerivedObject],
    /// All of these, as look-ups find them: by their positions, and behind these what others make.
    pub(crate) cluster: &'a MemoryCluster,
    /// Whether a cluster printed the checked ones, so that it has taken them.
    pub(crate) live: bool,
}

impl<'a> Objects<'a> {
    /// Each object that the cluster has in the end, with its position: not those that are replaced.
    fn current(self) -> Vec<(usize, &'a Object)> {
        let written: HashSet<&Identity> = self.identities.iter().take(self.written).collect();
        let all = self.all.iter().zip(self.identities).enumerate();
        let current = all.filter(|(position, (_, identity))| {
            *position < self.written || !written.contains(identity)
        });
        current
            .map(|(position, (object, _))| (position, object))
            .collect()
    }

    /// Each object that is checked, with its position and the object that it replaces.
    fn written(self) -> impl Iterator<Item = (usize, &'a Object, Option<&'a Value>)> {
        let written = self.all.iter().zip(self.old).enumerate();
        written
            .take(self.written)
            .map(move |(position, (object, old))| {
                let old = old.and_then(|old| self.all.get(old));
                (position, object, old.map(|old| &*old.value))
            })
    }
}

/// The objects of a run, and what several checks look for in them. Each is looked for once, when it is first needed.
struct Manifests<'a> {
    objects: Objects<'a>,
    current: OnceLock<Vec<(usize, &'a Object)>>,
    by_namespace: OnceLock<BTreeMap<Option<&'a str>, Vec<&'a Object>>>,
    autoscalers: OnceLock<Vec<Autoscaler<'a>>>,
    workloads: OnceLock<Workloads<'a>>,
    node_ports: OnceLock<Vec<Claim<'a>>>,
    endpoints: OnceLock<Vec<Endpoint<'a>>>,
}

impl<'a> Manifests<'a> {
    fn of(objects: Objects<'a>) -> Self {
        Self {
            objects,
            current: OnceLock::new(),
            by_namespace: OnceLock::new(),
            autoscalers: OnceLock::new(),
            workloads: OnceLock::new(),
            node_ports: OnceLock::new(),
            endpoints: OnceLock::new(),
        }
    }

    /// Each object that the cluster has in the end, with its position.
    fn current(&self) -> impl Iterator<Item = (usize, &'a Object)> {
        let current = self.current.get_or_init(|| self.objects.current());
        current.iter().copied()
    }

    /// What is in one namespace with an object. There may be very many objects, so that each is not to be held against
    /// all others.
    fn beside(&self, object: &'a Object) -> &[&'a Object] {
        let all = self.by_namespace.get_or_init(|| {
            let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for (_, object) in self.current() {
                all.entry(object.namespace()).or_default().push(object);
            }
            all
        });
        all.get(&object.namespace())
            .map_or(&[], |beside| beside.as_slice())
    }

    /// All autoscalers.
    fn autoscalers(&self) -> &[Autoscaler<'a>] {
        self.autoscalers.get_or_init(|| autoscalers::all(self))
    }

    /// What they may scale.
    fn workloads(&self) -> &Workloads<'a> {
        self.workloads.get_or_init(|| Workloads::among(self))
    }

    /// The node ports that Services ask for.
    fn node_ports(&self) -> &[Claim<'a>] {
        self.node_ports
            .get_or_init(|| shared_node_port::all(self.objects))
    }

    /// What the checked objects serve with certificates.
    fn endpoints(&self) -> &[Endpoint<'a>] {
        self.endpoints.get_or_init(|| tls::endpoints(self.objects))
    }
}

/// How many of the other objects a finding names. The rest is counted.
const NAMED: usize = 3;

/// Some names, and how many there are besides: `a, b and 2 more`.
fn listed(mut names: Vec<String>, more: usize) -> String {
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

/// A check of all manifests.
struct Check {
    /// It is told where the policy of this name is asked.
    policy: &'static str,
    rule: &'static Rule,
    find: fn(&Manifests<'_>) -> Vec<Found>,
}

const CHECKS: &[Check] = &[
    Check {
        policy: "nodeport-range",
        rule: &invalid_service::RULE,
        find: invalid_service::find,
    },
    Check {
        policy: "nodeport-range",
        rule: &shared_node_port::RULE,
        find: shared_node_port::find,
    },
    Check {
        policy: "nodeport-range",
        rule: &host_port::RULE,
        find: host_port::find,
    },
    Check {
        policy: "hpa-target-requests",
        rule: &unreadable_trigger::RULE,
        find: unreadable_trigger::find,
    },
    Check {
        policy: "hpa-target-requests",
        rule: &shared_labels::RULE,
        find: shared_labels::find,
    },
    Check {
        policy: "hpa-vpa-overlap",
        rule: &overlapping_selectors::RULE,
        find: overlapping_selectors::find,
    },
    Check {
        policy: "hpa-vpa-overlap",
        rule: &inert_vertical::RULE,
        find: inert_vertical::find,
    },
    Check {
        policy: "service-routes",
        rule: &shared_path::RULE,
        find: shared_path::find,
    },
    Check {
        policy: "service-routes",
        rule: &missing_tls_secret::RULE,
        find: missing_tls_secret::find,
    },
    Check {
        policy: "service-routes",
        rule: &wrong_tls_secret_type::RULE,
        find: wrong_tls_secret_type::find,
    },
    Check {
        policy: "service-routes",
        rule: &uncertified_host::RULE,
        find: uncertified_host::find,
    },
];

/// What is looked for, for documents.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    CHECKS.iter().map(|check| check.rule).collect()
}

/// What a check finds.
struct Found {
    /// The position of the object.
    object: usize,
    field: String,
    problem: String,
    fix: String,
    level: Level,
    /// The status where the API server refuses it.
    code: Option<u16>,
    /// The object that it is about, where that is not there.
    absent: Option<Get>,
}

/// The findings about one object.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) refusals: Vec<Reported>,
    pub(crate) warnings: Vec<Reported>,
    /// Warnings about objects that are not there.
    pub(crate) absent: Vec<(Get, Reported)>,
}

/// The findings of the checks, by the position of the object. `is_asked` says whether the policy of a check is asked
/// about the object at a position, and, where that is wanted, may refuse it.
pub(crate) fn findings(
    objects: Objects<'_>,
    is_asked: impl Fn(&str, usize, bool) -> bool,
) -> BTreeMap<usize, Own> {
    let mut own: BTreeMap<usize, Own> = BTreeMap::new();
    let manifests = Manifests::of(objects);
    let checks = CHECKS.par_iter();
    let checks = checks.map(|check| (check, (check.find)(&manifests)));
    for (check, found) in checks.collect::<Vec<_>>() {
        for found in found {
            let Some(object) = objects.all.get(found.object) else {
                continue;
            };
            let is_checked = found.object < objects.written;
            let refuses = found.level == Level::Deny;
            if !is_checked || !is_asked(check.policy, found.object, refuses) {
                continue;
            }
            let of_object = own.entry(found.object).or_default();
            let reported = Reported {
                field: Some(found.field.clone()),
                place: object.place_of(&found.field),
                fix: Some(found.fix),
                rule: Some(check.rule.id.to_owned()),
                code: found.code,
                ..Reported::whole(FINDER, object, &found.problem)
            };
            match found.absent {
                Some(absent) => of_object.absent.push((absent, reported)),
                None if refuses => of_object.refusals.push(reported),
                None => of_object.warnings.push(reported),
            }
        }
    }
    own
}

/// What a policy is asked about in place of an object that no policy sees, and that a check of it reads: a route of the
/// same namespace stands for a Gateway.
pub(crate) fn stand_in(object: &Object) -> Option<Value> {
    let metadata = object
        .value
        .get("metadata")
        .filter(|_| tls::is_gateway(object))?;
    Some(
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata}),
    )
}
