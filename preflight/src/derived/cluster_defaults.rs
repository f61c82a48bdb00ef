//! What every cluster has: in each namespace a `ServiceAccount` and the certificate of the API server, and two classes.
//!
//! Sources, of kubernetes/kubernetes: `pkg/controller/serviceaccount/serviceaccounts_controller.go`,
//! `pkg/controller/certificates/rootcacertpublisher/publisher.go`, `SystemPriorityClasses` in
//! `pkg/apis/scheduling/v1/helpers.go`.

use std::collections::BTreeSet;

use tree::{Value, json};

use super::data;

const CLASSES: [(&str, u32); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];

pub(super) fn derive(namespaces: &BTreeSet<&str>) -> Vec<Value> {
    let of_namespace = namespaces.iter().flat_map(|namespace| {
        let object = |kind: &str, name: &str| {
            json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}})
        };
        let mut certificate = object("ConfigMap", "kube-root-ca.crt");
        if let Some(fields) = certificate.as_object_mut() {
            fields.insert("data".into(), data(["ca.crt"]));
        }
        [object("ServiceAccount", "default"), certificate]
    });
    let classes = CLASSES.map(|(name, value)| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
        })
    });
    of_namespace.chain(classes).collect()
}
