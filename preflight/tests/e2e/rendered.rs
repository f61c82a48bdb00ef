//! Kustomizations and charts that are built: what is found points at the files of their source.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
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
    let named = ["-f", "json", "--config", ".preflight.yaml"];
    assert_eq!(refused(&report(&stage.run(&named))), found);
    // One that is only found may be a stranger's.
    let text =
        "nothing is built: `render: true` counts with --render, or where --config names this file";
    let found_only = report(&stage.run(&["-q", "-f", "json"]));
    assert_ne!(refused(&found_only), found);
    let notes = found_only["notes"].as_array().unwrap();
    let note = json!({"file": ".preflight.yaml", "line": 1, "text": text});
    assert!(notes.contains(&note), "{notes:?}");
    assert_eq!(
        refused(&report(&stage.run(&["-f", "json", "--render"]))),
        found
    );
    let (_, _, errors) = stage.run(&["allow"]);
    assert!(errors.contains(text), "{errors}");
}

#[test]
fn what_a_kustomization_changes_by_itself_is_checked_where_it_is_built() {
    if !has_kubectl() {
        return;
    }
    let stage = stage();
    let patch = |kind: &str, patch: &str| {
        format!("patches:\n- target: {{kind: {kind}}}\n  patch: |\n    - {patch}\n")
    };
    let removed = patch("Pod", "{op: remove, path: /spec/volumes}");
    let over = format!("resources: [../base]\ncomponents: [../part]\n{removed}");
    stage.write("m/over/kustomization.yaml", over);
    stage.write("m/text/kustomization.yaml", "resources: [pod.txt]\n");
    stage.write("m/text/pod.txt", pod("text", "/etc"));
    let added = patch("ConfigMap", "{op: add, path: /data, value: {}}");
    let part = format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{added}");
    stage.write("m/part/kustomization.yaml", part);
    let unjudged = |more: &[&str]| {
        let (_, text, _) = stage.run(&[&["-f", "json", "m"], more].concat());
        let report: Value = serde_json::from_str(&text).unwrap();
        let unjudged = report["unjudged"].as_array().unwrap().iter();
        let files = unjudged.map(|one| one["file"].as_str().unwrap().to_owned());
        (files.collect::<Vec<_>>(), refused(&report))
    };
    let files = ["over", "part", "text"].map(|name| format!("m/{name}/kustomization.yaml"));
    let as_written = json!(["m/base/web.yaml", 14, null, "web"]);
    assert_eq!(unjudged(&[]), (files.to_vec(), vec![as_written]));
    let built = json!(["m/text/pod.txt", 6, "m/text/kustomization.yaml", "text"]);
    assert_eq!(unjudged(&["--render"]), (vec![], vec![built]));
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
fn what_is_named_and_is_not_there_is_a_problem() {
    let stage = stage();
    let overlay = "resources: [../base, misspelt.yaml]\npatches: [{path: patch.yaml}]\n";
    stage.write("m/prod/kustomization.yaml", overlay);
    stage.write("m/prod/patch.yaml", patch("{name: more, emptyDir: {}}"));
    stage.write(
        "m/base/kustomization.yaml",
        "resources: [web.yaml, ../no]\n",
    );
    let (status, text, error) = stage.run(&["-f", "json", "--render", "m"]);
    assert_eq!((status, error.as_str()), (2, ""));
    let report: Value = serde_json::from_str(&text).unwrap();
    let problem = |folder: &str, why: &str| {
        let text = format!(
            "cannot be built: {why}, which is not there; run `kubectl kustomize m/{folder}` yourself, and pipe what it prints into `preflight -`"
        );
        json!({"file": format!("m/{folder}/kustomization.yaml"), "text": text})
    };
    assert_eq!(
        report["problems"],
        json!([
            problem("base", "it names ../no"),
            problem("prod", "of ../base: it names ../no"),
        ])
    );
    // What is in them is judged as it is, or told with them.
    assert_eq!(refused(&report)[0][0], "m/base/web.yaml");
    assert_eq!(report["unjudged"], json!([]));
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
    // It is told once that they are not checked.
    assert_eq!(report["unjudged"], json!([]));
}

#[test]
fn what_helm_renders_is_in_its_template() {
    let stage = Stage::with_built(&["hostpath-mounts"]);
    chart(&stage);
    // Helm renders these as well, and asks no .gitignore.
    stage.write("m/web/templates/in/pod.tpl", "kind: Pod\n");
    stage.write("m/web/templates/ignored.yaml", "kind: Pod\n");
    stage.write("m/web/charts/packed-1.0.0.tgz", "x");
    stage.write("m/.gitignore", "*.tgz\nignored.yaml\n");
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

/// The search path of a machine that has Helm: its own, or one with a `helm` that is the library of `tools/helm`. Nothing where
/// there is neither, which is as for kubectl.
fn path_with_helm(stage: &Stage) -> Option<OsString> {
    let path = env::var_os("PATH").unwrap();
    let is_there = |program: &Path, arguments: &[&str]| {
        let ran = Command::new(program).args(arguments).output();
        ran.is_ok_and(|output| output.status.success())
    };
    if is_there(Path::new("helm"), &["version"]) {
        return Some(path);
    }
    let python = repository("target/tools/helm/bin/python");
    if !is_there(&python, &["-c", "import helm_python"]) {
        assert!(
            env::var_os("CI").is_none(),
            "there is no helm: run `tools/helm install`"
        );
        let _ = writeln!(
            io::stderr(),
            "skipped: there is no helm; `tools/helm install` gets what it needs"
        );
        return None;
    }
    // Not by the name of Python: what finds that may want a home.
    let script = format!(
        "#!/bin/sh\nPATH='{}' exec '{}' '{}' \"$@\"\n",
        path.display(),
        python.display(),
        repository("tools/helm").display()
    );
    stage.write("tools/helm", script);
    make_executable(&stage.path().join("tools/helm"));
    let folders = env::split_paths(&path);
    let folders = std::iter::once(stage.path().join("tools")).chain(folders);
    Some(env::join_paths(folders).unwrap())
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A Pod that mounts this path of the node.
fn pod(name: &str, path: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers: [{{name: a, image: a}}]\n\
         \u{20} volumes: [{{name: v, hostPath: {{path: {path}}}}}]\n"
    )
}

/// Writes a chart with these files besides.
fn write_chart(stage: &Stage, folder: &str, description: &str, files: &[(&str, &str)]) {
    let description = format!("apiVersion: v2\nversion: 1.0.0\n{description}");
    stage.write(&format!("{folder}/Chart.yaml"), description);
    for (name, text) in files {
        stage.write(&format!("{folder}/{name}"), text);
    }
}

#[test]
fn a_chart_is_what_helm_makes_of_it() {
    let stage = Stage::with_built(&["hostpath-mounts"]);
    let Some(path) = path_with_helm(&stage) else {
        return;
    };
    let several = format!(
        "{{{{- range list \"a\" \"b\" }}}}\n---\n{}{{{{- end }}}}\n",
        pod(
            "{{ . }}-{{ include \"lib.name\" $ }}",
            "{{ $.Values.path }}"
        )
    );
    let hook = |name: &str, when: &str| {
        let metadata = format!("metadata: {{annotations: {{\"helm.sh/hook\": {when}}}, ");
        pod(name, "/etc").replace("metadata: {", &metadata)
    };
    let (before, after) = (hook("before", "pre-install"), hook("after", "test"));
    let named = pod("{{ .Release.Name }}-{{ .Chart.Name }}", "/boot");
    write_chart(
        &stage,
        "m/web",
        "name: shop\ndependencies:\n- {name: db, version: 1.0.0, alias: store}\n- {name: idle, version: 1.0.0, condition: idle.enabled}\n\
         - {name: lib, version: 1.0.0}\n- {name: packed, version: 1.0.0}\n",
        &[
            (
                "values.yaml",
                "path: /var/lib/kubelet\nidle: {enabled: false}\n",
            ),
            ("values-prod.yaml", "path: /tmp\n"),
            ("templates/several.yaml", &several),
            ("templates/hook.yaml", &before),
            ("templates/tests/test.yaml", &after),
            ("templates/NOTES.txt", &pod("notes", "/")),
            ("templates/other.txt", &pod("other", "/boot")),
            ("templates/in/.hidden", &pod("hidden", "/boot")),
            (
                "templates/none.yaml",
                "{{- if .Values.never }}\nkind: Pod\n{{- end }}\n",
            ),
            ("crds/pods.yaml", &pod("crd", "/run/docker.sock")),
        ],
    );
    // The folder has another name than the chart, and the chart goes by a third.
    write_chart(
        &stage,
        "m/web/charts/database",
        "name: db\n",
        &[("templates/db.yaml", &named)],
    );
    write_chart(
        &stage,
        "m/web/charts/database/charts/deep",
        "name: deep\n",
        &[("templates/deep.yaml", &named)],
    );
    write_chart(
        &stage,
        "m/web/charts/idle",
        "name: idle\n",
        &[("templates/idle.yaml", &named)],
    );
    let library = "name: lib\ntype: library\n";
    let helpers = [(
        "templates/_names.tpl",
        "{{- define \"lib.name\" }}web{{ end }}\n",
    )];
    write_chart(&stage, "m/web/charts/lib", library, &helpers);
    write_chart(
        &stage,
        "packed",
        "name: packed\n",
        &[("templates/packed.yaml", &named)],
    );
    let mut tar = Command::new("tar");
    tar.args(["-czf", "m/web/charts/packed-1.0.0.tgz", "packed"]);
    assert!(tar.current_dir(stage.path()).status().unwrap().success());

    let outcome = stage.run_with_path(&path, &["-f", "json", "--render", "m"]);
    let report = report(&outcome);
    let found = refused(&report);
    let found = found.iter().map(|place| {
        let part = |index: usize| place[index].as_str().unwrap_or("as it is");
        let source = part(2).trim_start_matches("shop/");
        format!("{}:{} {source} {}", part(0), place[1], part(3))
    });
    let mut found: Vec<String> = found.collect();
    found.sort();
    assert_eq!(
        found,
        [
            "m/web/Chart.yaml:8 charts/packed/templates/packed.yaml release-name-packed",
            "m/web/charts/database/charts/deep/templates/deep.yaml:2 charts/store/charts/deep/templates/deep.yaml release-name-deep",
            "m/web/charts/database/templates/db.yaml:2 charts/store/templates/db.yaml release-name-store",
            "m/web/crds/pods.yaml:6 as it is crd",
            "m/web/templates/hook.yaml:2 templates/hook.yaml before",
            "m/web/templates/in/.hidden:2 templates/in/.hidden hidden",
            "m/web/templates/other.txt:2 templates/other.txt other",
            "m/web/templates/several.yaml:4 templates/several.yaml a-web",
            "m/web/templates/several.yaml:4 templates/several.yaml b-web",
            "m/web/templates/tests/test.yaml:2 templates/tests/test.yaml after",
        ]
    );
    assert_eq!((outcome.0, &report["unjudged"]), (1, &json!([])));
}

#[test]
fn a_chart_that_helm_cannot_render_is_a_problem() {
    let stage = Stage::with_built(&["hostpath-mounts"]);
    let Some(path) = path_with_helm(&stage) else {
        return;
    };
    let chart = |folder: &str, description: &str, files: &[(&str, &str)]| {
        let description = format!("name: {folder}\n{description}");
        write_chart(&stage, &format!("m/{folder}"), &description, files);
    };
    let template = "templates/pod.yaml";
    chart(
        "required",
        "",
        &[(template, "a: {{ required \"swordfish\" .Values.name }}\n")],
    );
    chart("broken", "", &[(template, "a: {{ if }}\n")]);
    let needs = "dependencies:\n- {name: db, version: 1.0.0, repository: \"https://127.0.0.1:1\"}\n- {name: queue, version: 1.0.0}\n";
    chart("needs", needs, &[(template, "a: b\n")]);
    let schema = "{\"properties\": {\"name\": {\"type\": \"string\"}}}";
    chart(
        "schema",
        "",
        &[
            ("values.yaml", "name: 1\n"),
            ("values.schema.json", schema),
            (template, "a: b\n"),
        ],
    );
    chart(
        "library",
        "type: library\n",
        &[("templates/_pod.tpl", "{{- define \"a\" }}a{{ end }}\n")],
    );
    let (status, text, _) = stage.run_with_path(&path, &["-f", "json", "--render", "m"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let failed = |chart: &str| {
        let text = format!(
            "cannot be rendered: `helm` failed (exit status: 1); run `helm template m/{chart}` yourself, and pipe what it prints into `preflight -`"
        );
        json!({"file": format!("m/{chart}/Chart.yaml"), "text": text})
    };
    let needs = "cannot be rendered: `helm` failed (exit status: 1); its folder `charts` lacks db, queue: run `helm dependency \
                 build m/needs` first";
    assert_eq!(
        report["problems"],
        json!([
            failed("broken"),
            {"file": "m/needs/Chart.yaml", "text": needs},
            failed("required"),
            failed("schema"),
        ])
    );
    assert_eq!(status, 2);
    assert!(!text.contains("swordfish"), "{text}");
}

/// What `examples/README.md` shows of what is rendered. `make bless` writes it.
#[test]
fn the_page_of_the_examples_shows_what_is_rendered() {
    let stage = Stage::new(&[]);
    let Some(path) = path_with_helm(&stage) else {
        return;
    };
    if !has_kubectl() {
        return;
    }
    let command = "```console\n$ make preflight MANIFESTS=examples/rendered ARGS=--render\n";
    let file = repository("examples/README.md");
    let page = fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(command).unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    let run = Stage::run_in_repository(&path, &["--render", "examples/rendered"]);
    let (status, printed, error) = run;
    assert_eq!((status, error.as_str()), (1, ""), "{printed}");
    if env::var_os("BLESS").is_some() {
        fs::write(&file, format!("{before}{command}{printed}```\n{after}")).unwrap();
    } else {
        assert_eq!(printed, shown);
    }
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
