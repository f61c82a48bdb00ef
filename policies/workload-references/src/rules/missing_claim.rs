//! A claim that is not there, or will be gone.

use shared::{Rule, Verdict, rule};

use super::{Found, NO_NODE, Said};

pub(crate) static RULE: Rule = rule! {
    id: "missing_claim",
    summary: "A PersistentVolumeClaim that is not there, is being deleted, or has lost its volume, mounted or not",
    why: "The scheduler wants every claim of a pod, which stays Pending until it has them (FailedScheduling)",
    fix: "create it, or name one that is there",
    levels: [Warn by "missing.claims"],
};

/// Tells it.
///
/// Source: `podHasPVCs` in `pkg/scheduler/framework/plugins/volumebinding/volume_binding.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    found.tell_missing(&RULE, NO_NODE, verdict);
    let state = if !found.text("metadata", "deletionTimestamp").is_empty() {
        "is being deleted"
    } else if found.text("status", "phase") == "Lost" {
        "has lost its PersistentVolume (status.phase: Lost)"
    } else {
        return;
    };
    let said = Said {
        level: found.judging.settings.missing.claims,
        ..Said::new(&RULE, state.to_owned(), format!(", so {NO_NODE}"))
    };
    found.tell(&said, &found.references(), verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{claim, lines};

    #[test]
    fn tells_what_keeps_pods_pending() {
        let spec =
            json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]});
        let line = |what: &str| {
            format!(
                "warning: workload-references: spec.template.spec.volumes[0].persistentVolumeClaim.claimName: \
                 PersistentVolumeClaim \"data\" {what} the pods stay Pending (FailedScheduling); fix: create it, or \
                 name one \
                 that is there [missing_claim]"
            )
        };
        let bound = claim("data", json!({}));
        let mut deleted = bound.clone();
        deleted["metadata"]["deletionTimestamp"] = json!("2026-01-31T00:00:00Z");
        let mut lost = bound.clone();
        lost["status"] = json!({"phase": "Lost"});
        for (there, expected) in [
            (vec![], vec![line("is not there (yet); without it")]),
            (vec![bound], vec![]),
            (vec![deleted], vec![line("is being deleted, so")]),
            (
                vec![lost],
                vec![line(
                    "has lost its PersistentVolume (status.phase: Lost), so",
                )],
            ),
        ] {
            assert_eq!(lines(&spec, &there, &json!({})), expected, "{there:?}");
        }
    }
}
