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
    /// The day on which this version was released.
    pub released: String,
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
            released: released(changelog, version).unwrap_or(NEVER).to_owned(),
        })
    }

    /// Where a policy is pushed to, without a tag.
    #[must_use]
    pub fn oci_url(&self, policy: &str) -> String {
        format!("{}/{policy}", self.registry)
    }
}

/// The day of a heading such as `## 1.2.3 - 2026-01-31`, with or without brackets around the version.
fn released<'a>(changelog: &'a str, version: &str) -> Option<&'a str> {
    let headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    headings
        .filter_map(|heading| heading.split_once(" - "))
        .find_map(|(of, day)| {
            let of = of.trim_start_matches('[').trim_end_matches(']');
            (of == version).then_some(day.trim_end())
        })
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
        let changelog =
            "# Changelog\n\n## Unreleased\n\n## [1.2.3] - 2026-01-31\n\n## 1.2.0 - 2025-12-24\n";
        let project = |version: &str| Project::parse(manifest, changelog, version).unwrap();
        let expected = Project {
            authors: vec!["A <a@example.com>".to_owned()],
            homepage: "https://example.com/home".to_owned(),
            repository: "https://example.com/source".to_owned(),
            registry: "registry.example.com/p".to_owned(),
            released: "2026-01-31".to_owned(),
        };
        assert_eq!(project("1.2.3"), expected);
        assert_eq!(expected.oci_url("web"), "registry.example.com/p/web");
        assert_eq!(project("1.2.0").released, "2025-12-24");
        assert_eq!(project("1.2").released, NEVER);
    }
}
