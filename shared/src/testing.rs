//! For the unit tests of policies: requests from objects, and what a policy says to them in a cluster in memory.

#![expect(
    clippy::indexing_slicing,
    reason = "`Value` answers null for what is not there"
)]

pub mod autoscaling;

use std::sync::Arc;

use cluster::Grants;
use cluster::kinds::split;
pub use cluster::{ClusterHost, MemoryCluster};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::evaluation;
use crate::policy::Policy;
use crate::response::Response;
use crate::settings;

/// What a policy says is wrong with settings; empty when nothing is.
///
/// # Panics
///
/// When the answer contradicts itself.
#[must_use]
pub fn settings_problems<P: Policy>(settings: &Value) -> String {
    let response = evaluation::check_settings::<P>(settings.to_string().as_bytes());
    assert_eq!(response.valid, response.message.is_none(), "{settings}");
    response.message.unwrap_or_default()
}

/// The settings of a policy, or what is wrong with them.
pub fn read_settings<P: Policy>(settings: &Value) -> Result<P::Settings, String> {
    settings::read_text(&settings.to_string()).map_err(|problems| problems.to_string())
}

/// A request that is built step by step and then judged.
#[derive(Debug, Clone)]
pub struct Review {
    request: Value,
    settings: Value,
    cluster: Arc<MemoryCluster>,
}

impl Review {
    /// A request to create `object`, which needs `apiVersion` and `kind`.
    #[must_use]
    pub fn create(object: &Value) -> Self {
        let api_version = object["apiVersion"].as_str().unwrap_or_default();
        let (group, version) = split(api_version);
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
            cluster: Arc::default(),
        }
    }

    /// A request to change `old` to `new`.
    #[must_use]
    pub fn update(old: &Value, new: &Value) -> Self {
        let mut review = Self::create(new);
        review.request["operation"] = json!("UPDATE");
        review.request["oldObject"] = old.clone();
        review
    }

    /// A request to delete `object`.
    #[must_use]
    pub fn delete(object: &Value) -> Self {
        let mut review = Self::create(object);
        review.request["operation"] = json!("DELETE");
        review.request["oldObject"] = object.clone();
        review.request["object"] = Value::Null;
        review
    }

    /// The same request by another user.
    #[must_use]
    pub fn by(mut self, username: &str) -> Self {
        self.request["userInfo"]["username"] = json!(username);
        self
    }

    /// The same request, of which nothing will be stored.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.request["dryRun"] = json!(true);
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
    pub fn in_cluster(mut self, cluster: impl Into<Arc<MemoryCluster>>) -> Self {
        self.cluster = cluster.into();
        self
    }

    /// What the policy says.
    #[must_use]
    pub fn judge<P: Policy>(&self) -> Response {
        self.judge_with::<P>(&unrestricted(Arc::clone(&self.cluster)))
    }

    /// What the policy asks the cluster: function and kind of each call.
    #[must_use]
    pub fn asked<P: Policy>(&self) -> Vec<String> {
        let host = unrestricted(Arc::clone(&self.cluster));
        let _ = self.judge_with::<P>(&host);
        let calls = host.calls().into_iter();
        let told = calls.map(|call| {
            let kind = call.request["kind"].as_str().unwrap_or_default();
            format!("{} {kind}", call.operation)
        });
        told.collect()
    }

    fn judge_with<P: Policy>(&self, cluster: &dyn Cluster) -> Response {
        let payload = json!({"request": self.request, "settings": self.settings});
        evaluation::evaluate::<P>(payload.to_string().as_bytes(), cluster)
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

/// Where each of [`Review::lines`] is, and of which rule: `spec.type [load_balancer]`, with `warning: ` before it if it
/// is one. For tables in which the words of a rule say nothing more.
#[must_use]
pub fn places(lines: &[String]) -> Vec<String> {
    let place = |line: &String| {
        let (mark, line) = match line.strip_prefix("warning: ") {
            // The name of the policy stands before the path.
            Some(warning) => (
                "warning: ",
                warning.split_once(": ").map_or("", |(_, line)| line),
            ),
            None => ("", line.as_str()),
        };
        let path = line.split(": ").next().unwrap_or_default();
        let rule = line.rsplit(' ').next().unwrap_or_default();
        format!("{mark}{path} {rule}")
    };
    lines.iter().map(place).collect()
}

/// Whether a policy lets a change of several objects through. Each is written in its turn, beside what is there by then.
#[must_use]
pub fn converges<P: Policy>(before: &[Value], after: &[Value], settings: &Value) -> bool {
    let mut there = before.to_vec();
    after.iter().all(|object| {
        let is_same = |other: &&mut Value| {
            (&other["kind"], &other["metadata"]) == (&object["kind"], &object["metadata"])
        };
        let old = there.iter_mut().find(is_same);
        let old = old.map(|old| std::mem::replace(old, object.clone()));
        let review = match &old {
            Some(old) => Review::update(old, object),
            None => Review::create(object),
        };
        let review = review.with(settings.clone());
        let response = review
            .in_cluster(MemoryCluster::new(there.clone()))
            .judge::<P>();
        if old.is_none() {
            there.push(object.clone());
        }
        response.accepted
    })
}

/// The host of a policy that may ask for everything in a cluster.
#[must_use]
pub fn unrestricted(cluster: impl Into<Arc<MemoryCluster>>) -> ClusterHost {
    cluster.into().host_with(Grants::all())
}

impl Cluster for ClusterHost {
    fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
        self.answer("kubernetes", operation, request)
    }
}
