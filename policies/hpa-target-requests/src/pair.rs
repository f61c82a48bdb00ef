//! A metric of an autoscaler, the pods that it measures, and how to tell somebody that they do not fit.

use shared::autoscaling::{HorizontalPodAutoscaler, Metric};
use shared::{FieldPath, Finding, Level, Rule, Verdict, quote};

use crate::pods::Pods;

/// The object that somebody writes, and that a finding points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The autoscaler.
    Autoscaler,
    /// The workload, with the level of what is found there.
    Workload(Level),
}

/// A metric of an autoscaler, and the pods that it measures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'p> {
    pub(crate) autoscaler: &'p HorizontalPodAutoscaler<'p>,
    pub(crate) metric: &'p Metric<'p>,
    pub(crate) pods: &'p Pods<'p>,
    pub(crate) side: Side,
    /// Whether no metric of the autoscaler can be computed.
    pub(crate) nothing_works: bool,
}

/// Something that is wrong with a pair.
pub(crate) struct Problem {
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    /// What is there.
    pub(crate) what: String,
    /// The field of the metric.
    pub(crate) metric_field: &'static str,
    /// The field of the workload.
    pub(crate) place: String,
    /// What to write instead, in the autoscaler and in the workload.
    pub(crate) fix: [String; 2],
}

impl Pair<'_> {
    /// ` of Deployment "web"`, where somebody writes the autoscaler and not the workload itself.
    pub(crate) fn of_workload(&self) -> String {
        match self.side {
            Side::Autoscaler => format!(" of {}", self.workload()),
            Side::Workload(_) => String::new(),
        }
    }

    /// `Deployment "web"`
    pub(crate) fn workload(&self) -> String {
        format!("{} {}", self.pods.kind, quote(self.pods.name))
    }

    /// The request for the resource of the metric, in the container or pod at `place`.
    pub(crate) fn request_at(&self, place: &str) -> String {
        let place = FieldPath::new(place);
        let resources = place.child("resources");
        let requests = resources.child("requests");
        requests.entry(&self.metric.resource).to_string()
    }

    /// Says what is wrong, and what follows.
    pub(crate) fn report(&self, problem: Problem, verdict: &mut Verdict) {
        let Problem {
            rule,
            what,
            place,
            fix: [fix, fix_in_workload],
            ..
        } = problem;
        let effect = if self.nothing_works {
            "never scales"
        } else {
            "can only grow"
        };
        let (metric, failure) = (self.metric, self.metric.failure());
        let owner = match &self.autoscaler.meta.owner {
            Some(owner) => format!(" of {owner}"),
            None => String::new(),
        };
        let (level, finding) = match self.side {
            Side::Autoscaler => {
                let path = metric.path(problem.metric_field);
                let so = format!(", so the autoscaler{owner} {effect} ({failure})");
                (
                    problem.level,
                    Finding::new(rule, &path, what).so(&so).fix(fix),
                )
            }
            Side::Workload(most) => {
                let so = format!(
                    ", so {} {effect} by {} ({}, {failure})",
                    self.autoscaler, metric.resource, metric.source
                );
                let finding = Finding::new(rule, &place, what)
                    .so(&so)
                    .fix(fix_in_workload);
                (lower(problem.level, most), finding)
            }
        };
        verdict.report(level, finding);
    }
}

/// The less serious of two levels.
fn lower(one: Level, other: Level) -> Level {
    match (one, other) {
        (Level::Off, _) | (_, Level::Off) => Level::Off,
        (Level::Warn, _) | (_, Level::Warn) => Level::Warn,
        (Level::Deny, Level::Deny) => Level::Deny,
    }
}
