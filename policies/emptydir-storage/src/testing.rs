//! Pods for the unit tests of the rules.

use serde_json::{Value, json};
use shared::testing::Review;

use crate::EmptydirStorage;

/// A pod spec with one `emptyDir` that container `app` mounts.
pub(crate) fn spec(empty_dir: &Value) -> Value {
    json!({
        "volumes": [{"name": "v", "emptyDir": empty_dir}],
        "containers": [{"name": "app", "volumeMounts": [{"name": "v"}]}],
    })
}

/// Deployment `shop/web` with this pod spec.
pub(crate) fn of_spec(spec: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": spec}},
    })
}

/// Deployment `shop/web` with [`spec`].
pub(crate) fn deployment(empty_dir: &Value) -> Value {
    of_spec(&spec(empty_dir))
}

/// Pod `shop/web` with [`spec`].
pub(crate) fn pod(empty_dir: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec(empty_dir),
    })
}

/// What the policy says of an object when it is created.
pub(crate) fn lines_of(object: &Value, settings: &Value) -> Vec<String> {
    Review::create(object)
        .with(settings.clone())
        .lines::<EmptydirStorage>()
}

/// What the policy says of [`deployment`] when it is created.
pub(crate) fn lines(empty_dir: &Value, settings: &Value) -> Vec<String> {
    lines_of(&deployment(empty_dir), settings)
}
