//! Objects for the unit tests.

use serde_json::{Value, json};
use shared::testing::MemoryCluster;

/// Ingress `shop/shop` with a path to a port of Service `web`.
pub(crate) fn ingress(port: &Value) -> Value {
    let backend = json!({"service": {"name": "web", "port": port}});
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"ingressClassName": "nginx", "rules": [
            {"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}},
        ]},
    })
}

/// Service `shop/web` with a port, of pods with the label `app: web`.
pub(crate) fn service(port: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [port]},
    })
}

/// Deployment `shop/web` with these labels and a port.
pub(crate) fn deployment(labels: &Value, port: &Value) -> Value {
    let containers = json!([{"name": "app", "image": "nginx", "ports": [port]}]);
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}},
    })
}

/// Where each finding is, and what it says to write: `spec.ports: keep it`.
pub(crate) fn fixes(lines: &[String]) -> Vec<String> {
    let fix = |line: &String| {
        let line = line
            .strip_prefix("warning: service-routes: ")
            .unwrap_or(line);
        let (place, rest) = line.split_once(": ")?;
        let (fix, _) = rest.split_once("; fix: ")?.1.rsplit_once(" [")?;
        Some(format!("{place}: {fix}"))
    };
    lines.iter().filter_map(fix).collect()
}

/// A cluster with these objects.
pub(crate) fn cluster(objects: &[Value]) -> MemoryCluster {
    MemoryCluster::new(objects.to_vec())
}
