//! Sessions: what a policy asked its host and what it was told, as `kwctl run --replay-host-capabilities-interactions`
//! reads it.
//!
//! Source of the format: kubewarden/adm-controller, `crates/kwctl/src/callback_handler/proxy.rs` (the list and its
//! exchanges) and `crates/policy-evaluator/src/callback_requests.rs` (the tagged requests in them).

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use preflight::{Call, ClusterHost, HostCalls, Policy};
use serde_json::Value;

use crate::yaml::scalar;

/// What the host puts before whatever went wrong after a look-up was let through. `kwctl` puts it there, too, so a
/// session goes without.
///
/// Source: `crates/policy-evaluator/src/runtimes/callback.rs`.
const PREFIX: &str = "Callback evaluation failure: ";

/// The words for a kind that is not granted, which stand without the prefix.
const NOT_GRANTED: &str = "Policy has not been granted access to ";

/// The functions of the host: their name, their tag in a session, and their fields in the order of the format.
const REQUESTS: &[(&str, &str, &[&str])] = &[
    (
        "get_resource",
        "KubernetesGetResource",
        &[
            "api_version",
            "kind",
            "name",
            "namespace",
            "disable_cache",
            "field_masks",
        ],
    ),
    (
        "list_resources_by_namespace",
        "KubernetesListResourceNamespace",
        &[
            "api_version",
            "kind",
            "namespace",
            "label_selector",
            "field_selector",
            "field_masks",
        ],
    ),
    (
        "list_resources_all",
        "KubernetesListResourceAll",
        &[
            "api_version",
            "kind",
            "label_selector",
            "field_selector",
            "field_masks",
        ],
    ),
];

/// A look-up and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// What was asked.
    pub call: Call,
    /// What was answered, or why nothing was, in the host's words.
    pub answer: Result<String, String>,
}

/// A host that keeps each exchange.
#[derive(Debug)]
pub struct Recorder {
    host: ClusterHost,
    kept: Mutex<Vec<Exchange>>,
    /// `apiVersion` and kind.
    granted: BTreeSet<(String, String)>,
}

impl Recorder {
    /// Listens to the host of an evaluation by this policy.
    #[must_use]
    pub fn new(host: ClusterHost, policy: &Policy) -> Self {
        let metadata = policy.metadata().into_iter();
        let granted = metadata.flat_map(|metadata| &metadata.context_aware_resources);
        Self {
            host,
            kept: Mutex::default(),
            granted: granted
                .map(|resource| (resource.api_version.clone(), resource.kind.clone()))
                .collect(),
        }
    }

    /// The exchanges so far. A host refuses what is not granted before it asks the cluster, so that is not among them.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = |exchange: &&Exchange| {
            let text = |key: &str| match exchange.call.request.get(key) {
                Some(Value::String(text)) => text.clone(),
                _ => String::new(),
            };
            self.granted.contains(&(text("api_version"), text("kind")))
        };
        kept.iter().filter(granted).cloned().collect()
    }
}

impl HostCalls for Recorder {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let answer = self.host.call(binding, namespace, operation, payload);
        if namespace == "kubernetes" {
            let call = Call {
                operation: operation.to_owned(),
                request: serde_json::from_slice(payload).unwrap_or_default(),
            };
            // The answers of the host are JSON.
            let answer = answer
                .as_deref()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .map_err(Clone::clone);
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Exchange { call, answer });
        }
        answer
    }
}

/// The exchanges as a session file.
pub fn render(exchanges: &[Exchange]) -> Result<String, String> {
    if exchanges.is_empty() {
        return Ok("[]\n".to_owned());
    }
    exchanges.iter().map(entry).collect()
}

/// One entry of the file: the request is a text that is YAML itself.
fn entry(exchange: &Exchange) -> Result<String, String> {
    let mut text = "- type: Exchange\n  request: |\n".to_owned();
    for line in request(&exchange.call)?.lines() {
        text.extend(["    ", line, "\n"]);
    }
    let (outcome, key, said) = match &exchange.answer {
        Ok(payload) => ("Success", "payload", payload.as_str()),
        Err(words) => ("Error", "message", without_prefix(words)?),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "  response:\n    type: {outcome}\n    {key}: {}\n",
        scalar(said, 4)
    );
    Ok(text)
}

/// The words of the host without those that `kwctl` says by itself.
fn without_prefix(words: &str) -> Result<&str, String> {
    match words.strip_prefix(PREFIX) {
        Some(rest) => Ok(rest),
        // Where a case takes a grant away, `kwctl` cannot: it says the same, with the prefix.
        None if words.starts_with(NOT_GRANTED) => Ok(words),
        None => Err(format!(
            "no host says {words:?} without `{PREFIX}` before it"
        )),
    }
}

/// A request as `!Tag` and a map.
fn request(call: &Call) -> Result<String, String> {
    let Call { operation, request } = call;
    let known = REQUESTS.iter().find(|(name, ..)| name == operation);
    let (_, tag, fields) =
        known.ok_or_else(|| format!("{operation} cannot be written to a session"))?;
    let mut text = format!("!{tag}\n");
    for field in *fields {
        text.extend([field, ":"]);
        match request.get(field).unwrap_or(&Value::Null) {
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                // A set on the other side.
                let items: BTreeSet<&str> = items.iter().filter_map(Value::as_str).collect();
                for item in items {
                    text.extend(["- ", &plain(item), "\n"]);
                }
            }
            Value::String(value) => text.extend([" ", &plain(value), "\n"]),
            other => text.extend([" ", &other.to_string(), "\n"]),
        }
    }
    Ok(text)
}

/// A text without quotes where it cannot be taken for something else.
fn plain(text: &str) -> String {
    const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let ordinary = |character: char| character.is_ascii_alphanumeric() || "-./".contains(character);
    let is_safe = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(ordinary)
        && !WORDS.contains(&text.to_lowercase().as_str());
    if is_safe {
        text.to_owned()
    } else {
        // Names and selectors hold no control characters, so this is all that there is to escape.
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hostpath_mounts::HostpathMounts;
    use preflight::MemoryCluster;
    use serde_json::json;
    use shared::Policy as _;

    use super::*;
    use crate::{policies, yaml};

    fn exchange(operation: &str, request: Value, answer: Result<&str, &str>) -> Exchange {
        let call = Call {
            operation: operation.to_owned(),
            request,
        };
        Exchange {
            call,
            answer: answer.map(str::to_owned).map_err(str::to_owned),
        }
    }

    #[test]
    fn a_get_is_written_as_kwctl_records_it() {
        let request = json!({
            "api_version": "v1", "kind": "PersistentVolumeClaim", "name": "data", "namespace": "shop",
            "disable_cache": true, "field_masks": ["spec.volumeName"],
        });
        let session = render(&[exchange("get_resource", request, Ok(r#"{"kind":"X"}"#))]);
        let written = r#"- type: Exchange
  request: |
    !KubernetesGetResource
    api_version: v1
    kind: PersistentVolumeClaim
    name: data
    namespace: shop
    disable_cache: true
    field_masks:
    - spec.volumeName
  response:
    type: Success
    payload: '{"kind":"X"}'
"#;
        assert_eq!(session.unwrap(), written);
    }

    #[test]
    fn lists_are_written_as_kwctl_records_them() {
        let in_a_namespace = json!({
            "api_version": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "namespace": "42",
            "field_masks": ["spec.scaleTargetRef", "spec.metrics"],
        });
        let everywhere = json!({
            "api_version": "v1", "kind": "Pod", "label_selector": "app=it's", "field_selector": null,
            "field_masks": [],
        });
        let session = render(&[
            exchange(
                "list_resources_by_namespace",
                in_a_namespace,
                Ok(r#"{"items":[]}"#),
            ),
            exchange("list_resources_all", everywhere, Ok(r#"{"a":"it's"}"#)),
        ]);
        let written = r#"- type: Exchange
  request: |
    !KubernetesListResourceNamespace
    api_version: autoscaling/v2
    kind: HorizontalPodAutoscaler
    namespace: '42'
    label_selector: null
    field_selector: null
    field_masks:
    - spec.metrics
    - spec.scaleTargetRef
  response:
    type: Success
    payload: '{"items":[]}'
- type: Exchange
  request: |
    !KubernetesListResourceAll
    api_version: v1
    kind: Pod
    label_selector: 'app=it''s'
    field_selector: null
    field_masks: []
  response:
    type: Success
    payload: |-
      {"a":"it's"}
"#;
        let session = session.unwrap();
        assert_eq!(session, written);
        let read = yaml::read(&session).unwrap();
        assert_eq!(read[1]["response"]["payload"], r#"{"a":"it's"}"#);
    }

    #[test]
    fn errors_go_without_what_kwctl_says_by_itself() {
        let request = json!({
            "api_version": "v1", "kind": "PersistentVolume", "name": "off", "namespace": null, "disable_cache": false,
            "field_masks": null,
        });
        let said = |words: &str| {
            render(&[exchange("get_resource", request.clone(), Err(words))])
                .map(|session| session.split_once("  response:\n").unwrap().1.to_owned())
        };
        let session = render(&[exchange(
            "get_resource",
            request.clone(),
            Err(
                "Callback evaluation failure: Cannot find v1/PersistentVolume named 'off' inside of namespace 'None'",
            ),
        )]);
        let written = "- type: Exchange
  request: |
    !KubernetesGetResource
    api_version: v1
    kind: PersistentVolume
    name: 'off'
    namespace: null
    disable_cache: false
    field_masks: null
  response:
    type: Error
    message: |-
      Cannot find v1/PersistentVolume named 'off' inside of namespace 'None'
";
        assert_eq!(session.unwrap(), written);
        assert_eq!(
            said("Callback evaluation failure: 404\n: Failed").unwrap(),
            "    type: Error\n    message: |-\n      404\n      : Failed\n"
        );
        let not_granted = "Policy has not been granted access to Kubernetes v1/X resources.";
        assert_eq!(
            said(not_granted).unwrap(),
            format!("    type: Error\n    message: '{not_granted}'\n")
        );
        assert_eq!(
            said("gone").unwrap_err(),
            "no host says \"gone\" without `Callback evaluation failure: ` before it"
        );
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_nothing_is_an_empty_list() {
        assert_eq!(render(&[]).unwrap(), "[]\n");
        let can_i = exchange("can_i", json!({}), Ok("{}"));
        assert_eq!(
            render(&[can_i]).unwrap_err(),
            "can_i cannot be written to a session"
        );
    }

    #[test]
    fn the_recorder_keeps_what_is_granted() {
        let policy = policies::load(HostpathMounts::NAME).unwrap();
        let cluster = Arc::new(MemoryCluster::default());
        let recorder = Recorder::new(cluster.host(policy.metadata()), &policy);
        let ask = |kind: &str| {
            let request = json!({"api_version": "v1", "kind": kind, "name": "a"}).to_string();
            recorder.call(
                "kubewarden",
                "kubernetes",
                "get_resource",
                request.as_bytes(),
            )
        };
        ask("Secret").unwrap_err();
        recorder.call("kubewarden", "tracing", "log", b"").unwrap();
        let words = ask("PersistentVolume").unwrap_err();
        let request = json!({"api_version": "v1", "kind": "PersistentVolume", "name": "a"});
        let kept = exchange("get_resource", request, Err(&words));
        assert_eq!(recorder.exchanges(), [kept]);
    }
}
