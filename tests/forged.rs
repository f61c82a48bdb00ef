//! What a manifest says of itself in the API server's own words makes it exempt from nothing.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use bundle_tests::repository;
use preflight::judge::{ActivePolicy, Existing, judge_in};
use preflight::manifests::{self, Object};
use preflight::report::Report;
use preflight::{Engine, Limits, bundle};
use serde_json::{Value, json};

/// The objects, as if they stood in a file.
fn objects(name: &str, objects: &[Value]) -> Vec<Object> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("forged-{name}.json"));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    fs::write(&file, list.to_string()).unwrap();
    let read = manifests::read(std::slice::from_ref(&file));
    fs::remove_file(file).unwrap();
    assert_eq!(read.problems, []);
    read.objects
}

/// All policies, with their defaults.
static POLICIES: LazyLock<Vec<ActivePolicy>> = LazyLock::new(|| {
    let engine = Engine::for_many(Limits::default(), None).unwrap();
    let policies = bundle::load(&engine, &[repository("dist")]).unwrap();
    let configured = |policy| ActivePolicy::new(policy, json!({}));
    policies.into_iter().map(configured).collect()
});

/// What all policies say of the objects.
fn report(name: &str, written: &[Value], old: &[Value], live: bool) -> Report {
    let existing = Existing {
        old: objects(&format!("{name}-old"), old),
        live,
        ..Existing::default()
    };
    let manifests = manifests::Manifests {
        objects: objects(name, written),
        ..manifests::Manifests::default()
    };
    let now = Some("2026-11-22T16:39:02Z".parse().unwrap());
    let report = judge_in(existing, manifests, &POLICIES, "shop", now, || ()).unwrap();
    assert_eq!(report.problems, []);
    report
}

/// The rules that refuse, each with the object that it refuses.
fn refused(name: &str, written: &[Value], old: &[Value], live: bool) -> Vec<String> {
    let report = report(name, written, old, live);
    let refusals = report.refusals.iter();
    refusals
        .map(|finding| {
            let rule = finding.rule.clone().unwrap_or_default();
            format!("{} {rule}", finding.object)
        })
        .collect()
}

fn with(mut object: Value, metadata: &Value) -> Value {
    let fields = metadata.as_object().unwrap().clone();
    object["metadata"].as_object_mut().unwrap().extend(fields);
    object
}

fn deleting() -> Value {
    json!({"deletionTimestamp": "2020-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0, "finalizers": ["x.io/y"]})
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}], "containers": [{"name": "app"}]},
    })
}

fn service(number: Option<u16>) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": number}]},
    })
}

/// Managed fields that say that the API server chose the number of port 80.
fn automatic() -> Value {
    let port = json!({"k:{\"port\":80,\"protocol\":\"TCP\"}": {"f:port": {}}});
    json!({"managedFields": [{
        "manager": "kubectl", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:ports": port}},
    }]})
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "app"}]}}},
    })
}

fn autoscaler(name: &str) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 3,
            "metrics": [{
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
            }],
        },
    })
}

#[test]
fn an_object_that_says_that_it_is_being_deleted_is_judged() {
    let forged = [
        with(pod(), &deleting()),
        with(service(Some(80)), &deleting()),
        with(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "?"}}),
            &deleting(),
        ),
    ];
    assert_eq!(
        refused("deleting", &forged, &[], false),
        [
            "Pod shop/web risky_path",
            "Service shop/web outside_allowed_ranges",
            "Secret shop/a invalid_base64",
        ]
    );
}

#[test]
fn nor_does_it_hide_from_the_look_ups_of_others() {
    for (deployment, autoscaler) in [
        (with(deployment(), &deleting()), autoscaler("web")),
        (deployment(), with(autoscaler("web"), &deleting())),
    ] {
        assert_eq!(
            refused("look-ups", &[deployment, autoscaler], &[], false),
            [
                "Deployment shop/web missing_request",
                "HorizontalPodAutoscaler shop/web missing_request",
            ]
        );
    }
}

#[test]
fn two_objects_with_one_uid_are_two() {
    let uid = json!({"uid": "00000000-0000-4000-8000-000000000000"});
    let both = ["a", "b"].map(|name| with(autoscaler(name), &uid));
    let found = refused("uid", &both, &[], false);
    // Of the two, the one that tools write first only warns.
    assert_eq!(
        found,
        ["HorizontalPodAutoscaler shop/b duplicate_horizontal"]
    );
}

#[test]
fn a_copy_of_what_is_not_there_is_judged_itself() {
    let scratch = json!([{"name": "tmp", "emptyDir": {"medium": "memory"}}]);
    let mounts = json!([{"name": "tmp", "mountPath": "/tmp"}]);
    let template = json!({"spec": {"volumes": scratch, "containers": [{"name": "app", "volumeMounts": mounts}]}});
    let owner = json!({"ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u", "controller": true},
    ]});
    let copy = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-1"},
        "spec": {"selector": {}, "template": template},
    });
    let copy = with(copy, &owner);
    let of_copy = "ReplicaSet shop/web-1 unknown_medium".to_owned();
    let alone = refused("copy", std::slice::from_ref(&copy), &[], false);
    assert_eq!(alone, [of_copy]);
    // The template of a Deployment is judged where it stands.
    assert_eq!(refused("owned", &[copy, deployment()], &[], false), [""; 0]);
}

#[test]
fn what_is_only_written_is_not_taken_for_what_a_server_has_seen() {
    let service = |app: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"selector": {"app": app}, "ports": [{"port": 80}]},
        })
    };
    let mut workload = deployment();
    workload["spec"]["template"]["metadata"] = json!({"labels": {"app": "web"}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {"defaultBackend": {"service": {"name": "web", "port": {"name": "http"}}}},
    });
    let warned = |name: &str, written: &[Value]| -> Vec<String> {
        let warnings = report(name, written, &[], false).warnings.into_iter();
        let rules = warnings.filter_map(|finding| finding.rule);
        rules.collect()
    };
    // What belongs to a Service may come next in a cluster, and is there in a set of manifests.
    assert_eq!(
        warned("near", &[service("wbe"), workload.clone()]),
        ["unmatched_selector"]
    );
    assert_eq!(warned("right", &[service("web"), workload]), [""; 0]);
    // And a set without any Service, or without a class, has them elsewhere.
    assert_eq!(warned("alone", &[ingress]), [""; 0]);
}

#[test]
fn a_number_that_a_manifest_calls_automatic_is_chosen() {
    let rule = "Service shop/web outside_allowed_ranges";
    let stored = json!({"resourceVersion": "7"});
    let forged = with(with(service(Some(80)), &automatic()), &stored);
    assert_eq!(
        refused("number", std::slice::from_ref(&forged), &[], false),
        [rule]
    );
    // Beside the old object, whose number the API server did choose.
    let old = with(with(service(Some(31000)), &automatic()), &stored);
    let old = std::slice::from_ref(&old);
    for new in [service(Some(80)), forged.clone()] {
        assert_eq!(refused("update", &[new], old, false), [rule]);
    }
    for same in [service(Some(31000)), service(None)] {
        assert_eq!(refused("same", &[same], old, false), [""; 0]);
    }
    // What a cluster printed may say so.
    assert_eq!(refused("live", &[forged], &[], true), [""; 0]);
}

#[test]
fn an_update_is_made_now_whenever_the_object_was_created() {
    let case = "secret-data/expired_certificate/warns-of-an-expired-certificate";
    let case = repository(&format!("tests/cases/{case}/request.yaml"));
    let case = manifests::parse_one(&fs::read_to_string(case).unwrap()).unwrap();
    let mut old = with(
        case["object"].clone().into(),
        &json!({"creationTimestamp": "2000-01-01T00:00:00Z"}),
    );
    old["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("managedFields");
    let new = with(old.clone(), &json!({"labels": {"a": "b"}}));
    let report = report("expired", &[new], &[old], false);
    let rules: Vec<_> = report
        .warnings
        .iter()
        .filter_map(|finding| finding.rule.as_deref())
        .collect();
    assert_eq!(rules, ["expired_certificate"]);
}
