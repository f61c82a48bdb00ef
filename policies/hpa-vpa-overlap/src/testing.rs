//! Objects for the unit tests of the rules.

use serde_json::{Value, json};
pub(crate) use shared::testing::autoscaling::{container_utilization, hpa, utilization};
use shared::testing::{MemoryCluster, Review};

use crate::HpaVpaOverlap;

/// A metric that measures an amount of all containers.
pub(crate) fn value(resource: &str) -> Value {
    json!({
        "type": "Resource",
        "resource": {"name": resource, "target": {"type": "AverageValue", "averageValue": "100m"}},
    })
}

/// `VerticalPodAutoscaler` `shop/web` of `Deployment` `web`, in a mode and with policies; `null` for none.
pub(crate) fn vpa(mode: &Value, policies: &Value) -> Value {
    json!({
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "updatePolicy": {"updateMode": mode},
            "resourcePolicy": {"containerPolicies": policies},
        },
    })
}

/// `Deployment` `shop/web` with containers of these names.
pub(crate) fn deployment(containers: &[&str]) -> Value {
    let containers: Vec<Value> = containers
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": containers}}},
    })
}

/// The object with a controller that made it.
pub(crate) fn owned(mut object: Value, kind: &str, name: &str) -> Value {
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "example.com/v1", "kind": kind, "name": name, "controller": true}]);
    object
}

/// What the policy says of an object when others are there, with rules at their own levels on both sides.
pub(crate) fn lines(object: &Value, there: &[&Value], settings: &Value) -> Vec<String> {
    let there: Vec<Value> = there.iter().map(|object| (*object).clone()).collect();
    let mut settings = settings.clone();
    settings["writtenFirst"] = json!("deny");
    Review::create(object)
        .with(settings)
        .in_cluster(MemoryCluster::new(there))
        .lines::<HpaVpaOverlap>()
}

/// Where each of two is refused for cpu that both take, as [`both`] says it of an autoscaler that measures cpu and a VPA.
pub(crate) const BOTH_TAKE_CPU: [&[&str]; 2] = [
    &["spec.metrics[0].resource.target.averageUtilization [shared_resource]"],
    &["spec.updatePolicy.updateMode [shared_resource]"],
];

/// What the policy says of each of two when the other one is there, and a third.
pub(crate) fn both(
    one: &Value,
    other: &Value,
    third: &Value,
    settings: &Value,
) -> [Vec<String>; 2] {
    [
        lines(one, &[other, third], settings),
        lines(other, &[one, third], settings),
    ]
}

/// `HorizontalPodAutoscaler` `shop/web` that measures utilization of cpu.
pub(crate) fn cpu() -> Value {
    hpa(&json!([utilization("cpu")]))
}

/// `VerticalPodAutoscaler` `shop/web` that changes all that it can.
pub(crate) fn all() -> Value {
    vpa(&json!(null), &json!(null))
}

/// One that changes memory alone.
pub(crate) fn memory() -> Value {
    vpa(
        &json!(null),
        &json!([{"containerName": "*", "controlledResources": ["memory"]}]),
    )
}

/// Whether a request passes.
pub(crate) fn is_accepted(review: &Review) -> bool {
    review.judge::<HpaVpaOverlap>().accepted
}
