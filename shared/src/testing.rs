//! For the unit tests of policies: requests from objects, and a cluster in memory.

#![expect(
    clippy::indexing_slicing,
    reason = "`Value` answers null for what is not there"
)]

pub mod autoscaling;

use serde_json::{Value, json};

use crate::cluster::{Cluster, GET, LIST};
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
    pub fn in_cluster(mut self, cluster: MemoryCluster) -> Self {
        self.cluster = cluster;
        self
    }

    /// What the policy says.
    #[must_use]
    pub fn judge<P: Policy>(&self) -> Response {
        let payload = json!({"request": self.request, "settings": self.settings});
        evaluation::evaluate::<P>(payload.to_string().as_bytes(), &self.cluster)
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

/// Objects that can be looked up, with the answers of the real host: what masks leave out is left out, what lists do
/// not hold is not in them, and errors have the same words.
///
/// Source: `crates/policy-evaluator/src/callback_handler/kubernetes/{client,reflector,field_mask}.rs` of
/// kubewarden/kubewarden-controller, and answers seen on a real cluster.
#[derive(Debug, Clone, Default)]
pub struct MemoryCluster {
    objects: Vec<Value>,
    served: Vec<(String, String)>,
    failure: Option<String>,
    failures: Vec<(String, String)>,
}

impl MemoryCluster {
    /// A cluster with these objects and no others.
    #[must_use]
    pub fn of(objects: &[Value]) -> Self {
        Self {
            objects: objects.to_vec(),
            ..Self::default()
        }
    }

    /// A cluster where every look-up fails with the host's words.
    #[must_use]
    pub fn failing(words: &str) -> Self {
        Self {
            failure: Some(words.to_owned()),
            ..Self::default()
        }
    }

    /// The same cluster, where every look-up of a kind fails with the host's words.
    #[must_use]
    pub fn failing_for(mut self, kind: &str, words: &str) -> Self {
        self.failures.push((kind.to_owned(), words.to_owned()));
        self
    }

    /// The same cluster, which knows a kind that is not built in, also without an object of it.
    #[must_use]
    pub fn serving(mut self, api_version: &str, kind: &str) -> Self {
        self.served.push((api_version.to_owned(), kind.to_owned()));
        self
    }

    fn look_up(&self, operation: &str, request: &Value) -> Result<Value, String> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let (api_version, kind, namespace) =
            (text("api_version"), text("kind"), &request["namespace"]);
        self.check_served(api_version, kind)?;
        let is_wanted = |object: &&Value| {
            group(object["apiVersion"].as_str().unwrap_or_default()) == group(api_version)
                && object["kind"] == kind
                && object["metadata"]["namespace"] == *namespace
        };
        let mut objects = self.objects.iter().filter(is_wanted);
        let masks = &request["field_masks"];
        match operation {
            GET => {
                let name = text("name");
                let found = objects.find(|object| object["metadata"]["name"] == name);
                let mut object = masked(found.ok_or_else(|| {
                    let namespace = namespace.as_str();
                    format!("Cannot find {api_version}/{kind} named '{name}' inside of namespace '{namespace:?}'")
                })?, masks);
                object["apiVersion"] = json!(api_version);
                object["kind"] = json!(kind);
                Ok(object)
            }
            LIST => {
                let item = |object: &Value| {
                    let mut item = masked(object, masks);
                    item["metadata"]["annotations"] = json!({});
                    item["metadata"]["managedFields"] = json!([]);
                    item
                };
                let mut items: Vec<Value> = objects.map(item).collect();
                // The order of the host is that of a hash map. This one does not depend on that of the objects.
                items.sort_by_key(|item| item["metadata"]["name"].to_string());
                let kind = format!("{kind}List");
                Ok(json!({"apiVersion": api_version, "kind": kind, "metadata": {}, "items": items}))
            }
            _ => Err(format!("unknown operation: {operation}")),
        }
    }

    fn check_served(&self, api_version: &str, kind: &str) -> Result<(), String> {
        let objects = self.objects.iter().map(|object| {
            let text = |name: &str| object[name].as_str().unwrap_or_default();
            (text("apiVersion"), text("kind"))
        });
        let served = self
            .served
            .iter()
            .map(|(version, kind)| (version.as_str(), kind.as_str()));
        let mut of_group = objects
            .chain(served)
            .filter(|(version, _)| group(version) == group(api_version))
            .peekable();
        // Groups of custom kinds have a dot.
        let built_in = !group(api_version).contains('.');
        if built_in || of_group.clone().any(|(_, served)| served == kind) {
            Ok(())
        } else if of_group.peek().is_some() {
            Err(format!("Cannot find resource {api_version}/{kind}"))
        } else {
            Err(format!(
                "error finding resource {api_version} / {kind}: ApiError: 404 page not found\n: Failed to parse error data \
                 (Status {{ status: Some(Failure), code: 404, message: \"404 page not found\\n\", metadata: None, \
                 reason: \"Failed to parse error data\", details: None }})"
            ))
        }
    }
}

impl Cluster for MemoryCluster {
    fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
        let request: Value = serde_json::from_slice(request).map_err(|error| error.to_string())?;
        let of_kind = self
            .failures
            .iter()
            .find(|(kind, _)| request["kind"] == *kind);
        if let Some(failure) = of_kind.map(|(_, words)| words).or(self.failure.as_ref()) {
            return Err(failure.clone());
        }
        let answer = self.look_up(operation, &request);
        answer
            .map(|answer| answer.to_string().into_bytes())
            .map_err(|words| format!("Callback evaluation failure: {words}"))
    }
}

fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The object with its metadata, without `apiVersion` and `kind`, and of the rest what the masks name.
fn masked(object: &Value, masks: &Value) -> Value {
    let mut kept = object.clone();
    let metadata = object["metadata"].clone();
    if let Some(fields) = kept.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind"));
    }
    let masks: Vec<&str> = masks
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !masks.is_empty() {
        prune(&mut kept, &masks);
    }
    kept["metadata"] = metadata;
    kept
}

/// Leaves out what no mask names. Lists need no mention.
fn prune(value: &mut Value, masks: &[&str]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let rest = masks
                    .iter()
                    .filter_map(|mask| mask.strip_prefix(name.as_str()));
                let below: Vec<&str> = rest.filter_map(|rest| rest.strip_prefix('.')).collect();
                if !below.is_empty() {
                    prune(value, &below);
                }
                !below.is_empty() || masks.contains(&name.as_str())
            });
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prune(item, masks)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(cluster: &MemoryCluster, operation: &str, request: &Value) -> Result<Value, String> {
        let answer = cluster.ask(operation, request.to_string().as_bytes())?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    fn hpa(namespace: &str, name: &str) -> Value {
        json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name, "namespace": namespace, "labels": {"a": "b"}, "annotations": {"c": "d"}},
            "spec": {"maxReplicas": 3, "metrics": [{"type": "Pods", "pods": {}}, {"type": "External"}]},
            "status": {"currentReplicas": 1},
        })
    }

    #[test]
    fn lists_what_is_in_a_namespace_as_the_host_does() {
        let cluster = MemoryCluster::of(&[hpa("shop", "b"), hpa("shop", "a"), hpa("other", "c")]);
        let mut request = json!({
            "api_version": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "namespace": "shop",
            "field_masks": ["spec.metrics.type", "nothing"],
        });
        let item = |name: &str| {
            json!({
                "metadata": {
                    "name": name, "namespace": "shop", "labels": {"a": "b"}, "annotations": {}, "managedFields": [],
                },
                "spec": {"metrics": [{"type": "Pods"}, {"type": "External"}]},
            })
        };
        assert_eq!(
            ask(&cluster, LIST, &request),
            Ok(json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscalerList", "metadata": {},
                "items": [item("a"), item("b")],
            }))
        );
        request["field_masks"] = json!([]);
        let all = ask(&cluster, LIST, &request).unwrap();
        assert_eq!(all["items"][0]["spec"]["maxReplicas"], 3);
        request["namespace"] = json!("empty");
        assert_eq!(ask(&cluster, LIST, &request).unwrap()["items"], json!([]));
    }

    #[test]
    fn gets_what_a_mask_names_with_all_metadata() {
        let cluster = MemoryCluster::of(&[hpa("shop", "a")]);
        let request = json!({
            "api_version": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "namespace": "shop", "name": "a",
            "field_masks": ["status", "spec.maxReplicas"],
        });
        let mut expected = hpa("shop", "a");
        expected["spec"] = json!({"maxReplicas": 3});
        assert_eq!(ask(&cluster, GET, &request), Ok(expected));
    }

    #[test]
    fn fails_in_the_words_of_the_host() {
        let vpa = |cluster: &MemoryCluster, kind: &str| {
            let request =
                json!({"api_version": "autoscaling.k8s.io/v1", "kind": kind, "namespace": "shop"});
            ask(cluster, LIST, &request).map(|list| list["items"].clone())
        };
        let none = MemoryCluster::default();
        let start = "Callback evaluation failure: error finding resource autoscaling.k8s.io/v1 / \
                     VerticalPodAutoscaler: ApiError: 404 page not found\n: Failed to parse error data (Status { ";
        let error = vpa(&none, "VerticalPodAutoscaler").unwrap_err();
        assert!(error.starts_with(start), "{error}");
        let installed = none
            .clone()
            .serving("autoscaling.k8s.io/v1", "VerticalPodAutoscaler");
        assert_eq!(vpa(&installed, "VerticalPodAutoscaler"), Ok(json!([])));
        let error = "Callback evaluation failure: Cannot find resource autoscaling.k8s.io/v1/Nope";
        assert_eq!(vpa(&installed, "Nope"), Err(error.to_owned()));
        let request = json!({"api_version": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "nope"});
        let error = "Callback evaluation failure: Cannot find apps/v1/Deployment named 'nope' inside of namespace \
                     'Some(\"default\")'";
        assert_eq!(ask(&none, GET, &request), Err(error.to_owned()));
        let failing = none.failing_for("Deployment", "deadline has elapsed");
        assert_eq!(
            ask(&failing, GET, &request),
            Err("deadline has elapsed".to_owned())
        );
        assert!(
            vpa(&failing, "VerticalPodAutoscaler")
                .unwrap_err()
                .contains("404")
        );
    }
}
