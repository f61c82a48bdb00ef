//! Any node port, where there may be none.

use shared::{FieldPath, Finding, Level, OnUpdate, Rule, Settings as _, Verdict, quote, rule};

use crate::service::{Choice, Kind, Service};
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "forbidden_node_port",
    summary: "Where `nodePorts` forbids them, whatever opens node ports",
    why: "A node port listens on every node, past the Ingress or Gateway with its TLS, authentication and logs",
    fix: "set type: ClusterIP, and use an Ingress or a Gateway",
    levels: [Deny],
};

/// What to do about a number that the Service has. `kubectl apply` of a manifest without it changes nothing, because the
/// field was never in one; and before kubernetes#122320 (1.30) `patchAllocatedValues` in
/// `pkg/registry/core/service/storage/storage.go` filled in again what an update left out.
const REMOVE: &str = "remove nodePort with kubectl edit, or, where the number comes back (before Kubernetes 1.30), create \
    the Service anew";

/// Refuses the type, the allocation or the numbers: whatever opens node ports.
pub(crate) fn check(service: &Service<'_>, settings: &Settings, verdict: &mut Verdict) {
    let namespace = service.namespace;
    let are_forbidden = format!("node ports are forbidden in namespace {}", quote(namespace));
    let ports = || {
        let ports = service.ports.iter();
        ports
            .map(|port| format!("{}/{}", port.number.unwrap_or(port.port), port.protocol))
            .collect()
    };
    let is_any_chosen = || {
        let mut ports = service.ports.iter();
        ports.any(|port| port.number.is_some() && port.choice == Choice::User)
    };
    let spec = FieldPath::new("spec");
    match service.kind {
        Kind::Other(_) => {}
        Kind::NodePort => {
            let reason = format!("is \"NodePort\", and {are_forbidden}");
            let mut finding = Finding::new(&RULE, &spec.child("type"), reason);
            if is_any_chosen() {
                finding = finding.fix(
                    "set type: ClusterIP, leave nodePort out, and use an Ingress or a Gateway",
                );
            }
            verdict.report(Level::Deny, finding.concerning(ports()));
        }
        Kind::LoadBalancer if service.is_allocated() => {
            let reason = match service.allocates {
                None => format!("is not set, which means true, and {are_forbidden}"),
                Some(_) => format!("is true, and {are_forbidden}"),
            };
            let fix = if is_any_chosen() {
                "set allocateLoadBalancerNodePorts: false, and leave nodePort out"
            } else {
                "set allocateLoadBalancerNodePorts: false"
            };
            let field = spec.child("allocateLoadBalancerNodePorts");
            let finding = Finding::new(&RULE, &field, reason);
            verdict.report(Level::Deny, finding.fix(fix).concerning(ports()));
        }
        Kind::LoadBalancer => {
            for port in &service.ports {
                let Some(number) = port.number else {
                    continue;
                };
                let reason = format!("{number} is a node port, and {are_forbidden}");
                let had = service.had_with(number, port.protocol);
                // When allocation is switched off, the numbers stay at first.
                let level = if had && settings.on_update() == OnUpdate::NewViolations {
                    Level::Warn
                } else {
                    Level::Deny
                };
                let fix = if had || service.is_replayed {
                    REMOVE
                } else {
                    "leave nodePort out"
                };
                let finding = Finding::new(&RULE, &port.place, reason).fix(fix);
                verdict.report(level, finding.concerning(vec![port.protocol.to_owned()]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, lines_of, managed, service};

    #[test]
    fn refuses_whatever_opens_node_ports() {
        let forbidden = "node ports are forbidden in namespace \"shop\"";
        let ports = json!([{"port": 80, "nodePort": 33000}]);
        for (spec, expected) in [
            (json!({"type": "ClusterIP"}), vec![]),
            (
                json!({"type": "NodePort", "ports": ports}),
                vec![format!(
                    "spec.type: is \"NodePort\", and {forbidden}; fix: set type: ClusterIP, leave nodePort out, and \
                     use an Ingress or a Gateway [forbidden_node_port]"
                )],
            ),
            (
                json!({"type": "LoadBalancer"}),
                vec![format!(
                    "spec.allocateLoadBalancerNodePorts: is not set, which means true, and {forbidden}; fix: set \
                     allocateLoadBalancerNodePorts: false [forbidden_node_port]"
                )],
            ),
            (
                json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": true, "ports": ports}),
                vec![format!(
                    "spec.allocateLoadBalancerNodePorts: is true, and {forbidden}; fix: set \
                     allocateLoadBalancerNodePorts: false, and leave nodePort out [forbidden_node_port]"
                )],
            ),
            (
                json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": ports}),
                vec![format!(
                    "spec.ports[0].nodePort: 33000 is a node port, and {forbidden}; fix: leave nodePort out \
                     [forbidden_node_port]"
                )],
            ),
            (
                json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}]}),
                vec![],
            ),
        ] {
            assert_eq!(
                lines(&spec, &json!({"nodePorts": "forbidden"})),
                expected,
                "{spec}"
            );
        }
    }

    #[test]
    fn a_number_of_the_allocator_is_not_to_be_left_out() {
        let spec = json!({"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 31544}]});
        let object = managed(service(&spec), &[(80, "TCP", false)]);
        assert_eq!(
            lines_of(&object, &json!({"nodePorts": "forbidden"})),
            [
                "spec.allocateLoadBalancerNodePorts: is not set, which means true, and node ports are forbidden in \
                 namespace \"shop\"; fix: set allocateLoadBalancerNodePorts: false [forbidden_node_port]"
            ]
        );
    }

    #[test]
    fn what_is_left_over_is_to_be_taken_away() {
        let spec = json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false,
            "ports": [{"port": 80, "nodePort": 31544}]});
        let mut object = managed(service(&spec), &[(80, "TCP", false)]);
        object["metadata"]["resourceVersion"] = json!("1801");
        assert_eq!(
            lines_of(&object, &json!({"nodePorts": "forbidden"})),
            [
                "spec.ports[0].nodePort: 31544 is a node port, and node ports are forbidden in namespace \"shop\"; fix: \
                 remove nodePort with kubectl edit, or, where the number comes back (before Kubernetes 1.30), create \
                 the Service anew [forbidden_node_port]"
            ]
        );
    }

    #[test]
    fn the_exceptions_have_it_the_other_way_round() {
        let spec = json!({"type": "NodePort", "ports": [{"port": 80}]});
        for (word, exceptions, refused) in [
            ("allowed", json!([]), false),
            ("allowed", json!(["shop"]), true),
            ("forbidden", json!(["edge"]), true),
            ("forbidden", json!(["edge", "shop"]), false),
        ] {
            let settings = json!({"nodePorts": word, "nodePortExceptions": exceptions});
            assert_eq!(!lines(&spec, &settings).is_empty(), refused, "{settings}");
        }
    }
}
