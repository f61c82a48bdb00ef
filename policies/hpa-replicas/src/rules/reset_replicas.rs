//! A write that sets the number of an autoscaler back.

use shared::kubernetes::autoscaling::Scaler;
use shared::{Finding, Rule, Verdict, rule};

use super::Wish;
use crate::advice;
use crate::sent::Change;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "reset_replicas",
    summary: "An UPDATE of `spec.replicas` from a number that an autoscaler may have chosen. Scaling itself is another \
              request, to `/scale`, and is left alone",
    why: "The pods that the autoscaler made are taken away, or others are added, until it scales again",
    fix: "leave spec.replicas out",
    levels: [Warn by "resets"],
};

/// Reports it.
pub(crate) fn check(
    change: Change,
    wish: &Wish<'_>,
    scaler: &Scaler<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let (from, to, range) = (change.from, change.to, scaler.range);
    let effect = advice::effect(to, range);
    let removed = if change.is_removal {
        ", the default, because the field was left out,"
    } else {
        ""
    };
    let reason = format!(
        "changes from {from} to {to}{removed} beside {scaler}, which wants {range}, so this write {effect}"
    );
    let fix = if change.is_removal {
        format!(
            "take spec.replicas out of the last-applied configuration first (kubectl apply edit-last-applied); where it is \
             too late, kubectl scale --replicas={from} brings the pods back at once"
        )
    } else {
        advice::leaving_out(wish)
    };
    verdict.report(
        settings.resets,
        Finding::new(&RULE, &wish.path(), reason).fix(fix),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{MemoryCluster, Review, places};

    use crate::HpaReplicas;
    use crate::testing::{applied, hpa, lines, managed};

    #[test]
    fn says_what_the_update_does() {
        let last_applied = "first take spec.replicas out of the last-applied configuration (kubectl apply \
                            edit-last-applied), then out of the manifest, or the pods go down to 1";
        for (old, new, what, fix) in [
            (
                applied(7, Some(3)),
                applied(3, Some(3)),
                "changes from 7 to 3 beside HorizontalPodAutoscaler \"web\", which wants between 4 and 10 pods, so this \
                 write takes all but 3 pods away until the autoscaler brings them back",
                last_applied,
            ),
            (
                managed("Update", 7),
                managed("Update", 12),
                "changes from 7 to 12 beside HorizontalPodAutoscaler \"web\", which wants between 4 and 10 pods, so this \
                 write adds pods that the autoscaler takes away at once",
                "leave spec.replicas out",
            ),
            (
                applied(7, Some(3)),
                applied(1, None),
                "changes from 7 to 1, the default, because the field was left out, beside HorizontalPodAutoscaler \"web\", \
                 which wants between 4 and 10 pods, so this write takes all but 1 pod away until the autoscaler brings them back",
                "take spec.replicas out of the last-applied configuration first (kubectl apply edit-last-applied); where \
                 it is too late, kubectl scale --replicas=7 brings the pods back at once",
            ),
        ] {
            assert_eq!(
                lines(&Review::update(&old, &new), &[hpa(4, 10)]),
                [format!(
                    "warning: hpa-replicas: spec.replicas: {what}; fix: {fix} [reset_replicas]"
                )]
            );
        }
    }

    #[test]
    fn counts_where_the_autoscaler_may_have_chosen_the_number() {
        for (from, findings) in [(3, 0), (4, 1), (10, 1), (11, 0)] {
            let review = Review::update(&managed("Update", from), &managed("Update", 5));
            assert_eq!(lines(&review, &[hpa(4, 10)]).len(), findings, "{from}");
        }
    }

    #[test]
    fn of_both_rules_the_more_serious_one_speaks() {
        for (settings, rule) in [
            (json!({}), "warning: spec.replicas [reset_replicas]"),
            (
                json!({"fixedReplicas": "deny"}),
                "spec.replicas [fixed_replicas]",
            ),
            (
                json!({"fixedReplicas": "deny", "resets": "deny"}),
                "spec.replicas [reset_replicas]",
            ),
            (
                json!({"fixedReplicas": "off"}),
                "warning: spec.replicas [reset_replicas]",
            ),
            (
                json!({"resets": "off"}),
                "warning: spec.replicas [fixed_replicas]",
            ),
        ] {
            let found = Review::update(&applied(7, None), &applied(3, Some(3)))
                .with(settings.clone())
                .in_cluster(MemoryCluster::new([hpa(4, 10)]))
                .lines::<HpaReplicas>();
            assert_eq!(places(&found), [rule], "{settings}");
        }
    }
}
