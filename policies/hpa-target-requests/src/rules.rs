//! The rules, one in a file.

use shared::Rule;
use shared::kubernetes::autoscaling::{HorizontalPodAutoscaler, Metric};

use crate::failure::{depends_on_defaults, failure};
use crate::measured::{MEASURED, is_measured};
use crate::pair::{Pair, Side};
use crate::pods::{Failure, Pods};
use crate::report::Report;
use crate::settings::Settings;

mod missing_container;
mod missing_request;
pub(crate) mod missing_target;
pub(crate) mod uninspected_target;
pub(crate) mod unknown_resource;
pub(crate) mod unreadable_object;
pub(crate) mod unscalable_target;
mod zero_request;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &missing_container::RULE,
    &missing_request::RULE,
    &missing_target::RULE,
    &uninspected_target::RULE,
    &unknown_resource::RULE,
    &unreadable_object::RULE,
    &unscalable_target::RULE,
    &zero_request::RULE,
];

/// Judges an autoscaler and the pods that it measures, metric by metric.
pub(crate) fn check_metrics(
    autoscaler: &HorizontalPodAutoscaler<'_>,
    pods: &Pods<'_>,
    side: Side,
    settings: &Settings,
    report: &mut Report<'_>,
) {
    let is_unknown =
        |metric: &Metric<'_>| !pods.know_defaults() && depends_on_defaults(metric, pods);
    let works = |metric: &Metric<'_>| {
        is_measured(metric, settings) && (failure(metric, pods).is_none() || is_unknown(metric))
    };
    let nothing_works = autoscaler.other_metrics == 0 && !autoscaler.metrics.iter().any(works);
    for metric in &autoscaler.metrics {
        // This is wrong whatever the pods are.
        if side == Side::Autoscaler {
            // In the order of the metrics.
            if !MEASURED.contains(&&*metric.resource) {
                report.flush();
            }
            unknown_resource::check(metric, !nothing_works, settings, report.verdict);
        }
        let pair = &Pair {
            autoscaler,
            metric,
            pods,
            side,
            nothing_works,
        };
        if let Some(failure) = failure(metric, pods).filter(|_| !is_unknown(metric)) {
            check(pair, &failure, settings, report);
        }
    }
}

/// Reports why the metric of a pair cannot be computed.
fn check(pair: &Pair<'_>, failure: &Failure<'_>, settings: &Settings, report: &mut Report<'_>) {
    match failure {
        Failure::MissingRequest(container) => missing_request::check(pair, *container, report),
        Failure::MissingPodRequest => missing_request::check_pod(pair, report),
        Failure::ZeroRequest(container) => zero_request::check(pair, *container, report),
        Failure::MissingContainer(other) => {
            let name = pair.metric.container.as_deref().unwrap_or_default();
            missing_container::check(pair, name, *other, settings, report);
        }
    }
}
