//! Judges a workload against the autoscalers that scale it.

use k8s_openapi::Resource;
use k8s_openapi::api::autoscaling::v2;
use shared::kubernetes::autoscaling::{self, ScaleTarget, Scaler, insert_by_name};
use shared::rules::unreadable_object;
use shared::{Error, Operation, Verdict};

use crate::review::Review;
use crate::rules::{self, Wish};
use crate::sent::Workload;
use crate::views;

/// Judges it, where an author sent `spec.replicas`, or an UPDATE changes it.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let request = review.request;
    if review.settings.are_off() || autoscaling::is_owned_replica_set(request)? {
        return Ok(());
    }
    let new = Workload::read(&request.object())?;
    let old = match request.operation {
        Operation::Update => Workload::read(&request.old_object()).ok(),
        _ => None,
    };
    let wish = Wish {
        sent: new.sent(review.is_new()),
        change: old.and_then(|old| new.change_of(&old)),
        client: new.client(),
        was_applied: new.was_applied() || old.is_some_and(|old| old.was_applied()),
        target: None,
    };
    if wish.sent.is_none() && wish.change.is_none() {
        return Ok(());
    }
    let (kind, name) = (request.kind, request.object_name()?);
    let lookup = autoscaling::horizontal_pod_autoscalers(review.namespace);
    let answer = lookup.ask(review.cluster)?;
    let list = lookup.parse(&answer, views::wants)?;
    let mut scalers = Vec::new();
    for item in list.items() {
        let read = ScaleTarget::of_horizontal(&item).and_then(|target| {
            let is_target = target.is(kind.group, kind.kind, name);
            is_target.then(|| Scaler::read(&item)).transpose()
        });
        match read {
            Ok(Some(scaler)) if !scaler.meta.deleting => {
                insert_by_name(&mut scalers, scaler.meta.name, scaler);
            }
            Ok(_) => {}
            Err(error) => {
                let kind = v2::HorizontalPodAutoscaler::KIND;
                unreadable_object::check(kind, &item, &error, verdict);
            }
        }
    }
    verdict.under(request.ceiling(), |verdict| {
        for (_, scaler) in &scalers {
            rules::check(&wish, scaler, review.settings, verdict);
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::kubernetes::autoscaling::{SCALABLE, SCALABLE_OF_OTHERS};
    use shared::testing::{MemoryCluster, Review, places};

    use crate::HpaReplicas;
    use crate::testing::{deployment, hpa, managed, of_kind};

    #[test]
    fn every_kind_is_judged_on_both_sides() {
        for (api_version, kind) in SCALABLE.iter().chain(SCALABLE_OF_OTHERS) {
            let workload = of_kind(deployment(&json!(3)), api_version, kind);
            let scaler = of_kind(hpa(4, 10), api_version, kind);
            for (object, other, path) in [
                (&workload, &scaler, "spec.replicas"),
                (&scaler, &workload, "spec.scaleTargetRef"),
            ] {
                let found = Review::create(object)
                    .in_cluster(MemoryCluster::new([other.clone()]))
                    .lines::<HpaReplicas>();
                let place = format!("warning: {path} [fixed_replicas]");
                assert_eq!(places(&found), [place], "{kind}");
            }
        }
    }

    #[test]
    fn counts_the_autoscalers_of_the_workload() {
        let with = |field: &str, value: Value| {
            let mut object = hpa(4, 10);
            object["spec"]["scaleTargetRef"][field] = value;
            object
        };
        let mut elsewhere = hpa(4, 10);
        elsewhere["metadata"]["namespace"] = json!("other");
        let mut going = hpa(4, 10);
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let mut second = hpa(2, 3);
        second["metadata"]["name"] = json!("api");
        for (there, findings) in [
            (vec![hpa(4, 10)], 1),
            (vec![hpa(4, 10), second], 2),
            (vec![with("apiVersion", json!("apps/v1beta1"))], 1),
            (vec![with("apiVersion", json!(""))], 0),
            (vec![with("kind", json!("StatefulSet"))], 0),
            (vec![with("kind", json!("deployment"))], 0),
            (vec![with("name", json!("api"))], 0),
            (vec![elsewhere], 0),
            (vec![going], 0),
            (vec![], 0),
        ] {
            let review = Review::create(&deployment(&json!(3)));
            let review = review.in_cluster(MemoryCluster::new(there.clone()));
            assert_eq!(review.lines::<HpaReplicas>().len(), findings, "{there:?}");
        }
    }

    #[test]
    fn asks_nothing_where_nothing_proves_that_an_author_sent_the_number() {
        let of_set = || {
            let mut object = of_kind(deployment(&json!(3)), "apps/v1", "ReplicaSet");
            object["metadata"]["ownerReferences"] =
                json!([{"kind": "Deployment", "name": "web", "controller": true}]);
            object
        };
        let mut image = managed("Update", 7);
        image["spec"]["template"] = json!({"spec": {"containers": [{"image": "b"}]}});
        for review in [
            Review::create(&deployment(&json!(null))),
            Review::create(&managed("Update", 1)),
            Review::update(&managed("Update", 7), &image),
            Review::create(&of_set()),
            Review::update(
                &of_set(),
                &of_kind(managed("Update", 7), "apps/v1", "ReplicaSet"),
            ),
        ] {
            assert_eq!(review.asked::<HpaReplicas>(), [""; 0], "{review:?}");
        }
        for review in [
            Review::create(&deployment(&json!(1))),
            Review::create(&managed("Update", 3)),
            Review::create(&managed("Apply", 1)),
            Review::update(&managed("Update", 7), &managed("Update", 3)),
        ] {
            assert_eq!(
                review.asked::<HpaReplicas>(),
                ["list_resources_by_namespace HorizontalPodAutoscaler"],
                "{review:?}"
            );
        }
    }
}
