//! The configuration of a project.

#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, err, out},
};

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec: {}\n";
const REFUSAL: &str = r#"{"accepted":false,"code":403,"message":"Pod shop/web violates strict: spec: is wrong; fix: write less [some_rule]"}"#;
const NOTE: &str = "note: .preflight.yaml: this file is used; --no-config leaves it out\n";

/// The note where some fields may hide findings.
fn note(fields: &str) -> String {
    NOTE.replace(
        "this file is used",
        &format!("it may hide findings ({fields})"),
    )
}

fn stage(config: &str) -> Stage {
    let stage = Stage::new(&[
        ("gentle", Validate::Answer(r#"{"accepted":true}"#)),
        ("strict", Validate::Answer(REFUSAL)),
    ]);
    stage.write("deploy/pod.yaml", POD);
    stage.write("deploy/broken.yaml", "a: [");
    stage.write(".preflight.yaml", config);
    stage
}

const REFUSED: &str = "REFUSED  Pod shop/web  by strict
  deploy/pod.yaml:6  spec
    is wrong [some_rule]
    fix: write less

";

#[test]
fn it_says_what_the_command_line_leaves_out() {
    let stage = stage(
        "paths: [deploy]\nexclude: [broken.yaml]\npolicies: [strict]\nreports: {json: out.json}\n",
    );
    let note = note("policies");
    let expected = format!("{REFUSED}{note}\n1 object, 1 policy: 1 refused\n");
    let left_out = |text: &str| text.replace("1 file or folder left out\n", "");
    let (status, text, errors) = stage.run(&[]);
    assert_eq!(errors, "");
    assert!(text.contains("NOT CHECKED"), "{text}");
    assert!(text.contains(REFUSED), "{text}");
    assert!(
        left_out(&text).ends_with("1 object, 1 policy: 1 refused\n"),
        "{text}"
    );
    assert_eq!(status, 1);
    let report = fs::read_to_string(stage.path().join("out.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["summary"]["refused"], 1);
    // What is written on the command line goes before it.
    assert_eq!(stage.run(&["deploy/pod.yaml"]), out(1, &expected));
    let gentle = format!("{NOTE}\n1 object, 1 policy: 1 clean\n");
    assert_eq!(
        stage.run(&["-p", "gentle", "deploy/pod.yaml"]),
        out(0, &gentle)
    );
    let without = format!("{REFUSED}1 object, 2 policies: 1 refused\n");
    assert_eq!(
        stage.run(&["--no-config", "deploy/pod.yaml"]),
        out(1, &without)
    );
}

#[test]
fn it_is_found_above_the_folder_of_the_run() {
    let stage = stage("paths: [deploy/pod.yaml]\npolicies: [gentle]\n");
    fs::create_dir(stage.path().join("inner")).unwrap();
    let dist = stage.path().join("dist");
    let arguments = ["--wasm", dist.to_str().unwrap()];
    let note = note("policies").replace(".preflight", "../.preflight");
    let expected = format!("{note}\n1 object, 1 policy: 1 clean\n");
    assert_eq!(stage.run_in("inner", &arguments), out(0, &expected));
}

#[test]
fn every_problem_of_it_is_told_at_once() {
    let stage = stage("path: [deploy]\nfailOn: [nothing]\n");
    assert_eq!(
        stage.run(&[]),
        err(
            ".preflight.yaml:2: failOn[0]: \"nothing\" is not one of \"warning\", \"unjudged\"\n\
             .preflight.yaml:1: path: is not a setting; did you mean \"paths\"?"
        )
    );
}

/// An exception from the finding.
fn exception(more: &str) -> String {
    format!(
        "paths: [deploy/pod.yaml]\npolicies: [strict]\nexceptions:\n- policy: strict\n  rule: some_rule\n  object: Pod \
         shop/*\n  reason: it has to\n{more}"
    )
}

#[test]
fn an_exception_is_told_and_does_not_count() {
    let stage = stage(&exception("  until: 2999-12-31\n"));
    let note = note("policies, exceptions");
    let expected = format!(
        "{note}
EXCEPTED  Pod shop/web  by strict [some_rule]
  deploy/pod.yaml:6  spec
    until 2999-12-31: it has to

1 object, 1 policy: 1 excepted\n"
    );
    assert_eq!(stage.run(&[]), out(0, &expected));
    let json: Value = serde_json::from_str(&stage.run(&["-f", "json"]).1).unwrap();
    assert_eq!(json["refusals"], json!([]));
    assert_eq!(
        (&json["summary"]["excepted"], &json["summary"]["clean"]),
        (&json!(1), &json!(0))
    );
    let excepted = &json["excepted"][0];
    assert_eq!(
        (
            &excepted["level"],
            &excepted["reason"],
            &excepted["until"],
            &excepted["rule"]
        ),
        (
            &json!("refusal"),
            &json!("it has to"),
            &json!("2999-12-31"),
            &json!("some_rule")
        )
    );
    let sarif: Value = serde_json::from_str(&stage.run(&["-f", "sarif"]).1).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        result["suppressions"],
        json!([{"kind": "external", "status": "accepted", "justification": "until 2999-12-31: it has to"}])
    );
    let junit = stage.run(&["-f", "junit"]).1;
    assert!(junit.contains("failures=\"0\""), "{junit}");
    assert!(junit.contains("excepted by the project"), "{junit}");
}

#[test]
fn an_exception_that_has_ended_counts_for_nothing() {
    let stage = stage(&exception("  until: 2001-12-31\n"));
    let (status, text, _) = stage.run(&["-f", "json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &report["summary"]["refused"]), (1, &json!(1)));
    assert_eq!(
        report["notes"][1],
        json!({
            "file": ".preflight.yaml", "line": 4,
            "text": "the exception from strict/some_rule ended on 2001-12-31: its findings count again",
        })
    );
}

#[test]
fn an_exception_about_nothing_is_told() {
    let stage = stage(&exception("  field: spec.other\n"));
    let of_file = note("policies, exceptions");
    let note =
        "note: .preflight.yaml:4: the exception from strict/some_rule matches nothing: remove it\n";
    let expected = format!("{REFUSED}{of_file}{note}\n1 object, 1 policy: 1 refused\n");
    assert_eq!(stage.run(&[]), out(1, &expected));
}

#[test]
fn an_exception_from_what_is_not_looked_at_is_not_told() {
    let config = exception(
        "- policy: strict\n  rule: some_rule\n  object: Pod shop/other\n  reason: it has to\n",
    );
    let stage = stage(&config.replace("deploy/pod.yaml", "deploy"));
    fs::remove_file(stage.path().join("deploy/broken.yaml")).unwrap();
    let excepted = "EXCEPTED  Pod shop/web  by strict [some_rule]
  deploy/pod.yaml:6  spec
    it has to
";
    let of_file = note("policies, exceptions");
    let note =
        "note: .preflight.yaml:8: the exception from strict/some_rule matches nothing: remove it\n";
    let all = format!("{of_file}{note}\n{excepted}\n1 object, 1 policy: 1 excepted\n");
    assert_eq!(stage.run(&[]), out(0, &all));
    let part = all.replace(note, "");
    assert_eq!(stage.run(&["deploy/pod.yaml"]), out(0, &part));
    let of_policy = part.replace("policies, ", "");
    assert_eq!(stage.run(&["-p", "strict"]), out(0, &of_policy));
    // It would have been found.
    let other = POD.replace("name: web", "name: other");
    stage.write("deploy/other.yaml", other.replace("spec", "status"));
    stage.write(
        "dist/strict.wasm",
        guest(
            Some(&metadata("strict")),
            &Validate::Answer(r#"{"accepted":true}"#),
        ),
    );
    let both = stage.run(&["deploy/other.yaml"]).1;
    assert!(both.contains(note), "{both}");
}

#[test]
fn what_a_policy_only_counts_is_not_excepted() {
    let stage = stage(&exception(""));
    let refusal = REFUSAL.replace(
        "Pod shop/web violates strict: spec: is wrong; fix: write less [some_rule]",
        r"Pod shop/web violates strict:\n- spec: is wrong; fix: write less [some_rule]\n- and 8 more",
    );
    stage.write(
        "dist/strict.wasm",
        guest(Some(&metadata("strict")), &Validate::Answer(&refusal)),
    );
    let expected = format!(
        "REFUSED  Pod shop/web  by strict
  deploy/pod.yaml:1
    and 8 more, which the policy counts and does not list

{}
EXCEPTED  Pod shop/web  by strict [some_rule]
  deploy/pod.yaml:6  spec
    it has to

1 object, 1 policy: 1 refused\n",
        note("policies, exceptions")
    );
    assert_eq!(stage.run(&[]), out(1, &expected));
}

#[cfg(unix)]
#[test]
fn what_is_called_like_it_and_is_no_file_is_told() {
    let stage = stage("");
    let file = stage.path().join(".preflight.yaml");
    let arguments = ["-p", "gentle", "deploy/pod.yaml"];
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(
        stage.run(&arguments),
        err(".preflight.yaml: cannot be read: it is a folder")
    );
    fs::remove_dir(&file).unwrap();
    let made = Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    assert_eq!(
        stage.run(&arguments),
        err(
            ".preflight.yaml: cannot be read: it is a pipe; write into standard input instead, and name that `-`"
        )
    );
    fs::remove_file(&file).unwrap();
    symlink("nowhere", &file).unwrap();
    let told = err(".preflight.yaml: cannot be read: No such file or directory (os error 2)");
    assert_eq!(stage.run(&arguments), told);
    let there = err(".preflight.yaml is there already");
    assert_eq!(stage.run(&["init"]), there);
    assert!(!stage.path().join("nowhere").exists());
    // One that leads to a file is that file.
    stage.write("nowhere", "paths: [deploy/pod.yaml]\npolicies: [gentle]\n");
    let expected = format!("{}\n1 object, 1 policy: 1 clean\n", note("policies"));
    assert_eq!(stage.run(&[]), out(0, &expected));
}

#[test]
fn it_may_be_written_on_windows() {
    let text = exception("  until: 2999-12-31\n").replace('\n', "\r\n");
    let stage = stage(&format!("\u{feff}{text}"));
    let (status, text, _) = stage.run(&[]);
    assert!(text.contains("    until 2999-12-31: it has to\n"), "{text}");
    assert_eq!(status, 0);
    stage.write(
        ".preflight.yaml",
        "paths: ['deploy\\pod.yaml']\npolicies: [gentle]\n",
    );
    if !cfg!(windows) {
        let expected = format!(
            "PROBLEM  deploy\\pod.yaml
    cannot be read: No such file or directory (os error 2); did you mean \"deploy/pod.yaml\"?

{}\n0 objects, 1 policy\n1 input could not be checked\n",
            note("policies")
        );
        assert_eq!(stage.run(&[]), out(2, &expected));
    }
}

#[test]
fn what_it_is_as_a_whole_is_told_as_such() {
    let stage = stage("- paths\n");
    assert_eq!(
        stage.run(&[]),
        err(".preflight.yaml:1: it must be a map, not a list")
    );
    stage.write(".preflight.yaml", "paths: [deploy]\n---\npaths: [other]\n");
    assert_eq!(
        stage.run(&[]),
        err(
            ".preflight.yaml, line 2: cannot be read: more than one document, and there may be only one here"
        )
    );
}

/// All formats of a report.
const FORMATS: [&str; 8] = [
    "table", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
];

#[test]
fn what_may_hide_findings_is_told_in_every_format_also_quietly() {
    let stage = stage("paths: [deploy/pod.yaml]\npolicies: [gentle]\n");
    for format in FORMATS {
        let (_, text, _) = stage.run(&["-q", "-f", format]);
        let told = "it may hide findings (policies); --no-config leaves it out";
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(told), "{format}: {text}");
    }
    for (config, fields) in [
        ("settings: {gentle: {a: 1}}", "settings"),
        ("settings: settings.yaml", "settings"),
        ("old: [deploy/pod.yaml]", "old"),
        ("cluster: [deploy/pod.yaml]", "cluster"),
        ("baseline: baseline.json", "baseline"),
    ] {
        stage.write("settings.yaml", "{}");
        stage.write("baseline.json", r#"{"version": 1, "findings": []}"#);
        stage.write(
            ".preflight.yaml",
            format!("paths: [deploy/pod.yaml]\n{config}\n"),
        );
        let (_, text, errors) = stage.run(&["-q"]);
        assert!(text.contains(&note(fields)), "{config}: {text}{errors}");
    }
    // What hides nothing is no matter for those who want it quiet.
    stage.write(
        ".preflight.yaml",
        "paths: [deploy/pod.yaml]\nfailOn: [warning]\nnamespace: shop\nsettings: {}\n",
    );
    let expected = format!("{REFUSED}1 object, 2 policies: 1 refused\n");
    assert_eq!(stage.run(&["-q"]), out(1, &expected));
}

#[test]
fn the_command_line_says_what_fails_where_it_says_anything() {
    let stage = Stage::new(&[(
        "gentle",
        Validate::Answer(r#"{"accepted":true,"warnings":["careful"]}"#),
    )]);
    stage.write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n",
    );
    stage.write(".preflight.yaml", "failOn: [warning]\n");
    for (options, expected) in [
        (&["pod.yaml"][..], 1),
        (&["--fail-on", "violation", "pod.yaml"], 0),
        (&["--fail-on", "unjudged", "pod.yaml"], 0),
        (&["--no-config", "pod.yaml"], 0),
    ] {
        assert_eq!(stage.run(options).0, expected, "{options:?}");
    }
}

#[test]
fn what_is_found_writes_nothing_outside_of_its_folder() {
    let outside = stage("");
    let path = outside.path().display();
    let place = "must be below the folder of this file, not behind a link that leads out of it, and not in .git; give";
    let stage = stage("");
    stage.write(".git/config", "");
    fs::create_dir(stage.path().join("inner")).unwrap();
    #[cfg(unix)]
    {
        symlink(outside.path(), stage.path().join("link")).unwrap();
        symlink(
            outside.path().join("new.json"),
            stage.path().join("new.json"),
        )
        .unwrap();
        symlink(".git", stage.path().join("own")).unwrap();
    }
    let files = [
        format!("{path}/x.json"),
        "../x.json".to_owned(),
        "inner/../x.json".to_owned(),
        ".git/x.json".to_owned(),
    ];
    let links = ["link/x.json", "new.json", "own/config"].map(ToOwned::to_owned);
    let links = links.into_iter().filter(|_| cfg!(unix));
    for file in files.into_iter().chain(links) {
        let config =
            format!("paths: [deploy/pod.yaml]\npolicies: [gentle]\nreports:\n  json: {file}\n");
        stage.write(".preflight.yaml", config);
        let told = format!(
            ".preflight.yaml:4: reports.json: {place} --report json=FILE for another place"
        );
        assert_eq!(stage.run(&[]), err(&told), "{file}");
    }
    assert!(!outside.path().join("x.json").exists() && !outside.path().join("new.json").exists());
    // Where the command names the file, it may.
    let config =
        format!("paths: [deploy/pod.yaml]\npolicies: [gentle]\nreports: {{json: {path}/x.json}}\n");
    stage.write(".preflight.yaml", config);
    assert_eq!(stage.run(&["--config", ".preflight.yaml"]).0, 0);
    assert!(outside.path().join("x.json").exists());
    stage.write(
        ".preflight.yaml",
        "paths: [deploy/pod.yaml]\npolicies: [gentle]\nreports: {json: inner/x.json}\n",
    );
    assert_eq!(stage.run(&[]).0, 0);
    assert!(stage.path().join("inner/x.json").exists());
    // A baseline is written, too.
    stage.write(
        ".preflight.yaml",
        "paths: [deploy/pod.yaml]\nbaseline: ../x\n",
    );
    let told = format!(".preflight.yaml:2: baseline: {place} --baseline FILE for another place");
    assert_eq!(stage.run(&["baseline"]), err(&told));
    #[cfg(unix)]
    {
        let link = ".preflight-baseline.json";
        symlink(outside.path().join("new.json"), stage.path().join(link)).unwrap();
        let told = format!("{link} is not written: it is a link that leads out of this folder");
        let arguments = ["baseline", "--no-config", "deploy/pod.yaml"];
        assert_eq!(stage.run(&arguments), err(&told));
        assert!(!outside.path().join("new.json").exists());
    }
}

#[test]
fn the_list_of_policies_has_the_settings_in_it() {
    let stage = stage("policies: [gentle]\nsettings: {gentle: {b: 2}}\n");
    let expected =
        "gentle\n  mode      protect\n  looks at  pods\n  looks up  Pod\n  settings  {\"b\":2}\n";
    assert_eq!(stage.run(&["policies", "--width", "80"]), out(0, expected));
}

#[test]
fn the_settings_of_policies_may_stand_in_it() {
    let stage = stage("paths: [deploy/pod.yaml]\nsettings: {strikt: {}}\n");
    assert_eq!(
        stage.run(&[]),
        err("settings in .preflight.yaml: there is no policy \"strikt\"; did you mean \"strict\"?")
    );
}

#[test]
fn init_writes_one_for_the_folder_at_hand() {
    let stage = stage("");
    assert_eq!(
        stage.run(&["init"]),
        err(".preflight.yaml is there already")
    );
    fs::remove_file(stage.path().join(".preflight.yaml")).unwrap();
    fs::remove_file(stage.path().join("deploy/broken.yaml")).unwrap();
    stage.write("other/notes.txt", "no manifest");
    let written = ".preflight.yaml is written: `preflight` checks deploy/\n";
    assert_eq!(stage.run(&["init"]), out(0, written));
    fs::remove_file(stage.path().join(".preflight.yaml")).unwrap();
    stage.write("deploy/kustomization.yaml", "resources: [pod.yaml]\n");
    let rendered = written.replace(
        "deploy/\n",
        "deploy/; with `--render`, kustomizations and charts are built first\n",
    );
    assert_eq!(stage.run(&["init"]), out(0, &rendered));
    fs::remove_file(stage.path().join("deploy/kustomization.yaml")).unwrap();
    let expected = format!("{REFUSED}{NOTE}\n1 object, 2 policies: 1 refused\n");
    assert_eq!(stage.run(&[]), out(1, &expected));
    // Each line that is commented out holds when it is not.
    let text = fs::read_to_string(stage.path().join(".preflight.yaml")).unwrap();
    let (head, rest) = text.split_once("\n# Left out").unwrap();
    let lines = rest.lines().filter_map(|line| line.strip_prefix("# "));
    let is_yaml = |line: &&str| {
        let key = line
            .trim_start_matches(['-', ' '])
            .split(": ")
            .next()
            .unwrap();
        line.starts_with([' ', '-']) || line.ends_with(':') || key.chars().all(char::is_alphabetic)
    };
    let lines: Vec<&str> = lines.filter(is_yaml).collect();
    let lines = lines
        .join("\n")
        .replace("hostpath-mounts: {onUpdate", "strict: {onUpdate");
    let lines = lines.replace("[hostpath-mounts, secret-data]", "[strict]");
    let lines = lines.replace("cluster: [cluster.yaml]", "cluster: [deploy]");
    stage.write(".preflight.yaml", format!("{head}\n{lines}\n"));
    stage.write(
        ".preflight-baseline.json",
        r#"{"version": 1, "findings": []}"#,
    );
    let (status, text, errors) = stage.run(&[]);
    assert_eq!((status, errors.as_str()), (1, ""), "{text}\n{lines}");
    assert!(
        text.contains("hostpath-mounts/risky_path matches nothing"),
        "{text}"
    );
}

#[test]
fn a_namespace_that_no_cluster_has_is_an_error() {
    let stage = stage("paths: [deploy/pod.yaml]\nnamespace: Shop\n");
    let problem = "\"Shop\" cannot be a namespace, which has no capital letters; write \"shop\"";
    assert_eq!(
        stage.run(&[]),
        err(&format!(".preflight.yaml:2: namespace: {problem}"))
    );
    let (status, _, errors) = stage.run(&["--no-config", "--namespace", "Shop", "deploy"]);
    let expected = format!("error: invalid value 'Shop' for '--namespace <NAME>': {problem}\n");
    assert!(errors.starts_with(&expected), "{errors}");
    assert_eq!(status, 2);
}
