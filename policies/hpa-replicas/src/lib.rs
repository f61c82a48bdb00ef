//! Tells when a manifest sets the replicas that an autoscaler sets.
//!
//! Both sides are judged: a workload against the autoscalers that scale it, and an autoscaler against its target. What
//! counts is who sent `spec.replicas` (`sent`): the API server fills the field in, and the autoscaler changes it, so
//! that it is always there. Where nothing proves that an author sent it, and nothing changes it, nothing is looked up.

mod advice;
mod autoscaler;
mod review;
mod rules;
mod sent;
pub mod settings;
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
pub struct HpaReplicas;

shared::export_policy!(HpaReplicas);

impl Policy for HpaReplicas {
    const NAME: &'static str = "hpa-replicas";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
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
        } else if views::is_scalable(&request.kind) {
            workload::judge(&review, &mut verdict)
        } else {
            return Ok(Verdict::unclaimed(request));
        };
        verdict.or_unjudged(judged, || {
            settings.on_lookup_failure == OnLookupFailure::Warn || review.is_untouched()
        })
    }
}
