//! The report as a page for a browser: one file, which needs no network. The page is in `html/`, and the report in it as
//! JSON.
//!
//! What comes from manifests is data: a script of the page, and no other, puts it into the document as text. The policy of
//! the page names script and style by their hashes, so that nothing else would run.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Outcome, Report, Subject, counted::Counted, page, printable};
use crate::{
    baseline::Level,
    explain::Page,
    judge::ActivePolicy,
    manifests::{Place, ShownLine},
};

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// Lines above and below that of a field.
const AROUND: usize = 3;
/// Of one object, more lines than this are left out.
const MAX_LINES: usize = 100;

/// What was found with one choice of settings.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What the choice is called.
    pub name: &'a str,
    /// What was found.
    pub report: &'a Report,
    /// The policies.
    pub policies: &'a [ActivePolicy],
}

/// Writes the page. All runs are about the same manifests; the first one is shown first.
pub fn render(runs: &[Run<'_>]) -> Result<String, serde_json::Error> {
    let data = serde_json::to_string(&Data::of(runs))?;
    // No tag begins in the data, whatever is in them: <https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements>.
    let data = data.replace('<', "\\u003c");
    let parts = [
        ("{{style-hash}}", hash(STYLE)),
        ("{{script-hash}}", hash(SCRIPT)),
        ("{{style}}", STYLE.to_owned()),
        ("{{data}}", data),
        ("{{script}}", SCRIPT.to_owned()),
    ];
    let (mut text, mut rest) = (String::new(), PAGE);
    for (place, part) in parts {
        // What was put in is not looked through again.
        let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
        text.extend([before, &part]);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// As a Content Security Policy has it.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// All that the page shows. The texts are printable.
#[derive(Serialize)]
struct Data {
    version: &'static str,
    objects: Vec<ObjectData>,
    runs: Vec<RunData>,
    /// What `preflight explain` says of the rules, by policy and rule.
    rules: BTreeMap<String, RuleData>,
}

#[derive(Serialize)]
struct ObjectData {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The template that it was rendered from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineData>,
}

/// A line of a manifest: its number, and its text in parts, of which every second one is marked.
#[derive(Serialize)]
struct LineData(usize, Vec<String>);

#[derive(Serialize)]
struct RunData {
    name: String,
    /// The numbers, in sentences.
    summary: Vec<String>,
    policies: Vec<PolicyData>,
    /// What each object is counted as.
    outcomes: Vec<&'static str>,
    /// The policies that checked each object, by their positions.
    checked: Vec<Vec<usize>>,
    findings: Vec<FindingData>,
    problems: Vec<TextData>,
    unjudged: Vec<TextData>,
    notes: Vec<TextData>,
}

#[derive(Serialize)]
struct PolicyData {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
}

#[derive(Serialize)]
struct FindingData {
    /// The position of the object.
    object: usize,
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The name of the rule in `rules`.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<String>,
    level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    problem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excepted: Option<String>,
}

#[derive(Serialize)]
struct TextData {
    place: String,
    text: String,
}

#[derive(Serialize)]
struct RuleData {
    finds: &'static str,
    why: &'static str,
    fix: &'static str,
    level: &'static str,
    /// The parts of the example, each with the words that lead to it.
    example: Vec<(&'static str, &'static str)>,
    message: &'static str,
    address: String,
}

impl Data {
    fn of(runs: &[Run<'_>]) -> Self {
        let mut rules = BTreeMap::new();
        let mut fields: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for run in runs {
            for Counted { finding, .. } in run.report.counted() {
                let of_object = fields.entry(finding.position).or_default();
                of_object.extend(finding.field.as_deref());
                if let Some(page) = page(finding, run.policies) {
                    rules.entry(page.name()).or_insert_with(|| rule(page));
                }
            }
        }
        let judged = runs.first().map_or(&[][..], |run| &run.report.judged);
        let objects = judged.iter().enumerate().map(|(position, judged)| {
            let Subject {
                kind,
                namespace,
                name,
                ..
            } = &judged.object;
            let Place { file, line, source } = &judged.place;
            let fields = fields.get(&position).into_iter().flatten().copied();
            let lines = judged.written.excerpt(fields, AROUND);
            ObjectData {
                kind: printable(kind),
                namespace: namespace.as_deref().map(printable),
                name: printable(name),
                file: printable(file),
                line: *line,
                source: source.as_deref().map(printable),
                lines: lines.iter().take(MAX_LINES).map(parts).collect(),
            }
        });
        Self {
            version: env!("CARGO_PKG_VERSION"),
            objects: objects.collect(),
            runs: runs.iter().map(RunData::of).collect(),
            rules,
        }
    }
}

impl RunData {
    fn of(run: &Run<'_>) -> Self {
        let Run {
            name,
            report,
            policies,
        } = run;
        let summary = [Some(report.summary.to_string()), report.summary.beside()];
        let names: Vec<&str> = policies.iter().map(ActivePolicy::name).collect();
        let checked = report.judged.iter().map(|judged| {
            let by = judged.policies.iter();
            by.filter_map(|policy| names.iter().position(|name| name == policy))
                .collect()
        });
        let text = |place: &Place, text: &str| TextData {
            place: place.to_string(),
            text: printable(text),
        };
        Self {
            name: printable(name),
            summary: summary
                .into_iter()
                .flatten()
                .chain(report.unreadable())
                .collect(),
            policies: policies
                .iter()
                .map(|policy| PolicyData {
                    name: printable(policy.name()),
                    purpose: policy.description().map(printable),
                })
                .collect(),
            outcomes: report.judged.iter().map(|it| id(it.outcome)).collect(),
            checked: checked.collect(),
            findings: report
                .counted()
                .map(|counted| FindingData::of(&counted, policies))
                .collect(),
            problems: report
                .problems
                .iter()
                .map(|problem| text(&problem.place, &problem.text))
                .collect(),
            unjudged: report
                .unjudged
                .iter()
                .map(|one| {
                    let object = one.object.as_ref().map(|object| format!("{object}: "));
                    let what = format!("{}{}", object.unwrap_or_default(), one.text);
                    text(&one.place, &what)
                })
                .collect(),
            notes: report
                .notes
                .iter()
                .map(|note| text(&note.place, &note.text))
                .collect(),
        }
    }
}

impl FindingData {
    fn of(counted: &Counted<'_>, policies: &[ActivePolicy]) -> Self {
        let finding = counted.finding;
        let text = |text: &Option<String>| text.as_deref().map(printable);
        Self {
            object: finding.position,
            policy: printable(&finding.policy),
            rule: text(&finding.rule),
            page: page(finding, policies).map(Page::name),
            severity: text(&finding.severity),
            level: counted.level,
            line: finding.place.line,
            field: text(&finding.field),
            problem: printable(&finding.told()),
            fix: text(&finding.fix),
            needed: counted.needed.map(ToString::to_string),
            excepted: counted
                .excepted
                .map(|it| printable(&it.because.to_string())),
        }
    }
}

fn rule(page: &'static Page) -> RuleData {
    RuleData {
        finds: &page.finds,
        why: &page.why,
        fix: &page.fix,
        level: &page.level,
        example: page
            .example()
            .into_iter()
            .map(|(part, text)| (part.heading(), text))
            .collect(),
        message: &page.example.message,
        address: page.address(),
    }
}

fn parts(line: &ShownLine) -> LineData {
    let mut parts = Vec::new();
    let mut end = 0;
    for mark in &line.marks {
        let before = line.text.get(end..mark.start);
        let marked = line.text.get(mark.clone());
        parts.extend([before, marked].map(|part| part.unwrap_or_default().to_owned()));
        end = mark.end;
    }
    parts.push(line.text.get(end..).unwrap_or_default().to_owned());
    LineData(line.number, parts)
}

/// As the page names it.
fn id(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refused => "refused",
        Outcome::Unjudged => "not checked",
        Outcome::Warned => "with warnings",
        Outcome::Incomplete => "incomplete",
        Outcome::Excepted => "excepted",
        Outcome::Baselined => "in the baseline",
        Outcome::Clean => "clean",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::Note;

    #[test]
    fn no_text_ends_the_data_or_is_taken_for_a_part_of_the_page() {
        let hostile = "</script><script>alert(1)</script><!--{{script}}\u{2028}\u{202e}";
        let report = Report {
            notes: vec![Note {
                place: Place {
                    file: hostile.to_owned(),
                    line: None,
                    source: None,
                },
                text: hostile.to_owned(),
            }],
            ..Report::default()
        };
        let run = Run {
            name: hostile,
            report: &report,
            policies: &[],
        };
        let html = render(&[run]).unwrap();
        assert_eq!(html.matches("</script").count(), 2);
        assert_eq!(html.matches("<!--").count(), 0);
        assert_eq!(html.matches(SCRIPT).count(), 1);
        let (_, data) = html.split_once("type=\"application/json\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["runs"][0]["notes"][0]["text"], printable(hostile));
        assert!(html.contains(&format!("script-src '{}'", hash(SCRIPT))));
        assert!(html.contains(&format!("style-src '{}'", hash(STYLE))));
    }
}
