//! Judges an autoscaler against the workload that it scales.

use shared::cluster::{self, Lookup};
use shared::kubernetes::autoscaling::{AutoscalerMeta, Scaler};
use shared::{ClusterError, Cursor, DecodeError, Error, FieldPath, Verdict};

use crate::review::Review;
use crate::rules::{self, Wish};
use crate::sent::Workload;
use crate::views;

/// Judges it, where its target is of a kind that can be read.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let scaler = Scaler::read(&review.request.object())?;
    let target = &scaler.target;
    let Some(api_version) = views::api_version(target).filter(|_| !review.settings.are_off())
    else {
        return Ok(());
    };
    let lookup = Lookup {
        api_version,
        kind: target.kind,
        name: target.name,
        namespace: Some(review.namespace),
        // After a refusal, the corrected target is followed by another try at once.
        disable_cache: true,
        // Who sent it is in the metadata, which is always there.
        field_masks: &["spec.replicas"],
    };
    let answer = match cluster::fetch(review.cluster, &lookup) {
        Err(ClusterError::NotFound | ClusterError::NotServed) => return Ok(()),
        // No setting says that the policy may read it.
        Err(ClusterError::Forbidden) if views::is_of_others(target) => return Ok(()),
        answer => answer.map_err(|error| lookup.failed(error))?,
    };
    let json = answer.parse().map_err(|error| lookup.failed(error))?;
    let read = read_target(&Cursor::new(&json, FieldPath::new("")));
    let (workload, is_going) = read.map_err(|error| lookup.failed(error.into()))?;
    // What is about to be created is another object.
    let Some(sent) = workload.sent(false).filter(|_| !is_going) else {
        return Ok(());
    };
    let wish = Wish {
        sent: Some(sent),
        change: None,
        client: sent.client,
        was_applied: workload.was_applied(),
        target: Some(target),
    };
    verdict.under(review.request.ceiling(), |verdict| {
        rules::check(&wish, &scaler, review.settings, verdict);
    });
    Ok(())
}

/// The target, and whether it is being deleted.
fn read_target(object: &Cursor<'_>) -> Result<(Workload, bool), DecodeError> {
    let meta = AutoscalerMeta::read(object)?;
    Ok((Workload::read(object)?, meta.deleting))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review, places};

    use crate::HpaReplicas;
    use crate::testing::{deployment, hpa, of_kind, stored};

    fn found(object: &Value, there: MemoryCluster) -> Vec<String> {
        places(
            &Review::create(object)
                .in_cluster(there)
                .lines::<HpaReplicas>(),
        )
    }

    #[test]
    fn counts_what_the_target_proves() {
        let warned = "warning: spec.scaleTargetRef [fixed_replicas]".to_owned();
        let mut going = deployment(&json!(3));
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        for (target, expected) in [
            (deployment(&json!(3)), vec![warned.clone()]),
            (deployment(&json!(null)), vec![]),
            (stored(7, None), vec![]),
            (stored(7, Some(3)), vec![warned]),
            (going, vec![]),
        ] {
            assert_eq!(
                found(&hpa(4, 10), MemoryCluster::new([target.clone()])),
                expected,
                "{target}"
            );
        }
        assert_eq!(found(&hpa(4, 10), MemoryCluster::default()), [""; 0]);
    }

    #[test]
    fn what_it_cannot_read_is_left_alone_unless_it_should() {
        let forbidden = "Policy has not been granted access to Kubernetes resources.";
        let rollout = of_kind(hpa(4, 10), "argoproj.io/v1alpha1", "Rollout");
        let gadget = of_kind(hpa(4, 10), "example.com/v1", "Gadget");
        let set = of_kind(hpa(4, 10), "apps/v1", "DaemonSet");
        for object in [&rollout, &gadget, &set] {
            assert_eq!(
                found(object, MemoryCluster::failing(forbidden)),
                [""; 0],
                "{object}"
            );
        }
        for words in [forbidden, "deadline has elapsed"] {
            let lines = found(&hpa(4, 10), MemoryCluster::failing(words));
            assert_eq!(lines, ["warning: request [unjudged]"], "{words}");
        }
        let lines = found(&rollout, MemoryCluster::failing("deadline has elapsed"));
        assert_eq!(lines, ["warning: request [unjudged]"]);
    }
}
