//! A metric of an autoscaler, the pods that it measures, and how to tell somebody that they do not fit.

use shared::kubernetes::autoscaling::{HorizontalPodAutoscaler, Metric};
use shared::{FieldPath, Finding, Level, Rule, Verdict, quote};

use crate::pods::Pods;

/// The object that somebody writes, and that a finding points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The autoscaler.
    Autoscaler,
    /// The workload.
    Workload,
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
    /// What is there besides, which does not tell it from others.
    pub(crate) besides: &'static str,
    /// The field of the metric.
    pub(crate) metric_field: &'static str,
    /// The field of the workload.
    pub(crate) place: String,
    /// What to write instead, in the autoscaler and in the workload.
    pub(crate) fix: [String; 2],
}

/// Counts what is wrong, where it will not be read. Says whether that was so.
pub(crate) fn count_unread(rule: &'static Rule, level: Level, verdict: &mut Verdict) -> bool {
    let level = verdict.capped(level);
    // The first refusal has words, whatever was said before.
    let is_read = verdict.keeps_findings() || level == Level::Deny && verdict.is_accepted();
    if !is_read {
        verdict.report(level, Finding::new(rule, &"", ""));
    }
    !is_read
}

impl Pair<'_> {
    /// ` of Deployment "web"`, where somebody writes the autoscaler and not the workload itself.
    pub(crate) fn of_workload(&self) -> String {
        match self.side {
            Side::Autoscaler => format!(" of {}", self.workload()),
            Side::Workload => String::new(),
        }
    }

    /// `Deployment "web"`
    pub(crate) fn workload(&self) -> String {
        format!("{} {}", self.pods.kind, quote(self.pods.name))
    }

    /// The request for the resource of the metric, in the container or pod at `place`.
    pub(crate) fn request_at(&self, place: &str) -> String {
        self.amount_at(place, "requests")
    }

    /// The same in a list of the resources there, `requests` or `limits`.
    pub(crate) fn amount_at(&self, place: &str, list: &'static str) -> String {
        let place = FieldPath::new(place);
        let resources = place.child("resources");
        let list = resources.child(list);
        list.entry(&self.metric.resource).to_string()
    }

    /// Says what is wrong, and what follows.
    pub(crate) fn report(&self, problem: Problem, verdict: &mut Verdict) {
        let Problem {
            rule,
            what,
            besides,
            place,
            fix: [fix, fix_in_workload],
            ..
        } = problem;
        let (metric, failure) = (self.metric, self.metric.failure_reason());
        let owner = match &self.autoscaler.meta.owner {
            Some(owner) => format!(" of {owner}"),
            None => String::new(),
        };
        let (path, consequence, fix) = match self.side {
            Side::Autoscaler => {
                let effect = if self.nothing_works {
                    "never scales"
                } else {
                    "can only grow"
                };
                let consequence =
                    format!("{besides}, so the autoscaler{owner} {effect} ({failure})");
                (metric.path(problem.metric_field), consequence, fix)
            }
            Side::Workload => {
                let rest = if self.nothing_works {
                    ""
                } else {
                    ", and can only grow by its other metrics"
                };
                let consequence = format!(
                    "{besides}, so {} never scales by {} ({}, {failure}){rest}",
                    self.autoscaler, metric.resource, metric.source
                );
                (place, consequence, fix_in_workload)
            }
        };
        let finding = Finding::new(rule, &path, what)
            .consequence(&consequence)
            .fix(fix);
        verdict.report(problem.level, finding);
    }
}
