//! A number that the API server may give to another Service first.

use shared::{Finding, Rule, Verdict, rule};

use crate::advice::Advice;
use crate::service::NodePort;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "dynamic_band_port",
    summary: "A chosen number in the band from which the API server may give it to another Service first",
    why: "If another Service happens to get the number first, the manifest can no longer be applied; the first \
          ports of the range are kept for manifests as long as the others last (KEP-3668)",
    fix: "set a nodePort of the static band",
    levels: [Warn by "dynamicBand"],
};

/// Reports a new number of the dynamic band, where the Service may have one of the static band.
pub(crate) fn check(
    number: &NodePort<'_>,
    settings: &Settings,
    advice: &mut Advice<'_>,
    verdict: &mut Verdict,
) {
    let dynamic = settings.cluster_range.dynamic_band();
    // A number that this Service has already cannot go to another.
    if !number.is_chosen || !number.is_new || !dynamic.contains(number.number) {
        return;
    }
    let fix = advice.in_static_band(number);
    if let Some(fix) = fix {
        let reason = format!(
            "{} is in the dynamic band {dynamic}: another Service may get it first",
            number.number
        );
        let level = number.place.level(settings, settings.dynamic_band);
        verdict.report(level, Finding::new(&RULE, &number.place, reason).fix(fix));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines, lines_of, managed, service};

    fn node_port(number: i64) -> Value {
        json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": number}]})
    }

    #[test]
    fn names_the_band_and_a_port_outside_of_it() {
        let found = "spec.ports[0].nodePort: 30086 is in the dynamic band 30086-32767: another Service may get it \
            first; fix: set nodePort: 30072, or another one of 30000-30085 [dynamic_band_port]";
        for (settings, expected) in [
            (json!({}), format!("warning: nodeport-range: {found}")),
            (json!({"dynamicBand": "deny"}), found.to_owned()),
        ] {
            assert_eq!(lines(&node_port(30086), &settings), [expected]);
        }
        assert_eq!(lines(&node_port(30085), &json!({})), [""; 0]);
    }

    #[test]
    fn says_nothing_where_nothing_better_can_be_written() {
        for settings in [
            json!({"dynamicBand": "off"}),
            json!({"ranges": [{"ports": "31000-31099"}]}),
            json!({"denied": [{"ports": "30000-30085", "reason": "ours"}]}),
            json!({"clusterRange": "31000-31015"}),
        ] {
            assert_eq!(lines(&node_port(31000), &settings), [""; 0], "{settings}");
        }
        let automatic = managed(service(&node_port(31000)), &[(80, "TCP", false)]);
        assert_eq!(lines_of(&automatic, &json!({"apply": "all"})), [""; 0]);
    }
}
