//! One number for two things.

use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::service::{Place, Service};
use crate::settings::Settings;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "duplicate_node_port",
    summary: "One number for two ports of a protocol, for a port and the health check, or for two protocols on different ports",
    why: "A node can give what arrives at a port and a protocol to one place only, and the API server refuses the rest",
    fix: "set another nodePort, or leave it out to get a free one",
    levels: [Deny, Warn for "two protocols on different ports, in a new Service"],
};

/// Refuses numbers that cannot be shared, and warns of those that the API server will not share.
pub(crate) fn check(service: &Service<'_>, settings: &Settings, verdict: &mut Verdict) {
    for (index, port) in service.ports.iter().enumerate() {
        let before = service.ports.iter().take(index);
        let mut same = before.filter(|other| other.number == port.number);
        let Some(number) = port.number else {
            continue;
        };
        if same.clone().any(|other| other.protocol == port.protocol) {
            let reason = format!("{number} is there twice for {}", quote(port.protocol));
            verdict.report(Level::Deny, Finding::new(&RULE, &port.place, reason));
        } else if let Some(other) = same.find(|other| other.port != port.port)
            && service.is_new
        {
            // Through an UPDATE it is possible: `initNodePorts` and `updateNodePorts` in
            // `pkg/registry/core/service/storage/alloc.go`.
            let reason = format!(
                "{number} is that of port {}, too, which the API server refuses in a new Service",
                other.port
            );
            verdict.report(Level::Warn, Finding::new(&RULE, &port.place, reason));
        }
    }
    if let Some(number) = service.health_check()
        && service.ports.iter().any(|port| port.number == Some(number))
    {
        let reason = format!("{number} is the nodePort of a port, too");
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
        let twice = "spec.ports[1].nodePort: 30080 is there twice for \"TCP\"; fix: set another nodePort, or leave it \
            out to get a free one [duplicate_node_port]";
        let other = "warning: nodeport-range: spec.ports[1].nodePort: 30080 is that of port 80, too, which the API \
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
                "spec.healthCheckNodePort: 30080 is the nodePort of a port, too; fix: set another healthCheckNodePort, \
                 or leave it out to get a free one [duplicate_node_port]"
            ]
        );
        assert_eq!(
            lines(&spec, &json!({"healthCheckNodePort": "off"})),
            [""; 0]
        );
    }
}
