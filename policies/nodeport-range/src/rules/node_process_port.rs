//! A number that a process of the nodes themselves listens on.

use shared::{Finding, Level, Rule, Verdict, rule};

use crate::advice::Advice;
use crate::processes::PROCESSES;
use crate::service::NodePort;

pub(crate) static RULE: Rule = rule! {
    id: "node_process_port",
    summary: "A chosen number that a process of the nodes listens on, such as 22 or 10250, where `clusterRange` has it",
    why: "What comes in on a node port goes to the Service, whatever else listens there: logins to the nodes fail, or the \
          API server reaches no kubelet",
    fix: "set another nodePort",
    levels: [Warn],
};

/// Warns of such a number, and returns whether it did.
pub(crate) fn check(number: &NodePort<'_>, advice: &mut Advice<'_>, verdict: &mut Verdict) -> bool {
    let mut ports = PROCESSES.iter();
    let found = ports.find(|(port, _)| i64::from(*port) == number.number);
    let Some((_, process)) = found.filter(|_| number.protocols().any(|it| it == "TCP")) else {
        return false;
    };
    let reason = format!(
        "{} is the port of {process} on the nodes: kube-proxy sends its traffic to this Service",
        number.number
    );
    let finding =
        Finding::new(&RULE, &number.place, reason).fix(advice.about(number, number.place));
    verdict.report(number.place.level(advice.settings(), Level::Warn), finding);
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::lines;

    fn node_port(number: i64, protocol: &str) -> Value {
        let port = json!({"port": 80, "nodePort": number, "protocol": protocol});
        json!({"type": "NodePort", "ports": [port]})
    }

    #[test]
    fn says_who_listens_there_and_suggests_no_other_such_port() {
        let settings = json!({"clusterRange": "1-65535", "dynamicBand": "off"});
        for (number, process) in [(22, "sshd"), (10_250, "the kubelet")] {
            let found = lines(&node_port(number, "TCP"), &settings);
            let start = format!(
                "warning: nodeport-range: spec.ports[0].nodePort: {number} is the port of {process} on the nodes: \
                 kube-proxy sends its traffic to this Service; fix: set nodePort: "
            );
            assert!(
                found.len() == 1 && found[0].starts_with(&start),
                "{found:?}"
            );
            assert!(found[0].ends_with("[node_process_port]"), "{found:?}");
        }
        let narrow =
            json!({"clusterRange": "20-24", "denied": [{"ports": "20-21", "reason": "ours"}]});
        assert_eq!(
            lines(&node_port(20, "TCP"), &narrow),
            [
                "spec.ports[0].nodePort: 20 is denied: ours; fix: set nodePort: 23, or another one of 23-24, or leave it out \
              to get a free one [denied_port]"
            ]
        );
    }

    #[test]
    fn other_ports_and_protocols_are_free() {
        let settings = json!({"clusterRange": "1-65535", "dynamicBand": "off"});
        for (number, protocol) in [(22, "UDP"), (10_251, "TCP"), (30_080, "TCP")] {
            assert_eq!(lines(&node_port(number, protocol), &settings), [""; 0]);
        }
    }
}
