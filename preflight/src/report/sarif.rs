//! The report for code scanning: SARIF 2.1.0, which code hosts show on the lines of a change.
//!
//! A refusal is an error, a warning is a warning, what is needed from elsewhere is a note. What the project excepts
//! is suppressed, and so is what is in the baseline, with its state. What needs no
//! decision has a fix. What kept something from being judged, and what else is worth
//! knowing, are notifications of the run, and so is what was not checked, each with its reason as descriptor. Format: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>; what GitHub reads of
//! it: "SARIF support for code scanning" in its documentation.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{Reason, Report, Reported, Unjudged, json, page, printable};
use crate::{baseline::Level, explain::Page, judge::ActivePolicy, manifests::Place};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What stands for itself in the path of a URI (RFC 3986) stays; a colon would look like the end of a scheme.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Writes the report. The policies say what they are for.
pub fn render(report: &Report, policies: &[ActivePolicy]) -> Result<String, serde_json::Error> {
    let mut rules = Rules::default();
    let mut results = Vec::new();
    for counted in report.counted() {
        let finding = counted.finding;
        let level = match counted.level {
            Level::Refusal => "error",
            Level::Warning => "warning",
            Level::Needed => "note",
        };
        let page = page(finding, policies);
        let mut result = result(finding, level, rules.index_of(finding, page));
        if let Some(needed) = counted.needed {
            let needed = json!({"neededFromElsewhere": needed.to_string()});
            set(&mut result, "properties", needed);
        }
        if let Some(excepted) = counted.excepted {
            let suppression = json!({
                "kind": "external", "status": "accepted", "justification": plain(&excepted.because.to_string()),
            });
            set(&mut result, "suppressions", json!([suppression]));
            if excepted.is_of_baseline() {
                set(&mut result, "baselineState", json!("unchanged"));
            }
        }
        results.push(result);
    }
    if report.baseline.is_some() {
        // One result says it only where all do.
        let of_others = results.iter_mut();
        let of_others = of_others.filter(|result| result.get("baselineState").is_none());
        of_others.for_each(|result| set(result, "baselineState", json!("new")));
    }
    let problems = report.problems.iter();
    let notes = report.notes.iter();
    let notifications: Vec<Value> = problems
        .map(|problem| notification(&problem.place, &problem.text, "error"))
        .chain(report.unjudged.iter().map(unjudged))
        .chain(notes.map(|note| notification(&note.place, &note.text, "note")))
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    let mut driver = Map::new();
    driver.insert("name".to_owned(), json!("preflight"));
    driver.insert("version".to_owned(), json!(version));
    driver.insert("semanticVersion".to_owned(), json!(version));
    driver.insert("rules".to_owned(), json!(rules.described_by(policies)));
    let reasons = reasons(&report.unjudged);
    if !reasons.is_empty() {
        let reasons = reasons.into_iter();
        let reasons = reasons.map(|reason| json!({"id": reason_id(reason)}));
        driver.insert("notifications".to_owned(), reasons.collect());
    }
    json::text(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.problems.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    }))
}

/// The rules that found something, by their id.
#[derive(Default)]
struct Rules {
    positions: BTreeMap<String, usize>,
    in_order: Vec<Found>,
}

/// A rule that found something.
struct Found {
    policy: String,
    rule: Option<String>,
    page: Option<&'static Page>,
}

impl Rules {
    fn index_of(&mut self, finding: &Reported, page: Option<&'static Page>) -> usize {
        let next = self.in_order.len();
        *self.positions.entry(id(finding)).or_insert_with(|| {
            self.in_order.push(Found {
                policy: finding.policy.clone(),
                rule: finding.rule.clone(),
                page,
            });
            next
        })
    }

    fn described_by(&self, policies: &[ActivePolicy]) -> Vec<Value> {
        let describe = |found: &Found| {
            let Found {
                policy: name,
                rule,
                page,
            } = found;
            let mut policies = policies.iter();
            let configured = policies.find(|configured| configured.name() == name);
            let purpose = configured
                .and_then(ActivePolicy::description)
                .unwrap_or("Finds what no single review shows");
            let short = match rule {
                Some(rule) => format!("{name}: {}", rule.replace('_', " ")),
                None => name.clone(),
            };
            let finds = page.map_or(purpose, |page| &page.finds);
            let mut help = json!({
                "text": plain(&format!("{purpose}. The message says what to write instead.")),
            });
            let mut properties = json!({"tags": ["kubernetes", printable(name)]});
            let mut described = json!({
                "id": id_of(name, rule.as_deref()),
                "shortDescription": {"text": plain(&short)},
                "fullDescription": {"text": plain(finds)},
            });
            if let Some(page) = page {
                let text = format!("{}. {}.", page.finds, page.why);
                set(&mut help, "text", json!(plain(&text)));
                set(&mut help, "markdown", json!(page.markdown()));
                set(&mut described, "helpUri", json!(page.address()));
            }
            if let Some(score) = configured.and_then(ActivePolicy::severity).and_then(score) {
                set(&mut properties, "security-severity", json!(score));
            }
            set(&mut described, "help", help);
            set(&mut described, "properties", properties);
            described
        };
        self.in_order.iter().map(describe).collect()
    }
}

fn set(map: &mut Value, name: &str, value: Value) {
    if let Some(map) = map.as_object_mut() {
        map.insert(name.to_owned(), value);
    }
}

/// The middle of what code hosts take for this severity.
fn score(severity: &str) -> Option<&'static str> {
    Some(match severity {
        "critical" => "9.5",
        "high" => "8.0",
        "medium" => "5.5",
        "low" => "2.0",
        _ => return None,
    })
}

/// The id of a rule is one of its policy's.
fn id(finding: &Reported) -> String {
    id_of(&finding.policy, finding.rule.as_deref())
}

fn id_of(policy: &str, rule: Option<&str>) -> String {
    let id = rule.map_or_else(|| policy.to_owned(), |rule| format!("{policy}/{rule}"));
    printable(&id)
}

/// A text in which nothing is a link: SARIF takes `[text](target)` for one, also in what is no Markdown (3.11.6).
fn plain(text: &str) -> String {
    printable(text).replace("](", "] (")
}

fn result(finding: &Reported, level: &str, rule: usize) -> Value {
    let text = format!("{}: {}", finding.object, finding.line(None));
    let mut result = json!({
        "ruleId": id(finding),
        "ruleIndex": rule,
        "level": level,
        "message": {"text": plain(&text)},
        "locations": [location(&finding.place)],
    });
    if !finding.replacements.is_empty() {
        set(&mut result, "fixes", json!([fix(finding)]));
    }
    result
}

/// What can be written without a decision, as code hosts offer it.
fn fix(finding: &Reported) -> Value {
    let replacements = finding.replacements.iter().map(|replacement| {
        let ((line, column), (end_line, end_column)) = (replacement.start, replacement.end);
        json!({
            "deletedRegion": {
                "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
            },
            "insertedContent": {"text": replacement.text},
        })
    });
    json!({
        "description": {"text": plain(finding.fix.as_deref().unwrap_or_default())},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(&finding.place.file)},
            "replacements": replacements.collect::<Vec<_>>(),
        }],
    })
}

fn notification(place: &Place, text: &str, level: &str) -> Value {
    json!({
        "level": level,
        "message": {"text": plain(text)},
        "locations": [location(place)],
    })
}

fn unjudged(one: &Unjudged) -> Value {
    let text = match &one.object {
        Some(object) => format!("not checked: {object}: {}", one.text),
        None => format!("not checked: {}", one.text),
    };
    let mut notification = notification(&one.place, &text, "warning");
    if let Some(fields) = notification.as_object_mut() {
        let id = reason_id(one.reason);
        fields.insert("descriptor".to_owned(), json!({"id": id}));
    }
    notification
}

/// Each once, as they come.
fn reasons(unjudged: &[Unjudged]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for one in unjudged {
        if !reasons.contains(&one.reason) {
            reasons.push(one.reason);
        }
    }
    reasons
}

fn reason_id(reason: Reason) -> String {
    format!("unjudged/{}", reason.id())
}

fn location(place: &Place) -> Value {
    let mut location = json!({"artifactLocation": {"uri": uri(&place.file)}});
    if let (Some(line), Some(location)) = (place.line, location.as_object_mut()) {
        location.insert("region".to_owned(), json!({"startLine": line}));
    }
    json!({"physicalLocation": location})
}

/// A path as it was named, which code hosts take to be relative to the root of the repository.
fn uri(file: &str) -> String {
    let file = file.strip_prefix("./").unwrap_or(file);
    let scheme = if file.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(file, PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_paths_as_uris() {
        for (file, expected) in [
            ("deploy/web.yaml", "deploy/web.yaml"),
            ("./deploy/web.yaml", "deploy/web.yaml"),
            ("/tmp/a b.yaml", "file:///tmp/a%20b.yaml"),
            ("ä#1/c:d%.yaml", "%C3%A4%231/c%3Ad%25.yaml"),
            ("-", "-"),
        ] {
            assert_eq!(uri(file), expected);
        }
    }
}
