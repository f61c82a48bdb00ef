//! Reviews that a real API server sent, in `reviews/`: each is answered by every policy that wants to see it, and how
//! is written in `reviews/expected.yaml`. What a policy does not want to see is shown to it all the same, and passes.
//!
//! Policies look things up in the cluster that these reviews made: all that was created is there.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::fmt::Write;

use bundle_tests::reviews::{self, Review};
use bundle_tests::{compare, in_snake_case, invariants, policies, repository, target};
use hostpath_mounts::HostpathMounts;
use nodeport_range::NodeportRange;
use preflight::{Policy as Guest, Response};
use serde_json::Value;
use shared::Policy;
use shared::message::{Line, parse_refusal, parse_warning};

/// What a policy answers to a review, with default settings.
struct Answered {
    policy: &'static str,
    /// The name of the file.
    file: String,
    request: Value,
    /// Whether the policy's metadata asks for such requests.
    is_wanted: bool,
    response: Response,
}

/// Asks a policy about a request in the cluster that the reviews made.
fn ask(guest: &Guest, request: &Value) -> Response {
    let host = reviews::cluster().host(guest.metadata());
    guest.validate(request, &Value::Null, host).unwrap()
}

/// Every review, answered by every policy.
fn answers() -> Vec<Answered> {
    let mut answers = Vec::new();
    for (policy, _) in policies::RULES {
        let guest = policies::load(policy).unwrap();
        let metadata = guest.metadata().unwrap();
        for Review { file, request } in reviews::all().unwrap() {
            answers.push(Answered {
                policy,
                file: file.clone(),
                request: request.clone(),
                is_wanted: target(request).is_wanted_by(metadata),
                response: ask(&guest, request),
            });
        }
    }
    answers
}

/// `risky_path: spec.volumes[0].hostPath.path`
fn finding(line: &Line<'_>) -> String {
    format!("{}: {}", line.rule.unwrap_or_default(), line.path)
}

/// How a policy answers, as `expected.yaml` has it.
fn written(policy: &str, answers: &[Answered]) -> String {
    let (mut refused, mut warned, mut accepted) = (String::new(), String::new(), String::new());
    for Answered { file, response, .. } in answers
        .iter()
        .filter(|answered| answered.policy == policy && answered.is_wanted)
    {
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
                let _ = writeln!(accepted, "  - {file}");
                continue;
            }
        };
        let _ = writeln!(list, "    {file}:");
        for finding in findings {
            let _ = writeln!(list, "    - '{finding}'");
        }
    }
    format!("{policy}:\n  refused:\n{refused}  warned:\n{warned}  accepted:\n{accepted}")
}

#[test]
fn every_review_is_answered_as_expected() {
    let answers = answers();
    let policies = policies::RULES.iter();
    let text: String = policies
        .map(|(policy, _)| written(policy, &answers))
        .collect();
    if let Err(difference) = compare(&repository("tests/reviews/expected.yaml"), &text) {
        panic!("{difference}");
    }
}

#[test]
fn every_policy_wants_some_of_the_reviews() {
    let answers = answers();
    for (policy, _) in policies::RULES {
        let of_policy = |answered: &&Answered| answered.policy == *policy && answered.is_wanted;
        let wanted = answers.iter().filter(of_policy).count();
        assert!(wanted >= 10, "{policy} wants {wanted} of the reviews");
    }
}

/// Whether a request has to pass.
fn has_to_pass(request: &Value) -> bool {
    let target = bundle_tests::target(request);
    matches!(target.operation.as_str(), "DELETE" | "CONNECT")
        || matches!(target.subresource.as_str(), "status" | "scale")
        || !request["object"]["metadata"]["deletionTimestamp"].is_null()
}

#[test]
fn what_has_to_pass_passes() {
    let mut passed = 0;
    for Answered {
        policy,
        file,
        request,
        response,
        ..
    } in answers()
    {
        if has_to_pass(&request) {
            assert_eq!(response.message, None, "{policy} {file}");
            assert!(
                response.accepted && response.warnings.is_empty(),
                "{policy} {file}"
            );
            passed += 1;
        }
    }
    assert!(
        passed > 20 * policies::RULES.len(),
        "{passed} of the reviews"
    );
}

#[test]
fn what_a_policy_does_not_want_to_see_passes_unread() {
    for Answered {
        policy,
        file,
        request,
        is_wanted,
        response,
    } in answers()
    {
        if !is_wanted && !has_to_pass(&request) {
            assert!(response.accepted, "{policy} {file}");
            // A kind that it reads may come by way of a subresource: `pods/resize`.
            for warning in &response.warnings {
                let (_, line) = parse_warning(warning).unwrap();
                assert_eq!(line.rule, Some("unclaimed_kind"), "{policy} {file}");
            }
        }
    }
}

#[test]
fn what_has_no_host_path_is_accepted_by_hostpath_mounts_without_a_word() {
    for answered in answers() {
        let object = answered.request["object"].to_string();
        let has_none = !object.contains("\"hostPath\":{") && !object.contains("\"local\":{");
        if answered.policy == HostpathMounts::NAME && answered.is_wanted && has_none {
            let response = answered.response;
            assert!(
                response.accepted && response.warnings.is_empty(),
                "{}",
                answered.file
            );
        }
    }
}

#[test]
fn what_the_api_server_chose_is_accepted_by_nodeport_range_without_a_word() {
    let mut numbers = 0;
    for answered in answers() {
        let object = &answered.request["object"];
        let managed = object["metadata"]["managedFields"].to_string();
        let chosen = managed.contains("f:nodePort") || managed.contains("f:healthCheckNodePort");
        if answered.policy == NodeportRange::NAME && answered.is_wanted && !chosen {
            let response = answered.response;
            assert!(
                response.accepted && response.warnings.is_empty(),
                "{}",
                answered.file
            );
            numbers += object["spec"].to_string().matches("odePort\":3").count();
        }
    }
    assert!(numbers >= 5, "{numbers} numbers in the reviews");
}

#[test]
fn every_answer_is_one_that_hosts_take_and_the_spelling_of_keys_does_not_matter() {
    for Answered {
        policy,
        file,
        request,
        response,
        ..
    } in answers()
    {
        let guest = policies::load(policy).unwrap();
        assert_eq!(invariants::check(&response), Ok(()), "{policy} {file}");
        let again = ask(&guest, &in_snake_case(&request));
        assert_eq!(again, response, "{policy} {file}");
    }
}
