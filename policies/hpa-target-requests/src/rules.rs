//! The rules, one in a file.

use shared::{Rule, Verdict};

use crate::pair::Pair;
use crate::pods::Failure;
use crate::settings::Settings;

pub(crate) mod missing_container;
pub(crate) mod missing_request;
pub(crate) mod missing_target;
pub(crate) mod uninspected_target;
pub(crate) mod unknown_resource;
pub(crate) mod unreadable_object;
pub(crate) mod unscalable_target;
pub(crate) mod zero_request;

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

/// Reports why the metric of a pair cannot be computed.
pub(crate) fn check(
    pair: &Pair<'_>,
    failure: &Failure<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    match failure {
        Failure::MissingRequest(container) => missing_request::check(pair, *container, verdict),
        Failure::MissingPodRequest => missing_request::check_pod(pair, verdict),
        Failure::ZeroRequest(container) => zero_request::check(pair, *container, verdict),
        Failure::MissingContainer(other) => {
            let name = pair.metric.container.as_deref().unwrap_or_default();
            missing_container::check(pair, name, *other, settings, verdict);
        }
    }
}
