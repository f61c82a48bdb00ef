//! The rules, one in a file.

use shared::Rule;

pub(crate) mod conflicting_class;
pub(crate) mod ignored_rewrite;
pub(crate) mod literal_pattern;
pub(crate) mod lost_path;
pub(crate) mod lost_pods;
pub(crate) mod lost_port;
pub(crate) mod missing_grant;
pub(crate) mod missing_group;
pub(crate) mod missing_port;
pub(crate) mod missing_service;
pub(crate) mod missing_target_port;
pub(crate) mod numeric_external_name;
pub(crate) mod shadowed_path;
pub(crate) mod stray_pods;
pub(crate) mod uncovered_host;
pub(crate) mod undeclared_port;
pub(crate) mod unknown_class;
pub(crate) mod unmatched_selector;
pub(crate) mod unreadable_object;
pub(crate) mod unused_tls_host;

/// What follows from most of what is found.
const NO_REQUEST: &str = ", so no request arrives";

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &conflicting_class::RULE,
    &ignored_rewrite::RULE,
    &literal_pattern::RULE,
    &lost_path::RULE,
    &lost_pods::RULE,
    &lost_port::RULE,
    &missing_grant::RULE,
    &missing_group::RULE,
    &missing_port::RULE,
    &missing_service::RULE,
    &missing_target_port::RULE,
    &numeric_external_name::RULE,
    &shadowed_path::RULE,
    &stray_pods::RULE,
    &uncovered_host::RULE,
    &undeclared_port::RULE,
    &unknown_class::RULE,
    &unmatched_selector::RULE,
    &unreadable_object::RULE,
    &unused_tls_host::RULE,
];
