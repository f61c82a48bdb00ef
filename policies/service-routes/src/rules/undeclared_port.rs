//! A Service whose ports are none of those of its pods.

use shared::{FieldPath, Finding, IntOrString, Rule, Verdict, quote, rule};

use crate::names::told;
use crate::review::Review;
use crate::views::{self, Service, Workload};

pub(crate) static RULE: Rule = rule! {
    id: "undeclared_port",
    summary: "A Service whose pods declare ports, of which none is a `targetPort` of it",
    why: "A container may listen on a port that it does not declare. Where all that it declares are others, the number of \
          one of the two is most likely out of date",
    fix: "write a port that a container declares",
    levels: [Warn by "undeclaredPort"],
};

/// Reports a Service none of whose ports was found, where there is a port of its protocol to name. DNS answers for a
/// headless one, whatever its ports are.
pub(crate) fn check(
    review: &Review<'_>,
    service: &Service<'_>,
    selected: &[&Workload<'_>],
    verdict: &mut Verdict,
) {
    let ports = service.ports.iter().enumerate();
    let mut numbered = ports.filter(|(_, port)| matches!(port.target, IntOrString::Int(_)));
    let found = numbered.find_map(|(index, port)| {
        let templates = selected.iter().map(|workload| &workload.template);
        let mut declared = templates.flat_map(|template| &template.ports);
        let first = declared.find(|declared| declared.protocol == port.protocol)?;
        Some((index, port, first))
    });
    let Some((index, port, first)) = found.filter(|_| !service.is_headless) else {
        return;
    };
    verdict.report_with(review.settings.undeclared_port, &|| {
        let reason = format!(
            "no container of {} declares {}, while they declare other ports",
            views::told(selected),
            told(port.target)
        );
        let fix = format!(
            "write targetPort: {}, which container {} declares",
            first.target(),
            quote(first.container)
        );
        let ports = FieldPath::new("spec.ports");
        let place = ports.index(index);
        Finding::new(&RULE, &place.child("targetPort"), reason).fix(fix)
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::Review;

    use crate::ServiceRoutes;
    use crate::testing::{cluster, deployment, fixes, service};

    #[test]
    fn names_a_port_of_the_same_protocol() {
        let dns = json!({"name": "dns", "containerPort": 53, "protocol": "UDP"});
        let metrics = json!({"name": "metrics", "containerPort": 9090});
        let fix = |name: &str| {
            vec![format!(
                "spec.ports[0].targetPort: write targetPort: {name}, which container \"app\" declares"
            )]
        };
        for (protocol, declared, expected) in [
            ("TCP", vec![&dns, &metrics], fix("metrics")),
            ("UDP", vec![&metrics, &dns], fix("dns")),
            ("TCP", vec![&dns], vec![]),
            ("SCTP", vec![&dns, &metrics], vec![]),
        ] {
            let port = json!({"port": 80, "targetPort": 3000, "protocol": protocol});
            let mut workload = deployment(&json!({"app": "web"}), &json!({}));
            workload["spec"]["template"]["spec"]["containers"][0]["ports"] = json!(declared);
            let review = Review::create(&service(&port)).in_cluster(cluster(&[workload]));
            assert_eq!(
                fixes(&review.lines::<ServiceRoutes>()),
                expected,
                "{protocol} {declared:?}"
            );
        }
    }
}
