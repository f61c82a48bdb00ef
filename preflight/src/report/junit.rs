//! The report for build servers: `JUnit` XML, with a suite for each policy and a case for each object that it judged.
//!
//! A refusal is a failure. A warning is output of a case that passed. What kept something from being judged is an
//! error, in a suite of preflight's own, and so is what no single review shows.

use std::collections::HashMap;

use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{Finding, Judged, Report, Subject};
use crate::{across, manifests::Problem};

/// Writes the report.
pub fn render(report: &Report) -> Result<String, SerializeError> {
    let refusals = by_case(&report.refusals);
    let warnings = by_case(&report.warnings);
    let case = |policy: &str, judged: &Judged| {
        let key = (policy, judged.place.file.as_str(), &judged.object);
        case(judged, refusals.get(&key), warnings.get(&key))
    };
    let mut document = quick_junit::Report::new(across::FINDER);
    for policy in policies(&report.judged) {
        let mut suite = TestSuite::new(policy);
        let judged = report.judged.iter();
        let judged = judged.filter(|judged| judged.policies.iter().any(|name| name == policy));
        suite.add_test_cases(judged.map(|judged| case(policy, judged)));
        document.add_test_suite(suite);
    }
    let mut suite = TestSuite::new(across::FINDER);
    let found = |judged: &&Judged| {
        let key = (across::FINDER, judged.place.file.as_str(), &judged.object);
        refusals.contains_key(&key)
    };
    let judged = report.judged.iter().filter(found);
    suite.add_test_cases(judged.map(|judged| case(across::FINDER, judged)));
    suite.add_test_cases(report.problems.iter().map(error));
    if !suite.test_cases.is_empty() {
        document.add_test_suite(suite);
    }
    document.to_string()
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

/// Policy, file and object.
type Key<'a> = (&'a str, &'a str, &'a Subject);

fn by_case(findings: &[Finding]) -> HashMap<Key<'_>, Vec<String>> {
    let mut by_case: HashMap<Key<'_>, Vec<String>> = HashMap::new();
    for finding in findings {
        let key = (
            finding.policy.as_str(),
            finding.place.file.as_str(),
            &finding.object,
        );
        by_case.entry(key).or_default().push(line(finding));
    }
    by_case
}

fn case(
    judged: &Judged,
    refusals: Option<&Vec<String>>,
    warnings: Option<&Vec<String>>,
) -> TestCase {
    let mut status = TestCaseStatus::success();
    if let Some(refusals) = refusals {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let problems = if refusals.len() == 1 {
            "problem"
        } else {
            "problems"
        };
        status
            .set_message(format!("{} {problems}", refusals.len()))
            .set_type("refused")
            .set_description(refusals.join("\n"));
    }
    let mut case = TestCase::new(judged.object.to_string(), status);
    case.set_classname(judged.place.file.as_str());
    if let Some(warnings) = warnings {
        case.set_system_out(warnings.join("\n"));
    }
    case
}

fn line(finding: &Finding) -> String {
    format!(
        "{}: {}",
        finding.place,
        finding.line(finding.rule.as_deref())
    )
}

fn error(problem: &Problem) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status
        .set_message(problem.text.as_str())
        .set_type("not judged");
    let mut case = TestCase::new(problem.place.to_string(), status);
    case.set_classname(problem.place.file.as_str());
    case
}
