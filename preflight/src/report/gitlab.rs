//! The report for merge requests of GitLab: Code Quality.
//!
//! Format: "Code Quality report format" in its documentation. Each finding has a fingerprint by which the two sides of a
//! change are compared: it stays where lines move.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Report, Reported, Subject, json, printable};
use crate::{baseline::Level, manifests::Place};

/// Writes the report.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut issues = Issues::default();
    for counted in report.counted() {
        let finding = counted.finding;
        let rule = finding.rule.as_deref();
        let check = rule.map_or_else(
            || finding.policy.clone(),
            |rule| format!("{}/{rule}", finding.policy),
        );
        let told = finding.line(None);
        let description = match (counted.excepted, counted.needed) {
            (Some(excepted), _) => format!("excepted {}: {told}", excepted.because),
            (None, Some(needed)) => format!("needs {needed} from elsewhere: {told}"),
            (None, None) => told,
        };
        let severity = match (counted.excepted, counted.level) {
            (None, Level::Refusal) => of_refusal(finding),
            (None, Level::Warning) => "minor",
            _ => "info",
        };
        let identity = [
            finding.policy.as_str(),
            rule.unwrap_or_default(),
            finding.steady_field.as_deref().unwrap_or_default(),
        ];
        issues.add(
            &check,
            severity,
            &finding.place,
            Some(&finding.object),
            &description,
            &identity,
        );
    }
    for problem in &report.problems {
        let (place, text) = (&problem.place, &problem.text);
        issues.add("preflight", "blocker", place, None, text, &["problem"]);
    }
    for one in &report.unjudged {
        let description = format!("not checked: {}", one.text);
        let object = one.object.as_ref();
        let id = one.reason.id();
        let check = format!("preflight/{id}");
        issues.add(&check, "minor", &one.place, object, &description, &[id]);
    }
    for note in &report.notes {
        let (place, text) = (&note.place, &note.text);
        issues.add("preflight", "info", place, None, text, &["note", text]);
    }
    json::text(&issues.all)
}

/// What a refusal counts as, by the severity of its policy.
fn of_refusal(finding: &Reported) -> &'static str {
    match finding.severity.as_deref() {
        Some("critical") => "blocker",
        Some("high") => "critical",
        _ => "major",
    }
}

#[derive(Default)]
struct Issues {
    all: Vec<Value>,
    /// How many have the same identity.
    alike: HashMap<String, usize>,
}

impl Issues {
    fn add(
        &mut self,
        check: &str,
        severity: &str,
        place: &Place,
        object: Option<&Subject>,
        description: &str,
        identity: &[&str],
    ) {
        let file = place.file.strip_prefix("./").unwrap_or(&place.file);
        let description = match object {
            Some(object) => format!("{object}: {description}"),
            None => description.to_owned(),
        };
        let identity = json!([file, object, identity]).to_string();
        let number = self.alike.entry(identity.clone()).or_default();
        *number += 1;
        let fingerprint = Sha256::digest(format!("{identity}{number}"));
        self.all.push(json!({
            "description": printable(&description),
            "check_name": printable(check),
            "fingerprint": format!("{fingerprint:x}"),
            "severity": severity,
            "location": {"path": printable(file), "lines": {"begin": place.line.unwrap_or(1)}},
        }));
    }
}
