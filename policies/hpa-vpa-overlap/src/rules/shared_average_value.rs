//! An amount of a resource whose request a `VerticalPodAutoscaler` changes.

use shared::{Rule, Verdict, rule};

use crate::pair::Clash;
use crate::settings::Settings;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "shared_average_value",
    summary: "A HorizontalPodAutoscaler that measures an amount (`averageValue`) of a resource whose requests a VerticalPodAutoscaler changes in the same container",
    why: "Requests are no part of an averageValue, so the two do not divide by each other, and some run them together \
          on purpose. Still both answer the same load, and the documentation of the VerticalPodAutoscaler rules it out",
    fix: "give each of the two a resource of its own",
    levels: [Warn by "averageValue"],
};

/// Reports it.
pub(crate) fn check(clash: &Clash<'_>, settings: &Settings, verdict: &mut Verdict) {
    let level = settings.average_value;
    let why = format!(": both answer load{}", clash.pair.made_by());
    clash.report((&RULE, level), "may fight", &why, settings, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{both, deployment, hpa, owned, utilization, value, vpa};

    #[test]
    fn warns_by_default_and_refuses_where_that_is_wanted() {
        let horizontal = hpa(&json!([value("memory")]));
        let vertical = vpa(&json!(null), &json!(null));
        let there = deployment(&["app"]);
        let say = |level: &str| {
            both(
                &horizontal,
                &vertical,
                &there,
                &json!({"averageValue": level}),
            )
        };
        let start = "spec.metrics[0].resource.target.averageValue: may fight VerticalPodAutoscaler \"web\" over memory \
                     of container \"app\" of Deployment \"web\": both answer load";
        let other = "spec.updatePolicy.updateMode: may fight HorizontalPodAutoscaler \"web\" over memory of container \
                     \"app\" of Deployment \"web\": both answer load";
        let fix = |its: &str, whoever: &str| {
            format!(
                "; fix: write {{containerName: \"*\", controlledResources: [\"cpu\"]}} in \
                 {its}resourcePolicy.containerPolicies, or {its}updateMode: \"Off\", or {whoever}measure something \
                 else than memory [shared_average_value]"
            )
        };
        assert_eq!(
            say("deny"),
            [
                [format!("{start}{}", fix("its ", ""))],
                [format!("{other}{}", fix("", "have the autoscaler "))],
            ]
        );
        assert_eq!(
            say("warn"),
            [start, other].map(|line| {
                [format!(
                    "warning: hpa-vpa-overlap: {line} [shared_average_value]"
                )]
            })
        );
        assert_eq!(say("off"), [[""; 0]; 2]);
    }

    #[test]
    fn of_two_metrics_of_a_resource_utilization_counts() {
        let horizontal = hpa(&json!([value("cpu"), utilization("cpu")]));
        let vertical = vpa(&json!(null), &json!(null));
        let [lines, _] = both(&horizontal, &vertical, &json!({}), &json!({}));
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].starts_with("spec.metrics[1].resource.target.averageUtilization: fights ")
        );
    }

    #[test]
    fn names_whoever_made_the_autoscaler() {
        let horizontal = owned(hpa(&json!([value("cpu")])), "ScaledObject", "web");
        let vertical = vpa(&json!(null), &json!(null));
        let [lines, _] = both(
            &horizontal,
            &vertical,
            &json!({}),
            &json!({"averageValue": "deny"}),
        );
        let end = "both answer load (this is made by ScaledObject \"web\"); fix: write ";
        assert!(lines[0].contains(end), "{lines:?}");
    }
}
