//! A resource that no metrics server measures.

use shared::kubernetes::autoscaling::Metric;
use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::measured::{MEASURED, right_case};
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "unknown_resource",
    summary: "A metric of a resource that metrics servers do not measure, or of cpu or memory in the wrong case",
    why: "They measure cpu and memory. Names count in their exact case: CPU is another resource, which nothing \
          measures and no container can request",
    fix: "measure cpu or memory, or use a metric of type Pods or External",
    levels: [Warn by "unknownResource", Deny for "cpu or memory in the wrong case"],
};

/// Refuses a name in the wrong case, and reports others. Some clusters have a server of their own for them. `works` says
/// whether the autoscaler has other metrics that can be computed. This one cannot: nothing measures it, and no container
/// can request it (`GetResourceReplicas` in `pkg/controller/podautoscaler/replica_calculator.go`).
pub(crate) fn check(metric: &Metric<'_>, works: bool, settings: &Settings, verdict: &mut Verdict) {
    let (resource, path) = (&*metric.resource, metric.path("name"));
    let failure = metric.failure_reason();
    let effect = if works {
        "can only grow"
    } else {
        "never scales"
    };
    let consequence = format!(", so the autoscaler {effect} ({failure})");
    if let Some(right) = right_case(resource) {
        let reason = format!(
            "{resource} is not a resource, but {right} is",
            resource = quote(resource),
            right = quote(right)
        );
        let finding = Finding::new(&RULE, &path, reason).consequence(&consequence);
        verdict.report(Level::Deny, finding.fix(format!("write {right}")));
    } else if !MEASURED.contains(&resource) {
        let reason = format!(
            "{} is not a resource that metrics servers measure",
            quote(resource)
        );
        let finding = Finding::new(&RULE, &path, reason).consequence(&consequence);
        verdict.report(settings.unknown_resource, finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{container, lines, utilization};

    #[test]
    fn refuses_a_name_in_the_wrong_case_and_warns_of_others() {
        let pod_spec = json!({"containers": [
            container("app", &json!({"requests": {"cpu": 1, "memory": 1, "example.com/gpu": 1}})),
        ]});
        let found = |name: &str, level: &str| {
            lines(
                &json!([utilization(name)]),
                &pod_spec,
                &json!({ "unknownResource": level }),
            )
        };
        for name in ["cpu", "memory"] {
            assert_eq!(found(name, "deny"), [""; 0]);
        }
        let line = "spec.metrics[0].resource.name: \"CPU\" is not a resource, but \"cpu\" is, so the autoscaler never \
                    scales (FailedGetResourceMetric); fix: write cpu [unknown_resource]";
        assert_eq!(found("CPU", "off"), [line]);
        let line = "spec.metrics[0].resource.name: \"example.com/gpu\" is not a resource that metrics servers \
                    measure, so the autoscaler never scales (FailedGetResourceMetric)";
        let denied = format!(
            "{line}; fix: measure cpu or memory, or use a metric of type Pods or External [unknown_resource]"
        );
        let warning = format!("warning: hpa-target-requests: {denied}");
        assert_eq!(found("example.com/gpu", "deny"), [denied]);
        assert_eq!(found("example.com/gpu", "warn"), [warning]);
        assert_eq!(found("example.com/gpu", "off"), [""; 0]);
        // Whatever measures it, a share of what is not requested cannot be told.
        assert_eq!(
            found("example.com/nic", "off"),
            [
                "spec.metrics[0].resource.target.averageUtilization: container \"app\" of Deployment \"web\" requests no \
                 example.com/nic, so the autoscaler never scales (FailedGetResourceMetric); fix: set \
                 spec.template.spec.containers[0].resources.requests[\"example.com/nic\"] of Deployment \"web\", for \
                 example to \"1\", or use an averageValue target [missing_request]"
            ]
        );
    }

    #[test]
    fn needs_no_cluster_to_say_so() {
        let metric = json!({"type": "Resource", "resource": {"name": "Memory", "target": {"averageValue": "1Gi"}}});
        assert_eq!(
            lines(
                &json!([metric, {"type": "External"}]),
                &json!(null),
                &json!({})
            ),
            [
                "spec.metrics[0].resource.name: \"Memory\" is not a resource, but \"memory\" is, so the autoscaler can \
                 only grow (FailedGetResourceMetric); fix: write memory [unknown_resource]"
            ]
        );
    }
}
