//! The report for build servers: `JUnit` XML, with a suite for each policy and a case for each object that it judged.
//!
//! A refusal is a failure. A warning is output of a case that passed, and so is what the object needs from elsewhere, what the project excepts, and what is in the baseline. In a suite of preflight's own, what kept something
//! from being checked is an error, what no policy read is skipped, what no single review shows is a
//! failure, and notes are its output.

use std::collections::HashMap;

use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{Judged, Report, Reported, Unjudged, printable};
use crate::{
    checks,
    manifests::{Place, Problem, without_commands},
};

/// Writes the report.
pub fn render(report: &Report) -> Result<String, SerializeError> {
    let needed = report.needed_from_elsewhere.iter();
    let findings = Findings {
        refusals: by_case(&report.refusals),
        warnings: by_case(&report.warnings),
        needed: by_case(needed.flat_map(|needed| &needed.needed_by)),
        excepted: by_case(excepted(report, false)),
        baselined: by_case(excepted(report, true)),
    };
    let judged = || report.judged.iter().enumerate();
    let mut document = quick_junit::Report::new(checks::FINDER);
    for policy in policies(&report.judged) {
        let mut suite = TestSuite::new(printable(policy));
        let judged =
            judged().filter(|(_, judged)| judged.policies.iter().any(|name| name == policy));
        suite.add_test_cases(
            judged.map(|(position, judged)| findings.case(policy, position, judged)),
        );
        document.add_test_suite(suite);
    }
    let mut suite = TestSuite::new(checks::FINDER);
    let judged = judged()
        .filter(|(position, _)| findings.refusals.contains_key(&(checks::FINDER, *position)));
    suite.add_test_cases(
        judged.map(|(position, judged)| findings.case(checks::FINDER, position, judged)),
    );
    suite.add_test_cases(report.problems.iter().map(error));
    suite.add_test_cases(report.unjudged.iter().map(skipped));
    if !report.notes.is_empty() {
        let notes = report.notes.iter();
        let notes = notes.map(|note| format!("{}: {}", note.place, printable(&note.text)));
        suite.set_system_out(notes.collect::<Vec<_>>().join("\n"));
    }
    if !suite.test_cases.is_empty() || !report.notes.is_empty() {
        document.add_test_suite(suite);
    }
    // The library leaves out what XML cannot hold but for these two: <https://www.w3.org/TR/xml/#charsets>.
    let text = document.to_string()?;
    let text = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    Ok(without_commands(&text))
}

/// In the order in which they were asked.
fn policies(judged: &[Judged]) -> Vec<&str> {
    let mut policies: Vec<&str> = Vec::new();
    for name in judged.iter().flat_map(|judged| &judged.policies) {
        if !policies.contains(&name.as_str()) {
            policies.push(name);
        }
    }
    policies
}

/// By policy and position of the object.
type ByCase<'a> = HashMap<(&'a str, usize), Vec<&'a Reported>>;

struct Findings<'a> {
    refusals: ByCase<'a>,
    warnings: ByCase<'a>,
    /// About what is needed from elsewhere.
    needed: ByCase<'a>,
    excepted: ByCase<'a>,
    baselined: ByCase<'a>,
}

/// What does not count, by the baseline or by exceptions.
fn excepted(report: &Report, is_of_baseline: bool) -> impl Iterator<Item = &Reported> {
    let excepted = report.excepted.iter();
    let excepted = excepted.filter(move |it| it.is_of_baseline() == is_of_baseline);
    excepted.map(|it| &it.finding)
}

fn by_case<'a>(findings: impl IntoIterator<Item = &'a Reported>) -> ByCase<'a> {
    let mut by_case = ByCase::new();
    for finding in findings {
        let key = (finding.policy.as_str(), finding.position);
        by_case.entry(key).or_default().push(finding);
    }
    by_case
}

impl Findings<'_> {
    fn case(&self, policy: &str, position: usize, judged: &Judged) -> TestCase {
        let key = (policy, position);
        let mut status = TestCaseStatus::success();
        let mut place = &judged.place;
        if let Some(refusals) = self.refusals.get(&key) {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let counts = refusals.iter().map(|finding| finding.more.unwrap_or(1));
            let count: usize = counts.sum();
            let problems = if count == 1 { "problem" } else { "problems" };
            status
                .set_message(format!("{count} {problems}"))
                .set_type("refused")
                .set_description(lines(refusals));
            // Build servers link a case to one place.
            place = refusals.first().map_or(place, |first| &first.place);
        }
        let mut case = case(&judged.object.to_string(), status, place);
        let mut output = Vec::new();
        if let Some(warnings) = self.warnings.get(&key) {
            output.push(lines(warnings));
        }
        if let Some(needed) = self.needed.get(&key) {
            output.push(format!("needed from elsewhere:\n{}", lines(needed)));
        }
        if let Some(excepted) = self.excepted.get(&key) {
            output.push(format!("excepted by the project:\n{}", lines(excepted)));
        }
        if let Some(baselined) = self.baselined.get(&key) {
            output.push(format!("in the baseline:\n{}", lines(baselined)));
        }
        if !output.is_empty() {
            case.set_system_out(output.join("\n"));
        }
        case
    }
}

fn case(name: &str, status: TestCaseStatus, place: &Place) -> TestCase {
    let mut case = TestCase::new(name, status);
    let file = printable(&place.file);
    case.set_classname(file.as_str());
    case.extra.insert("file".into(), file.into());
    if let Some(line) = place.line {
        case.extra.insert("line".into(), line.to_string().into());
    }
    case
}

fn lines(findings: &[&Reported]) -> String {
    let line = |finding: &&Reported| {
        let line = finding.line(finding.rule.as_deref());
        format!("{}: {}", finding.place, printable(&line))
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn error(problem: &Problem) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status
        .set_message(printable(&problem.text))
        .set_type("not checked");
    case(&problem.place.to_string(), status, &problem.place)
}

fn skipped(one: &Unjudged) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status
        .set_message(printable(&one.text))
        .set_type(one.reason.id());
    let object = one.object.as_ref().map(ToString::to_string);
    let name = object.unwrap_or_else(|| one.place.to_string());
    case(&name, status, &one.place)
}
