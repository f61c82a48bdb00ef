//! Services for the unit tests of the rules.

use serde_json::{Value, json};
use shared::testing::Review;

use crate::NodeportRange;

/// Service `shop/web`.
pub(crate) fn service(spec: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    })
}

/// The same Service with `managedFields`, in which a user has sent these ports, with or without a `nodePort`.
pub(crate) fn managed(mut service: Value, ports: &[(u16, &str, bool)]) -> Value {
    let mut fields = json!({});
    for (port, protocol, node_port) in ports {
        let key = format!("k:{{\"port\":{port},\"protocol\":\"{protocol}\"}}");
        fields[key] = if *node_port {
            json!({"f:port": {}, "f:nodePort": {}})
        } else {
            json!({"f:port": {}})
        };
    }
    service["metadata"]["managedFields"] =
        json!([{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:ports": fields}}}]);
    service
}

/// What the policy says of `service` with this spec when it is created.
pub(crate) fn lines(spec: &Value, settings: &Value) -> Vec<String> {
    lines_of(&service(spec), settings)
}

/// What the policy says of an object when it is created.
pub(crate) fn lines_of(object: &Value, settings: &Value) -> Vec<String> {
    Review::create(object)
        .with(settings.clone())
        .lines::<NodeportRange>()
}

/// What the policy says of a change.
pub(crate) fn lines_of_update(old: &Value, new: &Value, settings: &Value) -> Vec<String> {
    Review::update(old, new)
        .with(settings.clone())
        .lines::<NodeportRange>()
}
