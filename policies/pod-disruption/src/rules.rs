//! The rules, one in a file.

use k8s_openapi::api::core::v1::Pod;
use shared::kubernetes::kinds;
use shared::rules::{missing_pod_spec, unreadable_object};
use shared::{DecodeError, FieldPath, Request, Rule, Verdict};

use crate::annotations::Marks;
use crate::budget::Budget;
use crate::settings::Settings;
use crate::template::Template;

mod bare_pod;
mod empty_budget;
mod inert_annotation;
mod local_storage;
mod misplaced_annotation;
pub(crate) mod overlapping_budgets;
mod spaced_volume_name;
pub(crate) mod tight_budget;
mod unknown_annotation_value;
mod unlisted_volume;
pub(crate) mod unselective_budget;
mod zero_budget;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &bare_pod::RULE,
    &empty_budget::RULE,
    &inert_annotation::RULE,
    &local_storage::RULE,
    &misplaced_annotation::RULE,
    &missing_pod_spec::RULE,
    &overlapping_budgets::RULE,
    &spaced_volume_name::RULE,
    &tight_budget::RULE,
    &unknown_annotation_value::RULE,
    &unlisted_volume::RULE,
    &unreadable_object::RULE,
    &unselective_budget::RULE,
    &zero_budget::RULE,
];

/// The object that is written, and that a finding points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// A budget.
    Budget,
    /// A workload that it is for.
    Workload,
    /// The autoscaler of that.
    Scaler,
}

/// Judges a pod, or the template of one.
pub(crate) fn check_template(template: &Template<'_>, settings: &Settings, verdict: &mut Verdict) {
    for (key, value) in template.annotations.iter() {
        // What is not read may have any value.
        if !inert_annotation::check(key, value, template, settings, verdict) {
            unknown_annotation_value::check(key, value, template, verdict);
        }
    }
    misplaced_annotation::check_labels(template, verdict);
    match template.listed_volumes() {
        Some(list) => {
            spaced_volume_name::check(list, template, verdict);
            unlisted_volume::check(list, template, settings, verdict);
        }
        None => local_storage::check(template, settings, verdict),
    }
    bare_pod::check(template, settings, verdict);
}

/// Judges the metadata above a template, which its pods do not get.
pub(crate) fn check_above(
    request: &Request<'_>,
    template: &Template<'_>,
    verdict: &mut Verdict,
) -> Result<(), DecodeError> {
    // A controller of another project may pass it on.
    if request.kind.is_a::<Pod>() || kinds::pod_spec_path(&request.kind).is_none() {
        return Ok(());
    }
    for path in ["metadata", "spec.jobTemplate.metadata"] {
        for field in ["annotations", "labels"] {
            let marks = request
                .object()
                .at(path, |metadata| Marks::read(metadata, field))?;
            let place = FieldPath::new(path);
            let place = place.child(field);
            misplaced_annotation::check(&marks.unwrap_or_default(), place, template, verdict);
        }
    }
    Ok(())
}

/// Judges a budget by itself.
pub(crate) fn check_budget(budget: &Budget<'_>, settings: &Settings, verdict: &mut Verdict) {
    if budget.selector.is_none() {
        unselective_budget::check(settings, verdict);
    }
    empty_budget::check(budget, verdict);
    zero_budget::check(budget, settings, verdict);
}
