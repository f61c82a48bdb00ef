//! The metadata of a policy: what it wants to see, what it may ask the cluster, what tools show of it.
//!
//! A policy keeps it in `metadata.yml`, in the format that `kwctl annotate` reads. The build script of the policy calls
//! [`build::embed`], which turns the file and the README into the JSON that `shared::export_policy!` puts into the
//! wasm. So `cargo build` writes a finished policy, and nothing has to annotate it afterwards.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub mod build;

/// The custom section of the wasm that holds the metadata as JSON.
pub const SECTION: &str = "io.kubewarden.metadata";

/// The annotation that holds the start of the README.
pub const USAGE: &str = "io.kubewarden.policy.usage";

/// Ends the part of a README that becomes the usage: how to set the policy up is worth its bytes in every wasm, how it
/// works inside is not.
pub const USAGE_END: &str = "<!-- What follows is not part of the wasm. -->";

/// The section of a README that is left out of the usage: an example is worth no bytes in the wasm either.
const LEFT_OUT: &str = "A refusal\n";

/// What stands before the heading of a section.
const HEADING: &str = "\n## ";

/// What the annotations begin with that only catalogues read.
const OF_CATALOGUE: &str = "io.artifacthub.";

/// The annotation that holds the version of the policy.
pub const VERSION: &str = "io.kubewarden.policy.version";

/// The annotation that holds what the policy is for, in a sentence.
pub const DESCRIPTION: &str = "io.kubewarden.policy.description";

/// The annotation that says where the source of the policy is.
pub const SOURCE: &str = "io.kubewarden.policy.source";

/// The annotation that holds the name of the policy.
pub const TITLE: &str = "io.kubewarden.policy.title";

/// What a host must know of a policy before it runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The version of the protocol between host and guest; absent in `metadata.yml`, `v1` in the wasm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    /// Which requests the policy is meant for.
    pub rules: Vec<Rule>,
    /// Title, author, severity and the like, by their annotation keys.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Whether the policy changes objects. None of this bundle does.
    pub mutating: bool,
    /// Whether the audit scanner should run it over what is in the cluster.
    #[serde(default = "yes")]
    pub background_audit: bool,
    /// `kubewarden-wapc` for all of this bundle.
    pub execution_mode: String,
    /// `kubernetes` for policies that get admission requests.
    #[serde(default = "kubernetes")]
    pub policy_type: String,
    /// The kinds that the policy may look up in the cluster.
    #[serde(default)]
    pub context_aware_resources: BTreeSet<ContextAwareResource>,
    /// The host's functions that the policy calls, such as `kubernetes/get_resource`.
    #[serde(default)]
    pub host_capabilities: BTreeSet<String>,
    /// The oldest Kubewarden that can run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_kubewarden_version: Option<String>,
}

/// Requests that a policy wants to see, as in a `ValidatingWebhookConfiguration`. `*` stands for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// API groups; the core group is the empty string.
    pub api_groups: Vec<String>,
    /// API versions.
    pub api_versions: Vec<String>,
    /// Plural lower-case names, with a slash before a subresource: `pods/ephemeralcontainers`.
    pub resources: Vec<String>,
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`.
    pub operations: Vec<String>,
}

/// A kind that a policy may look up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextAwareResource {
    /// `v1` for the core group, else group and version: `apps/v1`.
    pub api_version: String,
    /// The kind in the singular, as in a manifest.
    pub kind: String,
}

fn yes() -> bool {
    true
}

fn kubernetes() -> String {
    "kubernetes".to_owned()
}

/// Metadata that cannot be read. The text says where.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `metadata.yml` is not what it should be.
    #[error("metadata.yml: {0}")]
    Yaml(String),
    /// The section of the wasm is not what it should be.
    #[error("section {SECTION}: {0}")]
    Json(#[from] serde_json::Error),
}

impl Metadata {
    /// Reads the text of a `metadata.yml`.
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        serde_saphyr::from_str(text).map_err(|error| Error::Yaml(error.to_string()))
    }

    /// Reads the bytes of the wasm's custom section.
    pub fn from_section(bytes: &[u8]) -> Result<Self, Error> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Completes what `metadata.yml` says with what the build knows, as `kwctl annotate` would. What only a catalogue shows
    /// is left out: it reads `metadata.yml` itself, and a guest is to be small.
    #[must_use]
    pub fn finished(mut self, version: &str, readme: &str) -> Self {
        self.protocol_version = Some("v1".to_owned());
        self.annotations
            .retain(|name, _| !name.starts_with(OF_CATALOGUE));
        self.annotations
            .insert(VERSION.to_owned(), version.to_owned());
        let usage = readme
            .split_once(USAGE_END)
            .map_or(readme, |(usage, _)| usage);
        let sections: Vec<&str> = usage
            .split(HEADING)
            .filter(|section| !section.starts_with(LEFT_OUT))
            .collect();
        let usage = sections.join(HEADING);
        self.annotations
            .insert(USAGE.to_owned(), usage.trim_end().to_owned());
        self
    }

    /// The name of the policy, if the metadata has one.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.annotations.get(TITLE).map(String::as_str)
    }

    /// What the policy is for, if the metadata says so.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.annotations.get(DESCRIPTION).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "
rules:
- apiGroups: ['']
  apiVersions: [v1]
  resources: [pods, pods/ephemeralcontainers]
  operations: [CREATE]
mutating: false
executionMode: kubewarden-wapc
contextAwareResources:
- {apiVersion: v1, kind: PersistentVolume}
annotations:
  io.kubewarden.policy.title: hostpath-mounts
  io.artifacthub.keywords: path
";

    #[test]
    fn finished_metadata_survives_the_section() {
        let metadata = Metadata::from_yaml(YAML).unwrap().finished(
            "1.2.3",
            &format!(
                "# How to use

## A refusal

No.

## Settings

Some.

{USAGE_END}

Inside"
            ),
        );
        let read = Metadata::from_section(&serde_json::to_vec(&metadata).unwrap()).unwrap();
        assert_eq!(read, metadata);
        assert_eq!(read.title(), Some("hostpath-mounts"));
        assert_eq!(read.protocol_version.as_deref(), Some("v1"));
        assert_eq!(read.annotations[VERSION], "1.2.3");
        assert_eq!(read.annotations.len(), 3, "{read:?}");
        assert_eq!(
            read.annotations[USAGE],
            "# How to use\n\n## Settings\n\nSome."
        );
        assert!(read.background_audit);
    }

    #[test]
    fn refuses_a_key_that_nobody_reads() {
        let error = Metadata::from_yaml(&format!("{YAML}contextAware: true\n")).unwrap_err();
        assert!(error.to_string().contains("contextAware"), "{error}");
    }
}
