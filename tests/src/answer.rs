//! The answer of a policy, and how `expected.yaml` writes it.

use std::fmt::Write;

use preflight::{Call, Response, SettingsResponse};

use crate::lookups;
use crate::yaml::{flow, scalar};

/// What a policy answered to a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To a request.
    Verdict(Verdict),
    /// To settings alone.
    Settings(SettingsResponse),
}

/// What a policy answered to a request, and what it asked its host for.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The answer.
    pub response: Response,
    /// The look-ups, in their order.
    pub calls: Vec<Call>,
}

impl Answer {
    /// The answer as `expected.yaml` has it: keys in one order, and none for what is empty.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Verdict(verdict) => verdict.render(&mut text),
            Self::Settings(SettingsResponse { valid, message }) => {
                line(&mut text, "valid", &valid.to_string());
                if let Some(message) = message {
                    line(&mut text, "message", &scalar(message, 0));
                }
            }
        }
        text
    }

    /// The message of a refusal.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Verdict(verdict) => verdict.response.message.as_deref(),
            Self::Settings(answer) => answer.message.as_deref(),
        }
    }
}

impl Verdict {
    fn render(&self, text: &mut String) {
        let Response {
            accepted,
            message,
            code,
            warnings,
            audit_annotations,
            mutated_object,
        } = &self.response;
        line(text, "accepted", &accepted.to_string());
        if let Some(code) = code {
            line(text, "code", &code.to_string());
        }
        if let Some(message) = message {
            line(text, "message", &scalar(message, 0));
        }
        if !warnings.is_empty() {
            text.push_str("warnings:\n");
        }
        for warning in warnings {
            text.extend(["- ", &scalar(warning, 0), "\n"]);
        }
        if !audit_annotations.is_empty() {
            text.push_str("auditAnnotations:\n");
        }
        for (rule, paths) in audit_annotations {
            text.extend(["  ", rule, ": ", &scalar(paths, 2), "\n"]);
        }
        if !self.calls.is_empty() {
            text.push_str("calls:\n");
        }
        for call in &self.calls {
            text.extend(["- ", &scalar(&lookups::line(call), 0), "\n"]);
        }
        // No policy of this bundle has one. Written, so that one is seen.
        if let Some(object) = mutated_object {
            line(text, "mutatedObject", &flow(object));
        }
    }
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{key}: {value}");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::yaml;

    #[test]
    fn is_written_in_one_order_and_reads_the_same() {
        let response = Response {
            accepted: false,
            message: Some("Pod violates p in 2 places:\n- a: b\n- c: d".to_owned()),
            code: Some(403),
            warnings: vec!["p: a: \"b\"".to_owned()],
            audit_annotations: BTreeMap::from([("rule".to_owned(), "a, c".to_owned())]),
            mutated_object: None,
        };
        let request =
            json!({"api_version": "v1", "kind": "Pod", "name": "n", "field_masks": ["a", "b"]});
        let call = Call {
            operation: "get_resource".to_owned(),
            request,
        };
        let verdict = Verdict {
            response,
            calls: vec![call],
        };
        let text = Answer::Verdict(verdict).render();
        let written = r#"accepted: false
code: 403
message: |-
  Pod violates p in 2 places:
  - a: b
  - c: d
warnings:
- 'p: a: "b"'
auditAnnotations:
  rule: 'a, c'
calls:
- 'get v1 Pod n'
"#;
        assert_eq!(text, written);
        let read = yaml::read(&text).unwrap();
        assert_eq!(
            read["message"],
            "Pod violates p in 2 places:\n- a: b\n- c: d"
        );
        assert_eq!(read["calls"][0], "get v1 Pod n");
    }
}
