//! Refuses a `HorizontalPodAutoscaler` and a `VerticalPodAutoscaler` that work on the same resource.
//!
//! The one divides by the requests that the other one changes. Each is judged when it is written, against what is there
//! of the other kind. Both ways lead to a `Pair`, and from there to the rules.
//!
//! Where a set of manifests changes both, the first one is written beside what the other one was before. Helm, Argo CD
//! and Flux write the `HorizontalPodAutoscaler` first: it only warns (`writtenFirst`), and the `VerticalPodAutoscaler`
//! is refused. Of two of one kind, the first is the one whose name comes first.

mod active;
mod advice;
mod horizontal;
mod kind;
mod pair;
mod partners;
mod review;
mod rules;
pub mod settings;
mod siblings;
#[cfg(test)]
mod testing;
mod vertical;
mod views;
mod workload;

use k8s_openapi::api::autoscaling::v2;
use shared::kubernetes::autoscaling::VerticalPodAutoscaler;
use shared::settings::OnLookupFailure;
use shared::{Cluster, Error, Policy, Request, Rule, Verdict};

use crate::kind::Kind;
use crate::review::Review;
use crate::settings::Settings;

/// The policy.
pub struct HpaVpaOverlap;

shared::export_policy!(HpaVpaOverlap);

impl Policy for HpaVpaOverlap {
    const NAME: &'static str = "hpa-vpa-overlap";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        let kind = if request.kind.is_a::<v2::HorizontalPodAutoscaler>() {
            Kind::Horizontal
        } else if request.kind.is_a::<VerticalPodAutoscaler<'_>>() {
            Kind::Vertical
        } else {
            return Ok(Verdict::unclaimed(request));
        };
        let review = &Review::read(request, settings, cluster, kind)?;
        let mut verdict = Verdict::accept();
        if review.is_exempt() || review.is_status() {
            return Ok(verdict);
        }
        // One autoscaler alone is never wrong here.
        let judged = verdict.under(request.ceiling(), |verdict| match kind {
            Kind::Horizontal => horizontal::judge(review, verdict),
            Kind::Vertical => vertical::judge(review, verdict),
        });
        verdict.or_unjudged(judged, || {
            settings.on_lookup_failure == OnLookupFailure::Warn || review.is_untouched()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review, converges};

    use crate::HpaVpaOverlap;
    use crate::testing::{
        all, cpu, deployment, hpa, is_accepted, memory, owned, utilization, value, vpa,
    };

    #[test]
    fn an_update_is_refused_only_for_what_it_makes_worse() {
        let both_metrics = hpa(&json!([utilization("cpu"), utilization("memory")]));
        let moved = hpa(&json!([{"type": "External"}, utilization("cpu")]));
        let other_target = |mut object: Value, field: &str| {
            object["spec"][field]["name"] = json!("api");
            object
        };
        let mut of_nothing = cpu();
        of_nothing["spec"]["scaleTargetRef"]["apiVersion"] = json!("extensions/v1beta1");
        let recreate = vpa(&json!("Recreate"), &json!(null));
        let named = |policies: Value| vpa(&json!(null), &policies);
        let app_off = named(json!([{"containerName": "app", "mode": "Off"}]));
        let mut adopted = owned(cpu(), "ScaledObject", "web");
        adopted["metadata"]["labels"] = json!({"a": "b"});
        for (old, new, there, accepted) in [
            (cpu(), cpu(), all(), true),
            (cpu(), moved, all(), true),
            (cpu(), adopted, all(), true),
            (hpa(&json!([value("cpu")])), cpu(), all(), false),
            (cpu(), both_metrics.clone(), all(), false),
            (both_metrics, cpu(), all(), true),
            (other_target(cpu(), "scaleTargetRef"), cpu(), all(), false),
            (of_nothing, cpu(), all(), false),
            (vpa(&json!("Off"), &json!(null)), all(), cpu(), false),
            (all(), recreate, cpu(), true),
            (memory(), all(), cpu(), false),
            (all(), memory(), cpu(), true),
            (other_target(all(), "targetRef"), all(), cpu(), false),
            // One container is left, which was there before.
            (all(), app_off.clone(), cpu(), true),
            (app_off, all(), cpu(), false),
        ] {
            let cluster = MemoryCluster::new([there, deployment(&["app", "proxy"])]);
            let review = Review::update(&old, &new)
                .in_cluster(cluster)
                .with(json!({"writtenFirst": "deny"}));
            assert_eq!(is_accepted(&review), accepted, "{old} {new}");
        }
    }

    /// In the order of Helm, Argo CD and Flux: horizontal ones by name, then vertical ones.
    #[test]
    fn what_changes_both_gets_through_in_the_order_of_the_tools() {
        let off = vpa(&json!("Off"), &json!(null));
        let memory_metric = hpa(&json!([utilization("memory")]));
        let cpu_alone = vpa(
            &json!(null),
            &json!([{"containerName": "*", "controlledResources": ["cpu"]}]),
        );
        let on = |mut object: Value, name: &str, target: &str| {
            object["metadata"]["name"] = json!(name);
            object["spec"]["scaleTargetRef"]["name"] = json!(target);
            object
        };
        for (before, after, gets_through) in [
            (vec![all()], vec![cpu(), off], true),
            // It is removed behind what is written.
            (vec![all()], vec![cpu()], true),
            (
                vec![cpu()],
                vec![hpa(&json!([{"type": "External"}])), all()],
                true,
            ),
            (vec![cpu(), memory()], vec![memory_metric, cpu_alone], true),
            (
                vec![on(cpu(), "a", "web"), on(cpu(), "b", "api")],
                vec![on(cpu(), "a", "api"), on(cpu(), "b", "web")],
                true,
            ),
            (vec![cpu()], vec![on(cpu(), "a", "web")], true),
            // These have to remove what was there in a step of its own.
            (vec![cpu()], vec![on(cpu(), "web-2", "web")], false),
            (vec![cpu()], vec![all()], false),
            // And these are wrong in the end.
            (vec![], vec![cpu(), all()], false),
            (
                vec![],
                vec![on(cpu(), "a", "web"), on(cpu(), "b", "web")],
                false,
            ),
        ] {
            assert_eq!(
                converges::<HpaVpaOverlap>(&before, &after, &json!({})),
                gets_through,
                "{before:?} {after:?}"
            );
        }
    }

    #[test]
    fn a_dry_run_is_not_refused_for_another_object() {
        for (object, there) in [(cpu(), all()), (all(), cpu())] {
            let settings = json!({"writtenFirst": "deny", "duplicateVertical": "deny"});
            let review = Review::create(&object).with(settings);
            let told = |cluster: MemoryCluster| {
                let review = review.clone().in_cluster(cluster);
                assert!(!is_accepted(&review));
                review.dry_run().judge::<HpaVpaOverlap>()
            };
            let mut double = object.clone();
            double["metadata"]["name"] = json!("a");
            let response = told(MemoryCluster::new([there, double]));
            assert!(response.accepted);
            let rules = response.warnings.iter().map(|line| {
                let (_, rule) = line.rsplit_once('[').unwrap();
                rule.trim_end_matches(']')
            });
            let double = if object["kind"] == "VerticalPodAutoscaler" {
                "duplicate_vertical"
            } else {
                "duplicate_horizontal"
            };
            assert_eq!(rules.collect::<Vec<_>>(), [double, "shared_resource"]);
            let response = told(MemoryCluster::failing("deadline has elapsed"));
            assert!(response.accepted);
            assert!(response.warnings[0].ends_with(" [unjudged]"));
        }
    }
}
