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
preflight/inert_vertical  warn; 대소문자가 틀린 종류는 deny

찾는 것
  대상이 매니페스트에 없거나, 철자가 틀렸거나, 다른 것이 만든
  VerticalPodAutoscaler
이유
  아무것도 추천하지 않고(ConfigUnsupported), 파드는 적혀 있는 requests를 그대로
  씁니다.
대신 쓸 것
  targetRef에 워크로드의 종류와 이름을 쓰십시오.
예
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: shop}
  spec:
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}}
      spec: {containers: [{name: app, image: web:1}]}
  ---
  apiVersion: autoscaling.k8s.io/v1
  kind: VerticalPodAutoscaler
  metadata: {name: web, namespace: shop}
  spec: {targetRef: {apiVersion: apps/v1, kind: deployment, name: web}}
메시지  예와 메시지는 클러스터에서 보는 그대로 영어입니다
  VerticalPodAutoscaler shop/web: spec.targetRef.kind: \"deployment\" is not a
  kind: upper and lower case matter, so it recommends nothing
  (ConfigUnsupported); fix: write kind: Deployment [inert_vertical]

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
    let expected = "\
nodeport-range
  automatic_port  deny
    requireExplicit을 켰을 때, 번호가 없는 포트나 API 서버가 번호를 고른 포트
  denied_port  deny; 상태 확인(health check)은 deny (healthCheckNodePort)
    denied에 적힌 노드 포트
  duplicate_node_port  deny; 새 Service에서 서로 다른 포트의 두 프로토콜은 warn
    같은 프로토콜의 두 포트, 포트와 상태 확인(health check), 또는 서로 다른
    포트의 두 프로토콜에 쓴 한 번호
  dynamic_band_port  warn (dynamicBand)
    직접 고른 번호가 API 서버가 다른 Service에 먼저 줄 수 있는 구간에 있는 것
  forbidden_node_port  deny
    nodePorts가 금지하는 곳에서 노드 포트를 여는 모든 것
  inert_node_port  warn
    노드 포트가 없는 Service에 적은 번호
  node_process_port  warn
    clusterRange에 들어 있고, 22나 10250처럼 노드의 프로세스가 쓰는 번호를 직접
    고른 것
  outside_allowed_ranges  deny; 상태 확인(health check)은 deny (healthCheckNodePort)
    그 네임스페이스와 프로토콜의 ranges나 clusterRange에 없는 번호

규칙 하나의 자세한 설명: preflight explain RULE --lang ko
";
    let arguments = ["rules", "--policy", "nodeport-range", "--lang", "ko"];
    let (status, text, errors) = stage.run(&[&arguments[..], &["--width", "80"]].concat());
    assert_eq!((status, text.as_str(), errors.as_str()), (0, expected, ""));
    let (_, text, _) = stage.run(&[&arguments[..], &["-f", "json"]].concat());
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
        stage.run(&["explain", "hostpath-mounts"]),
        err(
            "\"hostpath-mounts\" is a policy: `preflight rules -p hostpath-mounts` lists its rules, each of which can be explained"
        )
    );
    assert_eq!(
        stage.run(&["explain", "xyzzy"]),
        err("there is no rule \"xyzzy\": `preflight rules` lists all")
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
        text.ends_with("\nMore about one: preflight explain RULE\n"),
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
