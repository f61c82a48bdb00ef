//! Look-ups, whole answers compared.

use std::sync::Arc;

use policy_metadata::Metadata;
use tree::{Value, json};

use super::*;
use crate::kinds::text;

fn metadata() -> Metadata {
    serde_json::from_value(serde_json::json!({
        "rules": [],
        "mutating": false,
        "executionMode": "kubewarden-wapc",
        "contextAwareResources": [
            {"apiVersion": "apps/v1", "kind": "Deployment"},
            {"apiVersion": "v1", "kind": "PersistentVolume"},
            {"apiVersion": "apps/v1", "kind": "Nope"},
            {"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler"},
            {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"},
        ],
        "hostCapabilities": [
            "kubernetes/list_resources_all", "kubernetes/list_resources_by_namespace", "kubernetes/get_resource",
        ],
    }))
    .unwrap()
}

fn deployment(namespace: Option<&str>, name: &str) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}, "annotations": {"a": "b"}},
        "spec": {"replicas": 1, "paused": true},
    });
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

fn ask(cluster: MemoryCluster, operation: &str, request: &Value) -> Result<Value, String> {
    let host = Arc::new(cluster).host(Some(&metadata()));
    let answer = host.answer("kubernetes", operation, request.to_string().as_bytes())?;
    assert_eq!(
        host.calls(),
        [Call {
            operation: operation.to_owned(),
            request: request.clone().into()
        }]
    );
    Ok(serde_json::from_slice(&answer).unwrap())
}

#[test]
fn lists_by_namespace_and_name_whatever_the_order_of_files() {
    let objects = [
        deployment(Some("shop"), "web"),
        deployment(None, "z"),
        deployment(Some("shop"), "api"),
        deployment(None, "a"),
    ];
    let request =
        json!({"api_version": "apps/v1", "kind": "Deployment", "field_masks": ["spec.replicas"]});
    let item = |namespace: &str, name: &str| {
        json!({
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {"app": name},
                "annotations": {},
                "managedFields": [],
            },
            "spec": {"replicas": 1},
        })
    };
    assert_eq!(
        ask(MemoryCluster::new(objects), "list_resources_all", &request).unwrap(),
        json!({
            "apiVersion": "apps/v1",
            "kind": "DeploymentList",
            "metadata": {},
            "items": [item("default", "a"), item("default", "z"), item("shop", "api"), item("shop", "web")],
        })
    );
}

#[test]
fn lists_what_the_selectors_ask_for() {
    let objects = [
        deployment(Some("shop"), "web"),
        deployment(Some("shop"), "api"),
        deployment(None, "web"),
    ];
    for (label_selector, field_selector, expected) in [
        (None, None, vec!["api", "web"]),
        (Some("app in (web)"), None, vec!["web"]),
        (None, Some("metadata.name!=web"), vec!["api"]),
        (Some("app=nobody"), None, vec![]),
    ] {
        let request = json!({
            "api_version": "apps/v1", "kind": "Deployment", "namespace": "shop",
            "label_selector": label_selector, "field_selector": field_selector, "field_masks": null,
        });
        let answer = ask(
            MemoryCluster::new(objects.clone()),
            "list_resources_by_namespace",
            &request,
        )
        .unwrap();
        let names: Vec<&str> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| text(item, "/metadata/name").unwrap())
            .collect();
        assert_eq!(names, expected);
    }
}

#[test]
fn gets_one_object_with_its_kind() {
    let request = json!({
        "api_version": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "default",
        "field_masks": ["spec.paused"],
    });
    let mut expected = deployment(Some("default"), "web");
    expected["spec"] = json!({"paused": true});
    assert_eq!(
        ask(
            MemoryCluster::new([deployment(None, "web")]),
            "get_resource",
            &request
        )
        .unwrap(),
        expected
    );
}

#[test]
fn fails_in_the_words_of_the_real_host() {
    let get = |api_version: &str, kind: &str, namespace: Option<&str>| {
        let request = json!({"api_version": api_version, "kind": kind, "name": "nope", "namespace": namespace});
        ask(MemoryCluster::default(), "get_resource", &request).unwrap_err()
    };
    assert_eq!(
        get("apps/v1", "Deployment", Some("default")),
        "Callback evaluation failure: Cannot find apps/v1/Deployment named 'nope' inside of namespace \
         'Some(\"default\")'"
    );
    assert_eq!(
        get("v1", "PersistentVolume", None),
        "Callback evaluation failure: Cannot find v1/PersistentVolume named 'nope' inside of namespace 'None'"
    );
    assert_eq!(
        get("apps/v1", "Deployment", None),
        "Callback evaluation failure: Resource apps/v1/Deployment is namespaced, but no namespace was provided"
    );
    assert_eq!(
        get("apps/v1", "Nope", None),
        "Callback evaluation failure: Cannot find resource apps/v1/Nope"
    );
    assert_eq!(
        get("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", None),
        "Callback evaluation failure: error finding resource autoscaling.k8s.io/v1 / VerticalPodAutoscaler: \
         ApiError: 404 page not found\n: Failed to parse error data (Status { status: Some(Failure), code: 404, \
         message: \"404 page not found\\n\", metadata: None, reason: \"Failed to parse error data\", details: None })"
    );
    assert_eq!(
        get("v1", "Secret", Some("default")),
        "Policy has not been granted access to Kubernetes v1/Secret resources. The violation has been reported."
    );
    let request = json!({"api_version": "v1", "kind": "PersistentVolume", "namespace": "shop"});
    assert_eq!(
        ask(
            MemoryCluster::default(),
            "list_resources_by_namespace",
            &request
        )
        .unwrap_err(),
        "Callback evaluation failure: resource v1/PersistentVolume is cluster wide. Cannot search for it inside of a \
         namespace"
    );
    assert_eq!(
        ask(MemoryCluster::default(), "can_i", &json!({})).unwrap_err(),
        "Policy has not been granted access to the 'kubernetes/can_i' host capability. The violation has been reported."
    );
}

#[test]
fn fails_as_a_test_wants_it_to() {
    let cluster = MemoryCluster::new([deployment(None, "web")]).with_error(
        "apps/v1",
        "Deployment",
        "no answer",
    );
    let request = json!({"api_version": "apps/v1", "kind": "Deployment"});
    assert_eq!(
        ask(cluster, "list_resources_all", &request).unwrap_err(),
        "no answer"
    );
}

#[test]
fn the_later_of_two_manifests_of_one_object_counts() {
    let mut later = deployment(None, "web");
    later["spec"]["replicas"] = json!(7);
    let request = json!({"api_version": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "default"});
    let cluster = MemoryCluster::new([deployment(None, "web"), later]);
    assert_eq!(
        ask(cluster, "get_resource", &request).unwrap()["spec"]["replicas"],
        json!(7)
    );
}

/// Deployments `web` with 0, 1, 2 … replicas, each with a rank and a file.
fn variants(files: &[(Rank, &str)]) -> Arc<MemoryCluster> {
    let origin = |(number, (rank, file)): (usize, &(Rank, &str))| Origin {
        rank: *rank,
        file: Some((*file).into()),
        number,
    };
    let variants = files.iter().enumerate().map(|variant| {
        let origin = origin(variant);
        let mut object = deployment(None, "web");
        object["spec"]["replicas"] = json!(origin.number);
        (object.into(), origin)
    });
    Arc::new(MemoryCluster::with_origins(variants))
}

const WEB: &str =
    r#"{"api_version": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "default"}"#;

/// The replicas of what a get and of what a list finds that are asked for in a file.
fn replicas(cluster: &Arc<MemoryCluster>, file: &str) -> (Value, Vec<Value>) {
    let host = cluster
        .host_with(Grants::all())
        .asked_from(Some(file.into()));
    let answer = |operation: &str| -> Value {
        let answer = host.answer("kubernetes", operation, WEB.as_bytes());
        serde_json::from_slice(&answer.unwrap_or(b"{}".to_vec())).unwrap()
    };
    let list = answer("list_resources_by_namespace");
    let items = list["items"].as_array().unwrap().iter();
    let items = items.map(|item| item["spec"]["replicas"].clone());
    (
        answer("get_resource")["spec"]["replicas"].clone(),
        items.collect(),
    )
}

#[test]
fn what_is_defined_several_times_is_that_of_the_file_that_asks() {
    use Rank::Written;
    let files = ["base/a.yaml", "overlays/dev/a.yaml", "overlays/prod/a.yaml"];
    let cluster = variants(&files.map(|file| (Written, file)));
    for (number, file) in files.into_iter().enumerate() {
        // Twice, for answers are kept.
        for _ in 0..2 {
            assert_eq!(
                replicas(&cluster, file),
                (json!(number), vec![json!(number)])
            );
        }
    }
    assert_eq!(
        replicas(&cluster, "base/b.yaml"),
        (json!(0), vec![json!(0)])
    );
    let cluster = variants(&[(Written, "overlays/dev/a.yaml")]);
    assert_eq!(
        replicas(&cluster, "overlays/prod/a.yaml"),
        (Value::Null, vec![])
    );
}

#[test]
fn what_is_derived_is_got_and_not_listed() {
    let derived = (Rank::Derived, "a.yaml");
    let cluster = variants(&[derived]);
    assert_eq!(replicas(&cluster, "a.yaml"), (json!(0), vec![]));
    let cluster = variants(&[(Rank::There, "b.yaml"), derived]);
    assert_eq!(replicas(&cluster, "a.yaml"), (json!(0), vec![json!(0)]));
    assert_eq!(cluster.namespace("default"), None);
}

#[test]
fn what_is_in_no_server_and_meant_something_else_is_not_found() {
    let budget = |version: &str| {
        json!({
            "apiVersion": format!("policy/{version}"), "kind": "PodDisruptionBudget",
            "metadata": {"name": version, "namespace": "shop"},
        })
    };
    let cluster = MemoryCluster::new([budget("v1beta1"), budget("v1")]);
    for (name, is_found) in [("v1", true), ("v1beta1", false)] {
        let found = cluster.object("policy/v1", "PodDisruptionBudget", ("shop", name), "a.yaml");
        assert_eq!(found.is_some(), is_found, "{name}");
    }
}

#[test]
fn an_object_in_a_namespace_that_is_no_text_is_not_found() {
    let mut lost = deployment(None, "web");
    lost["metadata"]["namespace"] = json!(false);
    let cluster = MemoryCluster::new([lost]);
    let found = cluster.object("apps/v1", "Deployment", ("default", "web"), "a.yaml");
    assert_eq!(found, None);
}

#[test]
fn an_object_is_found_by_its_name_as_it_is_stored() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "shop"},
        "stringData": {"a": "x"},
    });
    let origin = |rank, file: &str, number| Origin {
        rank,
        file: Some(file.into()),
        number,
    };
    let cluster = MemoryCluster::with_origins([
        (
            secret.clone().into(),
            origin(Rank::Written, "overlays/dev/a.yaml", 3),
        ),
        (secret.into(), origin(Rank::Derived, "base/a.yaml", 7)),
    ]);
    let found = |version: &str, kind: &str, name: (&str, &str), file: &str| {
        let (number, object) = cluster.object(version, kind, name, file)?;
        Some((number, object["data"].clone()))
    };
    let web = ("shop", "web");
    let data = json!({"a": "eA=="});
    for (version, kind, name, file, number) in [
        ("v1", "Secret", web, "overlays/dev/b.yaml", Some(3)),
        ("v1", "Secret", web, "overlays/prod/b.yaml", Some(7)),
        ("v1", "Secret", ("shop", "api"), "a.yaml", None),
        ("v1", "Secret", ("bank", "web"), "a.yaml", None),
        ("v1", "ConfigMap", web, "a.yaml", None),
        ("apps/v1", "Secret", web, "a.yaml", None),
    ] {
        let expected = number.map(|number| (number, data.clone()));
        assert_eq!(found(version, kind, name, file), expected, "{kind} {file}");
    }
}

#[test]
fn remembers_what_was_got_and_what_might_be_meant() {
    use Rank::Written;
    let gets = |cluster: Arc<MemoryCluster>, request: &str| {
        let host = cluster
            .host_with(Grants::all())
            .asked_from(Some("a.yaml".into()));
        for _ in 0..2 {
            let _ = host.answer("kubernetes", "get_resource", request.as_bytes());
        }
        let gets = host.gets().into_iter();
        gets.map(|get| (get.kind, get.name, get.found))
            .collect::<Vec<_>>()
    };
    let web = |found: Found| vec![("Deployment".to_owned(), "web".to_owned(), found)];
    let object = |number, rivals: &[usize]| {
        web(Found::Object {
            number,
            rivals: rivals.to_vec(),
        })
    };
    let two = || variants(&[(Written, "b.yaml"), (Written, "c.yaml")]);
    assert_eq!(gets(two(), WEB), object(1, &[0]));
    // They do not differ in what was asked for.
    let paused = WEB.replace('}', r#", "field_masks": ["spec.paused"]}"#);
    assert_eq!(gets(two(), &paused), object(1, &[]));
    assert_eq!(gets(variants(&[]), WEB), web(Found::Nothing));
    // It is not known whether there is one.
    let failing = MemoryCluster::failing("deadline has elapsed");
    assert_eq!(gets(Arc::new(failing), WEB), []);
    assert_eq!(gets(variants(&[]), &WEB.replace("apps/v1", "apps/v7")), []);
    assert_eq!(
        gets(
            variants(&[]),
            &WEB.replace(r#", "namespace": "default""#, "")
        ),
        []
    );
}

#[test]
fn an_autoscaler_of_v1_is_listed_and_got_as_one_of_v2() {
    let autoscaler = json!({
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": "web",
            "annotations": {
                "autoscaling.alpha.kubernetes.io/metrics":
                    r#"[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]"#,
            },
        },
        "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 60},
    });
    let mut request = json!({
        "api_version": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "namespace": "default",
        "field_masks": ["spec.metrics.type", "spec.metrics.resource"],
    });
    let metrics = json!([
        {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}},
    ]);
    let cluster = || MemoryCluster::new([autoscaler.clone()]);
    let item = json!({
        "metadata": {"name": "web", "namespace": "default", "annotations": {}, "managedFields": []},
        "spec": {"metrics": metrics},
    });
    let list = ask(cluster(), "list_resources_by_namespace", &request).unwrap();
    assert_eq!(list["items"], json!([item]));
    request["name"] = json!("web");
    let got = ask(cluster(), "get_resource", &request).unwrap();
    assert_eq!(
        (&got["apiVersion"], &got["spec"]),
        (&json!("autoscaling/v2"), &item["spec"])
    );
}
