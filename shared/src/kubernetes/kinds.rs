//! Kinds that bear pods, and where their pod spec is.

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, PodTemplate, ReplicationController};

use crate::request::GroupVersionKind;

pub mod custom;
pub mod well_known;

/// A built-in kind that bears pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Where its pod spec is.
    pub pod_spec: &'static str,
}

const fn kind<K: Resource>(pod_spec: &'static str) -> WorkloadKind {
    WorkloadKind {
        group: K::GROUP,
        kind: K::KIND,
        pod_spec,
    }
}

/// Every kind of Kubernetes that bears pods. Those of other projects are in [`well_known`], and
/// [`custom`] is how an administrator names more.
pub const KINDS: &[WorkloadKind] = &[
    kind::<Pod>("spec"),
    kind::<PodTemplate>("template.spec"),
    kind::<ReplicationController>("spec.template.spec"),
    kind::<DaemonSet>("spec.template.spec"),
    kind::<Deployment>("spec.template.spec"),
    kind::<ReplicaSet>("spec.template.spec"),
    kind::<StatefulSet>("spec.template.spec"),
    kind::<CronJob>("spec.jobTemplate.spec.template.spec"),
    kind::<Job>("spec.template.spec"),
];

/// Where the pod spec of a built-in kind is. None for kinds that bear no pods.
#[must_use]
pub fn pod_spec_path(kind: &GroupVersionKind<'_>) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|known| kind.is(known.group, known.kind))
        .map(|known| known.pod_spec)
}

/// Whether a pod spec at this path of an object has all that its pods have. A template does; other parts of a custom kind may
/// have some fields of a pod spec alone, and the object the others elsewhere.
#[must_use]
pub fn is_whole(kind: &GroupVersionKind<'_>, path: &str, has_containers: bool) -> bool {
    // `template`, and names that end in it, such as `podTemplate`.
    pod_spec_path(kind).is_some() || has_containers && path.ends_with("emplate.spec")
}

/// Whether an object of a kind is a copy of a template in the controller that owns it, which was judged when its user
/// wrote it.
#[must_use]
pub fn is_copy(kind: &GroupVersionKind<'_>, owner: &GroupVersionKind<'_>) -> bool {
    kind.is_a::<ReplicaSet>() && owner.is_a::<Deployment>()
        || kind.is_a::<Job>() && owner.is_a::<CronJob>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_no_foreign_kind_for_a_built_in_one() {
        for (group, kind) in [
            ("serving.knative.dev", "Service"),
            ("batch.volcano.sh", "Job"),
            ("", "Deployment"),
        ] {
            assert_eq!(
                pod_spec_path(&GroupVersionKind {
                    group,
                    version: "v1",
                    kind
                }),
                None
            );
        }
    }
}
