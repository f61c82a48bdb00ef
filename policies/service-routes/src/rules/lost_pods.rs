//! Pods that a Service selected, and that leave it without any.

use shared::kubernetes::selector::Labels;
use shared::{Finding, Rule, Verdict, quote, rule};

use crate::names::label;
use crate::review::Review;
use crate::views::{Service, Workload};

pub(crate) static RULE: Rule = rule! {
    id: "lost_pods",
    summary: "An UPDATE of a workload whose pods a Service selected and does not select any more, where it has no others",
    why: "As soon as the roll-out is through, the Service answers `connection refused`, and no event says why",
    fix: "keep the labels, or change the selector of the Service first",
    levels: [Deny by "workloads"],
};

/// Reports that a Service is left without pods.
pub(crate) fn check(
    review: &Review<'_>,
    service: &Service<'_>,
    selector: &Labels<'_>,
    workload: &Workload<'_>,
    template: &str,
    verdict: &mut Verdict,
) {
    let labels = &workload.template.labels;
    let pairs = selector.pairs().iter();
    let mut lost = pairs.filter(|(key, value)| labels.get(key) != Some(value));
    // What runs to its end is not what a Service is for.
    let Some((key, value)) = lost.next().filter(|_| !workload.ends()) else {
        return;
    };
    verdict.report_with(review.settings.workloads, &|| {
        let name = quote(service.name);
        let now = match labels.get(key) {
            None => "is gone".to_owned(),
            Some(now) => format!("is {} now", quote(now)),
        };
        let label = label(key, value);
        let reason = format!(
            "the selector of Service {name} has {label}, which {now}, and no other workload has it"
        );
        let fix = format!("keep {label}, or change the selector of Service {name} first");
        let place = format!("{template}.metadata.labels");
        Finding::new(&RULE, &place, reason)
            .consequence(", so it is left without pods")
            .fix(fix)
    });
}
