//! Two `HorizontalPodAutoscaler`s of one target.

use shared::kubernetes::autoscaling::HorizontalPodAutoscaler;
use shared::{Finding, Level, Rule, Verdict, rule};

use crate::advice::owner_note;

pub(crate) static RULE: Rule = rule! {
    id: "duplicate_horizontal",
    summary: "A second HorizontalPodAutoscaler of a target",
    why: "The controller does not choose: it reports AmbiguousSelector for both, and neither scales any more",
    fix: "keep one of the two, with the metrics of both; to rename it, delete the old one first",
    levels: [Deny by "duplicateHorizontal", Warn by "writtenFirst" for "the one whose name comes first"],
};

/// Reports it.
pub(crate) fn check(
    own: &HorizontalPodAutoscaler<'_>,
    other: &HorizontalPodAutoscaler<'_>,
    level: Level,
    verdict: &mut Verdict,
) {
    let target = &own.target;
    let reason = format!("shares {target} with {other}");
    let finding = Finding::new(&RULE, &"spec.scaleTargetRef", reason);
    let consequence = ", so neither scales (AmbiguousSelector)";
    let owner = owner_note(own.meta.owner.as_ref());
    let mut finding = finding.consequence(consequence).consequence(&owner);
    // What an owner made comes back when it is removed.
    if own.meta.owner.is_some() || other.meta.owner.is_some() {
        let (one, two) = (maker(own), maker(other));
        let fix = format!("remove {one} or {two}, and give what stays the metrics of both");
        finding = finding.fix(fix);
    }
    verdict.report(level, finding);
}

/// What to remove, so that an autoscaler is there no more.
fn maker(autoscaler: &HorizontalPodAutoscaler<'_>) -> String {
    match &autoscaler.meta.owner {
        Some(owner) => owner.to_string(),
        None => autoscaler.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::places;

    use crate::testing::{hpa, lines, owned};

    fn named(name: &str) -> Value {
        let mut object = hpa(&json!([{"type": "External"}]));
        object["metadata"]["name"] = json!(name);
        object
    }

    #[test]
    fn refuses_by_default_and_names_each_of_the_others_in_order() {
        let keda = owned(named("keda-hpa-web"), "ScaledObject", "web");
        let start = "spec.scaleTargetRef: shares Deployment \"web\" with HorizontalPodAutoscaler";
        let consequence = ", so neither scales (AmbiguousSelector)";
        let fix = "fix: keep one of the two, with the metrics of both; to rename it, delete the old one first \
                   [duplicate_horizontal]";
        let of_keda = "fix: remove HorizontalPodAutoscaler \"web\" or ScaledObject \"web\", and give what stays the \
                       metrics of both [duplicate_horizontal]";
        let (a, web) = (named("a"), named("web"));
        let say = |level: &str| lines(&web, &[&keda, &a], &json!({"duplicateHorizontal": level}));
        assert_eq!(
            say("deny"),
            [
                format!("{start} \"a\"{consequence}; {fix}"),
                format!("{start} \"keda-hpa-web\" of ScaledObject \"web\"{consequence}; {of_keda}"),
            ]
        );
        assert_eq!(lines(&web, &[&keda, &a], &json!({})), say("deny"));
        assert_eq!(say("off"), [""; 0]);
        assert_eq!(
            say("warn"),
            [
                format!("warning: hpa-vpa-overlap: {start} \"a\"{consequence}; {fix}"),
                format!(
                    "warning: hpa-vpa-overlap: {start} \"keda-hpa-web\" of ScaledObject \"web\"{consequence}; {of_keda}"
                ),
            ]
        );
        assert_eq!(
            lines(&keda, &[&web], &json!({})),
            [format!(
                "{start} \"web\"{consequence}, and ScaledObject \"web\" owns this autoscaler; fix: remove ScaledObject \
                 \"web\" or HorizontalPodAutoscaler \"web\", and give what stays the metrics of both \
                 [duplicate_horizontal]"
            )]
        );
    }

    #[test]
    fn an_object_is_no_double_of_itself_and_others_must_share_the_target() {
        let with = |pointer: &str, value: Value| {
            let mut object = named("b");
            object["spec"]["scaleTargetRef"][pointer] = value;
            object
        };
        let mut elsewhere = named("b");
        elsewhere["metadata"]["namespace"] = json!("other");
        let mut going = named("b");
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let mut same = named("b");
        same["metadata"]["uid"] = json!("7");
        let mut own = named("web");
        own["metadata"]["uid"] = json!("7");
        for (there, found) in [
            (named("b"), true),
            (with("apiVersion", json!("apps/v1beta1")), true),
            (with("apiVersion", json!("")), false),
            (with("kind", json!("StatefulSet")), false),
            (with("name", json!("api")), false),
            (elsewhere, false),
            (going, false),
            (same, false),
            (own.clone(), false),
        ] {
            let place = "spec.scaleTargetRef [duplicate_horizontal]".to_owned();
            let expected: Vec<_> = found.then_some(place).into_iter().collect();
            let found = lines(&own, &[&there], &json!({}));
            assert_eq!(places(&found), expected, "{there}");
        }
    }
}
