//! The program itself: what it prints, and how it ends.

use std::fs;
#[cfg(target_os = "linux")]
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, err, out},
};

const ACCEPT: Validate<'_> = Validate::Answer(r#"{"accepted":true}"#);
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  volumes:\n  - name: root\n    \
                   hostPath:\n      path: /\n";
const REFUSAL: &str = r#"{"accepted":false,"code":403,"message":"Pod default/web violates strict: spec.volumes[0].hostPath.path: \"/\" is the whole node; fix: mount less [risky_path]"}"#;
const WARNING: &str = r#"{"accepted":true,"warnings":["gentle: spec.volumes[0].name: is short [short_name]","unknown field"]}"#;

#[test]
fn clean_manifests_end_with_0() {
    let stage = Stage::new(&[("a", ACCEPT), ("b", ACCEPT)]);
    stage.write("m/pod.yaml", POD);
    stage.write(
        "m/service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
    );
    assert_eq!(
        stage.run(&["m"]),
        out(
            0,
            "2 objects, 2 policies: 2 clean (1 not covered by any policy)\n"
        )
    );
}

#[test]
fn refusals_end_with_1_and_point_to_the_line_of_the_field() {
    let stage = Stage::new(&[
        ("gentle", Validate::Answer(WARNING)),
        ("strict", Validate::Answer(REFUSAL)),
    ]);
    stage.write("pod.yaml", format!("# first\n---\n{POD}"));
    let expected = "REFUSED  Pod default/web  by strict
  pod.yaml:11  spec.volumes[0].hostPath.path
    \"/\" is the whole node [risky_path]
    fix: mount less

WARNING  Pod default/web  by gentle
  pod.yaml:9  spec.volumes[0].name
    is short [short_name]
  pod.yaml:3
    unknown field

1 object, 2 policies: 1 refused
  gentle  1 with warnings
  strict  1 refused
";
    assert_eq!(stage.run(&["pod.yaml"]), out(1, expected));
    let quiet = "REFUSED  Pod default/web  by strict
  pod.yaml:11  spec.volumes[0].hostPath.path
    \"/\" is the whole node [risky_path]
    fix: mount less

1 object, 2 policies: 1 refused
  gentle  1 with warnings
  strict  1 refused
";
    assert_eq!(stage.run(&["--quiet", "pod.yaml"]), out(1, quiet));
    assert_eq!(
        stage.run(&["-q", "--policy", "gentle", "pod.yaml"]),
        out(0, "1 object, 1 policy: 1 with warnings\n")
    );
}

#[test]
fn a_policy_that_is_not_asked_for_is_not_compiled() {
    let stage = Stage::new(&[("good", ACCEPT)]);
    let broken = wat::parse_str(
        r#"(module (import "wapc" "__nope" (func))
            (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 0)))"#,
    );
    stage.write("dist/broken.wasm", broken.unwrap());
    stage.write("pod.yaml", POD);
    assert_eq!(
        stage.run(&["pod.yaml"]),
        err(
            "dist/broken.wasm: does not compile: unknown import: `wapc::__nope` has not been defined"
        )
    );
    assert_eq!(
        stage.run(&["-p", "good", "pod.yaml"]),
        out(0, "1 object, 1 policy: 1 clean\n")
    );
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_compiled_is_kept_for_the_module_as_it_is() {
    let stage = Stage::new(&[("a", ACCEPT)]);
    stage.write("pod.yaml", POD);
    let run = || stage.run_with_cache("cache", &["pod.yaml"]);
    let kept = || stage.files("cache/preflight");
    assert_eq!(kept(), 0);
    let clean = out(0, "1 object, 1 policy: 1 clean\n");
    for _ in 0..2 {
        assert_eq!(run(), clean);
        assert_eq!(kept(), 1);
    }
    // A module of the same name.
    stage.write(
        "dist/a.wasm",
        guest(Some(&metadata("a")), &Validate::Answer(WARNING)),
    );
    assert_eq!(
        run().1.lines().last(),
        Some("1 object, 1 policy: 1 with warnings")
    );
    assert_eq!(kept(), 2);
    // A folder that others may write.
    let folder = stage.path().join("cache/preflight");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    stage.write("dist/a.wasm", guest(Some(&metadata("a")), &Validate::Echo));
    assert_eq!(run().0, 1);
    assert_eq!(kept(), 2);
}

#[test]
fn programs_get_json() {
    let stage = Stage::new(&[
        ("gentle", Validate::Answer(WARNING)),
        ("strict", Validate::Answer(REFUSAL)),
    ]);
    stage.write("pod.yaml", POD);
    let (status, text, errors) = stage.run(&["--format", "json", "pod.yaml"]);
    assert_eq!((status, errors.as_str()), (1, ""));
    let object = json!({"apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "web"});
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({
            "version": 1,
            "summary": {
                "objects": 1, "policies": 2, "refused": 1, "unjudged": 0, "warned": 0, "incomplete": 0,
                "clean": 0, "unseen": 0, "leftOut": 0, "missingPolicies": 0,
            },
            "byPolicy": {"gentle": {"refused": 0, "warned": 1}, "strict": {"refused": 1, "warned": 0}},
            "byNamespace": [{
                "namespace": "default", "objects": 1, "refused": 1, "unjudged": 0, "warned": 0, "incomplete": 0,
                "excepted": 0, "clean": 0,
            }],
            "refusals": [{
                "policy": "strict", "object": object, "file": "pod.yaml", "line": 9,
                "field": "spec.volumes[0].hostPath.path", "problem": "\"/\" is the whole node", "fix": "mount less",
                "rule": "risky_path", "code": 403,
            }],
            "warnings": [
                {
                    "policy": "gentle", "object": object, "file": "pod.yaml", "line": 7,
                    "field": "spec.volumes[0].name", "problem": "is short", "rule": "short_name",
                },
                {"policy": "gentle", "object": object, "file": "pod.yaml", "line": 1, "problem": "unknown field"},
            ],
            "neededFromElsewhere": [],
            "unjudged": [],
            "problems": [],
            "notes": [],
        })
    );
}

#[test]
fn a_broken_file_ends_with_2_and_the_rest_is_judged() {
    let stage = Stage::new(&[("strict", Validate::Answer(REFUSAL))]);
    stage.write("a.yaml", "kind: [\n");
    stage.write("b.yaml", POD);
    let expected = "REFUSED  Pod default/web  by strict
  b.yaml:9  spec.volumes[0].hostPath.path
    \"/\" is the whole node [risky_path]
    fix: mount less

PROBLEM  a.yaml:1
    cannot be read: what starts here has no end (column 7)

PROBLEM  nope.yaml
    cannot be read: No such file or directory (os error 2)

1 object, 1 policy: 1 refused
2 inputs could not be checked
";
    assert_eq!(
        stage.run(&["a.yaml", "b.yaml", "nope.yaml"]),
        out(2, expected)
    );
}

#[test]
fn a_folder_without_manifests_ends_with_2() {
    let stage = Stage::new(&[("a", ACCEPT)]);
    fs::create_dir(stage.path().join("empty")).unwrap();
    let expected = "PROBLEM  empty
    there is no .yaml, .yml or .json file in this folder

0 objects, 1 policy
1 input could not be checked
";
    assert_eq!(stage.run(&["empty"]), out(2, expected));
}

#[test]
fn a_policy_that_gives_no_answer_ends_with_2() {
    let stage = Stage::new(&[("slow", Validate::Run("(loop $again (br $again))"))]);
    stage.write("pod.yaml", POD);
    let expected = "PROBLEM  pod.yaml:1
    slow could not check Pod default/web: it ran over the time limit of 50 ms

1 object, 1 policy: 1 not checked
1 input could not be checked
";
    assert_eq!(
        stage.run(&["--time-limit", "50", "pod.yaml"]),
        out(2, expected)
    );
}

#[test]
fn reads_standard_input_and_fills_in_the_namespace() {
    let stage = Stage::new(&[(
        "foreign",
        Validate::Answer(r#"{"accepted":false,"message":"no"}"#),
    )]);
    let expected = "REFUSED  Pod shop/web  by foreign
  -:1
    no

1 object, 1 policy: 1 refused
";
    assert_eq!(
        stage.run_with_input(&["--namespace", "shop", "-"], POD),
        out(1, expected)
    );
}

#[test]
fn all_manifests_are_there_for_look_ups() {
    let request = r#"{"api_version":"v1","kind":"Pod","name":"other","namespace":"default"}"#;
    let stage = Stage::new(&[(
        "look",
        Validate::LookUp {
            operation: "get_resource",
            request,
        },
    )]);
    stage.write("a.yaml", POD);
    // The tiny guest sends back what it found as its verdict.
    let other =
        "{apiVersion: v1, kind: Pod, metadata: {name: other}, accepted: false, message: found}";
    stage.write("b.yaml", format!("{other}\n"));
    let expected = "REFUSED  Pod default/web  by look
  a.yaml:1
    found

REFUSED  Pod default/other  by look
  b.yaml:1
    found

2 objects, 1 policy: 2 refused
";
    assert_eq!(stage.run(&["a.yaml", "b.yaml"]), out(1, expected));
    let review = json!({"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": {}});
    stage.write("review.json", review.to_string());
    assert_eq!(
        stage.run(&["review", "--cluster", "b.yaml", "review.json"]),
        out(1, "look refuses it\n  found\n")
    );
}

#[test]
fn two_manifests_of_one_object_are_noted() {
    let stage = Stage::new(&[("a", ACCEPT)]);
    stage.write("a.yaml", POD);
    stage.write("b.yaml", POD);
    let expected =
        "note: b.yaml:1: Pod default/web is also in a.yaml:1; look-ups find the nearer one

2 objects, 1 policy: 2 clean
";
    assert_eq!(stage.run(&["a.yaml", "b.yaml"]), out(0, expected));
}

#[test]
fn settings_are_checked_before_anything_is_judged() {
    let stage = Stage::new(&[("strict", Validate::Answer(REFUSAL)), ("gentle", ACCEPT)]);
    stage.write("pod.yaml", POD);
    stage.write("wrong.yaml", "strict:\n  wrong: 1\n");
    stage.write("typo.yaml", "strikt: {}\n");
    assert_eq!(
        stage.run(&["--settings", "wrong.yaml", "pod.yaml"]),
        err("invalid settings for strict: wrong is wrong")
    );
    assert_eq!(
        stage.run(&["--settings", "typo.yaml", "pod.yaml"]),
        err(r#"typo.yaml: there is no policy "strikt"; did you mean "strict"?"#)
    );
    assert_eq!(
        stage.run(&["--settings", "nope.yaml", "pod.yaml"]),
        err("nope.yaml: cannot be read: No such file or directory (os error 2)")
    );
    stage.write("all.yaml", "strict: {wrong: 1}\ngentle: {wrong: 2}\n");
    assert_eq!(
        stage.run(&["--settings", "all.yaml", "pod.yaml"]),
        err(
            "invalid settings for gentle: wrong is wrong\ninvalid settings for strict: wrong is wrong"
        )
    );
    // Settings of a policy that is not run this time are fine.
    assert_eq!(
        stage.run(&["--settings", "wrong.yaml", "--policy", "gentle", "pod.yaml"]),
        out(0, "1 object, 1 policy: 1 clean\n")
    );
}

#[test]
fn says_which_policies_there_are() {
    let stage = Stage::new(&[("strict", ACCEPT), ("gentle", ACCEPT)]);
    assert_eq!(
        stage.run(&["--policy", "x", "pod.yaml"]),
        err(r#"there is no policy "x"; there are: gentle, strict"#)
    );
    let (status, text, _) = stage.run(&["policies", "--policy", "strict"]);
    assert_eq!(status, 0);
    let size = fs::metadata(stage.path().join("dist/strict.wasm"))
        .unwrap()
        .len();
    let row = text
        .lines()
        .nth(3)
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert_eq!(
        row,
        format!("strict 1.2.3 {} KB pods Pod", size.div_ceil(1000))
    );
    let (_, text, _) = stage.run(&["policies", "--policy", "strict", "--format", "json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({"version": 1, "policies": [
            {"name": "strict", "version": "1.2.3", "size": size, "looksAt": ["pods"], "looksUp": ["Pod"]},
        ]})
    );
}

#[test]
fn policies_that_cannot_run_are_named() {
    let stage = Stage::new(&[]);
    stage.write("pod.yaml", POD);
    assert_eq!(
        stage.run(&["pod.yaml"]),
        err("dist: there is no .wasm file in this folder")
    );
    stage.write("bare.wasm", guest(None, &ACCEPT));
    assert_eq!(
        stage.run(&["--wasm", "bare.wasm", "pod.yaml"]),
        err(
            "bare has no metadata, so it is not known which objects it checks; annotate it with `kwctl annotate`, \
             or give it a single request with `preflight review --policy bare FILE`"
        )
    );
    stage.write("a.wasm", guest(Some(&metadata("one")), &ACCEPT));
    stage.write("b.wasm", guest(Some(&metadata("one")), &ACCEPT));
    assert_eq!(
        stage.run(&["--wasm", "a.wasm", "--wasm", "b.wasm", "pod.yaml"]),
        err(r#"b.wasm: a policy named "one" is loaded already"#)
    );
    assert_eq!(
        stage.run(&["--wasm", "pod.yaml", "pod.yaml"]),
        err("pod.yaml: is not a WebAssembly module: it does not start like one")
    );
}

#[test]
fn judges_one_review() {
    let stage = Stage::new(&[
        ("gentle", Validate::Answer(WARNING)),
        ("strict", Validate::Answer(REFUSAL)),
    ]);
    let request = json!({
        "uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": {},
    });
    stage.write("request.json", request.to_string());
    stage.write(
        "review.yaml",
        format!("kind: AdmissionReview\nrequest: {request}\n"),
    );
    let expected = "gentle accepts it
  warning: gentle: spec.volumes[0].name: is short [short_name]
  warning: unknown field
strict refuses it (403)
  Pod default/web violates strict: spec.volumes[0].hostPath.path: \"/\" is the whole node; fix: mount
  less [risky_path]
";
    assert_eq!(stage.run(&["review", "request.json"]), out(1, expected));
    assert_eq!(stage.run(&["review", "review.yaml"]), out(1, expected));
    assert_eq!(
        stage.run_with_input(&["review", "-"], &request.to_string()),
        out(1, expected)
    );
    let (status, text, _) = stage.run(&[
        "review",
        "--policy",
        "strict",
        "--format",
        "json",
        "request.json",
    ]);
    assert_eq!(status, 1);
    let response: Value = serde_json::from_str(REFUSAL).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({"version": 1, "responses": [{"policy": "strict", "response": response}]})
    );
}

#[test]
fn a_review_that_no_api_server_sends_is_an_error() {
    let stage = Stage::new(&[("gentle", Validate::Answer(WARNING))]);
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    for (request, expected) in [
        (
            json!({"operation": "CREATE"}),
            "neither an AdmissionReview nor its request: `operation` and `resource` must be there",
        ),
        (
            json!({"operation": "CREATE", "resource": resource, "object": {}}),
            "`kind` must be there, with the kind of the object in it",
        ),
        (
            json!({"operation": "create", "kind": kind, "resource": resource, "object": {}}),
            "`operation` must be CREATE, UPDATE, DELETE or CONNECT",
        ),
        (
            json!({"operation": "CREATE", "kind": kind, "resource": resource, "object": null, "Object": {}}),
            "`object` must be there, for it is what a CREATE writes",
        ),
        (
            json!({"operation": "UPDATE", "kind": kind, "resource": resource, "oldObject": {}}),
            "`object` must be there, for it is what an UPDATE writes",
        ),
        (
            json!({"operation": "UPDATE", "kind": kind, "resource": resource, "object": {}}),
            "`oldObject` must be there, for it is what an UPDATE replaces",
        ),
    ] {
        stage.write("r.json", request.to_string());
        assert_eq!(
            stage.run(&["review", "r.json"]),
            err(&format!("r.json: {expected}"))
        );
    }
    let connect =
        json!({"operation": "CONNECT", "kind": kind, "resource": resource, "subResource": "exec"});
    stage.write("r.json", connect.to_string());
    assert_eq!(
        stage.run(&["review", "r.json"]),
        out(0, "no policy covers CONNECT of pods/exec\n")
    );
}

#[test]
fn a_review_goes_to_the_policies_that_want_it_or_that_are_named() {
    let stage = Stage::new(&[("strict", Validate::Answer(REFUSAL))]);
    let request = json!({"operation": "DELETE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}});
    stage.write("request.json", request.to_string());
    assert_eq!(
        stage.run(&["review", "request.json"]),
        out(0, "no policy covers DELETE of pods\n")
    );
    assert_eq!(
        stage
            .run(&["review", "--policy", "strict", "request.json"])
            .0,
        1
    );
    stage.write("bare.wasm", guest(None, &ACCEPT));
    assert_eq!(
        stage.run(&[
            "review",
            "--wasm",
            "bare.wasm",
            "--policy",
            "bare",
            "request.json"
        ]),
        out(0, "bare accepts it\n")
    );
    stage.write("other.json", "{}");
    assert_eq!(
        stage.run(&["review", "other.json"]),
        err(
            "other.json: neither an AdmissionReview nor its request: `operation` and `resource` must be there"
        )
    );
}

#[test]
fn colours_only_where_they_are_wanted() {
    let stage = Stage::new(&[("a", ACCEPT)]);
    stage.write("pod.yaml", POD);
    assert_eq!(
        stage.run(&["--color", "always", "pod.yaml"]),
        out(
            0,
            "\u{1b}[1m\u{1b}[32m1 object, 1 policy: 1 clean\u{1b}[0m\n"
        )
    );
    assert_eq!(
        stage.run(&["pod.yaml"]),
        out(0, "1 object, 1 policy: 1 clean\n")
    );
}

#[test]
fn wrong_arguments_end_with_2() {
    let stage = Stage::new(&[]);
    let (status, _, errors) = stage.run(&[]);
    let expected =
        "error: no PATH was given: name files or folders with manifests, or `-` for standard input";
    assert_eq!((status, errors.lines().next()), (2, Some(expected)));
    let (status, help, _) = stage.run(&["--help"]);
    assert_eq!(status, 0);
    assert!(
        help.contains("\nExamples:\n  preflight deploy/\n"),
        "{help}"
    );
}

#[test]
fn what_a_command_would_not_look_at_is_refused() {
    let stage = Stage::new(&[("a", ACCEPT)]);
    for (arguments, what) in [
        (
            &["--report", "sarif=a.sarif", "review", "a.json"][..],
            "'--report <FORMAT=FILE>' cannot be used with 'review'",
        ),
        (
            &["--quiet", "policies"],
            "'--quiet' cannot be used with 'policies'",
        ),
    ] {
        let (status, _, errors) = stage.run(arguments);
        let expected = format!("error: {what}: it is about the report on manifests");
        assert_eq!(
            (status, errors.lines().next()),
            (2, Some(expected.as_str()))
        );
    }
}

#[test]
fn what_is_most_often_meant_is_told() {
    let stage = Stage::new(&[("strict", ACCEPT)]);
    stage.write("a.yaml", POD);
    stage.write("two.yaml", format!("{POD}---\n{POD}"));
    let not_there =
        "there is no such file; for a policy in a registry write registry://ghcr.example.com/x:v1";
    for (arguments, told) in [
        (
            &["-f", "a.yaml"][..],
            "-f is the format of the report, and files need no option: preflight a.yaml",
        ),
        (
            &["--wasm", "ghcr.example.com/x:v1", "a.yaml"],
            &format!("ghcr.example.com/x:v1: {not_there}"),
        ),
        (
            &["--wasm", "oci://ghcr.example.com/x:v1", "a.yaml"],
            &format!("oci://ghcr.example.com/x:v1: {not_there}"),
        ),
        (
            &["review", "a.yaml", "b.yaml"],
            "`preflight review` takes one AdmissionReview; manifests are checked with `preflight FILE...`",
        ),
        (
            &["review", "two.yaml"],
            "two.yaml: holds manifests, and no AdmissionReview: check it with `preflight two.yaml`",
        ),
        (
            &["-f", "yaml", "a.yaml"],
            "[possible values: table, json, sarif, junit, github, gitlab, markdown, html]",
        ),
        (
            &["--report", "sarf=a", "a.yaml"],
            "there is no format \"sarf\"; did you mean \"sarif\"?",
        ),
        (
            &["polices"],
            "there is no file or folder \"polices\", and no such command; did you mean `preflight policies`?",
        ),
        (&["--live", "fix", "a.yaml"], "write '--live' behind 'fix'"),
        (
            &["-f", "json", "fix", "a.yaml"],
            "`preflight fix` has no other format than its own",
        ),
    ] {
        let (status, text, errors) = stage.run(arguments);
        assert_eq!((status, text.as_str()), (2, ""), "{arguments:?}");
        assert!(errors.contains(told), "{arguments:?}: {errors}");
    }
    // One that is there is read.
    stage.write("polices", POD);
    assert_eq!(stage.run(&["polices"]).0, 0);
}

#[test]
fn the_kinds_that_the_policies_need_are_for_kubectl() {
    let stage = Stage::new(&[("strict", ACCEPT)]);
    assert_eq!(stage.run(&["policies", "--kinds"]), out(0, "pods\n"));
    let mut other = metadata("other");
    other["rules"][0]["apiGroups"] = json!(["", "apps", "example.com"]);
    other["contextAwareResources"] = json!([{"apiVersion": "example.com/v1", "kind": "Gadget"}]);
    other["rules"][0]["resources"] = json!(["deployments", "services", "pods/ephemeralcontainers"]);
    stage.write("dist/other.wasm", guest(Some(&other), &ACCEPT));
    let (status, text, errors) = stage.run(&["policies", "--kinds"]);
    assert_eq!(
        (status, text.as_str()),
        (0, "deployments.apps,pods,services\n")
    );
    assert_eq!(
        errors,
        "note: without kinds of other projects, since kubectl refuses a list with one that the cluster lacks: add those that \
         yours has, such as gadgets.example.com\n"
    );
}

#[test]
fn the_policies_are_a_list_where_there_is_no_room_for_a_table() {
    let stage = Stage::new(&[("strict", ACCEPT)]);
    let (status, text, _) = stage.run(&["policies", "--width", "80"]);
    let size = fs::metadata(stage.path().join("dist/strict.wasm"))
        .unwrap()
        .len();
    let expected = format!(
        "strict\n  version   1.2.3\n  size      {} KB\n  looks at  pods\n  looks up  Pod\n",
        size.div_ceil(1000)
    );
    assert_eq!((status, text), (0, expected));
}

#[test]
fn completions_know_policies_rules_and_formats() {
    let stage = Stage::new(&[]);
    for shell in ["bash", "zsh", "fish"] {
        let (status, text, _) = stage.run(&["completions", shell]);
        assert_eq!(status, 0);
        for word in ["hostpath-mounts", "sarif", "baseline", "risky_path"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn zsh_completes_a_command_or_paths() {
    let stage = Stage::new(&[]);
    let (_, text, _) = stage.run(&["completions", "zsh"]);
    let (_, rest) = text.split_once("'--version[Print version]' \\\n").unwrap();
    let expected = "\": :_preflight_commands_or_paths\" \\
\"*::: :->preflight\" \\
&& ret=0
    case $state in
    (preflight)
        words=($line[1] \"${words[@]}\")
        (( CURRENT += 1 ))
        curcontext=\"${curcontext%:*:*}:preflight-command-$line[1]:\"
        case $line[1] in
            (review)
";
    assert!(rest.starts_with(expected), "{rest}");
    let (_, rest) = rest.split_once("'--version[Print version]' \\\n").unwrap();
    let expected = "'*:paths -- Manifests\\: files, folders, or `-` for standard input:_files' \\
&& ret=0
;;
        esac
    ;;
esac
}

_preflight_commands_or_paths() {
";
    assert!(rest.starts_with(expected), "{rest}");
}

#[test]
fn fish_completes_values_at_the_end_and_options_behind_a_path() {
    let stage = Stage::new(&[]);
    let (_, text, _) = stage.run(&["completions", "fish"]);
    let (_, rest) = text
        .split_once("function __fish_preflight_needs_command\n")
        .unwrap();
    let (needs_command, rest) = rest.split_once("end\n\n").unwrap();
    let expected = "    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_preflight_global_optspecs) -- $cmd 2>/dev/null
    or begin
        # An option that has no value yet.
        set -e cmd[-1]
        argparse -s (__fish_preflight_global_optspecs) -- $cmd 2>/dev/null
    end
    or return
    if contains -- \"$argv[1]\" review policies baseline allow fix init rules completions explain help
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
";
    assert_eq!(needs_command, expected);
    // The last two lines: what stands behind a command without an option.
    let mut lines = rest.lines().rev();
    for (command, first) in [("explain", "automatic_port"), ("completions", "bash")] {
        let start = format!(
            "complete -c preflight -n \"__fish_preflight_using_subcommand {command}\" -f -a \"{first} "
        );
        let line = lines.next().unwrap();
        assert!(line.starts_with(&start), "{line}");
    }
}
