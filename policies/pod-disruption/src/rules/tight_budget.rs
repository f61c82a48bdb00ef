//! A budget that keeps all pods where there are few.

use shared::{Finding, Rule, Verdict, rule};

use super::Side;
use crate::budget::{Budget, Limit};
use crate::settings::Settings;
use crate::slack::Tight;

pub(crate) static RULE: Rule = rule! {
    id: "tight_budget",
    summary: "A PodDisruptionBudget that keeps all pods of its Deployments and StatefulSets where there are as few as there \
              may be: `replicas`, or `minReplicas` of their autoscaler",
    why: "Then no pod may be evicted: a drain of a node waits, and so do an upgrade and a scale-down of the cluster. Shares \
          are rounded up, and one that is met exactly leaves nothing either",
    fix: "write maxUnavailable: 1 in place of minAvailable",
    levels: [Warn by "tightBudget"],
};

/// Reports it, in the words of the side that is written.
pub(crate) fn check(
    tight: &Tight,
    budget: &Budget<'_>,
    side: Side,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let Some(limit) = budget.min_available else {
        return;
    };
    let (path, subject) = match side {
        Side::Budget => ("spec.minAvailable", limit.to_string()),
        Side::Workload => (
            "spec.replicas",
            format!("minAvailable: {limit} of {budget}"),
        ),
        Side::Scaler => (
            "spec.minReplicas",
            format!("minAvailable: {limit} of {budget}"),
        ),
    };
    let pods = match tight.pods {
        1 => "the only pod".to_owned(),
        pods => format!("all {pods} pods"),
    };
    let scaler = match &tight.scaler {
        Some(scaler) => format!(" when {scaler} is down to minReplicas"),
        None => String::new(),
    };
    let reason = format!(
        "{subject} keeps {pods} of {}{scaler}, so none may be evicted, and a drain of a node waits",
        tight.of
    );
    let finding = Finding::new(&RULE, &path, reason).known_as(budget.name);
    let finding = match side {
        Side::Budget => finding,
        Side::Workload | Side::Scaler => {
            let field = match (side, &tight.scaler) {
                (Side::Workload, None) => "replicas",
                _ => "minReplicas",
            };
            let more = match limit {
                Limit::Count(count) if tight.is_of_one => {
                    format!(", or write {field}: {}", count.saturating_add(1))
                }
                _ => String::new(),
            };
            finding.fix(format!("have {budget} say maxUnavailable: 1{more}"))
        }
    };
    verdict.report(settings.tight_budget, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::PodDisruption;
    use crate::testing::{budget, hpa, labelled, of_kind};

    fn lines(object: &Value, there: &[Value]) -> Vec<String> {
        Review::create(object)
            .in_cluster(MemoryCluster::new(there.to_vec()))
            .lines::<PodDisruption>()
    }

    fn of_web(min_available: &Value) -> Value {
        budget(&json!({"selector": {"matchLabels": {"app": "web"}}, "minAvailable": min_available}))
    }

    fn web(name: &str, replicas: i64) -> Value {
        labelled(name, &json!({"app": "web"}), replicas)
    }

    #[test]
    fn counts_as_few_pods_as_there_may_be() {
        for (min_available, workloads, pods) in [
            (
                json!(1),
                vec![web("a", 1)],
                Some("the only pod of Deployment \"a\""),
            ),
            (
                json!(2),
                vec![web("a", 2)],
                Some("all 2 pods of Deployment \"a\""),
            ),
            (
                json!(5),
                vec![web("a", 2)],
                Some("all 2 pods of Deployment \"a\""),
            ),
            (json!(1), vec![web("a", 2)], None),
            (
                json!("50%"),
                vec![web("a", 1)],
                Some("the only pod of Deployment \"a\""),
            ),
            (
                json!("67%"),
                vec![web("a", 3)],
                Some("all 3 pods of Deployment \"a\""),
            ),
            (json!("66%"), vec![web("a", 3)], None),
            (json!(1), vec![web("a", 1), web("b", 1), web("c", 1)], None),
            (
                json!(3),
                vec![web("a", 1), web("b", 1), web("c", 1)],
                Some("all 3 pods of Deployment \"a\" and of 2 more workloads"),
            ),
            (
                json!("50%"),
                vec![web("a", 1), web("b", 0)],
                Some("the only pod of Deployment \"a\""),
            ),
            (
                json!("50%"),
                vec![web("a", 0), web("b", 1)],
                Some("the only pod of Deployment \"b\""),
            ),
            (
                json!(2),
                vec![web("a", 1), of_kind(web("b", 1), "apps/v1", "StatefulSet")],
                Some("all 2 pods of Deployment \"a\" and of 1 more workload"),
            ),
            (json!(1), vec![web("a", 0)], None),
            (
                json!(1),
                vec![labelled("a", &json!({"app": "api"}), 1)],
                None,
            ),
            (json!(1), vec![], None),
        ] {
            let expected: Vec<String> = pods
                .iter()
                .map(|pods| {
                    format!(
                        "warning: pod-disruption: spec.minAvailable: {min_available} keeps {pods}, so none may be evicted, and \
                         a drain of a node waits; fix: write maxUnavailable: 1 in place of minAvailable [tight_budget]"
                    )
                })
                .collect();
            assert_eq!(
                lines(&of_web(&min_available), &workloads),
                expected,
                "{workloads:?}"
            );
        }
    }

    #[test]
    fn an_autoscaler_says_how_few_there_may_be() {
        let there = [web("web", 5), hpa(2)];
        let least = "keeps all 2 pods of Deployment \"web\" when HorizontalPodAutoscaler \"web\" is down to \
                     minReplicas, so none may be evicted, and a drain of a node waits";
        assert_eq!(
            lines(&of_web(&json!(2)), &there),
            [format!(
                "warning: pod-disruption: spec.minAvailable: 2 {least}; fix: write maxUnavailable: 1 in place of \
                 minAvailable [tight_budget]"
            )]
        );
        let of_budget = "minAvailable: 2 of PodDisruptionBudget \"web\"";
        for (object, there, path) in [
            (
                web("web", 5),
                vec![of_web(&json!(2)), hpa(2)],
                "spec.replicas",
            ),
            (
                hpa(2),
                vec![of_web(&json!(2)), web("web", 5)],
                "spec.minReplicas",
            ),
        ] {
            assert_eq!(
                lines(&object, &there),
                [format!(
                    "warning: pod-disruption: {path}: {of_budget} {least}; fix: have PodDisruptionBudget \"web\" say \
                     maxUnavailable: 1, or write minReplicas: 3 [tight_budget]"
                )]
            );
        }
        for there in [[web("web", 1), hpa(2)], [web("web", 1), hpa(3)]] {
            assert_eq!(lines(&of_web(&json!(1)), &there), [""; 0]);
        }
        // It is off, but for that of KEDA.
        let mut of_keda = hpa(1);
        of_keda["metadata"]["ownerReferences"] =
            json!([{"kind": "ScaledObject", "name": "web", "controller": true}]);
        for (scaler, count) in [(hpa(1), 0), (of_keda, 1)] {
            let budget = of_web(&json!(1));
            let there = [web("web", 0), scaler.clone()];
            assert_eq!(lines(&budget, &there).len(), count, "{scaler}");
            let there = [budget.clone(), scaler.clone()];
            assert_eq!(lines(&web("web", 0), &there).len(), count, "{scaler}");
            let there = [budget, web("web", 0)];
            assert_eq!(lines(&scaler, &there).len(), count, "{scaler}");
        }
        // Others count as well, with autoscalers of their own.
        let mut other = hpa(1);
        other["metadata"]["name"] = json!("api");
        other["spec"]["scaleTargetRef"]["name"] = json!("api");
        let there = [of_web(&json!(2)), web("web", 5), web("api", 1), other];
        assert_eq!(lines(&hpa(2), &there), [""; 0]);
        assert_eq!(lines(&hpa(1), &there).len(), 1);
    }

    #[test]
    fn what_an_object_had_is_not_new() {
        let labelled = |replicas: i64, extra: &str| {
            labelled("web", &json!({"app": "web", "extra": extra}), replicas)
        };
        for (old, new, accepted) in [
            (labelled(1, "a"), labelled(1, "b"), true),
            (labelled(2, "a"), labelled(1, "a"), false),
            (labelled(1, "a"), labelled(2, "a"), true),
        ] {
            let response = Review::update(&old, &new)
                .with(json!({"tightBudget": "deny"}))
                .in_cluster(MemoryCluster::new([of_web(&json!(1))]))
                .judge::<PodDisruption>();
            assert_eq!(response.accepted, accepted, "{old} {new}");
        }
    }

    #[test]
    fn a_workload_is_told_of_its_budget() {
        assert_eq!(
            lines(&web("web", 1), &[of_web(&json!(1))]),
            [
                "warning: pod-disruption: spec.replicas: minAvailable: 1 of PodDisruptionBudget \"web\" keeps the only pod \
                 of Deployment \"web\", so none may be evicted, and a drain of a node waits; fix: have \
                 PodDisruptionBudget \"web\" say maxUnavailable: 1, or write replicas: 2 [tight_budget]"
            ]
        );
        for (replicas, there) in [
            (2, vec![of_web(&json!(1))]),
            (1, vec![of_web(&json!(1)), web("api", 1)]),
            (0, vec![of_web(&json!(1))]),
            // What a budget says of itself is told at the budget.
            (1, vec![of_web(&json!("100%"))]),
            (1, vec![of_web(&json!(null))]),
        ] {
            assert_eq!(lines(&web("web", replicas), &there), [""; 0], "{there:?}");
        }
    }
}
