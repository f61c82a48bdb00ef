//! `hostpath-mounts`: more is never better, an UPDATE is refused for what is new alone, and a spelling changes nothing.

use hostpath_mounts::HostpathMounts;
use hostpath_mounts::catalogue::RISKS;
use hostpath_mounts::host_path::HostPath;
use serde_json::{Value, json};
use shared::kubernetes::kinds::{KINDS, WorkloadKind};
use shared::testing::MemoryCluster;

use crate::choices::Choices;
use crate::host_path::respelled;
use crate::updates::{self, World};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 8] = [
    "{}",
    r#"{"writableMounts": "deny", "createdPaths": "deny", "nonRecursiveReadOnly": "deny"}"#,
    r#"{"mode": "allowlist"}"#,
    r#"{"mode": "allowlist", "allowed": [{"path": "/data", "readOnly": false}, {"path": "/run/docker.sock"}]}"#,
    r#"{"allowed": [{"path": "/var/log", "types": ["Directory"]}, {"path": "/", "match": "exact"}]}"#,
    r#"{"denied": [{"path": "/data", "reason": "ours"}, {"path": "/mnt", "reason": "theirs", "readOnlyIsEnough": true}]}"#,
    r#"{"followClaims": true}"#,
    r#"{"followClaims": true, "writableMounts": "deny", "bidirectionalPropagation": "warn"}"#,
];

/// Paths that no catalogue has, and some that are hard to read.
const OTHER_PATHS: [&str; 14] = [
    "/data",
    "/data/a b",
    "/mnt",
    "/mnt/keys/x",
    "/etcd",
    "/var/run/docker.sock",
    "/var/lock",
    "/proc/1/root/etc",
    "/proc/self/fd",
    "/",
    "",
    "C:\\data",
    "\\\\.\\pipe\\docker_engine",
    "C:\\PROGRA~3",
];

const TYPES: [&str; 5] = [
    "",
    "Directory",
    "DirectoryOrCreate",
    "FileOrCreate",
    "Socket",
];
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const CLAIMS: [&str; 3] = ["risky", "plain", "missing"];

/// The bytes choose settings, a kind, volumes and mounts.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let mut world = World::with(choices.pick(&SETTINGS))?;
    world.cluster = cluster().into();
    let kind = choices.pick(KINDS);
    let pod = pod(&mut choices);
    let object = workload(kind, &pod);
    world.keeps::<HostpathMounts>(&object)?;

    let (more, volume) = with_volume(&pod, &mut choices);
    let more = workload(kind, &more);
    world.adds::<HostpathMounts>(&object, &more)?;
    world.removes::<HostpathMounts>(&more, &object)?;
    world.spoils::<HostpathMounts>(&object, &more)?;
    let mounted = with_mount(&pod, &mut choices);
    let mounted = workload(kind, &mounted);
    world.adds::<HostpathMounts>(&object, &mounted)?;
    world.removes::<HostpathMounts>(&mounted, &object)?;

    let other = respell(&pod, &mut choices);
    is_judged_the_same(&world, &object, &workload(kind, &other))?;
    leads_nowhere(&world, &volume)
}

/// An object of a kind with this pod spec.
fn workload(kind: WorkloadKind, pod: &Value) -> Value {
    let mut fields = pod.clone();
    for name in kind.pod_spec.rsplit('.') {
        fields = json!({ name: fields });
    }
    let api_version = match kind.group {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    };
    updates::object(&api_version, kind.kind, &fields)
}

/// Claims that are bound to a risky path, and to one that is not.
fn cluster() -> MemoryCluster {
    let disk = |name: &str, path: &str| {
        let mut disk = updates::object(
            "v1",
            "PersistentVolume",
            &json!({"spec": {"hostPath": {"path": path}}}),
        );
        disk["metadata"] = json!({"name": name});
        disk
    };
    let claim = |name: &str, disk: &str| {
        let mut claim = updates::object(
            "v1",
            "PersistentVolumeClaim",
            &json!({"spec": {"volumeName": disk}}),
        );
        claim["metadata"]["name"] = json!(name);
        claim
    };
    MemoryCluster::new([
        disk("etc", "/etc"),
        disk("data", "/data/volumes"),
        claim("risky", "etc"),
        claim("plain", "data"),
    ])
}

fn path(choices: &mut Choices<'_>) -> String {
    let mut path = match choices.below(5) {
        0 => return choices.text(20),
        1 | 2 => {
            let risk = choices.pick(RISKS);
            risk.path.replace('*', "0").replace("<pid>", "1")
        }
        _ => (choices.pick(&OTHER_PATHS)).to_owned(),
    };
    match choices.below(6) {
        0 => path.push_str("/sub"),
        1 => path.push_str("-x"),
        2 => path.make_ascii_uppercase(),
        3 => path.truncate(path.rfind('/').unwrap_or_default()),
        _ => {}
    }
    path
}

fn volume(name: &str, choices: &mut Choices<'_>) -> Value {
    match choices.below(6) {
        0 => json!({"name": name, "emptyDir": {}}),
        1 => {
            let claim = json!({"claimName": choices.pick(&CLAIMS), "readOnly": choices.once_in(3)});
            json!({"name": name, "persistentVolumeClaim": claim})
        }
        _ => {
            let source = json!({"path": path(choices), "type": choices.pick(&TYPES)});
            json!({"name": name, "hostPath": source})
        }
    }
}

fn mount(name: &str, choices: &mut Choices<'_>) -> Value {
    let mut mount =
        json!({"name": name, "mountPath": "/mounted", "readOnly": choices.below(2) == 0});
    if choices.once_in(3) {
        mount["recursiveReadOnly"] = json!(choices.pick(&["Enabled", "IfPossible", "Disabled"]));
    }
    if choices.once_in(4) {
        mount["mountPropagation"] = json!(choices.pick(&["Bidirectional", "HostToContainer"]));
    }
    if choices.once_in(4) {
        mount["subPath"] =
            json!(choices.pick(&["a", "etc/kubernetes", "docker.sock", "../x", "a/.."]));
    }
    mount
}

fn pod(choices: &mut Choices<'_>) -> Value {
    let volumes: Vec<Value> = NAMES[..choices.below(NAMES.len())]
        .iter()
        .map(|name| volume(name, choices))
        .collect();
    let mut pod = json!({ "volumes": volumes });
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        let mut containers = Vec::new();
        for name in 0..choices.below(3) {
            let mounts: Vec<Value> = (0..choices.below(3))
                .map(|_| mount(choices.pick(&NAMES), choices))
                .collect();
            containers.push(json!({"name": format!("{list}-{name}"), "volumeMounts": mounts}));
        }
        pod[list] = json!(containers);
    }
    pod
}

/// The same pod with one more volume, which a container that was there may mount; and that volume.
fn with_volume(pod: &Value, choices: &mut Choices<'_>) -> (Value, Value) {
    let mut more = pod.clone();
    let added = volume("added", choices);
    push(&mut more["volumes"], added.clone());
    if choices.below(2) == 0
        && let Some(container) = more["containers"].get_mut(0)
    {
        push(&mut container["volumeMounts"], mount("added", choices));
    }
    (more, added)
}

/// The same pod with one more mount of a volume that is mounted already. One that is not counts as writable, so that the
/// first mount of it may be better than none.
fn with_mount(pod: &Value, choices: &mut Choices<'_>) -> Value {
    let mut more = pod.clone();
    let mounted = pod
        .pointer("/containers/0/volumeMounts/0/name")
        .and_then(Value::as_str);
    if let Some(name) = mounted {
        push(
            &mut more["containers"][0]["volumeMounts"],
            mount(name, choices),
        );
    }
    more
}

fn push(list: &mut Value, item: Value) {
    if let Some(items) = list.as_array_mut() {
        items.push(item);
    }
}

/// The same pod with every Unix path of a volume in another spelling.
fn respell(pod: &Value, choices: &mut Choices<'_>) -> Value {
    let mut other = pod.clone();
    for volume in other["volumes"].as_array_mut().into_iter().flatten() {
        let Some(path) = volume.pointer_mut("/hostPath/path") else {
            continue;
        };
        let written = path.as_str().unwrap_or_default();
        if !HostPath::parse(written).is_windows() {
            *path = json!(respelled(written, choices));
        }
    }
    other
}

fn is_judged_the_same(world: &World, one: &Value, other: &Value) -> Outcome {
    let (answer, again) = (
        world.create::<HostpathMounts>(one)?,
        world.create::<HostpathMounts>(other)?,
    );
    ensure(
        answer.code == again.code
            && answer.broken_by_field() == again.broken_by_field()
            && answer.warned() == again.warned(),
        || format!("{answer:?}, {again:?}: {} and {other}", world.tell(one)),
    )
}

/// A path with a step back in it is refused wherever it seems to lead.
fn leads_nowhere(world: &World, volume: &Value) -> Outcome {
    let Some(path) = volume.pointer("/hostPath/path").and_then(Value::as_str) else {
        return Ok(());
    };
    for path in [
        format!("{path}/.."),
        format!("/data/../{path}"),
        format!("C:\\..\\{path}"),
    ] {
        let volumes = json!([{"name": "v", "hostPath": {"path": path}}]);
        let pod = updates::object("v1", "Pod", &json!({"spec": {"volumes": volumes}}));
        let answer = world.create::<HostpathMounts>(&pod)?;
        ensure(
            answer.audit_annotations.contains_key("parent_reference"),
            || format!("{answer:?}: {}", world.tell(&pod)),
        )?;
    }
    Ok(())
}
