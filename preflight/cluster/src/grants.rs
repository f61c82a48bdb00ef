//! What a policy may ask its host, by its own metadata.

use std::collections::BTreeSet;

use policy_metadata::{ContextAwareResource, Metadata};

/// The grants of one policy.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    kinds: BTreeSet<(String, String)>,
    /// Whether the list of kinds does not count.
    has_all_kinds: bool,
    capabilities: BTreeSet<String>,
}

impl Grants {
    /// Reads the grants. A policy without metadata has none.
    #[must_use]
    pub fn of(metadata: Option<&Metadata>) -> Self {
        let Some(metadata) = metadata else {
            return Self::default();
        };
        let grants = Self {
            capabilities: metadata.host_capabilities.clone(),
            ..Self::default()
        };
        grants.with_kinds(&metadata.context_aware_resources)
    }

    /// Everything, for tests of what is asked and not of whether it may be.
    #[must_use]
    pub fn all() -> Self {
        Self {
            has_all_kinds: true,
            ..Self::default()
        }
    }

    /// The same functions, but these kinds.
    #[must_use]
    pub fn with_kinds(mut self, kinds: &BTreeSet<ContextAwareResource>) -> Self {
        let kinds = kinds.iter();
        self.kinds = kinds
            .map(|granted| (granted.api_version.clone(), granted.kind.clone()))
            .collect();
        self
    }

    /// The same, and this kind.
    #[must_use]
    pub fn and(mut self, api_version: &str, kind: &str) -> Self {
        self.kinds.insert((api_version.to_owned(), kind.to_owned()));
        self
    }

    /// Refuses a function that is not on the list. Policies from before there was a list have none, and may call all.
    pub(crate) fn check_capability(&self, namespace: &str, operation: &str) -> Result<(), String> {
        let wanted = format!("{namespace}/{operation}");
        let granted = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => wanted.starts_with(prefix),
            None => *pattern == wanted,
        };
        if self.capabilities.is_empty() || self.capabilities.iter().any(granted) {
            return Ok(());
        }
        Err(format!(
            "Policy has not been granted access to the '{wanted}' host capability. The violation has been reported."
        ))
    }

    /// Refuses a kind that is not on the list.
    pub(crate) fn check_kind(&self, api_version: &str, kind: &str) -> Result<(), String> {
        let wanted = (api_version.to_owned(), kind.to_owned());
        if self.has_all_kinds || self.kinds.contains(&wanted) {
            return Ok(());
        }
        Err(format!(
            "Policy has not been granted access to Kubernetes {api_version}/{kind} resources. The violation has been \
             reported."
        ))
    }
}
