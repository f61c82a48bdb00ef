//! A Service that the API server refuses for its ports, in its own words.
//!
//! The policies never see such an object in a cluster. Sources: `ValidateService` and
//! `validateServiceExternalTrafficPolicy` in `pkg/apis/core/validation/validation.go`, `initNodePorts` in
//! `pkg/registry/core/service/storage/alloc.go`, `dropTypeDependentFields` in `pkg/registry/core/service/strategy.go`.

use serde_json::{Value, json};
use shared::{Level, Rule, rule};

use super::{Found, INVALID, Manifests};
use crate::manifests::Object;
use cluster::kinds::text;

pub(super) static RULE: Rule = rule! {
    id: "invalid_service",
    summary: "A field of a Service that the API server refuses",
    why: "The manifest cannot be applied (`Invalid`); no policy is asked",
    fix: "write what the message says",
    levels: [Deny],
};

/// A refusal for each field that the API server refuses.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let objects = manifests.objects;
    let mut found = Vec::new();
    // A cluster has taken what it prints.
    for (position, object, old) in objects.written().filter(|_| !objects.live) {
        if !object.group().is_empty() || object.kind() != "Service" {
            continue;
        }
        let service = Service::of(object, old);
        for problem in service.problems() {
            found.push(Found {
                object: position,
                field: problem.field,
                problem: format!("the API server refuses it: {}", problem.words),
                fix: problem.fix.to_owned(),
                level: Level::Deny,
                code: Some(INVALID),
                absent: None,
            });
        }
    }
    found
}

/// What the API server says of a field.
struct Problem {
    field: String,
    words: String,
    fix: &'static str,
}

/// A Service, and the one that it replaces.
struct Service<'a> {
    spec: &'a Value,
    old: Option<&'a Value>,
    kind: &'a str,
}

/// The type of a Service, which is `ClusterIP` where nothing is written.
fn kind_of(spec: &Value) -> &str {
    text(spec, "/type")
        .filter(|kind| !kind.is_empty())
        .unwrap_or("ClusterIP")
}

/// The value of a field; null where there is none.
fn field<'a>(map: &'a Value, name: &str) -> &'a Value {
    map.get(name).unwrap_or(&Value::Null)
}

/// Whether a value is written, and not one that counts as none.
fn is_set(value: &Value) -> bool {
    *value != Value::Null && *value != json!(0) && *value != json!("")
}

fn has_node_ports(kind: &str) -> bool {
    matches!(kind, "NodePort" | "LoadBalancer")
}

/// Whether traffic from outside of the cluster reaches it. Source: `ExternallyAccessible` in `pkg/api/service/util.go`.
fn is_external(spec: &Value) -> bool {
    let has_addresses = field(spec, "externalIPs")
        .as_array()
        .is_some_and(|list| !list.is_empty());
    let kind = kind_of(spec);
    has_node_ports(kind) || kind == "ClusterIP" && has_addresses
}

/// Whether a health check gets a node port of its own.
fn has_health_check(spec: &Value) -> bool {
    kind_of(spec) == "LoadBalancer" && text(spec, "/externalTrafficPolicy") == Some("Local")
}

/// The node ports, in the order of the ports.
fn node_ports(spec: &Value) -> Vec<&Value> {
    let ports = field(spec, "ports").as_array();
    ports
        .into_iter()
        .flatten()
        .map(|port| field(port, "nodePort"))
        .collect()
}

impl<'a> Service<'a> {
    fn of(object: &'a Object, old: Option<&'a Value>) -> Self {
        let spec = field(&object.value, "spec");
        let old = old.map(|old| field(old, "spec"));
        Self {
            spec,
            old,
            kind: kind_of(spec),
        }
    }

    /// Whether the type changes to one that does not need a field, and the field stays as it was: then the API server
    /// takes it out, instead of refusing it.
    fn drops(&self, needed: fn(&Value) -> bool, same: impl Fn(&Value) -> bool) -> bool {
        self.old.is_some_and(|old| needed(old) && same(old))
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.cluster_ip(&mut problems);
        self.node_ports(&mut problems);
        self.traffic(&mut problems);
        problems
    }

    fn cluster_ip(&self, problems: &mut Vec<Problem>) {
        if has_node_ports(self.kind) && text(self.spec, "/clusterIP") == Some("None") {
            problems.push(Problem {
                field: "spec.clusterIP".to_owned(),
                words: format!("may not be set to 'None' for {} services", self.kind),
                fix: "leave clusterIP out, or set type: ClusterIP and leave the node ports out",
            });
        }
    }

    fn node_ports(&self, problems: &mut Vec<Problem>) {
        let numbers = node_ports(self.spec);
        // For ExternalName they are stored, and mean nothing.
        if self.kind == "ClusterIP" {
            let same = |old: &Value| node_ports(old) == numbers;
            if self.drops(|old| has_node_ports(kind_of(old)), same) {
                return;
            }
            for (index, number) in numbers.iter().enumerate() {
                if is_set(number) {
                    problems.push(Problem {
                        field: format!("spec.ports[{index}].nodePort"),
                        words: "may not be used when `type` is 'ClusterIP'".to_owned(),
                        fix: "leave nodePort out, or set type: NodePort",
                    });
                }
            }
        }
        // On an UPDATE a number that two protocols share is allocated once.
        if !has_node_ports(self.kind) || self.old.is_some() {
            return;
        }
        for (index, number) in numbers.iter().enumerate() {
            let port = |index: usize| self.spec.pointer(&format!("/ports/{index}/port"));
            let earlier = numbers.iter().take(index).position(|other| other == number);
            let clashes = earlier.is_some_and(|earlier| port(earlier) != port(index));
            // Of one protocol the policy says it.
            let protocol = |index: usize| {
                let protocol = text(self.spec, &format!("/ports/{index}/protocol"));
                protocol.unwrap_or("TCP")
            };
            let differs = earlier.is_some_and(|earlier| protocol(earlier) != protocol(index));
            if is_set(number) && clashes && differs {
                problems.push(Problem {
                    field: format!("spec.ports[{index}].nodePort"),
                    words: "provided port is already allocated; two protocols share a node port only where their `port` \
                            is the same"
                        .to_owned(),
                    fix: "set another nodePort, leave it out to get a free one, or give both the same port",
                });
            }
        }
    }

    fn traffic(&self, problems: &mut Vec<Problem>) {
        let own = |name: &str| field(self.spec, name);
        let same = |name: &'static str| move |old: &Value| field(old, name) == own(name);
        let is_balanced = |spec: &Value| kind_of(spec) == "LoadBalancer";
        let (policy, check, allocates) = (
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "allocateLoadBalancerNodePorts",
        );
        if is_set(own(policy)) && !is_external(self.spec) && !self.drops(is_external, same(policy))
        {
            problems.push(Problem {
                field: format!("spec.{policy}"),
                words: "may only be set for externally-accessible services".to_owned(),
                fix: "leave externalTrafficPolicy out, or set type: NodePort or LoadBalancer",
            });
        }
        if is_set(own(check))
            && !has_health_check(self.spec)
            && !self.drops(has_health_check, same(check))
        {
            problems.push(Problem {
                field: format!("spec.{check}"),
                words: "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
                    .to_owned(),
                fix: "leave healthCheckNodePort out",
            });
        }
        if is_set(own(allocates))
            && !is_balanced(self.spec)
            && !self.drops(is_balanced, same(allocates))
        {
            problems.push(Problem {
                field: format!("spec.{allocates}"),
                words: "may only be used when `type` is 'LoadBalancer'".to_owned(),
                fix: "leave allocateLoadBalancerNodePorts out",
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{found, found_beside};

    fn service(spec: &str) -> String {
        format!("{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {spec}}}\n")
    }

    /// The fields that are refused.
    fn fields(new: &str, old: &str) -> Vec<String> {
        let old = if old.is_empty() {
            String::new()
        } else {
            service(old)
        };
        let found = found_beside(find, &service(new), &old);
        let field = |line: &String| line.split(' ').nth(1).map(ToOwned::to_owned);
        found.iter().filter_map(field).collect()
    }

    #[test]
    fn refuses_in_the_words_of_the_api_server() {
        for (spec, expected) in [
            (
                "{ports: [{port: 80}, {port: 1024, nodePort: 31024}]}",
                "spec.ports[1].nodePort the API server refuses it: may not be used when `type` is 'ClusterIP'",
            ),
            (
                "{type: NodePort, clusterIP: None, ports: [{port: 80}]}",
                "spec.clusterIP the API server refuses it: may not be set to 'None' for NodePort services",
            ),
            (
                "{type: NodePort, externalTrafficPolicy: Local, healthCheckNodePort: 30022}",
                "spec.healthCheckNodePort the API server refuses it: may only be set when `type` is 'LoadBalancer' and \
                 `externalTrafficPolicy` is 'Local'",
            ),
            (
                "{externalTrafficPolicy: Local}",
                "spec.externalTrafficPolicy the API server refuses it: may only be set for externally-accessible services",
            ),
            (
                "{type: NodePort, allocateLoadBalancerNodePorts: false}",
                "spec.allocateLoadBalancerNodePorts the API server refuses it: may only be used when `type` is \
                 'LoadBalancer'",
            ),
            (
                "{type: NodePort, ports: [{port: 53, protocol: UDP, nodePort: 30053}, {port: 5353, nodePort: 30053}]}",
                "spec.ports[1].nodePort the API server refuses it: provided port is already allocated; two protocols \
                 share a node port only where their `port` is the same",
            ),
        ] {
            assert_eq!(
                found(find, &service(spec)),
                [format!("f.yaml:1 {expected}")],
                "{spec}"
            );
        }
    }

    #[test]
    fn what_the_api_server_takes_is_not_refused() {
        for spec in [
            "{}",
            "{clusterIP: None, ports: [{port: 80, nodePort: 0}, {port: 81, nodePort: null}]}",
            "{type: ExternalName, externalName: a, ports: [{port: 80, nodePort: 31024}]}",
            "{externalIPs: [198.51.100.7], externalTrafficPolicy: Local}",
            "{type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30022, allocateLoadBalancerNodePorts: false}",
            "{type: NodePort, ports: [{port: 53, protocol: UDP, nodePort: 30053}, {port: 53, nodePort: 30053}]}",
            "{type: NodePort, ports: [{port: 53, nodePort: 30053}, {port: 54, nodePort: 30053}]}",
            "{type: NodePort, ports: 1, healthCheckNodePort: 0}",
            "1",
        ] {
            assert_eq!(found(find, &service(spec)), [""; 0], "{spec}");
        }
        let other = "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: web}, spec: {clusterIP: None, \
                     type: NodePort}}\n";
        assert_eq!(found(find, other), [""; 0]);
    }

    #[test]
    fn what_a_change_of_the_type_leaves_as_it_was_is_taken_out() {
        let was = "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30022";
        let kept = "externalTrafficPolicy: Local, healthCheckNodePort: 30022, allocateLoadBalancerNodePorts: true";
        for (new, old, refused) in [
            (
                "ports: [{port: 80, nodePort: 30080}]",
                "type: NodePort, ports: [{port: 80, nodePort: 30080}]",
                &[][..],
            ),
            (
                "ports: [{port: 80, nodePort: 30081}]",
                "type: NodePort, ports: [{port: 80, nodePort: 30080}]",
                &["spec.ports[0].nodePort"],
            ),
            (kept, was, &["spec.allocateLoadBalancerNodePorts"]),
            (
                "externalTrafficPolicy: Cluster, healthCheckNodePort: 30023",
                was,
                &["spec.externalTrafficPolicy", "spec.healthCheckNodePort"],
            ),
            // Two protocols of a number that is there.
            (
                "type: NodePort, ports: [{port: 53, protocol: UDP, nodePort: 30053}, {port: 54, nodePort: 30053}]",
                "type: NodePort, ports: [{port: 53, protocol: UDP, nodePort: 30053}]",
                &[],
            ),
        ] {
            assert_eq!(
                fields(&format!("{{{new}}}"), &format!("{{{old}}}")),
                refused,
                "{new}"
            );
        }
        // Without the old one nothing is taken out.
        assert_eq!(fields(&format!("{{{kept}}}"), "").len(), 3);
    }
}
