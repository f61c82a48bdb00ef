//! A metric of an autoscaler, the pods that it measures, and how to say that they do not fit.

use shared::kubernetes::autoscaling::{HorizontalPodAutoscaler, Metric};
use shared::{FieldPath, Level, Rule, quote};

use crate::pods::{Container, Pods};
use crate::report::{Found, Report};

/// The object that is written, and that a finding points into.
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
    pub(crate) besides: String,
    /// The field of the metric.
    pub(crate) metric_field: &'static str,
    /// The field of the workload.
    pub(crate) place: String,
    /// What to write instead, in the autoscaler and in the workload.
    pub(crate) fix: [String; 2],
}

impl Pair<'_> {
    /// ` of Deployment "web"`, where it is the autoscaler that is written and not the workload itself.
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

    /// Who is to change the autoscaler: its owner would undo what is changed in it, as KEDA does.
    pub(crate) fn author(&self) -> String {
        match (&self.autoscaler.meta.owner, self.side) {
            (Some(owner), _) => format!("have {owner} "),
            (None, Side::Autoscaler) => String::new(),
            (None, Side::Workload) => "have the autoscaler ".to_owned(),
        }
    }

    /// How the autoscaler can do without the request, which `found` lacks.
    pub(crate) fn ways_around(&self, found: &Container<'_>) -> String {
        let (author, resource) = (self.author(), &*self.metric.resource);
        let is_of_keda = self
            .autoscaler
            .meta
            .owner
            .is_some_and(|owner| owner.kind == SCALED_OBJECT);
        let is_of_v1 = self.metric.is_of_v1();
        let alone = self.metric.container.is_none().then_some(());
        let alone = alone.and_then(|()| self.pods.main_container_beside(found, resource));
        let alone = alone.map(|main| {
            let by = if is_of_keda {
                "containerName of the trigger"
            } else if is_of_v1 {
                "a ContainerResource metric of autoscaling/v2"
            } else {
                "a ContainerResource metric"
            };
            format!("measure container {} alone ({by}), or ", quote(main.name))
        });
        let value = if is_of_keda {
            // Its webhook refuses an AverageValue of what is not requested as well: `verifyCPUMemoryScalers` in
            // `apis/keda/v1alpha1/scaledobject_webhook.go`.
            format!("use a trigger of another type than {resource}")
        } else if is_of_v1 {
            "use an averageValue target, which needs autoscaling/v2".to_owned()
        } else if self.side == Side::Workload {
            // It may be written in v1, which no list shows.
            "use an averageValue target (autoscaling/v2)".to_owned()
        } else {
            "use an averageValue target".to_owned()
        };
        format!("{author}{}{value}", alone.unwrap_or_default())
    }

    /// Says what is wrong, and what follows.
    pub(crate) fn report(&self, problem: Problem, report: &mut Report<'_>) {
        let Problem {
            rule,
            level,
            what,
            besides,
            place,
            fix: [fix, fix_in_workload],
            ..
        } = problem;
        let (metric, failure) = (self.metric, self.metric.failure_reason());
        let found = match self.side {
            Side::Autoscaler => {
                let owner = match &self.autoscaler.meta.owner {
                    Some(owner) => format!(" of {owner}"),
                    None => String::new(),
                };
                let effect = if self.nothing_works {
                    "never scales"
                } else {
                    "can only grow"
                };
                Found {
                    rule,
                    level,
                    path: metric.path(problem.metric_field),
                    what,
                    besides,
                    effect: format!("the autoscaler{owner} {effect} ({failure})"),
                    rest: "",
                    concerned: Default::default(),
                    fix,
                }
            }
            Side::Workload => {
                let rest = if self.nothing_works {
                    ""
                } else {
                    ", and can only grow by its other metrics"
                };
                let autoscaler = self.autoscaler.to_string();
                Found {
                    rule,
                    level,
                    path: place,
                    what,
                    besides,
                    effect: format!(
                        "{autoscaler} never scales by {} ({}, {failure})",
                        metric.resource, metric.source
                    ),
                    rest,
                    concerned: [autoscaler, format!(" ({})", metric.source)],
                    fix: fix_in_workload,
                }
            }
        };
        report.add(found);
    }
}

/// The kind by which KEDA is told what to scale.
const SCALED_OBJECT: &str = "ScaledObject";
