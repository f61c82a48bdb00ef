//! For the unit tests of policies: requests from objects, and a cluster in memory.

#![expect(
    clippy::indexing_slicing,
    reason = "`Value` answers null for what is not there"
)]

use serde_json::{Value, json};

use crate::cluster::{Cluster, Lookup};
use crate::policy::{self, Policy, Response};

/// A request that is built step by step and then judged.
#[derive(Debug, Clone)]
pub struct Review {
    request: Value,
    settings: Value,
    cluster: MemoryCluster,
}

impl Review {
    /// Somebody creates `object`, which needs `apiVersion` and `kind`.
    #[must_use]
    pub fn create(object: &Value) -> Self {
        let api_version = object["apiVersion"].as_str().unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let request = json!({
            "uid": "0",
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "operation": "CREATE",
            "userInfo": {"username": "jane"},
            "object": object,
        });
        Self {
            request,
            settings: Value::Null,
            cluster: MemoryCluster::default(),
        }
    }

    /// Somebody changes `old` to `new`.
    #[must_use]
    pub fn update(old: &Value, new: &Value) -> Self {
        let mut review = Self::create(new);
        review.request["operation"] = json!("UPDATE");
        review.request["oldObject"] = old.clone();
        review
    }

    /// The same request by somebody else.
    #[must_use]
    pub fn by(mut self, username: &str) -> Self {
        self.request["userInfo"]["username"] = json!(username);
        self
    }

    /// The same request to a policy with settings.
    #[must_use]
    pub fn with(mut self, settings: Value) -> Self {
        self.settings = settings;
        self
    }

    /// The same request in a cluster with objects.
    #[must_use]
    pub fn in_cluster(mut self, cluster: MemoryCluster) -> Self {
        self.cluster = cluster;
        self
    }

    /// What the policy says.
    #[must_use]
    pub fn judge<P: Policy>(&self) -> Response {
        let payload = json!({"request": self.request, "settings": self.settings});
        policy::evaluate::<P>(payload.to_string().as_bytes(), &self.cluster)
    }

    /// What the policy says in lines: those of the message without the name of the object, and the warnings.
    #[must_use]
    pub fn lines<P: Policy>(&self) -> Vec<String> {
        let response = self.judge::<P>();
        let message = response.message.unwrap_or_default();
        let violations = match message.split_once(" violates ").map(|(_, found)| found) {
            None => vec![message.as_str()],
            Some(found) => match found.split_once('\n') {
                None => vec![found.split_once(": ").map_or(found, |(_, line)| line)],
                Some((_, list)) => list
                    .split('\n')
                    .map(|line| line.trim_start_matches("- "))
                    .collect(),
            },
        };
        let violations = violations
            .into_iter()
            .filter(|line| !line.is_empty())
            .map(str::to_owned);
        violations
            .chain(
                response
                    .warnings
                    .iter()
                    .map(|warning| format!("warning: {warning}")),
            )
            .collect()
    }
}

/// Objects that can be looked up.
#[derive(Debug, Clone, Default)]
pub struct MemoryCluster {
    objects: Vec<Value>,
    failure: Option<String>,
}

impl MemoryCluster {
    /// A cluster with these objects and no others.
    #[must_use]
    pub fn of(objects: &[Value]) -> Self {
        Self {
            objects: objects.to_vec(),
            failure: None,
        }
    }

    /// A cluster where every look-up fails with the host's words.
    #[must_use]
    pub fn failing(words: &str) -> Self {
        Self {
            objects: Vec::new(),
            failure: Some(words.to_owned()),
        }
    }
}

impl Cluster for MemoryCluster {
    fn get(&self, lookup: &Lookup<'_>) -> Result<Vec<u8>, String> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let is_wanted = |object: &&Value| {
            object["apiVersion"] == lookup.api_version
                && object["kind"] == lookup.kind
                && object["metadata"]["name"] == lookup.name
                && object["metadata"]["namespace"].as_str() == lookup.namespace
        };
        let found = self
            .objects
            .iter()
            .find(is_wanted)
            .map(|object| object.to_string().into_bytes());
        found.ok_or_else(|| {
            let Lookup { api_version, kind, name, namespace, .. } = lookup;
            format!("Cannot find {api_version}/{kind} named '{name}' inside of namespace '{namespace:?}'")
        })
    }
}
