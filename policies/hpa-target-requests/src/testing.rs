//! Objects for the unit tests of the rules.

use serde_json::{Value, json};
pub(crate) use shared::testing::autoscaling::{container_utilization, hpa, utilization};
use shared::testing::{MemoryCluster, Review};

use crate::HpaTargetRequests;

/// `Deployment` `shop/web` with a pod spec.
pub(crate) fn deployment(pod_spec: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": pod_spec}},
    })
}

/// A container with `resources`.
pub(crate) fn container(name: &str, resources: &Value) -> Value {
    json!({"name": name, "image": "x", "resources": resources})
}

/// What the policy says of an autoscaler with these metrics when a Deployment with this pod spec is there.
pub(crate) fn lines(metrics: &Value, pod_spec: &Value, settings: &Value) -> Vec<String> {
    Review::create(&hpa(metrics))
        .with(settings.clone())
        .in_cluster(MemoryCluster::new([deployment(pod_spec)]))
        .lines::<HpaTargetRequests>()
}

/// What the policy says of a Deployment with this pod spec when an autoscaler with these metrics is there.
pub(crate) fn workload_lines(metrics: &Value, pod_spec: &Value, settings: &Value) -> Vec<String> {
    Review::create(&deployment(pod_spec))
        .with(settings.clone())
        .in_cluster(MemoryCluster::new([hpa(metrics)]))
        .lines::<HpaTargetRequests>()
}

/// `Deployment` `shop/web` whose container requests nothing.
pub(crate) fn bare() -> Value {
    deployment(&json!({"containers": [container("app", &json!({}))]}))
}

/// `Deployment` `shop/web` whose container requests cpu.
pub(crate) fn sized() -> Value {
    deployment(&json!({"containers": [container("app", &json!({"requests": {"cpu": 1}}))]}))
}

/// A cluster with these objects.
pub(crate) fn cluster(objects: &[Value]) -> MemoryCluster {
    MemoryCluster::new(objects.to_vec())
}

/// Whether a request passes.
pub(crate) fn is_accepted(review: &Review) -> bool {
    review.judge::<HpaTargetRequests>().accepted
}
