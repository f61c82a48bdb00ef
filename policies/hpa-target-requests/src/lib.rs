//! Refuses a `HorizontalPodAutoscaler` that targets utilization of a request that is not set.
//!
//! Utilization is a share of what containers request. Both sides are judged: an autoscaler against the pods of its
//! target, and a workload against the autoscalers that target it already. Both ways lead to the same rules, and each
//! says what it found in the words of the side that asked.
//!
//! Where a set of manifests changes both, the first one is written beside what the other one was before, and only warns
//! (`writtenFirst`). That is an UPDATE of a workload, and an autoscaler of a kind that Helm and Argo CD write later.

mod autoscaler;
mod failure;
mod limit_ranges;
mod measured;
mod pair;
mod pods;
mod report;
mod review;
mod rules;
pub mod settings;
mod target;
#[cfg(test)]
mod testing;
mod views;
mod workload;

use k8s_openapi::api::autoscaling::v2;
use shared::settings::OnLookupFailure;
use shared::{Cluster, Error, Policy, Request, Rule, Verdict};

use crate::review::Review;
use crate::settings::Settings;

/// The policy.
pub struct HpaTargetRequests;

shared::export_policy!(HpaTargetRequests);

impl Policy for HpaTargetRequests {
    const NAME: &'static str = "hpa-target-requests";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
    }

    fn wants_all(settings: &Settings) -> bool {
        settings.has_custom_kinds()
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        let mut verdict = Verdict::accept();
        let namespace = request.object_namespace()?;
        if settings.exempt.has(namespace, request.username) {
            return Ok(verdict);
        }
        let review = Review {
            request,
            namespace,
            settings,
            cluster,
        };
        let judged = if request.kind.is_a::<v2::HorizontalPodAutoscaler>() {
            autoscaler::judge(&review, &mut verdict)
        } else if let Some(readable) = settings.readable_kind(&request.kind) {
            workload::judge(&review, readable, &mut verdict)
        } else {
            return Ok(Verdict::unclaimed(request));
        };
        verdict.or_unjudged(judged, || {
            settings.on_lookup_failure == OnLookupFailure::Warn || review.is_untouched()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review, converges};

    use crate::HpaTargetRequests;
    use crate::testing::{
        bare, cluster, container, container_utilization, deployment, hpa, is_accepted, sized,
        utilization,
    };

    #[test]
    fn an_update_is_refused_only_for_what_it_makes_worse() {
        let cpu = hpa(&json!([utilization("cpu")]));
        let mut other_target = cpu.clone();
        other_target["spec"]["scaleTargetRef"]["name"] = json!("api");
        let both = hpa(&json!([utilization("cpu"), {"type": "External"}]));
        let memory = hpa(&json!([utilization("cpu"), utilization("memory")]));
        let mut half = bare();
        half["spec"]["template"]["spec"]["containers"][0]["resources"] =
            json!({"requests": {"cpu": 1}});
        for (old, new, there, accepted) in [
            (&cpu, &cpu, bare(), true),
            (&cpu, &both, bare(), true),
            (&cpu, &memory, bare(), false),
            (&other_target, &cpu, bare(), false),
            (&bare(), &bare(), cpu.clone(), true),
            (&sized(), &bare(), cpu.clone(), false),
            (&bare(), &sized(), cpu.clone(), true),
            // What is half as bad is not worse, although other words follow.
            (&bare(), &half, memory.clone(), true),
        ] {
            let review = Review::update(old, new)
                .in_cluster(cluster(&[there]))
                .with(json!({"writtenFirst": "deny"}));
            assert_eq!(
                review.judge::<HpaTargetRequests>().accepted,
                accepted,
                "{old} {new}"
            );
        }
    }

    /// The same object as another kind, or an autoscaler of that kind.
    fn of_kind(mut object: Value, api_version: &str, kind: &str) -> Value {
        if object["kind"] == "HorizontalPodAutoscaler" {
            let target = &mut object["spec"]["scaleTargetRef"];
            target["apiVersion"] = json!(api_version);
            target["kind"] = json!(kind);
        } else {
            object["apiVersion"] = json!(api_version);
            object["kind"] = json!(kind);
        }
        object
    }

    /// Settings with a custom kind.
    fn with_rollouts(mut settings: Value) -> Value {
        settings["customKinds"] = json!([{
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "podSpecPath": "spec.template.spec",
        }]);
        settings
    }

    #[test]
    fn what_may_be_written_first_is_refused_only_where_that_is_wanted() {
        for (api_version, kind, comes_first) in [
            ("apps/v1", "Deployment", true),
            ("apps/v1", "ReplicaSet", true),
            ("v1", "ReplicationController", true),
            ("apps/v1", "StatefulSet", false),
            ("argoproj.io/v1alpha1", "Rollout", false),
        ] {
            let workload = |object: Value| of_kind(object, api_version, kind);
            let autoscaler = of_kind(hpa(&json!([utilization("cpu")])), api_version, kind);
            let passes = |review: Review, there: &Value| {
                ["deny", "warn", "off"].map(|level| {
                    let there = cluster(std::slice::from_ref(there));
                    let review = review.clone().in_cluster(there);
                    is_accepted(&review.with(with_rollouts(json!({ "writtenFirst": level }))))
                })
            };
            let of_autoscaler = passes(Review::create(&autoscaler), &workload(bare()));
            assert_eq!(of_autoscaler, [false, !comes_first, !comes_first], "{kind}");
            let new = passes(Review::create(&workload(bare())), &autoscaler);
            assert_eq!(new, [false; 3], "{kind}");
            let update = Review::update(&workload(sized()), &workload(bare()));
            assert_eq!(passes(update, &autoscaler), [false, true, true], "{kind}");
        }
    }

    #[test]
    fn what_changes_both_gets_through_in_the_order_of_every_tool() {
        let settings = with_rollouts(json!({}));
        for (api_version, kind) in [
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("argoproj.io/v1alpha1", "Rollout"),
        ] {
            let of = |object: Value| of_kind(object, api_version, kind);
            let cpu = || of(hpa(&json!([utilization("cpu")])));
            let external = || of(hpa(&json!([{"type": "External"}])));
            let (bare, sized) = (|| of(bare()), || of(sized()));
            for (before, workload, autoscaler) in [
                (vec![bare()], sized(), Some(cpu())),
                (vec![bare(), external()], sized(), Some(cpu())),
                (vec![sized(), cpu()], bare(), Some(external())),
                // It is removed behind what is written.
                (vec![sized(), cpu()], bare(), None),
                (vec![], sized(), Some(cpu())),
            ] {
                let workload_first: Vec<_> = [Some(workload.clone()), autoscaler.clone()]
                    .into_iter()
                    .flatten()
                    .collect();
                assert!(
                    converges::<HpaTargetRequests>(&before, &workload_first, &settings),
                    "{before:?} {workload}"
                );
                // Nothing writes it behind the autoscaler.
                if kind == "Deployment" {
                    continue;
                }
                let autoscaler_first: Vec<_> = autoscaler.into_iter().chain([workload]).collect();
                assert!(
                    converges::<HpaTargetRequests>(&before, &autoscaler_first, &settings),
                    "{autoscaler_first:?}"
                );
            }
            // What is wrong in the end is refused in one order at least, whatever the kind.
            assert!(!converges::<HpaTargetRequests>(
                &[],
                &[cpu(), bare()],
                &settings
            ));
            assert_eq!(
                converges::<HpaTargetRequests>(&[], &[bare(), cpu()], &settings),
                kind != "Deployment"
            );
        }
    }

    #[test]
    fn a_dry_run_is_refused_only_for_what_is_wrong_alone() {
        let cpu = hpa(&json!([utilization("cpu")]));
        let lost = hpa(&json!([container_utilization("cpu", "setup")]));
        let init = deployment(&json!({"initContainers": [container("setup", &json!({}))]}));
        for (object, there, rule) in [
            (&cpu, vec![bare()], "missing_request"),
            (&bare(), vec![cpu.clone()], "missing_request"),
            (&lost, vec![init.clone()], "missing_container"),
            (&init, vec![lost.clone()], "missing_container"),
            (&cpu, vec![], "missing_target"),
        ] {
            let settings = json!({"missingTarget": "deny", "writtenFirst": "deny"});
            let review = Review::create(object)
                .with(settings)
                .in_cluster(cluster(&there));
            assert!(!is_accepted(&review), "{object}");
            let response = review.dry_run().judge::<HpaTargetRequests>();
            assert!(response.accepted, "{object}");
            let [warning] = response.warnings.as_slice() else {
                panic!("{response:?}");
            };
            assert!(warning.ends_with(&format!("[{rule}]")), "{warning}");
        }
        let misspelt = hpa(&json!([utilization("CPU"), utilization("cpu")]));
        for there in [
            cluster(&[bare()]),
            MemoryCluster::failing("deadline has elapsed"),
        ] {
            let review = Review::create(&misspelt).in_cluster(there).dry_run();
            let response = review.judge::<HpaTargetRequests>();
            assert_eq!(
                response.audit_annotations,
                [(
                    "unknown_resource",
                    "spec.metrics[0].resource.name".to_owned()
                )]
            );
            assert_eq!(response.warnings.len(), 1, "{response:?}");
        }
        let silent = MemoryCluster::failing("deadline has elapsed");
        let response = Review::create(&cpu)
            .in_cluster(silent)
            .dry_run()
            .judge::<HpaTargetRequests>();
        assert!(response.accepted && response.warnings[0].ends_with(" [unjudged]"));
    }

    #[test]
    fn exempts_namespaces_and_users_that_the_platform_team_names() {
        for (exempt, accepted) in [
            (json!({"namespaces": ["shop"]}), true),
            (json!({"users": ["jane"]}), true),
            (
                json!({"namespaces": ["shopping"], "users": ["janet"]}),
                false,
            ),
        ] {
            let review = Review::create(&hpa(&json!([])))
                .with(json!({ "exempt": exempt }))
                .in_cluster(cluster(&[bare()]));
            assert_eq!(
                review.judge::<HpaTargetRequests>().accepted,
                accepted,
                "{exempt}"
            );
        }
    }
}
