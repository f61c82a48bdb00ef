//! The objects that a pod names, looked up: each once, and once more where the answer of the host's cache would refuse.

use std::cell::Cell;

use shared::cluster::{Answer, Lookup, fetch};
use shared::index::{Index, hash};
use shared::settings::is_object_name;
use shared::{ClusterError, Error, Json, Level, Verdict};

use crate::pod::Pod;
use crate::reference::{Reference, Target, Use};
use crate::review::Review;
use crate::settings::{Secrets, Settings};

/// At most this many objects are looked up for one pod spec. What people write names 37 at most.
const MAX_LOOKUPS: usize = 64;

/// At most this many bytes of them are kept.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// An object that references name.
#[derive(Debug)]
pub(crate) struct Object<'p> {
    pub(crate) target: Target,
    pub(crate) name: &'p str,
    /// The references that name it, by their places in the list of all.
    pub(crate) references: Vec<usize>,
    /// Whether its data is asked for.
    needs_data: bool,
    /// What came of the look-up.
    answer: Asked,
    /// Whether something was found that is to refuse the workload.
    pub(crate) is_refused: Cell<bool>,
}

/// What came of a look-up.
#[derive(Debug)]
enum Asked {
    /// Nothing is known.
    Unknown,
    /// There is no such object.
    Absent,
    /// The object, of the last seconds.
    Cached(Answer),
    /// The object, as it is now.
    Fresh(Answer),
}

/// What is known of an object.
#[derive(Debug)]
pub(crate) enum State<'o> {
    /// Nothing.
    Unknown,
    /// There is none.
    Absent,
    /// This.
    There(Json<'o>),
}

/// The objects that a pod names.
pub(crate) struct Objects<'p> {
    pub(crate) all: Vec<Object<'p>>,
    /// For each reference the object.
    pub(crate) of_reference: Vec<usize>,
}

impl<'p> Objects<'p> {
    /// The objects of references, each once, in the order in which they are named.
    pub(crate) fn of(references: &[Reference<'p>]) -> Self {
        let key = |reference: &Reference<'_>| hash(reference.target as u64, reference.name);
        let hashes: Vec<u64> = references.iter().map(key).collect();
        let index = Index::new(&hashes);
        let mut objects = Self {
            all: Vec::new(),
            of_reference: Vec::with_capacity(references.len()),
        };
        for (place, (reference, hash)) in references.iter().zip(&hashes).enumerate() {
            let is_same = |other: &usize| {
                references.get(*other).is_some_and(|other| {
                    (other.target, other.name) == (reference.target, reference.name)
                })
            };
            // The first of them has its object already, unless it is this one.
            let first = index.places(*hash).find(is_same).unwrap_or_default();
            let known = objects.of_reference.get(first).copied();
            let object = known.unwrap_or(objects.all.len());
            match objects.all.get_mut(object) {
                Some(known) => known.references.push(place),
                None => objects.all.push(Object {
                    target: reference.target,
                    name: reference.name,
                    references: vec![place],
                    needs_data: false,
                    answer: Asked::Unknown,
                    is_refused: Cell::new(false),
                }),
            }
            objects.of_reference.push(object);
        }
        objects
    }

    /// Looks up what a finding may depend on.
    pub(crate) fn look_up(
        &mut self,
        pod: &Pod<'_>,
        review: &Review<'_>,
        verdict: &mut Verdict,
    ) -> Result<(), Error> {
        let (mut asked, mut bytes, mut left) = (0, 0, 0);
        for object in &mut self.all {
            let Some(needs_data) = need(object, pod, review.settings) else {
                continue;
            };
            if asked == MAX_LOOKUPS || bytes > MAX_BYTES {
                left += 1;
                continue;
            }
            asked += 1;
            object.needs_data = needs_data;
            object.ask(false, review, verdict)?;
            if let Asked::Cached(answer) = &object.answer {
                bytes += answer.size();
            }
        }
        if left > 0 {
            let reason = format!("at most {MAX_LOOKUPS} objects are looked up for one workload");
            let subject = format!("the other {left} objects that it names");
            let error = ClusterError::Unavailable(reason);
            verdict.keep_failure(Err(Error::Lookup { subject, error }))?;
        }
        Ok(())
    }

    /// Looks up once more what is to refuse the workload, where the answer may be some seconds old.
    pub(crate) fn renew(
        &mut self,
        review: &Review<'_>,
        verdict: &mut Verdict,
    ) -> Result<(), Error> {
        for object in &mut self.all {
            if object.is_refused.take() && matches!(object.answer, Asked::Cached(_)) {
                object.ask(true, review, verdict)?;
            }
        }
        Ok(())
    }

    /// What is known of each object.
    pub(crate) fn states(
        &self,
        review: &Review<'_>,
        verdict: &mut Verdict,
    ) -> Result<Vec<State<'_>>, Error> {
        let mut states = Vec::with_capacity(self.all.len());
        for object in &self.all {
            states.push(match &object.answer {
                Asked::Unknown => State::Unknown,
                Asked::Absent => State::Absent,
                Asked::Cached(answer) | Asked::Fresh(answer) => match answer.parse() {
                    Ok(json) => State::There(json),
                    Err(error) => {
                        let lookup = object.lookup(false, review);
                        verdict.keep_failure(Err(lookup.failed(error)))?;
                        State::Unknown
                    }
                },
            });
        }
        Ok(states)
    }
}

impl Object<'_> {
    fn lookup<'l>(&'l self, is_fresh: bool, review: &Review<'l>) -> Lookup<'l> {
        let kind = self.target.kind();
        Lookup {
            api_version: kind.api_version,
            kind: kind.kind,
            name: self.name,
            namespace: kind.is_namespaced.then_some(review.namespace),
            disable_cache: is_fresh,
            field_masks: if self.needs_data {
                kind.mask
            } else {
                kind.existence
            },
        }
    }

    fn ask(
        &mut self,
        is_fresh: bool,
        review: &Review<'_>,
        verdict: &mut Verdict,
    ) -> Result<(), Error> {
        let lookup = self.lookup(is_fresh, review);
        let answer = match fetch(review.cluster, &lookup) {
            Ok(answer) if is_fresh => Asked::Fresh(answer),
            Ok(answer) => Asked::Cached(answer),
            Err(ClusterError::NotFound | ClusterError::NotServed) => Asked::Absent,
            Err(error) => {
                let may_be_kept = review.settings.secrets != Secrets::Required;
                let is_kept = error == ClusterError::Forbidden && self.target.is_secret();
                if !(is_kept && may_be_kept) {
                    verdict.keep_failure(Err(lookup.failed(error)))?;
                }
                Asked::Unknown
            }
        };
        self.answer = answer;
        Ok(())
    }
}

/// Whether an object has to be looked up for a finding, and whether for its data.
fn need(object: &Object<'_>, pod: &Pod<'_>, settings: &Settings) -> Option<bool> {
    let target = object.target;
    if !is_object_name(object.name)
        || target.is_secret() && settings.secrets == Secrets::Off
        || Settings::is_in_every_namespace(object.name)
    {
        return None;
    }
    let is_judged = settings.judges_existence(target);
    let judges_keys = settings.unfit.keys != Level::Off;
    let judges_values = settings.judges_values();
    let (mut is_needed, mut needs_data) = (false, false);
    for reference in &object.references {
        let Some(reference) = pod.references.get(*reference) else {
            continue;
        };
        let is_required = !reference.is_optional;
        needs_data |= match reference.used {
            Use::Variable { .. } => is_required && (judges_keys || judges_values),
            Use::Variables { .. } => is_required && judges_values,
            Use::File { .. } => is_required && judges_keys,
            // The files of one that is optional are known only where it is there.
            Use::Files { config, has_paths } => {
                has_paths && judges_keys && (!is_required || config.items.is_empty())
            }
            Use::Whole | Use::Credentials => false,
        };
        is_needed |= is_judged && is_required;
    }
    (is_needed || needs_data).then_some(needs_data)
}
