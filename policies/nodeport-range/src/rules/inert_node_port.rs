//! A number that does nothing.

use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::service::{Kind, Place, Service};

pub(crate) static RULE: Rule = rule! {
    id: "inert_node_port",
    summary: "A number on a Service that has no node ports",
    why: "The port looks open, and no node listens on it",
    fix: "leave nodePort out, or set type: NodePort",
    levels: [Warn],
};

/// Warns of numbers that no node listens on. For most types the API server refuses them, after all; for `ExternalName`
/// it stores them: `validateService` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(service: &Service<'_>, verdict: &mut Verdict) {
    if let Kind::Other(kind) = service.kind {
        for port in &service.ports {
            if let Some(number) = port.number {
                let reason = format!(
                    "{number} does nothing: a Service of type {} has no node ports",
                    quote(kind)
                );
                verdict.report(Level::Warn, Finding::new(&RULE, &port.place, reason));
            }
        }
    }
    if let Some(number) = service.inert_health_check {
        let reason = format!(
            "{number} does nothing without type: LoadBalancer and externalTrafficPolicy: Local"
        );
        let finding = Finding::new(&RULE, &Place::HealthCheck, reason);
        verdict.report(Level::Warn, finding.fix("leave healthCheckNodePort out"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn warns_of_numbers_that_no_node_listens_on() {
        let warning =
            |rest: &str| format!("warning: nodeport-range: spec.{rest} [inert_node_port]");
        let fix = "has no node ports; fix: leave nodePort out, or set type: NodePort";
        for (spec, expected) in [
            (
                json!({"type": "ExternalName", "ports": [{"port": 80, "nodePort": 80}, {"port": 81}]}),
                vec![warning(&format!(
                    "ports[0].nodePort: 80 does nothing: a Service of type \"ExternalName\" {fix}"
                ))],
            ),
            (
                json!({"ports": [{"port": 80, "nodePort": 33000}]}),
                vec![warning(&format!(
                    "ports[0].nodePort: 33000 does nothing: a Service of type \"ClusterIP\" {fix}"
                ))],
            ),
            (
                json!({"type": "LoadBalancer", "healthCheckNodePort": 33000}),
                vec![warning(
                    "healthCheckNodePort: 33000 does nothing without type: LoadBalancer and externalTrafficPolicy: \
                     Local; fix: leave healthCheckNodePort out",
                )],
            ),
            (
                json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30000}),
                vec![],
            ),
        ] {
            assert_eq!(lines(&spec, &json!({})), expected, "{spec}");
        }
    }
}
