//! A port that a Service does not have.

use shared::{Finding, IntOrString, Level, Rule, Verdict, quote, rule, written};

use super::NO_REQUEST;
use crate::backends::BackendRef;
use crate::names::{some_of, told};
use crate::review::Review;
use crate::views::{Service, ServicePort};

pub(crate) static RULE: Rule = rule! {
    id: "missing_port",
    summary: "A backend with a port that its Service does not have",
    why: "The controller answers 503, and says so in its log alone. ingress-nginx alone takes a `targetPort` instead, and it \
          is retired",
    fix: "write a port of the Service",
    levels: [
        Deny by "missingPort",
        Warn by "missingPort" for "the `targetPort` of the Service, in an Ingress",
    ],
};

/// Reports a port that is none of the Service. One of type `ExternalName` needs none.
pub(crate) fn check(
    review: &Review<'_>,
    reference: &BackendRef<'_>,
    service: &Service<'_>,
    verdict: &mut Verdict,
) {
    let Some(wanted) = reference.port.filter(|_| !service.is_external()) else {
        return;
    };
    let is_wanted = |port: &ServicePort<'_>| match wanted {
        IntOrString::Int(number) => port.number == number,
        IntOrString::String(name) => port.name == name,
    };
    let mut found = service
        .ports
        .iter()
        .filter(|port| is_wanted(port))
        .peekable();
    // Those who read Ingresses and routes for HTTP speak TCP.
    let only_other = found.peek().map(|port| port.protocol);
    if found.any(|port| port.protocol == "TCP") {
        return;
    }
    let by_target = service.ports.iter().find(|port| port.target == wanted);
    let by_target = by_target.filter(|_| reference.is_of_ingress && only_other.is_none());
    let level = reference.at_most(review.settings.missing_port);
    let level = match by_target {
        Some(_) => level.at_most(Level::Warn),
        None => level,
    };
    verdict.report_with(level, &|| {
        let (service_name, port) = (quote(reference.service), told(wanted));
        let reason = match (only_other, by_target) {
            (Some(protocol), _) => format!("port {port} of Service {service_name} is {protocol}"),
            (None, Some(_)) => format!(
                "{port} is a targetPort of Service {service_name} and no port of it, which only ingress-nginx takes"
            ),
            (None, None) => format!("there is no port {port} in Service {service_name}"),
        };
        let fix = fix(reference, by_target, service);
        let place = match (wanted, reference.is_of_ingress) {
            (_, false) => "port",
            (IntOrString::Int(_), true) => "port.number",
            (IntOrString::String(_), true) => "port.name",
        };
        let place = format!("{}.{place}", reference.place);
        let finding = Finding::new(&RULE, &place, reason);
        let finding = match by_target {
            Some(_) => finding,
            None => finding.consequence(NO_REQUEST),
        };
        finding.fix(fix)
    });
}

/// What to write instead: the port that was meant, or all.
fn fix(
    reference: &BackendRef<'_>,
    by_target: Option<&ServicePort<'_>>,
    service: &Service<'_>,
) -> String {
    let mut ports = Vec::new();
    for port in &service.ports {
        if port.protocol == "TCP" {
            ports.push(port);
        }
    }
    let meant = match ports[..] {
        [port] => by_target.or(Some(port)),
        _ => by_target,
    };
    let field = if reference.is_of_ingress {
        "port.number"
    } else {
        "port"
    };
    match meant {
        Some(port) if port.name.is_empty() || !reference.is_of_ingress => {
            format!("write {field}: {}", port.number)
        }
        Some(port) => format!(
            "write port.name: {} or {field}: {}",
            written(port.name),
            port.number
        ),
        None if ports.is_empty() => "give the Service a port".to_owned(),
        None => {
            let mut all = Vec::new();
            for port in ports {
                all.push(match port.name {
                    "" => port.number.to_string(),
                    name => format!("{} {}", port.number, quote(name)),
                });
            }
            format!("write one of its ports: {}", some_of(&all))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::ServiceRoutes;
    use crate::testing::{cluster, fixes, ingress, service};

    /// What is said of an Ingress and of a route to a port of a Service with these ports.
    fn said(port: &Value, ports: &Value) -> [Vec<String>; 2] {
        let mut service = service(&json!({}));
        service["spec"]["ports"] = ports.clone();
        let route = json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": "shop", "namespace": "shop"},
            "spec": {"rules": [{"backendRefs": [{"name": "web", "port": port["number"]}]}]},
        });
        [ingress(port), route].map(|object| {
            let there = cluster(std::slice::from_ref(&service));
            Review::create(&object)
                .in_cluster(there)
                .lines::<ServiceRoutes>()
        })
    }

    const BACKEND: &str = "spec.rules[0].http.paths[0].backend.service.port";
    const ROUTE: &str = "spec.rules[0].backendRefs[0].port";

    #[test]
    fn a_fix_names_the_port_that_was_meant_or_all() {
        let port = |name: &str, number: u16, target: u16| json!({"name": name, "port": number, "targetPort": target});
        let udp = json!({"name": "dns", "port": 53, "protocol": "UDP"});
        for (ports, of_ingress, of_route) in [
            // The only one.
            (
                json!([port("", 80, 1)]),
                "write port.number: 80",
                "write port: 80",
            ),
            (
                json!([port("http", 80, 1), udp]),
                "write port.name: http or port.number: 80",
                "write port: 80",
            ),
            // Of an Ingress, one whose targetPort it is.
            (
                json!([port("a", 80, 1), port("b", 81, 8080), port("c", 82, 8080)]),
                "write port.name: b or port.number: 81",
                "write one of its ports: 80 \"a\", 81 \"b\", 82 \"c\"",
            ),
            (
                json!([port("", 80, 1), port("b", 81, 2), udp]),
                "write one of its ports: 80, 81 \"b\"",
                "write one of its ports: 80, 81 \"b\"",
            ),
            (
                json!([udp]),
                "give the Service a port",
                "give the Service a port",
            ),
            (
                json!([]),
                "give the Service a port",
                "give the Service a port",
            ),
        ] {
            let told = said(&json!({"number": 8080}), &ports).map(|lines| fixes(&lines));
            assert_eq!(
                told,
                [
                    vec![format!("{BACKEND}.number: {of_ingress}")],
                    vec![format!("{ROUTE}: {of_route}")]
                ],
                "{ports}"
            );
        }
    }

    #[test]
    fn only_a_port_of_its_protocol_counts() {
        let ports = json!([
            {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"},
            {"name": "tcp", "port": 53, "targetPort": 53},
            {"name": "log", "port": 514, "targetPort": 514, "protocol": "UDP"},
        ]);
        for (port, expected) in [
            (json!({"number": 53}), None),
            (json!({"name": "tcp"}), None),
            (
                json!({"name": "dns"}),
                Some("port \"dns\" of Service \"web\" is UDP"),
            ),
            (
                json!({"number": 514}),
                Some("port 514 of Service \"web\" is UDP"),
            ),
            (
                json!({"name": "web"}),
                Some("there is no port \"web\" in Service \"web\""),
            ),
        ] {
            let [lines, _] = said(&port, &ports);
            let field = if port["name"].is_string() {
                "name"
            } else {
                "number"
            };
            let expected = expected.map(|reason| {
                format!(
                    "{BACKEND}.{field}: {reason}, so no request arrives; fix: write port.name: tcp or port.number: 53 \
                     [missing_port]"
                )
            });
            assert_eq!(lines, Vec::from_iter(expected), "{port}");
        }
    }
}
