//! What reaches a policy.

use std::fs;

use preflight::{
    Engine, Limits,
    judge::{ActivePolicy, judge},
    manifests,
};
use serde_json::{Value, json};

use crate::{guests::Validate, stage::Stage};

/// The objects that the policies get for this file, in its order.
fn objects(text: &str, now: Option<&str>) -> Vec<Value> {
    let stage = Stage::with_policy_for_all("echo", &Validate::Echo);
    stage.write("m.yaml", text);
    let engine = Engine::new(Limits::default()).unwrap();
    let wasm = fs::read(stage.path().join("dist/echo.wasm")).unwrap();
    let policies = [ActivePolicy::new(
        engine.load("echo", &wasm).unwrap(),
        json!({}),
    )];
    let manifests = manifests::read(&[stage.path().join("m.yaml")]);
    let now = now.map(|now| now.parse().unwrap());
    let report = judge(manifests, &policies, "shop", now, || ()).unwrap();
    assert_eq!(report.problems, []);
    let object = |message: &String| {
        let payload = message.replace('\'', "\"").replace('^', "\\");
        let payload: Value = serde_json::from_str(&payload).unwrap();
        payload["request"]["object"].clone()
    };
    let messages = report.refusals.iter().map(|refusal| &refusal.problem);
    messages.map(object).collect()
}

#[test]
fn a_secret_reaches_the_policy_as_it_is_written() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  token: |\n    aHVu\n    dGVy\n  empty:\n\
                  stringData:\n  token: hunter2\n  port: 8080\n";
    assert_eq!(
        objects(secret, None),
        [json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "a", "namespace": "shop"},
            "data": {"token": "aHVu\ndGVy\n", "empty": null},
            "stringData": {"token": "hunter2", "port": 8080},
        })]
    );
}

#[test]
fn all_objects_of_a_run_are_created_at_the_time_of_the_run() {
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, creationTimestamp: null}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: b, creationTimestamp: '2020-01-01T00:00:00Z'}\n";
    let times = |now| -> Vec<Value> {
        let objects = objects(pods, now);
        let time = |object: &Value| object["metadata"]["creationTimestamp"].clone();
        objects.iter().map(time).collect()
    };
    assert_eq!(
        times(Some("2026-11-22T16:39:02.5Z")),
        ["2026-11-22T16:39:02Z", "2026-11-22T16:39:02Z"]
    );
    assert_eq!(times(None), [json!(null), json!("2020-01-01T00:00:00Z")]);
}

#[test]
fn the_command_line_says_what_time_it_is() {
    let stage = Stage::with_policy_for_all("echo", &Validate::Echo);
    stage.write(
        "a.yaml",
        "{apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: '2020-01-01T00:00:00Z'}}\n",
    );
    let (_, text, _) = stage.run(&["--format", "json", "a.yaml"]);
    let (_, time) = text.split_once("'creationTimestamp':'").unwrap();
    let (time, _) = time.split_once('\'').unwrap();
    let shape = time.replace(|character: char| character.is_ascii_digit(), "0");
    assert_eq!(shape, "0000-00-00T00:00:00Z");
    assert_ne!(time, "2020-01-01T00:00:00Z");
}
