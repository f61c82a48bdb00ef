//! Whether a `VerticalPodAutoscaler` changes anything.

use shared::kubernetes::autoscaling::VerticalPodAutoscaler;

/// The resources that a `VerticalPodAutoscaler` knows.
pub(crate) const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// Stands for all containers that no policy names, where their names are not known.
pub(crate) const UNNAMED: &str = "";

/// The containers of pods whose template is not known: those with policies of their own, and all others.
pub(crate) fn assumed_containers<'v>(vertical: &VerticalPodAutoscaler<'v>) -> Vec<&'v str> {
    let policies = vertical.policies.iter();
    let mut containers: Vec<&str> = policies
        .map(|policy| policy.container)
        .filter(|name| !matches!(*name, "*" | UNNAMED))
        .collect();
    containers.push(UNNAMED);
    containers
}

/// Whether it changes a request of a container.
pub(crate) fn controls(vertical: &VerticalPodAutoscaler<'_>, container: &str) -> bool {
    let mut resources = RESOURCES.iter();
    resources.any(|resource| vertical.controls(container, resource))
}

/// Whether it may change requests at all.
pub(crate) fn is_active(vertical: &VerticalPodAutoscaler<'_>) -> bool {
    let mut containers = assumed_containers(vertical).into_iter();
    containers.any(|container| controls(vertical, container))
}

/// Whether it may change requests, or raise them while containers start.
pub(crate) fn may_act(vertical: &VerticalPodAutoscaler<'_>) -> bool {
    let is_boosted = |container: &&str| vertical.boosts(container);
    is_active(vertical) || assumed_containers(vertical).iter().any(is_boosted)
}
