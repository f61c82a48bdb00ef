//! Two autoscalers of one target, and what both of them work on.

use shared::index::{hash, keep_first};
use shared::kubernetes::autoscaling::{
    Goal, HorizontalPodAutoscaler, Metric, VerticalPodAutoscaler,
};

use crate::active::{RESOURCES, assumed_containers, controls, is_active};
use crate::kind::Kind;
use crate::workload::Workload;

/// The kind that makes autoscalers of both kinds, and keeps them apart: GKE's, and the draft of the autoscaler project.
const MULTIDIMENSIONAL: &str = "MultidimPodAutoscaler";

/// Two autoscalers of one target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'p> {
    pub(crate) horizontal: &'p HorizontalPodAutoscaler<'p>,
    pub(crate) vertical: &'p VerticalPodAutoscaler<'p>,
    /// The target, where it can be read.
    pub(crate) workload: Option<&'p Workload>,
    /// Which of the two is under review. A finding points into it.
    pub(crate) written: Kind,
}

/// A resource of a container that one autoscaler measures and the other one changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clash<'p> {
    pub(crate) pair: &'p Pair<'p>,
    pub(crate) metric: &'p Metric<'p>,
    pub(crate) container: &'p str,
}

impl<'p> Pair<'p> {
    /// Whether one controller made both, one that knows of the two.
    pub(crate) fn has_common_owner(&self) -> bool {
        let owners = (&self.horizontal.meta.owner, &self.vertical.meta.owner);
        matches!(owners, (Some(one), Some(other)) if one == other && one.kind == MULTIDIMENSIONAL)
    }

    /// The names of the containers, where they are known.
    fn known_containers(&self) -> Option<&'p [String]> {
        self.workload?.containers.as_deref()
    }

    /// Whether the `VerticalPodAutoscaler` changes requests of the target.
    pub(crate) fn is_active(&self) -> bool {
        match self.known_containers() {
            Some(names) => names.iter().any(|name| controls(self.vertical, name)),
            None => is_active(self.vertical),
        }
    }

    /// Whether the `HorizontalPodAutoscaler` measures all that the other one can change.
    pub(crate) fn measures_everything(&self) -> bool {
        let measures = |resource: &&str| {
            let mut metrics = self.horizontal.metrics.iter();
            metrics.any(|metric| metric.resource == **resource)
        };
        RESOURCES.iter().all(measures)
    }

    /// What both work on: each resource of a container once, utilization first.
    pub(crate) fn clashes(&'p self) -> Vec<Clash<'p>> {
        let controlled = RESOURCES.map(|resource| (resource, self.vertical.may_control(resource)));
        let of_goal = |goal: Goal| {
            let metrics = self.horizontal.metrics.iter();
            metrics.filter(move |metric| {
                metric.goal == goal && controlled.contains(&(&*metric.resource, true))
            })
        };
        let mut metrics = of_goal(Goal::Utilization).chain(of_goal(Goal::AverageValue));
        self.measured(&mut metrics, &|container, metric| {
            self.vertical.controls(container, &metric.resource)
        })
    }

    /// The containers whose cpu requests are raised while they start, and measured: `all`, or those that are left alone
    /// otherwise.
    pub(crate) fn boosted(&'p self, all: bool) -> Vec<Clash<'p>> {
        let vertical = self.vertical;
        let mut policies = vertical.policies.iter();
        if !vertical.startup_boost && !policies.any(|policy| policy.startup_boost) {
            return Vec::new();
        }
        let metrics = self.horizontal.metrics.iter();
        let mut metrics =
            metrics.filter(|metric| metric.goal == Goal::Utilization && metric.resource == "cpu");
        self.measured(&mut metrics, &|container, _| {
            (all || !vertical.controls(container, "cpu")) && vertical.boosts(container)
        })
    }

    /// What these metrics measure and `counts` takes: each resource of a container once.
    fn measured(
        &'p self,
        metrics: &mut dyn Iterator<Item = &'p Metric<'p>>,
        counts: &dyn Fn(&str, &Metric<'_>) -> bool,
    ) -> Vec<Clash<'p>> {
        let mut clashes = Vec::new();
        for metric in metrics {
            for container in self.containers(metric) {
                if counts(container, metric) {
                    clashes.push(Clash {
                        pair: self,
                        metric,
                        container,
                    });
                }
            }
        }
        // There may be thousands.
        let hash = |clash: &Clash<'_>| hash(hash(0, &clash.metric.resource), clash.container);
        keep_first(&mut clashes, hash, |one, other| {
            (one.container, &one.metric.resource) == (other.container, &other.metric.resource)
        });
        clashes
    }

    /// The containers that the `VerticalPodAutoscaler` manages and a metric measures. One that is not in the template
    /// may be added to the pods; but those that start before the others are never managed, sidecars neither.
    fn containers(&self, metric: &'p Metric<'p>) -> Vec<&'p str> {
        let Some(name) = metric.container.as_deref() else {
            return match self.known_containers() {
                Some(names) => names.iter().map(String::as_str).collect(),
                None => assumed_containers(self.vertical),
            };
        };
        let is_init_container = |workload: &Workload| workload.is_init_container(name);
        if self.workload.is_some_and(is_init_container) {
            return Vec::new();
        }
        vec![name]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::testing::{all, both, cpu, is_accepted, owned};

    #[test]
    fn a_pair_that_one_maker_keeps_apart_is_left_alone() {
        let made = |object: Value, kind: &str, name: &str| owned(object, kind, name);
        let kind = "MultidimPodAutoscaler";
        for (one, other, refused) in [
            ((kind, "web"), (kind, "web"), 0),
            ((kind, "web"), (kind, "api"), 1),
            (("Database", "web"), ("Database", "web"), 1),
        ] {
            let horizontal = made(cpu(), one.0, one.1);
            let vertical = made(all(), other.0, other.1);
            let sides = both(&horizontal, &vertical, &json!({}), &json!({}));
            assert_eq!(sides.map(|lines| lines.len()), [refused; 2], "{one:?}");
        }
        // The garbage collector lets go of one after the other.
        for (old, new, other) in [
            (made(cpu(), kind, "web"), cpu(), made(all(), kind, "web")),
            (made(all(), kind, "web"), all(), cpu()),
            (all(), all(), cpu()),
        ] {
            let review = Review::update(&old, &new).in_cluster(MemoryCluster::new([other]));
            assert!(is_accepted(&review), "{old}");
        }
    }
}
