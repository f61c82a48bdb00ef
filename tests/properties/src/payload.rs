//! Whatever bytes a host sends, there is an answer.

use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use secret_data::SecretData;
use serde_json::json;
use service_routes::ServiceRoutes;
use shared::testing::{ClusterHost, MemoryCluster, unrestricted};
use shared::{Cluster, Policy};
use workload_references::WorkloadReferences;

use crate::answer::{Answer, failing};
use crate::updates::object;
use crate::{Outcome, ensure};

/// Every policy answers the bytes, in a cluster that has what they may ask for, and in one that fails.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let clusters = [full(), failing()];
    for cluster in &clusters {
        answers::<EmptydirStorage>(bytes, cluster)?;
        answers::<HostpathMounts>(bytes, cluster)?;
        answers::<HpaReplicas>(bytes, cluster)?;
        answers::<HpaTargetRequests>(bytes, cluster)?;
        answers::<HpaVpaOverlap>(bytes, cluster)?;
        answers::<NodeportRange>(bytes, cluster)?;
        answers::<PodDisruption>(bytes, cluster)?;
        answers::<SecretData>(bytes, cluster)?;
        answers::<ServiceRoutes>(bytes, cluster)?;
        answers::<WorkloadReferences>(bytes, cluster)?;
    }
    Ok(())
}

fn answers<P: Policy>(bytes: &[u8], cluster: &dyn Cluster) -> Outcome {
    let answer = Answer::to::<P>(bytes, cluster)?;
    let message = answer.message.unwrap_or_default();
    ensure(
        message.is_empty()
            || message
                .lines()
                .next()
                .is_some_and(|line| line.contains(P::NAME)),
        || format!("the message does not name {}: {message}", P::NAME),
    )
}

/// A cluster with one object of each kind that is looked up, by the names that the corpus has.
pub(crate) fn full() -> ClusterHost {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let utilization = json!({"type": "Resource", "resource": {
        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60},
    }});
    let pod = json!({"containers": [{"name": "app", "resources": {"requests": {"cpu": "100m"}}}, {"name": "proxy"}]});
    let claim = json!({"spec": {"volumeName": "disk"}});
    let limits = json!([{"type": "Container", "defaultRequest": {"memory": "1Mi"}}]);
    let mut disk = object(
        "v1",
        "PersistentVolume",
        &json!({"spec": {"hostPath": {"path": "/etc"}}}),
    );
    disk["metadata"] = json!({"name": "disk"});
    let deployment = json!({"spec": {"template": {"spec": pod}}});
    let autoscaler = json!({"spec": {"scaleTargetRef": target, "metrics": [utilization]}});
    unrestricted(MemoryCluster::new([
        object("apps/v1", "Deployment", &deployment),
        object("autoscaling/v2", "HorizontalPodAutoscaler", &autoscaler),
        object(
            "autoscaling.k8s.io/v1",
            "VerticalPodAutoscaler",
            &json!({"spec": {"targetRef": target}}),
        ),
        object("v1", "LimitRange", &json!({"spec": {"limits": limits}})),
        object("v1", "PersistentVolumeClaim", &claim),
        object("v1", "ConfigMap", &json!({"data": {"a": "b"}})),
        object(
            "v1",
            "Secret",
            &json!({"type": "Opaque", "data": {"a": "Yg=="}}),
        ),
        disk,
    ]))
}
