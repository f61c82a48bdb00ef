//! Refuses workloads that refer to what cannot serve them.
//!
//! A pod spec is read into a `pod::Pod`: one list of everything that it names, whatever the field. What a finding may
//! depend on is looked up, each object once (`objects::Objects`). Then each rule judges the references to an object, or
//! what is mounted.
//!
//! The other direction, a `ConfigMap` or Secret that loses what workloads need, is judged by `users`.
//!
//! Kubernetes accepts any name, so what is not there (yet) only warns, and what is there and unfit is refused. The
//! answers of the host's cache are some seconds old: before one of them refuses, the object is looked up once more.

mod data;
mod objects;
mod place;
mod pod;
mod reference;
mod review;
mod rules;
pub mod settings;
mod sharing;
#[cfg(test)]
mod testing;
mod users;
mod values;
mod views;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use shared::kubernetes::workload::{self, PodSpecs};
use shared::rules::missing_pod_spec;
use shared::settings::OnLookupFailure;
use shared::{Cluster, Cursor, Error, FieldPath, Operation, Policy, Request, Rule, Verdict};

use crate::objects::Objects;
use crate::pod::{Pod, Workload};
use crate::review::Review;
use crate::rules::Judging;
use crate::settings::Settings;
use crate::views::Spec;

/// The policy.
pub struct WorkloadReferences;

shared::export_policy!(WorkloadReferences);

/// Where the spec of a workload is.
const SPEC: FieldPath<'static> = FieldPath::new("spec");

impl Policy for WorkloadReferences {
    const NAME: &'static str = "workload-references";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;
    const JUDGES_DELETIONS: bool = true;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
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
        let review = Review {
            request,
            namespace: request.object_namespace()?,
            settings,
            cluster,
        };
        if settings.exempt.has(review.namespace, request.username) {
            return Ok(verdict);
        }
        if request.kind.is_a::<ConfigMap>() || request.kind.is_a::<Secret>() {
            users::judge(&review, &mut verdict)?;
            // It is for what happens later, whatever happens now.
            return verdict.or_unjudged(Ok(()), || true);
        }
        if request.operation == Operation::Delete || review.is_settled()? {
            return Ok(verdict);
        }
        let workload = review.workload()?;
        let specs =
            workload::named_pod_specs(request, &settings.custom_kinds, &mut |_, place, spec| {
                judge(&review, &workload, place, spec, &mut verdict)
            })?;
        match specs {
            PodSpecs::Unclaimed => return Ok(Verdict::unclaimed(request)),
            PodSpecs::Missing(path) => missing_pod_spec::check(path, &mut verdict),
            PodSpecs::Found => {}
        }
        let passes = || settings.on_lookup_failure == OnLookupFailure::Warn;
        verdict.or_unjudged(Ok(()), passes)
    }
}

/// Judges the pods of a spec.
fn judge(
    review: &Review<'_>,
    workload: &Workload<'_>,
    place: &FieldPath<'_>,
    spec: &Cursor<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let spec = Spec::view(spec)?;
    let pod = Pod::new(&spec, place, &SPEC, workload);
    rules::check_alone(&pod, review.settings, verdict);
    // What belongs to no namespace makes pods in others.
    if pod.references.is_empty() || review.namespace.is_empty() {
        return Ok(());
    }
    let mut objects = Objects::of(&pod.references);
    objects.look_up(&pod, review, verdict)?;
    let ceiling = review.request.ceiling();
    let mut first = Verdict::accept();
    first.under(ceiling, |first| {
        judge_objects(&pod, &objects, review, first)
    })?;
    if first.says_nothing() {
        return Ok(());
    }
    // What refuses by an answer that may be some seconds old is looked up once more.
    objects.renew(review, verdict)?;
    verdict.under(ceiling, |verdict| {
        judge_objects(&pod, &objects, review, verdict)
    })
}

/// Judges what a pod names.
fn judge_objects(
    pod: &Pod<'_>,
    objects: &Objects<'_>,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let states = objects.states(review, verdict)?;
    let judging = Judging::new(pod, objects, &states, review);
    rules::check(&judging, verdict);
    Ok(())
}
