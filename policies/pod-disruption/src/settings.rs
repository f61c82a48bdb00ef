//! What an administrator may set.

use shared::kubernetes::kinds::custom::CustomKind;
use shared::settings::{Exempt, OnLookupFailure};
use shared::{Level, OnUpdate, settings};

settings! {
    /// The settings of pod-disruption. All are optional.
    pub struct Settings {
        /// An annotation that nothing reads where it is, or no longer.
        "inertAnnotation" => pub(crate) inert_annotation: Level = Level::Warn, example "deny";
        /// A list of volumes that may go with their node, which lacks one of them or has a name that no volume has. What
        /// is injected later may have that name.
        "unlistedVolume" => pub(crate) unlisted_volume: Level = Level::Warn, example "off";
        /// A budget that says of itself that no pod may go.
        "zeroBudget" => pub(crate) zero_budget: Level = Level::Warn, example "deny";
        /// A budget that keeps all pods where there are as few of them as there may be: `replicas`, or `minReplicas` of their
        /// autoscaler.
        "tightBudget" => pub(crate) tight_budget: Level = Level::Warn, example "deny";
        /// Two budgets for one pod.
        "overlappingBudgets" => pub(crate) overlapping_budgets: Level = Level::Warn, example "deny";
        /// A budget that selects no pods, or every pod of a namespace that has other budgets.
        "unselectiveBudget" => pub(crate) unselective_budget: Level = Level::Warn, example "deny";
        /// A volume that keeps Cluster Autoscaler from removing the node. Every tenth workload has one: set it to `warn`
        /// first.
        "localStorage" => pub(crate) local_storage: Level = Level::Off, example "warn";
        /// A Pod that no controller makes again, which keeps Cluster Autoscaler from removing its node.
        "barePods" => pub(crate) bare_pods: Level = Level::Off, example "warn";
        /// More kinds that bear pods, beside those that need no setting. List them in `spec.rules` of the policy, too.
        "customKinds" => pub(crate) custom_kinds: [CustomKind];
        /// Whom this policy does not concern.
        "exempt" => pub(crate) exempt: Exempt;
        /// What to do when the cluster does not answer.
        "onLookupFailure" => pub(crate) on_lookup_failure: OnLookupFailure = OnLookupFailure::Warn, example "deny";
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
    }
}

impl shared::Settings for Settings {
    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{Review, settings_problems};

    use crate::PodDisruption;
    use crate::annotations::SAFE_TO_EVICT;
    use crate::testing::annotated;

    fn problems(settings: &Value) -> String {
        settings_problems::<PodDisruption>(settings)
    }

    #[test]
    fn takes_nothing_and_everything() {
        assert_eq!(problems(&json!({})), "");
        let everything = json!({
            "inertAnnotation": "deny", "unlistedVolume": "off", "zeroBudget": "deny", "unselectiveBudget": "deny",
            "tightBudget": "off", "overlappingBudgets": "deny", "localStorage": "warn", "barePods": "warn",
            "customKinds": [{"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": "spec.template.spec"}],
            "exempt": {"namespaces": ["sandbox"], "users": ["system:serviceaccount:gitops:deployer"]},
            "onLookupFailure": "deny", "onUpdate": "enforceAll",
        });
        assert_eq!(problems(&everything), "");
    }

    #[test]
    fn tells_every_problem() {
        let settings = json!({
            "zeroBudget": true, "localStorage": "no",
            "customKinds": [{"apiGroup": "batch", "kind": "Job", "podSpecPath": "spec[0]"}],
            "exempt": {"namespaces": ["Sandbox"], "users": [""]}, "emptyBudget": "deny",
        });
        let found = problems(&settings).replace("; ", "\n");
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!(
            lines.get(..7).unwrap(),
            [
                "wrong settings of pod-disruption: zeroBudget: must be a string, not true or false",
                "localStorage: \"no\" is not one of \"deny\", \"warn\", \"off\"",
                "customKinds[0].podSpecPath: has a \"[\"",
                "a path leads through every item of a list, as in \"spec.workerGroupSpecs.template.spec\"",
                "customKinds[0].kind: \"Job\" is a built-in kind and is always checked",
                "exempt.namespaces[0]: \"Sandbox\" cannot be a namespace, which has no capital letters",
                "write \"sandbox\"",
            ]
        );
        assert_eq!(lines.get(8), Some(&"emptyBudget: is not a setting"));
    }

    #[test]
    fn only_the_platform_team_exempts() {
        for (exempt, accepted) in [
            (json!({"namespaces": ["shop"]}), true),
            (json!({"namespaces": ["shops"]}), false),
            (json!({"users": ["jane"]}), true),
            (json!({"users": ["janet"]}), false),
        ] {
            let response = Review::create(&annotated(&json!({ SAFE_TO_EVICT: "True" })))
                .with(json!({ "exempt": exempt }))
                .judge::<PodDisruption>();
            assert_eq!(response.accepted, accepted, "{exempt}");
        }
    }
}
