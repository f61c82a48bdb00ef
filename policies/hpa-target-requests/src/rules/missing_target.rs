//! A target that does not exist.

use shared::kubernetes::autoscaling::HorizontalPodAutoscaler;
use shared::{Finding, Rule, Verdict, rule};

use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "missing_target",
    summary: "An autoscaler whose target does not exist yet, or is being deleted",
    why: "The autoscaler reports FailedGetScale until there is one. Helm makes it before its StatefulSet, therefore \
          only a warning by default; the target is judged when it is made",
    fix: "create the target, or correct its name",
    levels: [Warn by "missingTarget"],
};

/// Reports it. `state` says how it is missing.
pub(crate) fn check(
    autoscaler: &HorizontalPodAutoscaler<'_>,
    state: &str,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let target = &autoscaler.target;
    let reason = format!("target {target} {state}, so its requests were not checked");
    let finding = Finding::new(&RULE, &"spec.scaleTargetRef.name", reason);
    verdict.report(settings.missing_target, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaTargetRequests;
    use crate::testing::{deployment, hpa, utilization};

    #[test]
    fn warns_by_default_and_refuses_where_that_is_wanted() {
        let lines = |cluster: MemoryCluster, level: &str| {
            Review::create(&hpa(&json!([utilization("cpu")])))
                .with(json!({ "missingTarget": level }))
                .in_cluster(cluster)
                .lines::<HpaTargetRequests>()
        };
        let line = "spec.scaleTargetRef.name: target Deployment \"web\" was not found as apps/v1 in namespace \"shop\", so its requests were not \
                    checked; fix: create the target, or correct its name [missing_target]";
        let warning = format!("warning: hpa-target-requests: {line}");
        assert_eq!(lines(MemoryCluster::default(), "warn"), [warning]);
        assert_eq!(lines(MemoryCluster::default(), "deny"), [line]);
        assert_eq!(lines(MemoryCluster::default(), "off"), [""; 0]);
        let mut other = deployment(&json!({"containers": []}));
        other["metadata"]["namespace"] = json!("other");
        assert_eq!(lines(MemoryCluster::new([other.clone()]), "deny"), [line]);
        other["metadata"]["namespace"] = json!("shop");
        other["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let found = lines(MemoryCluster::new([other]), "deny");
        assert_eq!(
            found,
            [line.replace(
                "was not found as apps/v1 in namespace \"shop\"",
                "is being deleted"
            )]
        );
    }
}
