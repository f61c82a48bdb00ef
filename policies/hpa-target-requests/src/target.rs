//! What the reference of an autoscaler leads to.

use shared::kubernetes::autoscaling::ScaleTarget;

use crate::settings::{ReadableKind, Settings};

/// What the reference of an autoscaler leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'s> {
    /// A kind whose pod spec can be read.
    Readable(ReadableKind<'s>),
    /// A kind of Kubernetes that has no `scale`.
    Unscalable,
    /// A known kind in the wrong case, or in the plural.
    WrongCase(&'s str),
    /// A known kind in the wrong group; holds the right `apiVersion`, and the kind.
    WrongGroup(&'s str, &'s str),
    /// A custom kind that it is not known how to read.
    Unknown,
}

impl<'s> Target<'s> {
    /// Resolves a reference as the controller does: by group and kind, in exact case, and in any version.
    /// Source: `reconcileAutoscaler` in `pkg/controller/podautoscaler/horizontal.go`.
    pub(crate) fn of(target: &ScaleTarget<'_>, settings: &'s Settings) -> Self {
        let kind = shared::GroupVersionKind {
            group: target.group(),
            version: "",
            kind: target.kind,
        };
        if let Some(readable) = settings.readable_kind(&kind) {
            return Self::Readable(readable);
        }
        // A plural is a resource, and no kind.
        let singular = target.kind.strip_suffix('s').unwrap_or(target.kind);
        let alike = |known: &ReadableKind<'_>| {
            known.kind.eq_ignore_ascii_case(target.kind)
                || known.kind.eq_ignore_ascii_case(singular)
        };
        let of_group = settings
            .readable()
            .find(|known| alike(known) && known.group().eq_ignore_ascii_case(kind.group));
        // Only groups of Kubernetes itself have no dot. In others there may be whatever has another name.
        let is_custom = kind.group.contains('.');
        let other = || settings.readable().find(alike).filter(|_| !is_custom);
        match of_group.or_else(other) {
            Some(known) if known.group() == kind.group => Self::WrongCase(known.kind),
            Some(known) => Self::WrongGroup(known.api_version, known.kind),
            None if is_custom => Self::Unknown,
            None => Self::Unscalable,
        }
    }
}
#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::Review;

    use crate::HpaTargetRequests;

    /// Where the first line points, and its rule.
    fn found(api_version: &str, kind: &str, settings: &serde_json::Value) -> (String, String) {
        let hpa = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"scaleTargetRef": {"apiVersion": api_version, "kind": kind, "name": "web"}},
        });
        let lines = Review::create(&hpa)
            .with(settings.clone())
            .lines::<HpaTargetRequests>();
        let line = lines.first().cloned().unwrap_or_default();
        let line = line.trim_start_matches("warning: hpa-target-requests: ");
        let path = line.split(':').next().unwrap_or_default();
        let rule = line.rsplit('[').next().unwrap_or_default();
        (path.to_owned(), rule.trim_end_matches(']').to_owned())
    }

    #[test]
    fn resolves_group_and_kind_as_the_controller_does() {
        let name = ("spec.scaleTargetRef.name", "missing_target");
        let kind = ("spec.scaleTargetRef.kind", "unscalable_target");
        let version = ("spec.scaleTargetRef.apiVersion", "unscalable_target");
        let unknown = ("spec.scaleTargetRef.kind", "uninspected_target");
        for (api_version, target, (path, rule)) in [
            ("apps/v1", "Deployment", name),
            ("apps/v1beta1", "StatefulSet", name),
            ("apps/v1", "ReplicaSet", name),
            ("v1", "ReplicationController", name),
            ("", "ReplicationController", name),
            ("apps/v1", "deployment", kind),
            ("apps/v1", "DaemonSet", kind),
            ("batch/v1", "Job", kind),
            ("batch/v1", "CronJob", kind),
            ("v1", "Pod", kind),
            ("", "", kind),
            ("", "Deployment", version),
            ("v1", "Deployment", version),
            ("extensions/v1beta1", "Deployment", version),
            ("apps/v1", "ReplicationController", version),
            ("argoproj.io/v1alpha1", "Rollout", name),
            ("argoproj.io/v1", "Rollout", name),
            ("apps.openshift.io/v1", "DeploymentConfig", name),
            ("apps.kruise.io/v1alpha1", "CloneSet", name),
            ("apps.kruise.io/v1beta1", "StatefulSet", name),
            ("argoproj.io/v1alpha1", "rollout", kind),
            ("Argoproj.io/v1alpha1", "Rollout", version),
            ("apps/v1", "Rollout", version),
            ("", "DeploymentConfig", version),
            ("apps/v1", "deployments", kind),
            ("apps", "Deployment", version),
            ("apps.kruise.io/v1beta1", "statefulset", kind),
            ("apps.kruise.io/v1alpha1", "DaemonSet", unknown),
            ("example.com/v1", "Rollout", unknown),
            ("example.com/v1", "Deployment", unknown),
        ] {
            let wanted = (path.to_owned(), rule.to_owned());
            assert_eq!(
                found(api_version, target, &json!({})),
                wanted,
                "{api_version} {target}"
            );
        }
        let gadget = json!({"apiVersion": "example.com/v1", "kind": "Gadget", "podSpecPath": "spec.template.spec"});
        let settings = json!({ "customKinds": [gadget] });
        let (_, rule) = found("example.com/v1beta1", "Gadget", &settings);
        assert_eq!(rule, "missing_target");
        let (_, rule) = found("example.com/v1", "gadget", &settings);
        assert_eq!(rule, "unscalable_target");
    }
}
