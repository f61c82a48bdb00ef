//! Names, paths and files of strangers: nothing of them is obeyed, and nothing of them is read without an end.

use serde_json::Value;

use crate::{
    guests::Validate,
    stage::{Outcome, Stage, err},
};

/// What a terminal or a build server obeys, or a reader does not see.
const EVIL: &str = "x\n::error::a\r::b\t##[error]c ##vso[x]d\u{1b}[2J\u{85}::e\u{2028}::f\u{202e}\u{2066}\u{200b}\u{feff}\
                    ##teamcity[g] [t](https://example.com)";

/// The strings of JSON are strings of YAML.
fn quoted(text: &str) -> String {
    escaped(&serde_json::to_string(text).unwrap())
}

/// JSON in ASCII.
fn escaped(json: &str) -> String {
    let escape = |character: char| match character {
        ' '..='~' => character.to_string(),
        _ => format!("\\u{:04x}", u32::from(character)),
    };
    json.chars().map(escape).collect()
}

/// No line begins with a command, and none is elsewhere in it.
fn assert_safe((_, text, errors): &Outcome) {
    for line in text.lines().chain(errors.lines()) {
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        for command in ["##", "\u{1b}", "\r", "\t"] {
            assert!(!line.contains(command), "{line:?}");
        }
        let is_unseen = |character: char| {
            character.is_control() || "\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}".contains(character)
        };
        assert!(!line.contains(is_unseen), "{line:?}");
    }
}

fn stage() -> Stage {
    let message = serde_json::json!({
        "accepted": false,
        "message": format!("Pod a violates p: spec.a: {EVIL}; fix: {EVIL} [some_rule]"),
        "warnings": [EVIL, format!("p: spec.b: {EVIL}")],
    });
    let message = escaped(&message.to_string());
    let stage = Stage::new(&[
        ("p", Validate::Answer(&message)),
        ("q", Validate::Answer(&message.replace("violates", "hates"))),
    ]);
    let evil = quoted(EVIL);
    stage.write(
        "m/a.yaml",
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {evil}, namespace: {evil}}}\n---\napiVersion: v1\nkind: {evil}\n"),
    );
    let holds_pods = format!(
        "apiVersion: {evil}\nkind: Other\nspec: {{{evil}: {{containers: [{{name: a}}]}}}}\n"
    );
    stage.write("m/b.yaml", holds_pods);
    #[cfg(unix)]
    {
        stage.write("m/::c\n::error::file.yaml", "kind: [\n");
        stage.write("m/.##vso[hidden].yaml", "");
        stage.write("m/::note\u{202e}.yaml", "a: 1\n");
    }
    stage
}

#[test]
fn nothing_of_a_report_is_a_command_whatever_the_format_and_the_width() {
    let stage = stage();
    for format in [
        "table", "json", "sarif", "junit", "gitlab", "markdown", "html",
    ] {
        for width in ["40", "80", "120", "200", "400"] {
            let outcome = stage.run(&["--format", format, "--frame", "--width", width, "m"]);
            assert_eq!(outcome.0, 2);
            assert_safe(&outcome);
        }
    }
    // Here each line is a command, and nothing in one is.
    let (_, text, errors) = stage.run(&["--format", "github", "m"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > 9, "{text}");
    for line in lines {
        let names = ["::error ", "::warning ", "::notice "];
        let command = names.iter().find_map(|name| line.strip_prefix(name));
        let (properties, message) = command.unwrap().split_once("::").unwrap();
        let names: Vec<&str> = properties
            .split(',')
            .map(|property| property.split_once('=').unwrap().0)
            .collect();
        assert!(
            [&["file", "line", "title"][..], &["file", "title"]].contains(&names.as_slice()),
            "{line}"
        );
        let message = message.replace("%0A", "").replace("%25", "");
        assert!(
            !properties.contains(": ") && !message.contains('%'),
            "{line}"
        );
        assert_safe(&(0, message.replace("::", ""), errors.clone()));
    }
    let (_, text, _) = stage.run(&["--format", "json", "m"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        report["refusals"][0]["object"]["name"], EVIL,
        "data are exact"
    );
    let (_, text, _) = stage.run(&["--format", "sarif", "m"]);
    assert!(!text.contains("[t]("), "a link");
    assert!(text.contains("[t] ("), "no link");
}

#[test]
fn a_line_break_is_a_sign_that_is_seen() {
    let stage = Stage::new(&[(
        "p",
        Validate::Answer(r#"{"accepted":false,"message":"no"}"#),
    )]);
    stage.write(
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"x\\n::error::y\"}\n",
    );
    let expected = "REFUSED  Pod default/x␊::error::y  by p\n  a.yaml:1\n    no\n\n1 object, 1 policy: 1 refused\n";
    assert_eq!(
        stage.run(&["a.yaml"]),
        (1, expected.to_owned(), String::new())
    );
}

#[test]
fn no_error_and_no_other_command_is_obeyed() {
    let stage = stage();
    let evil = quoted(EVIL);
    let policy = |module: &str, more: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {{name: {evil}}}\nspec:\n  \
             module: {module}\n  mutating: false\n  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], \
             operations: [CREATE]}}]\n{more}"
        )
    };
    stage.write("good.yaml", policy("p", ""));
    stage.write(
        "foreign.yaml",
        policy("p", "") + "---\n" + &policy(&evil, "").replacen("x\\n", "y\\n", 1),
    );
    stage.write("unknown.yaml", policy(&evil, ""));
    stage.write("wrong.yaml", policy("p", "  settings: {wrong: 1}\n"));
    stage.write("settings.yaml", format!("{evil}: {{}}\n"));
    stage.write(
        "review.json",
        r#"{"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods\n::x ##[y]"}, "object": {}}"#,
    );
    let review_of = |operation: &str| {
        format!(
            r#"{{"operation": "{operation}", "kind": {{"group": "", "version": "v1", "kind": "Pod"}}, "resource": {{"group": "", "version": "v1", "resource": "pods"}}, "object": {{}}}}"#
        )
    };
    stage.write("create.json", review_of("CREATE"));
    for arguments in [
        &["--policies-from", "good.yaml", "m"][..],
        &["--policies-from", "foreign.yaml", "m"],
        &["--policies-from", "unknown.yaml", "m"],
        &["--policies-from", "wrong.yaml", "m"],
        &["--policies-from", "::no\n::error::such", "m"],
        &["--settings", "settings.yaml", "m"],
        &["--settings", "::no\n::error::such", "m"],
        &["--exclude", "[\n::error::x", "m"],
        &["--policy", "\n::error::x", "m"],
        &["--no\n::error::x", "m"],
        &["\n::error::x"],
        &["policies", "--policies-from", "good.yaml"],
        &[
            "policies",
            "--policies-from",
            "good.yaml",
            "--format",
            "json",
        ],
        &["policies", "--policies-from", "foreign.yaml"],
        &["review", "review.json"],
        &["review", "create.json"],
        &["review", "create.json", "--format", "json"],
        &["review", "--cluster", "m", "create.json"],
        &["review", "::no\n::error::such"],
    ] {
        assert_safe(&stage.run(arguments));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_device_are_a_problem_wherever_they_are_named() {
    let stage = Stage::new(&[("p", Validate::Answer(r#"{"accepted":true}"#))]);
    stage.write("pod.yaml", "apiVersion: v1\nkind: Pod\n");
    let pipe = stage.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink(&pipe, stage.path().join("link")).unwrap();
    let advice = "write into standard input instead, and name that `-`";
    for (path, what) in [
        ("pipe", "it is a pipe"),
        ("link", "it is a pipe"),
        ("/dev/zero", "it is a device"),
    ] {
        let text = format!("{path}: cannot be read: {what}; {advice}");
        for arguments in [
            ["--settings", path, "pod.yaml"],
            ["--policies-from", path, "pod.yaml"],
            ["review", "--cluster", path],
        ] {
            let mut arguments = arguments.to_vec();
            if arguments[0] == "review" {
                arguments.push("review.json");
                stage.write(
                    "review.json",
                    r#"{"operation": "CREATE", "kind": {"kind": "Pod"}, "resource": {"resource": "pods"}, "object": {}}"#,
                );
            }
            assert_eq!(stage.run(&arguments), err(&text), "{arguments:?}");
        }
        assert_eq!(stage.run(&["review", path]), err(&text));
        for arguments in [
            &[path][..],
            &["--cluster", path, "pod.yaml"],
            &["--old", path, "pod.yaml"],
        ] {
            let (status, table, _) = stage.run(arguments);
            let problem = format!("PROBLEM  {path}\n    cannot be read: {what}; {advice}\n");
            assert!(table.starts_with(&problem), "{table}");
            assert_eq!(status, 2);
        }
    }
}

#[test]
fn standard_input_has_a_limit() {
    let stage = Stage::new(&[("p", Validate::Answer(r#"{"accepted":true}"#))]);
    let input = "#\n".repeat(33 * 1024 * 1024);
    let expected = "PROBLEM  -
    cannot be read: there is more than 64 MiB; split it

0 objects, 1 policy
1 input could not be checked
";
    assert_eq!(
        stage.run_with_input(&["-"], &input),
        (2, expected.to_owned(), String::new())
    );
}
