//! The objects of a run: those that are judged, and what is in the cluster beside them.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use rayon::prelude::*;
use serde_json::Value;

use super::{ActivePolicy, Evaluation};
use crate::{
    MemoryCluster, Policy,
    checks::{self, Identity, Objects},
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
    cluster: Arc<MemoryCluster>,
    /// Whether a cluster printed the manifests.
    live: bool,
    /// Whether there are objects of a cluster beside them.
    has_cluster: bool,
    /// That manifests have fields of the API server, which do not count.
    ignored: Option<Note>,
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
        // Of two with one name look-ups find the later one, which is that of the manifests.
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
        let values = others.iter().chain(written.iter());
        let cluster = Arc::new(MemoryCluster::new(
            values.map(|object| object.value.clone()),
        ));
        Self {
            written: count,
            old,
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
        &self,
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
        &self,
        object: &Object,
        number: usize,
        policies: &'a [ActivePolicy],
    ) -> Vec<Evaluation<'a>> {
        let mut request = request(&object.value, self.cluster.kinds(), number);
        if let Some(old) = self.old_of(number) {
            update(&mut request, old);
        }
        let target = Target::of(&request);
        policies
            .iter()
            .filter(|configured| configured.wants(&target, &request, &self.cluster))
            .map(|by| Evaluation {
                by,
                result: by.validate(&request, &self.cluster, true),
            })
            .collect()
    }

    fn old_of(&self, number: usize) -> Option<&Value> {
        let position = self.old.get(self.identities.get(number)?)?;
        self.objects.get(*position).map(|old| &old.value)
    }

    /// What preflight finds by itself, by the position of the object. It is refused where the policy that it belongs to is asked,
    /// and may refuse.
    pub(super) fn own_findings(
        &self,
        judged: &[Vec<Evaluation<'_>>],
    ) -> BTreeMap<usize, Vec<Reported>> {
        let is_enforced = |policy: &str, number: usize| {
            let mut evaluations = judged.get(number).into_iter().flatten();
            evaluations.any(|evaluation| {
                let judge = evaluation.by.policy().map(Policy::name);
                judge == Some(policy) && !evaluation.by.only_reports()
            })
        };
        let objects = Objects {
            all: &self.objects,
            identities: &self.identities,
            written: self.written,
            old: &self.old,
            live: self.live,
        };
        checks::refusals(objects, is_enforced)
    }
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
