//! Kustomizations and charts that are built: what is found points at the files of their source.

use std::{
    env, ffi::OsString, fs, io::Write, os::unix::fs::PermissionsExt, path::Path, process::Command,
};

use serde_json::{Value, json};

use crate::stage::{Outcome, Stage};

/// Mounts a path of the node, which the overlay mends.
const BASE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - {name: a, image: a}
  volumes:
  - name: root
    hostPath: {path: /etc, type: Directory}
";

/// The same Pod with another volume.
fn patch(volume: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  volumes:\n  - {volume}\n")
}

fn stage() -> Stage {
    let stage = Stage::with_built(&["hostpath-mounts"]);
    stage.write("m/base/kustomization.yaml", "resources: [web.yaml]\n");
    stage.write("m/base/web.yaml", BASE);
    stage
}

fn overlay(stage: &Stage, name: &str, volume: &str) {
    let kustomization = "resources: [../../base]\nnamePrefix: my-\npatches: [{path: patch.yaml}]\n";
    stage.write(
        &format!("m/overlays/{name}/kustomization.yaml"),
        kustomization,
    );
    stage.write(&format!("m/overlays/{name}/patch.yaml"), patch(volume));
}

/// Whether kubectl is there. Where it is not, a line on the console says so, and it is an error where `CI` is set.
fn has_kubectl() -> bool {
    let is_there = Command::new("kubectl").arg("help").output().is_ok();
    if !is_there {
        assert!(env::var_os("CI").is_none(), "there is no kubectl");
        // Not by eprintln, which the test harness keeps to itself when all is well.
        let _ = writeln!(std::io::stderr(), "skipped: there is no kubectl");
    }
    is_there
}

fn report((_, text, error): &Outcome) -> Value {
    assert_eq!(error, "");
    serde_json::from_str(text).unwrap()
}

/// Where the findings are, what they were built by, and whose they are.
fn refused(report: &Value) -> Vec<Value> {
    let refusals = report["refusals"].as_array().unwrap().iter();
    let place = refusals.map(|it| {
        let object = it["object"]["name"].clone();
        json!([it["file"], it["line"], it["source"], object])
    });
    let mut places: Vec<Value> = place.collect();
    places.dedup();
    places
}

#[test]
fn base_and_overlay_have_the_verdict_of_the_overlay() {
    if !has_kubectl() {
        return;
    }
    let stage = stage();
    overlay(&stage, "good", "{name: root, hostPath: null, emptyDir: {}}");
    assert_eq!(stage.run(&["-q", "m"]).0, 1);
    let (status, text, error) = stage.run(&["--render", "m"]);
    assert_eq!((status, error.as_str()), (0, ""), "{text}");
    assert_eq!(
        text,
        "2 objects, 1 policy: 2 clean (1 not covered by any policy)\n"
    );
    // What is not mended is at its line of the base, and what a patch sets at what is nearest to it.
    overlay(&stage, "late", "{name: root, hostPath: {path: /}}");
    overlay(&stage, "plain", "{name: more, emptyDir: {}}");
    let outcome = stage.run(&["-f", "json", "--render", "m"]);
    let place = |line: usize, overlay: &str| {
        let by = format!("m/overlays/{overlay}/kustomization.yaml");
        json!(["m/base/web.yaml", line, by, "my-web"])
    };
    let found = refused(&report(&outcome));
    assert_eq!(found, [place(14, "late"), place(12, "plain")]);
    let sarif = report(&stage.run(&["-f", "sarif", "--render", "m"]));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    for result in results {
        let at = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(at, "m/base/web.yaml");
    }
    assert!(!results.is_empty());
    let (_, text, _) = stage.run(&["--render", "m"]);
    assert!(
        text.contains("m/base/web.yaml:14 (m/overlays/late/kustomization.yaml)"),
        "{text}"
    );
    // Given apart, they are still built together.
    let apart = ["-f", "json", "--render", "m/base", "m/overlays/plain"];
    assert_eq!(refused(&report(&stage.run(&apart))), [place(12, "plain")]);
    stage.write(".preflight.yaml", "render: true\npaths: [m]\n");
    assert_eq!(refused(&report(&stage.run(&["-f", "json"]))), found);
}

#[test]
fn what_is_not_here_is_not_fetched() {
    let stage = stage();
    stage.write(
        "m/far/kustomization.yaml",
        "resources: [\"https://127.0.0.1:1/\\e[31m\", ../base]\n",
    );
    let path = tools(&stage, &[("kubectl", "touch \"${0%/*}/ran\"; exit 1")]);
    let (status, text, error) = stage.run_with_path(&path, &["-f", "json", "--render", "m"]);
    assert_eq!((status, error.as_str()), (2, ""));
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        report["unjudged"],
        json!([{
            "reason": "unbuilt", "file": "m/far/kustomization.yaml",
            "text": "not built: it names https://127.0.0.1:1/\u{1b}[31m, which is not here; pipe what `kubectl kustomize DIR` \
                     builds into `preflight -`",
        }])
    );
    assert_eq!(
        report["problems"],
        json!([{
            "file": "m/base/kustomization.yaml",
            "text": "cannot be built: `kubectl` failed (exit status: 1); run `kubectl kustomize m/base` yourself, and pipe what it prints into `preflight -`",
        }])
    );
    // The base is not named by anything that is built, and its files are judged as they are.
    assert_eq!(refused(&report)[0][0], "m/base/web.yaml");
    assert!(stage.path().join("tools/ran").exists());
    let (_, text, _) = stage.run_with_path(&path, &["--render", "m"]);
    assert!(!text.contains('\u{1b}'), "{text}");
    fs::remove_file(stage.path().join("tools/ran")).unwrap();
    let (status, ..) = stage.run_with_path(&path, &["--render", "--fail-on", "unjudged", "m/far"]);
    assert_eq!(status, 1);
    assert!(!stage.path().join("tools/ran").exists());
}

#[test]
fn without_the_programs_it_is_told() {
    let stage = stage();
    chart(&stage);
    let path = tools(&stage, &[]);
    let (status, text, _) = stage.run_with_path(&path, &["-f", "json", "--render", "m"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 2);
    let problem = |file: &str, text: &str| json!({"file": file, "text": text});
    assert_eq!(
        report["problems"],
        json!([
            problem(
                "m/base/kustomization.yaml",
                "cannot be built: there is no `kubectl` on the PATH; run `kubectl kustomize m/base` yourself, and pipe what it prints into `preflight -`",
            ),
            problem(
                "m/web/Chart.yaml",
                "cannot be rendered: there is no `helm` on the PATH; run `helm template m/web` yourself, and pipe what it prints into `preflight -`",
            ),
        ])
    );
    assert_eq!(report["unjudged"][0]["file"], "m/web/templates/pod.yaml");
}

#[test]
fn what_helm_renders_is_in_its_template() {
    let stage = Stage::with_built(&["hostpath-mounts"]);
    chart(&stage);
    let pod = BASE.split_once("---\n").unwrap().1;
    stage.write(
        "rendered.yaml",
        format!("---\n# Source: shop/templates/pod.yaml\n{pod}---\n# Source: shop/../../../etc/passwd\n{pod}"),
    );
    let script = "[ \"$1 $2\" = 'template release-name' ] && [ -d \"$3\" ] && cat \"${0%/*}/../rendered.yaml\"";
    let path = tools(&stage, &[("helm", script)]);
    let outcome = stage.run_with_path(&path, &["-f", "json", "--render", "m"]);
    let report = report(&outcome);
    assert_eq!(
        refused(&report),
        [
            json!([
                "m/web/templates/pod.yaml",
                1,
                "shop/templates/pod.yaml",
                "web"
            ]),
            json!(["m/web/Chart.yaml", 1, "shop/../../../etc/passwd", "web"]),
        ]
    );
    assert_eq!((outcome.0, &report["unjudged"]), (1, &json!([])));
}

fn chart(stage: &Stage) {
    stage.write(
        "m/web/Chart.yaml",
        "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    );
    stage.write("m/web/templates/pod.yaml", "kind: {{ .Values.kind }}\n");
}

/// A folder with these programs, and with what a script needs of the system where there are some.
fn tools(stage: &Stage, scripts: &[(&str, &str)]) -> OsString {
    let folder = stage.path().join("tools");
    fs::create_dir_all(&folder).unwrap();
    for (name, script) in scripts {
        stage.write(
            &format!("tools/{name}"),
            format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n"),
        );
        make_executable(&folder.join(name));
    }
    folder.into_os_string()
}

fn make_executable(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}
