//! The rules, one in a file.

use shared::Rule;

pub(crate) mod duplicate_horizontal;
pub(crate) mod duplicate_vertical;
pub(crate) mod indirect_target;
pub(crate) mod shared_average_value;
pub(crate) mod shared_resource;
pub(crate) mod shared_target;
pub(crate) mod startup_boost;
pub(crate) mod unreadable_object;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &duplicate_horizontal::RULE,
    &duplicate_vertical::RULE,
    &indirect_target::RULE,
    &shared_average_value::RULE,
    &shared_resource::RULE,
    &shared_target::RULE,
    &startup_boost::RULE,
    &unreadable_object::RULE,
];
