//! The ports of a Service: whether there are any, their names, numbers and protocols, and those that are there twice.

use std::collections::BTreeMap;

use cluster::kinds::text;
use shared::quote;
use tree::Value;

use super::{Problem, Service, TYPES, field, has_cluster_ip, is_headless, unsupported};

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

/// The longest name of a port.
const MAX_NAME: usize = 63;

pub(super) fn find(service: &Service<'_>, problems: &mut Vec<Problem>) {
    let ports = match service.own("ports") {
        Value::Null if service.spec.is_object() || service.spec.is_null() => &[],
        Value::Array(ports) => &**ports,
        // No policy can read it.
        _ => return,
    };
    if ports.is_empty() && needs_ports(service) {
        problems.push(Problem {
            field: "spec.ports".to_owned(),
            words: "Required value".to_owned(),
            fix: "write its ports, or clusterIP: None where it is to have no address".to_owned(),
        });
    }
    let mut names = BTreeMap::new();
    let mut numbers = BTreeMap::new();
    for (index, port) in ports
        .iter()
        .enumerate()
        .filter(|(_, port)| port.is_object())
    {
        let at = format!("spec.ports[{index}]");
        name(port, &at, ports.len() > 1, &mut names, problems);
        number(port, &at, problems);
        target(port, &at, problems);
        let protocol = text(port, "/protocol")
            .filter(|it| !it.is_empty())
            .unwrap_or("TCP");
        problems.extend(unsupported(format!("{at}.protocol"), protocol, PROTOCOLS));
        let Some(number) = field(port, "port").as_i64() else {
            continue;
        };
        match numbers.get(&(number, protocol)) {
            Some(first) => problems.push(Problem {
                words: format!(
                    "Duplicate value: {first} has port {number} of {} already",
                    quote(protocol)
                ),
                field: at,
                fix: "take one of them out, or set another port".to_owned(),
            }),
            None => {
                numbers.insert((number, protocol), at);
            }
        }
    }
}

/// Whether it has to have ports. One of a type that is misspelt may be of any.
fn needs_ports(service: &Service<'_>) -> bool {
    let spec = service.spec;
    // An address that is not written stays as it was.
    let has_none_written = !super::is_set(field(spec, "clusterIP"));
    let was_headless = has_none_written && service.old.is_some_and(is_headless);
    TYPES.contains(&service.kind) && has_cluster_ip(spec) && !is_headless(spec) && !was_headless
}

fn name<'a>(
    port: &'a Value,
    at: &str,
    is_required: bool,
    names: &mut BTreeMap<&'a str, String>,
    problems: &mut Vec<Problem>,
) {
    let name = match field(port, "name") {
        Value::Null => "",
        Value::String(name) => name,
        _ => return,
    };
    let mut found = |words: String, fix: &str| {
        problems.push(Problem {
            field: format!("{at}.name"),
            words,
            fix: fix.to_owned(),
        });
    };
    if name.is_empty() {
        if is_required {
            found(
                "Required value".to_owned(),
                "give it a name: of several ports each has to have one",
            );
        }
        return;
    }
    if !is_label(name) {
        found(
            format!(
                "Invalid value: {}: must be at most {MAX_NAME} lower case letters, digits or '-', and start and end with a \
                 letter or digit",
                quote(name)
            ),
            "write another name",
        );
    }
    match names.get(name) {
        Some(first) => found(
            format!("Duplicate value: {} is the name of {first}", quote(name)),
            "write another name",
        ),
        None => {
            names.insert(name, at.to_owned());
        }
    }
}

/// Whether a byte may be in the name of a port.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn out_of_range(number: i64) -> String {
    format!("Invalid value: {number}: must be between 1 and 65535, inclusive")
}

/// Whether it is a label of DNS. Source: `IsDNS1123Label`.
fn is_label(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.bytes().all(is_part)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn number(port: &Value, at: &str, problems: &mut Vec<Problem>) {
    let number = match field(port, "port") {
        Value::Null => Some(0),
        number => number.as_i64(),
    };
    if let Some(number) = number.filter(|number| !(1..=65535).contains(number)) {
        problems.push(Problem {
            field: format!("{at}.port"),
            words: out_of_range(number),
            fix: "write the number of the port".to_owned(),
        });
    }
}

/// The port of the pods, where it is written. 0 and an empty text stand for the port of the Service.
///
/// Source: `ValidatePortNumOrName` in `pkg/apis/core/validation/validation.go`.
fn target(port: &Value, at: &str, problems: &mut Vec<Problem>) {
    let mut found = |words: String, fix: String| {
        problems.push(Problem {
            field: format!("{at}.targetPort"),
            words,
            fix,
        });
    };
    match field(port, "targetPort") {
        Value::Number(number) => {
            let number = number.as_i64();
            if let Some(number) = number.filter(|number| !(0..=65535).contains(number)) {
                let fix = "write the number of a port of the pods".to_owned();
                found(out_of_range(number), fix);
            }
        }
        Value::String(name) => {
            if let Some(problem) = port_name_problem(name) {
                let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
                let fix = if is_number {
                    format!("write {name} without quotes")
                } else {
                    "write the number of the port, or a name that a container may give it"
                        .to_owned()
                };
                found(format!("Invalid value: {}: {problem}", quote(name)), fix);
            }
        }
        _ => {}
    }
}

/// What the API server says first of the name of a port that it refuses.
///
/// Source: `IsValidPortName` in `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`.
fn port_name_problem(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        None
    } else if name.len() > 15 {
        Some("must be no more than 15 characters")
    } else if !name.bytes().all(is_part) {
        Some("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    } else if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Some("must contain at least one letter (a-z)")
    } else if name.contains("--") {
        Some("must not contain consecutive hyphens")
    } else if name.starts_with('-') || name.ends_with('-') {
        Some("must not begin or end with a hyphen")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{
        invalid_service::find,
        testing::{found, found_beside},
    };

    fn service(spec: &str) -> String {
        format!("{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {spec}}}\n")
    }

    #[test]
    fn ports_are_refused_in_the_words_of_the_api_server() {
        for (spec, expected) in [
            ("{}", &["spec.ports Required value"][..]),
            ("null", &["spec.ports Required value"]),
            (
                "{type: NodePort, ports: []}",
                &["spec.ports Required value"],
            ),
            ("{type: LoadBalancer}", &["spec.ports Required value"]),
            (
                "{ports: [{port: 80, targetPort: '8080'}]}",
                &[
                    "spec.ports[0].targetPort Invalid value: \"8080\": must contain at least one letter (a-z)",
                ],
            ),
            (
                "{ports: [{port: 80, targetPort: prometheus-metrics}]}",
                &[
                    "spec.ports[0].targetPort Invalid value: \"prometheus-metrics\": must be no more than 15 characters",
                ],
            ),
            (
                "{ports: [{port: 80, targetPort: http_web}]}",
                &[
                    "spec.ports[0].targetPort Invalid value: \"http_web\": must contain only alpha-numeric characters \
                     (a-z, 0-9), and hyphens (-)",
                ],
            ),
            (
                "{ports: [{name: a, port: 80, targetPort: a--b}, {name: b, port: 81, targetPort: a-}]}",
                &[
                    "spec.ports[0].targetPort Invalid value: \"a--b\": must not contain consecutive hyphens",
                    "spec.ports[1].targetPort Invalid value: \"a-\": must not begin or end with a hyphen",
                ],
            ),
            (
                "{ports: [{port: 80, targetPort: 70000}]}",
                &[
                    "spec.ports[0].targetPort Invalid value: 70000: must be between 1 and 65535, inclusive",
                ],
            ),
            ("{ports: [{port: 80, targetPort: 0}]}", &[]),
            ("{ports: [{port: 80, targetPort: ''}]}", &[]),
            (
                "{ports: [{port: 80, protocol: tcp}]}",
                &[
                    "spec.ports[0].protocol Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                ],
            ),
            (
                "{ports: [{port: 80}, {port: 81, name: a}, {port: 82, name: a}]}",
                &[
                    "spec.ports[0].name Required value",
                    "spec.ports[2].name Duplicate value: \"a\" is the name of spec.ports[1]",
                ],
            ),
            (
                "{ports: [{port: 80, name: a}, {port: 80, name: b, protocol: UDP}, {port: 80, name: c, protocol: TCP}]}",
                &["spec.ports[2] Duplicate value: spec.ports[0] has port 80 of \"TCP\" already"],
            ),
            (
                "{ports: [{name: Web_1}, {port: 65536, name: b}]}",
                &[
                    "spec.ports[0].name Invalid value: \"Web_1\": must be at most 63 lower case letters, digits or '-', and \
                     start and end with a letter or digit",
                    "spec.ports[0].port Invalid value: 0: must be between 1 and 65535, inclusive",
                    "spec.ports[1].port Invalid value: 65536: must be between 1 and 65535, inclusive",
                ],
            ),
        ] {
            let expected = expected.iter().map(|line| {
                let (field, words) = line.split_once(' ').unwrap();
                format!("f.yaml:1 {field} the API server refuses it: {words}")
            });
            let expected: Vec<String> = expected.collect();
            assert_eq!(found(find, &service(spec)), expected, "{spec}");
        }
    }

    #[test]
    fn ports_that_the_api_server_takes_are_not_refused() {
        for spec in [
            "{clusterIP: None, ports: null}",
            "{clusterIPs: [None]}",
            "{type: ExternalName, externalName: a}",
            "{ports: [{port: 53, name: dns, protocol: UDP}, {port: 53, name: dns-tcp}]}",
            "{ports: [{port: 1}]}",
            "{ports: [{port: 65535, name: 9-a, protocol: SCTP}]}",
            // No policy can read these.
            "{ports: [{port: '80', name: 1}, 1]}",
            "{ports: 80}",
        ] {
            assert_eq!(found(find, &service(spec)), [""; 0], "{spec}");
        }
        // An address that is left out stays.
        let old = service("{clusterIP: None}");
        let without = service("{selector: {a: b}}");
        assert_eq!(found_beside(find, &without, &old), [""; 0]);
    }
}
