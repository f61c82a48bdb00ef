//! A value that nothing knows.

use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::annotations::{DO_NOT_DISRUPT, reader, values};
use crate::duration;
use crate::template::Template;

pub(crate) static RULE: Rule = rule! {
    id: "unknown_annotation_value",
    summary: "An annotation of Cluster Autoscaler or Karpenter on a pod whose value is none of those that they know, such \
              as `True` or `yes`",
    why: "Values are compared byte by byte, and another one counts as none: what is to protect a pod does not",
    fix: "write \"true\" or \"false\"",
    levels: [Deny],
};

/// Refuses it.
///
/// Sources: `rules` in `cluster-autoscaler/simulator/drainability` of kubernetes/autoscaler; `IsDoNotDisruptActive` in
/// `pkg/utils/pod/scheduling.go` of kubernetes-sigs/karpenter, which takes what is no duration for no annotation.
pub(crate) fn check(key: &str, value: &str, template: &Template<'_>, verdict: &mut Verdict) {
    let Some(known) = values(key) else { return };
    let may_be_duration = key == DO_NOT_DISRUPT;
    if known.contains(&value) || may_be_duration && duration::is_positive(value) {
        return;
    }
    let others = match known {
        [one, other, third] => format!("{}, {} and {}", quote(one), quote(other), quote(third)),
        _ if may_be_duration => "\"true\", \"false\" and durations such as \"30m\"".to_owned(),
        _ => "\"true\" and \"false\"".to_owned(),
    };
    let reason = format!(
        "{} is none of {others}, so {} ignores it",
        quote(value),
        reader(key)
    );
    let finding =
        Finding::new(&RULE, &template.mark("annotations", key), reason).known_as(key.to_owned());
    let finding = match meant(value, known) {
        Some(meant) => finding.fix(format!("write {}", quote(meant))),
        None if may_be_duration => finding
            .fix("write \"true\", or a duration in hours, minutes and seconds, such as \"24h\""),
        None => finding,
    };
    verdict.report(Level::Deny, finding);
}

/// The value that is meant.
pub(crate) fn meant(value: &str, known: &[&'static str]) -> Option<&'static str> {
    let value = value.trim().to_ascii_lowercase();
    let word = match value.as_str() {
        "yes" | "y" | "on" | "t" | "1" => "true",
        "no" | "n" | "off" | "f" | "0" => "false",
        word => word,
    };
    known.iter().find(|known| **known == word).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::annotations::{DAEMONSET_POD, DO_NOT_DISRUPT, DS_EVICTION, SAFE_TO_EVICT};
    use crate::testing::{annotated, found, lines, of_kind};

    #[test]
    fn values_are_compared_byte_by_byte() {
        for (key, value, known) in [
            (SAFE_TO_EVICT, "true", true),
            (SAFE_TO_EVICT, "false", true),
            (SAFE_TO_EVICT, "on-completion", true),
            (SAFE_TO_EVICT, "True", false),
            (SAFE_TO_EVICT, "true ", false),
            (SAFE_TO_EVICT, "", false),
            (SAFE_TO_EVICT, "30m", false),
            (DAEMONSET_POD, "yes", false),
            (DAEMONSET_POD, "on-completion", false),
            (DO_NOT_DISRUPT, "true", true),
            (DO_NOT_DISRUPT, "false", true),
            (DO_NOT_DISRUPT, "30m", true),
            (DO_NOT_DISRUPT, "1d", false),
            (DO_NOT_DISRUPT, "-5m", false),
            (DO_NOT_DISRUPT, "True", false),
        ] {
            let place =
                format!("spec.template.metadata.annotations[\"{key}\"] [unknown_annotation_value]");
            let expected = if known { vec![] } else { vec![place] };
            assert_eq!(
                found(&annotated(&json!({ key: value }))),
                expected,
                "{key}: {value}"
            );
        }
        let daemons = of_kind(
            annotated(&json!({ DS_EVICTION: "no" })),
            "apps/v1",
            "DaemonSet",
        );
        assert_eq!(found(&daemons).len(), 1);
    }

    #[test]
    fn names_what_is_meant() {
        let (evict, disrupt) = (SAFE_TO_EVICT, DO_NOT_DISRUPT);
        let duration =
            "write \"true\", or a duration in hours, minutes and seconds, such as \"24h\"";
        for (key, value, fix) in [
            (evict, "True", "write \"true\""),
            (evict, " FALSE", "write \"false\""),
            (evict, "yes", "write \"true\""),
            (evict, "0", "write \"false\""),
            (evict, "On-Completion", "write \"on-completion\""),
            (evict, "maybe", "write \"true\" or \"false\""),
            (disrupt, "1d", duration),
            (disrupt, "TRUE", "write \"true\""),
        ] {
            let (known, reader) = if key == evict {
                (
                    "\"true\", \"false\" and \"on-completion\"",
                    "Cluster Autoscaler",
                )
            } else {
                (
                    "\"true\", \"false\" and durations such as \"30m\"",
                    "Karpenter",
                )
            };
            assert_eq!(
                lines(&annotated(&json!({ key: value })), &json!({})),
                [format!(
                    "spec.template.metadata.annotations[\"{key}\"]: \"{value}\" is none of {known}, so {reader} ignores \
                     it; fix: {fix} [unknown_annotation_value]"
                )]
            );
        }
    }
}
