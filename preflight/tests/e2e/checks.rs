//! What preflight finds by itself: across manifests, and what the API server refuses.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, out},
};

const ACCEPT: Validate<'_> = Validate::Answer(r#"{"accepted":true}"#);

/// A folder with two Services that ask for one node port, among others.
fn stage(policies: &[(&str, Validate<'_>)]) -> Stage {
    let stage = Stage::new(&[]);
    for (name, validate) in policies {
        let mut metadata = metadata(name);
        metadata["rules"][0]["resources"] = json!(["services"]);
        metadata["rules"][0]["operations"] = json!(["CREATE", "UPDATE"]);
        stage.write(
            &format!("dist/{name}.wasm"),
            guest(Some(&metadata), validate),
        );
    }
    let service = |name: &str, kind: &str, port: u16| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  ports:\n  - port: 80\n    \
             nodePort: {port}\n"
        )
    };
    stage.write("deploy/a.yaml", service("web", "NodePort", 30080));
    let others = [
        service("db", "NodePort", 30432),
        service("edge", "LoadBalancer", 30080),
    ];
    stage.write("deploy/b.yaml", others.join("---\n"));
    stage
}

#[test]
fn two_services_that_ask_for_one_node_port_are_refused() {
    let stage = stage(&[("nodeport-range", ACCEPT)]);
    let expected = "REFUSED  Service shop/web  by preflight
  deploy/a.yaml:9  spec.ports[0].nodePort
    30080 is asked for by Service shop/edge (deploy/b.yaml:19), too [shared_node_port]
    fix: set another nodePort here or there, or leave it out to get a free one

REFUSED  Service shop/edge  by preflight
  deploy/b.yaml:19  spec.ports[0].nodePort
    30080 is asked for by Service shop/web (deploy/a.yaml:9), too [shared_node_port]
    fix: set another nodePort here or there, or leave it out to get a free one

3 objects, 1 policy: 2 refused, 1 clean
";
    assert_eq!(
        stage.run(&["--namespace", "shop", "--quiet", "deploy"]),
        out(1, expected)
    );
}

#[test]
fn programs_get_the_other_service_in_the_problem() {
    let stage = stage(&[("nodeport-range", ACCEPT)]);
    let (status, text, _) = stage.run(&["--format", "json", "deploy"]);
    assert_eq!(status, 1);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        report["refusals"][1],
        json!({
            "policy": "preflight",
            "object": {"apiVersion": "v1", "kind": "Service", "namespace": "default", "name": "edge"},
            "file": "deploy/b.yaml",
            "line": 19,
            "field": "spec.ports[0].nodePort",
            "problem": "30080 is asked for by Service default/web (deploy/a.yaml:9), too",
            "fix": "set another nodePort here or there, or leave it out to get a free one",
            "rule": "shared_node_port",
            "code": 422,
        })
    );
}

#[test]
fn services_of_two_environments_share_a_number_rightly() {
    let stage = stage(&[("nodeport-range", ACCEPT)]);
    for environment in ["dev", "prod"] {
        let service = format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: {environment}}}, spec: {{type: NodePort, ports: [{{port: 80, \
             nodePort: 30080}}]}}}}"
        );
        stage.write(&format!("deploy/overlays/{environment}/s.yaml"), service);
    }
    let passes = out(0, "2 objects, 1 policy: 2 clean\n");
    assert_eq!(stage.run(&["deploy/overlays"]), passes);
    // What is of no environment is in both.
    let (status, printed, _) = stage.run(&["--quiet", "deploy"]);
    assert_eq!(status, 1);
    let of_base = "Service default/web (deploy/a.yaml:9) and Service default/edge\n    (deploy/b.yaml:19), too";
    assert_eq!(printed.matches(of_base).count(), 2, "{printed}");
}

#[test]
fn a_node_port_that_pods_take_warns() {
    let stage = stage(&[("nodeport-range", ACCEPT)]);
    stage.write(
        "pods.yaml",
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  template:\n    spec:\n      \
         containers:\n      - name: a\n        ports:\n        - hostPort: 30432\n",
    );
    let expected = "WARNING  Service default/db  by preflight
  deploy/b.yaml:9  spec.ports[0].nodePort
    30432 is also a hostPort of DaemonSet default/agent (pods.yaml:10): on a node with such a pod,
    what comes in on 30432 reaches only one of the two [host_port]
    fix: set another nodePort, or another hostPort there

3 objects, 1 policy: 1 with warnings, 2 clean (1 not covered by any policy)
";
    assert_eq!(
        stage.run(&["--width", "100", "deploy/b.yaml", "pods.yaml"]),
        out(0, expected)
    );
}

/// A Deployment and its autoscalers, one horizontal and one vertical.
fn scaled(name: &str, kind: &str) -> String {
    let meta = format!("metadata: {{name: {name}, namespace: shop}}");
    let container = "{name: a, resources: {requests: {cpu: 1}}}";
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, {meta}, spec: {{selector: {{matchLabels: {{app: web}}}}, template: \
         {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{container}]}}}}}}}}\n---\n\
         {{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, {meta}, spec: {{scaleTargetRef: {{apiVersion: \
         apps/v1, kind: Deployment, name: {name}}}}}}}\n---\n\
         {{apiVersion: autoscaling.k8s.io/v1, kind: VerticalPodAutoscaler, {meta}, spec: {{targetRef: {{apiVersion: \
         apps/v1, kind: {kind}, name: {name}}}}}}}\n"
    )
}

#[test]
fn autoscalers_that_cannot_work_are_told_with_their_policies() {
    let stage = Stage::new(&[]);
    for name in ["hpa-target-requests", "hpa-vpa-overlap"] {
        let mut metadata = metadata(name);
        metadata["rules"][0]["apiGroups"] = json!(["autoscaling", "autoscaling.k8s.io"]);
        metadata["rules"][0]["resources"] = json!(["*"]);
        stage.write(
            &format!("dist/{name}.wasm"),
            guest(Some(&metadata), &ACCEPT),
        );
    }
    let report = |policy: &str| -> Value {
        let text = stage
            .run(&["-f", "json", "-p", policy, "a.yaml", "b.yaml"])
            .1;
        serde_json::from_str(&text).unwrap()
    };
    let told = |findings: &Value| -> Vec<String> {
        let findings = findings.as_array().unwrap().iter();
        let line =
            |one: &Value| format!("{} {}", one["rule"], one["object"]["name"]).replace('"', "");
        findings.map(line).collect()
    };
    stage.write("a.yaml", scaled("web", "Deployment"));
    stage.write("b.yaml", scaled("api", "deployment"));
    let overlap = report("hpa-vpa-overlap");
    assert_eq!(
        told(&overlap["refusals"]),
        [
            "overlapping_selectors web",
            "overlapping_selectors api",
            "inert_vertical api"
        ]
    );
    assert_eq!(overlap["refusals"][0].get("code"), None);
    assert_eq!(told(&overlap["warnings"]), [""; 0]);
    stage.write(
        "b.yaml",
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: shop}, spec: {template: {metadata: {labels: {app: \
         web}}, spec: {containers: [{name: a}]}}}}\n",
    );
    let requests = report("hpa-target-requests");
    assert_eq!(told(&requests["warnings"]), ["shared_labels web"]);
    assert_eq!(told(&requests["refusals"]), [""; 0]);
    assert_eq!(told(&report("hpa-vpa-overlap")["warnings"]), [""; 0]);
}

#[test]
fn a_check_runs_when_its_policy_does() {
    let stage = stage(&[("nodeport-range", ACCEPT), ("other", ACCEPT)]);
    let passes = out(0, "3 objects, 1 policy: 3 clean\n");
    assert_eq!(stage.run(&["--policy", "other", "deploy"]), passes);
    assert_eq!(stage.run(&["--wasm", "dist/other.wasm", "deploy"]), passes);
    let (status, ..) = stage.run(&["--wasm", "dist/nodeport-range.wasm", "deploy"]);
    assert_eq!(status, 1);
}

#[test]
fn what_the_api_server_refuses_is_refused_and_not_warned_of_as_well() {
    let warning = r#"{"accepted":true,"warnings":["nodeport-range: spec.ports[0].nodePort: 30080 does nothing; fix: leave it out [inert_node_port]"]}"#;
    let stage = stage(&[("nodeport-range", Validate::Answer(warning))]);
    let service = |kind: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  type: {kind}\n  ports:\n  - port: 80\n    \
             nodePort: 30080\n"
        )
    };
    stage.write("new.yaml", service("ClusterIP"));
    stage.write("old.yaml", service("NodePort"));
    let expected = "REFUSED  Service default/web  by preflight
  new.yaml:9  spec.ports[0].nodePort
    the API server refuses it: may not be used when `type` is 'ClusterIP' [invalid_service]
    fix: leave nodePort out, or set type: NodePort

1 object, 1 policy: 1 refused
";
    assert_eq!(stage.run(&["--quiet", "new.yaml"]), out(1, expected));
    // The API server takes a number out that stays as it was, and the policy says so.
    let expected = "WARNING  Service default/web  by nodeport-range
  new.yaml:9  spec.ports[0].nodePort
    30080 does nothing [inert_node_port]
    fix: leave it out

1 object, 1 policy: 1 with warnings
";
    assert_eq!(
        stage.run(&["--old", "old.yaml", "new.yaml"]),
        out(0, expected)
    );
    // What the policy says of a type that there is not is not true.
    stage.write("misspelt.yaml", service("nodePort"));
    let expected = "REFUSED  Service default/web  by preflight
  misspelt.yaml:6  spec.type
    the API server refuses it: Unsupported value: \"nodePort\": supported values: \"ClusterIP\",
    \"ExternalName\", \"LoadBalancer\", \"NodePort\" [invalid_service]
    fix: write NodePort

1 object, 1 policy: 1 refused
";
    assert_eq!(stage.run(&["misspelt.yaml"]), out(1, expected));
}

/// The certificate of a Secret, as `kubectl create secret tls` encodes it, broken into lines.
fn encoded_certificate() -> String {
    let pem = include_str!("../../src/checks/testing/names.pem");
    let encoded = BASE64_STANDARD.encode(pem);
    let (start, end) = encoded.split_at(76);
    format!("{start}\n    {end}")
}

#[test]
fn secrets_for_tls_are_held_against_what_names_them() {
    let stage = Stage::new(&[]);
    for (name, resource) in [("service-routes", "ingresses"), ("other", "gateways")] {
        let mut metadata = metadata(name);
        metadata["rules"][0] = json!({
            "apiGroups": ["networking.k8s.io", "gateway.networking.k8s.io"], "apiVersions": ["v1"],
            "resources": [resource, "httproutes"], "operations": ["CREATE"],
        });
        stage.write(
            &format!("dist/{name}.wasm"),
            guest(Some(&metadata), &ACCEPT),
        );
    }
    stage.write(
        "a.yaml",
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  tls:
  - hosts: [www.example.com, shop.example.com]
    secretName: web-tls
  - hosts: [api.example.com]
    secretName: api-tls
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: shop}
spec:
  listeners:
  - hostname: api.example.com
    tls: {certificateRefs: [{name: api-tls}]}
",
    );
    let data = encoded_certificate();
    stage.write(
        "b.yaml",
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: web-tls, namespace: shop}}\ntype: Opaque\ndata:\n  tls.key: aw==\n  \
             tls.crt: |\n    {data}\n"
        ),
    );
    let expected = "WARNING  Ingress shop/web  by preflight
  a.yaml:7  spec.tls[0].secretName
    Secret \"web-tls\" (b.yaml:1) is of type \"Opaque\", not kubernetes.io/tls: ingress-nginx takes it,
    others such as Contour do not [wrong_tls_secret_type]
    fix: write type: kubernetes.io/tls, with tls.crt and tls.key; of a Secret that is there the type
    cannot be changed: delete it first
  a.yaml:6  spec.tls[0].hosts[1]
    the certificate of Secret \"web-tls\" (b.yaml:1) is for \"www.example.com\" and
    \"*.Shop.example.com\", not for \"shop.example.com\" (a wildcard stands for one label):
    ingress-nginx serves its \"Kubernetes Ingress Controller Fake Certificate\" instead, and clients
    refuse both [uncertified_host]
    fix: put a certificate into it that has \"shop.example.com\" as a subject alternative name (DNS)

NEEDED FROM ELSEWHERE  1 object that no manifest has
  Secret shop/api-tls  2 objects

3 objects, 1 policy: 1 with warnings, 1 incomplete, 1 clean (1 not covered by any policy)
";
    assert_eq!(
        stage.run(&["-p", "service-routes", "a.yaml", "b.yaml"]),
        out(0, expected)
    );
    // It goes with the policy.
    let of_other = stage.run(&["-p", "other", "a.yaml", "b.yaml"]).1;
    assert!(!of_other.contains("NEEDED"), "{of_other}");
}
