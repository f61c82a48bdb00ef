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
        let first = declared.find(|declared| {
            declared.protocol == port.protocol && (!is_aside(declared.name) || is_aside(port.name))
        })?;
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

/// Whether a port is for metrics or probes, by its name. Where pods declare no other, they do not declare all: a gateway of
/// Istio declares `http-envoy-prom` alone.
pub(crate) fn is_aside(name: &str) -> bool {
    // A search for whole words would take 2 KB.
    let is_word = |part: &[u8]| matches!(part, b"metr" | b"prom" | b"heal" | b"prob");
    name.as_bytes().windows(4).any(is_word)
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
        let http = json!({"name": "http", "containerPort": 8080});
        let fix = |name: &str| {
            vec![format!(
                "spec.ports[0].targetPort: write targetPort: {name}, which container \"app\" declares"
            )]
        };
        for (protocol, declared, expected) in [
            ("TCP", vec![&dns, &http], fix("http")),
            ("UDP", vec![&http, &dns], fix("dns")),
            ("TCP", vec![&dns], vec![]),
            ("SCTP", vec![&dns, &http], vec![]),
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

    #[test]
    fn ports_for_metrics_alone_are_not_all_that_pods_have() {
        let of = |service_port: &str, declared: &[&str]| {
            let mut ports = Vec::new();
            for name in declared {
                ports.push(json!({"name": name, "containerPort": 15000 + ports.len()}));
            }
            let port = json!({"name": service_port, "port": 80});
            let mut workload = deployment(&json!({"app": "web"}), &json!({}));
            workload["spec"]["template"]["spec"]["containers"][0]["ports"] = json!(ports);
            let review = Review::create(&service(&port)).in_cluster(cluster(&[workload]));
            fixes(&review.lines::<ServiceRoutes>())
        };
        for name in [
            "metrics",
            "http-metrics",
            "http-envoy-prom",
            "prom",
            "prometheus",
            "healthz",
            "health",
            "probe",
        ] {
            assert_eq!(of("http", &[name]), [""; 0], "{name}");
            // Another one is what was meant.
            let fix = |name: &str| {
                let place = "spec.ports[0].targetPort";
                [format!(
                    "{place}: write targetPort: {name}, which container \"app\" declares"
                )]
            };
            assert_eq!(of("http", &[name, "web"]), fix("web"), "{name}");
            // Unless the Service is for metrics itself.
            assert_eq!(of("http-metrics", &[name, "web"]), fix(name), "{name}");
        }
        assert_eq!(of("http", &["", "met"]).len(), 1);
    }
}
