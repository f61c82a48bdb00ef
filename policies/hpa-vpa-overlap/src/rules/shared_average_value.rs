//! An amount of a resource whose request a `VerticalPodAutoscaler` changes.

use shared::{Rule, Verdict, rule};

use crate::pair::Clash;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "shared_average_value",
    summary: "A HorizontalPodAutoscaler that measures an amount (`averageValue`) of a resource whose requests a \
              VerticalPodAutoscaler changes in the same container",
    why: "Requests are no part of an averageValue, and some run the two together on purpose. Still both react to the \
          same load, and the documentation of the VerticalPodAutoscaler rules it out",
    fix: "give each of the two a resource of its own",
    levels: [Warn by "averageValue"],
};

/// Reports it.
pub(crate) fn check(clash: &Clash<'_>, settings: &Settings, verdict: &mut Verdict) {
    let pair = clash.pair;
    let words = || {
        let (resource, place, other) = (&clash.metric.resource, clash.place(), pair.other());
        let what = format!("reacts to {resource} usage of {place}, as does {other}");
        (what, String::new())
    };
    clash.report((&RULE, settings.average_value), &words, settings, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{both, deployment, hpa, lines, owned, value, vpa};

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
        let what = "reacts to memory usage of container \"app\" of Deployment \"web\", as does";
        let start = format!(
            "spec.metrics[0].resource.target.averageValue: {what} VerticalPodAutoscaler \"web\""
        );
        let other = format!("spec.updatePolicy.updateMode: {what} HorizontalPodAutoscaler \"web\"");
        let fix = |its: &str, author: &str| {
            format!(
                "; fix: add {{containerName: \"*\", controlledResources: [\"cpu\"]}} to \
                 {its}spec.resourcePolicy.containerPolicies, or set {its}updateMode to \"Off\", or \
                 {author}measure something other than cpu and memory [shared_average_value]"
            )
        };
        assert_eq!(
            say("deny"),
            [
                [format!("{start}{}", fix("its ", ""))],
                [format!(
                    "{other}{}",
                    fix("", "have the HorizontalPodAutoscaler ")
                )],
            ]
        );
        assert_eq!(
            say("warn"),
            say("deny").map(|lines| {
                let warning = |line: String| format!("warning: hpa-vpa-overlap: {line}");
                lines.into_iter().map(warning).collect::<Vec<_>>()
            })
        );
        assert_eq!(say("off"), [[""; 0]; 2]);
    }

    #[test]
    fn names_who_made_the_autoscaler() {
        let horizontal = owned(hpa(&json!([value("cpu")])), "ScaledObject", "web");
        let vertical = vpa(&json!(null), &json!(null));
        assert_eq!(
            lines(&horizontal, &[&vertical], &json!({"averageValue": "deny"})),
            [
                "spec.metrics[0].resource.target.averageValue: reacts to cpu usage of containers of Deployment \"web\", \
                 as does VerticalPodAutoscaler \"web\"; fix: add {containerName: \"*\", controlledResources: \
                 [\"memory\"]} to its spec.resourcePolicy.containerPolicies, or set its updateMode to \"Off\", or have \
                 ScaledObject \"web\" measure something other than cpu and memory [shared_average_value]"
            ]
        );
    }
}
