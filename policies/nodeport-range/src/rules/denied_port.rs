//! A number that the administrator denies.

use shared::{Finding, Level, Rule, Verdict, rule};

use crate::advice::Advice;
use crate::scope::Scope;
use crate::service::NodePort;

pub(crate) static RULE: Rule = rule! {
    id: "denied_port",
    summary: "A node port that `denied` lists",
    why: "The platform team says why in the entry's `reason`",
    fix: "set another nodePort",
    levels: [Deny, Deny by "healthCheckNodePort" for "the health check"],
};

/// Refuses a number that is denied for one of its protocols, and returns whether it did.
pub(crate) fn check(
    number: &NodePort<'_>,
    scope: &Scope<'_>,
    advice: &mut Advice<'_>,
    verdict: &mut Verdict,
) -> bool {
    let denied = number.find(scope.settings.apply, |protocol| {
        scope.denied(number.number, protocol)
    });
    let Some((entry, place, protocols)) = denied else {
        return false;
    };
    let reason = format!("{} is denied: {}", number.number, entry.reason);
    let finding = Finding::new(&RULE, &place, reason)
        .fix(advice.about(number, place))
        .concerning(protocols);
    verdict.report(place.level(scope.settings, Level::Deny), finding);
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn says_the_reason_of_the_administrator() {
        let denied = |except: &[&str], protocols: &[&str]| {
            json!({"denied": [{"ports": "30080-30090", "reason": "kept for the ingress", "exceptNamespaces": except,
                "protocols": protocols}]})
        };
        let spec = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30085}]});
        for settings in [denied(&[], &[]), denied(&["edge"], &["UDP", "TCP"])] {
            assert_eq!(
                lines(&spec, &settings),
                [
                    "spec.ports[0].nodePort: 30085 is denied: kept for the ingress; fix: set nodePort: 30005, or \
                     another one of 30000-30079, 30091-32767, or leave it out to get a free one [denied_port]"
                ]
            );
        }
        for settings in [denied(&["shop"], &[]), denied(&[], &["UDP"])] {
            assert_eq!(lines(&spec, &settings), [""; 0]);
        }
    }
}
