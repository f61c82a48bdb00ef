//! What is said of one object goes into the report.

use std::sync::Arc;

use shared::message::MAX_LISTED;

use super::{
    ActivePolicy, Evaluation, metadata,
    needed::{self, Witnesses},
};
use crate::{
    Policy, PolicyAnswer,
    checks::{self, Own},
    cluster::Get,
    keda::Derived,
    manifests::{Note, Object, Problem},
    report::{Judged, Outcome, Report, Reported, Subject, Unjudged},
};

/// What findings are told with.
pub(super) struct Told<'a> {
    /// What KEDA makes of the objects.
    pub(super) of_keda: &'a [&'a Derived],
    /// What was probably meant in place of what is not there.
    pub(super) witnesses: &'a Witnesses<'a>,
}

/// What is made of a finding.
enum Finding {
    Kept(Reported),
    /// It is about an object that no manifest has, nor anything like it.
    Needed(Subject, Reported),
}

/// An object in the report.
struct Entry<'r, 't> {
    report: &'r mut Report,
    object: &'r Object,
    /// Its position in the report.
    position: usize,
    own: &'r Own,
    told: &'r Told<'t>,
    outcome: Outcome,
}

/// Adds all that is said of an object, and counts it.
pub(super) fn add(
    report: &mut Report,
    object: &Object,
    evaluations: Vec<Evaluation<'_>>,
    mut own: Own,
    unread: Option<Unjudged>,
    told: &Told<'_>,
) {
    let unseen = evaluations.is_empty();
    let position = report.judged.len();
    report.judged.push(Judged {
        object: Subject::of(object),
        place: object.place(),
        policies: names(&evaluations),
        outcome: Outcome::Clean,
        is_unjudged: unread.is_some(),
        written: Arc::clone(object.written()),
    });
    let mut outcome = match (own.warnings.is_empty(), own.refusals.is_empty()) {
        (_, false) => Outcome::Refused,
        (false, true) => Outcome::Warned,
        (true, true) => Outcome::Clean,
    };
    if unread.is_some() {
        outcome = outcome.max(Outcome::Unjudged);
    }
    report.leave(unread);
    let absent = std::mem::take(&mut own.absent);
    let mut entry = Entry {
        report,
        object,
        position,
        own: &own,
        told,
        outcome,
    };
    for evaluation in evaluations {
        entry.evaluation(evaluation);
    }
    for (absent, finding) in absent {
        let finding = entry.weigh(&absent, finding);
        entry.warn(finding, None);
    }
    entry.metadata();
    let outcome = entry.outcome;
    let here = |finding: Reported| finding.at(position, object);
    report.refusals.extend(own.refusals.into_iter().map(here));
    report.warnings.extend(own.warnings.into_iter().map(here));
    if let Some(judged) = report.judged.last_mut() {
        judged.outcome = outcome;
    }
    let summary = &mut report.summary;
    if outcome == Outcome::Clean {
        summary.unseen += usize::from(unseen);
    }
    *summary.count(outcome) += 1;
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

impl Entry<'_, '_> {
    /// Adds what one policy says.
    fn evaluation(&mut self, evaluation: Evaluation<'_>) {
        let Evaluation {
            by,
            derived,
            result,
        } = evaluation;
        let policy = by.name();
        let subject = Subject::of(self.object);
        let subject = match derived {
            Some(derived) => format!("{} of {subject}", derived.name()),
            None => subject.to_string(),
        };
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                self.problem(Problem {
                    place: self.object.place(),
                    text: format!("{policy} could not check {subject}: {error}"),
                });
                return;
            }
        };
        if !answer.response.accepted {
            self.refusal(by, derived, &subject, &answer);
        }
        for warning in &answer.response.warnings {
            self.warning(by, derived, warning, &answer.gets);
        }
        if answer.response.mutated_object.is_some() {
            self.note(format!(
                "{policy} would change {subject}; it was checked as it is written"
            ));
        }
    }

    fn refusal(
        &mut self,
        by: &ActivePolicy,
        derived: Option<&Derived>,
        subject: &str,
        answer: &PolicyAnswer,
    ) {
        let policy = by.name();
        let findings = Reported::of_answer(policy, self.object, answer);
        let more = findings.len().saturating_sub(MAX_LISTED);
        // A policy that lists as little here as there says so itself.
        if more > 0 && findings.iter().all(|finding| finding.more.is_none()) {
            self.note(format!(
                "{policy} refuses {subject} for more than a cluster shows: there it lists {MAX_LISTED} findings and counts \
                 {more} more"
            ));
        }
        for finding in findings {
            let finding = match self.judge(name(by), finding, &answer.gets) {
                Finding::Kept(finding) | Finding::Needed(_, finding) => finding,
            };
            let finding = self.tell(finding, derived);
            if by.only_reports() {
                self.count(Outcome::Warned);
                self.report.warnings.push(finding.only_reported());
            } else {
                self.count(Outcome::Refused);
                self.report.refusals.push(finding);
            }
        }
    }

    fn warning(
        &mut self,
        by: &ActivePolicy,
        derived: Option<&Derived>,
        warning: &str,
        gets: &[Get],
    ) {
        let finding = Reported::of_warning(name(by), self.object, warning);
        let witnesses = self.told.witnesses;
        if checks::is_said(&finding, &self.own.refusals)
            || witnesses.is_guess(name(by), &finding, self.object, gets)
        {
            return;
        }
        let finding = Reported {
            policy: by.name().to_owned(),
            ..finding
        };
        let finding = self.judge(name(by), finding, gets);
        self.warn(finding, derived);
    }

    /// Adds what does not refuse the object.
    fn warn(&mut self, finding: Finding, derived: Option<&Derived>) {
        match finding {
            Finding::Kept(finding) => {
                let finding = self.tell(finding, derived);
                self.count(Outcome::Warned);
                self.report.warnings.push(finding);
            }
            Finding::Needed(needed, finding) => {
                let finding = self.tell(finding, derived);
                self.count(Outcome::Incomplete);
                self.report.need(needed, finding);
            }
        }
    }

    /// Adds what is wrong with the metadata, where no policy tells it.
    fn metadata(&mut self) {
        let is_told = |field: &str| {
            let told = self.report.refusals.iter().rev();
            let mut told = told.take_while(|told| told.position == self.position);
            told.any(|told| told.field.as_deref() == Some(field))
        };
        for problem in metadata::problems(self.object, is_told) {
            self.problem(problem);
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.count(Outcome::Unjudged);
        if let Some(judged) = self.report.judged.last_mut() {
            judged.is_unjudged = true;
        }
        self.report.problems.push(problem);
    }

    fn count(&mut self, outcome: Outcome) {
        self.outcome = self.outcome.max(outcome);
    }

    /// Whether it is about an object that is absent.
    fn judge(&self, policy: &str, finding: Reported, gets: &[Get]) -> Finding {
        match needed::absent(policy, &finding, self.object, gets) {
            Some(absent) => self.weigh(absent, finding),
            None => Finding::Kept(finding),
        }
    }

    /// The finding about an object that is absent, with what was probably meant.
    fn weigh(&self, absent: &Get, finding: Reported) -> Finding {
        match self.told.witnesses.hint(absent, &self.object.file) {
            Some(hint) => Finding::Kept(Reported {
                problem: format!("{}; {hint}", finding.problem),
                ..finding
            }),
            None => Finding::Needed(needed::subject(absent), finding),
        }
    }

    /// The finding about this object, in the words of its manifest.
    fn tell(&self, finding: Reported, derived: Option<&Derived>) -> Reported {
        let finding = match derived {
            Some(derived) => finding.of_derived(self.object, derived),
            None => finding.retold(self.told.of_keda),
        };
        finding.at(self.position, self.object)
    }

    fn note(&mut self, text: String) {
        self.report.notes.push(Note {
            place: self.object.place(),
            text,
        });
    }
}

/// The name that a policy has in its own words.
fn name(by: &ActivePolicy) -> &str {
    by.policy().map(Policy::name).unwrap_or_default()
}
