//! Objects for the unit tests of the rules.

use serde_json::{Value, json};
use shared::testing::Review;

use crate::PodDisruption;

/// Deployment `shop/web` whose pods have this metadata and these volumes.
pub(crate) fn deployment(metadata: &Value, volumes: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"metadata": metadata, "spec": {"volumes": volumes}}},
    })
}

/// [`deployment`] with annotations.
pub(crate) fn annotated(annotations: &Value) -> Value {
    deployment(&json!({ "annotations": annotations }), &json!([]))
}

/// The same pods as those of another kind, at the same place.
pub(crate) fn of_kind(mut object: Value, api_version: &str, kind: &str) -> Value {
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    object
}

/// Pod `shop/web` with annotations.
pub(crate) fn pod(annotations: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {},
    })
}

/// An `emptyDir` of this name.
pub(crate) fn disk(name: &str) -> Value {
    json!({"name": name, "emptyDir": {}})
}

/// `PodDisruptionBudget` `shop/web`.
pub(crate) fn budget(spec: &Value) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    })
}

/// Deployment `shop/<name>` with this number of pods, which have these labels.
pub(crate) fn labelled(name: &str, labels: &Value, replicas: i64) -> Value {
    let mut object = deployment(&json!({ "labels": labels }), &json!([]));
    object["metadata"]["name"] = json!(name);
    object["spec"]["replicas"] = json!(replicas);
    object
}

/// `HorizontalPodAutoscaler` `shop/web` of `Deployment` `web`, with this `minReplicas`.
pub(crate) fn hpa(min: i64) -> Value {
    let mut object = shared::testing::autoscaling::hpa(&json!([]));
    object["spec"]["minReplicas"] = json!(min);
    object["spec"]["maxReplicas"] = json!(10);
    object
}

/// What the policy says of an object when it is created.
pub(crate) fn lines(object: &Value, settings: &Value) -> Vec<String> {
    Review::create(object)
        .with(settings.clone())
        .lines::<PodDisruption>()
}

/// Where something is found when an object is created, and by which rule.
pub(crate) fn found(object: &Value) -> Vec<String> {
    shared::testing::places(&lines(object, &json!({})))
}
