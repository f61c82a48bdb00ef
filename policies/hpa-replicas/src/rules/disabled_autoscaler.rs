//! A number that switches an autoscaler off.

use shared::kubernetes::autoscaling::Scaler;
use shared::{Finding, Rule, Verdict, rule};

use super::Wish;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "disabled_autoscaler",
    summary: "`spec.replicas: 0` of what an autoscaler scales, unless its minReplicas is 0 or KEDA made it",
    why: "The autoscaler reports ScalingDisabled, and does nothing until another number is written",
    fix: "write a number once, then leave spec.replicas out",
    levels: [Warn by "zeroReplicas"],
};

/// Reports it, and returns whether it is so.
///
/// Source: `reconcileAutoscaler` in `pkg/controller/podautoscaler/horizontal.go`.
pub(crate) fn check(
    wish: &Wish<'_>,
    scaler: &Scaler<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) -> bool {
    let changed = wish.change.map(|change| change.to);
    let sent = wish.sent.map(|sent| sent.replicas);
    let min = scaler.range.min;
    if changed.or(sent) != Some(0) || min == 0 || scaler.is_of_keda() {
        return false;
    }
    let reason = match wish.target {
        Some(target) => {
            format!("spec.replicas of {target} is set to 0, which switches the autoscaler off")
        }
        None => format!("0 switches {scaler} off"),
    };
    let finding = Finding::new(&RULE, &wish.path(), reason)
        .consequence(" (ScalingDisabled): it does nothing until another number is written")
        .fix(format!(
            "write {min} once, then leave spec.replicas out; where nothing is to run, remove the autoscaler as well"
        ));
    verdict.report(settings.zero_replicas, finding);
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{Review, places};

    use crate::testing::{deployment, hpa, lines, managed, of_keda, stored};

    #[test]
    fn is_told_on_both_sides() {
        let rest = "(ScalingDisabled): it does nothing until another number is written; fix: write 4 once, then leave \
                    spec.replicas out; where nothing is to run, remove the autoscaler as well [disabled_autoscaler]";
        for review in [
            Review::create(&deployment(&json!(0))),
            Review::create(&managed("Update", 0)),
            Review::update(&managed("Update", 7), &managed("Update", 0)),
        ] {
            assert_eq!(
                lines(&review, &[hpa(4, 10)]),
                [format!(
                    "warning: hpa-replicas: spec.replicas: 0 switches HorizontalPodAutoscaler \"web\" off {rest}"
                )]
            );
        }
        assert_eq!(
            lines(&Review::create(&hpa(4, 10)), &[stored(7, Some(0))]),
            [format!(
                "warning: hpa-replicas: spec.scaleTargetRef: spec.replicas of Deployment \"web\" is set to 0, which switches \
                 the autoscaler off {rest}"
            )]
        );
    }

    #[test]
    fn counts_only_where_nothing_scales_up_from_there() {
        let fixed = ["warning: spec.replicas [fixed_replicas]"];
        for scaler in [hpa(0, 10), of_keda(hpa(1, 10))] {
            let found = lines(&Review::create(&deployment(&json!(0))), &[scaler]);
            assert_eq!(places(&found), fixed);
        }
        // What is 0 already was switched off by another request.
        let zero = managed("Update", 0);
        assert_eq!(lines(&Review::update(&zero, &zero), &[hpa(4, 10)]), [""; 0]);
    }
}
