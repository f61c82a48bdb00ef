//! A number of replicas in the manifest of what an autoscaler scales.

use shared::kubernetes::autoscaling::Scaler;
use shared::{Finding, Rule, Verdict, rule};

use super::Wish;
use crate::advice;
use crate::sent::Sent;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "fixed_replicas",
    summary: "`spec.replicas` in the manifest of what an autoscaler scales, unless both can only be the same number",
    why: "Each apply, upgrade or sync sets the scale back. Below minReplicas that takes pods away until the autoscaler \
          brings them back",
    fix: "leave spec.replicas out",
    levels: [Warn by "fixedReplicas"],
};

/// Reports it. On an UPDATE it is the same whatever the number.
pub(crate) fn check(
    sent: Sent,
    wish: &Wish<'_>,
    scaler: &Scaler<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let (replicas, range) = (sent.replicas, scaler.range);
    let recurrence = advice::recurrence(replicas, sent.client, range);
    let reason = match wish.target {
        Some(target) => format!(
            "spec.replicas of {target} is set to {replicas}, and the autoscaler wants {range}, {recurrence}"
        ),
        None => format!("{replicas} is set beside {scaler}, which wants {range}, {recurrence}"),
    };
    let finding = Finding::new(&RULE, &wish.path(), reason)
        .known_as(scaler.meta.name)
        .fix(advice::leaving_out(wish));
    verdict.report(settings.fixed_replicas, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaReplicas;
    use crate::testing::{applied, deployment, hpa, lines, managed, of_keda, stored};

    #[test]
    fn says_what_the_next_apply_does() {
        let beside = "is set beside HorizontalPodAutoscaler \"web\", which wants between 4 and 10 pods, so each apply";
        let fix = "fix: leave spec.replicas out [fixed_replicas]";
        for (replicas, effect) in [
            (
                1,
                "takes all but 1 pod away until the autoscaler brings them back",
            ),
            (
                3,
                "takes all but 3 pods away until the autoscaler brings them back",
            ),
            (4, "starts the scale over at 4"),
            (10, "starts the scale over at 10"),
            (11, "adds pods that the autoscaler takes away at once"),
        ] {
            assert_eq!(
                lines(
                    &Review::create(&deployment(&json!(replicas))),
                    &[hpa(4, 10)]
                ),
                [format!(
                    "warning: hpa-replicas: spec.replicas: {replicas} {beside} {effect}; {fix}"
                )]
            );
        }
        assert_eq!(
            lines(&Review::create(&deployment(&json!(null))), &[hpa(4, 10)]),
            [""; 0]
        );
    }

    #[test]
    fn the_only_number_that_the_autoscaler_has_is_no_mistake() {
        for (replicas, findings) in [(3, 0), (4, 1)] {
            let review = Review::create(&deployment(&json!(replicas)));
            assert_eq!(lines(&review, &[hpa(3, 3)]).len(), findings, "{replicas}");
            let review = Review::create(&hpa(3, 3));
            assert_eq!(
                lines(&review, &[deployment(&json!(replicas))]).len(),
                findings
            );
        }
    }

    #[test]
    fn the_fix_depends_on_the_client() {
        let mut of_helm = managed("Update", 3);
        of_helm["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "web"});
        for (object, how, fix) in [
            (
                managed("Apply", 3),
                "so each apply fails with a conflict or, if forced, takes all but 3 pods away until the autoscaler brings \
                 them back",
                "leave spec.replicas out",
            ),
            (
                applied(3, Some(3)),
                "so each apply takes all but 3 pods away until the autoscaler brings them back",
                "first take spec.replicas out of the last-applied configuration (kubectl apply edit-last-applied), then \
                 out of the manifest, or the pods go down to 1",
            ),
            (
                of_helm,
                "so each upgrade takes all but 3 pods away until the autoscaler brings them back",
                "leave spec.replicas out of the chart; the upgrade that does so takes the pods down to 1 once",
            ),
        ] {
            assert_eq!(
                lines(&Review::create(&object), &[hpa(4, 10)]),
                [format!(
                    "warning: hpa-replicas: spec.replicas: 3 is set beside HorizontalPodAutoscaler \"web\", which wants \
                     between 4 and 10 pods, {how}; fix: {fix} [fixed_replicas]"
                )]
            );
        }
    }

    #[test]
    fn an_autoscaler_is_told_of_its_target() {
        assert_eq!(
            lines(&Review::create(&hpa(4, 10)), &[stored(7, Some(3))]),
            [
                "warning: hpa-replicas: spec.scaleTargetRef: spec.replicas of Deployment \"web\" is set to 3, \
                 and the autoscaler wants between 4 and 10 pods, so each apply takes all but 3 pods away until the autoscaler \
                 brings them back; fix: first take spec.replicas of Deployment \"web\" out of the last-applied \
                 configuration (kubectl apply edit-last-applied), then out of the manifest, or the pods go down to 1 \
                 [fixed_replicas]"
            ]
        );
    }

    #[test]
    fn names_what_keda_made() {
        let found = lines(
            &Review::create(&deployment(&json!(0))),
            &[of_keda(hpa(1, 10))],
        );
        assert_eq!(
            found,
            [
                "warning: hpa-replicas: spec.replicas: 0 is set beside HorizontalPodAutoscaler \"web\" of ScaledObject \
                 \"web\", which wants between 1 and 10 pods, so each apply takes all pods away until the autoscaler \
                 brings them back; fix: leave spec.replicas out [fixed_replicas]"
            ]
        );
    }

    #[test]
    fn is_refused_where_that_is_wanted_and_not_in_a_dry_run() {
        let deny = json!({"fixedReplicas": "deny"});
        for (object, there) in [
            (deployment(&json!(3)), hpa(4, 10)),
            (hpa(4, 10), deployment(&json!(3))),
        ] {
            let review = Review::create(&object)
                .with(deny.clone())
                .in_cluster(MemoryCluster::new([there]));
            assert!(!review.judge::<HpaReplicas>().accepted);
            let response = review.dry_run().judge::<HpaReplicas>();
            assert!(response.accepted && response.warnings.len() == 1);
        }
    }

    #[test]
    fn what_an_object_had_is_not_new() {
        for (old, new, accepted) in [
            (applied(3, Some(3)), applied(3, Some(3)), true),
            (applied(3, Some(3)), applied(2, Some(2)), true),
            (applied(7, None), applied(3, Some(3)), false),
            (managed("Apply", 3), managed("Apply", 2), true),
        ] {
            let review = Review::update(&old, &new)
                .with(json!({"fixedReplicas": "deny"}))
                .in_cluster(MemoryCluster::new([hpa(4, 10)]));
            let response = review.judge::<HpaReplicas>();
            assert_eq!(response.accepted, accepted, "{old} {new}");
            assert_eq!(
                response.warnings.len(),
                usize::from(accepted),
                "{old} {new}"
            );
        }
    }
}
