//! The controller that made an object.

use shared::kubernetes::{kinds, owner};
use shared::{DecodeError, GroupVersionKind, Request};

/// The controller that owns an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner<'a>(GroupVersionKind<'a>);

/// The owner of the object of a request. None where a user wrote it.
pub(crate) fn of<'a>(request: &Request<'a>) -> Result<Option<Owner<'a>>, DecodeError> {
    Ok(owner::controller(&request.object())?.map(Owner))
}

impl Owner<'_> {
    /// Whether the object of this `kind` is a copy of a template in the owner, which was judged when its user wrote it.
    pub(crate) fn was_judged(self, kind: &GroupVersionKind<'_>) -> bool {
        kinds::is_copy(kind, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{Review, places};

    use crate::EmptydirStorage;
    use crate::testing::{deployment, pod};

    /// What is said of an object with this owner.
    fn said(mut object: Value, owner: &Value) -> Vec<String> {
        object["metadata"]["ownerReferences"] = json!([{"kind": "Node", "name": "a"}, owner]);
        places(&Review::create(&object).lines::<EmptydirStorage>())
    }

    #[test]
    fn what_a_controller_makes_is_warned_of() {
        let bare = pod(&json!({"medium": "memory"}));
        let refused = ["spec.volumes[0].emptyDir.medium [unknown_medium]"];
        let warned = ["warning: spec.volumes[0].emptyDir.medium [unknown_medium]"];
        let set = |controls: Value| json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "controller": controls});
        for (owner, expected) in [
            (set(json!(true)), warned),
            (set(json!(false)), refused),
            (set(json!(null)), refused),
        ] {
            assert_eq!(said(bare.clone(), &owner), expected, "{owner}");
        }
        let by_kubernetes = Review::create(&bare)
            .by("system:serviceaccount:kube-system:daemon-set-controller")
            .lines::<EmptydirStorage>();
        assert_eq!(places(&by_kubernetes), warned);
    }

    #[test]
    fn copies_of_a_template_are_left_to_the_template() {
        let owner = |api_version: &str, kind: &str| json!({"apiVersion": api_version, "kind": kind, "name": "a", "controller": true});
        let warned = ["warning: spec.template.spec.volumes[0].emptyDir.medium [unknown_medium]"];
        for (api_version, kind, owner, expected) in [
            (
                "apps/v1",
                "ReplicaSet",
                owner("apps/v1", "Deployment"),
                &[][..],
            ),
            ("batch/v1", "Job", owner("batch/v1", "CronJob"), &[]),
            (
                "apps/v1",
                "ReplicaSet",
                owner("argoproj.io/v1alpha1", "Rollout"),
                &warned,
            ),
            (
                "apps/v1",
                "StatefulSet",
                owner("apps/v1", "Deployment"),
                &warned,
            ),
            (
                "batch/v1",
                "Job",
                owner("example.com/v1", "CronJob"),
                &warned,
            ),
        ] {
            let mut object = deployment(&json!({"medium": "memory"}));
            object["apiVersion"] = json!(api_version);
            object["kind"] = json!(kind);
            assert_eq!(said(object, &owner), expected, "{kind} {owner}");
        }
    }
}
