//! What a policy reads is what Kubernetes writes: objects are built from the types of k8s-openapi, written by it, judged
//! by the real wasm, and judged once more on the typed objects by a few lines of this file.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bundle_tests::{complete, policies};
use hostpath_mounts::HostpathMounts;
use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec, StatefulSet,
    StatefulSetSpec,
};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EmptyDirVolumeSource, EnvVar, EphemeralContainer,
    HostPathVolumeSource, LocalVolumeSource, PersistentVolume, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, PersistentVolumeSpec, Pod,
    PodSpec, PodTemplate, PodTemplateSpec, ReplicationController, ReplicationControllerSpec,
    ResourceRequirements, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use preflight::{MemoryCluster, NoHost, Policy as Guest, Response};
use serde::Serialize;
use serde_json::{Value, json};
use shared::Policy;
use shared::kubernetes::kinds::KINDS;
use shared::message::parse_refusal;

/// Change it to try other objects; what fails is printed with it.
const SEED: u64 = 0x5eed_0001;

/// The fields that each rule found, by the rule.
type Findings = BTreeMap<String, BTreeSet<String>>;

/// What objects are made from.
struct Random(bundle_tests::Random);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        self.0.pick(choices).clone()
    }

    fn text(&mut self, choices: &[Option<&str>]) -> Option<String> {
        self.pick(choices).map(ToOwned::to_owned)
    }

    fn mounts(&mut self) -> Option<Vec<VolumeMount>> {
        let count = self.below(4);
        if count == 0 {
            return self.pick(&[None, Some(Vec::new())]);
        }
        let mount = |random: &mut Self| VolumeMount {
            name: random.pick(&VOLUMES).to_owned(),
            mount_path: "/mounted".to_owned(),
            read_only: random.pick(&[None, Some(false), Some(true)]),
            recursive_read_only: random.text(&[
                None,
                Some("Disabled"),
                Some("IfPossible"),
                Some("Enabled"),
            ]),
            mount_propagation: random.text(&[
                None,
                Some("None"),
                Some("HostToContainer"),
                Some("Bidirectional"),
            ]),
            sub_path: random.text(&[None, Some(""), Some("a/b")]),
            sub_path_expr: random.text(&[None, Some("$(NAME)")]),
        };
        Some((0..count).map(|_| mount(self)).collect())
    }

    fn containers(&mut self, names: &[&str]) -> Vec<Container> {
        let count = self.below(names.len() + 1);
        let names = names.iter().take(count);
        names
            .map(|name| Container {
                name: (*name).to_owned(),
                volume_mounts: self.mounts(),
                restart_policy: self.text(&[None, Some("Always")]),
                ..full_container()
            })
            .collect()
    }

    fn volumes(&mut self) -> Option<Vec<Volume>> {
        let count = self.below(VOLUMES.len() + 1);
        if count == 0 {
            return self.pick(&[None, Some(Vec::new())]);
        }
        let names = VOLUMES.iter().take(count);
        let volumes = names.map(|name| {
            let name = (*name).to_owned();
            if self.below(4) == 0 {
                Volume {
                    name,
                    empty_dir: Some(EmptyDirVolumeSource::default()),
                    ..Volume::default()
                }
            } else {
                Volume {
                    name,
                    host_path: Some(HostPathVolumeSource {
                        path: self.pick(&["/media", "/data", "//srv/./x"]).to_owned(),
                        type_: self.pick(&TYPES).map(ToOwned::to_owned),
                    }),
                    ..Volume::default()
                }
            }
        });
        Some(volumes.collect())
    }

    fn pod(&mut self) -> PodSpec {
        let ephemeral = self.containers(&["debug"]);
        PodSpec {
            volumes: self.volumes(),
            containers: self.containers(&["app", "proxy"]),
            init_containers: Some(self.containers(&["prepare", "sidecar"])),
            ephemeral_containers: Some(ephemeral.into_iter().map(ephemeral_container).collect()),
            node_selector: Some(BTreeMap::from([("disk".to_owned(), "ssd".to_owned())])),
            service_account_name: Some("agent".to_owned()),
            host_pid: Some(true),
            ..PodSpec::default()
        }
    }
}

const VOLUMES: [&str; 3] = ["one", "two", "three"];

/// Every type that a hostPath can have, and none.
const TYPES: [Option<&str>; 9] = [
    None,
    Some(""),
    Some("DirectoryOrCreate"),
    Some("Directory"),
    Some("FileOrCreate"),
    Some("File"),
    Some("Socket"),
    Some("CharDevice"),
    Some("BlockDevice"),
];

/// The types that [`narrow`] allows.
const ALLOWED_TYPES: [&str; 4] = ["", "Directory", "DirectoryOrCreate", "Socket"];

fn full_container() -> Container {
    let quantities = BTreeMap::from([("cpu".to_owned(), Quantity("100m".to_owned()))]);
    Container {
        image: Some("registry.example/app:1".to_owned()),
        command: Some(vec!["run".to_owned()]),
        env: Some(vec![EnvVar {
            name: "path".to_owned(),
            value: Some("/run/docker.sock".to_owned()),
            ..EnvVar::default()
        }]),
        ports: Some(vec![ContainerPort {
            container_port: 80,
            name: Some("http".to_owned()),
            ..ContainerPort::default()
        }]),
        resources: Some(ResourceRequirements {
            requests: Some(quantities),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            privileged: Some(true),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

fn ephemeral_container(container: Container) -> EphemeralContainer {
    EphemeralContainer {
        name: container.name,
        image: container.image,
        volume_mounts: container.volume_mounts,
        target_container_name: Some("app".to_owned()),
        ..EphemeralContainer::default()
    }
}

/// Every kind that bears pods, made of one pod spec: its name, and the object as k8s-openapi writes it.
fn workloads(spec: &PodSpec) -> Vec<(&'static str, Value)> {
    let template = || PodTemplateSpec {
        metadata: Some(ObjectMeta::default()),
        spec: Some(spec.clone()),
    };
    let metadata = || ObjectMeta {
        name: Some("web".to_owned()),
        namespace: Some("shop".to_owned()),
        labels: Some(BTreeMap::from([("name".to_owned(), "web".to_owned())])),
        ..ObjectMeta::default()
    };
    let job = || JobSpec {
        template: template(),
        ..JobSpec::default()
    };
    macro_rules! object {
        ($kind:ident, $($field:ident: $value:expr),+) => {
            (stringify!($kind), written(&$kind { metadata: metadata(), $($field: $value,)+ ..$kind::default() }))
        };
    }
    vec![
        object!(Pod, spec: Some(spec.clone())),
        (
            "PodTemplate",
            written(&PodTemplate {
                metadata: metadata(),
                template: Some(template()),
            }),
        ),
        object!(ReplicationController, spec: Some(ReplicationControllerSpec {
            template: Some(template()), ..ReplicationControllerSpec::default()
        })),
        object!(DaemonSet, spec: Some(DaemonSetSpec { template: template(), ..DaemonSetSpec::default() })),
        object!(Deployment, spec: Some(DeploymentSpec { template: template(), ..DeploymentSpec::default() })),
        object!(ReplicaSet, spec: Some(ReplicaSetSpec { template: Some(template()), ..ReplicaSetSpec::default() })),
        object!(StatefulSet, spec: Some(StatefulSetSpec { template: template(), ..StatefulSetSpec::default() })),
        object!(CronJob, spec: CronJobSpec {
            job_template: JobTemplateSpec { spec: Some(job()), ..JobTemplateSpec::default() },
            ..CronJobSpec::default()
        }),
        object!(Job, spec: Some(job())),
    ]
}

fn written(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap()
}

fn guest() -> Arc<Guest> {
    policies::load(HostpathMounts::NAME).unwrap()
}

fn judge(guest: &Guest, object: &Value, settings: &Value) -> Response {
    let request = complete(&json!({ "object": object })).unwrap();
    guest.validate(&request, settings, NoHost).unwrap()
}

/// Nothing is allowed.
fn nothing() -> Value {
    json!({"mode": "allowlist", "bidirectionalPropagation": "off"})
}

/// Everything is allowed to be read, with some types, and everything that can be refused besides is.
fn narrow() -> Value {
    json!({
        "mode": "allowlist",
        "allowed": [{"path": "/", "types": ALLOWED_TYPES}],
        "createdPaths": "deny",
        "nonRecursiveReadOnly": "deny",
        "bidirectionalPropagation": "deny",
    })
}

/// The findings in the audit annotations, which list all fields.
fn findings(response: &Response) -> Findings {
    let of_rule = |(rule, paths): (&String, &String)| {
        let paths = paths.split(", ").map(ToOwned::to_owned).collect();
        (rule.clone(), paths)
    };
    response.audit_annotations.iter().map(of_rule).collect()
}

/// All mounts of a pod, each with its field.
fn mounts(pod: &PodSpec) -> Vec<(String, VolumeMount)> {
    let lists = [
        ("containers", lists(&pod.containers)),
        (
            "initContainers",
            lists(pod.init_containers.as_deref().unwrap_or_default()),
        ),
        (
            "ephemeralContainers",
            pod.ephemeral_containers
                .iter()
                .flatten()
                .map(|container| container.volume_mounts.clone().unwrap_or_default())
                .collect(),
        ),
    ];
    let mut found = Vec::new();
    for (list, containers) in lists {
        for (container, mounts) in containers.into_iter().enumerate() {
            for (index, mount) in mounts.into_iter().enumerate() {
                found.push((format!("{list}[{container}].volumeMounts[{index}]"), mount));
            }
        }
    }
    found
}

fn lists(containers: &[Container]) -> Vec<Vec<VolumeMount>> {
    let mounts = containers.iter().map(|container| &container.volume_mounts);
    mounts
        .map(|mounts| mounts.clone().unwrap_or_default())
        .collect()
}

/// What [`nothing`] must find in a pod whose spec is at `base`.
fn expected_of_nothing(pod: &PodSpec, base: &str) -> Findings {
    let mut expected = Findings::new();
    for (index, volume) in pod.volumes.iter().flatten().enumerate() {
        if volume.host_path.is_some() {
            let field = format!("{base}.volumes[{index}].hostPath.path");
            let rule = "path_outside_allowed".to_owned();
            expected.entry(rule).or_default().insert(field);
        }
    }
    expected
}

/// What [`narrow`] must find in a pod whose spec is at `base`.
fn expected_of_narrow(pod: &PodSpec, base: &str) -> Findings {
    let mut expected = Findings::new();
    let mut found = |rule: &str, field: String| {
        let fields = expected.entry(rule.to_owned()).or_default();
        fields.insert(format!("{base}.{field}"));
    };
    let mounts = mounts(pod);
    for (index, volume) in pod.volumes.iter().flatten().enumerate() {
        let Some(source) = &volume.host_path else {
            continue;
        };
        let kind = source.type_.as_deref().unwrap_or_default();
        let field = format!("volumes[{index}].hostPath");
        if !ALLOWED_TYPES.contains(&kind) {
            found("disallowed_type", format!("{field}.type"));
            // What the entry lists may be created.
            if kind.ends_with("OrCreate") {
                found("created_path", format!("{field}.type"));
            }
        }
        let mut mounts = mounts
            .iter()
            .filter(|(_, mount)| mount.name == volume.name)
            .peekable();
        if mounts.peek().is_none() {
            found("writable_read_only_path", format!("{field}.path"));
        }
        for (field, mount) in mounts {
            let read_only = mount.read_only == Some(true);
            let recursive = matches!(
                mount.recursive_read_only.as_deref(),
                Some("Enabled" | "IfPossible")
            );
            // The API server takes `recursiveReadOnly` only without propagation.
            let propagated = mount
                .mount_propagation
                .as_deref()
                .is_some_and(|mode| mode != "None");
            let whole = mount.sub_path.as_deref().unwrap_or_default().is_empty();
            if !read_only {
                found("writable_read_only_path", format!("{field}.readOnly"));
            } else if !recursive && !propagated && whole && source.path == "/media" {
                found(
                    "non_recursive_read_only",
                    format!("{field}.recursiveReadOnly"),
                );
            }
        }
    }
    for (field, mount) in &mounts {
        if mount.mount_propagation.as_deref() == Some("Bidirectional") {
            found(
                "bidirectional_propagation",
                format!("{field}.mountPropagation"),
            );
        }
    }
    expected
}

/// The value that a field path points to.
fn at<'v>(object: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(object, |value, part| {
        let (name, indexes) = part.split_once('[').unwrap_or((part, ""));
        let indexes = indexes.split(['[', ']']).filter(|index| !index.is_empty());
        indexes.fold(&value[name], |value, index| {
            &value[index.parse::<usize>().unwrap()]
        })
    })
}

/// Each line of a message is about the value that stands where it points.
fn check_lines(object: &Value, response: &Response) {
    let Some(message) = &response.message else {
        return;
    };
    for line in parse_refusal(message).unwrap() {
        let value = at(object, line.path);
        let quoted = value.as_str().map(|text| format!("{text:?}"));
        let is_right = match line.path.rsplit('.').next().unwrap() {
            "path" => line.reason.contains(&quoted.unwrap()),
            "type" if line.rule == Some("created_path") => {
                line.reason.contains(value.as_str().unwrap())
            }
            "type" => line.reason.contains(&quoted.unwrap_or("\"\"".to_owned())),
            "readOnly" => value.is_null() || *value == json!(false),
            "recursiveReadOnly" => value.is_null() || *value == json!("Disabled"),
            "mountPropagation" => *value == json!("Bidirectional"),
            _ => false,
        };
        assert!(is_right, "{value} is not what is said of it: {line}");
    }
}

#[test]
fn workloads_are_read_as_k8s_openapi_writes_them() {
    let guest = guest();
    let mut random = Random(bundle_tests::Random::new(SEED));
    let mut refused = 0;
    for round in 0..150 {
        let spec = random.pod();
        for ((kind, object), known) in workloads(&spec).into_iter().zip(KINDS) {
            assert_eq!(kind, known.kind);
            for (settings, expected) in [
                (nothing(), expected_of_nothing(&spec, known.pod_spec)),
                (narrow(), expected_of_narrow(&spec, known.pod_spec)),
            ] {
                let response = judge(&guest, &object, &settings);
                let place = format!("seed {SEED:#x}, round {round}, {kind}: {object}");
                assert_eq!(response.accepted, expected.is_empty(), "{place}");
                assert_eq!(findings(&response), expected, "{place}");
                check_lines(&object, &response);
                refused += usize::from(!response.accepted);
            }
        }
    }
    assert!(
        (1_000..2_600).contains(&refused),
        "{refused} of 2,700 refused"
    );
}

#[test]
fn every_type_of_a_host_path_is_read() {
    let guest = guest();
    for kind in TYPES {
        let source = HostPathVolumeSource {
            path: "/data".to_owned(),
            type_: kind.map(ToOwned::to_owned),
        };
        let spec = PodSpec {
            volumes: Some(vec![Volume {
                name: "v".to_owned(),
                host_path: Some(source),
                ..Volume::default()
            }]),
            ..PodSpec::default()
        };
        let pod = Pod {
            spec: Some(spec),
            ..Pod::default()
        };
        let pod = written(&pod);
        let allowing = |kind: &str| {
            let entry = json!({"path": "/data", "readOnly": false, "types": [kind]});
            let settings = json!({"mode": "allowlist", "createdPaths": "off", "allowed": [entry]});
            judge(&guest, &pod, &settings).accepted
        };
        for other in TYPES.iter().flatten() {
            assert_eq!(
                allowing(other),
                kind.unwrap_or_default() == *other,
                "{kind:?}"
            );
        }
    }
}

#[test]
fn persistent_volumes_are_read_as_k8s_openapi_writes_them() {
    let guest = guest();
    let host_path = |kind: Option<&str>| {
        Some(HostPathVolumeSource {
            path: "/data".to_owned(),
            type_: kind.map(ToOwned::to_owned),
        })
    };
    let local = Some(LocalVolumeSource {
        path: "/data".to_owned(),
        fs_type: Some("ext4".to_owned()),
    });
    for (host_path, local, field) in [
        (None, None, None),
        (None, local, Some("spec.local.path")),
        (host_path(None), None, Some("spec.hostPath.path")),
        (
            host_path(Some("Directory")),
            None,
            Some("spec.hostPath.path"),
        ),
    ] {
        let spec = PersistentVolumeSpec {
            host_path,
            local,
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            ..PersistentVolumeSpec::default()
        };
        let volume = PersistentVolume {
            spec: Some(spec),
            ..PersistentVolume::default()
        };
        let object = written(&volume);
        let response = judge(&guest, &object, &nothing());
        let expected = field.map(|field| {
            let fields = BTreeSet::from([field.to_owned()]);
            ("path_outside_allowed".to_owned(), fields)
        });
        assert_eq!(findings(&response), expected.into_iter().collect());
        check_lines(&object, &response);
    }
}

/// The path of the node behind a claim, as both stand in the cluster.
fn bound(claim: Option<&str>, host_path: Option<&str>, local: Option<&str>) -> Arc<MemoryCluster> {
    let metadata = |name: &str, namespace: Option<&str>| ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(ToOwned::to_owned),
        ..ObjectMeta::default()
    };
    let claim = PersistentVolumeClaim {
        metadata: metadata("data", Some("shop")),
        spec: Some(PersistentVolumeClaimSpec {
            volume_name: claim.map(ToOwned::to_owned),
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: Some("local".to_owned()),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    };
    let volume = PersistentVolume {
        metadata: metadata("disk", None),
        spec: Some(PersistentVolumeSpec {
            host_path: host_path.map(|path| HostPathVolumeSource {
                path: path.to_owned(),
                type_: Some(String::new()),
            }),
            local: local.map(|path| LocalVolumeSource {
                path: path.to_owned(),
                ..LocalVolumeSource::default()
            }),
            persistent_volume_reclaim_policy: Some("Retain".to_owned()),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    };
    Arc::new(MemoryCluster::new([written(&claim), written(&volume)]))
}

#[test]
fn claims_are_read_as_k8s_openapi_writes_them() {
    let guest = guest();
    let settings = json!({"followClaims": true});
    for volume_name in [None, Some(""), Some("disk"), Some("other")] {
        for (host_path, local) in [
            (None, None),
            (Some("/var/log"), None),
            (Some("/srv/a"), None),
            (None, Some("/var/log")),
        ] {
            let cluster = bound(volume_name, host_path, local);
            for read_only in [None, Some(false), Some(true)] {
                let pod = Pod {
                    metadata: ObjectMeta {
                        name: Some("web".to_owned()),
                        namespace: Some("shop".to_owned()),
                        ..ObjectMeta::default()
                    },
                    spec: Some(PodSpec {
                        volumes: Some(vec![Volume {
                            name: "one".to_owned(),
                            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                                claim_name: "data".to_owned(),
                                read_only,
                            }),
                            ..Volume::default()
                        }]),
                        containers: vec![Container {
                            volume_mounts: Some(vec![VolumeMount {
                                name: "one".to_owned(),
                                ..VolumeMount::default()
                            }]),
                            ..full_container()
                        }],
                        ..PodSpec::default()
                    }),
                    ..Pod::default()
                };
                let request = complete(&json!({"object": written(&pod)})).unwrap();
                let host = cluster.host(guest.metadata());
                let response = guest.validate(&request, &settings, host).unwrap();
                let logs = host_path.or(local) == Some("/var/log");
                // A pod that writes there reads any file of the node; read-only it is harmless.
                let refused = volume_name == Some("disk") && logs && read_only != Some(true);
                let place = format!("{volume_name:?} {host_path:?} {local:?} {read_only:?}");
                let expected = refused.then(|| {
                    let field = "spec.containers[0].volumeMounts[0].readOnly".to_owned();
                    let rule = "writable_read_only_path".to_owned();
                    (rule, BTreeSet::from([field]))
                });
                assert_eq!(
                    findings(&response),
                    expected.into_iter().collect(),
                    "{place}"
                );
            }
        }
    }
}
