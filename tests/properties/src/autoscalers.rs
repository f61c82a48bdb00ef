//! `hpa-vpa-overlap` and `hpa-target-requests`: whichever of two objects comes first, the second one is judged the same;
//! and an UPDATE is refused for what is new alone.

use std::collections::BTreeSet;

use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use serde_json::{Value, json};
use shared::Policy;
use shared::testing::MemoryCluster;

use crate::answer::Answer;
use crate::choices::Choices;
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const CONTAINERS: [&str; 3] = ["app", "proxy", "*"];
const RESOURCES: [&str; 4] = ["cpu", "memory", "cpu", "nvidia.com/gpu"];
const QUANTITIES: [&str; 5] = ["100m", "1Gi", "0", "0.0", "null"];

/// What is said of one of the two objects only, because it is about that object by itself.
const OF_ONE: [&str; 5] = [
    "missing_target",
    "unscalable_target",
    "unknown_resource",
    "missing_container",
    "uninspected_target",
];

/// Refuses either of a pair, so that the two can be compared.
const BOTH_SIDES: &str = r#"{"writtenFirst": "deny"}"#;

/// The bytes choose a workload, and autoscalers of both kinds.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let workload = workload(&mut choices);
    let horizontal = horizontal(&mut choices);
    let vertical = vertical(&mut choices);
    let [one, other] = [(&horizontal, &vertical), (&vertical, &horizontal)];
    for settings in [
        BOTH_SIDES,
        r#"{"writtenFirst": "deny", "scope": "target", "averageValue": "deny", "startupBoost": "deny"}"#,
        r#"{"writtenFirst": "deny", "sharedTarget": "deny", "startupBoost": "deny", "indirectTargets": "deny"}"#,
    ] {
        let of_horizontal = said_in_either_order::<HpaVpaOverlap>(settings, one, &[&workload])?;
        let of_vertical = said_in_either_order::<HpaVpaOverlap>(settings, other, &[&workload])?;
        ensure(of_horizontal == of_vertical, || {
            format!(
                "{of_horizontal:?}, {of_vertical:?}: settings {settings}, {workload}, {horizontal}, {vertical}"
            )
        })?;
    }
    let of_horizontal =
        said_in_either_order::<HpaTargetRequests>(BOTH_SIDES, (&horizontal, &workload), &[])?;
    let of_workload =
        said_in_either_order::<HpaTargetRequests>(BOTH_SIDES, (&workload, &horizontal), &[])?;
    ensure(of_horizontal == of_workload, || {
        format!("{of_horizontal:?}, {of_workload:?}: {workload}, {horizontal}")
    })
}

/// What is found in an object that is made when the others are there: the rules that refuse, and those that warn. It is
/// not refused when it is written once more as it is.
fn said_in_either_order<P: Policy>(
    settings: &str,
    (new, there): (&Value, &Value),
    others: &[&Value],
) -> Result<[BTreeSet<String>; 2], String> {
    let mut world = World::with(settings)?;
    let cluster = |object: Option<&Value>| {
        let others = [&[there], others].concat();
        let objects = object.into_iter().chain(others).cloned();
        MemoryCluster::new(objects).serving("autoscaling.k8s.io/v1", "VerticalPodAutoscaler")
    };
    world.cluster = cluster(Some(new)).into();
    world.keeps::<P>(new)?;
    // The object itself is not there before it is made.
    world.cluster = cluster(None).into();
    let answer: Answer = world.create::<P>(new)?;
    ensure(!matches!(answer.code, Some(400 | 500)), || {
        format!("{answer:?}: {}", world.tell(new))
    })?;
    let of_both = |rule: &String| !OF_ONE.contains(&rule.as_str());
    let refused = answer.broken().into_iter().filter(of_both).collect();
    let warned = answer.warned().into_iter().filter(of_both).collect();
    Ok([refused, warned])
}

fn quantities(choices: &mut Choices<'_>) -> Value {
    let mut quantities = json!({});
    for resource in ["cpu", "memory"] {
        match choices.pick(&QUANTITIES) {
            "null" => {}
            quantity => quantities[resource] = json!(quantity),
        }
    }
    quantities
}

fn workload(choices: &mut Choices<'_>) -> Value {
    let container = |name: &str, choices: &mut Choices<'_>| {
        let mut container = json!({"name": name});
        for list in ["requests", "limits"] {
            if choices.below(3) > 0 {
                container["resources"][list] = quantities(choices);
            }
        }
        container
    };
    let mut containers = vec![container("app", choices)];
    if choices.below(2) == 0 {
        containers.push(container("proxy", choices));
    }
    let mut pod = json!({ "containers": containers });
    if choices.once_in(3) {
        let mut init = container("proxy-init", choices);
        init["restartPolicy"] = json!(choices.pick(&["Always", "Never"]));
        pod["initContainers"] = json!([init]);
    }
    let kind = choices.pick(&["Deployment", "StatefulSet"]);
    object(
        "apps/v1",
        kind,
        &json!({"spec": {"template": {"spec": pod}}}),
    )
}

/// What an autoscaler is of, mostly of the workload.
fn target(choices: &mut Choices<'_>) -> Value {
    let kind = choices.pick(&[
        "Deployment",
        "Deployment",
        "Deployment",
        "StatefulSet",
        "Rollout",
    ]);
    let api_version = choices.pick(&[
        "apps/v1",
        "apps/v1",
        "apps/v1",
        "apps/v1beta1",
        "example.com/v1",
    ]);
    let name = choices.pick(&["web", "web", "web", "web-2"]);
    json!({"apiVersion": api_version, "kind": kind, "name": name})
}

fn horizontal(choices: &mut Choices<'_>) -> Value {
    let mut metrics = Vec::new();
    for _ in 0..choices.below(3) {
        let goal = match choices.below(3) {
            0 => json!({"type": "AverageValue", "averageValue": "100m"}),
            _ => json!({"type": "Utilization", "averageUtilization": 60}),
        };
        let name = choices.pick(&RESOURCES);
        let source = json!({"name": name, "container": choices.pick(&CONTAINERS), "target": goal});
        metrics.push(match choices.below(4) {
            0 => json!({"type": "ContainerResource", "containerResource": source}),
            1 => json!({"type": "External", "external": {"metric": {"name": "queue"}, "target": goal}}),
            _ => json!({"type": "Resource", "resource": {"name": name, "target": goal}}),
        });
    }
    let spec = json!({"scaleTargetRef": target(choices), "maxReplicas": 3, "metrics": metrics});
    object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        &json!({ "spec": spec }),
    )
}

fn vertical(choices: &mut Choices<'_>) -> Value {
    let mut policies = Vec::new();
    for _ in 0..choices.below(3) {
        let mut policy = json!({"containerName": choices.pick(&CONTAINERS)});
        if choices.below(2) == 0 {
            let resources: &[&str] =
                choices.pick(&[&["cpu"][..], &["memory"], &[], &["cpu", "memory"]]);
            policy["controlledResources"] = json!(resources);
        }
        if choices.once_in(3) {
            policy["mode"] = json!(choices.pick(&["Off", "Auto"]));
        }
        if choices.once_in(4) {
            policy["startupBoost"] = json!({"cpu": {"type": "Factor", "factor": 2}});
        }
        policies.push(policy);
    }
    let mut spec =
        json!({"targetRef": target(choices), "resourcePolicy": {"containerPolicies": policies}});
    if choices.below(2) == 0 {
        let mode = choices.pick(&["Off", "Initial", "Recreate", "Auto", "InPlaceOrRecreate"]);
        spec["updatePolicy"] = json!({"updateMode": mode});
    }
    if choices.once_in(4) {
        spec["startupBoost"] = json!({"cpu": {"type": "Quantity", "quantity": "1"}});
    }
    object(
        "autoscaling.k8s.io/v1",
        "VerticalPodAutoscaler",
        &json!({ "spec": spec }),
    )
}
