//! A port that a Service does not have.

use shared::{Finding, IntOrString, Level, Rule, Verdict, quote, rule};

use super::NO_REQUEST;
use crate::backends::BackendRef;
use crate::names::{some_of, told, written};
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
    let ports = || service.ports.iter().filter(|port| port.protocol == "TCP");
    let meant = by_target;
    let meant = meant.or_else(|| ports().next().filter(|_| ports().count() == 1));
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
        None if ports().next().is_none() => "give the Service a port".to_owned(),
        None => {
            let mut all = Vec::new();
            for port in ports() {
                all.push(match port.name {
                    "" => port.number.to_string(),
                    name => format!("{} {}", port.number, quote(name)),
                });
            }
            format!("write one of its ports: {}", some_of(&all))
        }
    }
}
