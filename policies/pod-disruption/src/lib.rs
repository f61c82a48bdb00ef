//! Refuses what is meant to allow or prevent evictions and does nothing, and tells of budgets that never allow one.
//!
//! Every pod of an object is read into a `template::Template`: what its annotations say to Cluster Autoscaler and
//! Karpenter, and which volumes keep it on its node. A `PodDisruptionBudget` is read into a `budget::Budget`. What shows only
//! beside other objects is in `across`, and only warns by default.

mod across;
mod annotations;
mod budget;
mod duration;
mod namespace;
mod review;
mod rules;
pub mod settings;
mod slack;
mod template;
#[cfg(test)]
mod testing;
mod views;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use shared::kubernetes::autoscaling::Scaler;
use shared::kubernetes::kinds::{self, well_known};
use shared::kubernetes::workload::{self, PodSpecs};
use shared::kubernetes::{owner, volumes};
use shared::rules::missing_pod_spec;
use shared::settings::OnLookupFailure;
use shared::{Cluster, Error, GroupVersionKind, Level, Policy, Request, Rule, Verdict};

use crate::budget::Budget;
use crate::namespace::Workload;
use crate::review::Review;
use crate::settings::Settings;
use crate::template::{Source, Template};

/// The policy.
pub struct PodDisruption;

shared::export_policy!(PodDisruption);

impl Policy for PodDisruption {
    const NAME: &'static str = "pod-disruption";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field) || well_known::wants_whole(field)
    }

    fn wants_all(settings: &Settings) -> bool {
        !settings.custom_kinds.is_empty()
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
            name: request.object_name()?,
            settings,
            cluster,
        };
        let owner = owner::controller(&request.object())?;
        // What a controller makes is never refused: a pod that is missing is the very disruption.
        let ceiling = if owner.is_some() || request.is_by_kubernetes() {
            Level::Warn
        } else {
            Level::Deny
        };
        let judged = verdict.under(ceiling, |verdict| {
            if request.kind.is_a::<PodDisruptionBudget>() {
                judge_budget(&review, verdict)
            } else if request.kind.is_a::<HorizontalPodAutoscaler>() {
                let scaler = Scaler::read(&request.object())?;
                verdict.under(request.ceiling(), |verdict| {
                    across::judge_scaler(&scaler, &review, verdict)
                })
            } else {
                judge_pods(&review, owner, verdict)
            }
        });
        // What needs a look-up only warns by default, and what does not is in the verdict already.
        verdict.or_unjudged(judged, || {
            settings.on_lookup_failure == OnLookupFailure::Warn
        })
    }
}

/// Judges a budget by itself, and beside other objects.
fn judge_budget(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let budget = Budget::read(&review.request.object())?;
    rules::check_budget(&budget, review.settings, verdict);
    verdict.under(review.request.ceiling(), |verdict| {
        across::judge_budget(&budget, review, verdict)
    })
}

/// Judges all pods of an object by themselves, and a workload beside its budgets.
fn judge_pods(
    review: &Review<'_>,
    owner: Option<GroupVersionKind<'_>>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let (request, settings) = (review.request, review.settings);
    // The kubelet makes a mirror of a file on its node, and no drain asks for it.
    let was_judged = |owner| kinds::is_copy(&request.kind, &owner) || owner.is_a::<Node>();
    if owner.is_some_and(was_judged) {
        return Ok(());
    }
    let claims = volumes::claim_templates(request)?;
    let custom = &settings.custom_kinds;
    let specs = workload::every_template(request, custom, &mut |path, place, spec, holder| {
        if let Some(source) = Source::of(&request.kind, path, owner.as_ref()) {
            let template = Template::read((holder, spec), *place, source, &claims)?;
            rules::check_template(&template, settings, verdict);
            rules::check_above(request, &template, verdict)?;
        }
        Ok(())
    })?;
    match specs {
        PodSpecs::Unclaimed => *verdict = Verdict::unclaimed(request),
        PodSpecs::Missing(path) => missing_pod_spec::check(path, verdict),
        PodSpecs::Found => {}
    }
    if !namespace::is_workload(&request.kind) {
        return Ok(());
    }
    let workload = Workload::read(&request.object(), request.kind.kind)?;
    verdict.under(request.ceiling(), |verdict| {
        across::judge_workload(&workload, review, verdict)
    })
}
