//! What came out: findings with their places, for people ([`table`]), for programs ([`json`]), for code hosts
//! ([`sarif`]) and for build servers ([`junit`]).

use std::fmt;

use serde::Serialize;
use shared::message::Line;

use crate::{
    Response,
    manifests::{Note, Object, Place, Problem},
};

pub mod json;
pub mod junit;
pub mod sarif;
pub mod summary;
pub mod table;

pub use summary::Summary;

/// All that one run has to say, in the order of the input.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The numbers.
    pub summary: Summary,
    /// What a cluster would refuse.
    pub refusals: Vec<Finding>,
    /// What a cluster would let pass with a warning.
    pub warnings: Vec<Finding>,
    /// What was not judged, and why.
    pub problems: Vec<Problem>,
    /// What else is worth knowing.
    pub notes: Vec<Note>,
    /// All objects, also those of which there is nothing to say.
    #[serde(skip)]
    pub judged: Vec<Judged>,
}

/// An object, and who judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The object.
    pub object: Subject,
    /// Where it stands.
    pub place: Place,
    /// The policies that judged it.
    pub policies: Vec<String>,
}

/// One thing that a policy found, or preflight itself where no single review shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The policy, or `preflight`.
    pub policy: String,
    /// The object.
    pub object: Subject,
    /// The file, and the line of the field.
    #[serde(flatten)]
    pub place: Place,
    /// The field, when the policy names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is there, then what is wanted.
    pub problem: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The id of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The HTTP status of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// The name of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace, of kinds that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(if self.name.is_empty() {
            "(without a name)"
        } else {
            &self.name
        })
    }
}

impl Subject {
    /// Names an object.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        Self {
            api_version: object.api_version().to_owned(),
            kind: object.kind().to_owned(),
            namespace: object.namespace().map(ToOwned::to_owned),
            name: object.name().unwrap_or_default().to_owned(),
        }
    }
}

impl Finding {
    /// One finding for each problem in a refusal. The message of a foreign policy is one finding as a whole.
    pub(crate) fn of_refusal(policy: &str, object: &Object, response: &Response) -> Vec<Self> {
        let message = response
            .message
            .as_deref()
            .unwrap_or("refused without a reason");
        let lines = shared::message::parse_refusal(message);
        let mut findings: Vec<Self> = match lines {
            Some(lines) => lines
                .iter()
                .map(|line| Self::of_line(policy, object, line))
                .collect(),
            None => vec![Self::whole(policy, object, message)],
        };
        for finding in &mut findings {
            finding.code = response.code;
        }
        findings
    }

    /// The finding as policies write it, with this rule behind it.
    pub(crate) fn line(&self, rule: Option<&str>) -> String {
        let line = Line {
            path: self.field.as_deref().unwrap_or_default(),
            reason: &self.problem,
            fix: self.fix.as_deref(),
            rule,
        };
        let line = line.to_string();
        match self.field {
            Some(_) => line,
            None => line.trim_start_matches(": ").to_owned(),
        }
    }

    /// The finding in a warning.
    pub(crate) fn of_warning(policy: &str, object: &Object, warning: &str) -> Self {
        match shared::message::parse_warning(warning) {
            Some((named, line)) if named == policy => Self::of_line(policy, object, &line),
            _ => Self::whole(policy, object, warning),
        }
    }

    /// What a policy in `mode: monitor` would refuse.
    pub(crate) fn only_reported(self) -> Self {
        Self {
            problem: format!("{} (only reported: mode is monitor)", self.problem),
            code: None,
            ..self
        }
    }

    fn of_line(policy: &str, object: &Object, line: &Line<'_>) -> Self {
        Self {
            place: object.place_of(line.path),
            field: Some(line.path.to_owned()),
            fix: line.fix.map(ToOwned::to_owned),
            rule: line.rule.map(ToOwned::to_owned),
            ..Self::whole(policy, object, line.reason)
        }
    }

    /// A finding about an object as a whole.
    pub(crate) fn whole(policy: &str, object: &Object, problem: &str) -> Self {
        Self {
            policy: policy.to_owned(),
            object: Subject::of(object),
            place: object.place_of(""),
            field: None,
            problem: problem.to_owned(),
            fix: None,
            rule: None,
            code: None,
        }
    }
}

/// Takes out what a terminal would obey: names and messages may come from anybody.
#[must_use]
pub fn printable(text: &str) -> String {
    text.replace(
        |character: char| character.is_control() && character != '\n',
        "\u{fffd}",
    )
}
