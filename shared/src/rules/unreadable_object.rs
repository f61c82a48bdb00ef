//! An object of the cluster that cannot be read.

use crate::cluster;
use crate::rule;
use crate::rule::Rule;
use crate::verdict::Verdict;
use document::Cursor;
use document::DecodeError;

/// An object of the cluster that cannot be read.
pub static RULE: Rule = rule! {
    id: "unreadable_object",
    summary: "An object of the namespace that is not what it should be, and was skipped",
    why: "One broken object must not keep all others from being judged",
    fix: "correct that object",
    levels: [Warn],
};

/// Warns of it.
pub fn check(kind: &str, object: &Cursor<'_>, error: &DecodeError, verdict: &mut Verdict) {
    let reason = cluster::skipped(kind, object, error);
    verdict.warn(&RULE, &"metadata.namespace", reason);
}
