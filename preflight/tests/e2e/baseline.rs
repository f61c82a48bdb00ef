//! What was found before does not count.

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, err, out},
};

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec: {}\n";
const REFUSAL: &str = r#"{"accepted":false,"code":403,"message":"Pod shop/web violates strict: spec: is wrong; fix: write less [some_rule]"}"#;
const WARNING: &str = r#"{"accepted":true,"warnings":["gentle: spec: is odd [odd_rule]"]}"#;
const WRITTEN: &str = ".preflight-baseline.json is written, with 2 findings: check with --baseline .preflight-baseline.json, or \
                       write `baseline: .preflight-baseline.json` into .preflight.yaml\n";

fn stage() -> Stage {
    let stage = Stage::new(&[
        ("gentle", Validate::Answer(WARNING)),
        ("strict", Validate::Answer(REFUSAL)),
    ]);
    stage.write("deploy/pod.yaml", POD);
    stage
}

#[test]
fn what_is_written_down_does_not_count_and_is_told() {
    let stage = stage();
    assert_eq!(stage.run(&["baseline", "deploy"]), out(0, WRITTEN));
    let written: Value = serde_json::from_str(&stage.read(".preflight-baseline.json")).unwrap();
    let object = json!({"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web"});
    let expected = json!({
        "version": 1,
        "findings": [
            {
                "object": object, "policy": "gentle", "rule": "odd_rule", "level": "warning", "field": "spec",
                "problem": "is odd",
            },
            {
                "object": object, "policy": "strict", "rule": "some_rule", "level": "refusal", "field": "spec",
                "problem": "is wrong",
            },
        ],
    });
    assert_eq!(written, expected);
    let arguments = ["--baseline", ".preflight-baseline.json", "deploy"];
    let expected = "IN THE BASELINE  2 findings that were there before
  Pod shop/web  strict [some_rule]
  Pod shop/web  gentle [odd_rule]

1 object, 2 policies: 1 in the baseline
";
    assert_eq!(stage.run(&arguments), out(0, expected));
    // Lines above change nothing, and the file itself is no manifest that was left out.
    stage.write("deploy/pod.yaml", format!("# more\n\n{POD}"));
    assert_eq!(stage.run(&arguments), out(0, expected));
    let other = POD.replace("name: web", "name: other");
    stage.write("deploy/other.yaml", other);
    let (status, text, _) = stage.run(&arguments);
    assert_eq!(status, 1);
    assert!(
        text.contains("REFUSED  Pod shop/other  by strict"),
        "{text}"
    );
    assert!(
        text.ends_with(
            "1 refused, 1 in the baseline\n  gentle  1 with warnings\n  strict  1 refused\n"
        ),
        "{text}"
    );
}

#[test]
fn it_is_in_every_format() {
    let stage = stage();
    stage.run(&["baseline", "deploy"]);
    let report = |format: &str| {
        let arguments = [
            "--baseline",
            ".preflight-baseline.json",
            "-o",
            format,
            "deploy",
        ];
        let (status, text, errors) = stage.run(&arguments);
        assert_eq!((status, errors.as_str()), (0, ""));
        text
    };
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    assert_eq!(
        (&json["refusals"], &json["warnings"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(
        (
            &json["summary"]["baselined"],
            &json["summary"]["clean"],
            &json["baseline"]
        ),
        (
            &json!(1),
            &json!(0),
            &json!({"known": 2, "gone": [], "notChecked": 0})
        )
    );
    let excepted = &json["excepted"][0];
    assert_eq!(
        (
            &excepted["level"],
            &excepted["rule"],
            &excepted["baseline"],
            &excepted["reason"]
        ),
        (
            &json!("refusal"),
            &json!("some_rule"),
            &json!(".preflight-baseline.json"),
            &Value::Null
        )
    );
    let sarif: Value = serde_json::from_str(&report("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&result["baselineState"], &result["suppressions"]),
        (
            &json!("unchanged"),
            &json!([{
                "kind": "external", "status": "accepted", "justification": "in the baseline, .preflight-baseline.json",
            }])
        )
    );
    let junit = report("junit");
    assert!(junit.contains("failures=\"0\""), "{junit}");
    assert!(
        junit.contains("in the baseline:\ndeploy/pod.yaml:6: spec: is wrong"),
        "{junit}"
    );
    stage.write("deploy/pod.yaml", POD.replace("name: web", "name: new"));
    let arguments = [
        "--baseline",
        ".preflight-baseline.json",
        "-f",
        "sarif",
        "deploy",
    ];
    let sarif: Value = serde_json::from_str(&stage.run(&arguments).1).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["baselineState"], "new");
}

#[test]
fn what_has_gone_is_told_and_what_was_not_given_has_not() {
    let stage = stage();
    stage.run(&["baseline", "deploy"]);
    let file = ".preflight-baseline.json";
    let known =
        "IN THE BASELINE  1 finding that was there before\n  Pod shop/web  gentle [odd_rule]\n";
    let expected = format!(
        "note: {file}: 1 finding in it is about an object or a policy that was not given

{known}
1 object, 1 policy: 1 in the baseline
"
    );
    assert_eq!(
        stage.run(&["-p", "gentle", "--baseline", file, "deploy"]),
        out(0, &expected)
    );
    let accepts = guest(
        Some(&metadata("strict")),
        &Validate::Answer(r#"{"accepted":true}"#),
    );
    stage.write("dist/strict.wasm", accepts);
    let expected = format!(
        "note: {file}: gone: strict/some_rule of Pod shop/web (spec)
note: {file}: run `preflight baseline` again, or a finding that comes back will
      not be reported as new

{known}
1 object, 2 policies: 1 in the baseline
"
    );
    assert_eq!(
        stage.run(&["--baseline", file, "deploy"]),
        out(0, &expected)
    );
    let (_, text, _) = stage.run(&["--baseline", file, "-f", "json", "deploy"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["baseline"]["gone"][0]["rule"], "some_rule", "{text}");
}

#[test]
fn a_project_may_name_it() {
    let stage = stage();
    stage.write(".preflight.yaml", "paths: [deploy]\nbaseline: known.json\n");
    assert_eq!(
        stage.run(&["baseline"]),
        out(0, "known.json is written, with 2 findings\n")
    );
    let (status, text, _) = stage.run(&[]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("1 in the baseline"), "{text}");
    // What the project excepts is not written down: it counts again when its time is over.
    stage.write(
        ".preflight.yaml",
        "paths: [deploy]\nbaseline: known.json\nexceptions:\n- {policy: strict, rule: some_rule, file: deploy, reason: it has \
         to}\n",
    );
    assert_eq!(
        stage.run(&["baseline"]),
        out(0, "known.json is written, with 1 finding\n")
    );
    assert!(!stage.read("known.json").contains("some_rule"));
}

#[test]
fn one_that_cannot_be_used_is_an_error() {
    let stage = stage();
    stage.write("old.json", "{\"version\": 0}");
    stage.write("other.json", "{}");
    for (file, expected) in [
        (
            "nope.json",
            "nope.json: cannot be read: No such file or directory (os error 2); `preflight baseline` writes one",
        ),
        (
            "old.json",
            "old.json: is a baseline of version 0, and this preflight reads version 1: write it anew with `preflight \
             baseline`",
        ),
        (
            "other.json",
            "other.json: is not a baseline: it has no `version`; write it anew with `preflight \
             baseline`",
        ),
    ] {
        assert_eq!(stage.run(&["--baseline", file, "deploy"]), err(expected));
    }
}

#[test]
fn nothing_is_written_where_not_everything_could_be_checked() {
    let stage = stage();
    stage.write("deploy/broken.yaml", "kind: [\n");
    assert_eq!(
        stage.run(&["baseline", "deploy"]),
        err(
            "deploy/broken.yaml:1: cannot be read: what starts here has no end (column 7)\n\
             .preflight-baseline.json is not written: not everything could be checked"
        )
    );
    assert!(!stage.path().join(".preflight-baseline.json").exists());
}

#[test]
fn what_was_not_checked_is_named() {
    let stage = stage();
    stage.write("deploy/.hidden.yaml", POD);
    let expected = format!(
        "NOT CHECKED  1 file left out because its name begins with a dot\n  `preflight` says why\n\n{WRITTEN}"
    );
    assert_eq!(stage.run(&["baseline", "deploy"]), out(0, &expected));
}

#[test]
fn it_takes_the_place_of_nothing_that_is_read() {
    let stage = stage();
    stage.write(".preflight.yaml", "{}\n");
    let reads = "this run reads it";
    for (file, why) in [
        ("deploy/pod.yaml", reads),
        ("deploy/../deploy/pod.yaml", reads),
        (".preflight.yaml", "it is the configuration of a project"),
    ] {
        for paths in ["deploy", "deploy/pod.yaml"] {
            assert_eq!(
                stage.run(&["baseline", "--baseline", file, paths]),
                err(&format!("{file} is not written: {why}; name another file"))
            );
        }
    }
    assert_eq!(stage.read("deploy/pod.yaml"), POD);
    // One that cannot be used is written anew, where it is a baseline at all.
    stage.write(".preflight.yaml", "paths: [deploy]\nbaseline: known.json\n");
    stage.write(
        "known.json",
        "<<<<<<< ours\n{\"version\": 1, \"findings\": [\n",
    );
    let written = "known.json is written, with 2 findings\n";
    assert_eq!(stage.run(&["baseline"]), out(0, written));
    stage.write("known.json", "notes\n");
    for arguments in [&["baseline"][..], &["baseline", "--baseline", "known.json"]] {
        assert_eq!(
            stage.run(arguments),
            err(
                "known.json is not written: what is there is not a baseline of preflight; remove it, or name another \
                 file"
            )
        );
    }
    assert_eq!(stage.read("known.json"), "notes\n");
}
