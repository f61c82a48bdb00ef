//! Kinds that the settings of a policy name.

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, out},
};

/// Where the policies of the bundle are from.
const BUNDLE: &str = env!("CARGO_PKG_REPOSITORY");

const GADGET: &str = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: web}\n";

/// A policy of the bundle, or of others, that looks Gadgets up, and refuses what it is asked about.
fn stage(name: &str, source: &str) -> Stage {
    let request =
        r#"{"api_version":"example.com/v1","kind":"Gadget","name":"other","namespace":"default"}"#;
    let look = Validate::LookUp {
        operation: "get_resource",
        request,
    };
    let stage = Stage::new(&[]);
    let mut metadata = metadata(name);
    metadata["annotations"]["io.kubewarden.policy.source"] = json!(source);
    stage.write(&format!("dist/{name}.wasm"), guest(Some(&metadata), &look));
    stage.write("m.yaml", GADGET);
    stage.write(
        "other.yaml",
        GADGET.replace("name: web", "name: other") + "accepted: false\nmessage: found\n",
    );
    stage
}

#[test]
fn a_setting_is_a_rule_and_a_grant() {
    let stage = stage("hpa-target-requests", BUNDLE);
    stage.write(
        "s.yaml",
        "hpa-target-requests: {customKinds: [{apiVersion: example.com/v1, kind: Gadget, podSpecPath: spec}]}\n",
    );
    let unseen = "1 object, 1 policy: 1 clean (1 not covered by any policy)\n";
    assert_eq!(
        stage.run(&["--cluster", "other.yaml", "m.yaml"]),
        out(0, unseen)
    );
    let expected = "REFUSED  Gadget default/web  by hpa-target-requests
  m.yaml:1
    found

1 object, 1 policy: 1 refused
";
    let arguments = ["--settings", "s.yaml", "--cluster", "other.yaml", "m.yaml"];
    assert_eq!(stage.run(&arguments), out(1, expected));
    let (_, text, _) = stage.run(&["policies", "--settings", "s.yaml", "-f", "json"]);
    let list: Value = serde_json::from_str(&text).unwrap();
    let policy = &list["policies"][0];
    assert_eq!(
        (&policy["looksAt"], &policy["looksUp"]),
        (&json!(["gadgets", "pods"]), &json!(["Gadget", "Pod"]))
    );
    let review = json!({
        "operation": "UPDATE", "kind": {"group": "example.com", "version": "v2", "kind": "Gadget"}, "resource": {"group": "example.com", "version": "v2", "resource": "gadgets"},
        "object": {"kind": "Gadget"}, "oldObject": {"kind": "Gadget"},
    });
    stage.write("review.json", review.to_string());
    let arguments = [
        "review",
        "--settings",
        "s.yaml",
        "review.json",
        "--cluster",
        "other.yaml",
    ];
    assert_eq!(
        stage.run(&arguments),
        out(1, "hpa-target-requests refuses it\n  found\n")
    );
}

#[test]
fn without_a_version_it_is_a_rule_alone() {
    let stage = stage("hostpath-mounts", BUNDLE);
    stage.write(
        "s.yaml",
        "hostpath-mounts: {customKinds: [{apiGroup: example.com, kind: Gadget, podSpecPath: spec}]}\n",
    );
    let expected = "REFUSED  Gadget default/web  by hostpath-mounts
  m.yaml:1
    Policy has not been granted access to Kubernetes example.com/v1/Gadget resources. The violation
    has been reported.

1 object, 1 policy: 1 refused
";
    assert_eq!(
        stage.run(&["--settings", "s.yaml", "m.yaml"]),
        out(1, expected)
    );
}

#[test]
fn in_the_settings_of_another_policy_the_name_means_nothing() {
    let stage = stage("other", "https://example.com/other");
    stage.write(
        "s.yaml",
        "other: {customKinds: [{apiGroup: example.com, kind: Gadget}]}\n",
    );
    let unseen = "1 object, 1 policy: 1 clean (1 not covered by any policy)\n";
    assert_eq!(
        stage.run(&["--settings", "s.yaml", "m.yaml"]),
        out(0, unseen)
    );
}

#[test]
fn a_resource_has_to_list_them_itself() {
    let stage = stage("hpa-target-requests", BUNDLE);
    let policy = |rules: &str, more: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata: {{name: one}}
spec:
  module: registry://registry.example.com/policies/hpa-target-requests:v1
  rules: [{{apiGroups: ['', example.com], apiVersions: ['*'], resources: [{rules}], operations: [CREATE]}}]
  settings: {{customKinds: [{{apiVersion: example.com/v1, kind: Gadget, podSpecPath: spec}}]}}
{more}"
        )
    };
    stage.write("p.yaml", policy("pods", ""));
    let expected = "note: p.yaml:1: one: its settings name Gadget in customKinds, but none of its rules lists gadgets of
      example.com, and its contextAwareResources do not list example.com/v1 Gadget

1 object, 1 policy: 1 clean (1 not covered by any policy)
";
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        out(0, expected)
    );
    let grant = "  contextAwareResources: [{apiVersion: example.com/v1, kind: Gadget}]\n";
    stage.write("p.yaml", policy("pods, gadgets", grant));
    let expected = "REFUSED  Gadget default/web  by one
  m.yaml:1
    found

1 object, 1 policy: 1 refused
";
    let arguments = [
        "--policies-from",
        "p.yaml",
        "--cluster",
        "other.yaml",
        "m.yaml",
    ];
    assert_eq!(stage.run(&arguments), out(1, expected));
}

#[test]
fn a_list_of_policies_counts_the_kinds_of_other_projects() {
    let stage = Stage::new(&[]);
    let mut metadata = metadata("wide");
    let pods = metadata["rules"][0].clone();
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    for (others, expected) in [
        (json!(["a", "b"]), "a, b, pods"),
        (
            json!(["a", "b", "c", "d", "e"]),
            "pods, and 5 of other projects",
        ),
    ] {
        let rule = json!({"apiGroups": ["x.io"], "apiVersions": ["*"], "resources": others, "operations": ["CREATE"]});
        metadata["rules"] = json!([pods, rule]);
        stage.write("dist/wide.wasm", guest(Some(&metadata), &accept));
        let (_, text, _) = stage.run(&["policies", "--width", "120"]);
        assert!(text.contains(&format!("  {expected}  ")), "{text}");
        let (_, text, _) = stage.run(&["policies", "-f", "json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        let all = list["policies"][0]["looksAt"].as_array().unwrap();
        assert_eq!(all.len(), others.as_array().unwrap().len() + 1);
    }
}
