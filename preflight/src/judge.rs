//! Puts every object through every policy that wants to see it.

use jiff::Timestamp;
use shared::message::LISTED;

use crate::{
    EvaluationError, Policy, PolicyAnswer,
    checks::{self, Own},
    cluster::Get,
    keda::Derived,
    manifests::{Manifests, Note, Object, Problem},
    report::{Judged, Report, Reported, Subject, Summary, Unjudged},
};

mod active;
mod ambiguous;
mod custom_kinds;
mod group;
mod looks_at;
mod member;
mod needed;
mod run;
mod state;
mod surroundings;
mod unread;

pub use active::ActivePolicy;
pub(crate) use active::Judge;
pub(crate) use custom_kinds::CustomKind;
pub use group::Group;
pub use looks_at::LooksAt;
pub use member::Member;
use needed::Witnesses;
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
    let reader = unread::Reader::new(run.kinds(), policies);
    let witnesses = run.witnesses();
    let told = Told {
        of_keda: &derived,
        witnesses: &witnesses,
    };
    for (number, (object, evaluations)) in run.written().iter().zip(judged).enumerate() {
        let own = own.remove(&number).unwrap_or_default();
        let is_read = evaluations.iter().any(Evaluation::is_of_a_reader);
        let unread = reader.reason(object, is_read);
        add(&mut report, object, evaluations, own, unread, &told);
    }
    let findings = report.refusals.iter().chain(&report.warnings);
    let notes = run.notes_on(findings);
    report.notes.extend(notes);
    report.leave(manifests.left_out);
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

/// What findings are told with.
struct Told<'a> {
    /// What KEDA makes of the objects.
    of_keda: &'a [&'a Derived],
    /// What was probably meant in place of what is not there.
    witnesses: &'a Witnesses<'a>,
}

/// What is made of a finding.
enum Finding {
    Kept(Reported),
    /// It is about an object that no manifest has, nor anything like it.
    Needed(Subject, Reported),
}

impl Told<'_> {
    /// The finding with what was probably meant, where it is about an object that is absent.
    fn judge(&self, policy: &str, finding: Reported, object: &Object, gets: &[Get]) -> Finding {
        let Some(absent) = needed::absent(policy, &finding, object, gets) else {
            return Finding::Kept(finding);
        };
        match self.witnesses.hint(absent, &object.file) {
            Some(hint) => Finding::Kept(Reported {
                problem: format!("{}; {hint}", finding.problem),
                ..finding
            }),
            None => Finding::Needed(needed::subject(absent), finding),
        }
    }
}

/// The policies that gave an answer, each once.
fn names(evaluations: &[Evaluation<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for evaluation in evaluations {
        let name = evaluation.by.name();
        if evaluation.result.is_ok() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn add(
    report: &mut Report,
    object: &Object,
    evaluations: Vec<Evaluation<'_>>,
    own: Own,
    unread: Option<Unjudged>,
    with: &Told<'_>,
) {
    let subject = Subject::of(object);
    let (mut refused, mut warned) = (!own.refusals.is_empty(), !own.warnings.is_empty());
    let (mut unjudged, mut incomplete) = (unread.is_some(), false);
    report.leave(unread);
    let unseen = evaluations.is_empty();
    let position = report.judged.len();
    let here = |finding: Reported| finding.at(position);
    report.judged.push(Judged {
        object: subject.clone(),
        place: object.place(),
        policies: names(&evaluations),
    });
    for Evaluation {
        by,
        derived,
        result,
    } in evaluations
    {
        let policy = by.name();
        let subject = match derived {
            Some(derived) => format!("{} of {subject}", derived.name()),
            None => subject.to_string(),
        };
        let told = |finding: Reported| match derived {
            Some(derived) => finding.of_derived(object, derived),
            None => finding.retold(with.of_keda),
        };
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                unjudged = true;
                let text = format!("{policy} could not check {subject}: {error}");
                report.problems.push(Problem {
                    place: object.place(),
                    text,
                });
                continue;
            }
        };
        let response = &answer.response;
        if !response.accepted {
            let findings = Reported::of_answer(policy, object, &answer);
            let more = findings.len().saturating_sub(LISTED);
            // A policy that lists as little here as there says so itself.
            if more > 0 && findings.iter().all(|finding| finding.more.is_none()) {
                let text = format!(
                    "{policy} refuses {subject} for more than a cluster shows: there it lists {LISTED} findings and \
                     counts {more} more"
                );
                report.notes.push(Note {
                    place: object.place(),
                    text,
                });
            }
            let named = by.policy().map(Policy::name).unwrap_or_default();
            let findings = findings.into_iter().map(|finding| {
                match with.judge(named, finding, object, &answer.gets) {
                    Finding::Kept(finding) | Finding::Needed(_, finding) => here(told(finding)),
                }
            });
            if by.only_reports() {
                warned = true;
                report
                    .warnings
                    .extend(findings.map(Reported::only_reported));
            } else {
                refused = true;
                report.refusals.extend(findings);
            }
        }
        for warning in &response.warnings {
            let named = by.policy().map(Policy::name).unwrap_or_default();
            let finding = Reported::of_warning(named, object, warning);
            if checks::is_said(&finding, &own.refusals) {
                continue;
            }
            let by_policy = |finding| {
                here(told(Reported {
                    policy: policy.to_owned(),
                    ..finding
                }))
            };
            match with.judge(named, finding, object, &answer.gets) {
                Finding::Kept(finding) => {
                    warned = true;
                    report.warnings.push(by_policy(finding));
                }
                Finding::Needed(needed, finding) => {
                    incomplete = true;
                    report.need(needed, by_policy(finding));
                }
            }
        }
        if response.mutated_object.is_some() {
            let text = format!("{policy} would change {subject}; it was checked as it is written");
            report.notes.push(Note {
                place: object.place(),
                text,
            });
        }
    }
    report.refusals.extend(own.refusals.into_iter().map(here));
    report.warnings.extend(own.warnings.into_iter().map(here));
    report.count(position);
    let summary = &mut report.summary;
    let count = if refused {
        &mut summary.refused
    } else if unjudged {
        &mut summary.unjudged
    } else if warned {
        &mut summary.warned
    } else if incomplete {
        &mut summary.incomplete
    } else {
        summary.unseen += usize::from(unseen);
        &mut summary.clean
    };
    *count += 1;
}
