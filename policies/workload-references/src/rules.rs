//! The rules, one in a file.

use std::cell::Cell;
use std::fmt;

use shared::rules::missing_pod_spec;
use shared::similar::nearest;
use shared::{Cluster, Cursor, FieldPath, Finding, Level, Rule, Verdict, quote};

use crate::data::{Data, Names};
use crate::objects::{Object, Objects, State};
use crate::place::Place;
use crate::pod::Pod;
use crate::reference::{Reference, Target, Use};
use crate::review::Review;
use crate::settings::Settings;
use crate::sharing::Sharing;
use crate::values::Flaws;

mod binary_key;
mod binary_variable;
mod decimal_mode;
mod impossible_name;
mod missing_claim;
mod missing_class;
mod missing_config;
mod missing_file;
mod missing_key;
mod missing_pull_secret;
mod missing_service;
mod missing_service_account;
mod missing_volume;
pub(crate) mod removed_config;
pub(crate) mod removed_key;
mod single_node_claim;
mod single_pod_claim;
mod unusable_variable;
mod wrong_pull_secret_type;
mod wrong_volume_mode;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &binary_key::RULE,
    &binary_variable::RULE,
    &decimal_mode::RULE,
    &impossible_name::RULE,
    &missing_claim::RULE,
    &missing_class::RULE,
    &missing_config::RULE,
    &missing_file::RULE,
    &missing_key::RULE,
    &missing_pod_spec::RULE,
    &missing_pull_secret::RULE,
    &missing_service::RULE,
    &missing_service_account::RULE,
    &missing_volume::RULE,
    &removed_config::RULE,
    &removed_key::RULE,
    &single_node_claim::RULE,
    &single_pod_claim::RULE,
    &unusable_variable::RULE,
    &wrong_pull_secret_type::RULE,
    &wrong_volume_mode::RULE,
];

/// Judges what takes no look-up.
pub(crate) fn check_alone(pod: &Pod<'_>, settings: &Settings, verdict: &mut Verdict) {
    impossible_name::check(pod, verdict);
    missing_volume::check(pod, verdict);
    wrong_volume_mode::check_templates(pod, settings, verdict);
    decimal_mode::check(pod, settings, verdict);
    unusable_variable::check_written(pod, settings, verdict);
}

/// Judges what a pod names by what was looked up.
pub(crate) fn check(judging: &Judging<'_>, verdict: &mut Verdict) {
    for (object, state) in judging.objects.all.iter().zip(judging.states) {
        let found = Found {
            judging,
            object,
            state,
        };
        match object.target {
            Target::ConfigMap | Target::Secret => {
                missing_config::check(&found, verdict);
                if let Some(data) = Data::of(state) {
                    missing_key::check(&found, &data, verdict);
                    binary_key::check(&found, &data, verdict);
                    let flaws = Flaws::of(&found, &data);
                    unusable_variable::check(&found, &flaws, verdict);
                    binary_variable::check(&found, &flaws, verdict);
                }
            }
            Target::PullSecret => {
                missing_pull_secret::check(&found, verdict);
                wrong_pull_secret_type::check(&found, verdict);
            }
            Target::Claim => {
                missing_claim::check(&found, verdict);
                single_pod_claim::check(&found, verdict);
                single_node_claim::check(&found, verdict);
            }
            Target::ServiceAccount => missing_service_account::check(&found, verdict),
            Target::PriorityClass | Target::RuntimeClass | Target::StorageClass => {
                missing_class::check(&found, verdict);
            }
            Target::Service => missing_service::check(&found, verdict),
        }
    }
    missing_file::check(judging, verdict);
    wrong_volume_mode::check_claims(judging, verdict);
}

/// A pod, and what was looked up for it.
pub(crate) struct Judging<'j> {
    pub(crate) pod: &'j Pod<'j>,
    pub(crate) objects: &'j Objects<'j>,
    /// What is known of each object.
    pub(crate) states: &'j [State<'j>],
    pub(crate) settings: &'j Settings,
    pub(crate) cluster: &'j dyn Cluster,
    /// For how many more findings what was probably meant is looked for.
    suggestions: Cell<usize>,
}

/// As many findings are listed.
const MAX_SUGGESTIONS: usize = shared::message::MAX_LISTED;

impl<'j> Judging<'j> {
    pub(crate) fn new(
        pod: &'j Pod<'j>,
        objects: &'j Objects<'j>,
        states: &'j [State<'j>],
        review: &Review<'j>,
    ) -> Self {
        Self {
            pod,
            objects,
            states,
            settings: review.settings,
            cluster: review.cluster,
            suggestions: Cell::new(MAX_SUGGESTIONS),
        }
    }

    /// What is known of the object that a reference names, by the place of the reference.
    pub(crate) fn found(&'j self, reference: usize) -> Option<Found<'j>> {
        let object = *self.objects.of_reference.get(reference)?;
        Some(Found {
            judging: self,
            object: self.objects.all.get(object)?,
            state: self.states.get(object)?,
        })
    }

    /// The one of these that was probably meant.
    pub(crate) fn suggestion<'c>(&self, name: &str, candidates: &[&'c str]) -> Option<&'c str> {
        let left = self.suggestions.get().checked_sub(1)?;
        self.suggestions.set(left);
        nearest(name, &mut candidates.iter().copied())
    }
}

/// An object that is named, and what is known of it.
#[derive(Clone, Copy)]
pub(crate) struct Found<'f> {
    pub(crate) judging: &'f Judging<'f>,
    pub(crate) object: &'f Object<'f>,
    pub(crate) state: &'f State<'f>,
}

impl<'f> Found<'f> {
    /// The references that name it.
    pub(crate) fn references(&self) -> Vec<&'f Reference<'f>> {
        let all = &self.judging.pod.references;
        let references = self.object.references.iter();
        references.filter_map(|place| all.get(*place)).collect()
    }

    /// The references that need it, where it is not there: not those of pods that can do without.
    pub(crate) fn missed(&self) -> Vec<&'f Reference<'f>> {
        let is_absent = matches!(self.state, State::Absent);
        if !is_absent || self.judging.settings.expects(self.object.name) {
            return Vec::new();
        }
        let mut references = self.references();
        // An item of a volume is no reference of its own.
        references.retain(|reference| {
            !reference.is_optional && !matches!(reference.used, Use::File { .. })
        });
        references
    }

    /// The object, where it is there.
    pub(crate) fn there(&self) -> Option<Cursor<'f>> {
        match self.state {
            State::There(json) => Some(Cursor::new(json, FieldPath::new(""))),
            State::Unknown | State::Absent => None,
        }
    }

    /// Reports a finding about it at the first of some references. Nothing is reported of none.
    pub(crate) fn tell(
        &self,
        said: &Said<'_>,
        references: &[&Reference<'_>],
        verdict: &mut Verdict,
    ) {
        let Some(first) = references.first() else {
            return;
        };
        let place = match first.used {
            Use::Variable { .. } if said.is_of_key => first.place.beside("key"),
            _ => first.place,
        };
        let mut users = Vec::with_capacity(references.len());
        for reference in references {
            users.push(match reference.used {
                Use::Variable { container, .. } | Use::Variables { container, .. } => {
                    container.name
                }
                // No container has this name.
                _ => said.why,
            });
        }
        self.tell_at(place, said, &users, verdict);
    }

    /// Reports a finding about it, and keeps in mind that it refuses the workload.
    pub(crate) fn tell_at(
        &self,
        place: Place<'_>,
        said: &Said<'_>,
        users: &[&str],
        verdict: &mut Verdict,
    ) {
        if verdict.capped(said.level) == Level::Deny {
            self.object.is_refused.set(true);
        }
        let what = format!("{self} {}", said.what);
        let consequence = format!("{}{}", said.consequence, others(users.len()));
        note(
            said.rule,
            said.level,
            &place,
            &what,
            &consequence,
            said.fix,
            users,
            verdict,
        );
    }

    /// The text in a field of the object, where it is there; empty otherwise. What cannot be read is not in a cluster.
    #[inline(never)]
    pub(crate) fn text(&self, path: &str, field: &str) -> &'f str {
        let text = self
            .there()
            .map(|object| object.at(path, |part| part.text(field)));
        text.and_then(Result::ok).flatten().unwrap_or_default()
    }

    /// Why more than one pod may have a claim at a time, where this is its only access mode.
    pub(crate) fn sharing(&self, mode: &str) -> Option<Sharing> {
        let sharing = self.judging.pod.workload.sharing?;
        let is_only = self.there()?.map("spec", |spec| {
            let modes = spec.list_of_texts("accessModes")?;
            Ok(modes.len() == 1 && modes.first() == Some(&mode))
        });
        (is_only == Ok(Some(true))).then_some(sharing)
    }

    /// Reports that more than one pod may have a claim at a time.
    pub(crate) fn tell_sharing(
        &self,
        rule: &'static Rule,
        level: Level,
        mode: &str,
        sharing: Sharing,
        consequence: &str,
        verdict: &mut Verdict,
    ) {
        const SEVERAL: &str = "several replicas share it";
        let (why, fix) = match sharing {
            Sharing::Replicas => (SEVERAL, ""),
            Sharing::ReplicasAndRollout => (
                SEVERAL,
                "use replicas: 1 with strategy: {type: Recreate}, or a claim with ReadWriteMany",
            ),
            Sharing::EveryNode => (
                "there is a pod on each node",
                "use a claim with ReadWriteMany, or an ephemeral volume",
            ),
            Sharing::Rollout => (
                "a rollout keeps the old pod until the next one runs",
                "write strategy: {type: Recreate}, or use a claim with ReadWriteMany",
            ),
        };
        let said = Said {
            level,
            fix,
            why,
            ..Said::new(
                rule,
                format!("is {mode}"),
                format!(", and {why}, {consequence}"),
            )
        };
        self.tell(&said, &self.references(), verdict);
    }

    /// Reports that it is missing, with what comes of that.
    pub(crate) fn tell_missing(&self, rule: &'static Rule, effect: &str, verdict: &mut Verdict) {
        let said = Said {
            level: self.judging.settings.missing(self.object.target),
            ..Said::new(
                rule,
                "is not there (yet)".to_owned(),
                format!("; without it {effect}"),
            )
        };
        self.tell(&said, &self.missed(), verdict);
    }
}

/// What a rule says of an object.
pub(crate) struct Said<'s> {
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    /// What is there, behind the name of the object.
    pub(crate) what: String,
    /// What follows.
    pub(crate) consequence: String,
    /// What to write instead; empty for what the rule says.
    pub(crate) fix: &'s str,
    /// What makes it worse on an UPDATE.
    pub(crate) why: &'s str,
    /// Whether it is said of a key, and not of the name.
    pub(crate) is_of_key: bool,
}

impl Said<'_> {
    pub(crate) fn new(rule: &'static Rule, what: String, consequence: String) -> Self {
        Self {
            rule,
            level: Level::Off,
            what,
            consequence,
            fix: "",
            why: "",
            is_of_key: false,
        }
    }
}

/// `ConfigMap "web"`
impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.object.target.kind().kind;
        write!(f, "{kind} {}", quote(self.object.name))
    }
}

/// Reports a finding at a place: what is there, what follows, and who is concerned. An empty fix is that of the rule.
#[expect(clippy::too_many_arguments, reason = "all that a finding has")]
#[inline(never)]
pub(crate) fn note(
    rule: &'static Rule,
    level: Level,
    place: &dyn fmt::Display,
    what: &str,
    consequence: &str,
    fix: &str,
    users: &[&str],
    verdict: &mut Verdict,
) {
    let users = users.iter().map(|user| (*user).to_owned());
    let finding = Finding::new(rule, place, what)
        .consequence(consequence)
        .concerning(users.collect());
    let finding = match fix {
        "" => finding,
        fix => finding.fix(fix.to_owned()),
    };
    verdict.report(level, finding);
}

/// What follows where the API server refuses the pods of a workload.
pub(crate) const NO_POD: &str = "no pod is made (FailedCreate)";

/// What follows where a pod cannot be put on a node.
pub(crate) const NO_NODE: &str = "the pods stay Pending (FailedScheduling)";

/// What follows where the kubelet cannot make a volume.
pub(crate) const NO_MOUNT: &str = "the pods stay in ContainerCreating (FailedMount)";

/// How many places there are besides the first; nothing where that is the only one.
pub(crate) fn others(places: usize) -> String {
    match places.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    }
}

/// The places of those that have the same name, in the order of the first of each.
#[inline(never)]
pub(crate) fn alike(names: &[&str]) -> Vec<Vec<usize>> {
    let known = Names::of(names.to_vec());
    let mut all = Vec::new();
    for (place, name) in names.iter().enumerate() {
        // The first of them speaks for all.
        if known.place(name) == Some(place) {
            all.push(known.places(name, usize::MAX));
        }
    }
    all
}

/// What happens to the pods where a `ConfigMap` or Secret lacks what they need: `never starts`, or `does not start` for
/// now.
pub(crate) fn effect(reference: &Reference<'_>, starts: &str) -> String {
    match reference.used {
        Use::Variable { container, .. } | Use::Variables { container, .. } => {
            format!(
                "container {} {starts} (CreateContainerConfigError)",
                quote(container.name)
            )
        }
        _ => NO_MOUNT.to_owned(),
    }
}
