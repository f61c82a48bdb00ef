//! The answer of a policy as a host reads it, and what holds for every one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use shared::Policy;
use shared::evaluation::evaluate;
use shared::response::{Response, SettingsResponse};
use shared::testing::{ClusterHost, MemoryCluster, Review, unrestricted};
use shared::{Cluster, message};

use crate::{Outcome, ensure};

/// The API server shows all warnings of an answer up to so many characters.
/// Source: `staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go`.
const WARNINGS_LIMIT: usize = 4096;
/// Up to so many, they leave enough room for those of others to be whole.
const WARNINGS_ROOM: usize = 2048;
/// Where there is not enough room, the API server cuts those that are longer.
const WARNING_LIMIT: usize = 256;
/// Far more than a user reads, and far less than any host has a limit for.
const MESSAGE_LIMIT: usize = 10 * 1024;
/// So long may the answer on settings be, in characters, which a status holds.
const SETTINGS_LIMIT: usize = 10_100;

/// The answer of a policy to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Whether the request may pass.
    pub accepted: bool,
    /// What the user reads when it may not.
    #[serde(default)]
    pub message: Option<String>,
    /// The HTTP status when it may not.
    #[serde(default)]
    pub code: Option<u16>,
    /// What the user reads in either case.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The fields that broke each rule, by the rule's id.
    #[serde(default)]
    pub audit_annotations: BTreeMap<String, String>,
}

impl Answer {
    /// Writes a response as a guest does, reads it as a host does, and finds what the hosts or the API server would drop
    /// or cut.
    pub(crate) fn of(response: &Response) -> Result<Self, String> {
        let text = serde_json::to_string(response).map_err(|error| error.to_string())?;
        let answer: Self =
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        answer.check().map_err(|wrong| format!("{wrong}: {text}"))?;
        Ok(answer)
    }

    /// What a policy answers to a payload.
    pub(crate) fn to<P: Policy>(payload: &[u8], cluster: &dyn Cluster) -> Result<Self, String> {
        Self::of(&evaluate::<P>(payload, cluster))
    }

    /// What a policy answers to a review.
    pub(crate) fn judge<P: Policy>(review: &Review) -> Result<Self, String> {
        Self::of(&review.judge::<P>())
    }

    /// Whether the object breaks a rule.
    pub(crate) fn refuses(&self) -> bool {
        self.code == Some(403)
    }

    /// The rules that were broken.
    pub(crate) fn broken(&self) -> BTreeSet<String> {
        self.audit_annotations.keys().cloned().collect()
    }

    /// The rules that were broken, each with every field that broke it.
    pub(crate) fn broken_by_field(&self) -> BTreeSet<String> {
        let of_rule = |(rule, fields): (&String, &String)| {
            let fields = fields.split(", ").map(|field| format!("{rule} {field}"));
            fields.collect::<Vec<_>>()
        };
        self.audit_annotations.iter().flat_map(of_rule).collect()
    }

    /// The rules that only warn.
    pub(crate) fn warned(&self) -> BTreeSet<String> {
        let rule = |warning: &String| Some(message::parse_warning(warning)?.1.rule?.to_owned());
        self.warnings.iter().filter_map(rule).collect()
    }

    /// Finds what the hosts or the API server would drop or cut.
    pub fn check(&self) -> Outcome {
        let lengths = self.warnings.iter().map(|warning| warning.chars().count());
        let all: usize = lengths.sum();
        ensure(all <= WARNINGS_LIMIT, || {
            format!("the warnings have {all} characters")
        })?;
        for warning in &self.warnings {
            let length = warning.chars().count();
            ensure(length <= WARNING_LIMIT || all <= WARNINGS_ROOM, || {
                format!("a warning has {length} characters: {warning}")
            })?;
            ensure(!warning.contains(char::is_control), || {
                format!("a warning has control characters: {warning:?}")
            })?;
        }
        let message = self.message.as_deref().unwrap_or_default();
        let length = message.len();
        ensure(length <= MESSAGE_LIMIT, || {
            format!("the message has {length} bytes")
        })?;
        let control = |character: char| character.is_control() && character != '\n';
        ensure(!message.contains(control), || {
            format!("the message has control characters: {message:?}")
        })?;
        ensure(self.accepted == self.code.is_none(), || {
            "a code must be set if and only if the request is refused".to_owned()
        })?;
        ensure(self.accepted == self.message.is_none(), || {
            "a message must be set if and only if the request is refused".to_owned()
        })?;
        ensure(matches!(self.code, None | Some(400 | 403 | 500)), || {
            format!("no code of ours: {:?}", self.code)
        })?;
        ensure(
            (self.code == Some(403)) != self.audit_annotations.is_empty(),
            || {
                "the audit log must have what was broken, if and only if the object is refused"
                    .to_owned()
            },
        )
    }
}

/// What holds for every answer on settings.
pub(crate) fn check_settings(response: &SettingsResponse) -> Outcome {
    let message = response.message.as_deref();
    ensure(response.valid == message.is_none(), || {
        format!("settings are wrong if and only if something is said: {response:?}")
    })?;
    let message = message.unwrap_or_default();
    let length = message.chars().count();
    ensure(length <= SETTINGS_LIMIT, || {
        format!("the message has {length} characters")
    })?;
    let control = |character: char| character.is_control() && character != '\n';
    ensure(!message.contains(control), || {
        format!("the message has control characters: {message:?}")
    })
}

/// A cluster where every look-up fails.
pub(crate) fn failing() -> ClusterHost {
    unrestricted(MemoryCluster::failing("deadline has elapsed"))
}
