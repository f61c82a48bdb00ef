//! An object that a policy refuses, and what it says: of a case, so that the wasm has said it.

use textwrap::{Options, WordSplitter, WrapAlgorithm};

use crate::{read, repository, yaml};

/// As wide as all pages.
const WIDTH: usize = 120;

/// The case that the README of each policy shows.
const CASES: &[(&str, &str)] = &[
    ("hostpath-mounts", "rejects-docker-socket-below-var-run"),
    (
        "hpa-target-requests",
        "rejects-a-container-without-a-cpu-request",
    ),
    (
        "hpa-vpa-overlap",
        "rejects-an-hpa-beside-the-other-without-a-mode",
    ),
    ("nodeport-range", "rejects-a-well-known-port"),
    ("secret-data", "rejects-a-hex-password-that-nobody-encoded"),
];

/// The object, what the cluster has, and the message.
pub fn render(policy: &str) -> Result<String, String> {
    let (_, case) = CASES
        .iter()
        .find(|(of, _)| *of == policy)
        .ok_or_else(|| format!("no case is chosen for {policy}"))?;
    let file = |name: &str| read(&repository(&format!("tests/cases/{policy}/{case}/{name}")));
    let expected = yaml::read(&file("expected.yaml")?)?;
    let message = expected.get("message").and_then(serde_json::Value::as_str);
    let message = message.ok_or_else(|| format!("{policy}/{case} refuses nothing"))?;
    page(
        &file("request.yaml")?,
        file("cluster.yaml").ok().as_deref(),
        message,
    )
}

fn page(request: &str, cluster: Option<&str>, message: &str) -> Result<String, String> {
    let object = request
        .strip_prefix("object:\n")
        .ok_or("the case is more than an object")?;
    let mut text = format!("```yaml\n{}", textwrap::dedent(object));
    if let Some(cluster) = cluster {
        text.extend(["```\n\nwith these in the cluster:\n\n```yaml\n", cluster]);
    }
    let options = Options::new(WIDTH)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    text.extend([
        "```\n\n```text\n",
        &textwrap::fill(message, options),
        "\n```\n",
    ]);
    Ok(text)
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
