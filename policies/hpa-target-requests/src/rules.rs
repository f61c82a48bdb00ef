//! The rules, one in a file.

use shared::Rule;

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
