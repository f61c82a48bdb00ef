//! Autoscalers for the unit tests of the policies that read them.

use serde_json::{Value, json};

/// `HorizontalPodAutoscaler` `shop/web` of `Deployment` `web`, with metrics of v2.
#[must_use]
pub fn hpa(metrics: &Value) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 3,
            "metrics": metrics,
        },
    })
}

/// A metric that measures utilization of all containers.
#[must_use]
pub fn utilization(resource: &str) -> Value {
    json!({
        "type": "Resource",
        "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": 60}},
    })
}

/// A metric that measures utilization of one container.
#[must_use]
pub fn container_utilization(resource: &str, container: &str) -> Value {
    json!({
        "type": "ContainerResource",
        "containerResource": {
            "name": resource, "container": container, "target": {"type": "Utilization", "averageUtilization": 60},
        },
    })
}
