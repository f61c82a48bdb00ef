//! Reviews that a real API server sent, in `reviews/`: each is answered, and how is written in `reviews/expected.yaml`.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::fmt::Write;

use bundle_tests::{compare, in_snake_case, invariants, names, policies, read, repository};
use hostpath_mounts::HostpathMounts;
use preflight::review::Target;
use preflight::{NoHost, Response};
use serde_json::Value;
use shared::Policy;
use shared::message::{Line, parse_refusal, parse_warning};

/// The name of each file, the request in it, and the answer with default settings.
fn answers() -> Vec<(String, Value, Response)> {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    let folder = repository("tests/reviews");
    let files = names(&folder).unwrap().into_iter();
    let reviews = files.filter(|file| file != "expected.yaml");
    reviews
        .map(|file| {
            let mut review: Value =
                serde_json::from_str(&read(&folder.join(&file)).unwrap()).unwrap();
            let request = review["request"].take();
            let response = guest.validate(&request, &Value::Null, NoHost);
            (file, request, response.unwrap())
        })
        .collect()
}

/// `risky_path: spec.volumes[0].hostPath.path`
fn finding(line: &Line<'_>) -> String {
    format!("{}: {}", line.rule.unwrap_or_default(), line.path)
}

#[test]
fn every_review_is_answered_as_expected() {
    let (mut refused, mut warned, mut accepted) = (String::new(), String::new(), String::new());
    for (file, _, response) in answers() {
        let message = response.message.as_deref();
        let lines = message.map(|message| parse_refusal(message).unwrap());
        let mut findings: Vec<String> = lines.iter().flatten().map(finding).collect();
        let warnings = response.warnings.iter();
        let warnings = warnings.map(|warning| finding(&parse_warning(warning).unwrap().1));
        if response.accepted {
            findings.extend(warnings);
        } else {
            findings.extend(warnings.map(|warning| format!("warns of {warning}")));
        }
        let list = match (response.accepted, findings.is_empty()) {
            (false, _) => &mut refused,
            (true, false) => &mut warned,
            (true, true) => {
                // Writing to a String cannot fail.
                let _ = writeln!(accepted, "- {file}");
                continue;
            }
        };
        let _ = writeln!(list, "  {file}:");
        for finding in findings {
            let _ = writeln!(list, "  - '{finding}'");
        }
    }
    let text = format!("refused:\n{refused}warned:\n{warned}accepted:\n{accepted}");
    if let Err(difference) = compare(&repository("tests/reviews/expected.yaml"), &text) {
        panic!("{difference}");
    }
}

#[test]
fn what_has_to_pass_passes() {
    let mut passed = 0;
    for (file, request, response) in answers() {
        let target = Target::of(&request);
        let object = &request["object"];
        let going = !object["metadata"]["deletionTimestamp"].is_null();
        if matches!(target.operation.as_str(), "DELETE" | "CONNECT")
            || matches!(target.subresource.as_str(), "status" | "scale")
            || going
        {
            assert_eq!(response.message, None, "{file}");
            assert!(response.accepted && response.warnings.is_empty(), "{file}");
            passed += 1;
        }
    }
    assert!(passed > 20, "{passed} of the reviews");
}

#[test]
fn what_has_no_host_path_is_accepted_without_a_word() {
    for (file, request, response) in answers() {
        let object = request["object"].to_string();
        if !object.contains("\"hostPath\":{") && !object.contains("\"local\":{") {
            assert!(response.accepted && response.warnings.is_empty(), "{file}");
        }
    }
}

#[test]
fn the_policy_wants_to_see_what_it_refuses() {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    for (file, request, response) in answers() {
        let wanted = Target::of(&request).is_wanted_by(guest.metadata().unwrap());
        assert!(wanted || response.accepted, "{file}");
    }
}

#[test]
fn every_answer_is_one_that_hosts_take_and_the_spelling_of_keys_does_not_matter() {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    for (file, request, response) in answers() {
        assert_eq!(invariants::check(&response), Ok(()), "{file}");
        let again = guest.validate(&in_snake_case(&request), &Value::Null, NoHost);
        assert_eq!(again.unwrap(), response, "{file}");
    }
}
