//! One number for two things.

use shared::index::Index;
use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::numbers::{Numbers, hash_of};
use crate::service::{Entry, Place, Service};
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "duplicate_node_port",
    summary: "One number for two ports of a protocol, for a port and the health check, or for two protocols on different ports",
    why: "A node can forward what arrives on a port and protocol to one place only, and the API server refuses the rest",
    fix: "set another nodePort, or leave it out to get a free one",
    levels: [Deny, Warn for "two protocols on different ports, in a new Service"],
};

/// Refuses numbers that cannot be shared, and warns of those that the API server will not share.
pub(crate) fn check(service: &Service<'_>, settings: &Settings, verdict: &mut Verdict) {
    let ports = &service.ports;
    // What has none has 0, which is not asked for.
    let numbers = Numbers::new(ports.iter().map(|p| p.number.unwrap_or(0)).collect());
    let hashes = ports.iter();
    let hashes = hashes.map(|port| hash_of(port.number.unwrap_or(0), port.protocol));
    let of_protocol = Index::new(&hashes.collect::<Vec<_>>());
    // The first place with another `port` than the first place of the same number has, by the latter.
    let mut others: Vec<Option<&Entry<'_>>> = vec![None; ports.len()];
    for (index, port) in ports.iter().enumerate() {
        let Some(number) = port.number else {
            continue;
        };
        let is_same = |other: &usize| {
            let other = ports.get(*other);
            other.is_some_and(|o| (o.number, o.protocol) == (port.number, port.protocol))
        };
        let mut same = of_protocol.places(hash_of(number, port.protocol));
        let is_double = same.find(is_same) != Some(index);
        let place = numbers.first(number).unwrap_or(index);
        let (Some(first), Some(other)) = (ports.get(place), others.get_mut(place)) else {
            continue;
        };
        let other = if first.port == port.port {
            *other
        } else {
            other.get_or_insert(port);
            Some(first)
        };
        if is_double {
            let reason = format!("{number} appears twice for {}", quote(port.protocol));
            verdict.report(Level::Deny, Finding::new(&RULE, &port.place, reason));
        } else if let Some(other) = other
            && service.is_new
        {
            // Through an UPDATE it is possible: `initNodePorts` and `updateNodePorts` in
            // `pkg/registry/core/service/storage/alloc.go`.
            let reason = format!(
                "{number} is also that of port {}, which the API server refuses in a new Service",
                other.port
            );
            verdict.report(Level::Warn, Finding::new(&RULE, &port.place, reason));
        }
    }
    if let Some(number) = service.health_check()
        && service.ports.iter().any(|port| port.number == Some(number))
    {
        let reason = format!("{number} is also the nodePort of a port");
        let fix = "set another healthCheckNodePort, or leave it out to get a free one";
        let level = settings.health_check_node_port;
        let finding = Finding::new(&RULE, &Place::HealthCheck, reason).fix(fix);
        verdict.report(level, finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, lines_of_update, service};

    #[test]
    fn a_number_serves_one_port_of_a_protocol() {
        let twice = "spec.ports[1].nodePort: 30080 appears twice for \"TCP\"; fix: set another nodePort, or leave it \
            out to get a free one [duplicate_node_port]";
        let other = "warning: nodeport-range: spec.ports[1].nodePort: 30080 is also that of port 80, which the API \
            server refuses in a new Service; fix: set another nodePort, or leave it out to get a free one";
        for (port, protocol, created, updated) in [
            (81, "TCP", &[twice][..], &[twice][..]),
            (80, "UDP", &[], &[]),
            (81, "UDP", &[other], &[]),
        ] {
            let spec = json!({"type": "NodePort", "ports": [
                {"port": 80, "nodePort": 30080},
                {"port": port, "protocol": protocol, "nodePort": 30080},
            ]});
            let found = lines(&spec, &json!({}));
            let cut: Vec<&str> = found
                .iter()
                .map(|line| {
                    if line.starts_with("warning") {
                        line.trim_end_matches(" [duplicate_node_port]")
                    } else {
                        line
                    }
                })
                .collect();
            assert_eq!(cut, created);
            let old = service(&json!({"type": "ClusterIP"}));
            assert_eq!(lines_of_update(&old, &service(&spec), &json!({})), updated);
        }
    }

    #[test]
    fn a_health_check_needs_a_number_of_its_own() {
        let spec = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30080,
            "ports": [{"port": 80, "nodePort": 30080}]});
        assert_eq!(
            lines(&spec, &json!({})),
            [
                "spec.healthCheckNodePort: 30080 is also the nodePort of a port; fix: set another healthCheckNodePort, \
                 or leave it out to get a free one [duplicate_node_port]"
            ]
        );
        assert_eq!(
            lines(&spec, &json!({"healthCheckNodePort": "off"})),
            [""; 0]
        );
    }
}
