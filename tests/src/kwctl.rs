//! Cases, replayed through a real `kwctl`: what it is given, how it has to end, and how it did.
//!
//! Source: kubewarden/adm-controller, `crates/kwctl/src/command/run.rs` and `src/config/policy_definition.rs`, and
//! `crates/policy-evaluator/src/admission_response.rs`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::{fs, io};

use preflight::Policy;
use serde_json::{Value, json};

use crate::session::{self, Recorder};
use crate::{Case, Input, complete, read, repository, yaml};

/// What `kwctl` says of settings that are neither a map nor null, before it asks the policy.
const NO_MAP: &str = "Invalid settings in CRD, not an object";

/// What it says of exchanges that were not asked for, in its log.
const LEFT_OVER: &str = "have not been replayed";

/// A case as `kwctl run` takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The admission request.
    pub request: Value,
    /// The settings.
    pub settings: Value,
    /// What the policy asks its host and is told, as a session file.
    pub session: String,
    /// How `kwctl` has to end.
    pub ending: Ending,
}

/// How `kwctl` has to end.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// With the answer that `expected.yaml` has. The look-ups in there it does not print; a session is strict enough.
    Answer(Value),
    /// With some answer: it asks for one only after it has found the settings valid.
    ValidSettings,
    /// Without an answer, and with these words for it.
    Failure(String),
}

/// How `kwctl` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whether its status was 0. It is for a refused request, too.
    pub success: bool,
    /// Its answer.
    pub stdout: String,
    /// Its log, and what went wrong.
    pub stderr: String,
}

impl Replay {
    /// Runs a case in our own engine, and writes down what its host was asked.
    pub fn record(case: &Case, policy: &Policy) -> Result<Self, String> {
        let expected = yaml::read(&read(&case.expected())?)?;
        let (request, settings, session) = match &case.input {
            // Something has to be asked after the settings. No policy reads a Namespace.
            Input::Settings(settings) => {
                let namespace =
                    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
                let request = complete(&json!({ "object": namespace }))?;
                (request, settings.clone(), session::render(&[])?)
            }
            Input::Request {
                request,
                settings,
                cluster,
            } => {
                let settings = settings.clone().unwrap_or_else(|| json!({}));
                let host = Arc::new(Recorder::new(cluster.host(policy.metadata()), policy));
                policy
                    .validate(request, &settings, Arc::clone(&host))
                    .map_err(|error| error.to_string())?;
                (
                    request.clone(),
                    settings,
                    session::render(&host.exchanges())?,
                )
            }
        };
        let checked = policy
            .validate_settings(&settings)
            .map_err(|error| error.to_string())?;
        let ending = if !settings.is_object() && !settings.is_null() {
            Ending::Failure(NO_MAP.to_owned())
        } else if let Some(message) = checked.message {
            // Since 1.36; before, the message stood in quotes.
            Ending::Failure(format!("Provided settings are not valid: {message}"))
        } else if matches!(case.input, Input::Settings(_)) {
            Ending::ValidSettings
        } else {
            Ending::Answer(expected)
        };
        Ok(Self {
            request,
            settings,
            session,
            ending,
        })
    }

    /// Writes `request.json`, `settings.json` and `session.yml` into a folder.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let failed = |error: io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(failed)?;
        for (name, text) in [
            ("request.json", format!("{:#}\n", self.request)),
            ("settings.json", format!("{}\n", self.settings)),
            ("session.yml", self.session.clone()),
        ] {
            fs::write(folder.join(name), text).map_err(failed)?;
        }
        Ok(())
    }

    /// Runs `kwctl` on the files in a folder. An error when it cannot be started.
    pub fn run(&self, policy: &str, folder: &Path) -> Result<Ended, String> {
        let wasm = repository(&format!("dist/{policy}.wasm"));
        let output = kwctl()
            .arg("run")
            .arg("--request-path")
            .arg(folder.join("request.json"))
            .arg("--settings-json")
            .arg(self.settings.to_string())
            // With a session it never looks for a cluster.
            .arg("--allow-context-aware")
            .arg("--replay-host-capabilities-interactions")
            .arg(folder.join("session.yml"))
            .arg(wasm)
            .output()
            .map_err(|error| format!("kwctl: {error}"))?;
        Ok(Ended {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// What is not as it has to be, a line each.
    #[must_use]
    pub fn differences(&self, ended: &Ended) -> Vec<String> {
        let answer = ended.stdout.lines().rfind(|line| !line.trim().is_empty());
        let answer: Option<Value> = answer.and_then(|line| serde_json::from_str(line).ok());
        match (&self.ending, answer) {
            (Ending::Failure(words), _) if !ended.success && ended.stderr.contains(words) => vec![],
            (Ending::Failure(words), _) => {
                vec![format!(
                    "it should fail with {words:?}, but {}",
                    ended.summary()
                )]
            }
            (_, Some(answer)) if ended.success && answer.get("allowed").is_some() => {
                match &self.ending {
                    Ending::Answer(expected) => self.compare(expected, &answer, ended),
                    _ => vec![],
                }
            }
            (_, _) => vec![format!("it should answer, but {}", ended.summary())],
        }
    }

    fn compare(&self, expected: &Value, answer: &Value, ended: &Ended) -> Vec<String> {
        let wanted = [
            ("/uid", self.request.get("uid")),
            ("/allowed", expected.get("accepted")),
            ("/status/code", expected.get("code")),
            ("/status/message", expected.get("message")),
            ("/warnings", expected.get("warnings")),
            ("/auditAnnotations", expected.get("auditAnnotations")),
            ("/patch", None),
        ];
        let mut lines = Vec::new();
        for (pointer, wanted) in wanted {
            let (wanted, said) = (wanted.filter(said), answer.pointer(pointer).filter(said));
            if wanted != said {
                let text = |value: Option<&Value>| {
                    value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
                };
                let field = pointer.trim_start_matches('/').replace('/', ".");
                lines.push(format!(
                    "{field}: {} instead of {}",
                    text(said),
                    text(wanted)
                ));
            }
        }
        if ended.stderr.contains(LEFT_OVER) {
            lines.push("the policy asks its host for less than it was recorded to".to_owned());
        }
        lines
    }
}

impl Ended {
    /// The end in one line.
    fn summary(&self) -> String {
        let said = [self.stderr.as_str(), self.stdout.as_str()];
        let last = said
            .iter()
            .find_map(|text| text.lines().rfind(|line| !line.trim().is_empty()));
        let how = if self.success {
            "it succeeded"
        } else {
            "it failed"
        };
        format!("{how} with {:?}", last.unwrap_or_default())
    }
}

/// Whether a value says something. `kwctl` prints `null` where a policy says nothing, an SDK sends empty lists.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "it is handed to filter")]
fn said(value: &&Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// What the `kwctl` on the PATH calls itself. None where there is none.
pub fn version() -> Result<Option<String>, String> {
    match kwctl().arg("--version").output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            Ok(Some(
                text.lines().next().unwrap_or_default().trim().to_owned(),
            ))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("kwctl: {error}")),
    }
}

fn kwctl() -> Command {
    let mut command = Command::new("kwctl");
    // A backtrace would become part of what the host says, and a filter would hide what it warns of.
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LOG");
    command
}

#[cfg(test)]
mod tests {
    use hostpath_mounts::HostpathMounts;
    use shared::Policy as _;

    use super::*;
    use crate::policies;

    fn replay(ending: Ending) -> Replay {
        Replay {
            request: json!({"uid": "1"}),
            settings: json!({}),
            session: "[]\n".to_owned(),
            ending,
        }
    }

    fn refused() -> Replay {
        replay(Ending::Answer(json!({
            "accepted": false, "code": 403, "message": "no\nno", "warnings": ["w"], "auditAnnotations": {"rule": "a"},
            "calls": ["get v1 Pod shop/web"],
        })))
    }

    fn ended(success: bool, stdout: &str, stderr: &str) -> Ended {
        Ended {
            success,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn agrees_with_the_same_answer_in_the_words_of_kwctl() {
        let answer = r#"{"uid":"1","allowed":false,"status":{"message":"no\nno","code":403},"auditAnnotations":{"rule":"a"},"warnings":["w"]}
"#;
        let log = "2026-01-01 WARN something else";
        assert!(refused().differences(&ended(true, answer, log)).is_empty());
        let accepted = replay(Ending::Answer(json!({"accepted": true})));
        let answer = r#"{"uid":"1","allowed":true,"auditAnnotations":null,"warnings":null}"#;
        assert!(accepted.differences(&ended(true, answer, "")).is_empty());
        assert!(
            replay(Ending::ValidSettings)
                .differences(&ended(true, answer, ""))
                .is_empty()
        );
    }

    #[test]
    fn tells_every_difference() {
        let answer = r#"{"uid":"2","allowed":true,"patchType":"JSONPatch","patch":"W10=","auditAnnotations":null,"warnings":["w","v"]}"#;
        let log = "WARN Some of the recorded exchanges have not been replayed";
        assert_eq!(
            refused().differences(&ended(true, answer, log)),
            [
                r#"uid: "2" instead of "1""#,
                "allowed: true instead of false",
                "status.code: nothing instead of 403",
                r#"status.message: nothing instead of "no\nno""#,
                r#"warnings: ["w","v"] instead of ["w"]"#,
                r#"auditAnnotations: nothing instead of {"rule":"a"}"#,
                r#"patch: "W10=" instead of nothing"#,
                "the policy asks its host for less than it was recorded to",
            ]
        );
    }

    #[test]
    fn tells_a_failure_from_an_answer() {
        let log = "INFO\nError: Provided settings are not valid: a: \"b\"\n";
        let failed = ended(false, "", log);
        let words = "Provided settings are not valid: a: \"b\"".to_owned();
        let failing = replay(Ending::Failure(words));
        assert!(failing.differences(&failed).is_empty());
        assert_eq!(
            refused().differences(&failed),
            [
                r#"it should answer, but it failed with "Error: Provided settings are not valid: a: \"b\"""#
            ]
        );
        assert_eq!(
            refused().differences(&ended(true, "no JSON", "")),
            [r#"it should answer, but it succeeded with "no JSON""#]
        );
        assert_eq!(
            failing.differences(&ended(true, "{}", "")),
            [
                r#"it should fail with "Provided settings are not valid: a: \"b\"", but it succeeded with "{}""#
            ]
        );
    }

    fn recorded(name: &str) -> Replay {
        let policy = policies::load(HostpathMounts::NAME).unwrap();
        let case = Case::read(HostpathMounts::NAME, name).unwrap();
        Replay::record(&case, &policy).unwrap()
    }

    #[test]
    fn a_case_says_how_kwctl_has_to_end() {
        let accepted = recorded("_general/accepts-a-connect");
        assert_eq!(accepted.ending, Ending::Answer(json!({"accepted": true})));
        assert_eq!(accepted.session, "[]\n");
        let wrong = recorded("_general/accepts-a-delete-with-wrong-settings");
        let Ending::Failure(words) = wrong.ending else {
            panic!("{wrong:?}");
        };
        assert!(
            words.starts_with(
                "Provided settings are not valid: wrong settings of hostpath-mounts: "
            ),
            "{words}"
        );
        let list = recorded("_general/settings-that-are-a-list-are-wrong");
        assert_eq!(list.ending, Ending::Failure(NO_MAP.to_owned()));
    }
}
