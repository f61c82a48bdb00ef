//! Workloads for the unit tests of the rules.

#![expect(
    clippy::needless_pass_by_value,
    reason = "tests hand over what `json!` makes"
)]

use serde_json::{Value, json};
use shared::testing::{MemoryCluster, Review, places};

use crate::WorkloadReferences;

/// Deployment `shop/web` with this pod spec.
pub(crate) fn deployment(spec: &Value) -> Value {
    of_kind("apps/v1", "Deployment", json!({"template": {"spec": spec}}))
}

/// An object `shop/web` with this spec.
pub(crate) fn of_kind(api_version: &str, kind: &str, spec: Value) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    })
}

/// Settings with the Rollouts of Argo as a custom kind.
pub(crate) fn with_rollouts() -> Value {
    let rollout =
        json!({"apiGroup": "argoproj.io", "kind": "Rollout", "podSpecPath": "spec.template.spec"});
    json!({ "customKinds": [rollout] })
}

/// A `ConfigMap` in the namespace, with these keys.
pub(crate) fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data})
}

/// A Secret in the namespace, with these keys.
pub(crate) fn secret(name: &str, kind: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, "type": kind, "data": data})
}

/// A claim in the namespace, with this spec.
pub(crate) fn claim(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

/// What the policy says of an object when it is created beside others.
pub(crate) fn lines_of(object: &Value, others: &[Value], settings: &Value) -> Vec<String> {
    Review::create(object)
        .with(settings.clone())
        .in_cluster(MemoryCluster::new(others.to_vec()))
        .lines::<WorkloadReferences>()
}

/// What the policy says of [`deployment`].
pub(crate) fn lines(spec: &Value, others: &[Value], settings: &Value) -> Vec<String> {
    lines_of(&deployment(spec), others, settings)
}

/// Where the findings of [`lines`] are, with their rules.
pub(crate) fn places_in(spec: &Value, others: &[Value], settings: &Value) -> Vec<String> {
    places(&lines(spec, others, settings))
}
