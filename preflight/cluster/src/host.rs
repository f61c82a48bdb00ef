//! The host of one evaluation: what it may ask, and what it asked.
//!
//! Source of texts: kubewarden/adm-controller, `crates/policy-evaluator/src/runtimes/callback.rs`.

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

/// An object that a policy asked for by its name, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Get {
    /// `v1` for the core group, else group and version.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace, of kinds that have one.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// What there is.
    pub found: Found,
}

/// What a policy found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There is no such object.
    Nothing,
    /// There is one.
    Object {
        /// The number of its [`Origin`](crate::Origin).
        number: usize,
        /// Those of other definitions that might be meant, and differ in what was asked for.
        rivals: Vec<usize>,
    },
}

/// Answers the calls of one evaluation, and remembers them.
#[derive(Debug)]
pub struct ClusterHost {
    cluster: Arc<MemoryCluster>,
    /// The file that is judged.
    asker: Option<Arc<str>>,
    /// The cluster as it was, and the file of the old object.
    before: Option<(Arc<MemoryCluster>, Arc<str>)>,
    grants: Grants,
    /// The operation of each look-up, and what was asked.
    calls: Mutex<Vec<(String, Vec<u8>)>>,
    gets: Mutex<Vec<Get>>,
}

impl ClusterHost {
    /// The same host, where what is judged is in this file.
    #[must_use]
    pub fn asked_from(self, file: Option<Arc<str>>) -> Self {
        Self {
            asker: file,
            ..self
        }
    }

    /// The same host, which answers what is asked about the old object of an UPDATE from the cluster as it was, where that
    /// object was in this file.
    #[must_use]
    pub fn with_before(self, before: Option<(Arc<MemoryCluster>, Arc<str>)>) -> Self {
        Self { before, ..self }
    }

    /// The objects that were asked for by their names and could be told of, each once.
    #[must_use]
    pub fn gets(&self) -> Vec<Get> {
        let gets = self.gets.lock();
        gets.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The look-ups so far, in their order, also those that were refused.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.iter().map(|(operation, payload)| Call {
            operation: operation.clone(),
            request: serde_json::from_slice(payload).unwrap_or_default(),
        });
        calls.collect()
    }

    /// Answers one function of the host, or says why not in the words that the guest gets to see.
    pub fn answer(&self, namespace: &str, operation: &str, payload: &[u8]) -> Answer {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((operation.to_owned(), payload.to_vec()));
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
        if let Some((cluster, file)) = self.before.as_ref().filter(|_| lookup.before) {
            return cluster.answer(operation, payload, &lookup, Some(file));
        }
        let is_of_new = operation == Operation::Get && !lookup.before;
        if is_of_new && self.cluster.can_tell(&lookup) {
            self.remember(&lookup);
        }
        let asker = self.asker.as_deref();
        self.cluster.answer(operation, payload, &lookup, asker)
    }

    fn remember(&self, lookup: &Lookup) {
        let found = match self.cluster.found(lookup, self.asker.as_deref()) {
            Some((number, rivals)) => Found::Object { number, rivals },
            None => Found::Nothing,
        };
        let get = Get {
            api_version: lookup.api_version.clone(),
            kind: lookup.kind.clone(),
            namespace: lookup.namespace.clone(),
            name: lookup.name.clone().unwrap_or_default(),
            found,
        };
        let mut gets = self.gets.lock().unwrap_or_else(PoisonError::into_inner);
        if !gets.contains(&get) {
            gets.push(get);
        }
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
            asker: None,
            before: None,
            grants,
            calls: Mutex::default(),
            gets: Mutex::default(),
        }
    }
}
