//! A class that is not there.

use shared::{Rule, Verdict, rule};

use super::{Found, NO_POD};
use crate::reference::Target;

pub(crate) static RULE: Rule = rule! {
    id: "missing_class",
    summary: "A PriorityClass or RuntimeClass that is not there, or the StorageClass of a claim that is made for each pod",
    why: "The API server refuses the pods (FailedCreate), or their claims stay Pending (ProvisioningFailed). The name \
          of a storage \
          class may also be that of PersistentVolumes alone",
    fix: "create it, or name one that is there",
    levels: [Warn by "missing.classes"],
};

/// Tells it.
///
/// Source: `plugin/pkg/admission/priority/admission.go`, `plugin/pkg/admission/runtimeclass/admission.go`, and
/// `provisionClaim` in `pkg/controller/volume/persistentvolume/pv_controller.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    let effect = if found.object.target == Target::StorageClass {
        "or a PersistentVolume that names it, the claims stay Pending (ProvisioningFailed)"
    } else {
        NO_POD
    };
    found.tell_missing(&RULE, effect, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines_of, of_kind};

    fn found(spec: &Value) -> Vec<String> {
        let class = |api_version: &str, kind: &str| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "there"}});
        let there = [
            class("scheduling.k8s.io/v1", "PriorityClass"),
            class("node.k8s.io/v1", "RuntimeClass"),
            class("storage.k8s.io/v1", "StorageClass"),
        ];
        lines_of(
            &of_kind("apps/v1", "StatefulSet", spec.clone()),
            &there,
            &json!({}),
        )
    }

    #[test]
    fn tells_what_is_missing() {
        let of_claim = |name: &str| json!({"spec": {"storageClassName": name}});
        let pod = |spec: Value| json!({"template": {"spec": spec}});
        let volume =
            |name: &str| json!({"name": "v", "ephemeral": {"volumeClaimTemplate": of_claim(name)}});
        let pods = "without it no pod is made (FailedCreate)";
        let claims = "without it or a PersistentVolume that names it, the claims stay Pending (ProvisioningFailed)";
        for (spec, place, kind, effect) in [
            (
                pod(json!({"priorityClassName": "gold"})),
                "template.spec.priorityClassName",
                "PriorityClass",
                pods,
            ),
            (
                pod(json!({"runtimeClassName": "gold"})),
                "template.spec.runtimeClassName",
                "RuntimeClass",
                pods,
            ),
            (
                pod(json!({"volumes": [volume("gold")]})),
                "template.spec.volumes[0].ephemeral.volumeClaimTemplate.spec.storageClassName",
                "StorageClass",
                claims,
            ),
            (
                json!({"template": {"spec": {}}, "volumeClaimTemplates": [{}, of_claim("gold")]}),
                "volumeClaimTemplates[1].spec.storageClassName",
                "StorageClass",
                claims,
            ),
        ] {
            let line = format!(
                "warning: workload-references: spec.{place}: {kind} \"gold\" is not there (yet); {effect}; fix: create \
                 it, or name \
                 one that is there [missing_class]"
            );
            assert_eq!(found(&spec), [line], "{spec}");
        }
        for name in ["there", "", "system-node-critical"] {
            let spec = json!({
                "template": {"spec": {"priorityClassName": name}}, "volumeClaimTemplates": [of_claim("")],
            });
            assert_eq!(found(&spec), [""; 0], "{name}");
        }
    }
}
