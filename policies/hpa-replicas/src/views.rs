//! The kinds that this policy judges, and the fields that it reads.

use shared::kubernetes::autoscaling::{SCALABLE, SCALABLE_OF_OTHERS, ScaleTarget};
use shared::{FieldNames, GroupVersionKind};

/// The annotation of `kubectl apply`, and of what works like it: what it was given last.
/// Source: `staging/src/k8s.io/api/core/v1/annotation_key_constants.go`.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The annotation of what Helm installed. Source: `pkg/action/validate.go` of helm/helm.
pub(crate) const HELM_RELEASE: &str = "meta.helm.sh/release-name";

/// The fields that this policy reads.
static FIELDS: FieldNames = FieldNames::of(&[&[
    "metadata",
    "name",
    "deletionTimestamp",
    "resourceVersion",
    "annotations",
    LAST_APPLIED,
    HELM_RELEASE,
    "managedFields",
    "operation",
    "subresource",
    "fieldsV1",
    "f:spec",
    "f:replicas",
    "ownerReferences",
    "controller",
    "apiVersion",
    "kind",
    "spec",
    "replicas",
    "scaleTargetRef",
    "minReplicas",
    "maxReplicas",
]]);

/// Whether a view reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    FIELDS.has(field)
}

/// The kinds that can be scaled, by `apiVersion` and kind. All have the number in `spec.replicas`.
fn scalable() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    SCALABLE.iter().chain(SCALABLE_OF_OTHERS)
}

/// Whether the policy judges a kind as a workload.
pub(crate) fn is_scalable(kind: &GroupVersionKind<'_>) -> bool {
    scalable().any(|known| kind.is(group(known.0), known.1))
}

/// How to look the target of an autoscaler up: the `apiVersion` of its kind. None where the policy does not know it.
pub(crate) fn api_version(target: &ScaleTarget<'_>) -> Option<&'static str> {
    let mut known = scalable();
    let known = known.find(|known| known.1 == target.kind && group(known.0) == target.group());
    known.map(|(api_version, _)| *api_version)
}

/// Whether a kind is of another project, which the policy may not be allowed to read.
pub(crate) fn is_of_others(target: &ScaleTarget<'_>) -> bool {
    target.group().contains('.')
}

fn group(api_version: &str) -> &str {
    let target = ScaleTarget {
        api_version,
        ..ScaleTarget::default()
    };
    target.group()
}
