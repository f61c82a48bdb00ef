//! `emptydir-storage`: more is never better, an UPDATE is refused for what is new alone, and a spelling changes nothing.

use emptydir_storage::EmptydirStorage;
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 5] = [
    "{}",
    r#"{"requireLimit": "deny", "zeroSizeLimit": "deny"}"#,
    r#"{"unboundedMemory": "deny", "podLevelResources": false}"#,
    r#"{"sizeOverMemoryLimit": "deny", "sizeOverStorageLimit": "deny", "unboundedMemory": "deny"}"#,
    r#"{"sizeOverMemoryLimit": "off", "sizeOverStorageLimit": "off", "zeroSizeLimit": "off", "unboundedMemory": "off"}"#,
];

const MEDIA: [&str; 9] = [
    "",
    "",
    "Memory",
    "Memory",
    "memory",
    "HugePages",
    "HugePages-2Mi",
    "HugePages-2048Ki",
    "HugePages-x",
];

/// Sizes, each in two spellings.
const SIZES: [(&str, &str); 9] = [
    ("0", "0e3"),
    ("100m", "0.1"),
    ("4095", "4.095k"),
    ("4Ki", "4096"),
    ("1Mi", "1024Ki"),
    ("512Mi", "0.5Gi"),
    ("1Gi", "1024Mi"),
    ("1E", "1e18"),
    ("-1", "-1000m"),
];

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// The bytes choose settings, volumes, mounts and limits.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let world = World::with(choices.pick(&SETTINGS))?;
    let pod = pod(&mut choices);
    let deployment = workload(&pod);
    world.keeps::<EmptydirStorage>(&deployment)?;

    // A volume, and a mount of it. More limits can be better.
    let mut more = pod.clone();
    push(&mut more["volumes"], volume("added", &mut choices));
    if let Some(container) = more["containers"].get_mut(0) {
        push(&mut container["volumeMounts"], mount("added", &mut choices));
    }
    let more = workload(&more);
    world.adds::<EmptydirStorage>(&deployment, &more)?;
    world.removes::<EmptydirStorage>(&more, &deployment)?;
    world.spoils::<EmptydirStorage>(&deployment, &more)?;

    let respelt = workload(&respell(&pod));
    let answer = world.create::<EmptydirStorage>(&deployment)?;
    let again = world.create::<EmptydirStorage>(&respelt)?;
    ensure(
        answer.code == again.code
            && answer.broken_by_field() == again.broken_by_field()
            && answer.warned() == again.warned(),
        || {
            format!(
                "{answer:?}, {again:?}: {} and {respelt}",
                world.tell(&deployment)
            )
        },
    )?;

    // What a controller makes is never refused.
    let mut owned = object("v1", "Pod", &json!({ "spec": pod }));
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": true}]);
    let answer = world.create::<EmptydirStorage>(&owned)?;
    ensure(!answer.refuses() || answer.code == Some(400), || {
        format!("{answer:?}: {}", world.tell(&owned))
    })
}

fn workload(pod: &Value) -> Value {
    object(
        "apps/v1",
        "Deployment",
        &json!({"spec": {"template": {"spec": pod}}}),
    )
}

fn size(choices: &mut Choices<'_>) -> Value {
    if choices.once_in(4) {
        return Value::Null;
    }
    json!(choices.pick(&SIZES).0)
}

fn volume(name: &str, choices: &mut Choices<'_>) -> Value {
    match choices.below(8) {
        0 => json!({ "name": name }),
        1 => json!({"name": name, "configMap": {"name": "web"}}),
        _ => {
            let empty_dir = json!({"medium": choices.pick(&MEDIA), "sizeLimit": size(choices)});
            json!({"name": name, "emptyDir": empty_dir})
        }
    }
}

fn mount(name: &str, choices: &mut Choices<'_>) -> Value {
    json!({"name": name, "mountPath": "/mounted", "readOnly": choices.once_in(4)})
}

fn resources(choices: &mut Choices<'_>) -> Value {
    let mut limits = json!({});
    if choices.below(2) == 0 {
        limits["memory"] = size(choices);
    }
    if choices.once_in(3) {
        limits["ephemeral-storage"] = size(choices);
    }
    if choices.once_in(6) {
        limits[choices.pick(&["hugepages-2Mi", "hugepages-1Gi"])] = json!("1Gi");
    }
    json!({ "limits": limits })
}

fn pod(choices: &mut Choices<'_>) -> Value {
    let names = &NAMES[..choices.below(NAMES.len())];
    let volumes: Vec<Value> = names.iter().map(|name| volume(name, choices)).collect();
    let mut pod = json!({ "volumes": volumes });
    for list in ["containers", "initContainers"] {
        let mut containers = Vec::new();
        for name in 0..choices.below(3) {
            let mounts = 0..choices.below(3);
            let mounts: Vec<Value> = mounts
                .map(|_| mount(choices.pick(&NAMES), choices))
                .collect();
            let mut container = json!({"name": format!("{list}-{name}"), "volumeMounts": mounts});
            container["resources"] = resources(choices);
            if list == "initContainers" && choices.below(2) == 0 {
                container["restartPolicy"] = json!("Always");
            }
            containers.push(container);
        }
        pod[list] = json!(containers);
    }
    if choices.once_in(6) {
        pod["resources"] = resources(choices);
    }
    pod
}

fn push(list: &mut Value, item: Value) {
    if let Some(items) = list.as_array_mut() {
        items.push(item);
    }
}

/// The same with every size in another spelling.
fn respell(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let pair = SIZES.iter().find(|(size, _)| size == text);
            json!(pair.map_or(text.as_str(), |(_, other)| other))
        }
        Value::Array(items) => items.iter().map(respell).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let other = fields.map(|(name, value)| (name.clone(), respell(value)));
            Value::Object(other.collect())
        }
        other => other.clone(),
    }
}
