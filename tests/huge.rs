//! Objects as large and as deep as the API server lets through, and more: each ends with an answer, in the time and the
//! memory that a policy server gives by default.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use bundle_tests::{complete, invariants, policies};
use preflight::{HostCalls, MemoryCluster, Response};
use serde_json::{Value, json};

use meter::Meter;

#[path = "huge/meter.rs"]
mod meter;

/// What the API server takes: `MaxRequestBodyBytes`.
/// Source: `staging/src/k8s.io/apiserver/pkg/server/config.go`.
const REQUEST_LIMIT: usize = 3 * 1024 * 1024;
/// The policies, each with its name.
static METERS: LazyLock<BTreeMap<String, Meter>> = LazyLock::new(|| {
    let names = policies::all().unwrap().into_iter();
    let meter = |name: String| (name.clone(), Meter::new(&policies::wasm(&name).unwrap()));
    names.map(meter).collect()
});

/// The answer of every policy to a payload, which has to be one. What is none goes to the problems.
fn answers(what: &str, payload: &[u8], problems: &mut Vec<String>) -> Vec<(String, Response)> {
    answers_of(what, payload, problems, &|_| true)
}

/// The same of some policies.
fn answers_of(
    what: &str,
    payload: &[u8],
    problems: &mut Vec<String>,
    only: &dyn Fn(&str) -> bool,
) -> Vec<(String, Response)> {
    let cluster = Arc::new(MemoryCluster::default());
    let mut answers = Vec::new();
    for (name, meter) in METERS.iter() {
        if !only(name) {
            continue;
        }
        let guest = policies::load(name).unwrap();
        let host = Arc::new(cluster.host(guest.metadata()));
        match validate(meter, what, payload, host) {
            Ok(response) => answers.push((name.clone(), response)),
            Err(problem) => problems.push(format!("{name}, {what}: {problem}")),
        }
    }
    answers
}

/// The answer of a policy, and whatever is wrong with it.
fn validate(
    meter: &Meter,
    what: &str,
    payload: &[u8],
    host: Arc<dyn HostCalls>,
) -> Result<Response, String> {
    let (answer, cost) = meter.answer(payload, host);
    // `--nocapture` makes a table of it.
    println!(
        "{:>5} million instructions, {:>3} MiB: {what}",
        cost.instructions / 1_000_000,
        cost.memory / 1024 / 1024
    );
    let response: Response = serde_json::from_slice(&answer?).map_err(|error| error.to_string())?;
    invariants::check(&response)?;
    Ok(response)
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// As many of what `item` makes as fit into a request.
fn as_many(item: impl Fn(usize) -> Value) -> Vec<Value> {
    let (mut items, mut size) = (Vec::new(), 1_000);
    loop {
        let next = item(items.len());
        size += next.to_string().len() + 1;
        if size > REQUEST_LIMIT {
            return items;
        }
        items.push(next);
    }
}

fn object(api_version: &str, kind: &str, fields: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}});
    let Value::Object(fields) = fields else {
        unreachable!("fields are a map")
    };
    object.as_object_mut().unwrap().extend(fields);
    object
}

fn secret(value: impl Fn(usize) -> String) -> Value {
    let entry = |number: usize| json!([format!("key-{number}"), value(number)]);
    let entries = as_many(entry).into_iter();
    let data: serde_json::Map<String, Value> = entries
        .map(|entry| (entry[0].as_str().unwrap().to_owned(), entry[1].clone()))
        .collect();
    object("v1", "Secret", json!({ "data": data }))
}

/// Half of the entries of `data`, once more in clear text.
fn with_string_data(mut secret: Value) -> Value {
    let data = secret["data"].as_object().unwrap();
    let half: serde_json::Map<String, Value> = data
        .iter()
        .take(data.len() / 2)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    secret["data"] = json!(half);
    secret["stringData"] = json!(half);
    secret
}

/// The same object, with long lists from their end to their start.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() > 100 => items.iter().rev().cloned().collect(),
        Value::Object(fields) => {
            let reversed = |(key, value): (&String, &Value)| (key.clone(), reversed(value));
            Value::Object(fields.iter().map(reversed).collect())
        }
        other => other.clone(),
    }
}

fn service(ports: &[Value]) -> Value {
    object(
        "v1",
        "Service",
        json!({"spec": {"type": "NodePort", "ports": ports}}),
    )
}

fn pod(spec: &Value) -> Value {
    object("v1", "Pod", json!({ "spec": spec }))
}

fn autoscaler(metrics: &[Value]) -> Value {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let spec = json!({"maxReplicas": 3, "scaleTargetRef": target, "metrics": metrics});
    object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        json!({ "spec": spec }),
    )
}

/// An object of a kind that the settings of [`custom_kinds`] name.
fn workers(spec: &Value) -> Value {
    object("example.com/v1", "Workers", json!({ "spec": spec }))
}

/// Settings of hostpath-mounts.
fn custom_kinds() -> Value {
    json!({
        "customKinds": [{"apiGroup": "example.com", "kind": "Workers", "podSpecPath": "spec"}],
        "writableMounts": "deny",
    })
}

/// One object of each sort, as large as it may be. `differ` is in all that is found.
#[allow(clippy::too_many_lines, reason = "it is a table")]
fn objects(differ: usize) -> Vec<(&'static str, Value)> {
    let whole = |piece: &str| json!(piece.repeat((REQUEST_LIMIT - 1_000) / piece.len()));
    let half = |items: Vec<Value>| {
        let kept = items.len() / 2;
        items.into_iter().take(kept).collect::<Vec<_>>()
    };
    let mount = |number: usize| json!({"name": format!("v{number}"), "mountPath": "/m"});
    let volume = |number: usize| json!({"name": format!("v{number}"), "hostPath": {"path": format!("/etc/{differ}/{number}")}});
    let sub_path = |number: usize| json!({"name": "v", "subPath": format!("{differ}/{number}")});
    let container =
        |number: usize| json!({"name": format!("c{number}"), "volumeMounts": [mount(number)]});
    vec![
        (
            "a value of one letter",
            object("v1", "Secret", json!({"data": {"a": whole("QUFB")}})),
        ),
        (
            "a value that is not base64",
            object("v1", "Secret", json!({"data": {"a": whole("a-b_")}})),
        ),
        (
            "a value encoded again",
            object("v1", "Secret", json!({"data": {"a": whole("UVVGQlFV")}})),
        ),
        (
            "PEM without an end",
            object(
                "v1",
                "Secret",
                json!({"type": "kubernetes.io/tls", "data": {
                    "tls.crt": whole("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCgo="),
                    "tls.key": "",
                }}),
            ),
        ),
        (
            "credentials of braces",
            object(
                "v1",
                "Secret",
                json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": whole("W1tb")}}),
            ),
        ),
        (
            "the same keys in data and stringData",
            with_string_data(secret(|number| format!("{differ}-{number}"))),
        ),
        ("empty values", secret(|_| String::new())),
        (
            "wrong values",
            secret(|number| format!("{differ}-{number}")),
        ),
        (
            "ports",
            service(&as_many(
                |number| json!({"port": number % 60_000, "nodePort": (number + differ) % 60_000}),
            )),
        ),
        (
            "the same port",
            service(&as_many(|_| json!({"nodePort": 30_000 + differ}))),
        ),
        (
            "volumes",
            pod(&json!({"volumes": as_many(volume), "containers": []})),
        ),
        (
            "volumes with mounts",
            pod(&json!({"volumes": half(as_many(volume)), "containers": half(as_many(container))})),
        ),
        (
            "mounts of one volume",
            pod(&json!({
                "volumes": [volume(0)],
                "containers": [{"name": "a", "volumeMounts": as_many(|_| mount(0))}],
            })),
        ),
        (
            "mounts of nothing",
            pod(&json!({
                "volumes": half(as_many(volume)),
                "containers": [{"name": "a", "volumeMounts": half(as_many(|number| mount(number + 1_000_000)))}],
            })),
        ),
        (
            "mounts of parts of a path of many names",
            pod(&json!({
                "volumes": [{"name": "v", "hostPath": {"path": "/a".repeat(2_000)}}],
                "containers": [{"name": "a", "volumeMounts": as_many(sub_path)}],
            })),
        ),
        (
            "mounts of parts of a long path of Windows",
            pod(&json!({
                "volumes": [{"name": "v", "hostPath": {"path": format!("C:{}", "\\a".repeat(1_990))}}],
                "containers": [{"name": "a", "volumeMounts": as_many(sub_path)}],
            })),
        ),
        (
            "mounts of parts of a path with a long name",
            pod(&json!({
                "volumes": [{"name": "v", "hostPath": {"path": format!("/{}", "a".repeat(4_000))}}],
                "containers": [{"name": "a", "volumeMounts": as_many(sub_path)}],
            })),
        ),
        (
            "mounts of a long path that propagate",
            pod(&json!({
                "volumes": [{"name": "v", "hostPath": {"path": whole("/a").as_str().map(|path| &path[..300_000])}}],
                "containers": [{"name": "a", "volumeMounts": half(as_many(|_| {
                    json!({"name": "v", "mountPropagation": "Bidirectional"})
                }))}],
            })),
        ),
        (
            "a long path",
            pod(&json!({"volumes": [{"name": "v", "hostPath": {"path": whole("/../a")}}]})),
        ),
        (
            "containers",
            object(
                "apps/v1",
                "Deployment",
                json!({"spec": {"template": {"spec": {"containers": as_many(|number| {
                    json!({"name": format!("c{number}"), "resources": {"requests": {"cpu": format!("{differ}x{number}")}}})
                })}}}}),
            ),
        ),
        (
            "metrics",
            autoscaler(&as_many(|number| {
                let target = json!({"type": "Utilization", "averageUtilization": differ + 1});
                json!({"type": "ContainerResource", "containerResource": {"name": "cpu", "container": format!("c{number}"), "target": target}})
            })),
        ),
        (
            "metrics of resources",
            autoscaler(&as_many(|number| {
                let target = json!({"type": "Utilization", "averageUtilization": differ + 1});
                json!({"type": "Resource", "resource": {"name": format!("r{number}"), "target": target}})
            })),
        ),
        (
            "policies of containers",
            object(
                "autoscaling.k8s.io/v1",
                "VerticalPodAutoscaler",
                json!({"spec": {
                    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                    "resourcePolicy": {"containerPolicies": as_many(|number| {
                        json!({"containerName": format!("c{number}"), "mode": "Auto", "controlledResources": ["cpu", format!("r{differ}")]})
                    })},
                }}),
            ),
        ),
        (
            "annotations",
            object(
                "v1",
                "Service",
                json!({"metadata": {"name": "web", "annotations": {"a": whole("\u{1}\"")}}, "spec": {"type": "NodePort"}}),
            ),
        ),
        (
            "lists of nothing",
            pod(
                &json!({"volumes": as_many(|_| json!([])), "containers": as_many(|_| Value::Null)}),
            ),
        ),
    ]
}

#[test]
fn the_largest_objects_are_answered() {
    let mut problems = Vec::new();
    for (what, object) in objects(0) {
        let request = complete(&json!({ "object": object })).unwrap();
        let payload = json!({"request": request, "settings": {}}).to_string();
        assert!(payload.len() > REQUEST_LIMIT / 4, "{what}");
        answers(what, payload.as_bytes(), &mut problems);
    }
    assert_none(&problems);
}

/// What the API server lets through in kinds of others alone.
#[test]
fn pod_specs_of_custom_kinds_are_answered_whatever_they_repeat() {
    let half = |items: Vec<Value>| {
        let kept = items.len() / 2;
        items.into_iter().take(kept).collect::<Vec<_>>()
    };
    let volumes = |path: &str| {
        half(as_many(
            |_| json!({"name": "v", "hostPath": {"path": path}}),
        ))
    };
    let mounts = || {
        half(as_many(
            |number| json!({"name": "v", "subPath": number.to_string()}),
        ))
    };
    let expressions = |names: usize| {
        half(as_many(
            |number| json!({"name": "v", "subPathExpr": format!("$(V{})", number % names)}),
        ))
    };
    let chain = |next: usize| {
        half(as_many(
            |number| json!({"name": format!("V{number}"), "value": format!("$(V{})", number.saturating_sub(next))}),
        ))
    };
    let one = |mounts: Vec<Value>, env: &Value, path: &str| {
        let volume = json!({"name": "v", "hostPath": {"path": path}});
        json!({"volumes": [volume], "containers": [{"name": "a", "env": env, "volumeMounts": mounts}]})
    };
    let many = |path: &str| json!({"volumes": volumes(path), "containers": [{"name": "a", "volumeMounts": mounts()}]});
    let containers = half(as_many(|number| {
        json!({"name": format!("c{number}"), "env": [{"name": "A", "value": "b"}],
            "volumeMounts": [{"name": "v", "subPathExpr": "$(A)"}]})
    }));
    let mut problems = Vec::new();
    for (what, spec) in [
        ("volumes and mounts of one name", many("/data")),
        ("risky volumes and mounts of one name", many("/etc/a")),
        (
            "volumes and mounts of one name behind a link",
            many("/var/opt/a"),
        ),
        (
            "a chain of variables",
            one(expressions(100_000), &json!(chain(1)), "/etc/a"),
        ),
        (
            "variables of one name",
            one(
                expressions(1),
                &json!(half(as_many(|_| json!({"name": "V0", "value": "$(V0)"})))),
                "/var/lib",
            ),
        ),
        (
            "references in one value",
            one(
                expressions(1),
                &json!([{"name": "V0", "value": "$(a)$(b)$$".repeat(150_000)}]),
                "/var/lib",
            ),
        ),
        (
            "parentheses that are not closed",
            one(
                expressions(1),
                &json!([{"name": "V0", "value": "$(".repeat(750_000)}]),
                "/etc/a",
            ),
        ),
        (
            "containers with variables",
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/var/lib"}}], "containers": containers}),
        ),
    ] {
        for old in [None, Some(json!({"volumes": [], "containers": []}))] {
            let object = workers(&spec);
            let written = match old {
                None => json!({ "object": object }),
                Some(old) => {
                    json!({"operation": "UPDATE", "object": object, "oldObject": workers(&old)})
                }
            };
            let payload =
                json!({"request": complete(&written).unwrap(), "settings": custom_kinds()});
            let payload = payload.to_string();
            assert!(payload.len() > REQUEST_LIMIT / 4, "{what}");
            let only = |name: &str| name == "hostpath-mounts";
            let given = answers_of(what, payload.as_bytes(), &mut problems, &only);
            for (_, response) in given {
                assert!(!response.accepted, "{what}");
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn the_largest_updates_are_answered() {
    let mut problems = Vec::new();
    for ((what, old), (_, object)) in objects(0).into_iter().zip(objects(1)) {
        let mut judges: Option<Vec<String>> = None;
        let other_way = reversed(&object);
        for (how, old) in [
            ("kept", &object),
            ("changed", &old),
            ("reversed", &other_way),
        ] {
            if how == "reversed" && *old == object {
                continue;
            }
            let written = json!({"operation": "UPDATE", "object": object, "oldObject": old});
            let payload = json!({"request": complete(&written).unwrap(), "settings": {}});
            // A policy that does not read the kind answers in no other way.
            let only = |name: &str| {
                let known = judges.as_ref();
                known.is_none_or(|judges| judges.iter().any(|judge| judge == name))
            };
            let what = format!("{what}, {how}");
            let given = answers_of(&what, payload.to_string().as_bytes(), &mut problems, &only);
            let judge = |(name, response): (String, Response)| {
                let mut warnings = response.warnings.iter();
                let is_judged = !warnings.any(|warning| warning.ends_with("[unclaimed_kind]"));
                is_judged.then_some(name)
            };
            judges.get_or_insert_with(|| given.into_iter().filter_map(judge).collect());
        }
    }
    assert_none(&problems);
}

/// Lists and maps in each other, with something in the middle.
fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

/// A payload with a text in one of the places where people write.
fn payload(place: &str, text: &str) -> String {
    let fill = |here: &str| if here == place { text } else { "{}" };
    format!(
        r#"{{"request":{{"uid":"1","kind":{{"group":"","version":"v1","kind":"{kind}"}},"operation":"UPDATE","name":"a",
        "namespace":"b","options":{},"userInfo":{},"object":{{"metadata":{},"spec":{},"data":{},"status":{}}},
        "oldObject":{}}},"settings":{}}}"#,
        fill("options"),
        fill("userInfo"),
        fill("metadata"),
        fill("spec"),
        fill("data"),
        fill("status"),
        fill("oldObject"),
        fill("settings"),
        kind = if place == "data" { "Secret" } else { "Pod" },
    )
}

#[test]
fn deep_payloads_are_answered() {
    let places = [
        "options",
        "userInfo",
        "metadata",
        "spec",
        "data",
        "status",
        "oldObject",
        "settings",
    ];
    let mut problems = Vec::new();
    for place in places {
        for depth in [100, 127, 128, 1_000, 100_000, 500_000] {
            for (open, close) in [("[", "]"), (r#"{"spec":"#, "}"), (r#"[{"data":"#, "}]")] {
                let what = format!("{depth} {open} in {place}");
                let whole = payload(place, &nested(depth, open, close));
                // Without an end, as a payload that was cut.
                let cut = payload(place, &open.repeat(depth));
                answers(&what, whole.as_bytes(), &mut problems);
                for (name, response) in answers(&what, cut.as_bytes(), &mut problems) {
                    if response.code != Some(400) {
                        problems.push(format!("{name}, {what}: {response:?}"));
                    }
                }
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn very_many_wrong_settings_are_told() {
    let wrong: serde_json::Map<String, Value> = as_many(|number| json!(format!("set-{number}")))
        .into_iter()
        .map(|name| (name.as_str().unwrap().to_owned(), json!(1)))
        .collect();
    let request = complete(&json!({"object": pod(&json!({}))})).unwrap();
    let payload = json!({"request": request, "settings": wrong}).to_string();
    let mut problems = Vec::new();
    for (name, response) in answers("wrong settings", payload.as_bytes(), &mut problems) {
        if response.code != Some(500) {
            problems.push(format!("{name}: {response:?}"));
        }
    }
    assert_none(&problems);
}

#[test]
fn very_many_autoscalers_of_one_target_are_told() {
    const CONTAINERS: usize = 50;
    const AUTOSCALERS: usize = 5_000;
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let container = |number: usize| json!({"name": format!("c{number}")});
    let containers: Vec<Value> = (0..CONTAINERS).map(container).collect();
    let spec = json!({"template": {"spec": {"containers": containers}}});
    let mut objects = vec![object("apps/v1", "Deployment", json!({ "spec": spec }))];
    for number in 0..AUTOSCALERS {
        let spec = json!({"spec": {"targetRef": target}});
        let mut vertical = object("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", spec);
        vertical["metadata"]["name"] = json!(format!("vpa-{number:04}"));
        objects.push(vertical);
    }
    let cluster = Arc::new(MemoryCluster::new(objects));
    let (name, meter) = METERS.get_key_value("hpa-vpa-overlap").unwrap();
    let guest = policies::load(name).unwrap();
    let horizontal = autoscaler(&[]);
    let ask = |written: Value| {
        let request = complete(&written).unwrap();
        let payload = json!({"request": request, "settings": {"writtenFirst": "deny"}}).to_string();
        let host = Arc::new(cluster.host(guest.metadata()));
        validate(meter, "autoscalers", payload.as_bytes(), host).unwrap()
    };
    let refused = ask(json!({ "object": horizontal }));
    let message = refused.message.unwrap();
    let count = CONTAINERS * AUTOSCALERS;
    assert!(
        message.contains(&format!(" in {count} places:\n- ")),
        "{message}"
    );
    assert!(
        message.ends_with(&format!("\n- and {} more", count - 15)),
        "{message}"
    );
    let places = &refused.audit_annotations["shared_resource"];
    assert!(
        places.ends_with(&format!(" and {} more", count - 15)),
        "{places}"
    );
    let kept = json!({"operation": "UPDATE", "object": horizontal, "oldObject": horizontal});
    assert!(ask(kept).accepted);
}

#[test]
fn a_hundred_levels_are_read() {
    let mut problems = Vec::new();
    let payload = payload("status", &nested(100, r#"{"a":"#, "}"));
    for (name, response) in answers("100 levels", payload.as_bytes(), &mut problems) {
        if response.code == Some(400) {
            problems.push(format!("{name}: {response:?}"));
        }
    }
    assert_none(&problems);
}

/// A host that answers everything with one text.
struct Same(String);

impl HostCalls for Same {
    fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

#[test]
fn whatever_a_host_answers_is_survived() {
    let item = |number: usize| {
        let name = format!("web-{number}");
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
        json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"scaleTargetRef": target, "targetRef": target}})
    };
    let texts = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{\"items\":".to_owned(),
        nested(100_000, "[", "]"),
        format!("{{\"items\":{}}}", nested(100, "[", "]")),
        json!({"items": vec![Value::Null; 500_000]}).to_string(),
        json!({"items": as_many(item)}).to_string(),
        "x".repeat(REQUEST_LIMIT),
        "\u{0}".repeat(REQUEST_LIMIT),
    ];
    for object in [
        autoscaler(&[]),
        object(
            "apps/v1",
            "Deployment",
            json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}),
        ),
        object(
            "autoscaling.k8s.io/v1",
            "VerticalPodAutoscaler",
            json!({"spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}}),
        ),
        pod(&json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]})),
    ] {
        let request = complete(&json!({ "object": object })).unwrap();
        for (name, meter) in METERS.iter() {
            let settings = if name == "hostpath-mounts" {
                json!({"followClaims": true})
            } else {
                json!({})
            };
            let payload = json!({"request": request, "settings": settings}).to_string();
            for text in &texts {
                let start: String = text.chars().take(60).collect();
                let host = Arc::new(Same(text.clone()));
                let answer = validate(meter, &start, payload.as_bytes(), host);
                assert!(answer.is_ok(), "{name}, {start}: {answer:?}\n{object}");
            }
        }
    }
}
