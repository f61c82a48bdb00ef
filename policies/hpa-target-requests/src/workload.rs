//! Judges a workload against the autoscalers that target it.

use k8s_openapi::Resource;
use k8s_openapi::api::autoscaling::v2;
use shared::kubernetes::autoscaling::{self, HorizontalPodAutoscaler, ScaleTarget, insert_by_name};
use shared::{Error, Level, Operation, Verdict};

use crate::failure::depends_on_defaults;
use crate::pair::Side;
use crate::report::Report;
use crate::review::Review;
use crate::rules;
use crate::settings::ReadableKind;

/// Judges a workload against the autoscalers that target it.
pub(crate) fn judge(
    review: &Review<'_>,
    readable: ReadableKind<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let (request, namespace) = (review.request, review.namespace);
    let name = request.object_name()?;
    let mut most = review.settings.workloads;
    // A set that changes both a workload and its autoscaler, or removes the autoscaler, gets to that later.
    if request.operation == Operation::Update {
        most = most.at_most(review.settings.written_first);
    }
    if most == Level::Off || autoscaling::is_owned_replica_set(request)? {
        return Ok(());
    }
    let Some(pods) = review.pods(&request.object(), readable, name)? else {
        return Ok(());
    };
    let lookup = autoscaling::horizontal_pod_autoscalers(namespace);
    let answer = lookup.ask(review.cluster)?;
    let list = lookup.parse(&answer, autoscaling::wants)?;
    let mut autoscalers = Vec::new();
    for item in list.items() {
        let read = ScaleTarget::of_horizontal(&item).and_then(|target| {
            let is_target = target.is(readable.group(), readable.kind, name);
            // A list holds objects of v2, whatever they were made as.
            is_target
                .then(|| HorizontalPodAutoscaler::read(&item, "v2"))
                .transpose()
        });
        match read {
            Ok(None) => {}
            Ok(Some(autoscaler)) if autoscaler.meta.deleting => {}
            Ok(Some(autoscaler)) => {
                insert_by_name(&mut autoscalers, autoscaler.meta.name, autoscaler);
            }
            Err(error) => {
                rules::unreadable_object::check(
                    v2::HorizontalPodAutoscaler::KIND,
                    &item,
                    &error,
                    verdict,
                );
            }
        }
    }
    let mut metrics = autoscalers.iter().flat_map(|(_, one)| &one.metrics);
    let depends = metrics.any(|metric| depends_on_defaults(metric, &pods));
    let pods = review.with_defaults(pods, depends, verdict)?;
    let most = most.at_most(review.request.ceiling());
    let mut report = Report::new(most, verdict);
    for (_, autoscaler) in &autoscalers {
        rules::check_metrics(
            autoscaler,
            &pods,
            Side::Workload,
            review.settings,
            &mut report,
        );
    }
    report.flush();
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::kubernetes::autoscaling::SCALABLE;
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaTargetRequests;
    use crate::testing::{bare, cluster, hpa, sized, utilization};

    #[test]
    fn a_workload_is_judged_by_the_autoscalers_that_target_it() {
        let autoscaler = hpa(&json!([utilization("cpu")]));
        let with = |field: &str, value: Value| {
            let mut object = autoscaler.clone();
            object["spec"]["scaleTargetRef"][field] = value;
            object
        };
        let mut elsewhere = autoscaler.clone();
        elsewhere["metadata"]["namespace"] = json!("other");
        let mut going = autoscaler.clone();
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        for (there, accepted) in [
            (vec![autoscaler.clone()], false),
            (vec![with("apiVersion", json!("apps/v1beta1"))], false),
            (vec![with("apiVersion", json!(""))], true),
            (vec![with("kind", json!("StatefulSet"))], true),
            (vec![with("kind", json!("deployment"))], true),
            (vec![with("name", json!("api"))], true),
            (vec![elsewhere], true),
            (vec![going], true),
            (vec![], true),
        ] {
            let review = Review::create(&bare()).in_cluster(cluster(&there));
            assert_eq!(
                review.judge::<HpaTargetRequests>().accepted,
                accepted,
                "{there:?}"
            );
        }
    }

    #[test]
    fn every_built_in_kind_is_judged_on_both_sides() {
        for (api_version, kind) in SCALABLE {
            let mut workload = bare();
            workload["apiVersion"] = json!(api_version);
            workload["kind"] = json!(kind);
            let mut autoscaler = hpa(&json!([utilization("cpu")]));
            autoscaler["spec"]["scaleTargetRef"] =
                json!({"apiVersion": api_version, "kind": kind, "name": "web"});
            for (object, other) in [(&workload, &autoscaler), (&autoscaler, &workload)] {
                let review = Review::create(object)
                    .in_cluster(cluster(std::slice::from_ref(other)))
                    .with(json!({"writtenFirst": "deny"}));
                assert!(!review.judge::<HpaTargetRequests>().accepted, "{kind}");
            }
        }
    }

    #[test]
    fn the_replica_set_of_a_deployment_is_left_alone() {
        let mut replicas = bare();
        replicas["kind"] = json!("ReplicaSet");
        replicas["metadata"]["ownerReferences"] =
            json!([{"kind": "Deployment", "name": "web", "controller": true}]);
        let silent = MemoryCluster::failing("deadline has elapsed");
        assert!(
            Review::create(&replicas)
                .in_cluster(silent)
                .judge::<HpaTargetRequests>()
                .accepted
        );
    }

    #[test]
    fn a_changed_workload_is_no_more_serious_than_a_new_one() {
        let lines = |settings: Value| {
            Review::update(&sized(), &bare())
                .in_cluster(cluster(&[hpa(&json!([utilization("cpu")]))]))
                .with(settings)
                .lines::<HpaTargetRequests>()
        };
        let start = "warning: hpa-target-requests: spec.template.spec.containers[0].resources.requests.cpu: container \
                     \"app\" requests no cpu, so HorizontalPodAutoscaler \"web\" never scales by cpu";
        let warn = json!({"workloads": "warn", "writtenFirst": "deny"});
        for settings in [json!({}), warn] {
            let [line] = &lines(settings.clone())[..] else {
                panic!("{settings}");
            };
            assert!(line.starts_with(start), "{line}");
        }
        for setting in ["workloads", "writtenFirst"] {
            assert_eq!(lines(json!({ setting: "off" })), [""; 0]);
        }
    }
}
