//! What the project says of itself, in `Cargo.toml` and `CHANGELOG.md`.

use serde::Deserialize;

use crate::{read, repository};

/// The version that every crate of the workspace inherits.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// When a version that was not released yet was released. The time has to be something, and the clock would make a
/// document stale each second.
const NEVER: &str = "1970-01-01";

/// Where the project is, and who keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The maintainers, as `name <address>`.
    pub authors: Vec<String>,
    /// Its page.
    pub homepage: String,
    /// Its source.
    pub repository: String,
    /// Where the policies are pushed to.
    pub registry: String,
    /// What Artifact Hub calls the repository, once it is registered there.
    pub artifacthub: Option<String>,
    /// The day on which this version was released.
    pub released: String,
    /// What is new in this version. Empty until it is released.
    pub changes: Vec<Change>,
}

/// An entry of `CHANGELOG.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The heading above it, such as `Added`.
    pub heading: String,
    /// The text, in one line of Markdown.
    pub text: String,
}

#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    package: Package,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Package {
    authors: Vec<String>,
    homepage: String,
    repository: String,
}

#[derive(Deserialize)]
struct Metadata {
    policies: Policies,
}

#[derive(Deserialize)]
struct Policies {
    registry: String,
    artifacthub: Option<String>,
}

impl Project {
    /// Reads it.
    pub fn read() -> Result<Self, String> {
        let manifest = read(&repository("Cargo.toml"))?;
        let changelog = read(&repository("CHANGELOG.md"))?;
        Self::parse(&manifest, &changelog, VERSION)
    }

    fn parse(manifest: &str, changelog: &str, version: &str) -> Result<Self, String> {
        let Manifest { workspace } =
            toml::from_str(manifest).map_err(|error| format!("Cargo.toml: {error}"))?;
        Ok(Self {
            authors: workspace.package.authors,
            homepage: workspace.package.homepage,
            repository: workspace.package.repository,
            registry: workspace.metadata.policies.registry,
            artifacthub: workspace.metadata.policies.artifacthub,
            released: released(changelog, version).unwrap_or(NEVER).to_owned(),
            changes: changes(changelog, version),
        })
    }

    /// Where the files of a version are on the web.
    #[must_use]
    pub fn blob(&self, version: &str) -> String {
        format!("{}/blob/v{version}", self.repository)
    }

    /// Where a policy is pushed to, without a tag.
    #[must_use]
    pub fn oci_url(&self, policy: &str) -> String {
        format!("{}/{policy}", self.registry)
    }
}

/// The entries below the heading of a version.
fn changes(changelog: &str, version: &str) -> Vec<Change> {
    let mut changes = Vec::<Change>::new();
    let mut heading = "";
    let is_of = |line: &str| {
        line.strip_prefix("## ")
            .and_then(dated)
            .is_some_and(|(of, _)| of == version)
    };
    let section = changelog.lines().skip_while(|line| !is_of(line)).skip(1);
    for line in section.take_while(|line| !line.starts_with("## ")) {
        if let Some(next) = line.strip_prefix("### ") {
            heading = next.trim_end();
        } else if let Some(text) = line.strip_prefix("- ") {
            changes.push(Change {
                heading: heading.to_owned(),
                text: text.trim_end().to_owned(),
            });
        } else if let (Some(more), Some(change)) = (line.strip_prefix("  "), changes.last_mut()) {
            change.text.extend([" ", more.trim()]);
        }
    }
    changes
}

/// The day of a heading such as `## 1.2.3 - 2026-01-31`, with or without brackets around the version.
fn released<'a>(changelog: &'a str, version: &str) -> Option<&'a str> {
    let headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    headings
        .filter_map(dated)
        .find_map(|(of, day)| (of == version).then_some(day))
}

/// The version and the day of a heading.
fn dated(heading: &str) -> Option<(&str, &str)> {
    let (of, day) = heading.split_once(" - ")?;
    let of = of.trim_start_matches('[').trim_end_matches(']');
    Some((of, day.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_the_project_is_and_when_a_version_was_released() {
        let manifest = "
[workspace]
members = []
[workspace.package]
authors = [\"A <a@example.com>\"]
homepage = \"https://example.com/home\"
repository = \"https://example.com/source\"
[workspace.metadata.policies]
registry = \"registry.example.com/p\"
";
        let changelog = "# Changelog\n\n## Unreleased\n\n- Not yet.\n\n## [1.2.3] - 2026-01-31\n\n### Added\n\n- One\n  line.\n\n\
                         ### Fixed\n\n- Two.\n- Three.\n\n## 1.2.0 - 2025-12-24\n\n- Old.\n";
        let project = |version: &str| Project::parse(manifest, changelog, version).unwrap();
        let expected = Project {
            authors: vec!["A <a@example.com>".to_owned()],
            homepage: "https://example.com/home".to_owned(),
            repository: "https://example.com/source".to_owned(),
            registry: "registry.example.com/p".to_owned(),
            artifacthub: None,
            released: "2026-01-31".to_owned(),
            changes: [
                ("Added", "One line."),
                ("Fixed", "Two."),
                ("Fixed", "Three."),
            ]
            .map(|(heading, text)| Change {
                heading: heading.to_owned(),
                text: text.to_owned(),
            })
            .into(),
        };
        assert_eq!(project("1.2.3"), expected);
        assert_eq!(expected.oci_url("web"), "registry.example.com/p/web");
        assert_eq!(
            expected.blob("1.2.3"),
            "https://example.com/source/blob/v1.2.3"
        );
        assert_eq!(project("1.2.0").released, "2025-12-24");
        assert_eq!(project("1.2").released, NEVER);
        assert_eq!(project("1.2").changes, []);
    }
}
