//! A node port that pods take on their nodes, too.
//!
//! Both are redirected by the rules of the node, and one of the two gets what is meant for the other: kube-proxy sends
//! what comes in on a node port to its Service (`pkg/proxy/iptables/proxier.go`), and the portmap plugin what comes in on
//! a host port to the pod.

use std::collections::BTreeMap;

use shared::{Level, Rule, rule};
use tree::Value;

use super::{Found, Manifests, NAMED, Pods, listed};
use crate::{manifests::Object, report::Subject};
use cluster::{environments, kinds::text};

pub(super) static RULE: Rule = rule! {
    id: "host_port",
    summary: "A node port of a Service that pods take on their nodes, too",
    why: "On a node with such a pod, what comes in on the number reaches only one of the two",
    fix: "set another nodePort, or another hostPort",
    levels: [Warn],
};

/// A port that pods of an object take.
struct Taken<'a> {
    protocol: &'a str,
    field: String,
    object: &'a Object,
}

/// A warning for each node port that pods take.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let claims = manifests.node_ports();
    if claims.is_empty() {
        return Vec::new();
    }
    let mut taken: BTreeMap<u64, Vec<Taken<'_>>> = BTreeMap::new();
    for (_, object) in manifests.current() {
        for (number, one) in host_ports(object) {
            taken.entry(number).or_default().push(one);
        }
    }
    let mut found = Vec::new();
    for claim in claims {
        let all = taken.get(&u64::from(claim.number));
        let others = all.into_iter().flatten().filter(|one| {
            claim.protocols.contains(one.protocol)
                && environments::may_be_one(&one.object.file, &claim.object.file)
        });
        let mut others: Vec<&Taken<'_>> = others.collect();
        others.dedup_by(|a, b| std::ptr::eq(a.object, b.object));
        if others.is_empty() {
            continue;
        }
        let names = others.iter().take(NAMED).map(|one| {
            let place = one.object.place_of(&one.field);
            format!("{} ({place})", Subject::of(one.object))
        });
        let names = listed(names.collect(), others.len().saturating_sub(NAMED));
        let number = claim.number;
        let field = claim.field.rsplit('.').next().unwrap_or_default();
        found.push(Found {
            object: claim.position,
            problem: format!(
                "{number} is also a hostPort of {names}: on a node with such a pod, what comes in on {number} reaches only \
                 one of the two"
            ),
            fix: format!("set another {field}, or another hostPort there"),
            field: claim.field.clone(),
            level: Level::Warn,
            code: None,
            absent: None,
        });
    }
    found
}

/// The ports of the node that the pods of an object take. In the network of the node each port of a container is one:
/// `SetHostNetworkPorts` in `pkg/apis/core/v1/defaults.go`.
fn host_ports(object: &Object) -> Vec<(u64, Taken<'_>)> {
    let Some(pods) = Pods::of(object) else {
        return Vec::new();
    };
    let is_of_node = pods.spec.get("hostNetwork").and_then(Value::as_bool) == Some(true);
    let mut all = Vec::new();
    for (list, index, container) in pods.containers() {
        let ports = container.get("ports").and_then(Value::as_array);
        for (port_index, port) in ports.into_iter().flatten().enumerate() {
            let number = |field: &str| port.get(field).and_then(Value::as_u64);
            let written = number("hostPort").filter(|number| *number != 0);
            let (number, field) = match written {
                Some(number) => (number, "hostPort"),
                None => match number("containerPort").filter(|_| is_of_node) {
                    Some(number) => (number, "containerPort"),
                    None => continue,
                },
            };
            // What only listens to the node itself gets nothing from outside.
            let address = text(port, "/hostIP").unwrap_or_default();
            if address.starts_with("127.") || address == "::1" {
                continue;
            }
            let path = &pods.path;
            let taken = Taken {
                protocol: text(port, "/protocol").unwrap_or("TCP"),
                field: format!("{path}.{list}[{index}].ports[{port_index}].{field}"),
                object,
            };
            all.push((number, taken));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    const WEB: &str = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, ports: [{port: 80, \
                       nodePort: 30080}]}}\n---\n";

    fn daemon_set(spec: &str) -> String {
        format!(
            "{WEB}{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: edge, namespace: kube}}, spec: {{template: \
             {{spec: {spec}}}}}}}\n"
        )
    }

    #[test]
    fn names_both_and_what_follows() {
        let text = daemon_set(
            "{containers: [{name: a, ports: [\n{containerPort: 80, hostPort: 30080}]}]}",
        );
        assert_eq!(
            found(find, &text),
            [
                "f.yaml:1 spec.ports[0].nodePort 30080 is also a hostPort of DaemonSet kube/edge (f.yaml:4): on a node with \
                 such a pod, what comes in on 30080 reaches only one of the two"
            ]
        );
    }

    #[test]
    fn only_what_the_node_itself_redirects_clashes() {
        for (spec, clashes) in [
            (
                "{containers: [{name: a, ports: [{containerPort: 30080}]}]}",
                false,
            ),
            (
                "{hostNetwork: true, containers: [{name: a, ports: [{containerPort: 30080}]}]}",
                true,
            ),
            (
                "{containers: [{name: a, ports: [{hostPort: 30080, protocol: UDP}]}]}",
                false,
            ),
            (
                "{containers: [{name: a, ports: [{hostPort: 30080, hostIP: 127.0.0.1}]}]}",
                false,
            ),
            (
                "{containers: [], initContainers: [{name: a, restartPolicy: Always, ports: [{hostPort: 30080}]}]}",
                true,
            ),
            (
                "{containers: [], initContainers: [{name: a, ports: [{hostPort: 30080}]}]}",
                false,
            ),
            ("{containers: [{name: a, ports: [{hostPort: 0}]}]}", false),
        ] {
            assert_eq!(
                found(find, &daemon_set(spec)).len(),
                usize::from(clashes),
                "{spec}"
            );
        }
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, ports: [{hostPort: \
                   30080}]}]}}\n";
        assert_eq!(found(find, &(WEB.to_owned() + pod)).len(), 1);
    }
}
