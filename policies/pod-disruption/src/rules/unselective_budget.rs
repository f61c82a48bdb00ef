//! A budget of no pods.

use shared::{Finding, Rule, Verdict, rule};

use crate::budget::Budget;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "unselective_budget",
    summary: "A PodDisruptionBudget without a selector, or with an empty one where there are others in the namespace",
    why: "Without a selector it protects nothing. With an empty one it selects every pod, and the eviction of a pod with two \
          budgets fails",
    fix: "write the labels of the pods in spec.selector.matchLabels",
    levels: [Warn by "unselectiveBudget"],
};

/// Reports that it selects none.
pub(crate) fn check(settings: &Settings, verdict: &mut Verdict) {
    let reason = "is missing, so the budget selects no pods and protects none";
    verdict.report(
        settings.unselective_budget,
        Finding::new(&RULE, &"spec.selector", reason),
    );
}

/// Reports that it selects all, where there are others.
pub(crate) fn check_all(others: &[Budget<'_>], settings: &Settings, verdict: &mut Verdict) {
    let mut others = others.iter().filter(|other| other.selector.is_some());
    let Some(other) = others.next() else {
        return;
    };
    let more = match others.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let reason = format!(
        "selects every pod of the namespace, also those of {other}{more}, so that each eviction of these fails (This pod has \
         more than one PodDisruptionBudget)"
    );
    let finding = Finding::new(&RULE, &"spec.selector", reason);
    let finding = finding
        .known_as("all")
        .fix("write the labels of the pods in spec.selector.matchLabels, or remove the others");
    verdict.report(settings.unselective_budget, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{MemoryCluster, Review};

    use crate::PodDisruption;
    use crate::testing::{budget, lines};

    #[test]
    fn without_a_selector_there_are_no_pods() {
        for spec in [
            json!({"minAvailable": 1}),
            json!({"minAvailable": 1, "selector": null}),
        ] {
            assert_eq!(
                lines(&budget(&spec), &json!({})),
                [
                    "warning: pod-disruption: spec.selector: is missing, so the budget selects no pods and protects none; \
                     fix: write the labels of the pods in spec.selector.matchLabels [unselective_budget]"
                ]
            );
        }
        let all = budget(&json!({"minAvailable": 1, "selector": {}}));
        assert_eq!(lines(&all, &json!({})), [""; 0]);
        let none = budget(&json!({"minAvailable": 1}));
        assert_eq!(lines(&none, &json!({"unselectiveBudget": "off"})), [""; 0]);
    }

    #[test]
    fn an_empty_selector_selects_all() {
        let all = budget(&json!({"maxUnavailable": 1, "selector": {}}));
        let mut other =
            budget(&json!({"maxUnavailable": 1, "selector": {"matchLabels": {"app": "a"}}}));
        other["metadata"]["name"] = json!("other");
        let mut third = other.clone();
        third["metadata"]["name"] = json!("third");
        let mut inert = budget(&json!({"maxUnavailable": 1}));
        inert["metadata"]["name"] = json!("a");
        for (there, named) in [
            (vec![], None),
            (vec![inert.clone()], None),
            (vec![other.clone(), inert], Some("\"other\"")),
            (vec![third, other], Some("\"other\" and 1 more")),
        ] {
            let found = Review::create(&all)
                .in_cluster(MemoryCluster::new(there))
                .lines::<PodDisruption>();
            let expected: Vec<String> = named
                .iter()
                .map(|named| {
                    format!(
                        "warning: pod-disruption: spec.selector: selects every pod of the namespace, also those of \
                         PodDisruptionBudget {named}, so that each eviction of these fails (This pod has more than one \
                         PodDisruptionBudget); fix: write the labels of the pods in spec.selector.matchLabels, or remove \
                         the others [unselective_budget]"
                    )
                })
                .collect();
            assert_eq!(found, expected);
        }
    }
}
