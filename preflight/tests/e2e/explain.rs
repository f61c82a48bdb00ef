//! What is said of a rule.

use serde_json::Value;

use crate::{
    guests::Validate,
    stage::{Stage, err},
};

#[test]
fn a_rule_is_explained_without_a_policy_at_hand() {
    let stage = Stage::new(&[]);
    let expected = "\
preflight/shared_node_port  deny

Finds
  A node port that two Services ask for.
Why
  The API server refuses the second (provided port is already allocated).
Instead
  Set another nodePort here or there, or leave it out to get a free one.
Example
  apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: shop}
  spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}
  ---
  apiVersion: v1
  kind: Service
  metadata: {name: api, namespace: shop}
  spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}
Message
  Service shop/web: spec.ports[0].nodePort: 30080 is asked for by Service
  shop/api (shared_node_port.yaml:9), too; fix: set another nodePort here or
  there, or leave it out to get a free one [shared_node_port]

";
    let (status, text, errors) = stage.run(&["explain", "shared_node_port", "--width", "80"]);
    let (page, address) = text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(
        (status, format!("{page}\n").as_str(), errors.as_str()),
        (0, expected, "")
    );
    assert!(address.starts_with("https://"), "{address}");
    assert!(
        address.ends_with("/docs/rules/preflight/shared_node_port.md"),
        "{address}"
    );
}

#[test]
fn a_rule_is_explained_in_korean() {
    let stage = Stage::new(&[]);
    let expected = "\
pod-disruption/overlapping_budgets  warn (overlappingBudgets)

찾는 것
  같은 파드를 선택하는 두 PodDisruptionBudget
이유
TODO
";
    let arguments = ["explain", "inert_vertical", "--lang", "ko", "--width", "80"];
    let (status, text, errors) = stage.run(&arguments);
    let (page, address) = text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(
        (status, format!("{page}\n").as_str(), errors.as_str()),
        (0, expected, "")
    );
    assert!(
        address.ends_with("/docs/rules/preflight/inert_vertical.md"),
        "{address}"
    );
}

#[test]
fn rules_are_listed_in_korean() {
    let stage = Stage::new(&[]);
    let list = |more: &[&str]| {
        let arguments = ["rules", "--policy", "nodeport-range", "--lang", "ko"];
        stage.run(&[&arguments[..], more].concat())
    };
    let (status, text, errors) = list(&["--width", "80"]);
    assert_eq!((status, text.as_str(), errors.as_str()), (0, "TODO2", ""));
    let (_, text, _) = list(&["-f", "json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["rules"][0]["fix"], "nodePort를 설정하십시오.");
}

#[test]
fn an_unknown_language_gets_those_there_are() {
    let (status, text, errors) = Stage::new(&[]).run(&["explain", "risky_path", "--lang", "fr"]);
    assert_eq!((status, text.as_str()), (2, ""));
    let errors: Vec<&str> = errors.lines().take(2).map(str::trim).collect();
    assert_eq!(
        errors,
        [
            "error: invalid value 'fr' for '--lang <LANGUAGE>'",
            "[possible values: en, ko]"
        ]
    );
}

#[test]
fn rules_of_one_name_are_all_explained() {
    let (_, text, _) = Stage::new(&[]).run(&["explain", "[missing_pod_spec]", "-f", "json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let rules = report["rules"].as_array().unwrap();
    let policies: Vec<&str> = rules
        .iter()
        .filter_map(|rule| rule["policy"].as_str())
        .collect();
    assert!(
        policies.starts_with(&["emptydir-storage", "hostpath-mounts"]),
        "{policies:?}"
    );
}

#[test]
fn a_misspelt_name_gets_the_nearest_one() {
    let stage = Stage::new(&[]);
    assert_eq!(
        stage.run(&["explain", "shared_nodeport"]),
        err("there is no rule \"shared_nodeport\"; did you mean \"shared_node_port\"?")
    );
    assert_eq!(
        stage.run(&["rules", "--policy", "preflights"]),
        err("there is no policy \"preflights\"; did you mean \"preflight\"?")
    );
}

#[test]
fn the_rules_of_a_policy_are_listed() {
    let (status, text, _) =
        Stage::new(&[]).run(&["rules", "--policy", "preflight", "--width", "80"]);
    assert_eq!(status, 0);
    let start = "preflight\n  invalid_service  deny\n    A field of a Service that the API server refuses.\n";
    assert!(text.starts_with(start), "{text}");
    assert!(
        text.ends_with("\nThe whole of one: preflight explain RULE\n"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn code_hosts_link_to_the_page() {
    let refusal = Validate::Answer(
        r#"{"accepted":false,"code":403,"message":"Pod default/web violates hostpath-mounts: spec: is wrong [risky_path]"}"#,
    );
    let stage = Stage::new(&[("hostpath-mounts", refusal)]);
    stage.write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {}\n",
    );
    let (_, text, _) = stage.run(&["-f", "sarif", "pod.yaml"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let rule = &report["runs"][0]["tool"]["driver"]["rules"][0];
    let address = rule["helpUri"].as_str().unwrap();
    assert!(
        address.ends_with("/docs/rules/hostpath-mounts/risky_path.md"),
        "{rule}"
    );
    assert!(
        rule["help"]["markdown"]
            .as_str()
            .unwrap()
            .contains("```yaml\n"),
        "{rule}"
    );
}
