//! `workload-references`: more is never better, an UPDATE is refused for what is new alone, what needs no object is
//! judged the
//! same in every cluster, and no value of a Secret is told.

use serde_json::{Value, json};
use shared::testing::{MemoryCluster, Review};
use workload_references::WorkloadReferences;

use crate::answer::Answer;
use crate::choices::Choices;
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 5] = [
    "{}",
    r#"{"missing": {"configMaps": "deny", "secrets": "deny", "pullSecrets": "deny", "claims": "deny", "classes": "deny"}}"#,
    r#"{"unfit": {"binaryVariables": "deny", "sharedClaims": "deny", "fileModes": "deny"}}"#,
    r#"{"unfit": {"keys": "warn", "variables": "off", "binaryVariables": "off", "volumeModes": "off"}}"#,
    r#"{"secrets": "off", "expected": ["absent"]}"#,
];

const CONFIGS: [&str; 6] = ["web", "db", "empty", "absent", "Bad_Name", "${NAME}"];
const KEYS: [&str; 6] = ["a", "A", "nul", "bytes", "logo", "bad key!"];
const CLAIMS: [&str; 4] = ["data", "block", "absent", "Bad_Name"];
const PATHS: [&str; 5] = ["", "a", "x/a", "x", "./a"];

/// A value of a Secret that nothing else looks like, and its base64.
const VALUE: [&str; 2] = ["hunter2-hunter3", "aHVudGVyMi1odW50ZXIz"];

/// The bytes choose settings, and what a pod names in a cluster that has some of it.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let mut world = World::with(choices.pick(&SETTINGS))?;
    world.cluster = cluster().into();
    let pod = pod(&mut choices);
    let deployment = workload(&pod);
    world.keeps::<WorkloadReferences>(&deployment)?;

    // A volume behind the others, and a container that mounts it.
    let mut more = pod.clone();
    push(&mut more["volumes"], volume("added", &mut choices));
    let mounting = json!({"name": "added", "volumeMounts": [mount("added", &mut choices)]});
    push(&mut more["initContainers"], mounting);
    // Variables come before volumes, so that another place may be the first of several.
    let mut most = more.clone();
    let naming = json!({"name": "most", "env": [variable("ADDED", &mut choices)], "envFrom": [import(&mut choices)]});
    push(&mut most["containers"], naming);
    let (more, most) = (workload(&more), workload(&most));
    world.adds::<WorkloadReferences>(&deployment, &more)?;
    world.removes::<WorkloadReferences>(&most, &deployment)?;
    world.spoils::<WorkloadReferences>(&deployment, &more)?;
    world.spoils::<WorkloadReferences>(&deployment, &most)?;

    for object in [&deployment, &most] {
        let answer = world.create::<WorkloadReferences>(object)?;
        let told = format!("{answer:?}");
        ensure(!VALUE.iter().any(|value| told.contains(value)), || {
            format!("{told}: {}", world.tell(object))
        })?;
        // In a dry run only that is refused which is refused in a cluster without any object.
        let review = Review::create(object).with(world.settings.clone());
        let dry = review.clone().in_cluster(cluster()).dry_run();
        let dry = Answer::judge::<WorkloadReferences>(&dry)?;
        let bare = review.in_cluster(MemoryCluster::failing("deadline has elapsed"));
        let bare = Answer::judge::<WorkloadReferences>(&bare)?;
        ensure(dry.broken_by_field() == bare.broken_by_field(), || {
            format!("{dry:?}, {bare:?}: {}", world.tell(object))
        })?;
    }

    // What a controller of Kubernetes makes of a template was judged.
    let mut owned = object("v1", "Pod", &json!({ "spec": pod }));
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": true}]);
    let answer = world.create::<WorkloadReferences>(&owned)?;
    ensure(!answer.refuses() && answer.warned().is_empty(), || {
        format!("{answer:?}: {}", world.tell(&owned))
    })
}

/// A cluster with some of the objects.
fn cluster() -> MemoryCluster {
    let named = |name: &str, kind: &str, fields: Value| {
        let mut object = object("v1", kind, &fields);
        object["metadata"]["name"] = json!(name);
        object
    };
    let data = json!({"a": VALUE[1], "nul": "YQBi", "bytes": "gIH/"});
    let claim =
        |mode: &str| json!({"spec": {"volumeMode": mode, "accessModes": ["ReadWriteOncePod"]}});
    MemoryCluster::new([
        named(
            "web",
            "ConfigMap",
            json!({"data": {"a": "1", "nul": "\0"}, "binaryData": {"logo": "MQ=="}}),
        ),
        named("empty", "ConfigMap", json!({})),
        named("web", "Secret", json!({"type": "Opaque", "data": data})),
        named(
            "db",
            "Secret",
            json!({"type": "kubernetes.io/dockerconfigjson", "data": data}),
        ),
        named("data", "PersistentVolumeClaim", claim("Filesystem")),
        named("block", "PersistentVolumeClaim", claim("Block")),
    ])
}

fn workload(pod: &Value) -> Value {
    object(
        "apps/v1",
        "Deployment",
        &json!({"spec": {"template": {"spec": pod}}}),
    )
}

fn variable(name: &str, choices: &mut Choices<'_>) -> Value {
    let kind = choices.pick(&["configMapKeyRef", "secretKeyRef"]);
    let reference = json!({
        "name": choices.pick(&CONFIGS), "key": choices.pick(&KEYS), "optional": choices.once_in(4),
    });
    json!({"name": name, "valueFrom": {kind: reference}})
}

fn import(choices: &mut Choices<'_>) -> Value {
    let kind = choices.pick(&["configMapRef", "secretRef"]);
    json!({"prefix": choices.pick(&["", "P_"]), kind: {"name": choices.pick(&CONFIGS), "optional": choices.once_in(4)}})
}

fn volume(name: &str, choices: &mut Choices<'_>) -> Value {
    let config = choices.pick(&CONFIGS);
    let items = match choices.below(3) {
        0 => {
            json!([{"key": choices.pick(&KEYS), "path": "x/a", "mode": choices.pick(&[256, 400])}])
        }
        _ => Value::Null,
    };
    let optional = choices.once_in(4);
    let source = json!({"name": config, "items": items, "optional": optional});
    match choices.below(6) {
        0 => json!({"name": name, "configMap": source}),
        1 => {
            json!({"name": name, "secret": {"secretName": config, "items": items, "optional": optional}})
        }
        2 => {
            json!({"name": name, "projected": {"sources": [{"configMap": source}, {"serviceAccountToken": {"path": "a"}}]}})
        }
        3 => json!({"name": name, "persistentVolumeClaim": {"claimName": choices.pick(&CLAIMS)}}),
        4 => {
            json!({"name": name, "ephemeral": {"volumeClaimTemplate": {"spec": {"volumeMode": choices.pick(&["", "Block"])}}}})
        }
        _ => json!({"name": name, "emptyDir": {}}),
    }
}

fn mount(name: &str, choices: &mut Choices<'_>) -> Value {
    json!({"name": name, "mountPath": "/mounted", "subPath": choices.pick(&PATHS)})
}

fn pod(choices: &mut Choices<'_>) -> Value {
    let names = &["v", "w", "x"][..choices.below(4)];
    let volumes: Vec<Value> = names.iter().map(|name| volume(name, choices)).collect();
    let mut pod = json!({ "volumes": volumes });
    for list in ["containers", "initContainers"] {
        let mut containers = Vec::new();
        for name in 0..choices.below(3) {
            let env: Vec<Value> = ["A", "B", "A"][..choices.below(4)]
                .iter()
                .map(|name| variable(name, choices))
                .collect();
            let env_from: Vec<Value> = (0..choices.below(3)).map(|_| import(choices)).collect();
            let mut container = json!({
                "name": format!("{list}-{name}"), "env": env, "envFrom": env_from, "volumeMounts": [],
            });
            for name in names {
                if choices.below(2) == 0 {
                    push(&mut container["volumeMounts"], mount(name, choices));
                }
            }
            if choices.once_in(8) {
                container["volumeDevices"] = json!([{"name": "v", "devicePath": "/dev/x"}]);
            }
            containers.push(container);
        }
        pod[list] = json!(containers);
    }
    if choices.once_in(3) {
        pod["imagePullSecrets"] = json!([{"name": choices.pick(&CONFIGS)}]);
    }
    if choices.once_in(4) {
        pod["priorityClassName"] = json!(choices.pick(&["gold", "system-node-critical"]));
    }
    pod
}

fn push(list: &mut Value, item: Value) {
    if let Some(items) = list.as_array_mut() {
        items.push(item);
    }
}
