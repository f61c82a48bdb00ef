//! `hpa-replicas`: a manifest and its autoscaler are told the same whichever comes first; an UPDATE is refused for what is
//! new alone; and nothing is said of what nothing proves.

use hpa_replicas::HpaReplicas;
use serde_json::{Value, json};
use shared::testing::{MemoryCluster, Review};

use crate::answer::Answer;
use crate::choices::Choices;
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 5] = [
    "{}",
    r#"{"fixedReplicas": "deny"}"#,
    r#"{"fixedReplicas": "deny", "zeroReplicas": "deny", "resets": "deny"}"#,
    r#"{"fixedReplicas": "off", "resets": "deny"}"#,
    r#"{"fixedReplicas": "deny", "zeroReplicas": "off"}"#,
];

const NUMBERS: [i64; 6] = [0, 1, 2, 3, 4, 7];

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The bytes choose settings, a workload with who wrote it, and its autoscaler.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let mut world = World::with(choices.pick(&SETTINGS))?;
    let kind = choices.pick(&[
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("argoproj.io/v1alpha1", "Rollout"),
    ]);
    let scaler = scaler(kind, &mut choices);
    let mut old = workload(kind, &mut choices);
    let mut new = workload(kind, &mut choices);
    let metadata = writers(&mut choices);
    world.cluster = MemoryCluster::new([scaler.clone()]).into();

    // A manifest is sent as it is.
    let of_workload = world.create::<HpaReplicas>(&new)?;
    world.cluster = MemoryCluster::new([new.clone()]).into();
    let of_scaler = world.create::<HpaReplicas>(&scaler)?;
    ensure(
        of_workload.broken() == of_scaler.broken() && of_workload.warned() == of_scaler.warned(),
        || {
            format!(
                "{of_workload:?}, {of_scaler:?}: {} and {scaler}",
                world.tell(&new)
            )
        },
    )?;

    // In a cluster, others write it as well.
    world.cluster = MemoryCluster::new([scaler]).into();
    for object in [&mut old, &mut new] {
        for (name, value) in metadata.as_object().into_iter().flatten() {
            object["metadata"][name] = value.clone();
        }
    }
    world.keeps::<HpaReplicas>(&new)?;
    let answer = world.update::<HpaReplicas>(&old, &new)?;
    ensure(!matches!(answer.code, Some(400 | 500)), || {
        format!("{answer:?}: {}", world.tell(&new))
    })?;

    // What is stored proves nothing by itself.
    let stored = json!({"name": "web", "namespace": "shop", "resourceVersion": "7",
        "managedFields": entry("Update")});
    new["metadata"] = stored;
    let review = Review::create(&new).with(world.settings.clone());
    let review = review.in_cluster(world.cluster.clone());
    let asked = review.asked::<HpaReplicas>();
    let answer = Answer::judge::<HpaReplicas>(&review)?;
    ensure(
        asked.is_empty() && answer.warnings.is_empty() && answer.accepted,
        || format!("{asked:?}, {answer:?}: {}", world.tell(&new)),
    )
}

fn workload((api_version, kind): (&str, &str), choices: &mut Choices<'_>) -> Value {
    let replicas = match choices.below(8) {
        0 => Value::Null,
        _ => json!(choices.pick(&NUMBERS)),
    };
    object(api_version, kind, &json!({"spec": {"replicas": replicas}}))
}

fn scaler((api_version, kind): (&str, &str), choices: &mut Choices<'_>) -> Value {
    let name = choices.pick(&["web", "web", "web", "api"]);
    let target = json!({"apiVersion": api_version, "kind": kind, "name": name});
    let min = choices.pick(&NUMBERS);
    let max = min.max(choices.pick(&NUMBERS)).max(1);
    let spec = json!({"scaleTargetRef": target, "minReplicas": min, "maxReplicas": max});
    let mut scaler = object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        &json!({ "spec": spec }),
    );
    if choices.once_in(4) {
        scaler["metadata"]["ownerReferences"] =
            json!([{"kind": "ScaledObject", "name": "web", "controller": true}]);
    }
    scaler
}

fn entry(operation: &str) -> Value {
    json!([{"operation": operation, "fieldsV1": {"f:spec": {"f:replicas": {}}}}])
}

/// What the metadata says of who wrote a workload.
fn writers(choices: &mut Choices<'_>) -> Value {
    let mut metadata = json!({"managedFields": entry(choices.pick(&["Update", "Apply"]))});
    if choices.below(2) == 0 {
        metadata["resourceVersion"] = json!("7");
    }
    metadata["annotations"] = match choices.below(5) {
        0 => json!({"meta.helm.sh/release-name": "web"}),
        1 => json!({LAST_APPLIED: "{\"spec\":{}}"}),
        2 => {
            json!({LAST_APPLIED: format!("{{\"spec\":{{\"replicas\":{}}}}}", choices.pick(&NUMBERS))})
        }
        3 => json!({LAST_APPLIED: choices.text(20)}),
        _ => json!({}),
    };
    metadata
}
