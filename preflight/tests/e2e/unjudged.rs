//! What no policy read is named in every format, and fails where it is to.

use serde_json::{Value, json};

use crate::{
    guests::Validate,
    stage::{Stage, out},
};

const ACCEPT: Validate<'_> = Validate::Answer(r#"{"accepted":true}"#);
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n";
const ROLLOUT: &str = "apiVersion: example.com/v1
kind: Rollout
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: app, image: app}
";
const DEPLOYMENT: &str =
    "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: old}\n";
const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: 'containers: [{name: x}]'}\n";

/// A folder with something for each reason.
fn stage() -> Stage {
    let stage = Stage::new(&[("one", ACCEPT)]);
    stage.write("m/a.yaml", POD);
    stage.write("m/chart/Chart.yaml", "apiVersion: v2\nname: x\n");
    for number in 0..7 {
        stage.write(&format!("m/chart/templates/{number}.yaml"), "{{ x }}\n");
    }
    stage.write("m/k/kustomization.yaml", "patches: [{path: patch.yaml}]\n");
    stage.write("m/k/patch.yaml", POD);
    stage.write("m/.gitignore", "/out/\nsecret.*\n");
    stage.write("m/out/a.yaml", POD);
    stage.write("m/secret.yaml", POD);
    stage.write("m/.hidden.json", POD);
    stage.write("m/b.test.yaml", POD);
    stage.write("m/.git/config.yaml", POD);
    stage.write(
        "m/kinds.yaml",
        [ROLLOUT, DEPLOYMENT, CONFIG_MAP].join("---\n"),
    );
    stage
}

const ARGUMENTS: [&str; 3] = ["--exclude", "*.test.yaml", "m"];

#[test]
fn people_see_it_grouped_and_counted() {
    let expected = "NOT CHECKED  Deployment default/old
  m/kinds.yaml:10
    no supported Kubernetes has Deployment in extensions/v1beta1, so no policy
    reads it as it is meant; write it for apiVersion: apps/v1

NOT CHECKED  Rollout default/web
  m/kinds.yaml:7
    holds pods in spec.template.spec.containers, and no policy reads it; list
    its kind in `customKinds` of the policies' settings

NOT CHECKED  2 files or folders left out by a .gitignore
  m/out/
  m/secret.yaml
    read it with --no-ignore, or name it

NOT CHECKED  1 file left out because its name begins with a dot
  m/.hidden.json
    name it, if it holds manifests

NOT CHECKED  1 file left out by --exclude
  m/b.test.yaml
    name it, if it is to be checked

NOT CHECKED  7 files left out as parts of Helm charts
  m/chart/templates/0.yaml
  m/chart/templates/1.yaml
  m/chart/templates/2.yaml
  m/chart/templates/3.yaml
  m/chart/templates/4.yaml
  and 2 more; `--format json` has them all
    give --render, or pipe what `helm template CHART` renders into `preflight -`

NOT CHECKED  1 file left out as a patch of a kustomization
  m/k/patch.yaml
    give --render, or pipe what `kubectl kustomize DIR` builds into `preflight
    -`

4 objects, 1 policy: 2 not checked, 2 clean (1 not covered by any policy)
12 files or folders left out
";
    let run = |more: &[&str]| stage().run(&[more, &["--width", "80"], &ARGUMENTS].concat());
    assert_eq!(run(&[]), out(0, expected));
    assert_eq!(run(&["--quiet"]), out(0, expected));
    assert_eq!(run(&["--fail-on", "unjudged"]), out(1, expected));
    assert_eq!(run(&["--fail-on", "warning"]), out(0, expected));
}

#[test]
fn what_a_chart_and_a_kustomization_add_is_named() {
    let stage = Stage::new(&[("one", ACCEPT)]);
    stage.write("m/a.yaml", POD);
    stage.write("m/c/Chart.yaml", "apiVersion: v2\nname: x\n");
    stage.write("m/c/templates/a.tpl", "{{ x }}\n");
    stage.write("m/c/charts/y-1.0.0.tgz", "x");
    stage.write(
        "m/k/kustomization.yaml",
        "replicas: [{name: a, count: 1}]\n",
    );
    let expected = "NOT CHECKED  2 files left out as parts of Helm charts
  m/c/charts/y-1.0.0.tgz
  m/c/templates/a.tpl
    give --render, or pipe what `helm template CHART` renders into `preflight -`

NOT CHECKED  1 file left out as a kustomization that changes what is applied
  m/k/kustomization.yaml
    give its folder and --render, or pipe what `kubectl kustomize DIR` builds into `preflight -`

1 object, 1 policy: 1 clean
3 files or folders left out
";
    assert_eq!(stage.run(&["-q", "m"]), out(0, expected));
    assert_eq!(stage.run(&["--fail-on", "unjudged", "m"]), out(1, expected));
    let (_, text, _) = stage.run(&["--format", "json", "m"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        report["unjudged"][2],
        json!({
            "reason": "kustomization", "file": "m/k/kustomization.yaml",
            "text": "a kustomization that is not built: it has `replicas`; give its folder and --render, or pipe what \
                     `kubectl kustomize DIR` builds into `preflight -`",
        })
    );
}

#[test]
fn programs_get_all_of_it() {
    let stage = stage();
    let (status, text, _) = stage.run(&[&["--format", "json", "-q"], &ARGUMENTS[..]].concat());
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 0);
    assert_eq!(
        report["summary"],
        json!({
            "objects": 4, "policies": 1, "refused": 0, "unjudged": 2, "warned": 0, "incomplete": 0,
            "clean": 2, "unseen": 1, "leftOut": 12, "missingPolicies": 0,
        })
    );
    let object = |api_version: &str, kind: &str, name: &str| json!({"apiVersion": api_version, "kind": kind, "namespace": "default", "name": name});
    let left_out = |reason: &str, file: &str, text: &str| json!({"reason": reason, "file": file, "text": text});
    let ignored = |file: &str, pattern: &str| {
        let text = format!(
            "left out by `{pattern}` in m/.gitignore; read it with --no-ignore, or name it"
        );
        left_out("ignored", file, &text)
    };
    let mut expected = vec![
        json!({
            "reason": "unread_pods", "file": "m/kinds.yaml", "line": 7,
            "object": object("example.com/v1", "Rollout", "web"),
            "text": "holds pods in spec.template.spec.containers, and no policy reads it; list its kind in \
                     `customKinds` of the policies' settings",
        }),
        json!({
            "reason": "unserved_version", "file": "m/kinds.yaml", "line": 10,
            "object": object("extensions/v1beta1", "Deployment", "old"),
            "text": "no supported Kubernetes has Deployment in extensions/v1beta1, so no policy reads it as it is meant; \
                     write it for apiVersion: apps/v1",
        }),
        left_out(
            "hidden",
            "m/.hidden.json",
            "left out because its name begins with a dot; name it, if it holds manifests",
        ),
        left_out(
            "excluded",
            "m/b.test.yaml",
            "left out by --exclude; name it, if it is to be checked",
        ),
    ];
    for number in 0..7 {
        expected.push(left_out(
            "template",
            &format!("m/chart/templates/{number}.yaml"),
            "a template of the Helm chart in m/chart; give --render, or pipe what `helm template CHART` renders into `preflight -`",
        ));
    }
    expected.extend([
        left_out(
            "patch",
            "m/k/patch.yaml",
            "a patch of m/k/kustomization.yaml; give --render, or pipe what `kubectl kustomize DIR` builds into `preflight -`",
        ),
        ignored("m/out/", "/out/"),
        ignored("m/secret.yaml", "secret.*"),
    ]);
    assert_eq!(report["unjudged"], json!(expected));
    // For people, and for programs that know nothing newer.
    let notes = report["notes"].as_array().unwrap();
    assert_eq!(notes.len(), expected.len());
    assert_eq!(
        notes.last(),
        Some(&json!({
            "file": "m/secret.yaml",
            "text": "m/secret.yaml: left out by `secret.*` in m/.gitignore; read it with --no-ignore, or name it",
        }))
    );
}

#[test]
fn code_hosts_and_build_servers_get_it() {
    let stage = Stage::new(&[("one", ACCEPT)]);
    stage.write("m/a.yaml", ROLLOUT);
    stage.write("m/.b.yaml", POD);
    let (_, text, _) = stage.run(&["--format", "sarif", "m"]);
    let sarif: Value = serde_json::from_str(&text).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(
        run["tool"]["driver"]["notifications"],
        json!([{"id": "unjudged/unread_pods"}, {"id": "unjudged/hidden"}])
    );
    assert_eq!(
        run["invocations"],
        json!([{
            "executionSuccessful": true,
            "toolExecutionNotifications": [
                {
                    "descriptor": {"id": "unjudged/unread_pods"},
                    "level": "warning",
                    "locations": [{"physicalLocation": {
                        "artifactLocation": {"uri": "m/a.yaml"}, "region": {"startLine": 7},
                    }}],
                    "message": {"text": "not checked: Rollout default/web: holds pods in spec.template.spec.containers, \
                                         and no policy reads it; list its kind in `customKinds` of the \
                                         policies' settings"},
                },
                {
                    "descriptor": {"id": "unjudged/hidden"},
                    "level": "warning",
                    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "m/.b.yaml"}}}],
                    "message": {"text": "not checked: left out because its name begins with a dot; name it, if it holds \
                                         manifests"},
                },
            ],
        }])
    );
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="preflight" tests="2" skipped="2" failures="0" errors="0">
    <testsuite name="preflight" tests="2" skipped="2" errors="0" failures="0">
        <testcase name="Rollout default/web" classname="m/a.yaml" file="m/a.yaml" line="7">
            <skipped message="holds pods in spec.template.spec.containers, and no policy reads it; list its kind in `customKinds` of the policies&apos; settings" type="unread_pods"/>
        </testcase>
        <testcase name="m/.b.yaml" classname="m/.b.yaml" file="m/.b.yaml">
            <skipped message="left out because its name begins with a dot; name it, if it holds manifests" type="hidden"/>
        </testcase>
    </testsuite>
</testsuites>
"#;
    assert_eq!(stage.run(&["--format", "junit", "m"]), out(0, expected));
}

#[test]
fn each_reason_fails_where_it_is_to_and_more_than_one_can_be_named() {
    let warn = Validate::Answer(r#"{"accepted":true,"warnings":["one: spec: is odd"]}"#);
    let stage = Stage::new(&[("one", warn)]);
    stage.write("clean.yaml", CONFIG_MAP);
    stage.write("warned.yaml", POD);
    stage.write("rollout.yaml", ROLLOUT);
    stage.write("wrong.yaml", DEPLOYMENT);
    stage.write("hidden/a.yaml", CONFIG_MAP);
    stage.write("hidden/.b.yaml", CONFIG_MAP);
    for (path, statuses) in [
        ("clean.yaml", [0, 0, 0, 0]),
        ("warned.yaml", [0, 1, 0, 1]),
        ("rollout.yaml", [0, 0, 1, 1]),
        ("wrong.yaml", [0, 0, 1, 1]),
        ("hidden", [0, 0, 1, 1]),
    ] {
        let fail_on = ["violation", "warning", "unjudged", "unjudged,warning"];
        let status = |fail_on| stage.run(&["--fail-on", fail_on, path]).0;
        assert_eq!(fail_on.map(status), statuses, "{path}");
    }
}

#[test]
fn what_a_gitignore_hides_is_read_where_it_is_wanted() {
    let stage = stage();
    let (_, text, _) = stage.run(&["--no-ignore", "m"]);
    assert!(
        text.ends_with(
            "7 objects, 1 policy: 2 not checked, 5 clean (1 not covered by any policy)\n9 files or folders left out\n"
        ),
        "{text}"
    );
    assert!(!text.contains(".gitignore"), "{text}");
}

#[test]
fn pods_that_the_rules_leave_out_are_named_where_any_policy_reads_pods() {
    let stage = Stage::new(&[("one", ACCEPT)]);
    let deployment = ROLLOUT
        .replace("example.com/v1", "apps/v1")
        .replace("Rollout", "Deployment");
    stage.write("a.yaml", &deployment);
    let expected = "NOT CHECKED  Deployment default/web
  a.yaml:7
    holds pods in spec.template.spec.containers, and no policy reads it; the rules and selectors of
    the policies leave it out

1 object, 1 policy: 1 not checked
";
    assert_eq!(stage.run(&["a.yaml"]), out(0, expected));
    // A definition has a schema, not pods.
    let definition = deployment
        .replace("apps/v1", "apiextensions.k8s.io/v1")
        .replace("Deployment", "CustomResourceDefinition");
    stage.write("b.yaml", definition);
    assert_eq!(
        stage.run(&["b.yaml"]),
        out(
            0,
            "1 object, 1 policy: 1 clean (1 not covered by any policy)\n"
        )
    );
    let policy = "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: one}\nspec:\n  \
                  module: one\n  mutating: false\n  rules: [{apiGroups: [''], apiVersions: [v1], resources: [services], \
                  operations: [CREATE]}]\n";
    stage.write("p.yaml", policy);
    assert_eq!(
        stage.run(&["--policies-from", "p.yaml", "-q", "a.yaml"]),
        out(
            0,
            "NOT CHECKED  ClusterAdmissionPolicy one
  p.yaml:1
    none of its rules lists what the policy looks at: pods

1 object, 1 policy: 1 clean (1 not covered by any policy)
1 policy not followed
"
        )
    );
}

#[test]
fn a_policy_in_other_letters_and_a_file_of_policies_that_is_hidden_are_named() {
    let stage = Stage::new(&[("one", ACCEPT)]);
    let policy = |kind: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: {kind}\nmetadata: {{name: one}}\nspec:\n  module: one\n  mutating: \
             false\n  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}}]\n"
        )
    };
    stage.write("p/a.yaml", policy("ClusterAdmissionPolicy"));
    stage.write("p/b.yaml", policy("clusteradmissionpolicy"));
    stage.write("p/.c.yaml", policy("ClusterAdmissionPolicy"));
    stage.write("pod.yaml", POD);
    let expected = "NOT CHECKED  clusteradmissionpolicy one
  p/b.yaml:1
    is not a policy to a cluster: write kind: ClusterAdmissionPolicy and apiVersion:
    policies.kubewarden.io/v1

NOT CHECKED  1 file left out because its name begins with a dot
  p/.c.yaml
    name it, if it holds manifests

1 object, 1 policy: 1 clean
1 file or folder left out, 1 policy not followed
";
    assert_eq!(
        stage.run(&["--policies-from", "p", "--fail-on", "unjudged", "pod.yaml"]),
        out(1, expected)
    );
    let (status, _, errors) = stage.run(&["policies", "--policies-from", "p"]);
    assert_eq!(
        (status, errors.as_str()),
        (
            0,
            "note: p/.c.yaml: left out because its name begins with a dot; name it, if it holds manifests\n\
             note: p/b.yaml:1: clusteradmissionpolicy one: is not a policy to a cluster: write kind: ClusterAdmissionPolicy \
             and apiVersion: policies.kubewarden.io/v1\n"
        )
    );
}

#[test]
fn a_policy_that_accepts_a_kind_unread_has_not_read_it() {
    let warning = r#"{"accepted":true,"warnings":["one: kind: \"Rollout\" of example.com is not a kind that this policy reads; fix: narrow spec.rules of the policy [unclaimed_kind]"]}"#;
    let stage = Stage::with_policy_for_all("one", &Validate::Answer(warning));
    stage.write("a.yaml", ROLLOUT);
    let expected = "NOT CHECKED  Rollout default/web
  a.yaml:7
    holds pods in spec.template.spec.containers, and no policy reads it; list its kind in
    `customKinds` of the policies' settings

1 object, 1 policy: 1 not checked
";
    assert_eq!(
        stage.run(&["-q", "--fail-on", "unjudged", "a.yaml"]),
        out(1, expected)
    );
}

#[test]
fn of_a_kind_that_no_server_has_policies_say_nothing_of_their_rules() {
    let warning = r#"{"accepted":true,"warnings":["one: kind: \"pod\" of the core group is not a kind that this policy reads; fix: narrow spec.rules of the policy [unclaimed_kind]"]}"#;
    let stage = Stage::with_policy_for_all("one", &Validate::Answer(warning));
    stage.write("a.yaml", POD.replace("kind: Pod", "kind: pod"));
    let expected = "NOT CHECKED  pod default/web
  a.yaml:2
    no supported Kubernetes has pod in v1, so no policy reads it as it is meant; write kind: Pod

1 object, 1 policy: 1 not checked
";
    assert_eq!(stage.run(&["-q", "a.yaml"]), out(0, expected));
}

#[test]
fn of_a_budget_that_meant_something_else_nothing_is_warned_of() {
    let warning = r#"{"accepted":true,"warnings":["one: spec.selector: selects every pod; fix: narrow it [unselective]"]}"#;
    let stage = Stage::with_policy_for_all("one", &Validate::Answer(warning));
    let budget = |version: &str| {
        format!("apiVersion: policy/{version}\nkind: PodDisruptionBudget\nmetadata: {{name: a}}\n")
    };
    stage.write("a.yaml", budget("v1beta1"));
    let expected = "NOT CHECKED  PodDisruptionBudget default/a
  a.yaml:1
    no supported Kubernetes has PodDisruptionBudget in policy/v1beta1, so no policy reads it as it
    is meant; write it for apiVersion: policy/v1

1 object, 1 policy: 1 not checked
";
    assert_eq!(stage.run(&["-q", "a.yaml"]), out(0, expected));
    stage.write("a.yaml", budget("v1"));
    let (_, text, _) = stage.run(&["-q", "a.yaml"]);
    assert!(
        text.ends_with("1 object, 1 policy: 1 with warnings\n"),
        "{text}"
    );
}

#[test]
fn what_no_server_has_or_sops_encrypted_is_named() {
    let stage = Stage::new(&[("one", ACCEPT)]);
    stage.write(
        "a.yaml",
        "apiVersion: policy/v1\nkind: PodSecurityPolicy\nmetadata: {name: a}\n---\napiVersion: v1\nkind: List\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: 'ENC[AES256_GCM,data:x,type:str]'}\nsops: {}\n",
    );
    let expected = "NOT CHECKED  PodSecurityPolicy default/a
  a.yaml:2
    no supported Kubernetes has PodSecurityPolicy in policy/v1, so no policy reads it as it is
    meant; remove it, or write the kind that is there now

NOT CHECKED  List default/(without a name)
  a.yaml:6
    a List without `items` is not a list to kubectl, and no server has an object of this kind; write
    `items: []`, if it is empty

NOT CHECKED  Service default/a
  a.yaml:11
    spec.type is encrypted by SOPS, and no policy can read it; pipe what `sops --decrypt FILE`
    prints into `preflight -`, or encrypt `data` and `stringData` alone (encrypted_regex)

3 objects, 1 policy: 3 not checked
";
    assert_eq!(
        stage.run(&["-q", "--fail-on", "unjudged", "a.yaml"]),
        out(1, expected)
    );
}

#[test]
fn a_review_among_manifests_is_a_problem() {
    let stage = Stage::new(&[("one", ACCEPT)]);
    stage.write(
        "a.yaml",
        "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {}\n",
    );
    let expected = "PROBLEM  a.yaml:1
    an AdmissionReview asks about an object, and is none: check it with `preflight review FILE`

0 objects, 1 policy
1 input could not be checked
";
    assert_eq!(stage.run(&["a.yaml"]), out(2, expected));
}

#[test]
fn what_a_policy_only_counts_is_counted_in_every_format() {
    let lines = "\\n- spec.a: is bad [some_rule]".repeat(15);
    let refusal = format!(
        r#"{{"accepted":false,"message":"Pod default/web violates one in 17 places:{lines}\n- and 2 more","warnings":["one: spec: is odd","one: and 3 more warnings"]}}"#
    );
    let stage = Stage::new(&[("one", Validate::Answer(&refusal))]);
    stage.write("pod.yaml", POD);
    let (_, table, _) = stage.run(&["pod.yaml"]);
    assert!(
        table.ends_with(
            "  pod.yaml:1
    and 2 more, which the policy counts and does not list

WARNING  Pod default/web  by one
  pod.yaml:1  spec
    is odd
  pod.yaml:1
    and 3 more, which the policy counts and does not list

1 object, 1 policy: 1 refused
"
        ),
        "{table}"
    );
    let json_of = |format: &str| -> Value {
        let (_, text, _) = stage.run(&["--format", format, "pod.yaml"]);
        serde_json::from_str(&text).unwrap()
    };
    let report = json_of("json");
    assert_eq!(report["refusals"].as_array().unwrap().len(), 16);
    assert_eq!(report["refusals"][15]["more"], 2);
    assert_eq!(report["warnings"][1]["more"], 3);
    let results = json_of("sarif");
    let result = &results["runs"][0]["results"][15];
    assert_eq!(
        (&result["ruleId"], &result["message"]["text"]),
        (
            &json!("one"),
            &json!("Pod default/web: and 2 more, which the policy counts and does not list")
        )
    );
    let (_, junit, _) = stage.run(&["--format", "junit", "pod.yaml"]);
    assert!(
        junit.contains(r#"<failure message="17 problems" type="refused">"#),
        "{junit}"
    );
    assert!(
        junit.contains(
            "pod.yaml:1: and 2 more, which the policy counts and does not list</failure>"
        ),
        "{junit}"
    );
}
