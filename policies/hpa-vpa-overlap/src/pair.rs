//! Two autoscalers of one target, and how to tell whoever writes one of them what the other does.

use shared::kubernetes::autoscaling::{
    ContainerPolicy, Goal, HorizontalPodAutoscaler, Metric, Owner, VerticalPodAutoscaler,
    first_occurrences,
};
use shared::{FieldPath, Finding, Level, Rule, Verdict, quote};

use crate::rules;
use crate::settings::{Scope, Settings};
use crate::workload::Workload;

/// The resources that a `VerticalPodAutoscaler` knows.
pub(crate) const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// Stands for all containers that no policy names, where nobody knows their names.
const UNNAMED: &str = "";

/// The kind that makes autoscalers of both kinds, and keeps them apart: GKE's, and the draft of the autoscaler project.
const MULTIDIMENSIONAL: &str = "MultidimPodAutoscaler";

/// The object that somebody writes, and that a finding points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Horizontal,
    Vertical,
}

/// Two autoscalers of one target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'p> {
    pub(crate) horizontal: &'p HorizontalPodAutoscaler<'p>,
    pub(crate) vertical: &'p VerticalPodAutoscaler<'p>,
    /// The target, where it can be read.
    pub(crate) workload: Option<&'p Workload>,
    pub(crate) side: Side,
}

/// A resource of a container that one autoscaler measures and the other one changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clash<'p> {
    pub(crate) pair: &'p Pair<'p>,
    pub(crate) metric: &'p Metric<'p>,
    pub(crate) container: &'p str,
    /// Whether the autoscaler measures the other resource, too.
    measures_both: bool,
}

/// The containers of pods whose template nobody knows: those with policies of their own, and all others.
fn assumed_containers<'v>(vertical: &VerticalPodAutoscaler<'v>) -> Vec<&'v str> {
    let policies = vertical.policies.iter();
    let mut containers: Vec<&str> = policies
        .map(|policy| policy.container)
        .filter(|name| !matches!(*name, "*" | UNNAMED))
        .collect();
    containers.push(UNNAMED);
    containers
}

/// Whether an autoscaler changes a request of a container.
fn controls(vertical: &VerticalPodAutoscaler<'_>, container: &str) -> bool {
    let mut resources = RESOURCES.iter();
    resources.any(|resource| vertical.controls(container, resource))
}

/// Whether an autoscaler may change requests at all.
pub(crate) fn is_active(vertical: &VerticalPodAutoscaler<'_>) -> bool {
    let mut containers = assumed_containers(vertical).into_iter();
    containers.any(|container| controls(vertical, container))
}

/// Whether an autoscaler may change requests, or raise them while containers start.
pub(crate) fn may_act(vertical: &VerticalPodAutoscaler<'_>) -> bool {
    is_active(vertical)
        || assumed_containers(vertical)
            .iter()
            .any(|container| vertical.boosts(container))
}

impl<'p> Pair<'p> {
    /// Judges the two.
    pub(crate) fn judge(&self, settings: &Settings, verdict: &mut Verdict) {
        if self.has_common_owner() {
            return;
        }
        let vertical = self.vertical;
        let active = match self
            .workload
            .and_then(|workload| workload.containers.as_ref())
        {
            Some(names) => names.iter().any(|name| controls(vertical, name)),
            None => is_active(vertical),
        };
        // What is refused is told with whatever else is wrong: correcting that alone would not help, and is no reason to
        // refuse the correction.
        let denies_boost = settings.startup_boost == Level::Deny;
        match settings.scope {
            Scope::Target if active => {
                rules::shared_target::check(self, settings, verdict);
                if !denies_boost {
                    return;
                }
            }
            Scope::Target => {}
            Scope::Resource => {
                let clashes = self.clashes();
                for clash in &clashes {
                    if clash.metric.goal == Goal::Utilization {
                        rules::shared_resource::check(clash, settings, verdict);
                    } else {
                        rules::shared_average_value::check(clash, settings, verdict);
                    }
                }
                if active && (clashes.is_empty() || settings.shared_target == Level::Deny) {
                    rules::shared_target::check(self, settings, verdict);
                }
            }
        }
        self.judge_boost(settings, verdict);
    }

    /// Judges the raise of cpu requests while containers start: of those that are left alone otherwise, or of all where
    /// it is refused.
    fn judge_boost(&self, settings: &Settings, verdict: &mut Verdict) {
        let (vertical, is_denied) = (self.vertical, settings.startup_boost == Level::Deny);
        let mut policies = vertical.policies.iter();
        if !vertical.startup_boost && !policies.any(|policy| policy.startup_boost) {
            return;
        }
        let metrics = self
            .horizontal
            .metrics
            .iter()
            .filter(|metric| metric.goal == Goal::Utilization && metric.resource == "cpu");
        let mut boosted = Vec::new();
        for metric in metrics {
            for container in self.measured(metric) {
                let counts = is_denied || !vertical.controls(container, "cpu");
                if counts && vertical.boosts(container) {
                    boosted.push(Clash {
                        pair: self,
                        metric,
                        container,
                        measures_both: false,
                    });
                }
            }
        }
        keep_distinct(&mut boosted);
        rules::startup_boost::check(&boosted, settings, verdict);
    }

    /// Whether one controller made both, one that knows of the two.
    pub(crate) fn has_common_owner(&self) -> bool {
        let owners = (&self.horizontal.meta.owner, &self.vertical.meta.owner);
        matches!(owners, (Some(one), Some(other)) if one == other && one.kind == MULTIDIMENSIONAL)
    }

    /// What both work on: each resource of a container once, utilization first.
    pub(crate) fn clashes(&'p self) -> Vec<Clash<'p>> {
        let measures = |resource: &&str| {
            let mut metrics = self.horizontal.metrics.iter();
            metrics.any(|metric| metric.resource == **resource)
        };
        let measures_both = RESOURCES.iter().all(measures);
        let controlled = RESOURCES.map(|resource| (resource, self.vertical.may_control(resource)));
        let of_goal = |goal: Goal| {
            let metrics = self.horizontal.metrics.iter();
            metrics.filter(move |metric| {
                metric.goal == goal && controlled.contains(&(&*metric.resource, true))
            })
        };
        let metrics = of_goal(Goal::Utilization).chain(of_goal(Goal::AverageValue));
        let mut clashes: Vec<Clash<'p>> = Vec::new();
        for metric in metrics {
            for container in self.measured(metric) {
                if self.vertical.controls(container, &metric.resource) {
                    clashes.push(Clash {
                        pair: self,
                        metric,
                        container,
                        measures_both,
                    });
                }
            }
        }
        keep_distinct(&mut clashes);
        clashes
    }

    /// The containers that the `VerticalPodAutoscaler` manages.
    fn containers(&self) -> Vec<&'p str> {
        let containers = self
            .workload
            .and_then(|workload| workload.containers.as_ref());
        match containers {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => assumed_containers(self.vertical),
        }
    }

    /// Those of them that a metric measures. One that is not in the template may be added to the pods; but those that
    /// start before the others are never managed, sidecars neither.
    fn measured(&self, metric: &'p Metric<'p>) -> Vec<&'p str> {
        let Some(name) = metric.container.as_deref() else {
            return self.containers();
        };
        let is_init_container = |workload: &Workload| workload.is_init_container(name);
        if self.workload.is_some_and(is_init_container) {
            return Vec::new();
        }
        vec![name]
    }

    /// The autoscaler that is not written.
    pub(crate) fn other(&self) -> String {
        match self.side {
            Side::Horizontal => self.vertical.to_string(),
            Side::Vertical => self.horizontal.to_string(),
        }
    }

    /// Who made the autoscaler that is written, and keeps it as it is.
    pub(crate) fn owner(&self) -> Option<&Owner<'_>> {
        let owner = self.horizontal.meta.owner.as_ref();
        owner.filter(|_| self.side == Side::Horizontal)
    }

    /// The same, for the end of a finding.
    pub(crate) fn owner_note(&self) -> String {
        owner_note(self.owner())
    }

    /// The field that names the target.
    pub(crate) fn target_field(&self) -> &'static str {
        match self.side {
            Side::Horizontal => "spec.scaleTargetRef",
            Side::Vertical => "spec.targetRef",
        }
    }
}

impl Clash<'_> {
    /// `container "app" of Deployment "web"`. What has no name has none in old and new objects alike.
    pub(crate) fn place(&self) -> String {
        let target = &self.pair.horizontal.target;
        if self.container == UNNAMED {
            format!("containers of {target}")
        } else {
            format!("container {} of {target}", quote(self.container))
        }
    }

    /// The field of the metric, or that of the policy that changes the container: `controlledResources`, or another.
    pub(crate) fn path(&self, policy_field: &'static str, otherwise: &'static str) -> String {
        if self.pair.side == Side::Horizontal {
            return self.metric.path(match self.metric.goal {
                Goal::AverageValue => "target.averageValue",
                _ => "target.averageUtilization",
            });
        }
        match self.policy_with_index() {
            Some((index, _)) => {
                let policies = FieldPath::new("spec.resourcePolicy.containerPolicies");
                policies.index(index).child(policy_field).to_string()
            }
            None => otherwise.to_owned(),
        }
    }

    /// The policy for the container, and its place.
    fn policy_with_index(&self) -> Option<(usize, &ContainerPolicy<'_>)> {
        self.pair.vertical.policy_with_index(self.container)
    }

    /// What to write instead, ready to be pasted.
    fn fix(&self, settings: &Settings) -> String {
        let (pair, resource) = (self.pair, &*self.metric.resource);
        let vertical = pair.vertical;
        let name = self.metric.container.as_deref();
        let existing = self.policy_with_index();
        // A second policy for the same would not count, and what else the first one says is to stay.
        let existing = existing.filter(|(_, policy)| name.is_none_or(|n| n == policy.container));
        // What it would change instead must not clash, too, nor be new.
        let mut others = RESOURCES.iter().filter(|other| **other != resource);
        let other = others.find(|other| vertical.controls(self.container, other));
        let other = other.filter(|_| !self.measures_both);
        let policy = match other {
            None => "mode: \"Off\"".to_owned(),
            Some(other) => format!("controlledResources: [{}]", quote(other)),
        };
        let (its, whoever) = match (pair.side, pair.owner()) {
            (Side::Horizontal, None) => ("its ", String::new()),
            (Side::Horizontal, Some(owner)) => ("its ", format!("have {owner} ")),
            (Side::Vertical, _) => ("", "have the HorizontalPodAutoscaler ".to_owned()),
        };
        let is_boosted = self.metric.goal == Goal::Utilization
            && resource == "cpu"
            && vertical.boosts(self.container);
        let boost = if is_boosted && settings.startup_boost == Level::Deny {
            format!(" and remove {its}startupBoost")
        } else {
            String::new()
        };
        if settings.shared_target == Level::Deny {
            return format!("remove one of the two, or set {its}updateMode to \"Off\"{boost}");
        }
        let policies = format!("{its}spec.resourcePolicy.containerPolicies");
        let policy = if let Some((index, _)) = existing {
            format!("set {policy} in {policies}[{index}]")
        } else {
            let name = quote(name.unwrap_or("*"));
            format!("add {{containerName: {name}, {policy}}} to {policies}")
        };
        // What a policy of a container leaves alone is not boosted either.
        let (or, boost) = match other {
            Some(_) if !boost.is_empty() => (" or", format!(",{boost}")),
            _ => (", or", boost),
        };
        format!(
            "{policy}{or} set {its}updateMode to \"Off\"{boost}, or {whoever}measure something other than {resource}"
        )
    }

    /// Says what the two do to each other, and whatever else does not tell it from others.
    pub(crate) fn report(
        &self,
        (rule, level): (&'static Rule, Level),
        words: &dyn Fn() -> (String, String),
        settings: &Settings,
        verdict: &mut Verdict,
    ) {
        verdict.report_with(level, &|| {
            let (what, besides) = words();
            let path = self.path("controlledResources", "spec.updatePolicy.updateMode");
            let finding = Finding::new(rule, &path, what).consequence(&besides);
            finding.fix(self.fix(settings))
        });
    }
}

/// `, and ScaledObject "web" owns this autoscaler`, where whoever reads it has to look there.
pub(crate) fn owner_note(owner: Option<&Owner<'_>>) -> String {
    match owner {
        Some(owner) => format!(", and {owner} owns this autoscaler"),
        None => String::new(),
    }
}

/// Keeps the first of each resource of a container. There may be thousands.
fn keep_distinct(clashes: &mut Vec<Clash<'_>>) {
    let places = clashes.iter();
    let places = places.map(|one| (Goal::Neither, &*one.metric.resource, Some(one.container)));
    let places: Vec<_> = places.collect();
    let mut is_first = first_occurrences(&places).into_iter();
    clashes.retain(|_| is_first.next().unwrap_or_default());
}
