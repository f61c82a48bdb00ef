//! A Service that the API server refuses, in its own words.
//!
//! The policies never see such an object in a cluster. Sources: `ValidateService`, `validateServicePort`,
//! `validateLoadBalancerClassField`, `validateServiceExternalTrafficPolicy`, `validateServiceInternalTrafficFieldsValue`
//! and `ValidateServiceClusterIPsRelatedFields` in `pkg/apis/core/validation/validation.go`, `initNodePorts` in
//! `pkg/registry/core/service/storage/alloc.go`, `dropTypeDependentFields` in `pkg/registry/core/service/strategy.go`.

use shared::{Level, Rule, quote, rule, settings::is_object_name};
use tree::{Value, json};

use super::{Found, INVALID, Manifests};
use crate::{manifests::Object, names::UnknownName, report::Reported};
use cluster::kinds::text;

mod ports;

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
                fix: problem.fix,
                level: Level::Deny,
                code: Some(INVALID),
                absent: None,
            });
        }
    }
    found
}

/// Whether a policy warns of what the API server refuses: of the same field, or of what the type would mean if there
/// were one of that name.
pub(crate) fn is_said(warning: &Reported, own: &[Reported]) -> bool {
    let mut refused = own
        .iter()
        .filter(|own| own.rule.as_deref() == Some(RULE.id))
        .filter_map(|own| own.field.as_deref());
    let field = warning.field.as_deref().unwrap_or_default();
    let is_of_type = field.ends_with(".nodePort") || field.ends_with(".healthCheckNodePort");
    refused.any(|refused| refused == field || refused == "spec.type" && is_of_type)
}

/// What the API server says of a field.
struct Problem {
    field: String,
    words: String,
    fix: String,
}

/// A Service, and the one that it replaces.
struct Service<'a> {
    object: &'a Value,
    spec: &'a Value,
    old: Option<&'a Value>,
    kind: &'a str,
}

// The words that a field may have, as the API server lists them.
const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const TRAFFIC_POLICIES: &[&str] = &["Cluster", "Local"];
const AFFINITIES: &[&str] = &["ClientIP", "None"];
const FAMILY_POLICIES: &[&str] = &["PreferDualStack", "RequireDualStack", "SingleStack"];
const FAMILIES: &[&str] = &["IPv4", "IPv6"];

/// The annotation that did what `loadBalancerSourceRanges` does.
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const ONLY_BALANCED: &str = "may only be used when `type` is 'LoadBalancer'";

/// What the API server says of a word that it does not know.
fn unsupported(field: String, word: &str, words: &[&str]) -> Option<Problem> {
    if word.is_empty() || words.contains(&word) {
        return None;
    }
    let mut known = words.iter();
    let same = known.find(|known| known.eq_ignore_ascii_case(word));
    let meant = same.map(|known| (*known).to_owned());
    let meant = meant.or_else(|| UnknownName::new(word, words.iter().copied()).nearest);
    let name = field.rsplit('.').next().unwrap_or_default();
    let name = name.split('[').next().unwrap_or_default();
    let fix = match meant {
        Some(meant) => format!("write {meant}"),
        None => format!("write one of {}, or leave {name} out", words.join(", ")),
    };
    let words: Vec<String> = words.iter().map(|word| quote(word).to_string()).collect();
    Some(Problem {
        words: format!(
            "Unsupported value: {}: supported values: {}",
            quote(word),
            words.join(", ")
        ),
        field,
        fix,
    })
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
    *value != Value::Null && *value != json!(0) && *value != json!("") && *value != json!([])
}

/// Whether a Service with this spec has no address of its own.
fn is_headless(spec: &Value) -> bool {
    text(spec, "/clusterIP").or_else(|| text(spec, "/clusterIPs/0")) == Some("None")
}

fn has_cluster_ip(spec: &Value) -> bool {
    kind_of(spec) != "ExternalName"
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
            object: &object.value,
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

    /// The value of a field of the spec.
    fn own(&self, name: &str) -> &'a Value {
        field(self.spec, name)
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        ports::find(self, &mut problems);
        self.words(&mut problems);
        // What else is wrong depends on what the type is to be.
        if TYPES.contains(&self.kind) {
            self.cluster_ip(&mut problems);
            self.external_name(&mut problems);
            self.node_ports(&mut problems);
            self.traffic(&mut problems);
            self.balancer(&mut problems);
        }
        problems
    }

    /// Words that are misspelt.
    fn words(&self, problems: &mut Vec<Problem>) {
        let mut check = |name: &str, words: &[&str]| {
            let word = self.own(name).as_str().unwrap_or_default();
            problems.extend(unsupported(format!("spec.{name}"), word, words));
        };
        check("type", TYPES);
        check("sessionAffinity", AFFINITIES);
        check("internalTrafficPolicy", TRAFFIC_POLICIES);
        // Where there may be none, that is said.
        if is_external(self.spec) {
            check("externalTrafficPolicy", TRAFFIC_POLICIES);
        }
        if has_cluster_ip(self.spec) {
            check("ipFamilyPolicy", FAMILY_POLICIES);
            let families = self.own("ipFamilies").as_array().into_iter().flatten();
            for (index, family) in families.enumerate() {
                let family = family.as_str().unwrap_or_default();
                let field = format!("spec.ipFamilies[{index}]");
                problems.extend(unsupported(field, family, FAMILIES));
            }
        }
    }

    fn cluster_ip(&self, problems: &mut Vec<Problem>) {
        if has_node_ports(self.kind) && text(self.spec, "/clusterIP") == Some("None") {
            problems.push(Problem {
                field: "spec.clusterIP".to_owned(),
                words: format!("may not be set to 'None' for {} services", self.kind),
                fix: "leave clusterIP out, or set type: ClusterIP and leave the node ports out"
                    .to_owned(),
            });
        }
    }

    fn external_name(&self, problems: &mut Vec<Problem>) {
        if has_cluster_ip(self.spec) {
            return;
        }
        let name = self.own("externalName");
        if !is_set(name) || name == "." {
            problems.push(Problem {
                field: "spec.externalName".to_owned(),
                words: "Required value".to_owned(),
                fix: "write the name of the host that it stands for".to_owned(),
            });
        }
        // `ValidateDNS1123Subdomain`
        let host = name.as_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        if !host.is_empty() && !is_object_name(host) {
            problems.push(Problem {
                field: "spec.externalName".to_owned(),
                words: format!(
                    "Invalid value: {}: must consist of lower case letters, digits, '-' or '.', and start and end with a \
                     letter or digit",
                    quote(host)
                ),
                fix: "write the name of a host, and no address".to_owned(),
            });
        }
        for name in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let own = self.own(name);
            if is_set(own) && !self.drops(has_cluster_ip, |old| field(old, name) == own) {
                problems.push(Problem {
                    field: format!("spec.{name}"),
                    words: "may not be set for ExternalName services".to_owned(),
                    fix: format!("leave {name} out"),
                });
            }
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
            // A headless one may be of no other type.
            let fix = if is_headless(self.spec) {
                "leave nodePort out"
            } else {
                "leave nodePort out, or set type: NodePort"
            };
            for (index, number) in numbers.iter().enumerate() {
                if is_set(number) {
                    problems.push(Problem {
                        field: format!("spec.ports[{index}].nodePort"),
                        words: "may not be used when `type` is 'ClusterIP'".to_owned(),
                        fix: fix.to_owned(),
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
                    fix: "set another nodePort, leave it out to get a free one, or give both the same port"
                        .to_owned(),
                });
            }
        }
    }

    fn traffic(&self, problems: &mut Vec<Problem>) {
        let (policy, check) = ("externalTrafficPolicy", "healthCheckNodePort");
        let same = |name: &'static str| move |old: &Value| field(old, name) == self.own(name);
        let word = self.own(policy);
        if is_set(word) && !is_external(self.spec) && !self.drops(is_external, same(policy)) {
            problems.push(Problem {
                field: format!("spec.{policy}"),
                words: "may only be set for externally-accessible services".to_owned(),
                fix: "leave externalTrafficPolicy out, or set type: NodePort or LoadBalancer"
                    .to_owned(),
            });
        }
        // Of a word that is misspelt it cannot be told.
        let is_known = word
            .as_str()
            .is_none_or(|it| TRAFFIC_POLICIES.contains(&it));
        if is_set(self.own(check))
            && is_known
            && !has_health_check(self.spec)
            && !self.drops(has_health_check, same(check))
        {
            problems.push(Problem {
                field: format!("spec.{check}"),
                words: "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
                    .to_owned(),
                fix: "leave healthCheckNodePort out".to_owned(),
            });
        }
    }

    /// What only load balancers have.
    fn balancer(&self, problems: &mut Vec<Problem>) {
        if self.kind == "LoadBalancer" {
            return;
        }
        let is_balanced = |spec: &Value| kind_of(spec) == "LoadBalancer";
        for (name, may_be_dropped) in [
            ("allocateLoadBalancerNodePorts", true),
            ("loadBalancerClass", true),
            ("loadBalancerSourceRanges", false),
        ] {
            let own = self.own(name);
            let is_dropped =
                may_be_dropped && self.drops(is_balanced, |old| field(old, name) == own);
            if is_set(own) && !is_dropped {
                problems.push(Problem {
                    field: format!("spec.{name}"),
                    words: ONLY_BALANCED.to_owned(),
                    fix: format!("leave {name} out, or set type: LoadBalancer"),
                });
            }
        }
        let annotations = self.object.pointer("/metadata/annotations");
        let annotation = annotations.and_then(|all| all.get(SOURCE_RANGES)?.as_str());
        if annotation.is_some() && !is_set(self.own("loadBalancerSourceRanges")) {
            problems.push(Problem {
                field: format!("metadata.annotations[{SOURCE_RANGES:?}]"),
                words: ONLY_BALANCED.to_owned(),
                fix: "leave the annotation out, or set type: LoadBalancer".to_owned(),
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
                "{ports: [{port: 80, name: a}, {port: 1024, name: b, nodePort: 31024}]}",
                "spec.ports[1].nodePort the API server refuses it: may not be used when `type` is 'ClusterIP'",
            ),
            (
                "{type: NodePort, clusterIP: None, ports: [{port: 80}]}",
                "spec.clusterIP the API server refuses it: may not be set to 'None' for NodePort services",
            ),
            (
                "{type: NodePort, externalTrafficPolicy: Local, healthCheckNodePort: 30022, ports: [{port: 80}]}",
                "spec.healthCheckNodePort the API server refuses it: may only be set when `type` is 'LoadBalancer' and \
                 `externalTrafficPolicy` is 'Local'",
            ),
            (
                "{externalTrafficPolicy: Local, ports: [{port: 80}]}",
                "spec.externalTrafficPolicy the API server refuses it: may only be set for externally-accessible services",
            ),
            (
                "{type: NodePort, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]}",
                "spec.allocateLoadBalancerNodePorts the API server refuses it: may only be used when `type` is \
                 'LoadBalancer'",
            ),
            (
                "{type: NodePort, ports: [{name: a, port: 53, protocol: UDP, nodePort: 30053}, {name: b, port: 5353, nodePort: 30053}]}",
                "spec.ports[1].nodePort the API server refuses it: provided port is already allocated; two protocols \
                 share a node port only where their `port` is the same",
            ),
            (
                "{type: nodePort, externalTrafficPolicy: Local, ports: [{port: 80, nodePort: 80}]}",
                "spec.type the API server refuses it: Unsupported value: \"nodePort\": supported values: \"ClusterIP\", \
                 \"ExternalName\", \"LoadBalancer\", \"NodePort\"",
            ),
            (
                "{type: LoadBalancer, externalTrafficPolicy: local, healthCheckNodePort: 30022, ports: [{port: 80}]}",
                "spec.externalTrafficPolicy the API server refuses it: Unsupported value: \"local\": supported values: \
                 \"Cluster\", \"Local\"",
            ),
            (
                "{internalTrafficPolicy: local, ports: [{port: 80}]}",
                "spec.internalTrafficPolicy the API server refuses it: Unsupported value: \"local\": supported values: \
                 \"Cluster\", \"Local\"",
            ),
            (
                "{sessionAffinity: clientIP, ports: [{port: 80}]}",
                "spec.sessionAffinity the API server refuses it: Unsupported value: \"clientIP\": supported values: \
                 \"ClientIP\", \"None\"",
            ),
            (
                "{ipFamilyPolicy: DualStack, ports: [{port: 80}]}",
                "spec.ipFamilyPolicy the API server refuses it: Unsupported value: \"DualStack\": supported values: \
                 \"PreferDualStack\", \"RequireDualStack\", \"SingleStack\"",
            ),
            (
                "{ipFamilies: [IPv6, ipv4], ports: [{port: 80}]}",
                "spec.ipFamilies[1] the API server refuses it: Unsupported value: \"ipv4\": supported values: \"IPv4\", \
                 \"IPv6\"",
            ),
            (
                "{type: NodePort, loadBalancerClass: example.com/a, ports: [{port: 80}]}",
                "spec.loadBalancerClass the API server refuses it: may only be used when `type` is 'LoadBalancer'",
            ),
            (
                "{loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]}",
                "spec.loadBalancerSourceRanges the API server refuses it: may only be used when `type` is 'LoadBalancer'",
            ),
            (
                "{type: ExternalName}",
                "spec.externalName the API server refuses it: Required value",
            ),
            (
                "{type: ExternalName, externalName: 'fd00::1'}",
                "spec.externalName the API server refuses it: Invalid value: \"fd00::1\": must consist of lower case letters, \
                 digits, '-' or '.', and start and end with a letter or digit",
            ),
            (
                "{type: ExternalName, externalName: a_b.example.com.}",
                "spec.externalName the API server refuses it: Invalid value: \"a_b.example.com\": must consist of lower case \
                 letters, digits, '-' or '.', and start and end with a letter or digit",
            ),
            (
                "{type: ExternalName, externalName: a, clusterIP: None}",
                "spec.clusterIP the API server refuses it: may not be set for ExternalName services",
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
    fn an_annotation_for_load_balancers_is_refused_elsewhere() {
        let of = |kind: &str| {
            let text = format!(
                "{{apiVersion: v1, kind: Service, metadata: {{name: web, annotations: {{{SOURCE_RANGES}: 10.0.0.0/8}}}}, \
                 spec: {{type: {kind}, ports: [{{port: 80}}]}}}}\n"
            );
            found(find, &text)
        };
        assert_eq!(of("LoadBalancer"), [""; 0]);
        let field = format!("metadata.annotations[\"{SOURCE_RANGES}\"]");
        let problem = "the API server refuses it: may only be used when `type` is 'LoadBalancer'";
        assert_eq!(of("NodePort"), [format!("f.yaml:1 {field} {problem}")]);
    }

    #[test]
    fn the_word_that_was_meant_is_told() {
        for (word, fix) in [
            ("nodePort", "write NodePort"),
            ("LoadBalancr", "write LoadBalancer"),
            (
                "Internal",
                "write one of ClusterIP, ExternalName, LoadBalancer, NodePort, or leave type out",
            ),
        ] {
            let problem = unsupported("spec.type".to_owned(), word, TYPES);
            assert_eq!(problem.map(|it| it.fix).as_deref(), Some(fix), "{word}");
        }
    }

    #[test]
    fn what_the_api_server_takes_is_not_refused() {
        for spec in [
            "{clusterIP: None}",
            "{clusterIP: None, ports: [{name: a, port: 80, nodePort: 0}, {name: b, port: 81, nodePort: null}]}",
            "{type: ExternalName, externalName: a, ports: [{port: 80, nodePort: 31024}]}",
            "{externalIPs: [198.51.100.7], externalTrafficPolicy: Local, ports: [{port: 80}]}",
            "{type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30022, allocateLoadBalancerNodePorts: \
             false, loadBalancerClass: example.com/a, loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]}",
            "{type: '', sessionAffinity: ClientIP, internalTrafficPolicy: Local, ipFamilyPolicy: SingleStack, ipFamilies: \
             [IPv4], loadBalancerSourceRanges: [], ports: [{port: 80}]}",
            "{type: NodePort, ports: [{name: a, port: 53, protocol: UDP, nodePort: 30053}, {name: b, port: 53, nodePort: 30053}]}",
            "{type: NodePort, ports: [{name: a, port: 53, nodePort: 30053}, {name: b, port: 54, nodePort: 30053}]}",
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
            (
                "loadBalancerClass: example.com/a, loadBalancerSourceRanges: [10.0.0.0/8]",
                "type: LoadBalancer, loadBalancerClass: example.com/a, loadBalancerSourceRanges: [10.0.0.0/8]",
                &["spec.loadBalancerSourceRanges"],
            ),
            (
                "type: ExternalName, externalName: a, clusterIP: 10.0.0.1, ipFamilyPolicy: PreferDualStack",
                "clusterIP: 10.0.0.1, ipFamilyPolicy: SingleStack",
                &["spec.ipFamilyPolicy"],
            ),
            // Two protocols of a number that is there.
            (
                "type: NodePort, ports: [{name: a, port: 53, protocol: UDP, nodePort: 30053}, {name: b, port: 54, nodePort: \
                 30053}]",
                "type: NodePort, ports: [{port: 53, protocol: UDP, nodePort: 30053}]",
                &[],
            ),
        ] {
            let with_ports = |spec: &str| {
                let is_there = spec.contains("ports: ");
                let ports = if is_there {
                    ""
                } else {
                    ", ports: [{port: 80}]"
                };
                format!("{{{spec}{ports}}}")
            };
            assert_eq!(fields(&with_ports(new), &with_ports(old)), refused, "{new}");
        }
        // Without the old one nothing is taken out.
        let kept = format!("{{{kept}, ports: [{{port: 80}}]}}");
        assert_eq!(fields(&kept, "").len(), 3);
    }
}
