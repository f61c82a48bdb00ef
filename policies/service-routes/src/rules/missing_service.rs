//! A backend that does not exist.

use shared::{Finding, Rule, Verdict, quote, rule, written};

use super::NO_REQUEST;
use crate::backends::BackendRef;
use crate::names::nearest;
use crate::review::Review;
use crate::views::Service;

pub(crate) static RULE: Rule = rule! {
    id: "missing_service",
    summary: "A backend whose Service does not exist in the namespace",
    why: "The controller answers 503, and says so in its log alone. The Service may come later, therefore only a warning \
          by default",
    fix: "create the Service, or correct its name",
    levels: [Warn by "missingService"],
};

/// Reports a Service that is not among those of its namespace.
pub(crate) fn check(
    review: &Review<'_>,
    reference: &BackendRef<'_>,
    services: &[Service<'_>],
    verdict: &mut Verdict,
) {
    let level = reference.at_most(review.settings.missing_service);
    verdict.report_with(level, &|| {
        let reason = format!(
            "there is no Service {} in namespace {}",
            quote(reference.service),
            quote(reference.namespace)
        );
        let mut names = services.iter().map(|service| service.name);
        let place = format!("{}.name", reference.place);
        let finding = Finding::new(&RULE, &place, reason).consequence(NO_REQUEST);
        match nearest(reference.service, &mut names) {
            Some(near) => finding.fix(format!("write {}, or create the Service", written(near))),
            None => finding,
        }
    });
}
