//! What policies say in the same words.

pub mod missing_pod_spec;
mod unclaimed_kind;
pub(crate) mod unjudged;
pub mod unreadable_object;
