//! A port whose number the user did not choose.

use shared::{Finding, Level, Rule, Verdict, rule};

use crate::advice::Advice;
use crate::numbers::Numbers;
use crate::service::{Choice, Service};

pub(crate) static RULE: Rule = rule! {
    id: "automatic_port",
    summary: "With `requireExplicit`, a port without a number, or with one that the API server chose",
    why: "The number differs from cluster to cluster and whenever the Service is created anew, so no firewall can be opened for it",
    fix: "set nodePort",
    levels: [Deny],
};

/// Refuses each port without a number, or with one of the API server.
pub(crate) fn check(service: &Service<'_>, advice: &mut Advice<'_>, verdict: &mut Verdict) {
    let numbers = service.numbers();
    let chosen = numbers.iter().filter(|number| number.is_chosen);
    let chosen = Numbers::new(chosen.map(|number| number.number).collect());
    // An entry with the same `port` shares its number: `initNodePorts` in
    // `pkg/registry/core/service/storage/alloc.go`.
    let with_number = service.ports.iter().filter(|port| port.number.is_some());
    let with_number = Numbers::new(with_number.map(|port| port.port).collect());
    for port in &service.ports {
        let reason = match port.number {
            Some(number) if !chosen.contains(number) => {
                format!(
                    "{number} is the choice of the API server, and requireExplicit asks for yours"
                )
            }
            None if service.is_allocated()
                && port.choice == Choice::Allocator
                && !with_number.contains(port.port) =>
            {
                "is not set, and requireExplicit asks for a number".to_owned()
            }
            _ => continue,
        };
        let seed = port.number.unwrap_or(port.port);
        let fix = advice.instead(port.place, seed, std::iter::once(port.protocol), "");
        verdict.report(
            Level::Deny,
            Finding::new(&RULE, &port.place, reason).fix(fix),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, lines_of, managed, service};

    #[test]
    fn refuses_every_port_that_nobody_chose() {
        let settings = json!({"requireExplicit": true, "ranges": [{"ports": "30000-30009"}]});
        let line = |index: usize, what: &str, port: u16| {
            format!(
                "spec.ports[{index}].nodePort: {what}; fix: set nodePort: {port}, or another one of 30000-30009 \
                 [automatic_port]"
            )
        };
        let unset = "is not set, and requireExplicit asks for a number";
        for (spec, expected) in [
            (
                json!({"type": "NodePort", "ports": [{"port": 80}, {"port": 90, "nodePort": 0}, {"port": 1, "nodePort": 30001}]}),
                vec![line(0, unset, 30000), line(1, unset, 30002)],
            ),
            (
                json!({"type": "LoadBalancer", "ports": [{"port": 80}]}),
                vec![line(0, unset, 30000)],
            ),
            (
                json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}]}),
                vec![],
            ),
            // It gets the number of the other entry.
            (
                json!({"type": "NodePort", "ports": [{"port": 53}, {"port": 53, "protocol": "UDP", "nodePort": 30005}]}),
                vec![],
            ),
            (json!({"ports": [{"port": 80}]}), vec![]),
        ] {
            assert_eq!(lines(&spec, &settings), expected, "{spec}");
        }
        let spec = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 31544}]});
        let chosen = "31544 is the choice of the API server, and requireExplicit asks for yours";
        let object = managed(service(&spec), &[(80, "TCP", false)]);
        assert_eq!(lines_of(&object, &settings), [line(0, chosen, 30004)]);
        let settings =
            json!({"requireExplicit": true, "ranges": [{"ports": "30000-30009"}], "apply": "all"});
        assert_eq!(
            lines_of(&object, &settings),
            [line(0, chosen, 30004)],
            "said once"
        );
    }
}
