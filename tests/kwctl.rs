//! `make e2e` with a stand-in for `kwctl` on the PATH, which says the same to everything; and what the real one does to a
//! request before a policy gets it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use bundle_tests::session::Recorder;
use bundle_tests::{Case, Input, cases, names, policies, read};
use k8s_openapi::api::authentication::v1::UserInfo;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A case that is accepted without a word, and one whose settings are wrong.
const ACCEPTED: &str = "hostpath-mounts/_general/accepts-a-connect";
const WRONG: &str = "hostpath-mounts/_general/settings-with-a-misspelt-name-are-wrong";

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("kwctl")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("bin")).unwrap();
    folder
}

/// Runs `e2e` where `kwctl` is this script, or where there is none. Its status and what it printed.
fn e2e(folder: &Path, kwctl: Option<&str>, part: &str) -> (i32, String) {
    let bin = folder.join("bin");
    if let Some(script) = kwctl {
        let path = bin.join("kwctl");
        let version = "if [ \"$1\" = --version ]; then echo kwctl 0.0.0; exit; fi";
        fs::write(&path, format!("#!/bin/sh\n{version}\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_e2e"))
        .arg(folder.join("cases"))
        .arg(part)
        .env("PATH", bin)
        // There it does not go without kwctl.
        .env_remove("CI")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let printed = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), printed)
}

#[test]
fn fails_in_ci_where_there_is_no_kwctl() {
    let folder = folder("ci");
    let output = Command::new(env!("CARGO_BIN_EXE_e2e"))
        .arg(folder.join("cases"))
        .env("PATH", folder.join("bin"))
        .env("CI", "true")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "kwctl is not on the PATH: CI has to install it before `make e2e`\n"
    );
}

#[test]
fn agrees_with_a_kwctl_that_answers_the_same() {
    let folder = folder("agrees");
    // It leaves behind what it was called with.
    let script = r#"echo "$@" >"${0%/*}/called"
echo "a log" >&2
echo '{"uid":"00000000-0000-4000-8000-000000000001","allowed":true,"auditAnnotations":null,"warnings":null}'"#;
    let (status, printed) = e2e(&folder, Some(script), ACCEPTED);
    assert_eq!(
        printed,
        "cases replayed through kwctl 0.0.0: 1, ended in another way: 0\n"
    );
    assert_eq!(status, 0);
    let case = folder.join("cases").join(ACCEPTED);
    let called = read(&folder.join("bin/called")).unwrap();
    let wasm = bundle_tests::repository("dist/hostpath-mounts.wasm");
    assert_eq!(
        called,
        format!(
            "run --request-path {case}/request.json --settings-json {{}} --allow-context-aware \
             --replay-host-capabilities-interactions {case}/session.yml {}\n",
            wasm.display(),
            case = case.display()
        )
    );
}

#[test]
fn tells_of_a_kwctl_that_answers_something_else() {
    let script = r#"echo '{"uid":"00000000-0000-4000-8000-000000000001","allowed":false,"status":{"message":"no","code":403}}'"#;
    let (status, printed) = e2e(&folder("differs"), Some(script), ACCEPTED);
    let lines = [
        "hostpath-mounts/_general/accepts-a-connect:",
        "  allowed: false instead of true",
        "  status.code: 403 instead of nothing",
        "  status.message: \"no\" instead of nothing",
        "cases replayed through kwctl 0.0.0: 1, ended in another way: 1",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), lines);
    assert_eq!(status, 1);
}

#[test]
fn wants_wrong_settings_to_fail_in_the_words_of_the_policy() {
    let script = "echo 'Error: Provided settings are not valid: something else' >&2; exit 1";
    let (status, printed) = e2e(&folder("settings"), Some(script), WRONG);
    assert!(
        printed
            .contains("it should fail with \"Provided settings are not valid: wrong settings of"),
        "{printed}"
    );
    assert_eq!(status, 1);
    // The words that it should have said, said.
    let Some((_, words)) = printed.split_once("with \"") else {
        panic!("{printed}");
    };
    let (words, _) = words.split_once("\", but it failed with ").unwrap();
    let words: String = serde_json::from_str(&format!("\"{words}\"")).unwrap();
    let script = format!("cat >&2 <<'END'\nError: {words}\nEND\nexit 1");
    let script = script.replace("cat", "/bin/cat");
    let (status, printed) = e2e(&folder("settings"), Some(&script), WRONG);
    assert_eq!((status, printed.lines().count()), (0, 1), "{printed}");
}

#[test]
fn writes_the_cases_where_there_is_no_kwctl() {
    let folder = folder("none");
    let (status, printed) = e2e(&folder, None, "");
    let written = folder.join("cases");
    let below = |folder: PathBuf| {
        let names = names(&folder).unwrap().into_iter();
        names.map(move |name| folder.join(name))
    };
    let rules = below(written.clone()).flat_map(below);
    let cases = rules.flat_map(below).count();
    assert_eq!(
        printed,
        format!(
            "kwctl is not on the PATH: {cases} cases written to {}, none replayed\n",
            written.display()
        )
    );
    assert_eq!((status, cases), (0, bundle_tests::cases().unwrap().len()));
    let files = ["request.json", "session.yml", "settings.json"];
    assert_eq!(names(&written.join(ACCEPTED)).unwrap(), files);
}

/// A request as `kwctl` reads it and hands it on.
///
/// Source: kubewarden-controller, `crates/policy-evaluator/src/admission_request.rs`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionRequest {
    uid: String,
    kind: GroupVersionKind,
    resource: GroupVersionResource,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_kind: Option<GroupVersionKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_resource: Option<GroupVersionResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    operation: String,
    user_info: UserInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<RawExtension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_object: Option<RawExtension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<RawExtension>,
}

#[derive(Deserialize, Serialize)]
struct GroupVersionKind {
    group: String,
    version: String,
    kind: String,
}

#[derive(Deserialize, Serialize)]
struct GroupVersionResource {
    group: String,
    version: String,
    resource: String,
}

#[test]
fn what_kwctl_makes_of_a_request_is_judged_the_same() {
    let mut judged = 0;
    for (policy, name) in cases().unwrap() {
        let guest = policies::load(&policy).unwrap();
        let Input::Request {
            request,
            settings,
            cluster,
        } = Case::read(&policy, &name).unwrap().input
        else {
            continue;
        };
        let settings = settings.unwrap_or_else(|| json!({}));
        let judge = |request: &Value| {
            let host = Arc::new(Recorder::new(cluster.host(guest.metadata()), &guest));
            let response = guest.validate(request, &settings, Arc::clone(&host));
            (response.unwrap(), host.exchanges())
        };
        let handed_on: AdmissionRequest = serde_json::from_value(request.clone()).unwrap();
        let handed_on = serde_json::to_value(handed_on).unwrap();
        assert_eq!(judge(&handed_on), judge(&request), "{policy}/{name}");
        judged += 1;
    }
    assert!(judged > 300, "{judged} cases");
}
