//! A volume that keeps its node.

use shared::{Finding, Rule, Verdict, quote, rule};

use crate::annotations::{LOCAL_VOLUMES, SAFE_TO_EVICT};
use crate::settings::Settings;
use crate::template::{Source, Template};

pub(crate) static RULE: Rule = rule! {
    id: "local_storage",
    summary: "With `localStorage`, a volume of type emptyDir or hostPath in a pod that says nothing of it",
    why: "Cluster Autoscaler does not remove the node of such a pod, unless it runs with \
          `--skip-nodes-with-local-storage=false`",
    fix: "write cluster-autoscaler.kubernetes.io/safe-to-evict: \"true\" to the annotations of the pods if the data may go, \
          or \"false\" if not",
    levels: [Off by "localStorage"],
};

/// Reports each volume, where the pod has neither of the annotations.
pub(crate) fn check(template: &Template<'_>, settings: &Settings, verdict: &mut Verdict) {
    let says_something = |key| template.annotations.get(key).is_some();
    if template.source == Source::DaemonSet
        || says_something(SAFE_TO_EVICT)
        || says_something(LOCAL_VOLUMES)
    {
        return;
    }
    for volume in &template.volumes {
        let Some(kind) = volume.local else { continue };
        verdict.report_with(settings.local_storage, &|| {
            let name = quote(volume.name);
            let reason =
                format!("{kind} volume {name} keeps Cluster Autoscaler from removing the node");
            Finding::new(&RULE, &template.volume(volume), reason)
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::places;

    use crate::annotations::{DO_NOT_DISRUPT, LOCAL_VOLUMES, SAFE_TO_EVICT};
    use crate::testing::{deployment, disk, lines, of_kind};

    #[test]
    fn is_told_where_that_is_wanted() {
        let volumes = json!([{"name": "a", "emptyDir": {"medium": "Memory"}}, disk("b")]);
        let bare = deployment(&json!({}), &volumes);
        assert_eq!(lines(&bare, &json!({})), [""; 0]);
        assert_eq!(
            lines(&bare, &json!({"localStorage": "deny"})),
            [
                "spec.template.spec.volumes[1]: emptyDir volume \"b\" keeps Cluster Autoscaler from removing the node; fix: \
                 write cluster-autoscaler.kubernetes.io/safe-to-evict: \"true\" to the annotations of the pods if the data \
                 may go, or \"false\" if not [local_storage]"
            ]
        );
        let with = |annotations| deployment(&json!({"annotations": annotations}), &volumes);
        for (object, findings) in [
            (with(json!({ SAFE_TO_EVICT: "true" })), 0),
            (with(json!({ SAFE_TO_EVICT: "false" })), 0),
            (with(json!({ LOCAL_VOLUMES: "b" })), 0),
            (with(json!({ DO_NOT_DISRUPT: "true" })), 1),
            (of_kind(bare.clone(), "apps/v1", "DaemonSet"), 0),
            (of_kind(bare, "argoproj.io/v1alpha1", "Rollout"), 1),
        ] {
            let found = places(&lines(&object, &json!({"localStorage": "warn"})));
            assert_eq!(found.len(), findings, "{object}");
        }
    }
}
