//! Two active `VerticalPodAutoscaler`s of one target.

use shared::kubernetes::autoscaling::VerticalPodAutoscaler;
use shared::{Finding, Level, Rule, Verdict, rule};

use crate::advice::GOLDILOCKS_OFF;

pub(crate) static RULE: Rule = rule! {
    id: "duplicate_vertical",
    summary: "A second active VerticalPodAutoscaler of a target",
    why: "Documented as undefined. The oldest one is applied and the others are silently ignored, so the limits of \
          one do not hold",
    fix: "keep one of the two, with the policies of both",
    levels: [Warn by "duplicateVertical"],
};

/// Reports it.
pub(crate) fn check(
    own: &VerticalPodAutoscaler<'_>,
    other: &VerticalPodAutoscaler<'_>,
    level: Level,
    verdict: &mut Verdict,
) {
    let target = &own.target;
    let reason = format!("shares {target} with {other}");
    let finding = Finding::new(&RULE, &"spec.targetRef", reason);
    let mut finding = finding.consequence(", so only the older one works");
    if own.is_of_goldilocks || other.is_of_goldilocks {
        finding = finding.fix(GOLDILOCKS_OFF);
    }
    verdict.report(level, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::places;

    use crate::testing::{lines, vpa};

    fn named(name: &str, mode: &str) -> Value {
        let mut object = vpa(&json!(mode), &json!(null));
        object["metadata"]["name"] = json!(name);
        object
    }

    #[test]
    fn warns_by_default_and_refuses_where_that_is_wanted() {
        let (one, other) = (named("web", "Auto"), named("other", ""));
        let say = |level: &str| lines(&one, &[&other], &json!({"duplicateVertical": level}));
        let line = "spec.targetRef: shares Deployment \"web\" with VerticalPodAutoscaler \"other\", so only the older one \
                    works; fix: keep one of the two, with the policies of both [duplicate_vertical]";
        assert_eq!(say("deny"), [line]);
        assert_eq!(say("warn"), [format!("warning: hpa-vpa-overlap: {line}")]);
        assert_eq!(lines(&one, &[&other], &json!({})), say("warn"));
        assert_eq!(say("off"), [""; 0]);
    }

    #[test]
    fn only_active_ones_of_the_same_target_count() {
        let with = |field: &str, value: Value| {
            let mut object = named("b", "Auto");
            object["spec"]["targetRef"][field] = value;
            object
        };
        let mut silent = named("b", "Auto");
        silent["spec"]["resourcePolicy"]["containerPolicies"] =
            json!([{"containerName": "*", "mode": "Off"}]);
        let auto = || named("web", "Auto");
        for (own, there, found) in [
            (auto(), named("b", "Initial"), true),
            (auto(), with("apiVersion", json!(null)), true),
            (
                auto(),
                with("apiVersion", json!("extensions/v1beta1")),
                true,
            ),
            (auto(), with("kind", json!("StatefulSet")), false),
            (auto(), with("name", json!("api")), false),
            (auto(), named("b", "Off"), false),
            (auto(), silent, false),
            (named("web", "Off"), named("b", "Auto"), false),
            (auto(), named("web", "Auto"), false),
        ] {
            let place = "warning: spec.targetRef [duplicate_vertical]".to_owned();
            let expected: Vec<_> = found.then_some(place).into_iter().collect();
            let found = lines(&own, &[&there], &json!({}));
            assert_eq!(places(&found), expected, "{there}");
        }
    }
}
