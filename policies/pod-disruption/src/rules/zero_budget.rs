//! A budget of nothing.

use shared::{Finding, Rule, Verdict, rule};

use crate::budget::Budget;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "zero_budget",
    summary: "A PodDisruptionBudget of `maxUnavailable: 0` or `0%`, or of `minAvailable: 100%`",
    why: "No pod may be evicted: a drain of a node waits until a person intervenes. That is documented as a way to say so, \
          therefore only a warning by default",
    fix: "write maxUnavailable: 1",
    levels: [Warn by "zeroBudget"],
};

/// Reports it.
pub(crate) fn check(budget: &Budget<'_>, settings: &Settings, verdict: &mut Verdict) {
    let limit = match (budget.max_unavailable, budget.min_available) {
        (Some(limit), _) => Some(("spec.maxUnavailable", limit)),
        (None, limit) => limit.map(|limit| ("spec.minAvailable", limit)),
    };
    let Some((path, written)) = limit.filter(|_| budget.keeps_all()) else {
        return;
    };
    let reason = format!("{written} allows no eviction, so a drain of a node waits for ever");
    verdict.report(settings.zero_budget, Finding::new(&RULE, &path, reason));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{budget, lines};

    fn with(field: &str, value: &Value) -> Value {
        budget(&json!({"selector": {"matchLabels": {"app": "web"}}, field: value}))
    }

    #[test]
    fn allows_nothing() {
        for (field, value, written) in [
            ("maxUnavailable", json!(0), "0"),
            ("maxUnavailable", json!("0%"), "\"0%\""),
            ("maxUnavailable", json!("00%"), "\"00%\""),
            ("minAvailable", json!("100%"), "\"100%\""),
        ] {
            assert_eq!(
                lines(&with(field, &value), &json!({})),
                [format!(
                    "warning: pod-disruption: spec.{field}: {written} allows no eviction, so a drain of a node waits for \
                     ever; fix: write maxUnavailable: 1 [zero_budget]"
                )]
            );
        }
        for (field, value) in [
            ("maxUnavailable", json!(1)),
            ("maxUnavailable", json!("1%")),
            ("maxUnavailable", json!("100%")),
            ("maxUnavailable", json!("0")),
            ("minAvailable", json!(0)),
            ("minAvailable", json!("0%")),
            ("minAvailable", json!("99%")),
            ("minAvailable", json!("%")),
            ("minAvailable", json!(100)),
        ] {
            assert_eq!(
                lines(&with(field, &value), &json!({})),
                [""; 0],
                "{field} {value}"
            );
        }
    }
}
