//! What manifests of policies say of the Kubewarden that runs them: its namespace, and what it lets policies look up.

use serde_json::{Value, json};

use crate::{
    guests::Validate,
    stage::{Stage, err, out},
};

const REFUSE: Validate<'_> = Validate::Answer(r#"{"accepted":false,"code":403,"message":"no"}"#);

/// A policy for Pods.
fn policy(kind: &str, metadata: &str, module: &str) -> String {
    format!(
        "apiVersion: policies.kubewarden.io/v1
kind: {kind}
metadata: {{{metadata}}}
spec:
  module: registry://registry.example.com/policies/{module}:v1
  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}}]
---
"
    )
}

fn pod(namespace: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: {namespace}}}\n---\n")
}

/// The namespaces whose Pods are refused.
fn refused(stage: &Stage, arguments: &[&str]) -> Vec<String> {
    let arguments = [
        &["--policies-from", "p.yaml", "-f", "json", "m.yaml"],
        arguments,
    ]
    .concat();
    let (_, text, errors) = stage.run(&arguments);
    assert_eq!(errors, "");
    let report: Value = serde_json::from_str(&text).unwrap();
    let refusals = report["refusals"].as_array().unwrap().iter();
    let namespace = |refusal: &Value| refusal["object"]["namespace"].as_str().unwrap().to_owned();
    refusals.map(namespace).collect()
}

const RANCHER: &str = "cattle-kubewarden-system";

#[test]
fn the_namespace_of_kubewarden_is_what_the_manifests_show() {
    let controller = "apiVersion: apps/v1
kind: Deployment
metadata: {name: rancher-kubewarden-controller, namespace: x}
spec: {template: {spec: {containers: [{name: manager, args: [--leader-elect, --deployments-namespace=cattle-kubewarden-system]}]}}}
";
    let server = "apiVersion: policies.kubewarden.io/v1
kind: PolicyServer
metadata: {name: default, annotations: {meta.helm.sh/release-namespace: cattle-kubewarden-system}}
";
    let flux = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: kubewarden, namespace: cattle-kubewarden-system}
spec: {chart: {spec: {chart: kubewarden-controller}}}
";
    let argo = "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: kubewarden, namespace: argocd}
spec: {source: {chart: kubewarden-controller}, destination: {namespace: cattle-kubewarden-system}}
";
    let k3s = "apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: kubewarden, namespace: kube-system}
spec: {chart: oci://registry.example.com/charts/kubewarden-controller, targetNamespace: cattle-kubewarden-system}
";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: admission-policies-context}
subjects:
- {kind: ServiceAccount, name: policy-server, namespace: cattle-kubewarden-system}
- {kind: ServiceAccount, name: audit-scanner, namespace: elsewhere}
";
    let foreign = argo.replace("kubewarden-controller", "kubewarden-crds");
    // Since Kubewarden 1.37.
    let today = argo.replace(
        "chart: kubewarden-controller",
        "chart: admission-controller, repoURL: https://charts.kubewarden.io",
    );
    let of_others = argo
        .replace(
            "chart: kubewarden-controller",
            "chart: admission-controller",
        )
        .replace(RANCHER, "scanner");
    let surer = format!(
        "{controller}---\n{}",
        binding.replace(RANCHER, "kubewarden")
    );
    let stage = Stage::new(&[("strict", REFUSE)]);
    stage.write(
        "m.yaml",
        [pod("shop"), pod("kubewarden"), pod(RANCHER)].concat(),
    );
    for (shown, expected) in [
        ("", ["shop", RANCHER]),
        (foreign.as_str(), ["shop", RANCHER]),
        (of_others.as_str(), ["shop", RANCHER]),
        (controller, ["shop", "kubewarden"]),
        (server, ["shop", "kubewarden"]),
        (flux, ["shop", "kubewarden"]),
        (argo, ["shop", "kubewarden"]),
        (today.as_str(), ["shop", "kubewarden"]),
        (k3s, ["shop", "kubewarden"]),
        (binding, ["shop", "kubewarden"]),
        (surer.as_str(), ["shop", "kubewarden"]),
    ] {
        let one = policy("ClusterAdmissionPolicy", "name: one", "strict");
        stage.write("p.yaml", format!("{one}{shown}"));
        assert_eq!(refused(&stage, &[]), expected, "{shown}");
    }
    stage.write(
        "p.yaml",
        policy("ClusterAdmissionPolicy", "name: one", "strict") + controller,
    );
    assert_eq!(
        refused(&stage, &["--kubewarden-namespace", "shop"]),
        ["kubewarden", RANCHER]
    );
    let other = controller.replace(RANCHER, "kubewarden");
    stage.write(
        "p.yaml",
        policy("ClusterAdmissionPolicy", "name: one", "strict") + controller + "---\n" + &other,
    );
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        err(
            "the manifests show Kubewarden in several namespaces: cattle-kubewarden-system, kubewarden; name the one that \
             it runs in with --kubewarden-namespace"
        )
    );
    let (status, _, errors) = stage.run(&["--kubewarden-namespace", "x", "m.yaml"]);
    assert_eq!(
        (status, errors.lines().next()),
        (
            2,
            Some("error: the following required arguments were not provided:")
        )
    );
}

#[test]
fn a_policy_of_a_namespace_that_needs_look_ups_is_told() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    stage.write("m.yaml", pod("shop"));
    stage.write(
        "p.yaml",
        policy("AdmissionPolicy", "name: one, namespace: shop", "strict"),
    );
    let expected = "REFUSED  Pod shop/web  by shop/one
  m.yaml:1
    no

note: p.yaml:1: shop/one: a policy of a namespace has no contextAwareResources, and strict looks up
      Pod: what depends on that cannot be checked. Use the cluster-wide kind, with a
      namespaceSelector for shop

1 object, 1 policy: 1 refused
";
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        out(1, expected)
    );
    let (_, text, _) = stage.run(&["policies", "--policies-from", "p.yaml", "--width", "160"]);
    assert!(
        text.contains("nothing; a cluster-wide policy could look up Pod"),
        "{text}"
    );
    let (_, text, _) = stage.run(&["policies", "--policies-from", "p.yaml", "-f", "json"]);
    let list: Value = serde_json::from_str(&text).unwrap();
    let one = &list["policies"][0];
    assert_eq!(
        (&one["looksUp"], &one["cannotLookUp"]),
        (&json!([]), &json!(["Pod"]))
    );
    // One for the whole cluster can be granted it.
    stage.write(
        "p.yaml",
        policy("ClusterAdmissionPolicy", "name: one", "strict"),
    );
    let (_, text, _) = stage.run(&["policies", "--policies-from", "p.yaml", "-f", "json"]);
    assert!(!text.contains("cannotLookUp"), "{text}");
}

#[test]
fn that_there_are_other_policies_is_no_lack_of_policies() {
    let stage = Stage::new(&[("strict", REFUSE), ("gentle", REFUSE)]);
    stage.write("m.yaml", pod("shop"));
    let both = policy("ClusterAdmissionPolicy", "name: one", "strict")
        + &policy("ClusterAdmissionPolicy", "name: two", "foreign");
    stage.write("p.yaml", both);
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "-p", "gentle", "m.yaml"]),
        err("p.yaml: no policy in it has a module named gentle; there are: foreign, strict")
    );
    let expected =
        "REFUSED  Pod shop/web  by one\n  m.yaml:1\n    no\n\n1 object, 1 policy: 1 refused\n";
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "-p", "strict", "m.yaml"]),
        out(1, expected)
    );
}
