//! A name that no container gives to a port.

use std::fmt;

use shared::{Finding, IntOrString, Level, Rule, Verdict, quote, rule, written};

use super::NO_REQUEST;
use crate::names::{is_port_name, nearest, told};
use crate::views::{self, DeclaredPort, Service, ServicePort, Workload};

pub(crate) static RULE: Rule = rule! {
    id: "missing_target_port",
    summary: "A `targetPort` that is a name, which no container of the pods gives to a port of the protocol",
    why: "A name is looked up in the pods, and what is not found is left out without a word: the Service answers \
          `connection refused`",
    fix: "give the name to a port of a container, or write another targetPort",
    levels: [
        Deny by "workloads",
        Warn by "services" for "a Service, which tools write first",
        Warn for "a headless Service, which DNS answers for all the same",
    ],
};

/// Reports that none of these workloads declares the port. `place` is that of the targetPort, where a Service is judged,
/// and `template` that of the template, where a workload is.
pub(crate) fn check(
    level: Level,
    (service, port): (&Service<'_>, &ServicePort<'_>),
    workloads: &[&Workload<'_>],
    place: &dyn fmt::Display,
    template: Option<&str>,
    verdict: &mut Verdict,
) {
    verdict.report_with(self::level(level, service), &|| {
        let (name, protocol) = (name(port), port.protocol);
        let (wanted, service_name) = (told(port.target), quote(service.name));
        let mut declared = Vec::new();
        for workload in workloads {
            declared.extend(&workload.template.ports);
        }
        let meant = meant(service, port, &declared);
        let (reason, here) = match template {
            None => {
                let all = views::told(workloads);
                let reason = format!("no container of {all} declares a port {wanted} ({protocol})");
                (reason, String::new())
            }
            Some(_) => (
                format!(
                    "no container declares the targetPort {wanted} ({protocol}) of Service {service_name}"
                ),
                format!(" in Service {service_name}"),
            ),
        };
        let write =
            |target: &str, why: &str| format!("write targetPort: {target}{here}{why}");
        // A container has one port of a name.
        let is_there = declared.iter().any(|declared| declared.name == name);
        let mut field = "name";
        let mut fix;
        match meant {
            _ if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                fix = write(name, " without quotes, which make a name of it");
            }
            _ if !is_port_name(name) => {
                let target = match meant {
                    Some(meant) => meant.target(),
                    None => "a number or another name".to_owned(),
                };
                let why = ", as a name of a port is up to 15 of a-z, 0-9 and -";
                fix = write(&target, why);
            }
            Some(meant) if meant.name == name => {
                field = "protocol";
                fix = format!(
                    "write protocol: {protocol} for the port {wanted} of container {}, which is {}",
                    quote(meant.container),
                    meant.protocol
                );
            }
            Some(meant) => {
                fix = String::new();
                if !is_there {
                    fix = format!("name containerPort {} {wanted}", meant.number);
                }
                if !meant.name.is_empty() {
                    fix.push_str(if fix.is_empty() { "" } else { ", or " });
                    fix.push_str(&write(&written(meant.name), ""));
                }
            }
            None if is_there => fix = write("a number or another name", ""),
            None => {
                fix = format!("declare a port {wanted}, or write a number as targetPort{here}");
            }
        }
        let place = match (template, meant) {
            (Some(template), Some(meant)) => format!("{}.{field}", meant.place(template)),
            (Some(template), None) => format!("{template}.spec.containers"),
            (None, _) => place.to_string(),
        };
        Finding::new(&RULE, &place, reason)
            .consequence(NO_REQUEST)
            .fix(fix)
    });
}

/// DNS answers for a headless Service with the addresses of all pods, whatever its ports are.
fn level(level: Level, service: &Service<'_>) -> Level {
    if service.is_headless {
        level.at_most(Level::Warn)
    } else {
        level
    }
}

fn name<'a>(port: &ServicePort<'a>) -> &'a str {
    match port.target {
        IntOrString::String(name) => name,
        IntOrString::Int(_) => "",
    }
}

/// The port that was meant: one of this name and another protocol, a near name, the number of the Service, or the only
/// one.
fn meant<'p, 'a>(
    service: &Service<'_>,
    port: &ServicePort<'_>,
    declared: &[&'p DeclaredPort<'a>],
) -> Option<&'p DeclaredPort<'a>> {
    let name = name(port);
    let near = nearest(name, &mut declared.iter().map(|declared| declared.name));
    let near = near.unwrap_or(name);
    let mut found: Option<(usize, &DeclaredPort<'a>)> = None;
    for declared_port in declared {
        let mut others = service.ports.iter();
        let is_used = others.any(|other| declared_port.is_target_of(other));
        let rank = match declared_port {
            _ if is_used => continue,
            it if it.name == name => 0,
            it if it.protocol != port.protocol => continue,
            it if it.name == near => 1,
            it if it.number == port.number => 2,
            _ if declared.len() == 1 => 3,
            _ => continue,
        };
        if found.is_none_or(|(other, _)| rank < other) {
            found = Some((rank, declared_port));
        }
    }
    found.map(|(_, port)| port)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::ServiceRoutes;
    use crate::testing::{cluster, deployment, fixes, service};

    /// The fix for a container that declares these ports, beside a Service of port 80 with this targetPort.
    fn fix(target: &str, protocol: &str, declared: &Value) -> Vec<String> {
        let port = json!({"port": 80, "targetPort": target, "protocol": protocol});
        let mut workload = deployment(&json!({"app": "web"}), &json!({}));
        workload["spec"]["template"]["spec"]["containers"][0]["ports"] = declared.clone();
        let review = Review::create(&workload).in_cluster(cluster(&[service(&port)]));
        fixes(&review.lines::<ServiceRoutes>())
    }

    #[test]
    fn the_port_that_was_meant_is_named() {
        let port = |name: &str, number: u16| json!({"name": name, "containerPort": number});
        let udp = json!({"name": "http", "containerPort": 1, "protocol": "UDP"});
        let name = |number: u16, other: &str| {
            format!(
                "name containerPort {number} \"http\", or write targetPort: {other} in Service \"web\""
            )
        };
        for (declared, index, field, expected) in [
            // The same name of another protocol comes before a near one, that before the number, and that before the only
            // one.
            (
                json!([port("", 80), port("htttp", 2), udp]),
                2,
                "protocol",
                "write protocol: TCP for the port \"http\" of container \"app\", which is UDP"
                    .to_owned(),
            ),
            (
                json!([port("x", 80), port("htttp", 2)]),
                1,
                "name",
                name(2, "htttp"),
            ),
            (
                json!([port("x", 81), port("w", 80), port("z", 80)]),
                1,
                "name",
                name(80, "w"),
            ),
            (
                json!([port("x", 81), port("", 80)]),
                1,
                "name",
                "name containerPort 80 \"http\"".to_owned(),
            ),
            (json!([port("x", 81)]), 0, "name", name(81, "x")),
            // The first of those that are equally near.
            (
                json!([port("x", 81), port("htt", 1), port("htttp", 2)]),
                1,
                "name",
                name(1, "htt"),
            ),
        ] {
            assert_eq!(
                fix("http", "TCP", &declared),
                [format!(
                    "spec.template.spec.containers[0].ports[{index}].{field}: {expected}"
                )],
                "{declared}"
            );
        }
        for declared in [json!([]), json!([port("x", 81), port("y", 82)])] {
            assert_eq!(
                fix("http", "TCP", &declared),
                [
                    "spec.template.spec.containers: declare a port \"http\", or write a number as targetPort in Service \
                     \"web\""
                ],
                "{declared}"
            );
        }
        assert_eq!(
            fix("8080", "TCP", &json!([port("8080x", 8080)])),
            [
                "spec.template.spec.containers[0].ports[0].name: write targetPort: 8080 in Service \"web\" without quotes, \
                 which make a name of it"
            ]
        );
        assert_eq!(fix("http", "TCP", &json!([port("http", 81)])), [""; 0]);
    }

    #[test]
    fn a_name_that_no_port_may_have_is_not_asked_for() {
        let port = |name: &str| json!([{"name": name, "containerPort": 9090}]);
        for (target, declared, place, write) in [
            ("prometheus-metrics", port(""), "[0].ports[0].name", "9090"),
            (
                "prometheus-metrics",
                port("prometheus-metrics"),
                "[0].ports[0].name",
                "9090",
            ),
            ("HTTP", port("http"), "[0].ports[0].name", "http"),
            ("a--b", port(""), "[0].ports[0].name", "9090"),
            ("-a", port(""), "[0].ports[0].name", "9090"),
            ("a_b", json!([]), "", "a number or another name"),
        ] {
            assert_eq!(
                fix(
                    target,
                    if declared[0]["name"] == target {
                        "UDP"
                    } else {
                        "TCP"
                    },
                    &declared
                ),
                [format!(
                    "spec.template.spec.containers{place}: write targetPort: {write} in Service \"web\", as a name of a port is up to 15 \
                     of a-z, 0-9 and -"
                )]
            );
        }
        let name = "a-name-of-15-by";
        assert_eq!(
            fix(name, "TCP", &port("")),
            [format!(
                "spec.template.spec.containers[0].ports[0].name: name containerPort 9090 \"{name}\""
            )]
        );
    }
}
