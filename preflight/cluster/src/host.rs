//! The host of one evaluation: what it may ask, and what it asked.
//!
//! Source of texts: kubewarden-controller, `crates/policy-evaluator/src/runtimes/callback.rs`.

use std::sync::{Arc, Mutex, PoisonError};

use policy_metadata::Metadata;
use serde_json::Value;

use crate::{
    grants::Grants,
    lookup::{Lookup, Operation},
    memory::{Answer, MemoryCluster},
};

/// One look-up of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `list_resources_by_namespace`, `list_resources_all`, `get_resource` and so on.
    pub operation: String,
    /// What was asked, as the guest wrote it; `null` when it is not JSON.
    pub request: Value,
}

/// Answers the calls of one evaluation, and remembers them.
#[derive(Debug)]
pub struct ClusterHost {
    cluster: Arc<MemoryCluster>,
    grants: Grants,
    calls: Mutex<Vec<Call>>,
}

impl ClusterHost {
    /// The look-ups so far, in their order, also those that were refused.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Answers one function of the host, or says why not in the words that the guest gets to see.
    pub fn answer(&self, namespace: &str, operation: &str, payload: &[u8]) -> Answer {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Call {
                operation: operation.to_owned(),
                request: serde_json::from_slice(payload).unwrap_or_default(),
            });
        let known = Operation::parse(namespace, operation);
        let lookup = known
            .map(|known| Lookup::parse(known, payload))
            .transpose()?;
        self.grants.check_capability(namespace, operation)?;
        let (Some(operation), Some(lookup)) = (known, lookup) else {
            return Err(format!(
                "preflight does not answer {namespace}/{operation}: it has no cluster to ask"
            ));
        };
        self.grants.check_kind(&lookup.api_version, &lookup.kind)?;
        self.cluster.answer(operation, payload, &lookup)
    }
}

impl MemoryCluster {
    /// The host of one evaluation, which may look up what the metadata of its policy grants.
    #[must_use]
    pub fn host(self: &Arc<Self>, metadata: Option<&Metadata>) -> ClusterHost {
        self.host_with(Grants::of(metadata))
    }

    /// The host of one evaluation with these grants.
    #[must_use]
    pub fn host_with(self: &Arc<Self>, grants: Grants) -> ClusterHost {
        ClusterHost {
            cluster: Arc::clone(self),
            grants,
            calls: Mutex::default(),
        }
    }
}
