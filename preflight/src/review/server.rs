//! What the API server writes into an object itself, whatever a manifest brings.
//!
//! A manifest could otherwise switch policies off: by a `deletionTimestamp`, by `managedFields` that make a chosen node
//! port look like an automatic one, or by the `uid` of another object. Source: `WipeObjectMetaSystemFields` and
//! `FillObjectMetaSystemFields` in `staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go`, `BeforeUpdate` in
//! `update.go` beside it, and `PrepareForCreate` and `PrepareForUpdate` of the kinds in `pkg/registry`.

use jiff::Timestamp;
use tree::{Map, Value, json};

use cluster::kinds::{is_built_in, is_text, split, text};

/// Fields of the metadata that are the API server's own.
const OWN: &[&str] = &[
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Those of them that a cluster prints and people do not write. Tools write `creationTimestamp: null`, and
/// `generation: 1` changes nothing.
const TELLING: &[&str] = &[
    "deletionTimestamp",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The first field that only the API server writes, as far as policies may ask for it.
pub(crate) fn own_field(object: &Value) -> Option<&'static str> {
    let metadata = object.get("metadata")?.as_object()?;
    let is_set = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    let mut telling = TELLING.iter().copied();
    telling.find(|field| metadata.get(*field).is_some_and(is_set))
}

/// Makes it the object that the API server is about to create, but for the `uid`: by that policies know what a server has
/// seen from what is only written, beside which not all has to be that belongs to it.
pub(crate) fn create(object: &mut Value, now: Option<Timestamp>) {
    let group = split(text(object, "/apiVersion").unwrap_or_default()).0;
    // The status of a Node is what its kubelet registers. A custom kind may have a status that is an ordinary field.
    let wipes_status = is_built_in(group) && text(object, "/kind") != Some("Node");
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    if wipes_status {
        fields.remove("status");
    }
    let has_spec = fields.contains_key("spec");
    let Some(metadata) = metadata(fields) else {
        return;
    };
    let written = metadata.remove("creationTimestamp");
    for field in OWN {
        metadata.remove(*field);
    }
    let created = now.map_or(written, |now| Some(json!(timestamp(now))));
    if let Some(created) = created {
        metadata.insert("creationTimestamp".into(), created);
    }
    if has_spec {
        metadata.insert("generation".into(), json!(1));
    }
}

/// The `uid` by which what is made of an object names its owner: one of nothing, where no server has seen the object.
pub(crate) fn uid_of(object: &Value) -> &str {
    text(object, "/metadata/uid").unwrap_or("00000000-0000-4000-9000-000000000000")
}

/// Makes it the object that the API server is about to store in place of `old`.
pub(crate) fn replace(object: &mut Value, old: &Value, now: Option<Timestamp>) {
    let (operation, sets) = sent_fields(object);
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    take_over(fields, old.as_object(), "status");
    let old_metadata = old.get("metadata").and_then(Value::as_object);
    if let Some(metadata) = metadata(fields) {
        for field in OWN {
            take_over(metadata, old_metadata, field);
        }
    }
    // An update that changes nothing has no manager.
    if object == old {
        return;
    }
    let manager = json!({
        "manager": "preflight",
        "operation": operation,
        "apiVersion": object.get("apiVersion"),
        "time": now.map(timestamp),
        "fieldsType": "FieldsV1",
        "fieldsV1": sets,
    });
    if let Some(metadata) = object.as_object_mut().and_then(metadata) {
        let managers = metadata
            .entry("managedFields".into())
            .or_insert_with(|| json!([]));
        if let Value::Array(managers) = managers {
            let others = std::mem::take(managers).into_iter();
            *managers = others.chain([manager]).collect();
        }
    }
}

/// Kinds of which controllers of Kubernetes make objects: policies leave these to what was said of the owner.
const COPIES: [(&str, &str); 3] = [("", "Pod"), ("apps", "ReplicaSet"), ("batch", "Job")];

/// Takes the owners off a copy that `is_there` does not know, by their kind with its group, and by their namespace, if they
/// have one, and name. Nothing else has the template then, and the garbage collector deletes what such an owner is made up
/// for. Source: `pkg/controller/garbagecollector`.
pub(crate) fn disown(object: &mut Value, is_there: impl Fn((&str, &str), (&str, &str)) -> bool) {
    let of = |pointer| text(object, pointer).unwrap_or_default();
    if !COPIES.contains(&(split(of("/apiVersion")).0, of("/kind"))) {
        return;
    }
    let home = of("/metadata/namespace").to_owned();
    let owners = object.pointer_mut("/metadata/ownerReferences");
    if let Some(Value::Array(owners)) = owners {
        let known = std::mem::take(owners).into_iter().filter(|owner| {
            // What no server can read is for policies to tell.
            let is_read = owner.as_object().is_some_and(|fields| {
                let fields = ["apiVersion", "kind", "name"].map(|name| fields.get(name));
                fields.into_iter().flatten().all(is_text)
            });
            let of = |pointer| text(owner, pointer).unwrap_or_default();
            let (group, kind) = (split(of("/apiVersion")).0, of("/kind"));
            !is_read || !is_built_in(group) || is_there((group, kind), (&home, of("/name")))
        });
        *owners = known.collect();
    }
}

/// Sets the time at which an object is created, in whole seconds as the API server does it. For policies this is the only
/// clock. Of an object that a cluster has the question is what a policy says of it now, not what it would have said at the
/// time.
pub(crate) fn stamp(object: &mut Value, now: Timestamp) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("creationTimestamp".into(), json!(timestamp(now)));
    }
}

fn timestamp(now: Timestamp) -> String {
    format!("{now:.0}")
}

fn metadata(fields: &mut Map) -> Option<&mut Map> {
    fields.get_mut("metadata")?.as_object_mut()
}

/// What the old object has counts, also where it has nothing.
fn take_over(fields: &mut Map, old: Option<&Map>, field: &str) {
    match old.and_then(|old| old.get(field)) {
        Some(value) => fields.insert(field.into(), value.clone()),
        None => fields.remove(field),
    };
}

/// Who chose a node port is asked of `managedFields`: the numbers that a Service writes belong to who writes it. So is who
/// chose a number of replicas: only by server-side apply it is certain that the manifest has it. Other fields are left
/// out, because no policy asks for them.
fn sent_fields(object: &Value) -> (&'static str, Value) {
    let is_service =
        text(object, "/apiVersion") == Some("v1") && text(object, "/kind") == Some("Service");
    let replicas = object.pointer("/spec/replicas");
    if is_service {
        ("Update", sets_of_a_service(object))
    } else if replicas.is_some_and(Value::is_number) {
        ("Apply", json!({"f:spec": {"f:replicas": {}}}))
    } else {
        ("Update", json!({}))
    }
}

fn sets_of_a_service(object: &Value) -> Value {
    let ports = object.pointer("/spec/ports").and_then(Value::as_array);
    let ports: Map = ports
        .into_iter()
        .flatten()
        .map(|port| {
            let key = json!({
                "port": port.get("port"),
                "protocol": text(port, "/protocol").unwrap_or("TCP"),
            });
            let fields = match port.get("nodePort") {
                Some(number) if !number.is_null() => json!({"f:nodePort": {}}),
                _ => json!({}),
            };
            (format!("k:{key}").into(), fields)
        })
        .collect();
    let mut spec = Map::from_iter([("f:ports".into(), Value::Object(ports))]);
    let health_check = object.pointer("/spec/healthCheckNodePort");
    if health_check.is_some_and(|number| !number.is_null()) {
        spec.insert("f:healthCheckNodePort".into(), json!({}));
    }
    json!({ "f:spec": spec })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T16:39:02.987654321Z".parse().unwrap()
    }

    fn forged() -> Value {
        json!({
            "name": "a", "labels": {"x": "y"}, "ownerReferences": [{"uid": "o"}], "finalizers": ["f"],
            "uid": "forged", "resourceVersion": "7", "generation": 9, "selfLink": "/a",
            "creationTimestamp": "2020-01-01T00:00:00Z", "deletionTimestamp": "2020-01-01T00:00:00Z",
            "deletionGracePeriodSeconds": 0, "managedFields": [{"manager": "x"}],
        })
    }

    #[test]
    fn an_object_to_be_created_has_nothing_of_the_servers_but_what_the_server_sets() {
        let mut object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": forged(), "spec": {}, "status": {"a": 1},
        });
        create(&mut object, Some(now()));
        assert_eq!(
            object,
            json!({
                "apiVersion": "v1", "kind": "Service", "spec": {},
                "metadata": {
                    "name": "a", "labels": {"x": "y"}, "ownerReferences": [{"uid": "o"}], "finalizers": ["f"],
                    "generation": 1,
                    "creationTimestamp": "2026-11-22T16:39:02Z",
                },
            })
        );
    }

    #[test]
    fn a_copy_has_the_owners_that_are_there_and_those_of_other_projects() {
        let is_there = |of_kind: (&str, &str), (home, name): (&str, &str)| {
            (of_kind, home, name) == (("apps", "Deployment"), "shop", "web")
        };
        let owner = |api_version: &str, kind: &str, name: &str| json!({"apiVersion": api_version, "kind": kind, "name": name});
        let owners = [
            owner("apps/v1", "Deployment", "web"),
            owner("apps/v1", "Deployment", "gone"),
            owner("v1", "Node", "web"),
            owner("example.com/v1", "Rollout", "gone"),
            json!(1),
            json!({"apiVersion": 1, "kind": ["Node"], "name": "gone"}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": null}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment"}),
        ];
        let left = |api_version: &str, kind: &str| {
            let mut object = json!({
                "apiVersion": api_version, "kind": kind,
                "metadata": {"namespace": "shop", "ownerReferences": owners},
            });
            disown(&mut object, is_there);
            object["metadata"]["ownerReferences"].clone()
        };
        for (api_version, kind) in [
            ("apps/v1", "ReplicaSet"),
            ("batch/v1", "Job"),
            ("v1", "Pod"),
        ] {
            assert_eq!(
                left(api_version, kind),
                json!([owners[0], owners[3], owners[4], owners[5]]),
                "{kind}"
            );
        }
        assert_eq!(left("v1", "ConfigMap"), json!(owners));
        assert_eq!(left("batch.example.com/v1", "Job"), json!(owners));
    }

    #[test]
    fn the_status_is_wiped_where_it_is_the_servers() {
        for (api_version, kind, is_kept) in [
            ("v1", "Pod", false),
            ("autoscaling/v2", "HorizontalPodAutoscaler", false),
            ("v1", "Node", true),
            ("example.com/v1", "Gadget", true),
        ] {
            let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {}, "status": {"a": 1}});
            create(&mut object, None);
            assert_eq!(object.get("status").is_some(), is_kept, "{kind}");
        }
    }

    #[test]
    fn without_a_clock_the_time_that_is_written_counts() {
        let mut object = json!({"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}});
        create(&mut object, None);
        assert_eq!(
            object["metadata"]["creationTimestamp"],
            "2020-01-01T00:00:00Z"
        );
        let mut broken = json!({"metadata": 1});
        create(&mut broken, Some(now()));
        replace(&mut broken, &json!({}), Some(now()));
        stamp(&mut broken, now());
        assert_eq!(broken, json!({"metadata": 1}));
    }

    #[test]
    fn what_replaces_an_object_keeps_what_the_server_wrote_into_that() {
        let pod =
            |metadata: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
        let mut new = pod(forged());
        new["status"] = json!({"forged": true});
        let old = pod(json!({
            "name": "a", "uid": "u", "resourceVersion": "41", "generation": 3,
            "creationTimestamp": "2020-02-02T00:00:00Z", "managedFields": [{"manager": "old"}],
        }));
        replace(&mut new, &old, Some(now()));
        let manager = json!({
            "manager": "preflight", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": {}, "time": "2026-11-22T16:39:02Z",
        });
        let expected = json!({
            "name": "a", "labels": {"x": "y"}, "ownerReferences": [{"uid": "o"}], "finalizers": ["f"],
            "uid": "u", "resourceVersion": "41", "generation": 3, "creationTimestamp": "2020-02-02T00:00:00Z",
            "managedFields": [{"manager": "old"}, manager],
        });
        assert_eq!(new, pod(expected));
    }

    #[test]
    fn an_object_that_is_being_deleted_stays_that_and_an_unchanged_one_has_no_new_manager() {
        let old = json!({
            "apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"},
            "metadata": {"name": "a", "deletionTimestamp": "2020-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30},
        });
        let mut new = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
        replace(&mut new, &old, Some(now()));
        assert_eq!(new, old);
    }

    #[test]
    fn who_writes_a_node_port_owns_it() {
        let service =
            |ports: Value| json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": ports}});
        let mut object =
            service(json!([{"port": 80, "nodePort": 80}, {"port": 53, "protocol": "UDP"}]));
        object["spec"]["healthCheckNodePort"] = json!(30000);
        assert_eq!(
            sets_of_a_service(&object),
            json!({"f:spec": {
                "f:ports": {
                    "k:{\"port\":80,\"protocol\":\"TCP\"}": {"f:nodePort": {}},
                    "k:{\"port\":53,\"protocol\":\"UDP\"}": {},
                },
                "f:healthCheckNodePort": {},
            }})
        );
        assert_eq!(
            sets_of_a_service(&service(json!(null))),
            json!({"f:spec": {"f:ports": {}}})
        );
    }

    #[test]
    fn a_manifest_sends_the_replicas_that_it_has() {
        let deployment = |replicas: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "spec": {"replicas": replicas}});
        for (replicas, operation, sent) in [
            (json!(3), "Apply", json!({"f:spec": {"f:replicas": {}}})),
            (json!(null), "Update", json!({})),
        ] {
            let mut object = deployment(replicas);
            replace(&mut object, &deployment(json!(7)), None);
            let managers = object["metadata"]["managedFields"].as_array().unwrap();
            let [manager] = managers else {
                panic!("{object}");
            };
            assert_eq!(
                (&manager["operation"], &manager["fieldsV1"]),
                (&json!(operation), &sent)
            );
        }
    }

    #[test]
    fn tells_what_a_cluster_printed() {
        for (metadata, expected) in [
            (json!({"creationTimestamp": null, "generation": 1}), None),
            (
                json!({"uid": "", "managedFields": [], "resourceVersion": null}),
                None,
            ),
            (json!({"uid": "u"}), Some("uid")),
            (
                json!({"uid": "u", "resourceVersion": "7"}),
                Some("resourceVersion"),
            ),
        ] {
            assert_eq!(own_field(&json!({"metadata": metadata})), expected);
        }
        assert_eq!(own_field(&json!({})), None);
    }
}
