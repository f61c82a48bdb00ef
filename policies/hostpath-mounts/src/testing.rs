//! Pods for the unit tests of the rules.

use serde_json::{Value, json};
use shared::testing::Review;

use crate::HostpathMounts;

/// Pod `shop/ci` with one volume `v` of the node, and container `app` that mounts it with the fields of `mount`, or
/// does not when that is null.
pub(crate) fn pod(host_path: &Value, mount: &Value) -> Value {
    let mut mount = mount.clone();
    let mounts = match mount.as_object_mut() {
        None => json!([]),
        Some(fields) => {
            fields.insert("name".to_owned(), json!("v"));
            json!([fields])
        }
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "ci", "namespace": "shop"},
        "spec": {
            "volumes": [{"name": "v", "hostPath": host_path}],
            "containers": [{"name": "app", "volumeMounts": mounts}],
        },
    })
}

/// What the policy says of [`pod`] when it is created.
pub(crate) fn lines(host_path: &Value, mount: &Value, settings: &Value) -> Vec<String> {
    Review::create(&pod(host_path, mount))
        .with(settings.clone())
        .lines::<HostpathMounts>()
}
