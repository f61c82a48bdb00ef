//! The language of messages and warnings, over everything that the cases show, and of the texts of the rules.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use bundle_tests::{cases, policies, read, repository, yaml};
use serde_json::Value;
use shared::message::{Line, MAX_LISTED, parse_refusal, parse_warning};

/// In characters. What says more than this is not read to the end.
const WARNING_LIMIT: usize = 450;

/// Gives `check` the name and the expected answer of each case. What it finds is collected: one run shows all.
fn each(check: impl Fn(&str, &Value) -> Vec<String>) {
    let mut problems = Vec::new();
    for (policy, case) in cases().unwrap() {
        let path = repository(&format!("tests/cases/{policy}/{case}/expected.yaml"));
        let expected = yaml::read(&read(&path).unwrap()).unwrap();
        let found = check(&policy, &expected).into_iter();
        problems.extend(found.map(|problem| format!("{policy}/{case}: {problem}")));
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn message(expected: &Value) -> &str {
    expected
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn warnings(expected: &Value) -> impl Iterator<Item = &str> {
    let warnings = expected.get("warnings").and_then(Value::as_array);
    warnings.into_iter().flatten().filter_map(Value::as_str)
}

/// Whether a sentence is in the style of this bundle: lower case, a quote or an object (`Secret "db"`) at the start, no
/// full stop at the end.
fn check_style(text: &str, problems: &mut Vec<String>) {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let is_object = rest.starts_with(" \"");
    if text.starts_with(char::is_uppercase) && !is_object {
        problems.push(format!("starts with a capital: {text}"));
    }
    if text.ends_with('.') || text.ends_with(' ') || text.is_empty() {
        problems.push(format!("ends with a full stop or a space: {text:?}"));
    }
    if text.contains("  ") || text.contains(" ; ") || text.contains(";;") {
        problems.push(format!("has a space or a mark too many: {text:?}"));
    }
}

/// A line of a refusal or a warning: reads back as what it was written from, and is in style.
fn check_line(policy: &str, line: &Line<'_>, problems: &mut Vec<String>) {
    check_style(line.reason, problems);
    if let Some(fix) = line.fix {
        check_style(fix, problems);
        if line.reason.contains(fix) {
            problems.push(format!("says the fix twice: {line}"));
        }
    }
    let of_rule = |id: &str| {
        let policies = policies::RULES.iter().filter(|(name, _)| *name == policy);
        matches!(id, "unclaimed_kind" | "unjudged")
            || policies
                .flat_map(|(_, rules)| *rules)
                .any(|rule| rule.id == id)
    };
    if !line.rule.is_some_and(of_rule) {
        problems.push(format!("names no rule of the policy: {line}"));
    }
}

#[test]
fn every_refusal_reads_back_as_its_lines() {
    each(|policy, expected| {
        let mut problems = Vec::new();
        if expected.get("code") != Some(&Value::from(403)) {
            return problems;
        }
        let message = message(expected);
        let Some(lines) = parse_refusal(message) else {
            return vec![format!("is not in the one form: {message}")];
        };
        let written: Vec<String> = lines.iter().map(Line::to_string).collect();
        let (head, rest) = message.split_once('\n').unwrap_or((message, ""));
        match written.as_slice() {
            [line] => {
                let subject = message.strip_suffix(line.as_str()).unwrap_or_default();
                if !subject.ends_with(&format!(" violates {policy}: ")) {
                    problems.push(format!("is written another way than it reads: {message}"));
                }
            }
            lines => {
                let bullets: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
                let rest = rest
                    .split_once("\n- and ")
                    .map_or(rest, |(listed, _)| listed);
                if bullets.join("\n") != rest || !head.contains(&format!(" violates {policy} in "))
                {
                    problems.push(format!("is written another way than it reads: {message}"));
                }
            }
        }
        for line in &lines {
            check_line(policy, line, &mut problems);
            if line.fix.is_none() {
                problems.push(format!("has no fix: {line}"));
            }
        }
        // Every line of the message is about a field that the audit log names as well.
        let audited = expected.get("auditAnnotations").and_then(Value::as_object);
        for line in &lines {
            let paths = line
                .rule
                .and_then(|rule| audited?.get(rule)?.as_str())
                .unwrap_or_default();
            // Where there are too many, the rest is counted.
            let paths = paths
                .strip_suffix(" more")
                .and_then(|paths| paths.rsplit_once(" and "))
                .map_or(paths, |(paths, _)| paths);
            if !paths.split(", ").any(|path| path == line.path) {
                problems.push(format!("is not in the audit annotations: {line}"));
            }
        }
        problems
    });
}

#[test]
fn a_request_that_cannot_be_judged_says_by_whom_and_why() {
    each(|policy, expected| {
        let code = expected.get("code").and_then(Value::as_u64);
        if !matches!(code, Some(400 | 500)) {
            return Vec::new();
        }
        let mut problems = Vec::new();
        let message = message(expected);
        match message.split_once(&format!(" cannot be judged by {policy}: ")) {
            // The user who reads why is told the field or the object that was looked up, and what came of it.
            Some((subject, reason)) if !subject.is_empty() => {
                if reason.ends_with('.') || reason.contains('\n') {
                    problems.push(format!("is not one line without a full stop: {message}"));
                }
            }
            _ => problems.push(format!("is not in the one form: {message}")),
        }
        if expected.get("auditAnnotations").is_some() {
            problems.push("has audit annotations, and nothing was found".to_owned());
        }
        problems
    });
}

#[test]
fn every_warning_is_one_line_that_reads_back() {
    each(|policy, expected| {
        let mut problems = Vec::new();
        let all: Vec<&str> = warnings(expected).collect();
        // Behind as many as there may be, the rest is counted.
        let counts = |last: &&&str| {
            let rest = last
                .strip_prefix(policy)
                .and_then(|rest| rest.strip_prefix(": and "));
            let count = rest.and_then(|rest| rest.strip_suffix(" more warnings"));
            count.is_some_and(|count| count.parse::<usize>().is_ok()) && all.len() == MAX_LISTED + 1
        };
        let listed = all.len() - usize::from(all.last().is_some_and(|last| counts(&last)));
        for warning in all.iter().copied().take(listed) {
            let length = warning.chars().count();
            if length > WARNING_LIMIT {
                problems.push(format!("has {length} characters: {warning}"));
            }
            match parse_warning(warning) {
                Some((name, line)) if name == policy => {
                    if format!("{name}: {line}") != warning {
                        problems.push(format!("is written another way than it reads: {warning}"));
                    }
                    check_line(policy, &line, &mut problems);
                }
                _ => problems.push(format!("is not in the one form: {warning}")),
            }
        }
        problems
    });
}

#[test]
fn wrong_settings_are_told_by_name() {
    each(|policy, expected| {
        let mut problems = Vec::new();
        if expected.get("valid") == Some(&Value::from(false)) {
            let message = message(expected);
            if !message.starts_with(&format!("wrong settings of {policy}: ")) {
                problems.push(format!("is not in the one form: {message}"));
            }
            check_style(message, &mut problems);
        }
        problems
    });
}

#[test]
fn every_rule_is_told_in_style() {
    let mut problems = Vec::new();
    for (_, rules) in policies::RULES {
        for rule in *rules {
            check_style(rule.fix, &mut problems);
            for text in [rule.summary, rule.why] {
                // Sentences of a document: they start with a capital or with code, and have no full stop of their own.
                if text.starts_with(char::is_lowercase)
                    || text.ends_with('.')
                    || text.contains('\n')
                {
                    problems.push(format!("{}: {text:?}", rule.id));
                }
            }
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
