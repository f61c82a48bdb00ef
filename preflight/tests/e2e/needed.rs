//! Objects that others need and no manifest has, in every format.

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, out},
};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec:\n  containers:\n  - name: app\n    \
                   envFrom:\n    - configMapRef: {name: web}\n";

/// The policy that asks for a `ConfigMap` and warns that it is not there.
fn stage() -> Stage {
    let warning = "workload-references: spec.containers[0].envFrom[0].configMapRef.name: ConfigMap 'web' is not there (yet), \
                   so container 'app' never starts; fix: create it [missing_config]";
    let answer = json!({"accepted": true, "warnings": [warning.replace('\'', "\"")]}).to_string();
    let request =
        json!({"api_version": "v1", "kind": "ConfigMap", "name": "web", "namespace": "shop"});
    let stage = Stage::new(&[]);
    let mut metadata = metadata("workload-references");
    metadata["contextAwareResources"] = json!([{"apiVersion": "v1", "kind": "ConfigMap"}]);
    let get = Validate::Get {
        request: &request.to_string(),
        answer: &answer,
    };
    stage.write("dist/r.wasm", guest(Some(&metadata), &get));
    stage.write("a.yaml", POD);
    stage.write("b.yaml", POD.replace("name: a", "name: b"));
    stage
}

#[test]
fn what_no_manifest_has_is_told_once_and_is_no_warning() {
    let stage = stage();
    let one = "NEEDED FROM ELSEWHERE  1 object that no manifest has
  ConfigMap shop/web  Pod shop/a

1 object, 1 policy: 1 incomplete
";
    assert_eq!(stage.run(&["a.yaml"]), out(0, one));
    let two = "NEEDED FROM ELSEWHERE  1 object that no manifest has
  ConfigMap shop/web  2 objects

2 objects, 1 policy: 2 incomplete
";
    let fail_on = ["--fail-on", "warning", "a.yaml", "b.yaml"];
    assert_eq!(stage.run(&fail_on), out(0, two));
    let quiet = "2 objects, 1 policy: 2 incomplete\n";
    assert_eq!(stage.run(&["-q", "a.yaml", "b.yaml"]), out(0, quiet));
}

#[test]
fn programs_get_what_needs_it() {
    let stage = stage();
    let report = |format: &str| stage.run(&["-f", format, "a.yaml"]).1;
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    let finding = json!({
        "policy": "workload-references",
        "object": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "a"},
        "file": "a.yaml",
        "line": 8,
        "field": "spec.containers[0].envFrom[0].configMapRef.name",
        "problem": "ConfigMap \"web\" is not there (yet), so container \"app\" never starts",
        "fix": "create it",
        "rule": "missing_config",
    });
    assert_eq!(
        json["neededFromElsewhere"],
        json!([{
            "apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "web", "neededBy": [finding],
        }])
    );
    assert_eq!(
        (
            &json["warnings"],
            &json["summary"]["incomplete"],
            &json["summary"]["clean"]
        ),
        (&json!([]), &json!(1), &json!(0))
    );
    let sarif: Value = serde_json::from_str(&report("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&result["level"], &result["ruleId"], &result["properties"]),
        (
            &json!("note"),
            &json!("workload-references/missing_config"),
            &json!({"neededFromElsewhere": "ConfigMap shop/web"})
        )
    );
    let junit = report("junit");
    let output = "<system-out>needed from elsewhere:\na.yaml:8: spec.containers[0].envFrom[0].configMapRef.name: ConfigMap";
    assert!(junit.contains(output), "{junit}");
    assert!(junit.contains("failures=\"0\""), "{junit}");
}

#[test]
fn what_is_nearly_there_stays_a_warning() {
    let stage = stage();
    let config = |name: &str, namespace: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: {namespace}}}}}\n"
        )
    };
    for (file, text, hint) in [
        (
            "other.yaml",
            config("web", "system"),
            "ConfigMap \"web\" is in namespace \"system\" (other.yaml:1)",
        ),
        (
            "alike.yaml",
            config("weeb", "shop"),
            "ConfigMap \"weeb\" is there (alike.yaml:1)",
        ),
    ] {
        stage.write(file, text);
        let (status, text, _) = stage.run(&["-f", "json", "--fail-on", "warning", "a.yaml", file]);
        let report: Value = serde_json::from_str(&text).unwrap();
        let problem = format!(
            "ConfigMap \"web\" is not there (yet), so container \"app\" never starts; {hint}"
        );
        assert_eq!(
            (
                status,
                &report["warnings"][0]["problem"],
                &report["neededFromElsewhere"]
            ),
            (1, &json!(problem), &json!([]))
        );
        // What is in the cluster tells it as well.
        let (_, of_cluster, _) = stage.run(&["-f", "json", "a.yaml", "--cluster", file]);
        let of_cluster: Value = serde_json::from_str(&of_cluster).unwrap();
        assert_eq!(of_cluster["warnings"], report["warnings"]);
    }
}

#[test]
fn what_a_kustomization_generates_is_not_needed_from_elsewhere() {
    let stage = stage();
    stage.write("k/a.yaml", POD);
    let needed = || {
        let text = stage.run(&["-f", "json", "k"]).1;
        let report: Value = serde_json::from_str(&text).unwrap();
        report["neededFromElsewhere"].as_array().unwrap().len()
    };
    stage.write(
        "k/kustomization.yaml",
        "resources: [a.yaml]\nnamespace: shop\n",
    );
    assert_eq!(needed(), 1);
    stage.write(
        "k/kustomization.yaml",
        "resources: [a.yaml]\nnamespace: shop\nconfigMapGenerator: [{name: web, literals: [a=b]}]\n",
    );
    assert_eq!(needed(), 0);
}
