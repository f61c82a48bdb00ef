//! The objects of a run: those that are judged, and what is in the cluster beside them.

use std::{
    cell::LazyCell,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;
use rayon::prelude::*;
use serde_json::value::to_raw_value;
use tree::{Value, json};

use super::{
    ActivePolicy, Evaluation, ambiguous,
    needed::Witnesses,
    state::{All, State},
    surroundings::Surroundings,
};
use crate::{
    EvaluationError, MemoryCluster, Policy,
    checks::{self, Identity, Objects, Own},
    derived::DerivedObject,
    keda::{self, Autoscalers, Derived},
    manifests::{Note, Object},
    report::{Reported, Subject},
    review::{Request, complete, server},
};
use cluster::kinds::Kinds;

/// What is in the cluster already, and not judged itself.
#[derive(Debug, Clone, Default)]
pub struct Existing {
    /// Objects that look-ups find beside the manifests.
    pub cluster: Vec<Object>,
    /// Objects that look-ups find as well. What a manifest has of them is judged as an UPDATE.
    pub old: Vec<Object>,
    /// The kustomizations among the files of the old objects.
    pub old_kustomizations: Vec<Object>,
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
    /// The positions of what the judged ones replace.
    old: Vec<Option<usize>>,
    /// What KEDA makes of objects, by their positions.
    made: BTreeMap<usize, Made>,
    /// What others make, which is not judged.
    derived: Vec<DerivedObject>,
    cluster: Arc<MemoryCluster>,
    /// The same before anything is applied, where it is known.
    before: Option<Arc<MemoryCluster>>,
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
        kustomizations: &[Object],
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
        let kinds = Kinds::of(objects.iter().map(|object| &*object.value));
        let identities = checks::identities(&objects, &kinds, namespace);
        let old = replaced(&objects, &identities, count, first_old);
        objects
            .par_iter_mut()
            .for_each(|object| complete(Arc::make_mut(&mut object.value), &kinds, namespace));
        let (written, others) = objects.split_at_mut(count);
        let ignored = (!existing.live).then(|| ignored(written)).flatten();
        // For few objects, if any.
        let there: OnceLock<HashSet<&Identity>> = OnceLock::new();
        let (others, replaced) = (&*others, written.par_iter_mut().zip(&old));
        replaced.for_each(|(object, old)| {
            let old = old.and_then(|old| old.checked_sub(count));
            let value = Arc::make_mut(&mut object.value);
            if !existing.live {
                server::disown(value, |of_kind, named| {
                    let there = there.get_or_init(|| identities.iter().collect());
                    there.contains(&Identity::of(&kinds, of_kind, named))
                });
            }
            match old.and_then(|old| others.get(old)) {
                _ if existing.live => {
                    if let Some(now) = now {
                        server::stamp(value, now);
                    }
                }
                Some(old) => server::replace(value, &old.value, now),
                None => server::create(value, now),
            }
        });
        let mut made = made(&objects, &identities, &old, count, first_old);
        for (_, made) in made.range_mut(..count) {
            let object = &mut made.derived.value;
            match &made.old {
                Some(old) => server::replace(object, old, now),
                None => server::create(object, now),
            }
        }
        let all = All {
            objects: &objects,
            identities: &identities,
            written: count,
            first_old,
        };
        let of_keda = made.iter();
        let of_keda = of_keda.map(|(position, made)| (*position, &made.derived.value));
        let State { cluster, derived } = all.after(of_keda, kustomizations, namespace);
        let has_old = first_old < objects.len();
        let old_kustomizations = if existing.old_kustomizations.is_empty() {
            kustomizations
        } else {
            &existing.old_kustomizations
        };
        let before = has_old.then(|| all.before(old_kustomizations, namespace));
        Self {
            written: count,
            old,
            made,
            objects,
            identities,
            cluster,
            before,
            derived,
            live: existing.live,
            has_cluster,
            ignored,
        }
    }

    /// The cluster with all objects.
    pub(super) fn cluster(&self) -> &Arc<MemoryCluster> {
        &self.cluster
    }

    /// Whether a cluster printed the manifests.
    pub(super) fn is_live(&self) -> bool {
        self.live
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

    /// Where policies found one of several definitions, and another one might be meant.
    pub(super) fn notes_on_choices(&self, judged: &[Vec<Evaluation<'_>>]) -> Vec<Note> {
        ambiguous::notes(self.written(), judged, |number| self.objects.get(number))
    }

    /// What may be meant in place of what is not there.
    pub(super) fn witnesses(&self) -> Witnesses<'_> {
        Witnesses::among(&self.objects, &self.derived)
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
        let old = self.old.get(number).copied().flatten();
        let old = old.and_then(|old| self.objects.get(old));
        let surroundings = Surroundings {
            cluster: Arc::clone(&self.cluster),
            file: Some(object.file.as_str().into()),
            before: self.before.clone().map(|cluster| {
                let file = old.map_or(object.file.as_str(), |old| &old.file);
                (cluster, file.into())
            }),
        };
        let mut evaluations = Vec::new();
        for (request, derived) in requests {
            let target = request.target();
            let value = LazyCell::new(|| json!(request));
            let asked = policies
                .iter()
                .filter(|configured| configured.wants(&target, &value, &self.cluster));
            let asked: Vec<&ActivePolicy> = asked.collect();
            if asked.is_empty() {
                continue;
            }
            // Once for all policies that are asked.
            let written = to_raw_value(&request);
            // There are very many, and most objects have one.
            evaluations.reserve_exact(asked.len());
            evaluations.extend(asked.into_iter().map(|by| Evaluation {
                by,
                derived,
                result: match &written {
                    Ok(request) => by.validate_in(request, &surroundings, true),
                    Err(_) => Err(EvaluationError::UnwritableRequest),
                },
            }));
        }
        evaluations
    }

    fn request<'a>(&self, object: &'a Value, old: Option<&'a Value>, number: usize) -> Request<'a> {
        Request::new(object, old, self.cluster.kinds(), number)
    }

    /// The request by which KEDA writes what it makes of the object at a position.
    fn request_of_keda<'a>(&self, made: &'a Made, position: usize) -> Request<'a> {
        let number = self.objects.len().saturating_add(position);
        self.request(&made.derived.value, made.old.as_ref(), number)
            .by(keda::USER)
    }

    /// What KEDA makes of the objects.
    pub(super) fn of_keda(&self) -> impl Iterator<Item = &Derived> {
        self.made.values().map(|made| &made.derived)
    }

    fn old_of(&self, number: usize) -> Option<&Value> {
        let position = self.old.get(number).copied().flatten()?;
        self.objects.get(position).map(|old| &*old.value)
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
            derived: &self.of_keda().collect::<Vec<_>>(),
            made: &self.derived,
            cluster: &self.cluster,
            live: self.live,
        };
        checks::findings(objects, is_asked)
    }

    /// Whether such a policy would be asked about what KEDA would make of an object that it cannot read, or about what
    /// stands for an object that it does not see.
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
        let unmade = |object: &Object| Some(keda::unmade(&object.value, number)?.value);
        let Some(value) =
            object.and_then(|object| unmade(object).or_else(|| checks::stand_in(object)))
        else {
            return false;
        };
        let request = self.request(&value, None, number);
        let target = request.target();
        let request = LazyCell::new(|| json!(request));
        let mut policies = policies.iter().filter(|by| is_meant(by));
        policies.any(|by| by.wants(&target, &request, &self.cluster))
    }
}

/// Whether it is the policy of this name, and may refuse where that is asked for.
fn is(policy: &str, refuses: bool, by: &ActivePolicy) -> bool {
    by.policy().map(Policy::name) == Some(policy) && !(refuses && by.only_reports())
}

/// The positions of what the judged objects replace. Where one of them is there several times, as in a second checkout of
/// a repository, it is the one whose path ends most like that of the manifest.
fn replaced(
    objects: &[Object],
    identities: &[Identity],
    written: usize,
    first_old: usize,
) -> Vec<Option<usize>> {
    let mut stored: HashMap<&Identity, Vec<usize>> = HashMap::new();
    for (identity, position) in identities.iter().zip(0..).skip(first_old) {
        stored.entry(identity).or_default().push(position);
    }
    let ends_alike = |one: &str, other: &str| {
        let (one, other) = (one.rsplit(['/', '\\']), other.rsplit(['/', '\\']));
        one.zip(other).take_while(|(a, b)| a == b).count()
    };
    let judged = objects.iter().zip(identities).take(written);
    judged
        .map(|(object, identity)| {
            let stored = stored.get(identity)?.iter().copied();
            stored.max_by_key(|position| {
                let old = objects.get(*position);
                old.map_or(0, |old| ends_alike(&old.file, &object.file))
            })
        })
        .collect()
}

/// What KEDA makes of the objects, by their positions. The first ones are judged, and from `first_old` on they are what
/// is changed.
fn made(
    objects: &[Object],
    identities: &[Identity],
    stored: &[Option<usize>],
    written: usize,
    first_old: usize,
) -> BTreeMap<usize, Made> {
    let scaled = |object: &&Object| keda::is_scaled_object(&object.value);
    if !objects.iter().any(|object| scaled(&object)) {
        return BTreeMap::new();
    }
    let replaced: HashSet<&Identity> = identities.iter().take(written).collect();
    let all = objects.iter().enumerate();
    let autoscalers = Autoscalers::among(all.map(|(position, it)| (position, &*it.value)));
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
        let mut beside = autoscalers.beside(&object.value);
        beside.sort_unstable();
        let beside = beside
            .iter()
            .filter_map(|at| Some((*at, objects.get(*at)?)));
        let is_its = |other: &Object| keda::is_made_of(&other.value, &object.value);
        let end = if is_written { written } else { objects.len() };
        if (beside.clone()).any(|(other, autoscaler)| other < end && is_its(autoscaler)) {
            continue;
        }
        let old = beside.into_iter().find(|(other, old)| {
            *other >= first_old && (is_its(old) || derived.has_name_of(&old.value))
        });
        let old = old.map(|(_, old)| Value::clone(&old.value));
        let of_old = || {
            let old = stored.get(position).copied().flatten()?;
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
