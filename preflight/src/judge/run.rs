//! The objects of a run: those that are judged, and what is in the cluster beside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use rayon::prelude::*;
use serde_json::Value;

use super::{ActivePolicy, Evaluation};
use crate::{
    MemoryCluster, Policy,
    checks::{self, Identity, Objects, Own},
    keda::{self, Derived},
    manifests::{Note, Object},
    report::{Reported, Subject},
    review::{Target, complete, request, server, update},
};
use cluster::kinds::Kinds;

/// What is in the cluster already, and not judged itself.
#[derive(Debug, Default)]
pub struct Existing {
    /// Objects that look-ups find beside the manifests.
    pub cluster: Vec<Object>,
    /// Objects that look-ups find as well. What a manifest has of them is judged as an UPDATE.
    pub old: Vec<Object>,
    /// Whether the manifests themselves are what a cluster has: then the fields of the API server in them count.
    pub live: bool,
}

/// All objects as the API server would have them.
pub(super) struct Run {
    /// Those of the manifests, which are judged, and then the others.
    objects: Vec<Object>,
    /// How many are judged.
    written: usize,
    identities: Vec<Identity>,
    /// The positions of the old objects.
    old: BTreeMap<Identity, usize>,
    /// What KEDA makes of objects, by their positions.
    made: BTreeMap<usize, Made>,
    cluster: Arc<MemoryCluster>,
    /// Whether a cluster printed the manifests.
    live: bool,
    /// Whether there are objects of a cluster beside them.
    has_cluster: bool,
    /// That manifests have fields of the API server, which do not count.
    ignored: Option<Note>,
}

/// What KEDA makes of a `ScaledObject`.
struct Made {
    derived: Derived,
    /// What is there of it already.
    old: Option<Value>,
}

impl Run {
    pub(super) fn new(
        written: Vec<Object>,
        existing: Existing,
        namespace: &str,
        now: Option<Timestamp>,
    ) -> Self {
        let count = written.len();
        let mut objects = written;
        objects.extend(existing.cluster);
        let first_old = objects.len();
        let has_cluster = first_old > count;
        objects.extend(existing.old);
        let kinds = Kinds::of(objects.iter().map(|object| &object.value));
        let identities = checks::identities(&objects, &kinds, namespace);
        let old = identities.iter().cloned().zip(0..).skip(first_old);
        let old: BTreeMap<Identity, usize> = old.collect();
        for object in &mut objects {
            complete(&mut object.value, &kinds, namespace);
        }
        let (written, others) = objects.split_at_mut(count);
        let ignored = (!existing.live).then(|| ignored(written)).flatten();
        for (number, (object, identity)) in written.iter_mut().zip(&identities).enumerate() {
            let old = old.get(identity).and_then(|old| old.checked_sub(count));
            match old.and_then(|old| others.get(old)) {
                _ if existing.live => {
                    if let Some(now) = now {
                        server::stamp(&mut object.value, now);
                    }
                }
                Some(old) => server::replace(&mut object.value, &old.value, now),
                None => server::create(&mut object.value, number, now),
            }
        }
        let mut made = made(&objects, &identities, &old, count, first_old);
        let next = objects.len();
        for (position, made) in made.range_mut(..count) {
            let object = &mut made.derived.value;
            match &made.old {
                Some(old) => server::replace(object, old, now),
                None => server::create(object, next.saturating_add(*position), now),
            }
        }
        // Of two with one name look-ups find the later one, which is that of the manifests.
        let (written, others) = objects.split_at(count);
        let values = others
            .iter()
            .chain(written)
            .map(|object| object.value.clone());
        let derived = |(_, made): (_, &Made)| made.derived.value.clone();
        let existing_made = made.range(count..).map(derived);
        let all = existing_made.chain(values);
        let cluster = Arc::new(MemoryCluster::new(
            all.chain(made.range(..count).map(derived)),
        ));
        Self {
            written: count,
            old,
            made,
            objects,
            identities,
            cluster,
            live: existing.live,
            has_cluster,
            ignored,
        }
    }

    /// The kinds of all objects.
    pub(super) fn kinds(&self) -> &Kinds {
        self.cluster.kinds()
    }

    /// What is judged.
    pub(super) fn written(&self) -> &[Object] {
        self.objects.get(..self.written).unwrap_or_default()
    }

    /// Two manifests of one object, and selectors that cannot be followed.
    pub(super) fn notes(&self, policies: &[ActivePolicy]) -> Vec<Note> {
        let mut notes = checks::doubles::notes(self.written(), &self.identities);
        notes.extend(self.ignored.clone());
        for deployed in policies.iter().filter_map(|one| one.deployed.as_ref()) {
            let homes = self.written().iter().filter_map(Object::namespace);
            notes.extend(deployed.note_of_namespaces(homes, &self.cluster));
        }
        notes
    }

    /// What findings rest on, and is not there.
    pub(super) fn notes_on<'a>(&self, findings: impl Iterator<Item = &'a Reported>) -> Vec<Note> {
        checks::absent::notes(findings, &self.objects, self.has_cluster)
    }

    /// What the policies say of each object. `progress` is called after each.
    pub(super) fn judge<'a>(
        &'a self,
        policies: &'a [ActivePolicy],
        progress: impl Fn() + Sync,
    ) -> Vec<Vec<Evaluation<'a>>> {
        let evaluations = |(number, object)| {
            let evaluations = self.judge_object(object, number, policies);
            progress();
            evaluations
        };
        self.written()
            .par_iter()
            .enumerate()
            .map(evaluations)
            .collect()
    }

    fn judge_object<'a>(
        &'a self,
        object: &Object,
        number: usize,
        policies: &'a [ActivePolicy],
    ) -> Vec<Evaluation<'a>> {
        let own = self.request(&object.value, self.old_of(number), number);
        let made = self.made.get(&number);
        let of_made = made.map(|made| self.request_of_keda(made, number));
        let derived = made.map(|made| &made.derived);
        let requests = [(Some(own), None), (of_made, derived)].into_iter();
        let requests = requests.filter_map(|(request, derived)| Some((request?, derived)));
        let mut evaluations = Vec::new();
        for (request, derived) in requests {
            let target = Target::of(&request);
            let asked = policies
                .iter()
                .filter(|configured| configured.wants(&target, &request, &self.cluster));
            evaluations.extend(asked.map(|by| Evaluation {
                by,
                derived,
                result: by.validate(&request, &self.cluster, true),
            }));
        }
        evaluations
    }

    fn request(&self, object: &Value, old: Option<&Value>, number: usize) -> Value {
        let mut request = request(object, self.cluster.kinds(), number);
        if let Some(old) = old {
            update(&mut request, old);
        }
        request
    }

    /// The request by which KEDA writes what it makes of the object at a position.
    fn request_of_keda(&self, made: &Made, position: usize) -> Value {
        let number = self.objects.len().saturating_add(position);
        let mut request = self.request(&made.derived.value, made.old.as_ref(), number);
        if let Some(fields) = request.as_object_mut() {
            fields.insert("userInfo".to_owned(), keda::user());
        }
        request
    }

    /// What KEDA makes of the objects.
    pub(super) fn derived(&self) -> impl Iterator<Item = &Derived> {
        self.made.values().map(|made| &made.derived)
    }

    fn old_of(&self, number: usize) -> Option<&Value> {
        let position = self.old.get(self.identities.get(number)?)?;
        self.objects.get(*position).map(|old| &old.value)
    }

    /// What preflight finds by itself, by the position of the object. It is told where the policy that it belongs to is
    /// asked, and refused where that may refuse.
    pub(super) fn own_findings(
        &self,
        judged: &[Vec<Evaluation<'_>>],
        policies: &[ActivePolicy],
    ) -> BTreeMap<usize, Own> {
        let is_asked = |policy: &str, number: usize, refuses: bool| {
            let mut evaluations = judged.get(number).into_iter().flatten();
            let mut by = evaluations.any(|evaluation| is(policy, refuses, evaluation.by));
            by |= self.would_ask(policies, number, |by| is(policy, refuses, by));
            by
        };
        let objects = Objects {
            all: &self.objects,
            identities: &self.identities,
            written: self.written,
            old: &self.old,
            derived: &self.derived().collect::<Vec<_>>(),
            live: self.live,
        };
        checks::findings(objects, is_asked)
    }

    /// Whether such a policy would be asked about what KEDA would make of an object that it cannot read.
    fn would_ask(
        &self,
        policies: &[ActivePolicy],
        number: usize,
        is_meant: impl Fn(&ActivePolicy) -> bool,
    ) -> bool {
        if self.made.contains_key(&number) {
            return false;
        }
        let object = self.objects.get(number);
        let Some(derived) = object.and_then(|object| keda::unmade(&object.value, number)) else {
            return false;
        };
        let request = self.request(&derived.value, None, number);
        let target = Target::of(&request);
        let mut policies = policies.iter().filter(|by| is_meant(by));
        policies.any(|by| by.wants(&target, &request, &self.cluster))
    }
}

/// Whether it is the policy of this name, and may refuse where that is asked for.
fn is(policy: &str, refuses: bool, by: &ActivePolicy) -> bool {
    by.policy().map(Policy::name) == Some(policy) && !(refuses && by.only_reports())
}

/// What KEDA makes of the objects, by their positions. The first ones are judged, and from `first_old` on they are what
/// is changed.
fn made(
    objects: &[Object],
    identities: &[Identity],
    stored: &BTreeMap<Identity, usize>,
    written: usize,
    first_old: usize,
) -> BTreeMap<usize, Made> {
    let scaled = |object: &&Object| keda::is_scaled_object(&object.value);
    if !objects.iter().any(|object| scaled(&object)) {
        return BTreeMap::new();
    }
    let replaced: BTreeSet<&Identity> = identities.iter().take(written).collect();
    let all = objects.iter().enumerate();
    let is_autoscaler = |object: &Object| object.kind() == "HorizontalPodAutoscaler";
    let autoscalers: Vec<_> = all.filter(|(_, it)| is_autoscaler(it)).collect();
    let mut made = BTreeMap::new();
    for (position, object) in objects.iter().enumerate() {
        let Some(derived) = keda::derive(&object.value, position) else {
            continue;
        };
        let is_written = position < written;
        if !is_written
            && identities
                .get(position)
                .is_some_and(|it| replaced.contains(it))
        {
            continue;
        }
        // As a cluster prints it, or as it is before KEDA changes it.
        let is_its = |other: &Object| keda::is_made_of(&other.value, &object.value);
        let beside = if is_written { written } else { objects.len() };
        let mut there = autoscalers.iter();
        if there.any(|(other, autoscaler)| *other < beside && is_its(autoscaler)) {
            continue;
        }
        let old = autoscalers.iter().find(|(other, autoscaler)| {
            let is_named = is_its(autoscaler) || derived.has_name_of(&autoscaler.value);
            *other >= first_old && is_named
        });
        let old = old.map(|(_, old)| old.value.clone());
        let of_old = || {
            let old = *stored.get(identities.get(position)?)?;
            Some(keda::derive(&objects.get(old)?.value, old)?.value)
        };
        let old = if is_written {
            old.or_else(of_old)
        } else {
            None
        };
        made.insert(position, Made { derived, old });
    }
    made
}

/// Says once that manifests have fields which only the API server writes: they may be what a cluster printed.
fn ignored(written: &[Object]) -> Option<Note> {
    let telling = |object: &Object| server::own_field(&object.value).is_some();
    let count = written.iter().filter(|object| telling(object)).count();
    let first = written.iter().find(|object| telling(object))?;
    let field = server::own_field(&first.value)?;
    let who = match count {
        1 => format!("{} has", Subject::of(first)),
        _ => format!("{count} objects have"),
    };
    Some(Note {
        place: first.place_of(&format!("metadata.{field}")),
        text: format!(
            "{who} fields that only the API server writes, such as metadata.{field}; they do not count, as they do not \
             when the manifest is applied. For what a cluster printed, use --live"
        ),
    })
}
