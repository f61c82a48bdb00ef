//! A number that is in no range for the Service.

use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::advice::Advice;
use crate::scope::{AllowedPorts, Scope};
use crate::service::NodePort;

pub(crate) static RULE: Rule = rule! {
    id: "outside_allowed_ranges",
    summary: "A number that `ranges`, or `clusterRange`, do not have for the namespace and the protocol",
    why: "Firewalls and load balancers in front of the nodes are opened for these ranges and no others, and every port \
          listens on all nodes",
    fix: "set a nodePort that is allowed",
    levels: [Deny, Deny by "healthCheckNodePort" for "the health check"],
};

/// Refuses a number that is in no range for one of its protocols, and returns whether it did.
pub(crate) fn check(
    number: &NodePort<'_>,
    scope: &Scope<'_>,
    advice: &mut Advice<'_>,
    verdict: &mut Verdict,
) -> bool {
    let outside = number.find(scope.settings.apply, |protocol| {
        let is_outside = !scope.allows(number.number, protocol);
        is_outside.then(|| reason(number.number, protocol, scope))
    });
    let Some((reason, place, protocols)) = outside else {
        return false;
    };
    let finding = Finding::new(&RULE, &place, reason)
        .fix(advice.about(number, place))
        .concerning(protocols);
    verdict.report(place.level(scope.settings, Level::Deny), finding);
    true
}

/// It says the same of a number that the user chose and of one that was allocated, so that on an UPDATE it is not new.
fn reason(number: i64, protocol: &str, scope: &Scope<'_>) -> String {
    let namespace = scope.namespace;
    let Some(AllowedPorts {
        ports,
        are_own,
        of_protocol,
    }) = scope.allowed(protocol)
    else {
        return format!(
            "{number} is not allowed: no entry of ranges is for {protocol} in namespace {namespace}",
            protocol = quote(protocol),
            namespace = quote(namespace)
        );
    };
    let whose = match (are_own, of_protocol) {
        (true, true) => format!(
            ", the ports of namespace {namespace} for {protocol}",
            namespace = quote(namespace),
            protocol = quote(protocol)
        ),
        (true, false) => format!(", the ports of namespace {}", quote(namespace)),
        (false, true) => format!(", the ports for {}", quote(protocol)),
        (false, false) => String::new(),
    };
    format!("{number} is outside of {ports}{whose}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines, lines_of, managed, service};

    /// A Service with one port of this number.
    fn node_port(number: i64, protocol: &str) -> Value {
        json!({"type": "NodePort", "ports": [{"port": 80, "protocol": protocol, "nodePort": number}]})
    }

    #[test]
    fn says_what_is_open_and_a_port_of_it() {
        let own = json!({"ranges": [
            {"ports": "30000-30099"},
            {"ports": "30200-30203", "namespaces": ["shop"], "protocols": ["TCP"]},
            {"ports": 30300, "namespaces": ["shop"], "protocols": ["TCP"]},
        ]});
        let of_protocol =
            json!({"ranges": [{"ports": "30000-30099"}, {"ports": 30500, "protocols": ["UDP"]}]});
        let of_others = json!({"ranges": [{"ports": "30000-30099", "namespaces": ["edge"]}]});
        let free = "or leave it out to get a free one";
        for (number, protocol, settings, found) in [
            (
                33000,
                "TCP",
                json!({}),
                format!(
                    "33000 is outside of 30000-32767; fix: set nodePort: 30062, or another one of 30000-32767, {free}"
                ),
            ),
            (
                -1,
                "UDP",
                json!({"ranges": [{"ports": "30000-30099"}]}),
                format!(
                    "-1 is outside of 30000-30099; fix: set nodePort: 30085, or another one of 30000-30099, {free}"
                ),
            ),
            (
                30080,
                "TCP",
                own.clone(),
                format!(
                    "30080 is outside of 30200-30203, 30300, the ports of namespace \"shop\" for \"TCP\"; fix: set \
                     nodePort: 30200, or another one of 30200-30203, 30300, {free}"
                ),
            ),
            (
                30080,
                "UDP",
                own,
                format!(
                    "30080 is not allowed: no entry of ranges is for \"UDP\" in namespace \"shop\"; fix: have the \
                     platform team allow another port in `ranges`, {free}"
                ),
            ),
            (
                30100,
                "UDP",
                of_protocol,
                format!(
                    "30100 is outside of 30000-30099, 30500, the ports for \"UDP\"; fix: set nodePort: 30000, or \
                     another one of 30000-30099, 30500, {free}"
                ),
            ),
            (
                30080,
                "TCP",
                of_others,
                format!(
                    "30080 is not allowed: no entry of ranges is for \"TCP\" in namespace \"shop\"; fix: have the \
                     platform team allow another port in `ranges`, {free}"
                ),
            ),
            (
                30080,
                "TCP",
                json!({"ranges": [{"ports": 30443}], "requireExplicit": true}),
                "30080 is outside of 30443; fix: set nodePort: 30443".to_owned(),
            ),
        ] {
            assert_eq!(
                lines(&node_port(number, protocol), &settings),
                [format!(
                    "spec.ports[0].nodePort: {found} [outside_allowed_ranges]"
                )]
            );
        }
    }

    #[test]
    fn what_the_api_server_chose_is_judged_when_all_is() {
        let object = managed(service(&node_port(31544, "TCP")), &[(80, "TCP", false)]);
        let settings = json!({"ranges": [{"ports": "30000-30099"}]});
        assert_eq!(lines_of(&object, &settings), [""; 0]);
        let settings = json!({"ranges": [{"ports": "30000-30099"}], "apply": "all"});
        assert_eq!(
            lines_of(&object, &settings),
            [
                "spec.ports[0].nodePort: 31544 is outside of 30000-30099; fix: set nodePort: 30068, or another one of \
                 30000-30099: the API server chooses from all of 30000-32767 [outside_allowed_ranges]"
            ]
        );
    }

    #[test]
    fn one_number_is_told_once_and_two_get_two_answers() {
        let spec = json!({"type": "NodePort", "ports": [
            {"port": 53, "nodePort": 33000},
            {"port": 53, "protocol": "UDP", "nodePort": 33000},
            {"port": 80, "nodePort": 33086},
        ]});
        let rest = "or another one of 30000-32767, or leave it out to get a free one [outside_allowed_ranges]";
        assert_eq!(
            lines(&spec, &json!({})),
            [
                format!(
                    "spec.ports[0].nodePort: 33000 is outside of 30000-32767; fix: set nodePort: 30062 here \
                     and at spec.ports[1], {rest}"
                ),
                format!(
                    "spec.ports[2].nodePort: 33086 is outside of 30000-32767; fix: set nodePort: 30063, {rest}"
                ),
            ]
        );
    }

    #[test]
    fn one_number_of_the_allocator_for_two_protocols_is_its_choice() {
        let spec = json!({"type": "NodePort", "ports": [
            {"port": 53, "nodePort": 31544}, {"port": 53, "protocol": "UDP", "nodePort": 31544},
        ]});
        let settings = json!({"ranges": [{"ports": "30000-30099"}]});
        for (tcp, udp, fields) in [
            (false, false, &[][..]),
            (true, false, &["spec.ports[0].nodePort"]),
            (false, true, &["spec.ports[0].nodePort"]),
            (true, true, &["spec.ports[0].nodePort"]),
        ] {
            let object = managed(service(&spec), &[(53, "TCP", tcp), (53, "UDP", udp)]);
            let found = lines_of(&object, &settings);
            let found: Vec<&str> = found
                .iter()
                .filter_map(|line| Some(line.split_once(": ")?.0))
                .collect();
            assert_eq!(found, fields, "{tcp} {udp}");
        }
    }

    #[test]
    fn no_more_numbers_are_looked_for_than_are_printed() {
        for (outside, advice) in [
            (99, "set nodePort: 20075, or another one of 20000-20127"),
            (100, "set another nodePort"),
        ] {
            let mut ports: Vec<_> = (0..outside)
                .map(|index| json!({"port": 80 + index, "nodePort": 33000 + index}))
                .collect();
            ports.push(json!({"port": 8080, "nodePort": 31000}));
            let settings = json!({"clusterRange": "20000-32767"});
            let found = lines(&json!({"type": "NodePort", "ports": ports}), &settings);
            let warning = found.last().unwrap();
            let (_, fix) = warning.split_once("; fix: ").unwrap();
            assert_eq!(fix, format!("{advice} [dynamic_band_port]"), "{warning}");
        }
    }

    #[test]
    fn a_health_check_is_as_serious_as_it_is_set_to() {
        let spec = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 33000});
        let line = "spec.healthCheckNodePort: 33000 is outside of 30000-32767; fix: set healthCheckNodePort: 30062, or \
            leave it out to get a free one [outside_allowed_ranges]";
        assert_eq!(lines(&spec, &json!({})), [line]);
        let settings = json!({"healthCheckNodePort": "warn"});
        assert_eq!(
            lines(&spec, &settings),
            [format!("warning: nodeport-range: {line}")]
        );
        assert_eq!(
            lines(&spec, &json!({"healthCheckNodePort": "off"})),
            [""; 0]
        );
    }
}
