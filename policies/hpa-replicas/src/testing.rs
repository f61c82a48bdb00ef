//! Objects for the unit tests of the rules.

use serde_json::{Value, json};
use shared::testing::{MemoryCluster, Review};

use crate::HpaReplicas;
use crate::views::LAST_APPLIED;

/// Manifest of `Deployment` `shop/web`.
pub(crate) fn deployment(replicas: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas},
    })
}

/// [`deployment`] in a request, where an operation sent it.
pub(crate) fn managed(operation: &str, replicas: i64) -> Value {
    let mut object = deployment(&json!(replicas));
    object["metadata"]["managedFields"] =
        json!([{"operation": operation, "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
    object
}

/// [`deployment`] in a request by `kubectl apply`, which sent a number or none.
pub(crate) fn applied(replicas: i64, sent: Option<i64>) -> Value {
    let mut object = managed("Update", replicas);
    let configuration = json!({"spec": {"replicas": sent}}).to_string();
    object["metadata"]["annotations"] = json!({ LAST_APPLIED: configuration });
    object
}

/// [`applied`] as it is stored.
pub(crate) fn stored(replicas: i64, sent: Option<i64>) -> Value {
    let mut object = applied(replicas, sent);
    object["metadata"]["resourceVersion"] = json!("7");
    object
}

/// `HorizontalPodAutoscaler` `shop/web` of `Deployment` `web`.
pub(crate) fn hpa(min: i64, max: i64) -> Value {
    let mut object = shared::testing::autoscaling::hpa(&json!([]));
    object["spec"]["minReplicas"] = json!(min);
    object["spec"]["maxReplicas"] = json!(max);
    object
}

/// The same autoscaler, made by KEDA.
pub(crate) fn of_keda(mut hpa: Value) -> Value {
    hpa["metadata"]["ownerReferences"] =
        json!([{"kind": "ScaledObject", "name": "web", "controller": true}]);
    hpa
}

/// The same object as another kind, or an autoscaler of that kind.
pub(crate) fn of_kind(mut object: Value, api_version: &str, kind: &str) -> Value {
    let place = if object["kind"] == "HorizontalPodAutoscaler" {
        &mut object["spec"]["scaleTargetRef"]
    } else {
        &mut object
    };
    place["apiVersion"] = json!(api_version);
    place["kind"] = json!(kind);
    object
}

/// What the policy says of a request where these are there.
pub(crate) fn lines(review: &Review, there: &[Value]) -> Vec<String> {
    let review = review
        .clone()
        .in_cluster(MemoryCluster::new(there.to_vec()));
    review.lines::<HpaReplicas>()
}
