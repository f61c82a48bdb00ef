//! The answers of a policy.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use cluster::Get;

use shared::message;

/// The verdict on one request, as the guest sends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Whether the request may pass.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The HTTP status of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// What the user should know although the request may pass.
    #[serde(
        default,
        deserialize_with = "or_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub warnings: Vec<String>,
    /// What goes into the audit log.
    #[serde(
        default,
        deserialize_with = "or_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub audit_annotations: BTreeMap<String, String>,
    /// The object as the policy wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutated_object: Option<Value>,
}

/// How many refusals, and how many warnings, are kept of an answer. Where thousands of objects all have something to do with
/// each other, the findings of all of them together take more memory than there is.
const MAX_KEPT: usize = 100;

impl Response {
    /// The answer of a policy of the bundle with its first findings. It lists all that it found; the rest is counted here, in
    /// the words of `shared::message`.
    pub(crate) fn bounded(mut self, policy: &str) -> Self {
        if let Some(message) = &mut self.message {
            let mut lines = message.match_indices("\n- ").skip(MAX_KEPT);
            if let Some((end, _)) = lines.next() {
                // The policy counts what it did not keep itself, in a line of its own.
                let rest = lines.count() + message::parse_rest_of_refusal(message).unwrap_or(1);
                message.truncate(end);
                message::add_rest_of_refusal(message, rest);
            }
        }
        let rest = self.warnings.len().saturating_sub(MAX_KEPT);
        if rest > 0 {
            self.warnings.truncate(MAX_KEPT);
            let rest = message::render_rest_of_warnings(policy, rest);
            self.warnings.push(rest);
        }
        self
    }
}

/// What is said of a request.
#[derive(Debug)]
pub struct PolicyAnswer {
    /// What goes to the API server.
    pub response: Response,
    /// The refusals behind that of a group, each by the name of the member.
    pub causes: Vec<(String, Response)>,
    /// The objects that were asked for by their names, and what was found.
    pub gets: Vec<Get>,
}

/// The verdict on settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsResponse {
    /// Whether the policy can work with them.
    pub valid: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// SDKs send `null` for a list or a map that is not there.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(count: usize) -> Response {
        let lines = (0..count).map(|number| format!("\n- spec.a[{number}]: is odd"));
        let lines = lines.collect::<Vec<String>>().concat();
        Response {
            accepted: false,
            message: Some(format!("Pod a violates p in {count} places:{lines}")),
            code: None,
            warnings: vec!["p: spec: is odd".to_owned(); count],
            audit_annotations: BTreeMap::new(),
            mutated_object: None,
        }
    }

    #[test]
    fn the_first_findings_are_kept_and_the_rest_is_counted() {
        for count in [1, MAX_KEPT] {
            assert_eq!(response(count).bounded("p"), response(count));
        }
        let bounded = response(MAX_KEPT + 7).bounded("p");
        let message = bounded.message.unwrap();
        assert!(message.starts_with("Pod a violates p in 107 places:\n- spec.a[0]: is odd\n"));
        assert!(
            message.ends_with("\n- spec.a[99]: is odd\n- and 7 more"),
            "{message}"
        );
        assert_eq!(
            shared::message::parse_refusal(&message).unwrap().len(),
            MAX_KEPT
        );
        assert_eq!(bounded.warnings.len(), MAX_KEPT + 1);
        assert_eq!(bounded.warnings[MAX_KEPT], "p: and 7 more warnings");
        let mut more = response(MAX_KEPT + 2);
        more.message
            .get_or_insert_default()
            .push_str("\n- and 5 more");
        let message = more.bounded("p").message.unwrap();
        assert!(message.ends_with("\n- and 7 more"), "{message}");
        let warnings = response(MAX_KEPT + 1).bounded("p").warnings;
        assert_eq!(warnings[MAX_KEPT], "p: and 1 more warning");
    }
}
