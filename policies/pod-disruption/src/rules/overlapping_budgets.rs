//! Two budgets for one pod.

use shared::{Finding, Rule, Verdict, quote, rule};

use crate::budget::Budget;
use crate::namespace::Workload;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "overlapping_budgets",
    summary: "Two PodDisruptionBudgets that select the same pods",
    why: "Each eviction of such a pod fails, whatever the budgets allow. Helm makes a budget of a new name before it removes \
          the old one, therefore only a warning by default",
    fix: "narrow one of the selectors, or remove one of the budgets",
    levels: [Warn by "overlappingBudgets"],
};

/// What the Eviction API says: `EvictionREST.Create` in `pkg/registry/core/pod/storage/eviction.go`.
const FAILS: &str = "each eviction fails (This pod has more than one PodDisruptionBudget)";

/// Reports each other budget that selects some of the same pods.
pub(crate) fn check_budget(
    own: &Budget<'_>,
    others: &[Budget<'_>],
    workloads: &[Workload<'_>],
    settings: &Settings,
    verdict: &mut Verdict,
) {
    for other in others {
        let shared = workloads
            .iter()
            .find(|workload| own.selects(&workload.labels) && other.selects(&workload.labels));
        let what = match shared {
            Some(workload) => format!("selects the pods of {workload}, as {other} does"),
            None if other.selects_all() => {
                format!("selects pods that {other} selects, which selects all")
            }
            None if select_alike(own, other) => format!("selects pods that {other} selects"),
            None => continue,
        };
        let finding = Finding::new(&RULE, &"spec.selector", format!("{what}, so {FAILS}"));
        verdict.report(settings.overlapping_budgets, finding.known_as(other.name));
    }
}

/// Whether the pods that one of two budgets selects by labels alone are pods of the other as well, whatever makes them. Both
/// have to name one label at least, so that they are about the same pods.
fn select_alike(one: &Budget<'_>, other: &Budget<'_>) -> bool {
    let (Some(first), Some(second)) = (&one.selector, &other.selector) else {
        return false;
    };
    let (first, second) = (first.match_labels(), second.match_labels());
    let mut pairs = first.pairs().iter();
    let have_one_in_common = pairs.any(|(key, value)| second.get(key) == Some(value));
    let both_select = |labels| one.selects(labels) && other.selects(labels);
    have_one_in_common && (both_select(first) || both_select(second))
}

/// Reports that several budgets select the pods of the workload that is written.
pub(crate) fn check_workload(
    selecting: &[&Budget<'_>],
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let [one, other, more @ ..] = selecting else {
        return;
    };
    let more = match more.len() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let reason = format!(
        "are selected by PodDisruptionBudgets {} and {}{more}, so {FAILS}",
        quote(one.name),
        quote(other.name)
    );
    let finding = Finding::new(&RULE, &"spec.template.metadata.labels", reason);
    verdict.report(settings.overlapping_budgets, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::PodDisruption;
    use crate::testing::{budget, labelled};

    fn lines(object: &Value, there: &[Value]) -> Vec<String> {
        Review::create(object)
            .in_cluster(MemoryCluster::new(there.to_vec()))
            .lines::<PodDisruption>()
    }

    fn named(name: &str, selector: &Value) -> Value {
        let mut object = budget(&json!({"maxUnavailable": 1, "selector": selector}));
        object["metadata"]["name"] = json!(name);
        object
    }

    fn by_labels(name: &str, labels: &Value) -> Value {
        named(name, &json!({ "matchLabels": labels }))
    }

    const FAILS: &str = "so each eviction fails (This pod has more than one PodDisruptionBudget); fix: narrow one of the \
                         selectors, or remove one of the budgets [overlapping_budgets]";

    #[test]
    fn one_selector_may_be_a_part_of_the_other() {
        let expression = |operator: &str| json!({"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "tier", "operator": operator}]});
        let own = by_labels("own", &json!({"app": "a"}));
        for (other, overlaps) in [
            (by_labels("other", &json!({"app": "a"})), true),
            (
                by_labels("other", &json!({"app": "a", "tier": "web"})),
                true,
            ),
            (by_labels("other", &json!({"app": "b"})), false),
            (by_labels("other", &json!({"tier": "web"})), false),
            (named("other", &expression("DoesNotExist")), true),
            (
                named(
                    "other",
                    &json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}),
                ),
                false,
            ),
        ] {
            let line = format!(
                "warning: pod-disruption: spec.selector: selects pods that PodDisruptionBudget \"other\" selects, {FAILS}"
            );
            let expected = if overlaps { vec![line] } else { vec![] };
            assert_eq!(
                lines(&own, std::slice::from_ref(&other)),
                expected,
                "{other}"
            );
        }
        let mut elsewhere = by_labels("other", &json!({"app": "a"}));
        elsewhere["metadata"]["namespace"] = json!("other");
        assert_eq!(lines(&own, &[elsewhere, own.clone()]), [""; 0]);
    }

    #[test]
    fn two_selectors_may_meet_in_a_workload() {
        let (app, tier) = (
            by_labels("app", &json!({"app": "a"})),
            by_labels("tier", &json!({"tier": "web"})),
        );
        let both = labelled("web", &json!({"app": "a", "tier": "web"}), 2);
        let one = labelled("web", &json!({"app": "a"}), 2);
        assert_eq!(
            lines(&app, &[tier.clone(), both.clone()]),
            [format!(
                "warning: pod-disruption: spec.selector: selects the pods of Deployment \"web\", as PodDisruptionBudget \
                 \"tier\" does, {FAILS}"
            )]
        );
        assert_eq!(
            lines(&both, &[tier.clone(), app.clone()]),
            [format!(
                "warning: pod-disruption: spec.template.metadata.labels: are selected by PodDisruptionBudgets \"app\" and \"tier\", \
                 {FAILS}"
            )]
        );
        assert_eq!(lines(&app, &[tier.clone(), one.clone()]), [""; 0]);
        assert_eq!(lines(&one, &[tier, app]), [""; 0]);
    }

    #[test]
    fn a_budget_of_all_pods_overlaps_with_each() {
        let all = named("all", &json!({}));
        assert_eq!(
            lines(&by_labels("own", &json!({"app": "a"})), &[all]),
            [format!(
                "warning: pod-disruption: spec.selector: selects pods that PodDisruptionBudget \"all\" selects, which \
                 selects all, {FAILS}"
            )]
        );
    }
}
