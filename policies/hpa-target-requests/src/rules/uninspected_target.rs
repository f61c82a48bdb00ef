//! A target that the policy cannot read.

use shared::kubernetes::autoscaling::{HorizontalPodAutoscaler, ScaleTarget};
use shared::{Finding, Level, Rule, Verdict, rule};

pub(crate) static RULE: Rule = rule! {
    id: "uninspected_target",
    summary: "An autoscaler of a custom kind that the policy cannot read",
    why: "It is not known whether its pods request what is measured, until an administrator says where its pod spec is",
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

/// Warns that nothing was checked because the kind may not be read, which no setting asked for.
pub(crate) fn check_forbidden(autoscaler: &HorizontalPodAutoscaler<'_>, verdict: &mut Verdict) {
    let target = &autoscaler.target;
    let reason = format!("requests of {target} were not checked, as the policy may not read it");
    let finding = Finding::new(&RULE, &"spec.scaleTargetRef.kind", reason).fix(
        "have the platform team add the kind to spec.contextAwareResources, and let the policy server read it",
    );
    verdict.report(Level::Warn, finding);
}

/// Warns that nothing was checked because the pods are those of a kind that the policy cannot read.
pub(crate) fn check_referred(
    autoscaler: &HorizontalPodAutoscaler<'_>,
    referred: &ScaleTarget<'_>,
    verdict: &mut Verdict,
) {
    let target = &autoscaler.target;
    let reason = format!(
        "requests of {target} were not checked, as it refers to {referred}, and customKinds does not list that kind"
    );
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

    fn gadget(pod_spec: &Value) -> Value {
        json!({
            "apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"template": {"spec": pod_spec}},
        })
    }

    fn listed(path: &str) -> Value {
        let gadget = json!({"apiVersion": "example.com/v1", "kind": "Gadget", "podSpecPath": path});
        json!({"customKinds": [gadget], "writtenFirst": "deny"})
    }

    fn lines(object: &Value, there: &[Value], settings: Value) -> Vec<String> {
        let cluster = MemoryCluster::new(there.to_vec()).serving("example.com/v1", "Gadget");
        Review::create(object)
            .with(settings)
            .in_cluster(cluster)
            .lines::<HpaTargetRequests>()
    }

    #[test]
    fn reads_custom_kinds_on_both_sides_and_warns_of_others() {
        let mut autoscaler = hpa(&json!([utilization("cpu")]));
        autoscaler["spec"]["scaleTargetRef"] =
            json!({"apiVersion": "example.com/v1", "kind": "Gadget", "name": "web"});
        let bad = gadget(&json!({"containers": [container("app", &json!({}))]}));
        assert_eq!(
            lines(&autoscaler, std::slice::from_ref(&bad), json!({})),
            [
                "warning: hpa-target-requests: spec.scaleTargetRef.kind: requests of Gadget \"web\" were not \
                 checked, as customKinds does not list its kind; fix: have the platform team add the kind to \
                 customKinds and to spec.contextAwareResources [uninspected_target]"
            ]
        );
        let settings = || listed("spec.template.spec");
        let place = "spec.template.spec.containers[0].resources.requests.cpu";
        assert_eq!(
            lines(&autoscaler, std::slice::from_ref(&bad), settings()),
            [format!(
                "spec.metrics[0].resource.target.averageUtilization: container \"app\" of Gadget \"web\" requests no \
                 cpu, so the autoscaler never scales (FailedGetResourceMetric); fix: set {place} of Gadget \"web\", for \
                 example to 100m, or use an averageValue target [missing_request]"
            )]
        );
        assert_eq!(
            lines(&bad, std::slice::from_ref(&autoscaler), settings()),
            [format!(
                "{place}: container \"app\" requests no cpu, so HorizontalPodAutoscaler \"web\" never scales by cpu \
                 (spec.metrics[0], FailedGetResourceMetric); fix: set it, for example to 100m, or have the autoscaler use an averageValue target (autoscaling/v2) [missing_request]"
            )]
        );
        let good =
            gadget(&json!({"containers": [container("app", &json!({"limits": {"cpu": 1}}))]}));
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
            ("spec.template.spec", &gadget(&json!(null))),
        ] {
            assert_eq!(
                lines(&autoscaler, std::slice::from_ref(object), listed(path)),
                [format!(
                    "warning: hpa-target-requests: spec.scaleTargetRef.kind: requests of Gadget \"web\" were not \
                     checked, as it has no pod spec at {path}; fix: check podSpecPath in customKinds, unless the pods are \
                     described elsewhere [uninspected_target]"
                )]
            );
        }
    }

    #[test]
    fn a_rollout_is_read_without_a_setting_and_so_is_what_it_refers_to() {
        let mut autoscaler = hpa(&json!([utilization("cpu")]));
        autoscaler["spec"]["scaleTargetRef"] =
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"});
        let rollout = |spec: Value| {
            json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
                "spec": spec,
            })
        };
        let refers = |kind: &str| {
            rollout(json!({"workloadRef": {"apiVersion": "apps/v1", "kind": kind, "name": "base"}}))
        };
        let containers = |resources: Value| json!({"containers": [container("app", &resources)]});
        let base = |resources: Value| {
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "base", "namespace": "shop"},
                "spec": {"template": {"spec": containers(resources)}},
            })
        };
        let lines = |there: &[Value]| {
            let cluster =
                MemoryCluster::new(there.to_vec()).serving("argoproj.io/v1alpha1", "Rollout");
            Review::create(&autoscaler)
                .with(json!({"writtenFirst": "deny"}))
                .in_cluster(cluster)
                .lines::<HpaTargetRequests>()
        };
        let missing = |workload: &str| {
            format!(
                "spec.metrics[0].resource.target.averageUtilization: container \"app\" of {workload} requests no cpu, so \
                 the autoscaler never scales (FailedGetResourceMetric); fix: set \
                 spec.template.spec.containers[0].resources.requests.cpu of {workload}, for example to 100m, or use an averageValue target [missing_request]"
            )
        };
        let warning =
            |text: &str| format!("warning: hpa-target-requests: spec.scaleTargetRef.{text}");
        let good = || json!({"requests": {"cpu": "100m"}});
        let with_template =
            |resources: Value| rollout(json!({"template": {"spec": containers(resources)}}));
        for (there, expected) in [
            (vec![with_template(good())], vec![]),
            (
                vec![with_template(json!({}))],
                vec![missing("Rollout \"web\"")],
            ),
            (vec![refers("Deployment"), base(good())], vec![]),
            (
                vec![refers("Deployment"), base(json!({}))],
                vec![missing("Deployment \"base\"")],
            ),
            (
                vec![refers("Deployment")],
                vec![warning(
                    "name: target Rollout \"web\" refers to Deployment \"base\", which was not found as \
                     apps/v1 in namespace \"shop\", so its requests \
                     were not checked; fix: create the target, or correct its name [missing_target]",
                )],
            ),
            (
                vec![refers("Gadget")],
                vec![warning(
                    "kind: requests of Rollout \"web\" were not checked, as it refers to Gadget \"base\", and \
                     customKinds does not list that kind; fix: have the platform team add the kind to customKinds \
                     and to spec.contextAwareResources [uninspected_target]",
                )],
            ),
        ] {
            assert_eq!(lines(&there), expected, "{there:?}");
        }
    }

    #[test]
    fn has_nothing_to_say_where_no_requests_are_needed() {
        let mut autoscaler = hpa(&json!([{"type": "External"}]));
        autoscaler["spec"]["scaleTargetRef"]["apiVersion"] = json!("example.com/v1");
        assert_eq!(lines(&autoscaler, &[], json!({})), [""; 0]);
    }
}
