//! Judges an autoscaler against the pods of its target.

use shared::cluster::{self, Lookup};
use shared::kubernetes::autoscaling::{
    AutoscalerMeta, HorizontalPodAutoscaler, Metric, POD_SPEC, ScaleTarget,
};
use shared::kubernetes::workload::SIZED_TEMPLATE;
use shared::{ClusterError, Cursor, DecodeError, Error, FieldPath, Level, Verdict, quote};

use crate::failure::{depends_on_defaults, needs_requests};
use crate::measured::is_measured;
use crate::pair::Side;
use crate::pods::Pods;
use crate::report::Report;
use crate::review::Review;
use crate::rules;
use crate::settings::ReadableKind;
use crate::target::Target;

/// Judges an autoscaler, against the pods of its target if they matter.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let settings = review.settings;
    let version = review.request.kind.version;
    let autoscaler = HorizontalPodAutoscaler::read(&review.request.object(), version)?;
    let target = Target::of(&autoscaler.target, settings);
    let scalable = rules::unscalable_target::check(&autoscaler, target, settings, verdict);
    let judged = if scalable && autoscaler.metrics.iter().any(needs_requests) {
        judge_requests(review, &autoscaler, target, verdict)
    } else {
        Ok(false)
    };
    // What can be said of metrics alone is said in any case.
    if !matches!(judged, Ok(true)) {
        let is_measured = |metric: &Metric<'_>| is_measured(metric, settings);
        let works = autoscaler.other_metrics > 0 || autoscaler.metrics.iter().any(is_measured);
        for metric in &autoscaler.metrics {
            rules::unknown_resource::check(metric, scalable && works, settings, verdict);
        }
    }
    judged.map(|_| ())
}

/// Judges an autoscaler against the pods of its target. Whether there were any.
fn judge_requests(
    review: &Review<'_>,
    autoscaler: &HorizontalPodAutoscaler<'_>,
    target: Target<'_>,
    verdict: &mut Verdict,
) -> Result<bool, Error> {
    let Target::Readable(readable) = target else {
        rules::uninspected_target::check(autoscaler, verdict);
        return Ok(false);
    };
    judge_target(review, autoscaler, None, readable, verdict)
}

/// Gets the target of an autoscaler, or the workload that this refers to, and judges the two together. Whether it has
/// pods.
fn judge_target(
    review: &Review<'_>,
    autoscaler: &HorizontalPodAutoscaler<'_>,
    referred: Option<&ScaleTarget<'_>>,
    readable: ReadableKind<'_>,
    verdict: &mut Verdict,
) -> Result<bool, Error> {
    let name = referred.unwrap_or(&autoscaler.target).name;
    let mut fields = if readable.pod_spec == POD_SPEC {
        SIZED_TEMPLATE.to_vec()
    } else {
        vec![readable.pod_spec]
    };
    let may_refer = referred.is_none() && readable.is_rollout();
    if may_refer {
        fields.push(WORKLOAD_REF);
    }
    let lookup = Lookup {
        api_version: readable.api_version,
        kind: readable.kind,
        name,
        namespace: Some(review.namespace),
        // After a refusal, the corrected target is followed by another try at once.
        disable_cache: true,
        field_masks: &fields,
    };
    let failed = |error| lookup.failed(error);
    let answer = match cluster::fetch(review.cluster, &lookup) {
        Err(error @ (ClusterError::NotFound | ClusterError::NotServed)) => {
            // There may be one of another group, or in another namespace.
            let state = match error {
                ClusterError::NotFound => format!(
                    "was not found as {} in namespace {}",
                    readable.api_version,
                    quote(review.namespace)
                ),
                error => error.to_string(),
            };
            let state = match referred {
                Some(referred) => format!("refers to {referred}, which {state}"),
                None => state,
            };
            report_missing(review, autoscaler, &state, verdict);
            return Ok(false);
        }
        // No setting says that the policy may read it: then it is a kind like any other.
        Err(ClusterError::Forbidden) if readable.is_well_known => {
            rules::uninspected_target::check_forbidden(autoscaler, verdict);
            return Ok(false);
        }
        answer => answer.map_err(failed)?,
    };
    let json = answer.parse().map_err(failed)?;
    let object = Cursor::new(&json, FieldPath::new(""));
    if may_refer {
        let referred = workload_ref(&object).map_err(|error| failed(error.into()))?;
        if let Some(referred) = referred {
            let Target::Readable(readable) = Target::of(&referred, review.settings) else {
                rules::uninspected_target::check_referred(autoscaler, &referred, verdict);
                return Ok(false);
            };
            return judge_target(review, autoscaler, Some(&referred), readable, verdict);
        }
    }
    let pods = pods_of_target(review, &object, autoscaler, name, readable, verdict);
    let Some(pods) = pods.map_err(|error| failed(error.into()))? else {
        return Ok(false);
    };
    let mut metrics = autoscaler.metrics.iter();
    let depends = metrics.any(|metric| depends_on_defaults(metric, &pods));
    let pods = review.with_defaults(pods, depends, verdict)?;
    let most = if readable.is_written_before_autoscalers() {
        Level::Deny
    } else {
        review.settings.written_first
    };
    let most = most.at_most(review.request.ceiling());
    let mut report = Report::new(most, verdict);
    rules::check_metrics(
        autoscaler,
        &pods,
        Side::Autoscaler,
        review.settings,
        &mut report,
    );
    report.flush();
    Ok(true)
}

/// Reports that the target of an autoscaler is missing. `state` says how.
fn report_missing(
    review: &Review<'_>,
    autoscaler: &HorizontalPodAutoscaler<'_>,
    state: &str,
    verdict: &mut Verdict,
) {
    verdict.under(review.request.ceiling(), |verdict| {
        rules::missing_target::check(autoscaler, state, review.settings, verdict);
    });
}

/// The pods of the target of an autoscaler. None where there are none to judge, which is told.
fn pods_of_target<'p>(
    review: &Review<'_>,
    target: &Cursor<'p>,
    autoscaler: &HorizontalPodAutoscaler<'_>,
    name: &'p str,
    readable: ReadableKind<'p>,
    verdict: &mut Verdict,
) -> Result<Option<Pods<'p>>, DecodeError> {
    if AutoscalerMeta::read(target)?.deleting {
        report_missing(review, autoscaler, "is being deleted", verdict);
        return Ok(None);
    }
    let pods = review.pods(target, readable, name)?;
    if pods.is_none() {
        rules::uninspected_target::check_pod_spec(autoscaler, readable.pod_spec, verdict);
    }
    Ok(pods)
}

/// Where a Rollout refers to the workload whose pods it makes in place of its own: `pkg/apis/rollouts/v1alpha1/types.go`
/// of argoproj/argo-rollouts.
const WORKLOAD_REF: &str = "spec.workloadRef";

/// The workload that a Rollout refers to.
fn workload_ref<'a>(rollout: &Cursor<'a>) -> Result<Option<ScaleTarget<'a>>, DecodeError> {
    rollout.at(WORKLOAD_REF, |reference| {
        Ok(ScaleTarget {
            api_version: reference.text("apiVersion")?,
            kind: reference.text("kind")?,
            name: reference.text("name")?,
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaTargetRequests;
    use crate::testing::{cluster, deployment, hpa};

    #[test]
    fn asks_nothing_where_no_requests_are_needed() {
        let value = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageValue": "1"}}});
        let object =
            hpa(&json!([value, {"type": "Pods"}, {"type": "Object"}, {"type": "External"}]));
        let silent = MemoryCluster::failing("deadline has elapsed");
        let lines = Review::create(&object)
            .in_cluster(silent)
            .lines::<HpaTargetRequests>();
        assert_eq!(lines, [""; 0]);
    }

    #[test]
    fn a_target_that_cannot_be_read_is_not_accepted() {
        let broken = deployment(&json!({"containers": 7}));
        let review = Review::create(&hpa(&json!([]))).in_cluster(cluster(&[broken]));
        assert_eq!(
            review.judge::<HpaTargetRequests>().message.unwrap(),
            "HorizontalPodAutoscaler shop/web cannot be judged by hpa-target-requests: Deployment shop/web cannot be \
             read: spec.template.spec.containers: must be a list, not a number"
        );
    }
}
