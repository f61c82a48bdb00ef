//! `service-routes`: more is never better, an UPDATE is refused for what is new alone, and a spelling changes nothing.

use std::sync::Arc;

use serde_json::{Value, json};
use service_routes::ServiceRoutes;
use shared::testing::MemoryCluster;

use crate::choices::Choices;
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 5] = [
    "{}",
    r#"{"missingService": "deny", "ingressClass": "deny", "literalPatterns": "deny", "tlsHosts": "deny"}"#,
    r#"{"services": "deny", "strayPods": "deny", "undeclaredPort": "deny", "unmatchedSelector": "all"}"#,
    r#"{"missingPort": "warn", "workloads": "warn", "rewrites": "warn", "runtimeLabels": ["track"]}"#,
    r#"{"missingService": "off", "rewrites": "off", "strayPods": "off", "unmatchedSelector": "off"}"#,
];

const PATHS: [&str; 12] = [
    "/",
    "/a",
    "/a/",
    "/a/*",
    "/foo(/|$)(.*)",
    "/foo(?:/|$)(.*)",
    "/x[(](.*)",
    r"/\d+",
    "/(",
    "/)",
    "",
    "/ä",
];
const TARGETS: [&str; 6] = ["", "/", "/$1", "/$2", "/$1$2", "/$1?a"];
const TYPES: [&str; 3] = ["Prefix", "Exact", "ImplementationSpecific"];
const HOSTS: [&str; 5] = [
    "",
    "a.example.com",
    "*.example.com",
    "b.a.example.com",
    "localhost",
];
const NAMES: [&str; 4] = ["web", "wbe", "api", "http"];
const LABELS: [&str; 3] = ["app", "track", "job-name"];
const NUMBERS: [i64; 4] = [80, 8080, 53, 0];

/// The bytes choose settings, an Ingress, Services and workloads.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let settings = choices.pick(&SETTINGS);
    let mut there = Vec::new();
    for name in &NAMES[..choices.below(3)] {
        let mut service = service(&mut choices);
        service["metadata"]["name"] = json!(name);
        there.push(service);
    }
    for (name, kind) in [
        ("web", "Deployment"),
        ("api", "StatefulSet"),
        ("wbe", "DaemonSet"),
    ] {
        if choices.below(2) == 0 {
            let mut workload = workload(kind, &mut choices);
            workload["metadata"]["name"] = json!(name);
            there.push(workload);
        }
    }
    let world = World {
        cluster: Arc::new(MemoryCluster::new(there)),
        ..World::with(settings)?
    };

    let mut paths: Vec<Value> = (0..choices.below(4)).map(|_| path(&mut choices)).collect();
    let target = choices.pick(&TARGETS);
    let (host, tls) = (choices.pick(&HOSTS), choices.pick(&HOSTS));
    let with = |paths: &[Value]| {
        let spec = json!({
            "ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": paths}}],
            "tls": [{"hosts": [tls]}],
        });
        let mut ingress = object("networking.k8s.io/v1", "Ingress", &json!({ "spec": spec }));
        ingress["metadata"]["annotations"] =
            json!({"nginx.ingress.kubernetes.io/rewrite-target": target});
        ingress
    };
    let ingress = with(&paths);
    world.keeps::<ServiceRoutes>(&ingress)?;
    paths.push(path(&mut choices));
    let more = with(&paths);
    world.adds::<ServiceRoutes>(&ingress, &more)?;
    world.removes::<ServiceRoutes>(&more, &ingress)?;
    world.spoils::<ServiceRoutes>(&ingress, &more)?;

    for changed in [service(&mut choices), workload("Deployment", &mut choices)] {
        world.keeps::<ServiceRoutes>(&changed)?;
        let respelt = respell(&changed);
        let (one, other) = (
            world.create::<ServiceRoutes>(&changed)?,
            world.create::<ServiceRoutes>(&respelt)?,
        );
        ensure(
            one.code == other.code
                && one.broken_by_field() == other.broken_by_field()
                && one.warned() == other.warned(),
            || format!("{one:?}, {other:?}: {} and {respelt}", world.tell(&changed)),
        )?;
        // What a controller makes of a workload is judged with it.
        if changed["kind"] == "Deployment" {
            let mut owned = changed.clone();
            owned["kind"] = json!("Job");
            owned["apiVersion"] = json!("batch/v1");
            owned["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "web", "controller": true}]);
            let answer = world.create::<ServiceRoutes>(&owned)?;
            ensure(!answer.refuses() && answer.warned().is_empty(), || {
                format!("{answer:?}: {}", world.tell(&owned))
            })?;
        }
    }
    Ok(())
}

fn path(choices: &mut Choices<'_>) -> Value {
    let port = match choices.below(3) {
        0 => json!({"name": choices.pick(&NAMES)}),
        1 => json!({"name": "use-annotation"}),
        _ => json!({"number": choices.pick(&NUMBERS)}),
    };
    let backend = json!({"service": {"name": choices.pick(&NAMES), "port": port}});
    json!({"path": choices.pick(&PATHS), "pathType": choices.pick(&TYPES), "backend": backend})
}

fn labels(choices: &mut Choices<'_>) -> Value {
    let mut labels = json!({});
    for _ in 0..choices.below(3) {
        labels[choices.pick(&LABELS)] = json!(choices.pick(&NAMES));
    }
    labels
}

fn target(choices: &mut Choices<'_>) -> Value {
    if choices.below(2) == 0 {
        json!(choices.pick(&NAMES))
    } else {
        json!(choices.pick(&NUMBERS))
    }
}

fn protocol(choices: &mut Choices<'_>) -> Value {
    match choices.below(4) {
        0 => json!("UDP"),
        1 => json!("TCP"),
        _ => Value::Null,
    }
}

fn service(choices: &mut Choices<'_>) -> Value {
    let mut ports = Vec::new();
    for _ in 0..choices.below(3) {
        let (port, target) = (choices.pick(&NUMBERS), target(choices));
        let name = choices.pick(&NAMES);
        ports.push(json!({"name": name, "port": port, "targetPort": target, "protocol": protocol(choices)}));
    }
    let mut spec = json!({"selector": labels(choices), "ports": ports});
    if choices.once_in(4) {
        spec["clusterIP"] = json!("None");
    }
    if choices.once_in(6) {
        spec["type"] = json!("ExternalName");
        spec["externalName"] = json!("10.0.0.5");
    }
    object("v1", "Service", &json!({ "spec": spec }))
}

fn workload(kind: &str, choices: &mut Choices<'_>) -> Value {
    let mut spec = json!({});
    for list in ["containers", "initContainers"] {
        let mut containers = Vec::new();
        for name in &NAMES[..choices.below(2)] {
            let mut ports = Vec::new();
            for _ in 0..choices.below(3) {
                let number = choices.pick(&NUMBERS);
                let name = choices.pick(&NAMES);
                ports.push(
                    json!({"name": name, "containerPort": number, "protocol": protocol(choices)}),
                );
            }
            let policy = if choices.below(2) == 0 { "Always" } else { "" };
            containers.push(json!({"name": name, "ports": ports, "restartPolicy": policy}));
        }
        spec[list] = json!(containers);
    }
    let template = json!({"metadata": {"labels": labels(choices)}, "spec": spec});
    object("apps/v1", kind, &json!({"spec": {"template": template}}))
}

/// The same with every protocol that is not there written out, and every one that is the default left out.
fn respell(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(respell).collect(),
        Value::Object(fields) => {
            let mut other: serde_json::Map<String, Value> = serde_json::Map::new();
            for (name, value) in fields {
                let value = match (name.as_str(), value) {
                    ("protocol", Value::Null) => json!("TCP"),
                    ("protocol", Value::String(text)) if text == "TCP" => Value::Null,
                    (_, value) => respell(value),
                };
                other.insert(name.clone(), value);
            }
            Value::Object(other)
        }
        other => other.clone(),
    }
}
