//! Objects that bear pods: where their pod spec is, and the containers in it.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::decode::{self, DecodeError, List, Text};
use crate::field::FieldPath;
use crate::request::{GroupVersionKind, Request};

/// A built-in kind that bears pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Where its pod spec is.
    pub pod_spec: &'static str,
}

const fn kind(group: &'static str, kind: &'static str, pod_spec: &'static str) -> WorkloadKind {
    WorkloadKind {
        group,
        kind,
        pod_spec,
    }
}

/// Every kind of Kubernetes that bears pods. Custom kinds have to be named by an administrator.
pub const KINDS: &[WorkloadKind] = &[
    kind("", "Pod", "spec"),
    kind("", "PodTemplate", "template.spec"),
    kind("", "ReplicationController", "spec.template.spec"),
    kind("apps", "DaemonSet", "spec.template.spec"),
    kind("apps", "Deployment", "spec.template.spec"),
    kind("apps", "ReplicaSet", "spec.template.spec"),
    kind("apps", "StatefulSet", "spec.template.spec"),
    kind("batch", "CronJob", "spec.jobTemplate.spec.template.spec"),
    kind("batch", "Job", "spec.template.spec"),
];

/// Where the pod spec of a built-in kind is. None for kinds that bear no pods.
#[must_use]
pub fn pod_spec_path(kind: &GroupVersionKind<'_>) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|known| kind.is(known.group, known.kind))
        .map(|known| known.pod_spec)
}

/// The pod spec of an object, with containers of type `C` and volumes of type `V`: each policy reads the fields that
/// its rules need.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    default,
    rename_all = "camelCase",
    bound(
        deserialize = "C: Deserialize<'de>, V: Deserialize<'de>",
        serialize = ""
    )
)]
pub struct PodSpec<'a, C, V = IgnoredAny> {
    /// The containers that run side by side.
    #[serde(deserialize_with = "decode::maps")]
    pub containers: List<C>,
    /// The containers that run one after the other before them; those that are always restarted run on beside them.
    #[serde(deserialize_with = "decode::maps")]
    pub init_containers: List<C>,
    /// The containers that are added to a running pod, to debug it.
    #[serde(deserialize_with = "decode::maps")]
    pub ephemeral_containers: List<C>,
    /// What containers may mount.
    #[serde(deserialize_with = "decode::maps")]
    pub volumes: List<V>,
    /// The account that the pod runs as; empty for the namespace's `default`.
    #[serde(borrow)]
    pub service_account_name: Text<'a>,
}

// Not derived: a view need not have a default.
impl<C, V> Default for PodSpec<'_, C, V> {
    fn default() -> Self {
        Self {
            containers: List::default(),
            init_containers: List::default(),
            ephemeral_containers: List::default(),
            volumes: List::default(),
            service_account_name: Text::default(),
        }
    }
}

/// What containers of all roles have in common.
pub trait Container {
    /// The name, unique in the pod.
    fn name(&self) -> &str;
    /// `Always` makes a sidecar of an init container.
    fn restart_policy(&self) -> &str;
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// One of `containers`.
    App,
    /// One of `initContainers` that ends before the others start.
    Init,
    /// One of `initContainers` that runs on beside the others (`restartPolicy: Always`).
    /// Source: KEP-753.
    Sidecar,
    /// One of `ephemeralContainers`.
    Ephemeral,
}

/// A container of a pod, with its role and its place.
#[derive(Debug, Clone, Copy)]
pub struct ContainerRef<'p, C> {
    /// The container.
    pub container: &'p C,
    /// What it is for.
    pub role: Role,
    /// The field that lists it.
    pub list: &'static str,
    /// Its place in the list.
    pub index: usize,
}

impl<C: Container, V> PodSpec<'_, C, V> {
    /// All containers of all lists, in the order in which people write them.
    pub fn all_containers(&self) -> impl Iterator<Item = ContainerRef<'_, C>> {
        let app = self
            .containers
            .iter()
            .map(|container| (container, Role::App, "containers"))
            .enumerate();
        let init = self.init_containers.iter().map(|container| {
            let role = if container.restart_policy() == "Always" {
                Role::Sidecar
            } else {
                Role::Init
            };
            (container, role, "initContainers")
        });
        let ephemeral = self
            .ephemeral_containers
            .iter()
            .map(|container| (container, Role::Ephemeral, "ephemeralContainers"));
        app.chain(init.enumerate())
            .chain(ephemeral.enumerate())
            .map(|(index, (container, role, list))| ContainerRef {
                container,
                role,
                list,
                index,
            })
    }
}

/// The pod spec of the object of a request, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload<'a, C, V = IgnoredAny> {
    /// The pod spec; empty where the object has none yet.
    pub pod: PodSpec<'a, C, V>,
    pod_spec: &'a str,
}

impl<'a, C: Deserialize<'a>, V: Deserialize<'a>> Workload<'a, C, V> {
    /// Reads the pod spec at `pod_spec` of the object, `spec.template.spec` for example.
    pub fn decode(request: &Request<'a>, pod_spec: &'a str) -> Result<Self, DecodeError> {
        let pod = request.object_at(pod_spec)?.unwrap_or_default();
        Ok(Self { pod, pod_spec })
    }

    /// The path of the pod spec.
    #[must_use]
    pub fn path(&self) -> FieldPath<'a> {
        FieldPath::new(self.pod_spec)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Named<'a> {
        #[serde(borrow)]
        name: Text<'a>,
        #[serde(borrow)]
        restart_policy: Text<'a>,
    }

    impl Container for Named<'_> {
        fn name(&self) -> &str {
            &self.name
        }

        fn restart_policy(&self) -> &str {
            &self.restart_policy
        }
    }

    fn nested(path: &str, spec: Value) -> Value {
        path.rsplit('.')
            .fold(spec, |value, name| json!({ name: value }))
    }

    #[test]
    fn finds_every_container_of_every_kind() {
        let spec = json!({
            "containers": [{"name": "app"}, {"name": "other", "restartPolicy": "Always"}],
            "initContainers": [{"name": "init"}, {"name": "proxy", "restartPolicy": "Always"}],
            "ephemeralContainers": [{"name": "debug"}],
            "serviceAccountName": "robot",
        });
        for known in KINDS {
            let payload = json!({
                "kind": {"group": known.group, "version": "v1", "kind": known.kind},
                "object": nested(known.pod_spec, spec.clone()),
            })
            .to_string();
            let request: Request = decode::decode(&payload).unwrap();
            let path = pod_spec_path(&request.kind).unwrap();
            let workload: Workload<Named> = Workload::decode(&request, path).unwrap();
            let found: Vec<_> = workload
                .pod
                .all_containers()
                .map(|found| {
                    let base = workload.path();
                    let list = base.child(found.list);
                    (
                        found.container.name(),
                        found.role,
                        list.index(found.index).to_string(),
                    )
                })
                .collect();
            let at = |place: &str| format!("{}.{place}", known.pod_spec);
            assert_eq!(
                found,
                [
                    ("app", Role::App, at("containers[0]")),
                    ("other", Role::App, at("containers[1]")),
                    ("init", Role::Init, at("initContainers[0]")),
                    ("proxy", Role::Sidecar, at("initContainers[1]")),
                    ("debug", Role::Ephemeral, at("ephemeralContainers[0]")),
                ]
            );
            assert_eq!(&*workload.pod.service_account_name, "robot");
        }
    }

    #[test]
    fn knows_no_foreign_kind() {
        for (group, kind) in [
            ("serving.knative.dev", "Service"),
            ("batch.volcano.sh", "Job"),
            ("", "Deployment"),
        ] {
            let kind = GroupVersionKind {
                group: group.into(),
                version: "v1".into(),
                kind: kind.into(),
            };
            assert_eq!(pod_spec_path(&kind), None);
        }
    }

    #[test]
    fn an_object_without_a_pod_spec_has_no_containers() {
        for object in [
            json!({}),
            json!({"spec": null}),
            json!({"spec": {"containers": null, "volumes": null}}),
        ] {
            let payload = json!({ "object": object }).to_string();
            let request: Request = decode::decode(&payload).unwrap();
            let workload: Workload<Named> = Workload::decode(&request, "spec").unwrap();
            assert_eq!(workload.pod.all_containers().count(), 0);
        }
    }
}
