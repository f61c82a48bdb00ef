//! `pod-disruption`: a budget, its workload and its autoscaler are told the same whichever comes last; an UPDATE is refused
//! for what is new alone; and what a controller made is never refused.

use pod_disruption::PodDisruption;
use serde_json::{Value, json};
use shared::testing::MemoryCluster;

use crate::choices::Choices;
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 4] = [
    "{}",
    r#"{"inertAnnotation": "deny", "unlistedVolume": "deny"}"#,
    r#"{"tightBudget": "deny", "zeroBudget": "deny", "unselectiveBudget": "deny"}"#,
    r#"{"localStorage": "deny", "barePods": "deny", "tightBudget": "deny"}"#,
];

const KEYS: [&str; 7] = [
    "cluster-autoscaler.kubernetes.io/safe-to-evict",
    "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes",
    "cluster-autoscaler.kubernetes.io/enable-ds-eviction",
    "cluster-autoscaler.kubernetes.io/daemonset-pod",
    "cluster-autoscaler.kubernetes.io/scale-down-disabled",
    "karpenter.sh/do-not-disrupt",
    "karpenter.sh/do-not-evict",
];

const VALUES: [&str; 8] = [
    "true",
    "false",
    "True",
    "on-completion",
    "30m",
    "1d",
    "a, b",
    "a,b",
];

/// What is about a budget and its pods, and so is told whichever of them is written.
const OF_ALL: [&str; 1] = ["tight_budget"];

/// The bytes choose settings, a workload with its annotations and volumes, a budget, and an autoscaler.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let mut world = World::with(choices.pick(&SETTINGS))?;
    let workload = workload(&mut choices);
    let budget = budget(&mut choices);
    let scaler = scaler(&mut choices);
    let all = [&workload, &budget, &scaler];
    let is_of_web = scaler["spec"]["scaleTargetRef"]["name"] == "web";
    let mut told = Vec::new();
    for written in all {
        let others = all.into_iter().filter(|other| *other != written).cloned();
        world.cluster = MemoryCluster::new(others).into();
        world.keeps::<PodDisruption>(written)?;
        let answer = world.create::<PodDisruption>(written)?;
        ensure(!matches!(answer.code, Some(400 | 500)), || {
            format!("{answer:?}: {}", world.tell(written))
        })?;
        let said = answer.broken().into_iter().chain(answer.warned());
        let said: Vec<String> = said
            .filter(|rule| OF_ALL.contains(&rule.as_str()))
            .collect();
        // The autoscaler of another workload says nothing of this one.
        if is_of_web || *written != scaler {
            told.push(said);
        }
    }
    ensure(told.iter().all(|said| told.first() == Some(said)), || {
        format!("{told:?}: {}, {budget}, {scaler}", world.tell(&workload))
    })?;

    // What is wrong without others stays wrong with more in it.
    world.cluster = MemoryCluster::default().into();
    let mut more = workload.clone();
    if let Some(volumes) = more["spec"]["template"]["spec"]["volumes"].as_array_mut() {
        volumes.push(json!({"name": "added", "emptyDir": {}}));
    }
    world.adds::<PodDisruption>(&workload, &more)?;
    world.removes::<PodDisruption>(&more, &workload)?;

    let template = &workload["spec"]["template"];
    let mut owned = object("v1", "Pod", &json!({"spec": template["spec"]}));
    owned["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": true}]);
    let answer = world.create::<PodDisruption>(&owned)?;
    ensure(!answer.refuses(), || {
        format!("{answer:?}: {}", world.tell(&owned))
    })
}

fn marks(choices: &mut Choices<'_>) -> Value {
    let mut marks = json!({});
    for _ in 0..choices.below(3) {
        marks[choices.pick(&KEYS)] = json!(choices.pick(&VALUES));
    }
    marks
}

fn workload(choices: &mut Choices<'_>) -> Value {
    let volume = |name: &str, choices: &mut Choices<'_>| match choices.below(4) {
        0 => json!({"name": name, "hostPath": {"path": "/data"}}),
        1 => json!({"name": name, "emptyDir": {"medium": "Memory"}}),
        2 => json!({"name": name}),
        _ => json!({"name": name, "emptyDir": {}}),
    };
    let names = &["a", "b", "c"][..choices.below(4)];
    let volumes: Vec<Value> = names.iter().map(|name| volume(name, choices)).collect();
    let mut labels = json!({"app": "web"});
    if choices.below(2) == 0 {
        labels["tier"] = json!("front");
    }
    let metadata = json!({"labels": labels, "annotations": marks(choices)});
    let template = json!({"metadata": metadata, "spec": {"volumes": volumes}});
    let spec = json!({"replicas": choices.below(4), "template": template});
    let mut workload = object("apps/v1", "Deployment", &json!({ "spec": spec }));
    workload["metadata"]["annotations"] = marks(choices);
    workload
}

fn budget(choices: &mut Choices<'_>) -> Value {
    let selector = choices.pick(&[
        r#"{"matchLabels": {"app": "web"}}"#,
        r#"{"matchLabels": {"tier": "front"}}"#,
        r#"{"matchExpressions": [{"key": "tier", "operator": "Exists"}]}"#,
        r#"{"matchLabels": {"app": "api"}}"#,
        "{}",
        "null",
    ]);
    let selector: Value = serde_json::from_str(selector).unwrap_or_default();
    let mut spec = json!({ "selector": selector });
    let share = choices.pick(&["50%", "67%", "100%", "0%"]);
    let limit = if choices.below(2) == 0 {
        json!(choices.below(4))
    } else {
        json!(share)
    };
    match choices.below(4) {
        0 => {}
        1 => spec["maxUnavailable"] = limit,
        _ => spec["minAvailable"] = limit,
    }
    object("policy/v1", "PodDisruptionBudget", &json!({ "spec": spec }))
}

fn scaler(choices: &mut Choices<'_>) -> Value {
    let name = choices.pick(&["web", "web", "api"]);
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name});
    let min = choices.below(4);
    let spec = json!({"scaleTargetRef": target, "minReplicas": min, "maxReplicas": 4});
    object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        &json!({ "spec": spec }),
    )
}
