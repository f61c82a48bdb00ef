//! What every policy says in the same words.

mod unclaimed_kind;
pub(crate) mod unjudged;
