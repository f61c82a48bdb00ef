//! Pods that get requests for others.

use shared::{FieldPath, Finding, Rule, Verdict, quote, rule};

use crate::names::written;
use crate::review::Review;
use crate::views::{self, Service, Workload};

pub(crate) static RULE: Rule = rule! {
    id: "stray_pods",
    summary: "A `targetPort` that is a number, which some of the selected pods declare and others do not",
    why: "A number is not looked up: all pods with the labels get requests, databases, workers and the pods of a CronJob as \
          well, and a part of the requests fails",
    fix: "write the name of the port as targetPort, or change the value of a label in the selector",
    levels: [Warn by "strayPods"],
};

/// Reports the workloads among those that a Service selects that do not declare the number.
pub(crate) fn check_service(
    review: &Review<'_>,
    declaring: &Workload<'_>,
    number: i64,
    strays: &[&Workload<'_>],
    place: &FieldPath<'_>,
    verdict: &mut Verdict,
) {
    if strays.is_empty() {
        return;
    }
    verdict.report_with(review.settings.stray_pods, &|| {
        let reason = format!(
            "the selector also selects the pods of {}, which do not declare {number} as {} does",
            views::told(strays),
            declaring.told()
        );
        Finding::new(&RULE, place, reason)
            .consequence(CONSEQUENCE)
            .fix(fix(number, declaring, "the Service"))
    });
}

/// Reports that the pods of a workload get requests for those of others.
pub(crate) fn check_workload(
    review: &Review<'_>,
    service: &Service<'_>,
    number: i64,
    workload: &Workload<'_>,
    declaring: &[&Workload<'_>],
    template: &str,
    verdict: &mut Verdict,
) {
    // Beside a manifest, one of its name is a variant of it.
    let is_same = |other: &&Workload<'_>| other.is(workload);
    let first = declaring
        .iter()
        .min_by_key(|other| (other.kind, other.name));
    let Some(first) = first.filter(|_| !declaring.iter().any(is_same)) else {
        return;
    };
    verdict.report_with(review.settings.stray_pods, &|| {
        let name = quote(service.name);
        let reason = format!(
            "the selector of Service {name} also selects these pods, which do not declare {number} as {} does",
            first.told()
        );
        let place = format!("{template}.metadata.labels");
        Finding::new(&RULE, &place, reason)
            .consequence(CONSEQUENCE)
            .fix(fix(number, first, &format!("Service {name}")))
    });
}

const CONSEQUENCE: &str = ", so a part of the requests fails";

fn fix(number: i64, declaring: &Workload<'_>, service: &str) -> String {
    let name = declaring.template.numbered(number).map(|port| port.name);
    let target = match name.unwrap_or_default() {
        "" => format!("give containerPort {number} a name and write that as targetPort"),
        name => format!("write targetPort: {}", written(name)),
    };
    format!(
        "{target} in {service} (only pods that declare the name get requests), or change the value of a label in the \
         selector; an added label does not help"
    )
}
