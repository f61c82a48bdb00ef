//! A route to a Service of another namespace, which that namespace does not allow.

use shared::{Finding, Rule, Verdict, quote, rule, written};

use super::NO_REQUEST;
use crate::backends::BackendRef;
use crate::review::Review;

pub(crate) static RULE: Rule = rule! {
    id: "missing_grant",
    summary: "An HTTPRoute or GRPCRoute to a Service of another namespace, in which no ReferenceGrant allows it",
    why: "The route answers 500 (`RefNotPermitted` in its status) until there is one. It may come later, therefore only a \
          warning by default",
    fix: "add a ReferenceGrant in the namespace of the Service",
    levels: [Warn by "missingGrant"],
};

/// Reports a reference that nothing allows. Whether there is such a Service is then not looked up.
pub(crate) fn check(review: &Review<'_>, reference: &BackendRef<'_>, verdict: &mut Verdict) {
    let level = reference.at_most(review.settings.missing_grant);
    verdict.report_with(level, &|| {
        let kind = review.request.kind.kind;
        let reason = format!(
            "no ReferenceGrant of namespace {} allows {kind}s of {} to refer to Service {}",
            quote(reference.namespace),
            quote(review.namespace),
            quote(reference.service)
        );
        let fix = format!(
            "add a ReferenceGrant in namespace {}, from {kind} of namespace {} to Service {}",
            written(reference.namespace),
            written(review.namespace),
            written(reference.service)
        );
        let place = format!("{}.namespace", reference.place);
        Finding::new(&RULE, &place, reason)
            .consequence(NO_REQUEST)
            .fix(fix)
    });
}
