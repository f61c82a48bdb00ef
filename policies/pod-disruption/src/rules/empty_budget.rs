//! A budget without a limit.

use shared::{Rule, Verdict, rule};

use crate::budget::Budget;

pub(crate) static RULE: Rule = rule! {
    id: "empty_budget",
    summary: "A PodDisruptionBudget with neither `minAvailable` nor `maxUnavailable`",
    why: "The API server takes it, and it allows no eviction, ever: a drain of any node with such a pod waits for ever",
    fix: "write maxUnavailable: 1",
    levels: [Deny],
};

/// Refuses it.
///
/// Source: `getExpectedPodCount` in `pkg/controller/disruption/disruption.go`, which leaves the count at 0.
pub(crate) fn check(budget: &Budget<'_>, verdict: &mut Verdict) {
    if budget.min_available.is_none() && budget.max_unavailable.is_none() {
        let reason = "has neither minAvailable nor maxUnavailable, so no pod may be evicted";
        verdict.deny(&RULE, &"spec", reason);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{budget, lines};

    #[test]
    fn one_of_both_is_needed() {
        let selector = json!({"matchLabels": {"app": "web"}});
        assert_eq!(
            lines(&budget(&json!({"selector": selector})), &json!({})),
            [
                "spec: has neither minAvailable nor maxUnavailable, so no pod may be evicted; fix: write maxUnavailable: 1 \
                 [empty_budget]"
            ]
        );
        for spec in [
            json!({"selector": selector, "minAvailable": 1}),
            json!({"selector": selector, "maxUnavailable": "10%"}),
        ] {
            assert_eq!(lines(&budget(&spec), &json!({})), [""; 0], "{spec}");
        }
        let null = json!({"selector": selector, "minAvailable": null});
        assert_eq!(lines(&budget(&null), &json!({})).len(), 1);
    }
}
