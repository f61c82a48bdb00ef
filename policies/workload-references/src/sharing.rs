//! Why more than one pod may have a claim of a template at a time.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::ReplicationController;
use shared::{Cursor, DecodeError, Request};

/// Why more than one pod may have a claim of a template at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// There are several pods.
    Replicas,
    /// There are several, and a rollout would keep the last one until the next one runs.
    ReplicasAndRollout,
    /// There is one on each node.
    EveryNode,
    /// There is one, and a rollout keeps it until the next one runs.
    Rollout,
}

impl Sharing {
    /// What the object of a request says. The pods of Jobs come one after the other, or share by design.
    pub(crate) fn of(request: &Request<'_>) -> Result<Option<Self>, DecodeError> {
        let kind = &request.kind;
        if kind.is_a::<DaemonSet>() {
            return Ok(Some(Self::EveryNode));
        }
        let is_deployment = kind.is_a::<Deployment>();
        if !(is_deployment
            || kind.is_a::<StatefulSet>()
            || kind.is_a::<ReplicaSet>()
            || kind.is_a::<ReplicationController>())
        {
            return Ok(None);
        }
        let sharing = request.object().map("spec", |spec| {
            let replicas = spec.integer("replicas")?.unwrap_or(1);
            let keeps_old = is_deployment && keeps_old_pod(spec)?;
            Ok(match replicas {
                ..1 => None,
                1 => keeps_old.then_some(Self::Rollout),
                _ if keeps_old => Some(Self::ReplicasAndRollout),
                _ => Some(Self::Replicas),
            })
        })?;
        Ok(sharing.flatten())
    }
}

/// Whether rollouts of a Deployment of one pod keep the old one until the new one runs. A surge is rounded up, and what
/// may be missing is rounded down, both from 25 %. Where both come to 0, one may be missing.
///
/// Source: `SetDefaults_Deployment` in `pkg/apis/apps/v1/defaults.go`, `ResolveFenceposts` in
/// `pkg/controller/deployment/util/deployment_util.go`.
fn keeps_old_pod(spec: &Cursor<'_>) -> Result<bool, DecodeError> {
    let keeps = spec.map("strategy", |strategy| {
        let rollout = strategy.map("rollingUpdate", |rollout| {
            // A number, or a percentage of the only pod.
            let is = |field: &str, number: i64, percentage: &str| {
                rollout.integer(field) == Ok(Some(number)) || rollout.text(field) == Ok(percentage)
            };
            let has_no_more = is("maxSurge", 0, "0%");
            let may_miss_one = is("maxUnavailable", 1, "100%");
            Ok(!has_no_more && !may_miss_one)
        })?;
        Ok(strategy.text("type")? != "Recreate" && rollout.unwrap_or(true))
    })?;
    Ok(keeps.unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{claim, lines_of, of_kind, with_rollouts};

    /// The rule that finds something where these pods have a claim for one pod.
    fn found(api_version: &str, kind: &str, spec: &Value) -> usize {
        let mut spec = spec.clone();
        let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
        spec["template"] = json!({"spec": {"volumes": volumes}});
        let object = of_kind(api_version, kind, spec);
        let data = claim("data", json!({"accessModes": ["ReadWriteOncePod"]}));
        lines_of(&object, &[data], &with_rollouts()).len()
    }

    #[test]
    fn a_rollout_keeps_the_old_pod_unless_one_may_be_missing() {
        let rolling = |surge: Value, unavailable: Value| {
            let rolling = json!({"maxSurge": surge, "maxUnavailable": unavailable});
            json!({"type": "RollingUpdate", "rollingUpdate": rolling})
        };
        for (strategy, findings) in [
            (json!(null), 1),
            (json!({}), 1),
            (json!({"type": "Recreate"}), 0),
            (json!({"type": "RollingUpdate"}), 1),
            (rolling(json!(null), json!(null)), 1),
            (rolling(json!("25%"), json!("25%")), 1),
            (rolling(json!(1), json!(0)), 1),
            (rolling(json!(1), json!(1)), 0),
            (rolling(json!("1%"), json!("99%")), 1),
            (rolling(json!("25%"), json!("100%")), 0),
            // Both come to 0, and then one may be missing.
            (rolling(json!(0), json!("25%")), 0),
            (rolling(json!("0%"), json!(null)), 0),
        ] {
            for replicas in [json!(1), json!(null)] {
                let spec = json!({"replicas": replicas, "strategy": strategy});
                assert_eq!(found("apps/v1", "Deployment", &spec), findings, "{spec}");
            }
            let none = json!({"replicas": 0, "strategy": strategy});
            assert_eq!(found("apps/v1", "Deployment", &none), 0);
            let two = json!({"replicas": 2, "strategy": strategy});
            assert_eq!(found("apps/v1", "Deployment", &two), 1);
        }
    }

    #[test]
    fn other_kinds_replace_the_old_pod_first() {
        for (api_version, kind, replicas, findings) in [
            ("apps/v1", "StatefulSet", 1, 0),
            ("apps/v1", "StatefulSet", 2, 1),
            ("apps/v1", "ReplicaSet", 1, 0),
            ("apps/v1", "ReplicaSet", 2, 1),
            ("v1", "ReplicationController", 2, 1),
            ("apps/v1", "DaemonSet", 0, 1),
            ("batch/v1", "Job", 2, 0),
            ("argoproj.io/v1alpha1", "Rollout", 2, 0),
        ] {
            let spec = json!({"replicas": replicas, "parallelism": 3});
            assert_eq!(
                found(api_version, kind, &spec),
                findings,
                "{kind} {replicas}"
            );
        }
    }
}
