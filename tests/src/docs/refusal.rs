//! An object that a policy refuses, and what it says: of a case, so that the wasm has said it.

use preflight::NoHost;
use preflight::cluster::kinds::Kinds;
use preflight::review;
use serde_json::json;
use textwrap::{Options, WordSplitter, WrapAlgorithm};

use crate::{policies, read, repository, yaml};

/// As wide as all pages.
const WIDTH: usize = 120;

/// The case that the README of each policy shows.
const CASES: &[(&str, &str)] = &[
    (
        "emptydir-storage",
        "tiny_size_limit/rejects-100m-which-is-a-tenth-of-a-byte",
    ),
    (
        "hostpath-mounts",
        "risky_path/rejects-docker-socket-below-var-run",
    ),
    (
        "hpa-replicas",
        "fixed_replicas/rejects-a-number-below-the-least-when-set-to",
    ),
    (
        "hpa-target-requests",
        "missing_request/rejects-a-container-without-a-cpu-request",
    ),
    (
        "hpa-vpa-overlap",
        "shared_resource/rejects-a-vpa-beside-the-other-without-a-mode",
    ),
    (
        "nodeport-range",
        "outside_allowed_ranges/rejects-a-well-known-port",
    ),
    (
        "pod-disruption",
        "misplaced_annotation/rejects-an-annotation-of-the-deployment",
    ),
    (
        "secret-data",
        "unencoded_text/rejects-a-hex-password-that-nobody-encoded",
    ),
    (
        "service-routes",
        "lost_path/rejects-the-slash-in-the-place-of-the-rest",
    ),
    (
        "workload-references",
        "missing_key/rejects-a-variable-of-a-key-in-another-case",
    ),
];

/// The case whose message the README of the bundle explains.
const EXPLAINED: (&str, &str) = (
    "hostpath-mounts",
    "writable_read_only_path/rejects-a-mount-that-says-read-only-false",
);

/// Whether a page shows this case.
pub(super) fn is_shown(policy: &str, case: &str) -> bool {
    let mut shown = CASES.iter().chain([&EXPLAINED]);
    shown.any(|one| *one == (policy, case))
}

/// The message that the README of the bundle explains.
pub fn explained() -> Result<String, String> {
    let (policy, case) = EXPLAINED;
    message(policy, case).map(|message| text_block(&message))
}

/// The object, what the cluster has, and the message.
pub fn render(policy: &str) -> Result<String, String> {
    let (_, case) = CASES
        .iter()
        .find(|(of, _)| *of == policy)
        .ok_or_else(|| format!("no case is chosen for {policy}"))?;
    page(
        &file(policy, case, "request.yaml")?,
        file(policy, case, "cluster.yaml").ok().as_deref(),
        &message(policy, case)?,
    )
}

/// What a policy says of a manifest with one object, which an API server takes otherwise.
pub fn of_manifest(policy: &str, path: &str) -> Result<String, String> {
    let mut object = yaml::read(&read(&repository(path))?)?.into();
    let kinds = Kinds::of([&object]);
    review::complete(&mut object, &kinds, "default");
    let request = review::request(&object, &kinds, 1);
    let answer = policies::load(policy)?.validate(&request, &json!({}), NoHost);
    let message = answer.map_err(|error| error.to_string())?.message;
    let message = message.ok_or_else(|| format!("{policy} does not refuse {path}"))?;
    Ok(text_block(&message))
}

fn file(policy: &str, case: &str, name: &str) -> Result<String, String> {
    read(&repository(&format!("tests/cases/{policy}/{case}/{name}")))
}

fn message(policy: &str, case: &str) -> Result<String, String> {
    let expected = yaml::read(&file(policy, case, "expected.yaml")?)?;
    let message = expected.get("message").and_then(serde_json::Value::as_str);
    let message = message.ok_or_else(|| format!("{policy}/{case} refuses nothing"))?;
    Ok(message.to_owned())
}

fn page(request: &str, cluster: Option<&str>, message: &str) -> Result<String, String> {
    let object = object_of(request, "object")
        .filter(|_| request.starts_with("object:\n"))
        .ok_or("the case is more than an object")?;
    let mut text = format!("```yaml\n{object}");
    if let Some(cluster) = cluster {
        text.extend(["```\n\nwith these in the cluster:\n\n```yaml\n", cluster]);
    }
    text.extend(["```\n\n", &text_block(message)]);
    Ok(text)
}

/// What stands below a field of a request, as it is written.
pub(super) fn object_of(request: &str, field: &str) -> Option<String> {
    let start = format!("{field}:");
    let mut lines = request.lines().skip_while(|line| *line != start).skip(1);
    let mut text = String::new();
    for line in lines
        .by_ref()
        .take_while(|line| line.is_empty() || line.starts_with([' ', '#']))
    {
        text.extend([line, "\n"]);
    }
    (!text.is_empty()).then(|| textwrap::dedent(&text))
}

pub(super) fn text_block(message: &str) -> String {
    let options = Options::new(WIDTH)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    format!("```text\n{}\n```\n", textwrap::fill(message, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_an_object_and_a_message() {
        let message = format!(
            "Pod a violates p: {}; fix: write less [x]",
            "word ".repeat(30).trim_end()
        );
        let text = page(
            "object:\n  kind: Pod\n  spec:\n    a: 1\n",
            Some("- kind: Job\n"),
            &message,
        )
        .unwrap();
        let words = |count: usize| "word ".repeat(count).trim_end().to_owned();
        assert_eq!(
            text,
            format!(
                "```yaml\nkind: Pod\nspec:\n  a: 1\n```\n\nwith these in the cluster:\n\n```yaml\n- kind: Job\n```\n\n\
                 ```text\nPod a violates p: {}\n{}; fix: write less [x]\n```\n",
                words(20),
                words(10)
            )
        );
        assert!(page("operation: UPDATE\n", None, "").is_err());
    }
}
