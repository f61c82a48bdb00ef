//! A claim for one pod that more than one has.

use shared::{Level, Rule, Verdict, rule};

use super::Found;
use crate::sharing::Sharing;

pub(crate) static RULE: Rule = rule! {
    id: "single_pod_claim",
    summary: "A ReadWriteOncePod claim of several replicas, or of a Deployment whose rollouts keep the old pod until \
              the new one \
              runs (`maxUnavailable` comes to 0)",
    why: "The second pod is never scheduled, and no rollout ever finishes",
    fix: "use replicas: 1, or a claim with ReadWriteMany",
    levels: [Deny by "unfit.claims", Warn for "a DaemonSet, which may select one node"],
};

/// Refuses it.
///
/// Source: `pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    let Some(sharing) = found.sharing("ReadWriteOncePod") else {
        return;
    };
    let level = found.judging.settings.unfit.claims;
    let level = match sharing {
        Sharing::EveryNode => level.at_most(Level::Warn),
        _ => level,
    };
    let consequence = "so the second pod is never scheduled";
    found.tell_sharing(
        &RULE,
        level,
        "ReadWriteOncePod",
        sharing,
        consequence,
        verdict,
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{claim, lines_of, of_kind};

    #[test]
    fn says_why_the_second_pod_has_no_place() {
        let found = |kind: &str, replicas: Value, modes: Value| {
            let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
            let spec = json!({"replicas": replicas, "template": {"spec": {"volumes": volumes}}});
            let data = claim("data", json!({"accessModes": modes}));
            lines_of(&of_kind("apps/v1", kind, spec), &[data], &json!({}))
        };
        let place = "spec.template.spec.volumes[0].persistentVolumeClaim.claimName: PersistentVolumeClaim \"data\" is \
                     ReadWriteOncePod, and";
        let once = || json!(["ReadWriteOncePod"]);
        assert_eq!(
            found("StatefulSet", json!(3), once()),
            [format!(
                "{place} several replicas share it, so the second pod is never scheduled; fix: use replicas: 1, or a \
                 claim with \
                 ReadWriteMany [single_pod_claim]"
            )]
        );
        assert_eq!(
            found("Deployment", json!(1), once()),
            [format!(
                "{place} a rollout keeps the old pod until the next one runs, so the second pod is never scheduled; \
                 fix: write strategy: {{type: Recreate}}, or use a claim with ReadWriteMany [single_pod_claim]"
            )]
        );
        // With one replica alone, the next rollout would be refused.
        assert_eq!(
            found("Deployment", json!(3), once()),
            [format!(
                "{place} several replicas share it, so the second pod is never scheduled; fix: use replicas: 1 with \
                 strategy: {{type: Recreate}}, or a claim with ReadWriteMany [single_pod_claim]"
            )]
        );
        assert_eq!(
            found("DaemonSet", json!(null), once()),
            [format!(
                "warning: workload-references: {place} there is a pod on each node, so the second pod is never \
                 scheduled; fix: use a \
                 claim with ReadWriteMany, or an ephemeral volume [single_pod_claim]"
            )]
        );
        assert_eq!(found("StatefulSet", json!(1), once()), [""; 0]);
        assert_eq!(
            found("StatefulSet", json!(3), json!(["ReadWriteMany"])),
            [""; 0]
        );
    }
}
