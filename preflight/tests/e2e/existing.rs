//! Manifests judged beside what is in the cluster already, and what of them counts.

use serde_json::{Value, json};

use crate::{
    guests::Validate,
    stage::{Stage, err, out},
};

const WARN: Validate<'_> = Validate::Answer(r#"{"accepted":true,"warnings":["hm"]}"#);

fn pod(name: &str, more: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}{more}}}\n")
}

/// A policy that says what it was asked.
fn echo() -> Stage {
    let stage = Stage::with_policy_for_all("echo", &Validate::Echo);
    let rules = r"apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata: {name: echo}
spec:
  module: registry://registry.example.com/policies/echo:v1
  rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}]
";
    stage.write("p.yaml", rules);
    stage
}

/// The requests that a run makes.
fn requests(stage: &Stage, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["--policies-from", "p.yaml", "-f", "json"], arguments].concat();
    let report: Value = serde_json::from_str(&stage.run(&arguments).1).unwrap();
    let refusals = report["refusals"].as_array().unwrap();
    let asked = refusals.iter().map(|refusal| {
        let text = refusal["problem"].as_str().unwrap().replace('\'', "\"");
        let mut payload: Value = serde_json::from_str(&text).unwrap();
        payload["request"].take()
    });
    asked.collect()
}

#[test]
fn an_object_that_is_there_is_updated_and_another_one_is_created() {
    let stage = echo();
    stage.write(
        "new.yaml",
        pod("a", ", labels: {x: new}") + "---\n" + &pod("b", ""),
    );
    stage.write(
        "old.yaml",
        pod("a", ", namespace: default, uid: u, creationTimestamp: '2020-01-01T00:00:00Z', labels: {x: old}")
            + "---\n"
            + &pod("c", ""),
    );
    let asked: Vec<Value> = requests(&stage, &["--old", "old.yaml", "new.yaml"])
        .into_iter()
        .map(|request| {
            json!([
                request["operation"],
                request["name"],
                request["oldObject"]["metadata"]["labels"]["x"],
                request["object"]["metadata"]["labels"]["x"],
                request["object"]["metadata"]["uid"],
                request["object"]["metadata"]["creationTimestamp"] == "2020-01-01T00:00:00Z",
            ])
        })
        .collect();
    assert_eq!(
        asked,
        [
            json!(["UPDATE", "a", "old", "new", "u", true]),
            json!(["CREATE", "b", null, null, null, false])
        ]
    );
}

/// What a cluster printed, of an object that is being deleted.
const PRINTED: &str = "apiVersion: v1
kind: Pod
metadata:
  name: a
  uid: u
  resourceVersion: '7'
  generation: 4
  deletionTimestamp: '2020-01-01T00:00:00Z'
  deletionGracePeriodSeconds: 30
  managedFields: [{manager: x}]
status: {phase: Running}
";

#[test]
fn what_only_the_api_server_writes_counts_in_what_a_cluster_printed_alone() {
    let stage = echo();
    stage.write("m.yaml", PRINTED);
    let asked = |arguments: &[&str]| {
        let mut request = requests(&stage, arguments).remove(0);
        let mut object = request["object"].take();
        let time = object["metadata"]["creationTimestamp"].take();
        assert!(time.is_string(), "{time}");
        object["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("creationTimestamp");
        object
    };
    let object = |metadata: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
    assert_eq!(
        asked(&["m.yaml"]),
        object(json!({"name": "a", "namespace": "default"}))
    );
    let mut live = object(json!({
        "name": "a", "namespace": "default", "uid": "u", "resourceVersion": "7", "generation": 4,
        "deletionTimestamp": "2020-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30, "managedFields": [{"manager": "x"}],
    }));
    live["status"] = json!({"phase": "Running"});
    assert_eq!(asked(&["--live", "m.yaml"]), live);
    stage.write(
        "old.yaml",
        "{apiVersion: v1, kind: Pod, metadata: {name: a, uid: v, creationTimestamp: '2020-01-01T00:00:00Z', labels: {a: b}}}\n",
    );
    let mut old = asked(&["--old", "old.yaml", "m.yaml"]);
    let managers = old["metadata"]["managedFields"].take();
    old["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("managedFields");
    assert_eq!(
        old,
        object(json!({"name": "a", "namespace": "default", "uid": "v"}))
    );
    assert_eq!(managers[0]["manager"], "preflight");
    assert_eq!(managers.as_array().unwrap().len(), 1);
}

#[test]
fn what_a_cluster_may_have_printed_is_noted_once() {
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    let stage = Stage::new(&[("one", accept)]);
    stage.write("m.yaml", PRINTED);
    let one = "note: m.yaml:8: Pod default/a has fields that only the API server writes, such as
      metadata.deletionTimestamp; they do not count, as they do not when the manifest is applied.
      For what a cluster printed, use --live

1 object, 1 policy: 1 clean
";
    let clean = "1 object, 1 policy: 1 clean\n";
    assert_eq!(stage.run(&["m.yaml"]), out(0, one));
    assert_eq!(stage.run(&["-q", "m.yaml"]), out(0, clean));
    assert_eq!(stage.run(&["--live", "m.yaml"]), out(0, clean));
    stage.write(
        "m.yaml",
        format!("{}---\n{}", pod("b", ", creationTimestamp: null"), PRINTED),
    );
    stage.write("n.yaml", PRINTED.replace("name: a", "name: c"));
    let (_, text, _) = stage.run(&["m.yaml", "n.yaml"]);
    assert!(
        text.starts_with("note: m.yaml:12: 2 objects have fields that only the API server writes"),
        "{text}"
    );
    let (status, _, errors) = stage.run(&["--live", "--old", "n.yaml", "m.yaml"]);
    assert_eq!(
        (status, errors.lines().next()),
        (
            2,
            Some("error: the argument '--live' cannot be used with '--old <PATH>'")
        )
    );
    let (status, _, errors) = stage.run(&["--live", "policies"]);
    assert_eq!(
        (status, errors.lines().next()),
        (
            2,
            Some(
                "error: '--live' cannot be used with 'policies': it is about the report on manifests"
            )
        )
    );
}

#[test]
fn what_is_in_the_cluster_is_found_and_not_judged() {
    let request = r#"{"api_version":"v1","kind":"Pod","name":"other","namespace":"default"}"#;
    let look = Validate::LookUp {
        operation: "get_resource",
        request,
    };
    let stage = Stage::new(&[("look", look)]);
    stage.write("new.yaml", pod("a", ""));
    // The tiny guest sends back what it found as its verdict.
    stage.write(
        "there.yaml",
        pod("other", "") + "accepted: false\nmessage: found\n",
    );
    let expected = "REFUSED  Pod default/a  by look
  new.yaml:1
    found

1 object, 1 policy: 1 refused
";
    for option in ["--cluster", "--old"] {
        assert_eq!(
            stage.run(&[option, "there.yaml", "new.yaml"]),
            out(1, expected)
        );
    }
    let (status, text, _) = stage.run(&["--cluster", "nope.yaml", "new.yaml"]);
    assert_eq!(status, 2);
    assert!(
        text.contains("PROBLEM  nope.yaml\n    cannot be read: No such file"),
        "{text}"
    );
}

#[test]
fn a_node_port_may_be_taken_in_the_cluster() {
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    let stage = Stage::with_policy_for_all("nodeport-range", &accept);
    let service = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{type: NodePort, ports: [{{port: 80, nodePort: 30001}}]}}\n"
        )
    };
    stage.write("new.yaml", service("a"));
    stage.write("there.yaml", service("a") + "---\n" + &service("b"));
    let expected = "REFUSED  Service default/a  by preflight
  new.yaml:4  spec.ports[0].nodePort
    30001 is asked for by Service default/b (there.yaml:9), too [shared_node_port]
    fix: set another nodePort here or there, or leave it out to get a free one

1 object, 1 policy: 1 refused
";
    assert_eq!(
        stage.run(&["--cluster", "there.yaml", "new.yaml"]),
        out(1, expected)
    );
}

#[test]
fn warnings_fail_where_they_are_to() {
    let stage = Stage::new(&[("one", WARN), ("two", WARN)]);
    stage.write("a.yaml", pod("a", ""));
    let expected = "1 object, 2 policies: 1 with warnings
  one  1 with warnings
  two  1 with warnings
";
    for (fail_on, status) in [("violation", 0), ("warning", 1)] {
        assert_eq!(
            stage.run(&["-q", "--fail-on", fail_on, "a.yaml"]),
            out(status, expected)
        );
    }
    let accept = Stage::new(&[("one", Validate::Answer(r#"{"accepted":true}"#))]);
    accept.write("a.yaml", pod("a", ""));
    assert_eq!(
        accept.run(&["--fail-on", "warning", "a.yaml"]),
        out(0, "1 object, 1 policy: 1 clean\n")
    );
}

#[test]
fn folders_are_read_without_what_is_excluded() {
    let stage = Stage::new(&[("one", WARN)]);
    stage.write("m/a.yaml", pod("a", ""));
    stage.write("m/b.test.yaml", pod("b", ""));
    stage.write("m/old/c.yaml", pod("c", ""));
    assert_eq!(
        stage.run(&["-q", "--exclude", "*.test.yaml", "--exclude", "/old/", "m"]),
        out(
            0,
            "NOT CHECKED  2 files or folders left out by --exclude
  m/b.test.yaml
  m/old/
    name it, if it is to be checked

1 object, 1 policy: 1 with warnings
2 files or folders left out
"
        )
    );
    assert_eq!(
        stage.run(&["--exclude", "a[", "m"]),
        err("--exclude: error parsing glob 'a[': unclosed character class; missing ']'")
    );
}

#[test]
fn what_helm_rendered_is_told_with_its_template() {
    let stage = Stage::new(&[(
        "one",
        Validate::Answer(r#"{"accepted":false,"message":"no"}"#),
    )]);
    let rendered = "---\n# Source: shop/templates/pod.yaml\n".to_owned() + &pod("a", "");
    let expected = "REFUSED  Pod default/a  by one
  -:3 (shop/templates/pod.yaml)
    no

1 object, 1 policy: 1 refused
";
    assert_eq!(stage.run_with_input(&["-"], &rendered), out(1, expected));
    let (_, text, _) = stage.run_with_input(&["-f", "json", "-"], &rendered);
    let report: Value = serde_json::from_str(&text).unwrap();
    let finding = &report["refusals"][0];
    assert_eq!(
        (&finding["file"], &finding["line"], &finding["source"]),
        (&json!("-"), &json!(3), &json!("shop/templates/pod.yaml"))
    );
}
