//! The workflows of the code host: what they run exists, what they use is pinned, and no job may do more than it says.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;

use bundle_tests::{read, repository, yaml};
use regex::Regex;
use serde_json::{Value, json};

const FOLDER: &str = ".github/workflows";

/// Name, text and content of each workflow, and of the action.
fn files() -> Vec<(String, String, Value)> {
    let workflows = std::fs::read_dir(repository(FOLDER)).unwrap();
    let workflows =
        workflows.map(|file| format!("{FOLDER}/{}", file.unwrap().file_name().display()));
    let mut files: Vec<String> = workflows.chain(["action.yml".to_owned()]).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = read(&repository(&file)).unwrap();
            let content = yaml::read(&text).unwrap();
            (file, text, content)
        })
        .collect()
}

fn workflows() -> impl Iterator<Item = (String, String, Value)> {
    files()
        .into_iter()
        .filter(|(file, ..)| file.starts_with(FOLDER))
}

#[test]
fn actions_are_pinned_to_a_commit_and_say_which_version_that_is() {
    let mut pinned = 0;
    for (file, text, content) in workflows() {
        let jobs = content["jobs"].as_object().unwrap().values();
        for step in jobs.flat_map(|job| job["steps"].as_array().unwrap()) {
            let Some(uses) = step["uses"].as_str() else {
                continue;
            };
            let (_, commit) = uses.split_once('@').unwrap();
            let is_commit =
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit, "{file}: {uses}");
            assert!(text.contains(&format!("{uses} # v")), "{file}: {uses}");
            pinned += 1;
        }
    }
    assert!(pinned > 0);
}

#[test]
fn jobs_may_only_read_unless_they_say_otherwise() {
    for (file, _, content) in workflows() {
        let read_only = [json!({}), json!({"contents": "read"})];
        assert!(read_only.contains(&content["permissions"]), "{file}");
        for (name, job) in content["jobs"].as_object().unwrap() {
            let writes = job["permissions"].as_object().into_iter().flatten();
            let writes = writes.filter(|(_, level)| *level == "write").count();
            assert!(writes == 0 || name == "publish", "{file}: {name}");
            assert!(
                job["timeout-minutes"].is_u64(),
                "{file}: {name} has no limit"
            );
        }
    }
}

#[test]
fn no_token_stays_behind_in_a_checkout() {
    for (file, _, content) in workflows() {
        for (name, job) in content["jobs"].as_object().unwrap() {
            for step in job["steps"].as_array().unwrap() {
                let uses = step["uses"].as_str().unwrap_or_default();
                if uses.starts_with("actions/checkout@") {
                    assert_eq!(
                        step["with"]["persist-credentials"],
                        json!(false),
                        "{file}: {name}"
                    );
                }
            }
        }
    }
}

/// What comes from outside of the repository goes through the environment: in a script it would be run.
#[test]
fn scripts_have_no_expressions_but_of_the_matrix() {
    for (file, _, content) in files() {
        let jobs = content["jobs"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, job)| job);
        for job in jobs.chain([&content["runs"]]) {
            for step in job["steps"].as_array().into_iter().flatten() {
                let script = step["run"].as_str().unwrap_or_default();
                assert!(
                    !script.replace("${{ matrix.", "").contains("${{"),
                    "{file}: {script}"
                );
            }
        }
    }
}

#[test]
fn what_they_run_exists() {
    let makefile = read(&repository("Makefile")).unwrap();
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter_map(|line| line.strip_prefix(".PHONY: "))
        .collect();
    let mut made = BTreeSet::new();
    let texts = files().into_iter().map(|(file, text, _)| (file, text));
    // What `make ci` runs.
    let run = (".ci/run".to_owned(), read(&repository(".ci/run")).unwrap());
    for (file, text) in texts.chain([run]) {
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                if pair[0] == "make" || pair[0] == "`make" {
                    let target = pair[1].trim_matches(|c: char| !c.is_ascii_alphanumeric());
                    assert!(targets.contains(target), "{file}: make {target}");
                    made.insert(target.to_owned());
                }
            }
            for tool in words.iter().filter(|word| word.starts_with("tools/")) {
                assert!(repository(tool).is_file(), "{file}: {tool}");
            }
        }
    }
    for target in [
        "ci",
        "test",
        "check",
        "workflows",
        "reproducible",
        "fuzz",
        "e2e",
    ] {
        assert!(made.contains(target), "no workflow runs `make {target}`");
    }
}

/// A runner with a number is taken away one day. Renovate raises those that have no `-latest`, where it finds them.
#[test]
fn runners_do_not_go_out_of_service_unnoticed() {
    let renovate: Value =
        serde_json::from_str(&read(&repository("renovate.json")).unwrap()).unwrap();
    let patterns = renovate["customManagers"].as_array().unwrap();
    let raised = patterns
        .iter()
        .find(|manager| manager["datasourceTemplate"] == "github-runners")
        .unwrap();
    let raised = raised["matchStrings"][0].as_str().unwrap();
    let raised = Regex::new(raised).unwrap();
    let mut numbered = 0;
    for (file, text, content) in workflows() {
        for (name, job) in content["jobs"].as_object().unwrap() {
            let matrix = &job["strategy"]["matrix"];
            let included = matrix["include"].as_array().into_iter().flatten();
            let of_matrix = included.map(|one| &one["runner"]);
            let of_matrix = of_matrix.chain(matrix["runner"].as_array().into_iter().flatten());
            let runners: Vec<&str> = of_matrix.filter_map(Value::as_str).collect();
            let runs_on = job["runs-on"].as_str().unwrap();
            let runners = if runs_on == "${{ matrix.runner }}" {
                runners
            } else {
                vec![runs_on]
            };
            assert!(!runners.is_empty(), "{file}: {name}");
            for runner in runners {
                let is_raised = raised
                    .find_iter(&text)
                    .any(|found| found.as_str() == format!("runner: {runner}"));
                assert!(
                    runner.ends_with("-latest") || is_raised,
                    "{file}: {name}: {runner}"
                );
                numbered += usize::from(is_raised && !runner.ends_with("-latest"));
            }
        }
    }
    assert!(numbered > 0, "then renovate.json has a rule too many");
}

/// A target that does not build takes away neither the others nor the modules.
#[test]
fn a_release_comes_out_without_a_target_that_failed() {
    let (_, _, release) = workflows()
        .find(|(file, ..)| file.ends_with("release.yml"))
        .unwrap();
    let jobs = &release["jobs"];
    assert_eq!(jobs["preflight"]["strategy"]["fail-fast"], json!(false));
    assert_eq!(jobs["publish"]["needs"], json!(["modules", "preflight"]));
    let condition = "${{ !cancelled() && needs.modules.result == 'success' }}";
    assert_eq!(jobs["publish"]["if"], json!(condition));
}

/// What an input says reaches the command, and each input is read.
#[test]
fn every_input_of_the_action_is_passed_by_the_environment() {
    let (_, text, action) = files()
        .into_iter()
        .find(|(file, ..)| file == "action.yml")
        .unwrap();
    for name in action["inputs"].as_object().unwrap().keys() {
        let variable = name.to_uppercase().replace('-', "_");
        let passed = format!("{variable}: ${{{{ inputs.{name} }}}}");
        assert_eq!(text.matches(&passed).count(), 1, "{name}");
        let read = text.contains(&format!("\"${variable}\""))
            || text.contains(&format!("${{{variable}:-"));
        assert!(read || text.contains(&format!("=${variable}\"")), "{name}");
    }
}

/// The runner obeys lines that begin with `::`, and the report repeats the words of manifests: what marks lines of a
/// change comes through, and nothing else does.
#[cfg(unix)]
#[test]
fn what_preflight_prints_in_the_action_is_no_command_but_marks() {
    use std::os::unix::fs::PermissionsExt;

    let (_, _, action) = files()
        .into_iter()
        .find(|(file, ..)| file == "action.yml")
        .unwrap();
    let check = &action["runs"]["steps"][1];
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path().join("preflight");
    let program = "#!/bin/sh\nprintf '<%s> ' \"$@\"\necho\necho ::set-env name=x::y\n\
                   echo ::error file=a.yaml,line=1::x\nprintf 'no line break'\nexit 3\n";
    std::fs::write(&fake, program).unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |inputs: &[(&str, &str)], arguments: &str| {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-eo", "pipefail", "-c", check["run"].as_str().unwrap()]);
        for name in check["env"].as_object().unwrap().keys() {
            bash.env(name, "");
        }
        bash.env("COMMAND", &fake).envs(inputs.iter().copied());
        let output = bash.output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let token = lines[0].strip_prefix("::stop-commands::").unwrap();
        let expected = [
            arguments,
            "::set-env name=x::y",
            "no line break",
            &format!("::{token}::"),
            "::error file=a.yaml,line=1::x",
        ];
        assert_eq!(lines[1..], expected);
        token.to_owned()
    };
    let unjudged = action["inputs"]["fail-on"]["default"].as_str().unwrap();
    let tokens = [
        run(
            &[("FAIL_ON", unjudged)],
            "<--report> <github> <--fail-on=unjudged> <--> ",
        ),
        run(
            &[
                ("PATHS", "a b\r\n\n-c\n"),
                ("OLD", "o"),
                ("POLICIES_FROM", "p"),
                ("POLICY", "one\ntwo"),
                ("WASM", "registry://w"),
                ("SETTINGS", "s"),
                ("CONFIG", "f"),
                ("CLUSTER", "$(id)"),
                ("NAMESPACE", "n"),
                ("EXCLUDE", "--x"),
                ("NO_IGNORE", "true"),
                ("RENDER", "true"),
                ("FAIL_ON", "warning"),
                ("SARIF", "x.sarif"),
            ],
            "<--report> <github> <--old=o> <--policies-from=p> <--policy=one> <--policy=two> \
             <--wasm=registry://w> <--settings=s> <--config=f> <--cluster=$(id)> <--namespace=n> \
             <--exclude=--x> <--fail-on=warning> <--report=sarif=x.sarif> <--no-ignore> <--render> <--> <a b> <-c> ",
        ),
    ];
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| token.len() == 32));
}
