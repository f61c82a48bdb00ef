//! A target that the policy cannot read.

use shared::autoscaling::HorizontalPodAutoscaler;
use shared::{Finding, Level, Rule, Verdict, rule};

pub(crate) static RULE: Rule = rule! {
    id: "uninspected_target",
    summary: "An autoscaler of a custom kind that the policy cannot read",
    why: "Nobody knows whether its pods request what is measured, until an administrator says where its pod spec is",
    fix: "have the platform team add the kind to customKinds and to spec.contextAwareResources",
    levels: [Warn],
};

/// Warns that nothing was checked because of the kind.
pub(crate) fn check(autoscaler: &HorizontalPodAutoscaler<'_>, verdict: &mut Verdict) {
    let target = &autoscaler.target;
    let reason =
        format!("requests of {target} were not checked, as customKinds does not list its kind");
    verdict.warn(&RULE, &"spec.scaleTargetRef.kind", reason);
}

/// Warns that nothing was checked because there is no pod spec where it should be.
pub(crate) fn check_pod_spec(
    autoscaler: &HorizontalPodAutoscaler<'_>,
    path: &str,
    verdict: &mut Verdict,
) {
    let target = &autoscaler.target;
    let reason = format!("requests of {target} were not checked, as it has no pod spec at {path}");
    let finding = Finding::new(&RULE, &"spec.scaleTargetRef.kind", reason)
        .fix("check podSpecPath in customKinds, unless the pods are described elsewhere");
    verdict.report(Level::Warn, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaTargetRequests;
    use crate::testing::{container, hpa, utilization};

    fn rollout(pod_spec: &Value) -> Value {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"template": {"spec": pod_spec}},
        })
    }

    fn listed(path: &str) -> Value {
        json!({"customKinds": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "podSpecPath": path}]})
    }

    fn lines(object: &Value, there: &[Value], settings: Value) -> Vec<String> {
        let cluster = MemoryCluster::of(there).serving("argoproj.io/v1alpha1", "Rollout");
        Review::create(object)
            .with(settings)
            .in_cluster(cluster)
            .lines::<HpaTargetRequests>()
    }

    #[test]
    fn reads_custom_kinds_on_both_sides_and_warns_of_others() {
        let mut autoscaler = hpa(&json!([utilization("cpu")]));
        autoscaler["spec"]["scaleTargetRef"] =
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"});
        let bad = rollout(&json!({"containers": [container("app", &json!({}))]}));
        assert_eq!(
            lines(&autoscaler, std::slice::from_ref(&bad), json!({})),
            [
                "warning: hpa-target-requests: spec.scaleTargetRef.kind: requests of Rollout \"web\" were not \
                 checked, as customKinds does not list its kind; fix: have the platform team add the kind to \
                 customKinds and to spec.contextAwareResources [uninspected_target]"
            ]
        );
        let settings = || listed("spec.template.spec");
        let place = "spec.template.spec.containers[0].resources.requests.cpu";
        assert_eq!(
            lines(&autoscaler, std::slice::from_ref(&bad), settings()),
            [format!(
                "spec.metrics[0].resource.target.averageUtilization: container \"app\" of Rollout \"web\" requests no \
                 cpu, so the autoscaler never scales (FailedGetResourceMetric); fix: set {place} of Rollout \"web\", for \
                 example to 100m, or measure averageValue [missing_request]"
            )]
        );
        assert_eq!(
            lines(&bad, std::slice::from_ref(&autoscaler), settings()),
            [format!(
                "{place}: container \"app\" requests no cpu, so HorizontalPodAutoscaler \"web\" never scales by cpu \
                 (spec.metrics[0], FailedGetResourceMetric); fix: set it, for example to 100m, or have the autoscaler \
                 measure averageValue [missing_request]"
            )]
        );
        let good =
            rollout(&json!({"containers": [container("app", &json!({"limits": {"cpu": 1}}))]}));
        assert_eq!(
            lines(&autoscaler, std::slice::from_ref(&good), settings()),
            [""; 0]
        );
        assert_eq!(
            lines(&good, std::slice::from_ref(&autoscaler), settings()),
            [""; 0]
        );
        for (path, object) in [
            ("spec.tmplate.spec", &good),
            ("spec.template.spec", &rollout(&json!(null))),
        ] {
            assert_eq!(
                lines(&autoscaler, std::slice::from_ref(object), listed(path)),
                [format!(
                    "warning: hpa-target-requests: spec.scaleTargetRef.kind: requests of Rollout \"web\" were not \
                     checked, as it has no pod spec at {path}; fix: check podSpecPath in customKinds, unless the pods are \
                     described elsewhere [uninspected_target]"
                )]
            );
        }
    }

    #[test]
    fn has_nothing_to_say_where_no_requests_are_needed() {
        let mut autoscaler = hpa(&json!([{"type": "External"}]));
        autoscaler["spec"]["scaleTargetRef"]["apiVersion"] = json!("example.com/v1");
        assert_eq!(lines(&autoscaler, &[], json!({})), [""; 0]);
    }
}
