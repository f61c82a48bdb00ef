//! A Pod that is not made again.

use shared::{Finding, Rule, Verdict, rule};

use crate::annotations::SAFE_TO_EVICT;
use crate::settings::Settings;
use crate::template::{Source, Template};

pub(crate) static RULE: Rule = rule! {
    id: "bare_pod",
    summary: "With `barePods`, a Pod that no controller makes, without `safe-to-evict`",
    why: "Cluster Autoscaler does not remove its node, for it would not come back",
    fix: "have a Deployment or a Job make it, or write cluster-autoscaler.kubernetes.io/safe-to-evict: \"true\"",
    levels: [Off by "barePods"],
};

/// Reports it.
pub(crate) fn check(template: &Template<'_>, settings: &Settings, verdict: &mut Verdict) {
    if template.source != Source::Nothing || template.annotations.get(SAFE_TO_EVICT).is_some() {
        return;
    }
    let reason = "has no controller, which keeps Cluster Autoscaler from removing the node";
    let finding = Finding::new(&RULE, &"metadata.ownerReferences", reason);
    verdict.report(settings.bare_pods, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::annotations::SAFE_TO_EVICT;
    use crate::testing::{annotated, lines, pod};

    #[test]
    fn is_told_where_that_is_wanted() {
        let bare = pod(&json!({}));
        assert_eq!(lines(&bare, &json!({})), [""; 0]);
        let settings = json!({"barePods": "deny"});
        assert_eq!(
            lines(&bare, &settings),
            [
                "metadata.ownerReferences: has no controller, which keeps Cluster Autoscaler from removing the node; fix: \
                 have a Deployment or a Job make it, or write cluster-autoscaler.kubernetes.io/safe-to-evict: \"true\" \
                 [bare_pod]"
            ]
        );
        let mut owned = bare.clone();
        owned["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "controller": true}]);
        let safe = pod(&json!({ SAFE_TO_EVICT: "true" }));
        for object in [owned, safe, annotated(&json!({}))] {
            assert_eq!(lines(&object, &settings), [""; 0], "{object}");
        }
    }
}
