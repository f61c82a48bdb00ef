//! What each rule of the bundle finds, why, and what to write instead: for `preflight explain`, for the pages in
//! `docs/rules/` and for the help in SARIF.
//!
//! It is written from the code of the rules and from the cases, by `make docs`, into `explain.json`. So this program needs
//! no policy to explain its rules.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::names::UnknownName;

mod korean;

pub use korean::korean;

/// What there is to say of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The policy, or `preflight` for what this program finds by itself.
    pub policy: String,
    /// The id, which stands at the end of its messages.
    pub rule: String,
    /// What is found, in a sentence without a full stop.
    pub finds: String,
    /// What goes wrong in the cluster otherwise, in a sentence without a full stop.
    pub why: String,
    /// What to write instead, without a full stop.
    pub fix: String,
    /// What comes of it when nothing is set, and the setting that changes it: ``deny (`form.pem`)``.
    pub level: String,
    /// Something that is found.
    pub example: Example,
}

/// Something that a rule finds. It is a case, so the policy has said the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The manifest.
    pub manifest: String,
    /// The settings of the policy, where the rule needs some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// What the cluster has, where it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The object before the change, where it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What the user reads.
    pub message: String,
}

/// A part of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The object that is found.
    Manifest,
    /// The object before the change.
    Before,
    /// What the cluster has.
    Cluster,
    /// The settings of the policy.
    Settings,
}

impl Part {
    /// The words that lead to it.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Manifest => "Manifest",
            Self::Before => "The object before",
            Self::Cluster => "In the cluster",
            Self::Settings => "Settings",
        }
    }
}

impl Page {
    /// Policy and rule: `hostpath-mounts/risky_path`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.policy, self.rule)
    }

    /// The page in the repository.
    #[must_use]
    pub fn path(&self) -> String {
        format!("docs/rules/{}.md", self.name())
    }

    /// The address of the page.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/blob/main/{}", env!("CARGO_PKG_REPOSITORY"), self.path())
    }

    /// Why it hurts, what to write instead and an example, in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "{}. {}.\n\n**Instead:** {}.\n",
            self.finds, self.why, self.fix
        );
        for (part, content) in self.example() {
            let (heading, content) = (part.heading(), content.trim_end());
            text.extend(["\n", heading, ":\n\n```yaml\n", content, "\n```\n"]);
        }
        text.extend(["\nMessage:\n\n```text\n", &self.example.message, "\n```\n"]);
        text
    }

    /// The parts of the example, and what is in each.
    #[must_use]
    pub fn example(&self) -> Vec<(Part, &str)> {
        let example = &self.example;
        let beside = [
            (Part::Before, &example.before),
            (Part::Cluster, &example.cluster),
            (Part::Settings, &example.settings),
        ];
        let beside = beside.into_iter();
        let beside = beside.filter_map(|(part, text)| Some((part, text.as_deref()?)));
        [(Part::Manifest, example.manifest.as_str())]
            .into_iter()
            .chain(beside)
            .collect()
    }
}

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| {
    // A test reads it: it is part of the program.
    serde_json::from_str(include_str!("explain.json")).unwrap_or_default()
});

/// What a rule says, as a sentence: with a capital and a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let first: String = first.collect();
    format!("{first}{}.", letters.as_str())
}

/// All pages: those of each policy, in the order of the names, and then those of preflight.
#[must_use]
pub fn pages() -> &'static [Page] {
    &PAGES
}

/// The page of a rule.
#[must_use]
pub fn page(policy: &str, rule: &str) -> Option<&'static Page> {
    let mut pages = pages().iter();
    pages.find(|page| page.policy == policy && page.rule == rule)
}

/// The pages of a rule that a user asks for, `risky_path` or `hostpath-mounts/risky_path`. Several policies may have a
/// rule of one name.
///
/// # Errors
///
/// When there is no such rule, with the name that was probably meant.
pub fn find(name: &str) -> Result<Vec<&'static Page>, UnknownName> {
    // At the end of a message it stands in brackets.
    let name = name.trim_matches(['[', ']']);
    let is_meant = |page: &&Page| page.rule == name || page.name() == name;
    let found: Vec<_> = pages().iter().filter(is_meant).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names: Vec<String> = pages().iter().map(Page::name).collect();
    let known: Vec<&str> = if name.contains('/') {
        names.iter().map(String::as_str).collect()
    } else {
        pages().iter().map(|page| page.rule.as_str()).collect()
    };
    Err(UnknownName::new(name, known.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_can_be_read() {
        assert_eq!(
            serde_json::from_str::<Vec<Page>>(include_str!("explain.json")).unwrap(),
            pages()
        );
        assert!(!pages().is_empty());
    }

    #[test]
    fn a_rule_is_found_by_its_name_and_by_that_of_its_policy() {
        let found = |name: &str| find(name).map(|pages| pages.len()).map_err(|it| it.nearest);
        assert_eq!(found("risky_path"), Ok(1));
        assert_eq!(found("[risky_path]"), Ok(1));
        assert_eq!(found("hostpath-mounts/risky_path"), Ok(1));
        assert!(find("missing_pod_spec").unwrap().len() > 1);
        assert_eq!(found("risky_paths"), Err(Some("risky_path".to_owned())));
        let nearest = "hostpath-mounts/risky_path".to_owned();
        assert_eq!(found("hostpath-mount/risky_path"), Err(Some(nearest)));
    }
}
