//! Pods that get requests for others.

use std::fmt;

use shared::{FieldPath, Finding, Rule, Verdict, quote, rule, written};

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
    (service, number): (&Service<'_>, i64),
    declaring: &Workload<'_>,
    strays: &[&Workload<'_>],
    place: &FieldPath<'_>,
    verdict: &mut Verdict,
) {
    if strays.is_empty() {
        return;
    }
    verdict.report_with(review.settings.stray_pods, &|| {
        let selects = format!("also selects the pods of {}", views::told(strays));
        finding(place, &selects, (service, number), declaring, "the Service")
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
        let name = format!("Service {}", quote(service.name));
        let selects = format!("of {name} also selects these pods");
        let place = format!("{template}.metadata.labels");
        finding(&place, &selects, (service, number), first, &name)
    });
}

/// What is said of pods that the selector selects as well as those that declare the number.
fn finding(
    place: &dyn fmt::Display,
    selects: &str,
    (service, number): (&Service<'_>, i64),
    declaring: &Workload<'_>,
    service_name: &str,
) -> Finding {
    let reason = format!(
        "the selector {selects}, which do not declare {number} as {} does",
        declaring.told()
    );
    let label = "change the value of a label in the selector; an added label does not help";
    // DNS answers for it with all pods, whatever they declare.
    let fix = if service.is_headless {
        label.to_owned()
    } else {
        let name = declaring.template.numbered(number).map(|port| port.name);
        let target = match name.unwrap_or_default() {
            "" => format!("give containerPort {number} a name and write that as targetPort"),
            name => format!("write targetPort: {}", written(name)),
        };
        format!(
            "{target} in {service_name} (only pods that declare the name get requests), or {label}"
        )
    };
    Finding::new(&RULE, place, reason)
        .consequence(", so a part of the requests fails")
        .fix(fix)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::ServiceRoutes;
    use crate::testing::{cluster, deployment, fixes, service};

    #[test]
    fn a_name_does_not_help_where_dns_answers_with_all_pods() {
        let labels = json!({"app": "web"});
        let web = deployment(&labels, &json!({"name": "redis", "containerPort": 6379}));
        let mut other = deployment(&labels, &json!({"name": "metrics", "containerPort": 9121}));
        other["metadata"]["name"] = json!("exporter");
        let mut service = service(&json!({"port": 6379}));
        let label = "change the value of a label in the selector; an added label does not help";
        let name = "(only pods that declare the name get requests), or";
        let expected = |name: &str, own: &str| {
            [
                vec![format!(
                    "spec.ports[0].targetPort: {}{label}",
                    name.replace("{}", "the Service")
                )],
                vec![format!(
                    "spec.template.metadata.labels: {}{label}",
                    name.replace("{}", own)
                )],
            ]
        };
        let found = |service: &Value| {
            let there = |object: &Value, others: &[Value]| {
                let review = Review::create(object).in_cluster(cluster(others));
                fixes(&review.lines::<ServiceRoutes>())
            };
            [
                there(service, &[web.clone(), other.clone()]),
                there(&other, &[web.clone(), service.clone()]),
            ]
        };
        let named = format!("write targetPort: redis in {{}} {name} ");
        assert_eq!(found(&service), expected(&named, "Service \"web\""));
        service["spec"]["clusterIP"] = json!("None");
        assert_eq!(found(&service), expected("", ""));
    }
}
