//! The claims of the pods of a `StatefulSet`.
//!
//! Source: `getPersistentVolumeClaimName` and `getStartOrdinal` in `pkg/controller/statefulset/stateful_set_utils.go` of
//! kubernetes/kubernetes.

use tree::{Value, json};

use super::{filled, is, items};

/// At most this many pods are followed: no manifest names the claims of more.
const MAX_PODS: u64 = 100;

pub(super) fn derive(object: &Value) -> Vec<Value> {
    let Some(set) = filled(object, "/metadata/name").filter(|_| is(object, "apps", "StatefulSet"))
    else {
        return Vec::new();
    };
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
    let first = number("/spec/ordinals/start").unwrap_or_default();
    let count = number("/spec/replicas").unwrap_or(1).min(MAX_PODS);
    let mut claims = Vec::new();
    for template in items(object, "/spec/volumeClaimTemplates") {
        let Some(name) = filled(template, "/metadata/name") else {
            continue;
        };
        let pods = (0..count).map(|pod| first.saturating_add(pod));
        claims.extend(pods.map(|pod| {
            json!({
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": format!("{name}-{set}-{pod}"),
                    "namespace": object.pointer("/metadata/namespace"),
                },
                "spec": template.get("spec"),
            })
        }));
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::testing::told;

    #[test]
    fn each_pod_has_a_claim_of_each_template() {
        let templates = "volumeClaimTemplates: [{metadata: {name: data}, spec: {volumeMode: Block}}, {metadata: {name: log}}, {}]";
        for (replicas, expected) in [
            ("", &["data-web-0", "log-web-0"][..]),
            ("replicas: 0,", &[]),
            (
                "replicas: 2, ordinals: {start: 5},",
                &["data-web-5", "data-web-6", "log-web-5", "log-web-6"],
            ),
        ] {
            let spec = format!("{replicas} {templates}");
            let told = told(derive, "apps/v1 StatefulSet", &spec);
            let expected = expected
                .iter()
                .map(|name| format!("PersistentVolumeClaim shop/{name}"));
            assert_eq!(told, expected.collect::<Vec<_>>(), "{replicas}");
        }
        let many = format!("replicas: 4000000000, {templates}");
        assert_eq!(told(derive, "apps/v1 StatefulSet", &many).len(), 200);
        assert_eq!(told(derive, "apps/v1 Deployment", templates), [""; 0]);
    }
}
