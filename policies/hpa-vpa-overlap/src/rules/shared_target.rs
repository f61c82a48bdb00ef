//! One target of a `HorizontalPodAutoscaler` and of an active `VerticalPodAutoscaler`.

use shared::{Finding, Level, Rule, Verdict, rule};

use crate::pair::Pair;
use crate::settings::{Scope, Settings};

pub(crate) static RULE: Rule = rule! {
    id: "shared_target",
    summary: "A HorizontalPodAutoscaler and an active VerticalPodAutoscaler of one target, which share no resource or, \
              with `scope: target`, whatever they share",
    why: "Each works, until one of the two is given the resource of the other. The documentation of the \
          VerticalPodAutoscaler recommends such a pair, therefore off by default",
    fix: "keep their resources apart, or set updateMode to \"Off\"",
    levels: [Off by "sharedTarget"],
};

/// Reports it.
pub(crate) fn check(pair: &Pair<'_>, settings: &Settings, verdict: &mut Verdict) {
    let (level, consequence) = match (settings.scope, settings.shared_target) {
        (Scope::Target, _) => (Level::Deny, ", which the policy forbids (scope: target)"),
        (Scope::Resource, Level::Deny) => (
            Level::Deny,
            ", which the policy forbids (sharedTarget: deny)",
        ),
        (Scope::Resource, level) => (level, ", which works as long as they share no resource"),
    };
    let (target, other) = (&pair.horizontal.target, pair.other());
    let reason = format!("shares {target} with {other}");
    let mut finding = Finding::new(&RULE, &pair.target_field(), reason)
        .consequence(consequence)
        .consequence(&pair.owner_note());
    if level == Level::Deny {
        finding = finding.fix(format!("{}{}", pair.removal(", or "), pair.switch_off("")));
    }
    verdict.report(level, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{
        both, container_utilization, deployment, hpa, owned, utilization, value, vpa,
    };

    const HPA: &str =
        "spec.scaleTargetRef: shares Deployment \"web\" with VerticalPodAutoscaler \"web\", which";
    const VPA: &str =
        "spec.targetRef: shares Deployment \"web\" with HorizontalPodAutoscaler \"web\", which";
    const HPA_FIX: &str =
        "fix: remove one of the two, or set its updateMode to \"Off\" [shared_target]";
    const VPA_FIX: &str =
        "fix: remove one of the two, or set updateMode to \"Off\" [shared_target]";

    fn memory_only() -> Value {
        vpa(
            &json!(null),
            &json!([{"containerName": "*", "controlledResources": ["memory"]}]),
        )
    }

    #[test]
    fn a_pair_without_a_common_resource_is_told_and_passes() {
        let horizontal = hpa(&json!([utilization("cpu")]));
        let (vertical, there) = (memory_only(), deployment(&["app"]));
        let say = |level: &str| {
            both(
                &horizontal,
                &vertical,
                &there,
                &json!({"sharedTarget": level}),
            )
        };
        let warned = |start: &str| {
            [format!(
                "warning: hpa-vpa-overlap: {start} works as long as they share no resource; fix: keep their \
                 resources apart, or set updateMode to \"Off\" [shared_target]"
            )]
        };
        assert_eq!(say("warn"), [warned(HPA), warned(VPA)]);
        let denied = |start: &str, fix: &str| {
            [format!(
                "{start} the policy forbids (sharedTarget: deny); {fix}"
            )]
        };
        assert_eq!(say("deny"), [denied(HPA, HPA_FIX), denied(VPA, VPA_FIX)]);
        let by_default = both(&horizontal, &vertical, &there, &json!({}));
        assert_eq!(by_default, say("off"));
        assert_eq!(say("off"), [[""; 0]; 2]);
    }

    #[test]
    fn a_target_is_refused_whatever_is_shared_where_that_is_wanted() {
        let off = |name: &str| json!([{"containerName": name, "mode": "Off"}]);
        let external = || json!([{"type": "External"}]);
        let boosted = {
            let mut object = vpa(&json!("Off"), &json!(null));
            object["spec"]["startupBoost"] = json!({"cpu": {"type": "Factor", "factor": 2}});
            object
        };
        for (metrics, vertical, refused) in [
            (json!([utilization("cpu")]), memory_only(), true),
            (
                json!([utilization("cpu")]),
                vpa(&json!(null), &json!(null)),
                true,
            ),
            (json!([value("cpu")]), vpa(&json!(null), &json!(null)), true),
            (external(), memory_only(), true),
            (
                json!([container_utilization("cpu", "app")]),
                vpa(&json!(null), &off("app")),
                false,
            ),
            (external(), vpa(&json!("Off"), &json!(null)), false),
            (external(), vpa(&json!(null), &off("*")), false),
            (external(), vpa(&json!(null), &off("gone")), true),
            (external(), boosted, false),
        ] {
            let settings = json!({"scope": "target", "sharedTarget": "off"});
            let found = both(&hpa(&metrics), &vertical, &deployment(&["app"]), &settings);
            let denied = |start: &str, fix: &str| {
                vec![format!("{start} the policy forbids (scope: target); {fix}")]
            };
            let expected = if refused {
                [denied(HPA, HPA_FIX), denied(VPA, VPA_FIX)]
            } else {
                [vec![], vec![]]
            };
            assert_eq!(found, expected, "{metrics} {vertical}");
        }
    }

    #[test]
    fn names_who_made_the_autoscaler() {
        let horizontal = owned(hpa(&json!([])), "ScaledObject", "web");
        let settings = json!({"scope": "target"});
        let [lines, _] = both(&horizontal, &memory_only(), &json!({}), &settings);
        let line = format!(
            "{HPA} the policy forbids (scope: target), and ScaledObject \"web\" owns this autoscaler; fix: remove \
             ScaledObject \"web\" or the VerticalPodAutoscaler, or set its updateMode to \"Off\" [shared_target]"
        );
        assert_eq!(lines, [line]);
        let mut vertical = memory_only();
        vertical["metadata"]["labels"] = json!({"source": "goldilocks"});
        let off = "set the label or annotation goldilocks.fairwinds.com/vpa-update-mode of the Namespace, or of the \
                   target where that has one, to \"off\" [shared_target]";
        for (horizontal, removed) in [
            (&horizontal, "ScaledObject \"web\""),
            (&hpa(&json!([])), "the HorizontalPodAutoscaler"),
        ] {
            let [_, lines] = both(horizontal, &vertical, &json!({}), &settings);
            let end = format!(
                "(scope: target), and Goldilocks owns this autoscaler; fix: remove {removed}, or {off}"
            );
            assert!(lines[0].ends_with(&end), "{}", lines[0]);
        }
    }
}
