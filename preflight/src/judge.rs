//! Puts every object through every policy that wants to see it.

use jiff::Timestamp;

use crate::{
    EvaluationError, PolicyAnswer,
    keda::Derived,
    manifests::Manifests,
    report::{Reason, Report, Summary},
};
use cluster::kinds::meant_otherwise;

mod active;
mod ambiguous;
mod custom_kinds;
mod entry;
mod group;
mod looks_at;
mod member;
mod metadata;
mod needed;
mod run;
mod state;
mod surroundings;
mod unread;

pub use active::ActivePolicy;
pub(crate) use active::Judge;
pub(crate) use custom_kinds::CustomKind;
use entry::Told;
pub use group::Group;
pub use looks_at::LooksAt;
pub use member::Member;
pub use run::Existing;
use run::Run;

/// Policies that cannot take part.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// Nothing says which objects the policy wants.
    #[error(
        "{0} has no metadata, so it is not known which objects it checks; annotate it with `kwctl annotate`, or \
         give it a single request with `preflight review --policy {0} FILE`"
    )]
    NoMetadata(String),
}

/// Judges all manifests, as [`judge_in`] does it in an empty cluster.
pub fn judge(
    manifests: Manifests,
    policies: &[ActivePolicy],
    namespace: &str,
    now: Option<Timestamp>,
    progress: impl Fn() + Sync,
) -> Result<Report, JudgeError> {
    judge_in(
        Existing::default(),
        manifests,
        policies,
        namespace,
        now,
        progress,
    )
}

/// Judges all manifests. With what exists already they are the state of the cluster for look-ups.
///
/// `now` is when all objects are taken to be created; without it they have the time that is written, or none.
/// `progress` is called after each object.
pub fn judge_in(
    existing: Existing,
    manifests: Manifests,
    policies: &[ActivePolicy],
    namespace: &str,
    now: Option<Timestamp>,
    progress: impl Fn() + Sync,
) -> Result<Report, JudgeError> {
    let without_rules = |configured: &&ActivePolicy| {
        configured.deployed.is_none() && configured.metadata().is_none()
    };
    if let Some(unknown) = policies.iter().find(without_rules) {
        return Err(JudgeError::NoMetadata(unknown.name().to_owned()));
    }
    let kustomizations = &manifests.kustomizations;
    let run = Run::new(manifests.objects, kustomizations, existing, namespace, now);
    let mut report = Report {
        problems: manifests.problems,
        notes: manifests.notes,
        ..Report::default()
    };
    report.notes.extend(run.notes(policies));
    report.summary = Summary {
        objects: run.written().len(),
        policies: policies.len(),
        ..Summary::default()
    };
    let judged = run.judge(policies, progress);
    report.notes.extend(run.notes_on_choices(&judged));
    let mut own = run.own_findings(&judged, policies);
    let derived: Vec<&Derived> = run.of_keda().collect();
    let reader = unread::Reader::new(run.cluster(), policies, run.is_live());
    let witnesses = run.witnesses();
    let told = Told {
        of_keda: &derived,
        witnesses: &witnesses,
    };
    for (number, (object, mut evaluations)) in run.written().iter().zip(judged).enumerate() {
        let own = own.remove(&number).unwrap_or_default();
        let unread = reader.reason(object, &evaluations);
        if unread.as_ref().map(|unread| unread.reason) == Some(Reason::UnservedVersion) {
            // That policies do not know the kind follows from it.
            evaluations.retain(Evaluation::is_of_a_reader);
            if meant_otherwise(object.api_version(), object.kind()) {
                evaluations.iter_mut().for_each(Evaluation::hush);
            }
        }
        entry::add(&mut report, object, evaluations, own, unread, &told);
    }
    report.tally();
    report.rate(policies);
    let findings = report.refusals.iter().chain(&report.warnings);
    let notes = run.notes_on(findings);
    report.notes.extend(notes);
    report.leave(manifests.left_out);
    // It takes a while to free very many objects, and the report does not wait for that.
    rayon::spawn(move || drop(run));
    Ok(report)
}

/// What one policy says of an object.
struct Evaluation<'a> {
    by: &'a ActivePolicy,
    /// What it is asked about, where that is what KEDA makes of the object.
    derived: Option<&'a Derived>,
    result: Result<PolicyAnswer, EvaluationError>,
}

impl Evaluation<'_> {
    /// Leaves out the warnings.
    fn hush(&mut self) {
        if let Ok(answer) = &mut self.result {
            answer.response.warnings.clear();
        }
    }

    /// Whether the policy read the object: one whose rules are too wide accepts a kind that it does not know, and says so.
    fn is_of_a_reader(&self) -> bool {
        let Ok(answer) = &self.result else {
            return true;
        };
        let mut warnings = answer.response.warnings.iter();
        !warnings.any(|warning| {
            let line = shared::message::parse_warning(warning);
            line.is_some_and(|(_, line)| line.rule == Some("unclaimed_kind"))
        })
    }
}
