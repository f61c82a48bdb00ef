//! A policy with its settings, alone or in a group.

use std::{collections::BTreeSet, sync::Arc};

use policy_metadata::ContextAwareResource;
use serde::Serialize;
use serde_json::Value;

use super::{CustomKind, surroundings::Surroundings};
use crate::{
    EvaluationError, Policy, Response,
    cluster::{Get, Grants},
};

/// A policy with its settings.
#[derive(Debug)]
pub struct Member {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Its settings.
    pub settings: Value,
    /// What it may look up, where that is not for its metadata to say.
    pub(crate) grants: Option<BTreeSet<ContextAwareResource>>,
    /// What its settings add to the rules and the look-ups of its metadata. Those of a resource say all themselves.
    pub(crate) custom_kinds: Vec<CustomKind>,
}

impl Member {
    /// Judges a request: in the words that the API server would show, or `unabridged`. What it got on the way is told as
    /// well.
    pub(crate) fn validate(
        &self,
        request: &(impl Serialize + ?Sized),
        surroundings: &Surroundings,
        unabridged: bool,
    ) -> Result<(Response, Vec<Get>), EvaluationError> {
        let mut grants = Grants::of(self.policy.metadata());
        if let Some(kinds) = &self.grants {
            grants = grants.with_kinds(kinds);
        }
        let custom = self.custom_kinds.iter().filter_map(CustomKind::grant);
        let grants = custom.fold(grants, |grants, (api_version, kind)| {
            grants.and(api_version, kind)
        });
        let host = Arc::new(surroundings.host(grants));
        let asked = Arc::clone(&host);
        let response = if unabridged {
            self.policy
                .validate_unabridged(request, &self.settings, asked)
                .map(|response| response.bounded(self.policy.name()))
        } else {
            self.policy.validate(request, &self.settings, asked)
        };
        Ok((response?, host.gets()))
    }

    /// Whether it may look this kind up.
    pub(crate) fn may_look_up(&self, api_version: &str, kind: &str) -> bool {
        let mut granted = self.grants.iter().flatten();
        granted.any(|granted| granted.api_version == api_version && granted.kind == kind)
    }

    /// The kinds that it asks the cluster for, whether it may or not.
    #[must_use]
    pub fn needs_to_look_up(&self) -> BTreeSet<&str> {
        // It asks for what claims are bound to, and only where that is wanted.
        let asks = self.policy.name() != "hostpath-mounts"
            || self.settings.get("followClaims") == Some(&Value::Bool(true));
        let metadata = self.policy.metadata().filter(|_| asks);
        let kinds = metadata
            .into_iter()
            .flat_map(|metadata| &metadata.context_aware_resources);
        kinds.map(|resource| resource.kind.as_str()).collect()
    }

    /// The kinds that it may look up.
    #[must_use]
    pub fn looks_up(&self) -> BTreeSet<&str> {
        let metadata = self.policy.metadata();
        let metadata = metadata.map(|metadata| &metadata.context_aware_resources);
        let granted = self.grants.as_ref().or(metadata).into_iter().flatten();
        let granted = granted.map(|resource| resource.kind.as_str());
        let custom = self.custom_kinds.iter().filter_map(CustomKind::grant);
        granted.chain(custom.map(|(_, kind)| kind)).collect()
    }
}
