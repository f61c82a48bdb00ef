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
