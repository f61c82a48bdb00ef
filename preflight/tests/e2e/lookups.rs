//! Look-ups, from both sides: what the cluster says, and what policies take it for.

use std::sync::Arc;

use policy_metadata::Metadata;
use preflight::{ClusterHost, MemoryCluster};
use serde_json::{Value, json};
use shared::cluster::{ListLookup, Lookup, fetch, list};
use shared::{Cluster as _, ClusterError};

/// The host of a policy that may look up these kinds.
fn host(cluster: MemoryCluster, kinds: &[(&str, &str)]) -> ClusterHost {
    let granted: Vec<Value> = kinds
        .iter()
        .map(|(api_version, kind)| json!({"apiVersion": api_version, "kind": kind}))
        .collect();
    let metadata: Metadata = serde_json::from_value(json!({
        "rules": [], "mutating": false, "executionMode": "kubewarden-wapc", "contextAwareResources": granted,
        "hostCapabilities": ["kubernetes/*"],
    }))
    .unwrap();
    Arc::new(cluster).host(Some(&metadata))
}

fn answer(host: &ClusterHost, operation: &str, request: &Value) -> Value {
    let answer = host.ask(operation, request.to_string().as_bytes());
    serde_json::from_slice(&answer.unwrap()).unwrap()
}

const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

fn error(cluster: MemoryCluster, (api_version, kind): (&str, &str), granted: bool) -> ClusterError {
    let lookup = Lookup {
        api_version,
        kind,
        name: "nope",
        namespace: Some("shop"),
        disable_cache: false,
        field_masks: &["spec.a"],
    };
    let kinds = [(api_version, kind)];
    let host = host(cluster, if granted { &kinds } else { &[] });
    fetch(&host, &lookup).unwrap_err()
}

#[test]
fn policies_take_the_errors_for_what_they_are() {
    use ClusterError::{Forbidden, NotFound, NotServed, Unavailable};
    let vpa = ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler");
    let rollout = ("argoproj.io/v1alpha1", "Rollout");
    let with = |object: Value| MemoryCluster::new([object]);
    let analysis = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "a"}});
    let deployment =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "nope"}});
    let failing = |words: &str| MemoryCluster::default().with_error("apps/v1", "Deployment", words);
    for (cluster, kind, granted, expected) in [
        // The group is not served, in any version or in this one.
        (MemoryCluster::default(), vpa, true, NotServed),
        (
            with(deployment.clone()),
            ("apps/v2", "Deployment"),
            true,
            NotServed,
        ),
        // The group is served, the kind is not.
        (
            MemoryCluster::default(),
            ("apps/v1", "Nope"),
            true,
            NotServed,
        ),
        (with(analysis), rollout, true, NotServed),
        // The object does not exist, or not in this namespace.
        (MemoryCluster::default(), DEPLOYMENT, true, NotFound),
        (with(deployment), DEPLOYMENT, true, NotFound),
        (MemoryCluster::default(), DEPLOYMENT, false, Forbidden),
        (
            failing(
                "Callback evaluation failure: ApiError: deployments.apps \"web\" is forbidden: User \"x\" cannot get \
                 resource \"deployments\" in API group \"apps\" in the namespace \"default\": Forbidden (Status { \
                 status: Some(Failure), code: 403, message: \"\", metadata: None, reason: \"Forbidden\", details: \
                 None })",
            ),
            DEPLOYMENT,
            true,
            Forbidden,
        ),
        (
            failing("Callback evaluation failure: deadline has elapsed"),
            DEPLOYMENT,
            true,
            Unavailable("Callback evaluation failure: deadline has elapsed".to_owned()),
        ),
    ] {
        assert_eq!(error(cluster, kind, granted), expected, "{kind:?}");
    }
}

#[test]
fn an_empty_list_is_a_list_and_a_list_of_what_is_not_served_is_none() {
    let names = |kind: (&str, &str)| {
        let lookup = ListLookup {
            api_version: kind.0,
            kind: kind.1,
            namespace: "shop",
            field_masks: &["spec.a"],
        };
        let answer = list(&host(MemoryCluster::default(), &[kind]), &lookup)?;
        let list = answer.parse_list(|_| true)?;
        Ok(list.items().count())
    };
    assert_eq!(names(DEPLOYMENT), Ok(0));
    let vpa = ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler");
    assert_eq!(names(vpa), Err(ClusterError::NotServed));
}

fn objects() -> Vec<Value> {
    let object = |name: &str, tier: &str, namespace: &str| {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace, "labels": {"tier": tier}},
            "spec": {
                "paused": false,
                "template": {"spec": {"containers": [
                    {"name": "a", "ports": [{"name": "http", "containerPort": 80}, {"containerPort": 81}]},
                    {"name": "b", "image": "b:1"},
                ]}},
            },
            "status": {"replicas": 1},
        })
    };
    vec![
        object("web", "front", "shop"),
        object("api", "back", "shop"),
        object("web", "front", "bank"),
    ]
}

#[test]
fn answers_are_the_same_bytes_whatever_the_order_of_the_objects() {
    let mut turned = objects();
    turned.reverse();
    let hosts = [objects(), turned].map(|objects| host(MemoryCluster::new(objects), &[DEPLOYMENT]));
    for (operation, request) in [
        ("list_resources_all", json!({})),
        ("list_resources_by_namespace", json!({"namespace": "shop"})),
        (
            "get_resource",
            json!({"namespace": "bank", "name": "web", "disable_cache": true}),
        ),
    ] {
        let mut request = request;
        request["api_version"] = json!(DEPLOYMENT.0);
        request["kind"] = json!(DEPLOYMENT.1);
        let [one, other] = hosts
            .each_ref()
            .map(|host| host.ask(operation, request.to_string().as_bytes()));
        assert_eq!(one.unwrap(), other.unwrap(), "{operation}");
    }
}

#[test]
fn masks_cross_arrays_and_spare_the_metadata() {
    let host = host(MemoryCluster::new(objects()), &[DEPLOYMENT]);
    let whole = objects().remove(0);
    let (spec, status) = (whole["spec"].clone(), whole["status"].clone());
    let containers =
        |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
    for (masks, expected) in [
        (json!(null), json!({"spec": spec, "status": status})),
        (json!([]), json!({"spec": spec, "status": status})),
        (json!(["status"]), json!({"status": status})),
        (json!(["metadata.name"]), json!({})),
        (json!(["spec.nothing"]), json!({"spec": {}})),
        // Below a scalar there is nothing to leave out.
        (
            json!(["spec.paused.a", "status.replicas"]),
            json!({"spec": {"paused": false}, "status": status}),
        ),
        // An array in an array.
        (
            json!(["spec.template.spec.containers.ports.containerPort"]),
            containers(json!([{"ports": [{"containerPort": 80}, {"containerPort": 81}]}, {}])),
        ),
        // The longer path narrows the shorter one, in any order.
        (
            json!([
                "spec.template.spec.containers.image",
                "spec",
                "spec.template"
            ]),
            containers(json!([{}, {"image": "b:1"}])),
        ),
    ] {
        let request = json!({
            "api_version": DEPLOYMENT.0, "kind": DEPLOYMENT.1, "name": "web", "namespace": "shop",
            "disable_cache": false, "field_masks": masks,
        });
        let mut expected = expected;
        expected["apiVersion"] = json!(DEPLOYMENT.0);
        expected["kind"] = json!(DEPLOYMENT.1);
        expected["metadata"] = whole["metadata"].clone();
        assert_eq!(answer(&host, "get_resource", &request), expected, "{masks}");
        // The mask of a list does the same to each item.
        let mut item = answer(&host, "list_resources_by_namespace", &request)["items"][1].take();
        let metadata = item["metadata"].take();
        assert_eq!(metadata["labels"], whole["metadata"]["labels"]);
        for key in ["apiVersion", "kind", "metadata"] {
            expected.as_object_mut().unwrap().remove(key);
            assert!(item.get(key).is_none_or(Value::is_null), "{key}");
        }
        item.as_object_mut().unwrap().remove("metadata");
        assert_eq!(item, expected, "{masks}");
    }
}

#[test]
fn selectors_narrow_lists_together_and_see_what_the_mask_leaves_out() {
    let host = host(MemoryCluster::new(objects()), &[DEPLOYMENT]);
    for (labels, fields, expected) in [
        (json!("tier=front"), json!(null), "bank/web shop/web"),
        (json!("tier notin (front)"), json!(""), "shop/api"),
        (
            json!("tier,!zone"),
            json!("metadata.namespace=shop"),
            "shop/api shop/web",
        ),
        (
            json!("tier==front"),
            json!("metadata.namespace!=shop"),
            "bank/web",
        ),
        (
            json!(null),
            json!("metadata.name=web,status.replicas=1"),
            "bank/web shop/web",
        ),
        (
            json!("tier in (back, front)"),
            json!("metadata.name=nobody"),
            "",
        ),
    ] {
        let request = json!({
            "api_version": DEPLOYMENT.0, "kind": DEPLOYMENT.1, "label_selector": labels, "field_selector": fields,
            "field_masks": ["spec.paused"],
        });
        let answer = answer(&host, "list_resources_all", &request);
        let name = |item: &Value| {
            let text = |key: &str| item["metadata"][key].as_str().unwrap().to_owned();
            format!("{}/{}", text("namespace"), text("name"))
        };
        let names: Vec<String> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(name)
            .collect();
        assert_eq!(names.join(" "), expected, "{labels} {fields}");
    }
}
