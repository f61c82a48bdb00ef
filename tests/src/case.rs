//! A case: a folder with a request, settings, the cluster, and the answer that is expected.

use std::path::PathBuf;
use std::sync::Arc;

use policy_metadata::Metadata;
use preflight::{ClusterHost, MemoryCluster, Policy, Response, SettingsResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Verdict};
use crate::request::{complete, in_snake_case};
use crate::{invariants, names, read, repository, yaml};

const FILES: &[&str] = &[
    "cluster.yaml",
    "expected.yaml",
    "request.yaml",
    "review.json",
    "settings.yaml",
];

/// Who can be asked: a policy, as it is shipped or as native code.
pub trait Judge {
    /// What it may look up.
    fn metadata(&self) -> Option<&Metadata>;
    /// Its verdict on a request.
    fn validate(
        &self,
        request: &Value,
        settings: &Value,
        host: Arc<ClusterHost>,
    ) -> Result<Response, String>;
    /// Its verdict on settings.
    fn validate_settings(&self, settings: &Value) -> Result<SettingsResponse, String>;
}

impl Judge for Policy {
    fn metadata(&self) -> Option<&Metadata> {
        self.metadata()
    }

    fn validate(
        &self,
        request: &Value,
        settings: &Value,
        host: Arc<ClusterHost>,
    ) -> Result<Response, String> {
        let response = self.validate(request, settings, host);
        response.map_err(|error| error.to_string())
    }

    fn validate_settings(&self, settings: &Value) -> Result<SettingsResponse, String> {
        let response = self.validate_settings(settings);
        response.map_err(|error| error.to_string())
    }
}

/// The folder of the cases that no rule owns, such as those of who is exempt.
pub const GENERAL: &str = "_general";

/// A case.
#[derive(Debug)]
pub struct Case {
    /// The policy that is asked.
    pub policy: String,
    /// The rule that the case is about, or [`GENERAL`].
    pub rule: String,
    /// The name of the folder, which is a sentence.
    pub name: String,
    /// What is asked.
    pub input: Input,
    folder: PathBuf,
}

/// What a case asks.
#[derive(Debug)]
pub enum Input {
    /// For a verdict on a request.
    Request {
        /// The request.
        request: Value,
        /// The settings; none for a case that has no file for them.
        settings: Option<Value>,
        /// What can be looked up.
        cluster: Arc<MemoryCluster>,
    },
    /// Whether these settings are valid.
    Settings(Value),
}

/// What `cluster.yaml` may be besides a list of objects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    objects: Vec<Value>,
    #[serde(default)]
    errors: Vec<Failure>,
}

/// A kind that cannot be looked up.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Failure {
    api_version: String,
    kind: String,
    /// The host's words.
    message: String,
}

/// Policy and path of every case folder, in alphabetic order. The path is `<rule>/<case>`.
pub fn cases() -> Result<Vec<(String, String)>, String> {
    let mut cases = Vec::new();
    for policy in names(&repository("tests/cases"))? {
        let folder = repository(&format!("tests/cases/{policy}"));
        for rule in names(&folder)? {
            let folder = folder.join(&rule);
            if folder.is_dir() {
                let names = names(&folder)?.into_iter();
                cases.extend(names.map(|name| (policy.clone(), format!("{rule}/{name}"))));
            }
        }
    }
    Ok(cases)
}

impl Case {
    /// Reads the folder `tests/cases/<policy>/<path>`. Files and keys that are not read are an error that names them.
    pub fn read(policy: &str, path: &str) -> Result<Self, String> {
        let (rule, name) = path.split_once('/').ok_or_else(|| {
            format!("{policy}/{path} is not the path of a case: its rule is missing")
        })?;
        let folder = repository(&format!("tests/cases/{policy}/{path}"));
        let files = names(&folder)?;
        if let Some(unknown) = files.iter().find(|file| !FILES.contains(&file.as_str())) {
            return Err(format!(
                "{unknown} is not a file of a case; known are {}",
                FILES.join(", ")
            ));
        }
        let document = |file: &str| -> Result<Option<Value>, String> {
            if !files.iter().any(|known| known == file) {
                return Ok(None);
            }
            let value = yaml::read(&read(&folder.join(file))?);
            value.map(Some).map_err(|error| format!("{file}: {error}"))
        };
        let request = match (document("request.yaml")?, document("review.json")?) {
            (Some(_), Some(_)) => {
                return Err("has both request.yaml and review.json; keep one of them".to_owned());
            }
            (Some(written), None) => {
                Some(complete(&written).map_err(|error| format!("request.yaml: {error}"))?)
            }
            (None, Some(review)) => Some(
                review
                    .get("request")
                    .cloned()
                    .ok_or("review.json: request: is missing")?,
            ),
            (None, None) => None,
        };
        let settings = document("settings.yaml")?;
        let cluster = document("cluster.yaml")?;
        let input = match (request, settings, cluster) {
            (Some(request), settings, cluster) => Input::Request {
                request,
                settings,
                cluster: read_cluster(cluster).map_err(|error| format!("cluster.yaml: {error}"))?,
            },
            (None, Some(settings), None) => Input::Settings(settings),
            (None, ..) => {
                return Err(
                    "has no request.yaml and no review.json, nor is it about settings alone"
                        .to_owned(),
                );
            }
        };
        Ok(Self {
            policy: policy.to_owned(),
            rule: rule.to_owned(),
            name: name.to_owned(),
            input,
            folder,
        })
    }

    /// Where the expected answer is.
    #[must_use]
    pub fn expected(&self) -> PathBuf {
        self.folder.join("expected.yaml")
    }

    /// Asks the policy, and checks what holds for every answer.
    pub fn ask(&self, policy: &impl Judge) -> Result<Answer, String> {
        let (request, settings, cluster) = match &self.input {
            Input::Settings(settings) => {
                let answer = policy.validate_settings(settings)?;
                if answer.valid == answer.message.is_some() {
                    return Err(
                        "a message must be set if and only if the settings are wrong".to_owned(),
                    );
                }
                return Ok(Answer::Settings(answer));
            }
            Input::Request {
                request,
                settings,
                cluster,
            } => (request, settings.as_ref(), cluster),
        };
        let defaults = json!({});
        let answer = |request: &Value, settings: &Value| {
            let host = Arc::new(cluster.host(policy.metadata()));
            let response = policy.validate(request, settings, Arc::clone(&host))?;
            let calls = host.calls();
            Ok::<_, String>(Verdict { response, calls })
        };
        let verdict = answer(request, settings.unwrap_or(&defaults))?;
        invariants::check(&verdict.response)?;
        for (what, other) in [
            (
                "asked again",
                answer(request, settings.unwrap_or(&defaults))?,
            ),
            (
                "asked with keys in snake case",
                answer(&in_snake_case(request), settings.unwrap_or(&defaults))?,
            ),
            (
                "asked with null for settings",
                answer(request, settings.unwrap_or(&Value::Null))?,
            ),
        ] {
            if other != verdict {
                return Err(format!(
                    "{what}, the policy answers something else: {other:?} instead of {verdict:?}"
                ));
            }
        }
        let judged = verdict.response.code != Some(500);
        let valid = policy
            .validate_settings(settings.unwrap_or(&defaults))?
            .valid;
        if judged && !valid && !passes_unseen(&verdict) {
            return Err("the policy judges with settings that it calls wrong".to_owned());
        }
        Ok(Answer::Verdict(verdict))
    }
}

/// Whether nothing was said at all: what has to pass does so with wrong settings, too.
fn passes_unseen(verdict: &Verdict) -> bool {
    verdict.response.accepted && verdict.response.warnings.is_empty()
}

fn read_cluster(document: Option<Value>) -> Result<Arc<MemoryCluster>, String> {
    let written = match document {
        None => json!({}),
        Some(Value::Array(objects)) => json!({ "objects": objects }),
        Some(other) => other,
    };
    let Written { objects, errors } =
        serde_json::from_value(written).map_err(|error| error.to_string())?;
    let cluster = errors
        .into_iter()
        .fold(MemoryCluster::new(objects), |cluster, error| {
            cluster.with_error(&error.api_version, &error.kind, error.message)
        });
    Ok(Arc::new(cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_told_which_key_nobody_reads() {
        for (written, error) in [
            (
                json!({"objects": [], "error": []}),
                "unknown field `error`, expected `objects` or `errors`",
            ),
            (
                json!({"errors": [{"apiVersion": "v1", "kind": "Pod", "text": ""}]}),
                "unknown field `text`, expected one of `apiVersion`, `kind`, `message`",
            ),
        ] {
            assert_eq!(read_cluster(Some(written)).unwrap_err(), error);
        }
        let error = complete(&json!({"object": {}, "old": {}})).unwrap_err();
        assert!(
            error.starts_with("unknown field `old`, expected one of "),
            "{error}"
        );
    }

    #[test]
    fn a_request_is_completed_from_its_object() {
        let metadata = json!({"name": "web"});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata});
        let written =
            json!({"operation": "DELETE", "oldObject": object, "name": null, "namespace": "shop"});
        let request = complete(&written).unwrap();
        assert_eq!(request["resource"]["resource"], "deployments");
        assert_eq!(request["kind"]["group"], "apps");
        assert_eq!(request.get("name"), None);
        assert_eq!(request["namespace"], "shop");
        assert_eq!(request["oldObject"]["metadata"]["namespace"], "default");
        assert_eq!(request["object"], Value::Null);
        assert_eq!(in_snake_case(&request)["old_object"], request["oldObject"]);
    }
}
