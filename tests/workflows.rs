//! The workflows of the code host: what they run exists, what they use is pinned, and no job may do more than it says.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;

use bundle_tests::{read, repository, yaml};
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
    for target in ["ci", "test", "check", "reproducible", "fuzz"] {
        assert!(made.contains(target), "no workflow runs `make {target}`");
    }
}

/// The names of the archives are in three places.
#[test]
fn the_action_finds_the_archives_of_a_release() {
    let action = read(&repository("action.yml")).unwrap();
    let (_, _, release) = workflows()
        .find(|(file, ..)| file.ends_with("release.yml"))
        .unwrap();
    let built = release["jobs"]["preflight"]["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap();
    let built: BTreeSet<&str> = built
        .iter()
        .map(|one| one["target"].as_str().unwrap())
        .collect();
    let wanted: BTreeSet<&str> = action
        .lines()
        .filter_map(|line| line.split_once("target=")?.1.split_once(' '))
        .map(|(target, _)| target)
        .collect();
    assert_eq!(built, wanted);
    let packed = read(&repository(".github/workflows/release.yml")).unwrap();
    assert!(packed.contains("preflight-${{ matrix.target }}.tar.gz"));
    assert!(action.contains("preflight-$target.tar.gz"));
}

/// The runner obeys lines that begin with `::`, and the report repeats the words of manifests.
#[cfg(unix)]
#[test]
fn what_preflight_prints_in_the_action_is_no_command() {
    use std::os::unix::fs::PermissionsExt;

    let (_, _, action) = files()
        .into_iter()
        .find(|(file, ..)| file == "action.yml")
        .unwrap();
    let check = &action["runs"]["steps"][1];
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path().join("preflight");
    // It writes its commands where it is told to.
    let program = "#!/bin/sh\necho \"$@\" | sed 's/github=[^ ]*/github=FILE/'\necho ::error::x\nprintf 'no line break'\n\
                   for a; do case $a in github=*) echo ::notice::y > \"${a#github=}\";; esac; done\nexit 3\n";
    std::fs::write(&fake, program).unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let run = |annotations: &str| {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-eo", "pipefail", "-c", check["run"].as_str().unwrap()]);
        for name in check["env"].as_object().unwrap().keys() {
            bash.env(name, "");
        }
        let output = bash
            .env("PATH", &path)
            .env("PATHS", "a b\nc")
            .env(
                "FAIL_ON",
                action["inputs"]["fail-on"]["default"].as_str().unwrap(),
            )
            .env("SARIF", "x.sarif")
            .env("ANNOTATIONS", annotations)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        let token = lines[0]
            .strip_prefix("::stop-commands::")
            .unwrap()
            .to_owned();
        let (argument, command) = match annotations {
            "true" => (" --report github=FILE", Some("::notice::y")),
            _ => ("", None),
        };
        let mut expected = vec![
            format!("--report sarif=x.sarif --fail-on unjudged{argument} -- a b c"),
            "::error::x".to_owned(),
            "no line break".to_owned(),
            format!("::{token}::"),
        ];
        expected.extend(command.map(ToOwned::to_owned));
        assert_eq!(lines[1..], expected);
        token
    };
    let tokens = [run("true"), run("false")];
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| token.len() == 32));
}
