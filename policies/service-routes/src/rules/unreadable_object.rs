//! An object of the cluster that cannot be read.

use shared::{Cursor, DecodeError, Rule, Verdict, cluster, rule};

pub(crate) static RULE: Rule = rule! {
    id: "unreadable_object",
    summary: "A Service, a workload or an Ingress of the namespace that is not what it should be, and was skipped",
    why: "One broken object must not keep all others from being judged",
    fix: "correct that object",
    levels: [Warn],
};

/// Warns of it.
pub(crate) fn check(kind: &str, object: &Cursor<'_>, error: &DecodeError, verdict: &mut Verdict) {
    let reason = cluster::skipped(kind, object, error);
    verdict.warn(&RULE, &"metadata.namespace", reason);
}
