//! A request, and what the answer depends on.

use shared::kubernetes::autoscaling::HorizontalPodAutoscaler;
use shared::{
    Cluster, Cursor, DecodeError, Error, OnUpdate, Operation, Request, Settings as _, Verdict,
};

use crate::limit_ranges::Defaults;
use crate::pods::Pods;
use crate::settings::{ReadableKind, Settings};

/// What is asked, and what the answer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Review<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) namespace: &'r str,
    pub(crate) settings: &'r Settings,
    pub(crate) cluster: &'r dyn Cluster,
}

impl Review<'_> {
    /// Whether an UPDATE changes nothing that is judged, so that nothing it could be refused for is new.
    pub(crate) fn is_untouched(&self) -> bool {
        self.settings.on_update() == OnUpdate::NewViolations
            && self.request.operation == Operation::Update
            && self.keeps_what_is_read().unwrap_or_default()
    }

    /// Whether the old object reads like the new one, in the words of the policy: with custom kinds the payload has all
    /// fields, of which most mean nothing here.
    fn keeps_what_is_read(&self) -> Result<bool, DecodeError> {
        let request = self.request;
        let (new, old) = (request.object(), request.old_object());
        if let Some(readable) = self.settings.readable_kind(&request.kind) {
            return Ok(
                match (
                    self.pods(&new, readable, "")?,
                    self.pods(&old, readable, "")?,
                ) {
                    (Some(new), Some(old)) => new.have_requests_of(&old),
                    (new, old) => new.is_none() && old.is_none(),
                },
            );
        }
        let version = request.kind.version;
        let new = HorizontalPodAutoscaler::read(&new, version)?;
        let old = HorizontalPodAutoscaler::read(&old, version)?;
        Ok((new.target, &new.metrics, new.other_metrics)
            == (old.target, &old.metrics, old.other_metrics))
    }

    /// The pods of a workload of this name.
    pub(crate) fn pods<'p>(
        &self,
        object: &Cursor<'p>,
        readable: ReadableKind<'p>,
        name: &'p str,
    ) -> Result<Option<Pods<'p>>, DecodeError> {
        let pod_level_resources = self.settings.pod_level_resources;
        Pods::read(
            object,
            readable.pod_spec,
            (readable.kind, name),
            pod_level_resources,
        )
    }

    /// Adds what `LimitRange`s give, where a metric depends on that. Where they cannot be looked up, the pods do not know
    /// them, and what depends on them is not judged.
    pub(crate) fn with_defaults<'p>(
        &self,
        pods: Pods<'p>,
        depends: bool,
        verdict: &mut Verdict,
    ) -> Result<Pods<'p>, Error> {
        if !depends {
            return Ok(pods);
        }
        match Defaults::of(self.namespace, self.cluster, verdict) {
            Ok(defaults) => Ok(pods.with_defaults(defaults)),
            Err(error) => {
                verdict.keep_failure(Err(error))?;
                Ok(pods.with_unknown_defaults())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaTargetRequests;
    use crate::testing::{bare, cluster, hpa, sized, utilization};

    #[test]
    fn a_failed_look_up_refuses_or_warns() {
        let only_cpu = hpa(&json!([utilization("cpu")]));
        let object = hpa(&json!([utilization("cpu"), utilization("CPU")]));
        let grant =
            "Policy has not been granted access to Kubernetes apps/v1/Deployment resources.";
        let silent = "deadline has elapsed";
        let misspelt = "spec.metrics[1].resource.name: \"CPU\" is not a resource, but \"cpu\" is, so the autoscaler \
                        can only grow (FailedGetResourceMetric); fix: write cpu [unknown_resource]";
        let refused =
            format!("HorizontalPodAutoscaler shop/web violates hpa-target-requests: {misspelt}");
        let warning = |what: &str| {
            format!(
                "warning: hpa-target-requests: request: cannot be judged: {what}; fix: see why the look-up failed \
                 [unjudged]"
            )
        };
        let not_granted = "Deployment shop/web may not be read by the policy: add the kind to its \
                           spec.contextAwareResources, which only a ClusterAdmissionPolicy has, and let the service account of \
                           its policy server get, list and \
                           watch it";
        for (object, there, reason, lines) in [
            (
                &only_cpu,
                MemoryCluster::failing(grant),
                &*format!(
                    "HorizontalPodAutoscaler shop/web cannot be judged by hpa-target-requests: {not_granted}"
                ),
                vec![warning(not_granted)],
            ),
            (
                &object,
                MemoryCluster::failing(grant),
                &*refused,
                vec![misspelt.to_owned(), warning(not_granted)],
            ),
            (
                &bare(),
                MemoryCluster::failing(silent),
                "Deployment shop/web cannot be judged by hpa-target-requests: the list of HorizontalPodAutoscalers in \
                 shop could not be looked up: deadline has elapsed",
                vec![warning(
                    "the list of HorizontalPodAutoscalers in shop could not be looked up: deadline has elapsed",
                )],
            ),
            (
                &object,
                cluster(&[bare()]).with_error("v1", "LimitRange", silent),
                &*refused,
                vec![
                    misspelt.to_owned(),
                    warning(
                        "the list of LimitRanges in shop could not be looked up: deadline has elapsed",
                    ),
                ],
            ),
        ] {
            let review = Review::create(object).in_cluster(there);
            let response = review.judge::<HpaTargetRequests>();
            assert_eq!(response.message.as_deref(), Some(reason));
            let code = if reason == refused { 403 } else { 500 };
            assert_eq!(response.code, Some(code));
            let review = review.with(json!({"onLookupFailure": "warn"}));
            // What does not depend on the cluster is still refused.
            assert_eq!(review.lines::<HpaTargetRequests>(), lines);
        }
    }

    #[test]
    fn a_failed_look_up_does_not_stop_an_update_of_nothing_that_is_judged() {
        let labelled = |object: &Value| {
            let mut object = object.clone();
            object["metadata"]["labels"] = json!({"a": "b"});
            object["spec"]["replicas"] = json!(7);
            object
        };
        let mut v1 = hpa(&json!(null));
        v1["apiVersion"] = json!("autoscaling/v1");
        let mut annotated = v1.clone();
        annotated["metadata"]["annotations"] =
            json!({"autoscaling.alpha.kubernetes.io/metrics": "[{\"type\":\"External\"}]"});
        let autoscaler = hpa(&json!([utilization("cpu")]));
        for (old, new, accepted) in [
            (&bare(), labelled(&bare()), true),
            (&sized(), bare(), false),
            (&autoscaler, labelled(&autoscaler), true),
            (&autoscaler, hpa(&json!([utilization("memory")])), false),
            (&v1, labelled(&v1), true),
            (&annotated, v1.clone(), false),
        ] {
            let silent = MemoryCluster::failing("deadline has elapsed");
            let review = Review::update(old, &new).in_cluster(silent);
            let response = review.judge::<HpaTargetRequests>();
            assert_eq!(response.accepted, accepted, "{new}");
            let all = review.with(json!({"onUpdate": "enforceAll"}));
            assert!(!all.judge::<HpaTargetRequests>().accepted);
        }
    }
}
