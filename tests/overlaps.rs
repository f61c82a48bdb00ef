//! What `hpa-vpa-overlap` reads is what Kubernetes writes: horizontal autoscalers and workloads are built from the types
//! of k8s-openapi, written by it, judged by the real wasm beside a `VerticalPodAutoscaler`, and judged once more on the
//! typed objects by a few lines of this file. The vertical ones come from a definition of their own, of which
//! k8s-openapi has no types, so they are built from types of this file.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use bundle_tests::{Random, complete, policies};
use hpa_vpa_overlap::HpaVpaOverlap;
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec, StatefulSet, StatefulSetSpec,
};
use k8s_openapi::api::autoscaling::{v1, v2};
use k8s_openapi::api::core::v1::{
    Container, PodSpec, PodTemplateSpec, ReplicationController, ReplicationControllerSpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use preflight::MemoryCluster;
use serde::Serialize;
use serde_json::{Value, json};
use shared::Policy;
use shared::message::parse_refusal;

/// Change it to try other objects; what fails is printed with it.
const SEED: u64 = 0x5eed_0004;
const ROUNDS: usize = 1500;

const RESOURCES: [&str; 2] = ["cpu", "memory"];
const CONTAINERS: [&str; 2] = ["app", "proxy"];
/// One that starts before the others and stays.
const SIDECAR: &str = "mesh";

const KINDS: [(&str, &str); 4] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "ReplicationController"),
];

/// `VerticalPodAutoscalerSpec` in `vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1/types.go`, as far as it
/// matters.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct VerticalSpec {
    target_ref: v1::CrossVersionObjectReference,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_policy: Option<UpdatePolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_policy: Option<ResourcePolicy>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct UpdatePolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    update_mode: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourcePolicy {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    container_policies: Vec<ContainerPolicy>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerPolicy {
    container_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    min_allowed: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    controlled_resources: Option<Vec<&'static str>>,
}

fn named() -> ObjectMeta {
    ObjectMeta {
        name: Some("web".to_owned()),
        namespace: Some("shop".to_owned()),
        ..ObjectMeta::default()
    }
}

fn written(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap()
}

fn workload(kind: &str) -> Value {
    let container = |name: &str| Container {
        name: name.to_owned(),
        image: Some("registry.example/app:1".to_owned()),
        ..Container::default()
    };
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta::default()),
        spec: Some(PodSpec {
            containers: CONTAINERS.map(container).to_vec(),
            init_containers: Some(vec![Container {
                restart_policy: Some("Always".to_owned()),
                ..container(SIDECAR)
            }]),
            ..PodSpec::default()
        }),
    };
    macro_rules! object {
        ($kind:ident, $spec:ident, $template:expr) => {
            written(&$kind {
                metadata: named(),
                spec: Some($spec {
                    template: $template,
                    ..$spec::default()
                }),
                status: None,
            })
        };
    }
    match kind {
        "Deployment" => object!(Deployment, DeploymentSpec, template),
        "StatefulSet" => object!(StatefulSet, StatefulSetSpec, template),
        "ReplicaSet" => object!(ReplicaSet, ReplicaSetSpec, Some(template)),
        _ => object!(
            ReplicationController,
            ReplicationControllerSpec,
            Some(template)
        ),
    }
}

fn metric(random: &mut Random) -> v2::MetricSpec {
    let name = (*random.pick(&RESOURCES)).to_owned();
    let is_utilization = random.below(3) > 0;
    let target = v2::MetricTarget {
        type_: if is_utilization {
            "Utilization"
        } else {
            "AverageValue"
        }
        .to_owned(),
        average_utilization: is_utilization.then_some(60),
        average_value: (!is_utilization).then(|| Quantity("1".to_owned())),
        value: None,
    };
    match random.below(4) {
        0 => v2::MetricSpec {
            type_: "External".to_owned(),
            external: Some(v2::ExternalMetricSource {
                metric: v2::MetricIdentifier {
                    name,
                    selector: None,
                },
                target,
            }),
            ..v2::MetricSpec::default()
        },
        1 => v2::MetricSpec {
            type_: "ContainerResource".to_owned(),
            container_resource: Some(v2::ContainerResourceMetricSource {
                name,
                container: (*random.pick(&["app", "proxy", SIDECAR])).to_owned(),
                target,
            }),
            ..v2::MetricSpec::default()
        },
        _ => v2::MetricSpec {
            type_: "Resource".to_owned(),
            resource: Some(v2::ResourceMetricSource { name, target }),
            ..v2::MetricSpec::default()
        },
    }
}

fn horizontal(random: &mut Random, target: (&str, &str)) -> v2::HorizontalPodAutoscaler {
    let metrics: Vec<v2::MetricSpec> = (0..random.below(3)).map(|_| metric(random)).collect();
    v2::HorizontalPodAutoscaler {
        metadata: named(),
        spec: v2::HorizontalPodAutoscalerSpec {
            max_replicas: 3,
            scale_target_ref: v2::CrossVersionObjectReference {
                api_version: Some(target.0.to_owned()),
                kind: target.1.to_owned(),
                name: "web".to_owned(),
            },
            metrics: (!metrics.is_empty()).then_some(metrics),
            ..v2::HorizontalPodAutoscalerSpec::default()
        },
        status: None,
    }
}

fn vertical(random: &mut Random, target: (&str, &str)) -> VerticalSpec {
    let policy = |random: &mut Random, name| ContainerPolicy {
        container_name: name,
        mode: *random.pick(&[None, Some("Auto"), Some("Off")]),
        min_allowed: json!({"cpu": "10m", "memory": 1_000_000}),
        controlled_resources: random
            .pick(&[
                None,
                Some(vec![]),
                Some(vec!["cpu"]),
                Some(vec!["memory"]),
                Some(vec!["memory", "cpu"]),
            ])
            .clone(),
    };
    let mut container_policies = Vec::new();
    for name in ["app", SIDECAR, "*"] {
        if random.below(2) == 0 {
            container_policies.push(policy(random, name));
        }
    }
    let modes = [
        None,
        Some("Off"),
        Some("Initial"),
        Some("Recreate"),
        Some("Auto"),
        Some("InPlaceOrRecreate"),
    ];
    VerticalSpec {
        target_ref: v1::CrossVersionObjectReference {
            api_version: Some(target.0.to_owned()),
            kind: target.1.to_owned(),
            name: "web".to_owned(),
        },
        update_policy: (random.below(3) > 0).then(|| UpdatePolicy {
            update_mode: *random.pick(&modes),
        }),
        resource_policy: (random.below(4) > 0).then_some(ResourcePolicy { container_policies }),
    }
}

/// Whether the vertical one changes the request of a container.
fn controls(vertical: &VerticalSpec, container: &str, resource: &str) -> bool {
    let mode = vertical.update_policy.as_ref();
    if mode.and_then(|policy| policy.update_mode) == Some("Off") {
        return false;
    }
    let policies = vertical
        .resource_policy
        .iter()
        .flat_map(|policy| &policy.container_policies);
    let mut policies = policies.filter(|policy| [container, "*"].contains(&policy.container_name));
    // The policy for all comes last here.
    policies.next().is_none_or(|policy| {
        let controlled = policy.controlled_resources.as_ref();
        policy.mode != Some("Off") && controlled.is_none_or(|list| list.contains(&resource))
    })
}

/// What both work on, by utilization: resources and containers.
fn shared_by(
    horizontal: &v2::HorizontalPodAutoscaler,
    vertical: &VerticalSpec,
) -> BTreeSet<(String, String)> {
    let mut measured: Vec<(&str, &str)> = Vec::new();
    let metrics = horizontal.spec.metrics.as_deref().unwrap_or_default();
    for metric in metrics {
        if let Some(source) = &metric.resource
            && source.target.average_utilization.is_some()
        {
            measured.extend(CONTAINERS.map(|container| (&*source.name, container)));
        }
        if let Some(source) = &metric.container_resource
            && source.target.average_utilization.is_some()
            && source.container != SIDECAR
        {
            measured.push((&source.name, &source.container));
        }
    }
    if metrics.is_empty() {
        measured.extend(CONTAINERS.map(|container| ("cpu", container)));
    }
    let both = measured
        .into_iter()
        .filter(|(resource, container)| controls(vertical, container, resource));
    both.map(|(resource, container)| (resource.to_owned(), container.to_owned()))
        .collect()
}

/// What the policy says that an object shares with another, which is in the cluster with the target of both.
fn found(object: &Value, other: &Value, target: &Value) -> BTreeSet<(String, String)> {
    let guest = policies::load(HpaVpaOverlap::NAME).unwrap();
    let cluster = Arc::new(MemoryCluster::new([other.clone(), target.clone()]));
    let request = complete(&json!({ "object": object })).unwrap();
    let settings = json!({"averageValue": "off", "sharedTarget": "off", "writtenFirst": "deny"});
    let host = cluster.host(guest.metadata());
    let response = guest.validate(&request, &settings, host).unwrap();
    assert!(matches!(response.code, None | Some(403)), "{response:?}");
    assert_eq!(response.warnings, [""; 0]);
    let message = response.message.unwrap_or_default();
    let lines = parse_refusal(&message).unwrap_or_default();
    assert_eq!(lines.is_empty(), response.accepted, "{message}");
    lines
        .iter()
        .map(|line| {
            assert_eq!(line.rule, Some("shared_resource"), "{line}");
            // `measures cpu of container "app"`, and on the other side `changes the cpu request of container "app"`.
            let (what, rest) = line.reason.split_once(" of container \"").unwrap();
            let what = what.trim_end_matches(" request");
            let (_, resource) = what.rsplit_once(' ').unwrap();
            (
                resource.to_owned(),
                rest.split_once('"').unwrap().0.to_owned(),
            )
        })
        .collect()
}

#[test]
fn pairs_are_read_as_k8s_openapi_writes_them() {
    let mut random = Random::new(SEED);
    let mut refused = 0;
    for round in 0..ROUNDS {
        let kind = *random.pick(&KINDS);
        let (horizontal, vertical) = (horizontal(&mut random, kind), vertical(&mut random, kind));
        let expected = shared_by(&horizontal, &vertical);
        let (one, target) = (written(&horizontal), workload(kind.1));
        let other = json!({
            "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "metadata": named(), "spec": vertical,
        });
        let place = format!("seed {SEED:#x}, round {round}: {one} and {other}");
        assert_eq!(found(&one, &other, &target), expected, "{place}");
        assert_eq!(found(&other, &one, &target), expected, "{place}");
        refused += usize::from(!expected.is_empty());
    }
    assert!(
        refused > ROUNDS / 4 && refused < ROUNDS * 3 / 4,
        "{refused} of {ROUNDS} refused"
    );
}
