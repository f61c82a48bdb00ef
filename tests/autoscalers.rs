//! What `hpa-target-requests` reads is what Kubernetes writes: autoscalers, workloads and `LimitRanges` are built from the
//! types of k8s-openapi, written by it, judged by the real wasm with the others in its cluster, and judged once more on
//! the typed objects by a few lines of this file.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bundle_tests::{complete, policies};
use hpa_target_requests::HpaTargetRequests;
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec, StatefulSet, StatefulSetSpec,
};
use k8s_openapi::api::autoscaling::{v1, v2};
use k8s_openapi::api::core::v1::{
    Container, LimitRange, LimitRangeItem, LimitRangeSpec, PodSpec, PodTemplateSpec,
    ReplicationController, ReplicationControllerSpec, ResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use preflight::MemoryCluster;
use serde::Serialize;
use serde_json::{Value, json};
use shared::Policy;
use shared::message::parse_refusal;

/// Change it to try other objects; what fails is printed with it.
const SEED: u64 = 0x5eed_0002;
const ROUNDS: usize = 3000;

const ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/metrics";
/// What Kubernetes takes for zero, and what it does not.
const ZEROS: [&str; 4] = ["0", "0m", "0.0", "0e5"];
const QUANTITIES: [&str; 6] = ["100m", "1Gi", "0", "0m", "0.0", "0e5"];

type Quantities = BTreeMap<String, Quantity>;

/// What objects are made from.
struct Random(bundle_tests::Random);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        self.0.pick(choices).clone()
    }

    /// One in so many.
    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Quantities, each resource with one in so many.
    fn quantities(&mut self, count: usize) -> Option<Quantities> {
        let mut quantities = Quantities::new();
        for resource in ["cpu", "memory"] {
            if self.once_in(count) {
                // Most are no zeros.
                let below = if self.once_in(3) { QUANTITIES.len() } else { 2 };
                let quantity = QUANTITIES[self.below(below)];
                quantities.insert(resource.to_owned(), Quantity(quantity.to_owned()));
            }
        }
        (!quantities.is_empty() || self.once_in(4)).then_some(quantities)
    }

    fn resources(&mut self, requests: usize, limits: usize) -> Option<ResourceRequirements> {
        let resources = ResourceRequirements {
            requests: self.quantities(requests),
            limits: self.quantities(limits),
            ..ResourceRequirements::default()
        };
        (!self.once_in(8)).then_some(resources)
    }

    fn container(&mut self, name: &str, restart_policy: Option<&str>) -> Container {
        Container {
            name: name.to_owned(),
            image: Some("registry.example.com/app:1".to_owned()),
            resources: if self.once_in(2) {
                self.resources(1, 2)
            } else {
                self.resources(2, 3)
            },
            restart_policy: restart_policy.map(ToOwned::to_owned),
            ..Container::default()
        }
    }

    fn pod(&mut self) -> PodSpec {
        let mut containers = vec![self.container("app", None)];
        if self.once_in(2) {
            containers.push(self.container("proxy", None));
        }
        let mut init = Vec::new();
        if self.once_in(3) {
            init.push(self.container("setup", None));
        }
        if self.once_in(3) {
            init.push(self.container("mesh", Some("Always")));
        }
        PodSpec {
            containers,
            init_containers: (!init.is_empty() || self.once_in(2)).then_some(init),
            resources: self.once_in(3).then(|| self.resources(3, 3)).flatten(),
            ..PodSpec::default()
        }
    }

    fn limit_range(&mut self) -> Option<LimitRange> {
        let item = |random: &mut Self, kind: &str| LimitRangeItem {
            type_: kind.to_owned(),
            default: random.quantities(5),
            default_request: random.quantities(5),
            max: random.quantities(6),
            min: random.quantities(6),
            ..LimitRangeItem::default()
        };
        let limits = vec![item(self, "Pod"), item(self, "Container")];
        let metadata = named("limits");
        let limit_range = LimitRange {
            metadata,
            spec: Some(LimitRangeSpec { limits }),
        };
        self.once_in(3).then_some(limit_range)
    }

    /// Pods, and what their namespace gives to containers.
    fn namespace(&mut self) -> (PodSpec, Option<LimitRange>) {
        (self.pod(), self.limit_range())
    }

    /// A target with one of the two fields, and a type that need not fit.
    fn target(&mut self) -> v2::MetricTarget {
        let is_utilization = !self.once_in(4);
        v2::MetricTarget {
            type_: self.pick(&["Utilization", "AverageValue"]).to_owned(),
            average_utilization: is_utilization.then_some(60),
            average_value: (!is_utilization).then(|| Quantity("1".to_owned())),
            value: None,
        }
    }

    fn metric(&mut self) -> v2::MetricSpec {
        let name = self.pick(&["cpu", "memory"]).to_owned();
        let mut metric = v2::MetricSpec::default();
        match self.below(5) {
            0 => {
                metric.type_ = String::from("External");
                metric.external = Some(v2::ExternalMetricSource {
                    metric: v2::MetricIdentifier {
                        name: "queue".to_owned(),
                        selector: None,
                    },
                    target: self.target(),
                });
            }
            1 => {
                metric.type_ = String::from("ContainerResource");
                metric.container_resource = Some(v2::ContainerResourceMetricSource {
                    name,
                    container: self
                        .pick(&["app", "proxy", "mesh", "setup", "injected"])
                        .to_owned(),
                    target: self.target(),
                });
            }
            _ => {
                metric.type_ = String::from("Resource");
                let target = self.target();
                metric.resource = Some(v2::ResourceMetricSource { name, target });
            }
        }
        metric
    }

    fn metrics(&mut self) -> Option<Vec<v2::MetricSpec>> {
        let count = self.below(4);
        let metrics: Vec<v2::MetricSpec> = (0..count).map(|_| self.metric()).collect();
        (count > 0 || self.once_in(2)).then_some(metrics)
    }

    fn autoscaler(
        &mut self,
        name: &str,
        kind: (&str, &str),
        target: &str,
    ) -> v2::HorizontalPodAutoscaler {
        v2::HorizontalPodAutoscaler {
            metadata: named(name),
            spec: v2::HorizontalPodAutoscalerSpec {
                max_replicas: 3,
                scale_target_ref: v2::CrossVersionObjectReference {
                    api_version: Some(kind.0.to_owned()),
                    kind: kind.1.to_owned(),
                    name: target.to_owned(),
                },
                metrics: self.metrics(),
                ..v2::HorizontalPodAutoscalerSpec::default()
            },
            status: None,
        }
    }

    /// An autoscaler of v1, and its metrics: those of the annotation, then the percentage.
    fn old_autoscaler(&mut self, kind: (&str, &str)) -> (v1::HorizontalPodAutoscaler, Metrics) {
        let annotated = if self.once_in(2) {
            self.metrics()
        } else {
            None
        };
        let percentage = self.once_in(2).then_some(60);
        let mut metadata = named("web");
        let mut metrics = Metrics::new();
        if let Some(annotated) = annotated {
            let text: Value = annotated.iter().map(in_v1).collect();
            metadata.annotations =
                Some(BTreeMap::from([(ANNOTATION.to_owned(), text.to_string())]));
            let field = format!("metadata.annotations[{ANNOTATION:?}]");
            metrics.extend(annotated.into_iter().map(|metric| (field.clone(), metric)));
        }
        if let Some(percentage) = percentage {
            let field = "spec.targetCPUUtilizationPercentage".to_owned();
            metrics.push((field, cpu(percentage)));
        }
        if metrics.is_empty() {
            metrics.push(("spec.targetCPUUtilizationPercentage".to_owned(), cpu(80)));
        }
        let autoscaler = v1::HorizontalPodAutoscaler {
            metadata,
            spec: v1::HorizontalPodAutoscalerSpec {
                max_replicas: 3,
                scale_target_ref: v1::CrossVersionObjectReference {
                    api_version: Some(kind.0.to_owned()),
                    kind: kind.1.to_owned(),
                    name: "web".to_owned(),
                },
                target_cpu_utilization_percentage: percentage,
                ..v1::HorizontalPodAutoscalerSpec::default()
            },
            status: None,
        };
        (autoscaler, metrics)
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some("shop".to_owned()),
        ..ObjectMeta::default()
    }
}

fn value(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap()
}

fn workload(kind: &str, pod: &PodSpec) -> Value {
    let template = PodTemplateSpec {
        metadata: None,
        spec: Some(pod.clone()),
    };
    macro_rules! object {
        ($kind:ident, $spec:ident { template: $template:expr }) => {
            value(&$kind {
                metadata: named("web"),
                spec: Some($spec {
                    template: $template,
                    ..$spec::default()
                }),
                status: None,
            })
        };
    }
    match kind {
        "Deployment" => object!(Deployment, DeploymentSpec { template: template }),
        "StatefulSet" => object!(StatefulSet, StatefulSetSpec { template: template }),
        "ReplicaSet" => {
            object!(
                ReplicaSet,
                ReplicaSetSpec {
                    template: Some(template)
                }
            )
        }
        _ => object!(
            ReplicationController,
            ReplicationControllerSpec {
                template: Some(template)
            }
        ),
    }
}

/// Kinds that have a `scale`, and their `apiVersion`.
const KINDS: [(&str, &str); 4] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "ReplicationController"),
];

/// Metrics, and the field of the autoscaler that each is in.
type Metrics = Vec<(String, v2::MetricSpec)>;

fn cpu(percentage: i32) -> v2::MetricSpec {
    let target = v2::MetricTarget {
        average_utilization: Some(percentage),
        ..v2::MetricTarget::default()
    };
    v2::MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(v2::ResourceMetricSource {
            name: "cpu".to_owned(),
            target,
        }),
        ..v2::MetricSpec::default()
    }
}

/// The metrics of an autoscaler of v2. Without any it measures cpu.
fn metrics(autoscaler: &v2::HorizontalPodAutoscaler) -> Metrics {
    let metrics = autoscaler.spec.metrics.as_deref();
    match metrics.unwrap_or_default() {
        [] => vec![("spec.metrics".to_owned(), cpu(80))],
        metrics => metrics
            .iter()
            .enumerate()
            .map(|(index, metric)| (format!("spec.metrics[{index}]"), metric.clone()))
            .collect(),
    }
}

/// A metric as the annotation of v1 has it.
fn in_v1(metric: &v2::MetricSpec) -> Value {
    let goal = |target: &v2::MetricTarget| match &target.average_value {
        Some(value) => ("targetAverageValue", json!(value)),
        None => (
            "targetAverageUtilization",
            json!(target.average_utilization),
        ),
    };
    if let Some(source) = &metric.resource {
        let (key, goal) = goal(&source.target);
        json!({"type": "Resource", "resource": {"name": source.name, key: goal}})
    } else if let Some(source) = &metric.container_resource {
        let (key, goal) = goal(&source.target);
        let source = json!({"name": source.name, "container": source.container, key: goal});
        json!({"type": "ContainerResource", "containerResource": source})
    } else {
        json!({"type": "External", "external": {"metricName": "queue", "targetAverageValue": "1"}})
    }
}

/// The namespace's default request of a resource for a container.
fn default_request<'q>(limits: Option<&'q LimitRange>, resource: &str) -> Option<&'q Quantity> {
    let items = limits.and_then(|limits| limits.spec.as_ref());
    let item = items?
        .limits
        .iter()
        .find(|item| item.type_ == "Container")?;
    let fields = [&item.default_request, &item.default, &item.max, &item.min];
    fields
        .into_iter()
        .find_map(|field| field.as_ref()?.get(resource))
}

/// A request or the limit in its place, and whether it is more than zero.
fn requested(resources: Option<&ResourceRequirements>, resource: &str) -> Option<bool> {
    let resources = resources?;
    let fields = [&resources.requests, &resources.limits];
    let quantity = fields
        .into_iter()
        .find_map(|field| field.as_ref()?.get(resource));
    quantity.map(is_something)
}

fn is_something(quantity: &Quantity) -> bool {
    !ZEROS.contains(&quantity.0.as_str())
}

/// Whether there is one at all, and whether one is more than zero.
fn together(requests: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    requests.flatten().reduce(|one, other| one || other)
}

/// Whether the controller can never use a metric of these pods.
fn is_broken(metric: &v2::MetricSpec, pod: &PodSpec, limits: Option<&LimitRange>) -> bool {
    let (source, container) = match (&metric.resource, &metric.container_resource) {
        (Some(source), _) => ((&source.name, &source.target), None),
        (_, Some(source)) => ((&source.name, &source.target), Some(&source.container)),
        _ => return false,
    };
    let (resource, target) = source;
    if target.average_value.is_some() || target.average_utilization.is_none() {
        return false;
    }
    let own = |container: &Container| requested(container.resources.as_ref(), resource);
    let default = default_request(limits, resource).map(is_something);
    let of = |container: &Container| own(container).or(default);
    let init = pod.init_containers.as_deref().unwrap_or_default();
    let is_sidecar = |one: &&Container| one.restart_policy.as_deref() == Some("Always");
    let counted: Vec<&Container> = pod
        .containers
        .iter()
        .chain(init.iter().filter(is_sidecar))
        .collect();
    if let Some(name) = container {
        return match counted.iter().find(|one| one.name == *name) {
            Some(found) => of(found) != Some(true),
            // Of a name that no container has, something may still add one.
            None => init.iter().any(|one| one.name == *name),
        };
    }
    let whole = pod.resources.clone().unwrap_or_default();
    let (requests, limits) = (whole.requests.unwrap_or_default(), whole.limits);
    let limits = limits.unwrap_or_default();
    if requests.is_empty() && limits.is_empty() {
        let all: Vec<Option<bool>> = counted.into_iter().map(of).collect();
        return all.contains(&None) || !all.contains(&Some(true));
    }
    // Limits of the pod as a whole become requests before a LimitRange is looked at.
    let everyone = || pod.containers.iter().chain(init);
    let from_limits = || together(everyone().map(own)).or(limits.get(resource).map(is_something));
    let decoded = requests.get(resource).map(is_something).or_else(|| {
        if limits.is_empty() {
            None
        } else {
            from_limits()
        }
    });
    decoded.or_else(|| together(everyone().map(of))) != Some(true)
}

/// Asks the policy, and returns the lines of its refusal.
fn refusal(object: &Value, others: Vec<Value>) -> Vec<(String, String)> {
    let guest = policies::load(HpaTargetRequests::NAME).unwrap();
    let cluster = Arc::new(MemoryCluster::new(others));
    let request = complete(&json!({ "object": object })).unwrap();
    let response = guest
        .validate(
            &request,
            &json!({"writtenFirst": "deny"}),
            cluster.host(guest.metadata()),
        )
        .unwrap();
    assert_ne!(response.code, Some(500), "{response:?}");
    assert_ne!(response.code, Some(400), "{response:?}");
    let message = response.message.unwrap_or_default();
    let lines = parse_refusal(&message).unwrap_or_default();
    assert_eq!(lines.is_empty(), response.accepted, "{message}");
    let line = |line: &shared::message::Line<'_>| (line.path.to_owned(), line.reason.to_owned());
    lines.iter().map(line).collect()
}

/// The metric that a field belongs to.
fn metric_of(path: &str) -> String {
    match path.split_once(']') {
        Some((metric, _)) if path.starts_with("spec.metrics[") => format!("{metric}]"),
        _ => path.to_owned(),
    }
}

/// The resource of the pods that a metric measures.
fn resource_of(metric: &v2::MetricSpec) -> Option<String> {
    let of_container = metric
        .container_resource
        .as_ref()
        .map(|source| &source.name);
    let resource = metric.resource.as_ref().map(|source| &source.name);
    resource.or(of_container).cloned()
}

/// The fields of the metrics that can never be used. What is measured twice is told once.
fn broken(metrics: &Metrics, pod: &PodSpec, limits: Option<&LimitRange>) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    let broken = metrics
        .iter()
        .filter(|(_, metric)| is_broken(metric, pod, limits))
        .filter(|(_, metric)| {
            let resource = metric.resource.as_ref().map(|source| &source.name);
            let container = metric.container_resource.as_ref();
            told.insert((
                resource,
                container.map(|source| (&source.name, &source.container)),
            ))
        });
    broken.map(|(field, _)| field.clone()).collect()
}

#[test]
fn autoscalers_are_read_as_k8s_openapi_writes_them() {
    let mut random = Random(bundle_tests::Random::new(SEED));
    let mut refused = 0;
    for round in 0..ROUNDS {
        let kind = random.pick(&KINDS);
        let (pod, limits) = random.namespace();
        let (autoscaler, metrics) = if random.once_in(3) {
            let (autoscaler, metrics) = random.old_autoscaler(kind);
            (value(&autoscaler), metrics)
        } else {
            let autoscaler = random.autoscaler("web", kind, "web");
            (value(&autoscaler), metrics(&autoscaler))
        };
        let mut others = vec![workload(kind.1, &pod)];
        others.extend(limits.iter().map(value));
        let place = format!("seed {SEED:#x}, round {round}: {autoscaler} with {others:?}");
        let found = refusal(&autoscaler, others);
        let found: BTreeSet<String> = found.iter().map(|(path, _)| metric_of(path)).collect();
        let expected = broken(&metrics, &pod, limits.as_ref());
        // What several metrics need is told at the first of them.
        assert!(found.is_subset(&expected), "{found:?} {expected:?} {place}");
        let resources = |fields: &BTreeSet<String>| -> BTreeSet<String> {
            let told = metrics.iter().filter(|(field, _)| fields.contains(field));
            told.filter_map(|(_, metric)| resource_of(metric)).collect()
        };
        assert_eq!(resources(&found), resources(&expected), "{place}");
        refused += usize::from(!found.is_empty());
    }
    assert!(
        refused > ROUNDS / 4 && refused < ROUNDS * 3 / 4,
        "{refused} of {ROUNDS} refused"
    );
}

#[test]
fn workloads_are_read_as_k8s_openapi_writes_them() {
    let mut random = Random(bundle_tests::Random::new(SEED));
    let mut refused = 0;
    for round in 0..ROUNDS {
        let kind = random.pick(&KINDS);
        let (pod, limits) = random.namespace();
        let object = workload(kind.1, &pod);
        let mut others: Vec<Value> = limits.iter().map(value).collect();
        let mut expected = BTreeSet::new();
        for name in ["one", "two", "three"] {
            // Not all of them are about this workload.
            let target = (
                random.pick(&[kind, kind, KINDS[0]]),
                random.pick(&["web", "web", "api"]),
            );
            let autoscaler = random.autoscaler(name, target.0, target.1);
            let broken = broken(&metrics(&autoscaler), &pod, limits.as_ref());
            if target == (kind, "web") && !broken.is_empty() {
                expected.insert(name.to_owned());
            }
            others.push(value(&autoscaler));
        }
        let place = format!("seed {SEED:#x}, round {round}: {object} with {others:?}");
        let found: BTreeSet<String> = refusal(&object, others)
            .iter()
            .flat_map(|(_, reason)| {
                let rests = reason.split("HorizontalPodAutoscaler \"").skip(1);
                let names = rests.filter_map(|rest| rest.split_once('"'));
                names.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(found, expected, "{place}");
        refused += usize::from(!found.is_empty());
    }
    assert!(
        refused > ROUNDS / 4 && refused < ROUNDS * 3 / 4,
        "{refused} of {ROUNDS} refused"
    );
}
