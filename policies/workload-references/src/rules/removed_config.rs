//! An object that is deleted while workloads need it.

use shared::{FieldPath, Level, Rule, Verdict, rule};

use super::note;
use super::removed_key::NEXT;

pub(crate) static RULE: Rule = rule! {
    id: "removed_config",
    summary: "A DELETE of a ConfigMap or Secret that a Deployment, StatefulSet, DaemonSet or CronJob of the namespace \
              needs",
    why: "Their next pods do not start. Who deletes a folder deletes it by the names of files, so it is told and not \
          refused",
    fix: "delete the workload first, or have it let go of this",
    levels: [Warn by "users"],
};

/// Tells it.
pub(crate) fn check(workload: &str, level: Level, verdict: &mut Verdict) {
    let what = format!("{workload} needs it");
    let place = FieldPath::new("metadata.name");
    note(&RULE, level, &place, &what, NEXT, "", &[], verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::WorkloadReferences;
    use crate::testing::{deployment, secret};

    #[test]
    fn says_who_needs_what_is_deleted() {
        let told = |by: &str, spec: Value| {
            Review::delete(&secret("db", "Opaque", json!({"a": "MQ=="})))
                .by(by)
                .in_cluster(MemoryCluster::new([deployment(&spec)]))
                .lines::<WorkloadReferences>()
        };
        let all = |optional: bool| {
            let source = json!({"secretRef": {"name": "db", "optional": optional}});
            json!({"containers": [{"name": "app", "envFrom": [source]}]})
        };
        let line = "warning: workload-references: metadata.name: Deployment \"web\" needs it: the next pods \
                    do not start; fix: \
                    delete the workload first, or have it let go of this [removed_config]";
        for (by, spec, expected) in [
            ("jane", all(false), &[line][..]),
            (
                "jane",
                json!({"imagePullSecrets": [{"name": "db"}]}),
                &[line],
            ),
            ("jane", all(true), &[]),
            (
                "jane",
                json!({"imagePullSecrets": [{"name": "other"}]}),
                &[],
            ),
            (
                "system:serviceaccount:kube-system:namespace-controller",
                all(false),
                &[],
            ),
        ] {
            assert_eq!(told(by, spec.clone()), expected, "{by} {spec}");
        }
    }
}
