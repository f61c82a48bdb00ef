//! What a guest answers.

use serde::{Serialize, Serializer};

/// The answer of a policy, as the host reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Response {
    /// Whether the request may pass.
    pub accepted: bool,
    /// What the user reads when it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The HTTP status when it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// What the user reads in either case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the audit log gets: the fields that broke each rule, by the rule's id.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    pub audit_annotations: Vec<(&'static str, String)>,
}

fn as_map<S: Serializer>(
    entries: &[(&'static str, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
}

/// The answer on settings, as the host reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingsResponse {
    /// Whether a policy can run with them.
    pub valid: bool,
    /// Every problem, when it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
