//! Utilization of cpu requests that a `VerticalPodAutoscaler` raises while containers start.

use shared::{Finding, Rule, Verdict, list_of, rule};

use crate::kind::Kind;
use crate::pair::Clash;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "startup_boost",
    summary: "A HorizontalPodAutoscaler that measures utilization of cpu requests that a VerticalPodAutoscaler raises \
              while containers start, also when its mode is Off",
    why: "Utilization is small as long as the request is large, so new pods look idle when they are needed most",
    fix: "remove startupBoost, or measure something other than cpu",
    levels: [Warn by "startupBoost"],
};

/// Reports all containers that are measured and raised, at the first of them.
pub(crate) fn check(boosted: &[Clash<'_>], settings: &Settings, verdict: &mut Verdict) {
    let Some(clash) = boosted.first() else {
        return;
    };
    let pair = clash.pair;
    let other = pair.other();
    let reason = match pair.written {
        Kind::Horizontal => format!("is low while containers start: {other} raises their requests"),
        Kind::Vertical => {
            format!("lowers the cpu utilization of {other} while containers start")
        }
    };
    let path = if pair.vertical.startup_boost && pair.written == Kind::Vertical {
        "spec.startupBoost".to_owned()
    } else {
        clash.path("startupBoost", "spec.startupBoost")
    };
    let names = || boosted.iter().map(|clash| clash.container);
    let which = if boosted.len() > 1 {
        let names = list_of(&mut names().filter(|name| !name.is_empty()));
        format!(" (containers {names})")
    } else {
        String::new()
    };
    // Of another target it is new, and of another container.
    let mut concerned = vec![pair.horizontal.target.to_string()];
    concerned.extend(names().map(str::to_owned));
    let finding = Finding::new(&RULE, &path, reason)
        .consequence(&which)
        .consequence(&pair.owner_note())
        .concerning(concerned);
    // Both are changed by who owns them.
    let remove = match &pair.vertical.meta.owner {
        Some(owner) => format!("have {owner} remove startupBoost"),
        None => "remove startupBoost".to_owned(),
    };
    let measure = pair.measure_instead(clash.metric, clash.container);
    verdict.report(
        settings.startup_boost,
        finding.fix(format!("{remove}, or {measure}")),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{both, container_utilization, deployment, hpa, utilization, value, vpa};

    const HPA: &str = "spec.metrics[0].resource.target.averageUtilization: is low while containers start: \
                       VerticalPodAutoscaler \"web\" raises their requests";
    const VPA: &str =
        "lowers the cpu utilization of HorizontalPodAutoscaler \"web\" while containers start";
    const HPA_FIX: &str = "remove startupBoost, or measure something other than cpu";
    const VPA_FIX: &str =
        "remove startupBoost, or have the HorizontalPodAutoscaler measure something other than cpu";

    fn boost() -> Value {
        json!({"cpu": {"type": "Factor", "factor": 2}})
    }

    fn boosted(mode: &Value, policies: &Value) -> Value {
        let mut object = vpa(mode, policies);
        object["spec"]["startupBoost"] = boost();
        object
    }

    #[test]
    fn says_so_on_both_sides_at_every_level() {
        let horizontal = hpa(&json!([utilization("cpu")]));
        let there = deployment(&["app"]);
        let one = json!([{"containerName": "app", "startupBoost": boost()}]);
        let place = "spec.resourcePolicy.containerPolicies[0].startupBoost";
        for (vertical, path) in [
            (boosted(&json!("Off"), &json!(null)), "spec.startupBoost"),
            (vpa(&json!("Off"), &one), place),
        ] {
            let say = |level: &str| {
                both(
                    &horizontal,
                    &vertical,
                    &there,
                    &json!({"startupBoost": level}),
                )
            };
            let all = |start: &str| {
                let horizontal_line = format!("{start}{HPA}; fix: {HPA_FIX} [startup_boost]");
                let vertical_line = format!("{start}{path}: {VPA}; fix: {VPA_FIX} [startup_boost]");
                [[horizontal_line], [vertical_line]]
            };
            assert_eq!(say("warn"), all("warning: hpa-vpa-overlap: "));
            assert_eq!(say("deny"), all(""));
            assert_eq!(say("off"), [[""; 0]; 2]);
        }
    }

    #[test]
    fn matters_only_for_utilization_of_cpu_that_is_left_alone_otherwise() {
        let cpu = || json!([utilization("cpu")]);
        let off = json!("Off");
        let memory = json!([{"containerName": "*", "controlledResources": ["memory"]}]);
        for (metrics, vertical, found) in [
            (cpu(), boosted(&off, &json!(null)), 1),
            (
                cpu(),
                boosted(&off, &json!([{"containerName": "app", "mode": "Off"}])),
                0,
            ),
            (
                json!([utilization("memory")]),
                boosted(&off, &json!(null)),
                0,
            ),
            (json!([value("cpu")]), boosted(&off, &json!(null)), 0),
            (
                json!([{"type": "External"}]),
                boosted(&off, &json!(null)),
                0,
            ),
            (
                json!([container_utilization("cpu", "app")]),
                boosted(&off, &json!(null)),
                1,
            ),
            (cpu(), vpa(&off, &json!(null)), 0),
            (cpu(), boosted(&json!(null), &memory), 1),
            // That is more than a boost.
            (cpu(), boosted(&json!(null), &json!(null)), 0),
        ] {
            let there = deployment(&["app"]);
            let settings = json!({"sharedTarget": "off"});
            let sides = both(&hpa(&metrics), &vertical, &there, &settings).map(|lines| {
                lines
                    .iter()
                    .filter(|line| line.ends_with("[startup_boost]"))
                    .count()
            });
            assert_eq!(sides, [found; 2], "{metrics} {vertical}");
        }
    }
}
