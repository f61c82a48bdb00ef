//! Settings that a policy takes are settings that it can work with.

use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use secret_data::SecretData;
use serde_json::{Value, json};
use service_routes::ServiceRoutes;
use shared::Policy;
use shared::evaluation::check_settings;
use workload_references::WorkloadReferences;

use crate::answer::{self, Answer};
use crate::payload::full;
use crate::updates::object;
use crate::{Outcome, ensure};

/// The bytes are settings.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let volumes = json!([{"name": "v", "hostPath": {"path": "/data", "type": "Directory"}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "web"}},
        {"name": "e", "emptyDir": {"sizeLimit": 0}}]);
    let mounts = json!([{"name": "v", "mountPath": "/v"}, {"name": "e", "mountPath": "/e"}]);
    let pod = json!({"containers": [{"name": "app", "volumeMounts": mounts}], "volumes": volumes});
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let autoscaler = json!({"spec": {"scaleTargetRef": target}});
    let ports = json!([{"port": 80, "nodePort": 30100}, {"port": 81}]);
    let horizontal = object("autoscaling/v2", "HorizontalPodAutoscaler", &autoscaler);
    let objects = [
        object("v1", "Pod", &json!({ "spec": pod })),
        horizontal.clone(),
        horizontal,
        object(
            "v1",
            "Service",
            &json!({"spec": {"type": "NodePort", "ports": ports}}),
        ),
        object(
            "v1",
            "Secret",
            &json!({"type": "Opaque", "stringData": {"a": "b "}}),
        ),
    ];
    let [pod, target, overlap, service, secret] = &objects;
    works::<EmptydirStorage>(bytes, pod)?;
    works::<HostpathMounts>(bytes, pod)?;
    works::<HpaReplicas>(bytes, target)?;
    works::<HpaTargetRequests>(bytes, target)?;
    works::<HpaVpaOverlap>(bytes, overlap)?;
    works::<NodeportRange>(bytes, service)?;
    works::<PodDisruption>(bytes, pod)?;
    works::<SecretData>(bytes, secret)?;
    works::<ServiceRoutes>(bytes, service)?;
    works::<WorkloadReferences>(bytes, pod)
}

/// A policy says of settings what it does with them.
fn works<P: Policy>(bytes: &[u8], object: &Value) -> Outcome {
    let said = check_settings::<P>(bytes);
    answer::check_settings(&said).map_err(|wrong| format!("{}: {wrong}", P::NAME))?;
    // What is no JSON at all, no host can put in a payload.
    if !said.valid && serde_json::from_slice::<Value>(bytes).is_err() {
        return Ok(());
    }
    // No settings at all are none.
    let settings = match String::from_utf8_lossy(bytes) {
        text if text.trim().is_empty() => "null".into(),
        text => text,
    };
    let kind = &object["kind"];
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = json!({"group": group, "version": version, "kind": kind});
    let request = json!({
        "uid": "0", "kind": kind, "name": "web", "namespace": "shop", "operation": "CREATE",
        "userInfo": {"username": "jane"}, "object": object,
    });
    let payload = format!("{{\"request\":{request},\"settings\":{settings}}}");
    let answer = Answer::to::<P>(payload.as_bytes(), &full())?;
    let works = !matches!(answer.code, Some(400 | 500));
    ensure(works == said.valid, || {
        format!("{}: {said:?}, but {answer:?}", P::NAME)
    })
}
