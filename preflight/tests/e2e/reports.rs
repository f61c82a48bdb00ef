//! Reports for code hosts and build servers, and reports that are written to files.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{
    guests::Validate,
    stage::{Stage, err, out},
};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  volumes:\n  - name: root\n    \
                   hostPath:\n      path: /\n";
const REFUSAL: &str = r#"{"accepted":false,"code":403,"message":"Pod default/web violates strict: spec.volumes[0].hostPath.path: \"/\" is the whole node; fix: mount less [risky_path]"}"#;
const WARNING: &str = r#"{"accepted":true,"warnings":["gentle: spec.volumes[0].name: is <short> [short_name]","unknown field"]}"#;

/// A Pod that one policy refuses and another warns about, a Service that no policy reads, and a broken file.
fn stage() -> Stage {
    let stage = Stage::new(&[
        ("gentle", Validate::Answer(WARNING)),
        ("strict", Validate::Answer(REFUSAL)),
    ]);
    stage.write("m/a pod.yaml", POD);
    stage.write("m/broken.yaml", "kind: [\n");
    stage.write("m/service.yaml", SERVICE);
    stage.write("m/values.yaml", "replicas: 1\n");
    stage
}

/// The lines of suites and cases.
fn elements(junit: &str) -> Vec<&str> {
    let lines = junit.lines().map(str::trim);
    lines.filter(|line| line.starts_with("<test")).collect()
}

#[test]
fn code_hosts_get_sarif() {
    let (status, text, errors) = stage().run(&["--format", "sarif", "m"]);
    assert_eq!((status, errors.as_str()), (2, ""));
    let location = |uri: &str, line: usize| json!([{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}]);
    let rule = |id: &str, short: &str, policy: &str| {
        json!({
            "id": id,
            "shortDescription": {"text": short},
            "fullDescription": {"text": format!("What {policy} is for")},
            "help": {"text": format!("What {policy} is for. The message says what to write instead.")},
            "properties": {"tags": ["kubernetes", policy]},
        })
    };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "preflight", "version": version, "semanticVersion": version,
                    "rules": [
                        rule("strict/risky_path", "strict: risky path", "strict"),
                        rule("gentle/short_name", "gentle: short name", "gentle"),
                        rule("gentle", "gentle", "gentle"),
                    ],
                }},
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": false,
                    "toolExecutionNotifications": [
                        {
                            "level": "error",
                            "message": {"text": "cannot be read: what starts here has no end (column 7)"},
                            "locations": location("m/broken.yaml", 1),
                        },
                        {
                            "level": "note",
                            "message": {"text": "not a Kubernetes object, skipped"},
                            "locations": location("m/values.yaml", 1),
                        },
                    ],
                }],
                "results": [
                    {
                        "ruleId": "strict/risky_path", "ruleIndex": 0, "level": "error",
                        "message": {"text": "Pod default/web: spec.volumes[0].hostPath.path: \"/\" is the whole node; fix: mount less"},
                        "locations": location("m/a%20pod.yaml", 9),
                    },
                    {
                        "ruleId": "gentle/short_name", "ruleIndex": 1, "level": "warning",
                        "message": {"text": "Pod default/web: spec.volumes[0].name: is <short>"},
                        "locations": location("m/a%20pod.yaml", 7),
                    },
                    {
                        "ruleId": "gentle", "ruleIndex": 2, "level": "warning",
                        "message": {"text": "Pod default/web: unknown field"},
                        "locations": location("m/a%20pod.yaml", 1),
                    },
                ],
            }],
        })
    );
}

#[test]
fn build_servers_get_junit() {
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="preflight" tests="3" skipped="0" failures="1" errors="1">
    <testsuite name="gentle" tests="1" skipped="0" errors="0" failures="0">
        <testcase name="Pod default/web" classname="m/a pod.yaml" file="m/a pod.yaml" line="1">
            <system-out>m/a pod.yaml:7: spec.volumes[0].name: is &lt;short&gt; [short_name]
m/a pod.yaml:1: unknown field</system-out>
        </testcase>
    </testsuite>
    <testsuite name="strict" tests="1" skipped="0" errors="0" failures="1">
        <testcase name="Pod default/web" classname="m/a pod.yaml" file="m/a pod.yaml" line="9">
            <failure message="1 problem" type="refused">m/a pod.yaml:9: spec.volumes[0].hostPath.path: &quot;/&quot; is the whole node; fix: mount less [risky_path]</failure>
        </testcase>
    </testsuite>
    <testsuite name="preflight" tests="1" skipped="0" errors="1" failures="0">
        <testcase name="m/broken.yaml:1" classname="m/broken.yaml" file="m/broken.yaml" line="1">
            <error message="cannot be read: what starts here has no end (column 7)" type="not checked"/>
        </testcase>
        <system-out>m/values.yaml:1: not a Kubernetes object, skipped</system-out>
    </testsuite>
</testsuites>
"#;
    assert_eq!(stage().run(&["--format", "junit", "m"]), out(2, expected));
}

#[test]
fn a_workflow_of_github_gets_commands_and_a_summary() {
    let stage = stage();
    let commands = "\
::error file=m/broken.yaml,line=1,title=not checked::cannot be read: what starts here has no end (column 7)
::error file=m/a pod.yaml,line=9,title=Pod default/web by strict [risky_path]::spec.volumes[0].hostPath.path: \"/\" is the whole node%0Afix: mount less
::warning file=m/a pod.yaml,line=7,title=Pod default/web by gentle [short_name]::spec.volumes[0].name: is <short>
::warning file=m/a pod.yaml,line=1,title=Pod default/web by gentle::unknown field
::notice file=m/values.yaml,line=1,title=note::not a Kubernetes object, skipped
";
    assert_eq!(stage.run(&["--format", "github", "m"]), out(2, commands));
    // The report for people comes first, and the commands are to be found behind it or in a file.
    let (_, table, _) = stage.run(&["m"]);
    let behind = stage.run(&["--report", "github", "m"]);
    assert_eq!(behind, out(2, &format!("{table}{commands}")));
    let summary = stage.path().join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let outcome = stage.run_as_step(&summary, &["--report", "github=commands.txt", "m"]);
    assert_eq!(outcome, out(2, &table));
    let written = fs::read_to_string(stage.path().join("commands.txt"));
    assert_eq!(written.unwrap(), commands);
    let (_, markdown, _) = stage.run(&["--format", "markdown", "m"]);
    let added = fs::read_to_string(&summary).unwrap();
    assert_eq!(added, format!("before\n{markdown}"));
    // A summary that is nearly full is not made too large, which would lose all of it.
    fs::write(&summary, "x".repeat(1024 * 1024 - 300)).unwrap();
    stage.run_as_step(&summary, &["--format", "github", "m"]);
    assert!(fs::metadata(&summary).unwrap().len() <= 1024 * 1024);
    let outcome = stage.run_as_step(&stage.path().join("no/such"), &["--format", "github", "m"]);
    assert_eq!((outcome.0, outcome.1.as_str()), (2, commands));
    assert!(
        outcome.2.contains("no/such: cannot be written: "),
        "{}",
        outcome.2
    );
}

#[test]
fn a_comment_gets_markdown() {
    let expected = "\
preflight
=========

**2 objects, 2 policies: 1 refused, 1 clean (1 not covered by any policy)**

1 input could not be checked

- `gentle`: 1 with warnings
- `strict`: 1 refused

Refused
-------

- **`Pod default/web`** by `strict`, `risky_path`\u{20}\u{20}
  `m/a pod.yaml:9` `spec.volumes[0].hostPath.path`\u{20}\u{20}
  `\"/\" is the whole node`\u{20}\u{20}
  **Instead:** `mount less`

Could not be checked
--------------------

- `m/broken.yaml:1`\u{20}\u{20}
  `cannot be read: what starts here has no end (column 7)`

Warnings
--------

- **`Pod default/web`** by `gentle`, `short_name`\u{20}\u{20}
  `m/a pod.yaml:7` `spec.volumes[0].name`\u{20}\u{20}
  `is <short>`
- **`Pod default/web`** by `gentle`\u{20}\u{20}
  `m/a pod.yaml:1`\u{20}\u{20}
  `unknown field`

Notes
-----

- `m/values.yaml:1`\u{20}\u{20}
  `not a Kubernetes object, skipped`
";
    let outcome = stage().run(&["--format", "markdown", "m"]);
    assert_eq!(outcome, out(2, expected));
}

#[test]
fn merge_requests_get_issues_that_are_known_again_where_lines_move() {
    let stage = stage();
    let issues = || -> Vec<Value> {
        let (_, text, _) = stage.run(&["--format", "gitlab", "m"]);
        serde_json::from_str(&text).unwrap()
    };
    let fingerprints = |issues: &[Value]| -> Vec<String> {
        let all = issues.iter().map(|issue| issue["fingerprint"].to_string());
        all.collect()
    };
    let before = issues();
    let issue = |description: &str, check: &str, severity: &str, path: &str, line: usize| {
        json!({
            "description": description, "check_name": check, "severity": severity,
            "location": {"path": path, "lines": {"begin": line}},
        })
    };
    let mut rest = before.clone();
    for issue in &mut rest {
        issue.as_object_mut().unwrap().remove("fingerprint");
    }
    assert_eq!(
        rest,
        [
            issue(
                "Pod default/web: spec.volumes[0].hostPath.path: \"/\" is the whole node; fix: mount less",
                "strict/risky_path",
                "major",
                "m/a pod.yaml",
                9
            ),
            issue(
                "Pod default/web: spec.volumes[0].name: is <short>",
                "gentle/short_name",
                "minor",
                "m/a pod.yaml",
                7
            ),
            issue(
                "Pod default/web: unknown field",
                "gentle",
                "minor",
                "m/a pod.yaml",
                1
            ),
            issue(
                "cannot be read: what starts here has no end (column 7)",
                "preflight",
                "blocker",
                "m/broken.yaml",
                1
            ),
            issue(
                "not a Kubernetes object, skipped",
                "preflight",
                "info",
                "m/values.yaml",
                1
            ),
        ]
    );
    stage.write("m/a pod.yaml", format!("# one\n# two\n{POD}"));
    let after = issues();
    assert_eq!(after[0]["location"]["lines"]["begin"], 11);
    assert_eq!(fingerprints(&after), fingerprints(&before));
    // Two of one name are two.
    stage.write("m/a pod.yaml", format!("{POD}---\n{POD}"));
    let all = fingerprints(&issues());
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

/// The data in a page.
fn data(page: &str) -> Value {
    let (_, data) = page.split_once("type=\"application/json\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

#[test]
fn a_browser_gets_a_page_with_the_lines_of_the_manifests() {
    let stage = stage();
    let (status, page, errors) = stage.run(&["--format", "html", "m"]);
    assert_eq!((status, errors.as_str()), (2, ""));
    let data = data(&page);
    assert_eq!(
        data["objects"],
        json!([
            {
                "kind": "Pod", "namespace": "default", "name": "web", "file": "m/a pod.yaml", "line": 1,
                "lines": [
                    [4, ["  name: web"]],
                    [5, ["spec:"]],
                    [6, ["  volumes:"]],
                    [7, ["  - ", "name: root", ""]],
                    [8, ["    hostPath:"]],
                    [9, ["      ", "path: /", ""]],
                ],
            },
            {"kind": "Service", "namespace": "default", "name": "web", "file": "m/service.yaml", "line": 1},
        ])
    );
    let run = &data["runs"][0];
    assert_eq!(run["outcomes"], json!(["refused", "clean"]));
    assert_eq!(run["checked"], json!([[0, 1], []]));
    assert_eq!(
        run["findings"][0],
        json!({
            "object": 0, "policy": "strict", "rule": "risky_path", "level": "refusal", "line": 9,
            "field": "spec.volumes[0].hostPath.path", "problem": "\"/\" is the whole node", "fix": "mount less",
        })
    );
    assert_eq!(run["problems"][0]["place"], "m/broken.yaml:1");
    assert_eq!(run["notes"][0]["text"], "not a Kubernetes object, skipped");
}

#[test]
fn a_page_has_other_policies_beside_those_of_the_run() {
    let stage = stage();
    let policy = |mode: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {{name: s}}\nspec:\n  module: strict\n  \
             mutating: false\n  mode: {mode}\n  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}}]\n"
        )
    };
    stage.write("monitor.yaml", policy("monitor"));
    stage.write("none.yaml", policy("protect").replace("pods", "nodes"));
    let arguments = [
        "--format",
        "html",
        "--beside",
        "monitor=monitor.yaml",
        "--beside",
        "none=none.yaml",
        "m/a pod.yaml",
    ];
    let (status, page, errors) = stage.run(&arguments);
    assert_eq!((status, errors.as_str()), (1, ""));
    let data = data(&page);
    let runs = data["runs"].as_array().unwrap().iter();
    let runs: Vec<_> = runs
        .map(|run| {
            (
                run["name"].as_str().unwrap(),
                run["outcomes"][0].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        runs,
        [
            ("this run", "refused"),
            ("monitor", "with warnings"),
            ("none", "clean")
        ]
    );
    assert_eq!(
        stage.run(&["--beside", "monitor=monitor.yaml", "m/a pod.yaml"]),
        err("--beside is for the page of `--report html=FILE`: give that, too")
    );
}

#[test]
fn of_two_objects_with_one_name_only_the_wrong_one_fails() {
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    let stage = Stage::with_policy_for_all("nodeport-range", &accept);
    let service = |port: u16| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{type: NodePort, ports: [{{port: 80, nodePort: {port}}}]}}\n---\n"
        )
    };
    let other = service(30002).replace("name: a", "name: b");
    stage.write("a.yaml", service(30001) + &service(30002) + &other);
    let (_, text, _) = stage.run(&["--format", "junit", "a.yaml"]);
    let cases = elements(&text);
    assert_eq!(
        cases[5..],
        [
            r#"<testsuite name="preflight" tests="2" skipped="0" errors="0" failures="2">"#,
            r#"<testcase name="Service default/a" classname="a.yaml" file="a.yaml" line="9">"#,
            r#"<testcase name="Service default/b" classname="a.yaml" file="a.yaml" line="14">"#,
        ]
    );
}

#[test]
fn junit_holds_no_character_that_xml_cannot_hold() {
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    let stage = Stage::with_policy_for_all("nodeport-range", &accept);
    stage.write(
        "a.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: \"a\\uFFFE\\uFFFF<&\\u0007\"}\nspec: {clusterIP: None}\n",
    );
    let (status, text, _) = stage.run(&["--format", "junit", "a.yaml"]);
    let name = "a\u{fffd}\u{fffd}&lt;&amp;␇";
    assert_eq!(status, 0);
    assert_eq!(
        elements(&text).last(),
        Some(&format!(r#"<testcase name="Service default/{name}" classname="a.yaml" file="a.yaml" line="1"/>"#).as_str())
    );
}

#[test]
fn what_no_review_shows_is_a_failure_of_preflight() {
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    let stage = Stage::with_policy_for_all("nodeport-range", &accept);
    let service = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{type: NodePort, ports: [{{port: 80, nodePort: 30001}}]}}\n"
        )
    };
    stage.write("a.yaml", format!("{}---\n{}", service("a"), service("b")));
    let (status, text, _) = stage.run(&["--format", "junit", "a.yaml"]);
    assert_eq!(
        (status, elements(&text)),
        (
            1,
            vec![
                r#"<testsuites name="preflight" tests="4" skipped="0" failures="2" errors="0">"#,
                r#"<testsuite name="nodeport-range" tests="2" skipped="0" errors="0" failures="0">"#,
                r#"<testcase name="Service default/a" classname="a.yaml" file="a.yaml" line="1"/>"#,
                r#"<testcase name="Service default/b" classname="a.yaml" file="a.yaml" line="6"/>"#,
                r#"<testsuite name="preflight" tests="2" skipped="0" errors="0" failures="2">"#,
                r#"<testcase name="Service default/a" classname="a.yaml" file="a.yaml" line="4">"#,
                r#"<testcase name="Service default/b" classname="a.yaml" file="a.yaml" line="9">"#,
            ]
        )
    );
}

#[test]
fn a_report_is_also_written_to_files() {
    let stage = stage();
    let (status, text, errors) = stage.run(&[
        "--report",
        "json=report.json",
        "--report",
        "junit=report.xml",
        "--report",
        "table=report.txt",
        "--color",
        "always",
        "--quiet",
        "m/a pod.yaml",
    ]);
    assert_eq!((status, errors.as_str()), (1, ""));
    let read = |file: &str| fs::read_to_string(stage.path().join(file)).unwrap();
    // Quiet is only what people see.
    let alone = |format: &str| stage.run(&["--format", format, "m/a pod.yaml"]).1;
    assert_eq!(read("report.json"), alone("json"));
    assert_eq!(read("report.xml"), alone("junit"));
    assert_eq!(read("report.txt"), alone("table"));
    assert!(text.contains("\u{1b}["), "{text}");
}

#[test]
fn says_which_report_cannot_be_written() {
    let stage = stage();
    assert_eq!(
        stage.run(&["--report", "json=no/such/folder.json", "m"]),
        (
            2,
            stage.run(&["m"]).1,
            "error: no/such/folder.json: cannot be written: No such file or directory (os error 2)\n".to_owned()
        )
    );
    for (argument, expected) in [
        (
            "sarif",
            "error: invalid value 'sarif' for '--report <FORMAT=FILE>': write sarif=FILE",
        ),
        (
            "out/x.html",
            "error: invalid value 'out/x.html' for '--report <FORMAT=FILE>': write html=out/x.html",
        ),
        (
            "xml=a",
            "error: invalid value 'xml=a' for '--report <FORMAT=FILE>': there is no format \"xml\"; there are: table, json, sarif, junit, github, gitlab, markdown, html",
        ),
    ] {
        let (status, _, errors) = stage.run(&["--report", argument, "m"]);
        assert_eq!((status, errors.lines().next()), (2, Some(expected)));
    }
    assert_eq!(
        stage.run(&["policies", "--format", "sarif"]),
        err(
            "`preflight policies` writes a table or JSON; all other formats are about files of manifests"
        )
    );
}

#[test]
fn shells_get_completions() {
    let stage = Stage::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (status, text, errors) = stage.run(&["completions", shell]);
        assert_eq!((status, errors.as_str()), (0, ""));
        assert!(text.contains("policies-from"), "{shell}");
    }
    let (_, text, _) = stage.run(&["completions", "bash"]);
    let languages = "                --lang)\n                    COMPREPLY=($(compgen -W \"en ko\" -- \"${cur}\"))\n";
    // Of `explain` and of `rules`.
    assert_eq!(text.matches(languages).count(), 2, "{text}");
}

#[test]
fn what_was_not_judged_did_not_pass() {
    let stage = Stage::new(&[("slow", Validate::Run("(loop $again (br $again))"))]);
    stage.write("pod.yaml", POD);
    let (status, text, _) = stage.run(&["--time-limit", "50", "--format", "junit", "pod.yaml"]);
    assert_eq!(
        (status, elements(&text)),
        (
            2,
            vec![
                r#"<testsuites name="preflight" tests="1" skipped="0" failures="0" errors="1">"#,
                r#"<testsuite name="preflight" tests="1" skipped="0" errors="1" failures="0">"#,
                r#"<testcase name="pod.yaml:1" classname="pod.yaml" file="pod.yaml" line="1">"#,
            ]
        )
    );
}

#[test]
fn a_report_takes_the_place_of_nothing_that_is_read() {
    let stage = stage();
    stage.write("there/old.yaml", SERVICE);
    stage.write("settings.yaml", "{}\n");
    stage.write("known.json", "{\"version\": 1, \"findings\": []}\n");
    stage.write("m/.preflight.yaml", "{}\n");
    let reads = "this run reads it";
    for (file, why) in [
        ("m/service.yaml", reads),
        ("m/broken.yaml", reads),
        ("./m/../m/a pod.yaml", reads),
        ("there/old.yaml", reads),
        ("settings.yaml", reads),
        ("known.json", reads),
        ("m/.preflight.yaml", "it is the configuration of a project"),
    ] {
        let before = stage.read(file);
        let report = format!("json={file}");
        let arguments = [
            "--report",
            "html=page.html",
            "--report",
            &report,
            "--settings",
            "settings.yaml",
            "--baseline",
            "known.json",
            "--old",
            "there",
            "m",
        ];
        assert_eq!(
            stage.run(&arguments),
            err(&format!("{file} is not written: {why}; name another file"))
        );
        assert_eq!(stage.read(file), before);
        assert!(!stage.path().join("page.html").exists());
    }
    // The last report is in the folder, and no manifest.
    for _ in 0..2 {
        let (_, _, errors) = stage.run(&["--report", "json=m/report.json", "m"]);
        assert_eq!(errors, "");
    }
}

#[test]
fn a_report_takes_the_place_of_reports_alone() {
    let stage = Stage::new(&[("strict", Validate::Answer(REFUSAL))]);
    stage.write("m/pod.yaml", POD);
    stage.write("none/service.yaml", SERVICE);
    for format in [
        "table", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let report = format!("{format}=out/report");
        stage.write("out/report", "");
        for paths in ["none", "m", "none", "m"] {
            let (_, _, errors) = stage.run(&["--report", &report, paths]);
            assert_eq!(errors, "", "{format}");
        }
        // One in another format is one, too.
        let (_, _, errors) = stage.run(&["--report", "json=out/report", "m"]);
        assert_eq!(errors, "", "{format}");
        stage.write("out/report", "# notes\n");
        let why = "what is there is not a report of preflight; remove it, or name another file";
        assert_eq!(
            stage.run(&["--report", &report, "m"]),
            err(&format!("out/report is not written: {why}")),
            "{format}"
        );
        assert_eq!(stage.read("out/report"), "# notes\n");
    }
    let two = ["--report", "json=new", "--report", "junit=new", "m"];
    assert_eq!(
        stage.run(&two),
        err("new is to be two reports: name a file for each")
    );
    if cfg!(unix) {
        let (status, ..) = stage.run(&[
            "--report",
            "json=/dev/null",
            "--report",
            "junit=/dev/null",
            "m",
        ]);
        assert_eq!(status, 1);
        // By another name, or what a manifest is built from.
        std::fs::hard_link(stage.path().join("m/pod.yaml"), stage.path().join("h.json")).unwrap();
        let (status, ..) = stage.run(&["--report", "json=h.json", "m"]);
        assert_eq!((status, &*stage.read("m/pod.yaml")), (2, POD));
    }
}
