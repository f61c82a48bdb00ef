//! Manifests judged as a cluster would whose policies are in other manifests.

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, err, out},
};

const REFUSE: Validate<'_> = Validate::Answer(r#"{"accepted":false,"code":403,"message":"no"}"#);

/// A policy as it is applied, for Pods, with more fields of its `spec`.
fn deployed(name: &str, more: &str) -> String {
    format!(
        "apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata: {{name: {name}}}
spec:
  module: registry://registry.example.com/policies/strict:v1.2.3
  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}}]
  mutating: false
{more}"
    )
}

/// A group of `strict` and `gentle`, with more fields of its `spec`.
fn group(name: &str, expression: &str, more: &str) -> String {
    format!(
        "apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicyGroup
metadata: {{name: {name}}}
spec:
  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}}]
  expression: '{expression}'
  message: not like this
  policies:
    strict: {{module: 'registry://registry.example.com/policies/strict:v1'}}
    gentle: {{module: 'registry://registry.example.com/policies/gentle:v1'}}
{more}"
    )
}

fn pod(namespace: &str, labels: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: {namespace}, labels: {{{labels}}}}}\n---\n"
    )
}

fn refused(object: &str, policy: &str, line: usize) -> String {
    format!("REFUSED  {object}  by {policy}\n  m.yaml:{line}\n    no\n\n")
}

#[test]
fn policies_are_called_by_their_resources_and_run_once_for_each() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    stage.write(
        "p.yaml",
        format!(
            "{}\n---\n{}",
            deployed("one", ""),
            deployed("two", "  mode: monitor\n")
        ),
    );
    stage.write("m.yaml", pod("shop", ""));
    let expected = "REFUSED  Pod shop/web  by one
  m.yaml:1
    no

WARNING  Pod shop/web  by two
  m.yaml:1
    no (only reported: mode is monitor)

1 object, 2 policies: 1 refused
  one  1 refused
  two  1 with warnings
";
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        out(1, expected)
    );
    let (_, text, _) = stage.run(&["--format", "json", "--policies-from", "p.yaml", "m.yaml"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let object = json!({"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web"});
    assert_eq!(
        report["warnings"],
        json!([{
            "policy": "two", "object": object, "file": "m.yaml", "line": 1, "problem": "no", "code": 403,
            "mode": "monitor",
        }])
    );
    let request = json!({
        "operation": "CREATE",
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
        "object": {"kind": "Pod"},
    });
    stage.write("request.json", request.to_string());
    assert_eq!(
        stage.run(&["review", "--policies-from", "p.yaml", "request.json"]),
        out(
            1,
            "one refuses it (403)\n  no\ntwo only reports it (mode: monitor)\n  no\n"
        )
    );
}

#[test]
fn monitor_alone_refuses_nothing() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    let input = deployed("one", "  mode: monitor\n");
    stage.write("m.yaml", pod("shop", ""));
    let expected = "1 object, 1 policy: 1 with warnings\n";
    assert_eq!(
        stage.run_with_input(&["-q", "--policies-from", "-", "m.yaml"], &input),
        out(0, expected)
    );
    let request = json!({"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": {}});
    stage.write("request.json", request.to_string());
    assert_eq!(
        stage.run_with_input(&["review", "--policies-from", "-", "request.json"], &input),
        out(0, "one only reports it (mode: monitor)\n  no\n")
    );
}

#[test]
fn selectors_choose_as_the_api_server_does() {
    let namespace = |name: &str, labels: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n---\n"
        )
    };
    let manifests = [
        pod("shop", "app: web"),
        pod("kube-system", "app: web"),
        pod("shop2", ""),
        namespace("shop", "team: a"),
        namespace("shop2", "team: b"),
        namespace("kube-system", ""),
    ]
    .concat();
    let [shop, system, other] = ["Pod shop/web", "Pod kube-system/web", "Pod shop2/web"]
        .into_iter()
        .zip([1, 5, 9])
        .map(|(object, line)| refused(object, "one", line))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    for (selector, expected) in [
        (
            "  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}\n",
            format!("{shop}{other}"),
        ),
        (
            "  namespaceSelector: {matchLabels: {team: a}}\n",
            shop.clone(),
        ),
        (
            "  namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}\n",
            format!("{shop}{other}"),
        ),
        (
            "  namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}\n",
            system.clone(),
        ),
        (
            "  objectSelector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}\n",
            format!("{shop}{system}"),
        ),
        ("", format!("{shop}{system}{other}")),
    ] {
        let stage = Stage::new(&[("strict", REFUSE)]);
        stage.write("p.yaml", deployed("one", selector));
        stage.write("m.yaml", &manifests);
        let (_, text, errors) = stage.run(&["--policies-from", "p.yaml", "m.yaml"]);
        let (findings, _) = text.rsplit_once("6 objects").unwrap();
        let (refused, unchecked) = findings.split_at(expected.len());
        assert_eq!((refused, errors.as_str()), (&*expected, ""), "{selector}");
        let count = |what: &str| findings.matches(what).count();
        assert_eq!(
            count("REFUSED") + unchecked.matches("NOT CHECKED  Pod").count(),
            3,
            "{selector}"
        );
    }
}

#[test]
fn a_policy_of_a_namespace_looks_at_that_one() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    let policy =
        deployed("one, namespace: shop", "").replace("ClusterAdmissionPolicy", "AdmissionPolicy");
    stage.write("p.yaml", policy);
    stage.write("m.yaml", pod("other", "") + &pod("shop", ""));
    let expected = refused("Pod shop/web", "shop/one", 5)
        + "note: p.yaml:1: shop/one: a policy of a namespace has no contextAwareResources, and strict looks up
      Pod: what depends on that cannot be checked. Use the cluster-wide kind, with a
      namespaceSelector for shop

2 objects, 1 policy: 1 refused, 1 clean (1 not covered by any policy)
";
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        out(1, &expected)
    );
}

#[test]
fn what_selectors_leave_out_is_named() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    let selector = "  objectSelector: {matchExpressions: [{key: free, operator: DoesNotExist}]}\n";
    let of_shop =
        deployed("two, namespace: shop", "").replace("ClusterAdmissionPolicy", "AdmissionPolicy");
    let account = pod("other", "").replace("Pod", "ServiceAccount");
    stage.write("m.yaml", pod("other", "free: a") + &account);
    for (policies, expected) in [
        // A policy of another namespace does not leave it out.
        (
            of_shop,
            "2 objects, 1 policy: 2 clean (2 not covered by any policy)\n",
        ),
        (
            deployed("one", selector),
            "NOT CHECKED  Pod other/web
  m.yaml:1
    the objectSelector of one leaves it out, by its labels

2 objects, 1 policy: 1 not checked, 1 clean (1 not covered by any policy)
",
        ),
    ] {
        stage.write("p.yaml", &policies);
        let (status, text, _) = stage.run(&["-q", "--policies-from", "p.yaml", "m.yaml"]);
        assert_eq!((status, &*text), (0, expected));
    }
    let fails = [
        "--policies-from",
        "p.yaml",
        "--fail-on",
        "unjudged",
        "m.yaml",
    ];
    assert_eq!(stage.run(&fails).0, 1);
}

#[test]
fn a_slash_in_a_name_makes_no_namespace() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    let of_shop =
        deployed("one, namespace: shop", "").replace("ClusterAdmissionPolicy", "AdmissionPolicy");
    stage.write(
        "p.yaml",
        format!("{}\n---\n{of_shop}", deployed("shop/one", "")),
    );
    stage.write("m.yaml", pod("other", ""));
    let (status, text, _) = stage.run(&["--policies-from", "p.yaml", "m.yaml"]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.starts_with(&refused("Pod other/web", "shop/one", 1)),
        "{text}"
    );
}

#[test]
fn the_rules_are_those_of_the_resource() {
    let stage = Stage::with_policy_for_all("strict", &REFUSE);
    stage.write(
        "p.yaml",
        deployed("one", "").replace(
            "v1], resources: [pods]",
            "v1], resources: [pods, nodes], scope: Cluster",
        ),
    );
    stage.write(
        "m.yaml",
        pod("shop", "") + "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n",
    );
    let expected = refused("Node a", "one", 5)
        + "2 objects, 1 policy: 1 refused, 1 clean (1 not covered by any policy)\n";
    assert_eq!(
        stage.run(&["--width", "60", "--policies-from", "p.yaml", "m.yaml"]),
        out(1, &expected)
    );
}

#[test]
fn look_ups_need_the_grant_of_the_resource() {
    let request = r#"{"api_version":"v1","kind":"Pod","name":"other","namespace":"shop"}"#;
    let look = Validate::LookUp {
        operation: "get_resource",
        request,
    };
    let stage = Stage::new(&[("strict", look)]);
    // The tiny guest sends back what it found as its verdict.
    stage.write(
        "m.yaml",
        "{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: shop}, accepted: false, message: found}\n",
    );
    for (grant, expected) in [
        (
            "",
            "Policy has not been granted access to Kubernetes v1/Pod resources. The violation has been reported.",
        ),
        (
            "  contextAwareResources: [{apiVersion: v1, kind: Pod}]\n",
            "found",
        ),
    ] {
        stage.write("p.yaml", deployed("one", grant));
        let (status, text, _) =
            stage.run(&["--format", "json", "--policies-from", "p.yaml", "m.yaml"]);
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (status, &report["refusals"][0]["problem"]),
            (1, &json!(expected))
        );
    }
}

#[test]
fn tells_what_is_not_followed() {
    let stage = Stage::new(&[("strict", Validate::Answer(r#"{"accepted":true}"#))]);
    let one = deployed(
        "one",
        "  matchConditions: [{name: a, expression: authorizer.x()}]\n  namespaceSelector: {matchLabels: {team: a}}\n",
    );
    let group = group("all", "strict()", "");
    stage.write("p.yaml", format!("{one}---\n{group}"));
    stage.write("m.yaml", pod("shop", ""));
    let expected = "NOT CHECKED  ClusterAdmissionPolicyGroup all
  p.yaml:11
    this policy was not asked: no policy named gentle is loaded; add it with --wasm

note: p.yaml:1: one: its matchConditions a cannot be evaluated here and count as true
note: p.yaml:1: one: its namespaceSelector counts as matched in shop, whose labels are not known;
      add the Namespaces to the manifests

1 object, 1 policy: 1 clean
1 policy not followed
";
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        out(0, expected)
    );
}

#[test]
fn says_what_is_wrong_with_the_resources() {
    let good = deployed("one", "");
    for (policies, expected) in [
        (
            "a: [\n".to_owned(),
            "p.yaml:1: cannot be read: what starts here has no end (column 4)".to_owned(),
        ),
        (
            "apiVersion: v1\nkind: Pod\n".to_owned(),
            "p.yaml: there is no policy in it to judge with: no ClusterAdmissionPolicy, no AdmissionPolicy, and no group of them; an overlay is \
             rendered first: `kubectl kustomize DIR | preflight --policies-from - PATH`"
                .to_owned(),
        ),
        (
            good.replace("  rules:", "  rulez:"),
            "p.yaml:1: one: spec.rules is missing or empty; if this is a patch, render it: `kubectl kustomize DIR | \
             preflight --policies-from - PATH`"
                .to_owned(),
        ),
        (
            good.replace("strict:", "strikt:"),
            r#"p.yaml:5: one: spec.module: there is no policy "strikt"; did you mean "strict"?; name its file with --wasm"#.to_owned(),
        ),
        (
            good.replace("  module:", "  modul:"),
            "p.yaml:1: one: spec.module is missing; if this is a patch, render it: `kubectl kustomize DIR | preflight \
             --policies-from - PATH`"
                .to_owned(),
        ),
        (
            format!("{good}---\n{good}"),
            "p.yaml:9: one: appears twice; a base and its overlays are rendered first: `kubectl kustomize DIR | \
             preflight --policies-from - PATH`"
                .to_owned(),
        ),
        (
            deployed("one", "  settings:\n    wrong: 1\n"),
            "p.yaml:8: one: invalid settings for strict: wrong is wrong".to_owned(),
        ),
        (
            format!(
                "{}---\n{}---\n{}",
                deployed("one", "  settings:\n    wrong: 1\n"),
                deployed("two", "  settings: {wrong: 2}\n"),
                deployed("three", "  mode: moniter\n")
            ),
            "p.yaml:8: one: invalid settings for strict: wrong is wrong\n\
             p.yaml:18: two: invalid settings for strict: wrong is wrong\n\
             p.yaml:20: three: spec: unknown variant `moniter`, expected `protect` or `monitor`"
                .to_owned(),
        ),
        (
            deployed("one", "  mode: moniter\n"),
            "p.yaml:1: one: spec: unknown variant `moniter`, expected `protect` or `monitor`".to_owned(),
        ),
    ] {
        let stage = Stage::new(&[("strict", REFUSE)]);
        stage.write("p.yaml", policies);
        stage.write("m.yaml", pod("shop", ""));
        assert_eq!(stage.run(&["--policies-from", "p.yaml", "m.yaml"]), err(&expected));
    }
}

#[test]
fn a_module_may_be_called_by_another_name_than_its_title() {
    let stage = Stage::new(&[]);
    stage.write(
        "dist/strict.wasm",
        guest(Some(&metadata("gentle")), &REFUSE),
    );
    stage.write("p.yaml", deployed("one", ""));
    stage.write("m.yaml", pod("shop", ""));
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        err(
            r#"p.yaml:5: one: spec.module: there is no policy "strict"; there are: gentle; name its file with --wasm"#
        )
    );
}

#[test]
fn standard_input_is_read_once() {
    let stage = Stage::new(&[]);
    let (status, _, errors) = stage.run(&["--policies-from", "-", "-"]);
    let expected = Some("error: standard input can be read only once: name `-` once");
    assert_eq!((status, errors.lines().next()), (2, expected));
    let (status, _, errors) = stage.run(&["review", "--cluster", "-", "-"]);
    assert_eq!((status, errors.lines().next()), (2, expected));
}

#[test]
fn a_policy_of_a_namespace_looks_nothing_up_and_has_no_scope() {
    let request = r#"{"api_version":"v1","kind":"Pod","name":"web","namespace":"shop"}"#;
    let look = Validate::LookUp {
        operation: "get_resource",
        request,
    };
    let stage = Stage::new(&[("strict", look)]);
    let grant = "  contextAwareResources: [{apiVersion: v1, kind: Pod}]\n";
    let policy = deployed("one", grant)
        .replace("ClusterAdmissionPolicy", "AdmissionPolicy")
        .replace(
            "operations: [CREATE]",
            "operations: [CREATE], scope: Cluster",
        );
    stage.write("p.yaml", policy);
    stage.write(
        "m.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n",
    );
    let run = |namespace: &str| {
        let arguments = [
            "-n",
            namespace,
            "--format",
            "json",
            "--policies-from",
            "p.yaml",
            "m.yaml",
        ];
        let report: Value = serde_json::from_str(&stage.run(&arguments).1).unwrap();
        (
            report["refusals"][0]["policy"].clone(),
            report["refusals"][0]["problem"].clone(),
        )
    };
    let refused = "Policy has not been granted access to Kubernetes v1/Pod resources. The violation has been reported.";
    assert_eq!(run("shop"), (json!("shop/one"), json!(refused)));
    assert_eq!(run("default").0, json!("default/one"));
}

#[test]
fn modules_that_are_not_loaded_are_named() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    let foreign = deployed("two", "").replace("strict:", "foreign:");
    stage.write("p.yaml", format!("{}---\n{foreign}", deployed("one", "")));
    stage.write("m.yaml", pod("shop", ""));
    let expected = refused("Pod shop/web", "one", 1)
        + "NOT CHECKED  ClusterAdmissionPolicy two\n  p.yaml:9\n    this policy was not asked: no policy named foreign is \
           loaded; add its module with --wasm\n\n"
        + "1 object, 1 policy: 1 refused\n1 policy not followed\n";
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        out(1, &expected)
    );
    assert_eq!(
        stage
            .run(&[
                "-q",
                "--policy",
                "strict",
                "--policies-from",
                "p.yaml",
                "m.yaml"
            ])
            .0,
        1
    );
}

#[test]
fn versions_count_where_they_have_to_be_exact() {
    for (match_policy, versions, expected) in [
        ("Equivalent", "v2", "refused"),
        ("Exact", "v2", "clean"),
        ("Exact", "v1", "refused"),
        ("Exact", "'*'", "refused"),
    ] {
        let stage = Stage::new(&[("strict", REFUSE)]);
        let policy = deployed("one", &format!("  matchPolicy: {match_policy}\n"));
        stage.write(
            "p.yaml",
            policy.replace("apiVersions: [v1]", &format!("apiVersions: [{versions}]")),
        );
        stage.write("m.yaml", pod("shop", ""));
        let (_, text, _) = stage.run(&["-q", "--policies-from", "p.yaml", "m.yaml"]);
        assert!(
            text.contains(&format!("1 {expected}")),
            "{match_policy} {versions}: {text}"
        );
    }
}

#[test]
fn a_review_is_matched_by_its_own_namespace_and_by_either_object() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    let review = |more: Value| {
        let mut request = json!({
            "operation": "CREATE",
            "namespace": "shop",
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
            "object": {"kind": "Pod", "metadata": {"name": "web"}},
        });
        for (key, value) in more.as_object().unwrap() {
            request[key] = value.clone();
        }
        request.to_string()
    };
    let labelled = json!({"metadata": {"labels": {"app": "web"}}});
    for (policy, request, expected) in [
        (
            deployed("one", "  objectSelector: {matchLabels: {app: web}}\n"),
            review(json!({"oldObject": labelled})),
            "one refuses it (403)\n  no\n",
        ),
        (
            deployed("one", "  objectSelector: {matchLabels: {app: web}}\n"),
            review(json!({})),
            "no policy covers CREATE of pods\n",
        ),
        (
            deployed("one, namespace: shop", "").replace("ClusterAdmission", "Admission"),
            review(json!({})),
            "shop/one refuses it (403)\n  no\n",
        ),
        (
            deployed("one, namespace: shop", "").replace("ClusterAdmission", "Admission"),
            review(json!({"namespace": "other"})),
            "no policy covers CREATE of pods\n",
        ),
        (
            deployed("one", "").replace(
                "operations: [CREATE]",
                "operations: [CREATE], scope: Namespaced",
            ),
            review(json!({})),
            "one refuses it (403)\n  no\n",
        ),
    ] {
        stage.write("p.yaml", policy);
        stage.write("request.json", request);
        let (_, text, _) = stage.run(&["review", "--policies-from", "p.yaml", "request.json"]);
        assert_eq!(text, expected);
    }
}

#[test]
fn a_review_says_what_is_not_followed_and_who_only_reports() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    stage.write(
        "p.yaml",
        deployed(
            "one",
            "  mode: monitor\n  matchConditions: [{name: a, expression: authorizer.x()}]\n",
        ),
    );
    let request = json!({"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": {}});
    stage.write("request.json", request.to_string());
    let (status, text, errors) = stage.run(&[
        "review",
        "-f",
        "json",
        "--policies-from",
        "p.yaml",
        "request.json",
    ]);
    let response = json!({"accepted": false, "code": 403, "message": "no"});
    assert_eq!(
        (
            status,
            serde_json::from_str::<Value>(&text).unwrap(),
            errors.as_str()
        ),
        (
            0,
            json!({"version": 1, "responses": [{"policy": "one", "mode": "monitor", "response": response}]}),
            "note: p.yaml:1: one: its matchConditions a cannot be evaluated here and count as true\n",
        )
    );
}

/// Two Services on one port, which no review shows, are refused once, and only where the policy refuses.
#[test]
fn what_no_review_shows_is_refused_where_a_policy_refuses() {
    let service = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: a, namespace: {namespace}}}\nspec: {{type: NodePort, \
             ports: [{{port: 80, nodePort: 30001}}]}}\n---\n"
        )
    };
    let policy = |name: &str, more: &str| {
        deployed(name, more)
            .replace("strict:", "nodeport-range:")
            .replace("[pods]", "[services]")
    };
    let of_shop = policy("two, namespace: shop", "").replace("ClusterAdmission", "Admission");
    for (policies, expected) in [
        (policy("one", ""), vec!["other", "shop"]),
        (
            format!("{}---\n{of_shop}", policy("one", "")),
            vec!["other", "shop"],
        ),
        (of_shop.clone(), vec!["shop"]),
        (
            format!("{}---\n{of_shop}", policy("one", "  mode: monitor\n")),
            vec!["shop"],
        ),
        (policy("one", "  mode: monitor\n"), vec![]),
    ] {
        let stage = Stage::new(&[("nodeport-range", Validate::Answer(r#"{"accepted":true}"#))]);
        stage.write("p.yaml", policies);
        stage.write("m.yaml", service("other") + &service("shop"));
        let (_, text, _) = stage.run(&["--format", "json", "--policies-from", "p.yaml", "m.yaml"]);
        let report: Value = serde_json::from_str(&text).unwrap();
        let refusals = report["refusals"].as_array().unwrap();
        let homes: Vec<&str> = refusals
            .iter()
            .map(|refusal| refusal["object"]["namespace"].as_str().unwrap())
            .collect();
        assert_eq!(homes, expected);
    }
}

#[test]
fn code_hosts_read_what_the_policy_behind_a_resource_is_for() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    stage.write("p.yaml", deployed("one", ""));
    stage.write("m.yaml", pod("shop", ""));
    let (_, text, _) = stage.run(&["--format", "sarif", "--policies-from", "p.yaml", "m.yaml"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let rule = &report["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(
        (&rule["id"], &rule["fullDescription"]["text"]),
        (&json!("one"), &json!("What strict is for"))
    );
}

#[test]
fn the_list_of_policies_is_that_of_the_resources() {
    let stage = Stage::new(&[("strict", REFUSE), ("gentle", REFUSE)]);
    stage.write(
        "p.yaml",
        format!(
            "{}---\n{}",
            deployed("one", "  mode: monitor\n  settings: {a: [1]}\n"),
            deployed(
                "strict",
                "  contextAwareResources: [{apiVersion: v1, kind: Node}]\n"
            )
            .replace("[pods]", "[pods, services]")
        ),
    );
    let (status, text, errors) = stage.run(&["policies", "--policies-from", "p.yaml"]);
    let rows: Vec<String> = text
        .lines()
        .filter(|line| line.contains("  "))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        (status, rows, errors.as_str()),
        (
            0,
            [
                "Policy Mode Looks at Looks up Settings",
                r#"one (strict) monitor pods {"a":[1]}"#,
                "strict protect pods, services Node defaults",
            ]
            .map(ToOwned::to_owned)
            .to_vec(),
            ""
        )
    );
    // Where a name would be broken it is no table.
    let name = "a".repeat(60);
    stage.write("long.yaml", deployed(&name, "  settings: {a: [1]}\n"));
    let long = ["policies", "--policies-from", "long.yaml", "--width", "100"];
    let expected = format!(
        "{name} (strict)\n  mode      protect\n  looks at  pods\n  settings  {{\"a\":[1]}}\n"
    );
    assert_eq!(stage.run(&long).1, expected);
    stage.write("s.yaml", "gentle: {b: 2}\n");
    let (_, text, _) = stage.run(&[
        "policies",
        "--settings",
        "s.yaml",
        "-p",
        "gentle",
        "-f",
        "json",
    ]);
    let list: Value = serde_json::from_str(&text).unwrap();
    let one = &list["policies"][0];
    assert_eq!(
        (&one["name"], &one["module"], &one["mode"], &one["settings"]),
        (
            &json!("gentle"),
            &json!("gentle"),
            &json!("protect"),
            &json!({"b": 2})
        )
    );
}

#[test]
fn what_of_a_folder_is_rendered_first_is_named() {
    let stage = Stage::new(&[("strict", Validate::Answer(r#"{"accepted":true}"#))]);
    stage.write("p/one.yaml", deployed("one", "").replace("[pods]", "[pod]"));
    stage.write("p/other.yaml", "a: 1\n");
    stage.write("p/patch.yaml", deployed("one", ""));
    stage.write("p/kustomization.yaml", "patches: [{path: patch.yaml}]\n");
    stage.write("m.yaml", pod("shop", ""));
    let expected = "NOT CHECKED  ClusterAdmissionPolicy one
  p/one.yaml:1
    its rules list \"pod\", and there is no such resource in their apiGroups; did you mean \"pods\"?

NOT CHECKED  1 file left out as a patch of a kustomization
  p/patch.yaml
    give --render, or pipe what `kubectl kustomize DIR` builds into `preflight -`

1 object, 1 policy: 1 clean (1 not covered by any policy)
1 file or folder left out, 1 policy not followed
";
    assert_eq!(
        stage.run(&["--policies-from", "p", "m.yaml"]),
        out(0, expected)
    );
}

#[test]
fn a_message_of_the_resource_is_what_users_read() {
    let stage = Stage::new(&[("strict", REFUSE)]);
    stage.write(
        "p.yaml",
        deployed("one", "  message: ask the platform team\n"),
    );
    stage.write("m.yaml", pod("shop", ""));
    let note =
        "p.yaml:1: one: users of the cluster read its spec.message in place of what is told here\n";
    let expected = refused("Pod shop/web", "one", 1)
        + &format!("note: {note}\n1 object, 1 policy: 1 refused\n");
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        out(1, &expected)
    );
    let request = json!({"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": {}});
    stage.write("request.json", request.to_string());
    let text = "one refuses it (403)\n  ask the platform team\n  cause: no\n".to_owned();
    assert_eq!(
        stage.run(&["review", "--policies-from", "p.yaml", "request.json"]),
        (1, text, format!("note: {note}"))
    );
}

#[test]
fn the_namespace_of_kubewarden_is_spared_unless_a_policy_is_meant_for_it() {
    let of_namespace =
        deployed("one, namespace: kubewarden", "").replace("ClusterAdmission", "Admission");
    for (policy, expected) in [
        (deployed("one", ""), "1 not checked"),
        (
            deployed("one", "  allowInsideKubewardenNamespace: true\n"),
            "1 refused",
        ),
        (
            deployed("one", "  allowInsideAdmissionControllerNamespace: true\n"),
            "1 refused",
        ),
        (
            deployed("one", "  allowInsideAdmissionControllerNamespace: false\n"),
            "1 not checked",
        ),
        (of_namespace, "1 not checked"),
    ] {
        let stage = Stage::new(&[("strict", REFUSE)]);
        stage.write("p.yaml", &policy);
        stage.write("m.yaml", pod("kubewarden", ""));
        let (_, text, _) = stage.run(&["-q", "--policies-from", "p.yaml", "m.yaml"]);
        assert!(text.contains(expected), "{policy}: {text}");
    }
}

const ACCEPT: Validate<'_> = Validate::Answer(r#"{"accepted":true,"warnings":["hm"]}"#);

#[test]
fn a_group_is_judged_by_its_expression() {
    let refused = "REFUSED  Pod shop/web  by all
  m.yaml:1
    not like this
";
    let because = format!("{refused}  m.yaml:1\n    strict: no\n\n1 object, 1 policy: 1 refused\n");
    let without_cause = format!("{refused}\n1 object, 1 policy: 1 refused\n");
    let clean = "1 object, 1 policy: 1 clean\n".to_owned();
    for (expression, expected) in [
        ("strict() && gentle()", &because),
        ("strict() || gentle()", &clean),
        ("!strict() && gentle()", &clean),
        ("!gentle()", &without_cause),
        ("!gentle() && strict()", &without_cause),
        ("!(gentle() && !strict())", &because),
    ] {
        let stage = Stage::new(&[("strict", REFUSE), ("gentle", ACCEPT)]);
        stage.write("p.yaml", group("all", expression, ""));
        stage.write("m.yaml", pod("shop", ""));
        let (_, text, errors) = stage.run(&["--policies-from", "p.yaml", "m.yaml"]);
        assert_eq!((&text, errors.as_str()), (expected, ""), "{expression}");
    }
}

#[test]
fn a_group_tells_a_review_and_the_list_of_what_it_is_made() {
    let stage = Stage::new(&[("strict", REFUSE), ("gentle", ACCEPT)]);
    stage.write(
        "p.yaml",
        group("all", "gentle() && strict()", "  mode: protect\n"),
    );
    let request = json!({"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": {}});
    stage.write("request.json", request.to_string());
    let review = ["review", "--policies-from", "p.yaml", "request.json"];
    assert_eq!(
        stage.run(&review),
        out(1, "all refuses it\n  not like this\n  cause: strict: no\n")
    );
    let (_, text, _) = stage.run(&[&review[..], &["-f", "json"]].concat());
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["responses"],
        json!([{
            "policy": "all",
            "response": {"accepted": false, "message": "not like this"},
            "causes": [{"policy": "strict", "message": "no"}],
        }])
    );
    let (_, text, _) = stage.run(&["policies", "--policies-from", "p.yaml", "-f", "json"]);
    let of = |module: &str| json!({"module": module, "settings": {}});
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["policies"],
        json!([{
            "name": "all", "looksAt": ["pods"], "looksUp": [], "mode": "protect",
            "expression": "gentle() && strict()",
            "policies": {"gentle": of("gentle"), "strict": of("strict")},
        }])
    );
}

#[test]
fn says_what_is_wrong_with_a_group() {
    let stage = Stage::new(&[("strict", REFUSE), ("gentle", ACCEPT)]);
    stage.write("m.yaml", pod("shop", ""));
    for (expression, why) in [
        (
            "strict() && other_one()",
            "calls other_one, which is not in spec.policies",
        ),
        (
            "gentle() || other()",
            "calls other, which is not in spec.policies",
        ),
        ("strict() &&", "is not members, &&, || and !"),
        ("1", "gives neither true nor false"),
        (
            "object == null",
            "calls object, which is not in spec.policies",
        ),
    ] {
        let policies = format!(
            "{}---\n{}",
            deployed("one", ""),
            group("all", expression, "")
        );
        stage.write("p.yaml", policies);
        let expected = refused("Pod shop/web", "one", 1)
            + "NOT CHECKED  ClusterAdmissionPolicyGroup all\n  p.yaml:9\n    this policy was not asked: its expression "
            + why
            + "\n\n"
            + "1 object, 1 policy: 1 refused\n1 policy not followed\n";
        assert_eq!(
            stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
            out(1, &expected)
        );
    }
    stage.write("p.yaml", group("all", "1", ""));
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
        err("p.yaml:1: all: its expression gives neither true nor false")
    );
    let good = group("all", "strict()", "");
    for (policies, expected) in [
        (
            good.replace("strict:v1'}", "strict:v1', settings: {wrong: 1}}")
                .replace("gentle:v1'}", "gentle:v1', settings: {wrong: 1}}"),
            "p.yaml:10: all: invalid settings for gentle: wrong is wrong\n\
             p.yaml:9: all: invalid settings for strict: wrong is wrong",
        ),
        (
            good.replace("policies:\n    strict: {", "x: {")
                .replace("    gentle: {", "  y: {"),
            "p.yaml:1: all: spec.policies is missing or empty; if this is a patch, render it: `kubectl kustomize DIR | \
             preflight --policies-from - PATH`",
        ),
    ] {
        stage.write("p.yaml", policies);
        assert_eq!(
            stage.run(&["--policies-from", "p.yaml", "m.yaml"]),
            err(expected)
        );
    }
}
