//! An annotation that is not read of these pods.

use shared::{Finding, Rule, Verdict, quote, rule};

use crate::annotations::{
    DO_NOT_CONSOLIDATE, DO_NOT_DISRUPT, DO_NOT_EVICT, DS_EVICTION, LOCAL_VOLUMES, SAFE_TO_EVICT,
    SCALE_DOWN_DISABLED,
};
use crate::settings::Settings;
use crate::template::{Source, Template};

pub(crate) static RULE: Rule = rule! {
    id: "inert_annotation",
    summary: "An annotation that is not read of these pods: `safe-to-evict` of a DaemonSet's, `enable-ds-eviction` of \
              others, `scale-down-disabled`, which is for nodes, `do-not-evict`, which Karpenter dropped, or a list of \
              volumes beside `safe-to-evict: \"true\"`",
    why: "It does nothing, whatever its value",
    fix: "leave it out",
    levels: [Warn by "inertAnnotation"],
};

/// Reports it, and returns whether it is so.
///
/// The first rule with an answer decides: those of a `DaemonSet` come before `safe-to-evict`, and that before volumes.
/// Source: `Default` in `cluster-autoscaler/simulator/drainability/rules/rules.go` of kubernetes/autoscaler.
pub(crate) fn check(
    key: &str,
    value: &str,
    template: &Template<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) -> bool {
    let safe = template.annotations.get(SAFE_TO_EVICT);
    let instead = |key: &str, value: &str| format!("write {key}: {} instead", quote(value));
    let (why, fix) = match (key, template.source) {
        (SAFE_TO_EVICT, Source::DaemonSet) => (
            "Cluster Autoscaler does not read it of pods of a DaemonSet",
            instead(DS_EVICTION, if value == "false" { "false" } else { "true" }),
        ),
        (LOCAL_VOLUMES, Source::DaemonSet) => (
            "Cluster Autoscaler does not read it of pods of a DaemonSet, whose volumes keep no node",
            String::new(),
        ),
        (LOCAL_VOLUMES, _) if safe == Some("true") => (
            "Cluster Autoscaler does not read it beside safe-to-evict: \"true\", which is about all volumes",
            "leave one of the two out".to_owned(),
        ),
        (DS_EVICTION, Source::Nothing | Source::Controller) => (
            "Cluster Autoscaler reads it of pods of a DaemonSet alone",
            instead(
                SAFE_TO_EVICT,
                if value == "false" { "false" } else { "true" },
            ),
        ),
        (SCALE_DOWN_DISABLED, _) => (
            "Cluster Autoscaler reads it of nodes alone",
            instead(SAFE_TO_EVICT, "false"),
        ),
        (DO_NOT_EVICT | DO_NOT_CONSOLIDATE, _) => (
            "Karpenter does not read it any more since v1",
            instead(DO_NOT_DISRUPT, "true"),
        ),
        _ => return false,
    };
    let finding = Finding::new(
        &RULE,
        &template.mark("annotations", key),
        format!("does nothing: {why}"),
    );
    let finding = finding.known_as(key.to_owned());
    let finding = if fix.is_empty() {
        finding
    } else {
        finding.fix(fix)
    };
    verdict.report(settings.inert_annotation, finding);
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::annotations::{
        DAEMONSET_POD, DO_NOT_CONSOLIDATE, DO_NOT_EVICT, DS_EVICTION, LOCAL_VOLUMES, SAFE_TO_EVICT,
        SCALE_DOWN_DISABLED,
    };
    use crate::testing::{annotated, lines, of_kind, pod};

    #[test]
    fn says_who_reads_it_and_what_to_write() {
        for (kind, key, value, said) in [
            (
                "DaemonSet",
                SAFE_TO_EVICT,
                "false",
                "Cluster Autoscaler does not read it of pods of a DaemonSet; fix: write \
                 cluster-autoscaler.kubernetes.io/enable-ds-eviction: \"false\" instead",
            ),
            (
                "DaemonSet",
                SAFE_TO_EVICT,
                "yes",
                "Cluster Autoscaler does not read it of pods of a DaemonSet; fix: write \
                 cluster-autoscaler.kubernetes.io/enable-ds-eviction: \"true\" instead",
            ),
            (
                "DaemonSet",
                LOCAL_VOLUMES,
                "a, b",
                "Cluster Autoscaler does not read it of pods of a DaemonSet, whose volumes keep no node; fix: leave it out",
            ),
            (
                "Deployment",
                DS_EVICTION,
                "false",
                "Cluster Autoscaler reads it of pods of a DaemonSet alone; fix: write \
                 cluster-autoscaler.kubernetes.io/safe-to-evict: \"false\" instead",
            ),
            (
                "StatefulSet",
                SCALE_DOWN_DISABLED,
                "true",
                "Cluster Autoscaler reads it of nodes alone; fix: write cluster-autoscaler.kubernetes.io/safe-to-evict: \
                 \"false\" instead",
            ),
            (
                "Deployment",
                DO_NOT_EVICT,
                "true",
                "Karpenter does not read it any more since v1; fix: write karpenter.sh/do-not-disrupt: \"true\" instead",
            ),
            (
                "Deployment",
                DO_NOT_CONSOLIDATE,
                "true",
                "Karpenter does not read it any more since v1; fix: write karpenter.sh/do-not-disrupt: \"true\" instead",
            ),
        ] {
            let object = of_kind(annotated(&json!({ key: value })), "apps/v1", kind);
            assert_eq!(
                lines(&object, &json!({})),
                [format!(
                    "warning: pod-disruption: spec.template.metadata.annotations[\"{key}\"]: does nothing: {said} [inert_annotation]"
                )]
            );
        }
        let both = annotated(&json!({ SAFE_TO_EVICT: "true", LOCAL_VOLUMES: "a, b" }));
        assert_eq!(
            lines(&both, &json!({"inertAnnotation": "deny"})),
            [format!(
                "spec.template.metadata.annotations[\"{LOCAL_VOLUMES}\"]: does nothing: Cluster Autoscaler does not read it beside \
                 safe-to-evict: \"true\", which is about all volumes; fix: leave one of the two out [inert_annotation]"
            )]
        );
    }

    #[test]
    fn knows_what_is_a_pod_of_a_daemon_set() {
        let mut owned = pod(&json!({ SAFE_TO_EVICT: "false" }));
        owned["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "a", "controller": true}]);
        let counted = annotated(&json!({ SAFE_TO_EVICT: "false", DAEMONSET_POD: "true" }));
        let of_kruise = of_kind(
            annotated(&json!({ SAFE_TO_EVICT: "false" })),
            "apps.kruise.io/v1alpha1",
            "DaemonSet",
        );
        for object in [owned, counted, of_kruise] {
            let found = lines(&object, &json!({}));
            assert!(
                found.len() == 1 && found[0].ends_with("[inert_annotation]"),
                "{found:?}"
            );
        }
        for object in [
            pod(&json!({ SAFE_TO_EVICT: "false" })),
            annotated(&json!({ SAFE_TO_EVICT: "false", DAEMONSET_POD: "false" })),
            of_kind(
                annotated(&json!({ DS_EVICTION: "true" })),
                "argoproj.io/v1alpha1",
                "Rollout",
            ),
            of_kind(
                annotated(&json!({ DS_EVICTION: "true" })),
                "apps/v1",
                "DaemonSet",
            ),
        ] {
            assert_eq!(lines(&object, &json!({})), [""; 0], "{object}");
        }
    }
}
