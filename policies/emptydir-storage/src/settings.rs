//! What an administrator may set.

use shared::kubernetes::kinds::custom::CustomKind;
use shared::settings::Exempt;
use shared::{Level, OnUpdate, settings};

settings! {
    /// The settings of emptydir-storage. All are optional.
    pub struct Settings {
        /// A volume on the disk without a limit, where no container has a limit of `ephemeral-storage` either. Most volumes
        /// are so: set it to `warn` first.
        "requireLimit" => pub(crate) require_limit: Level = Level::Off, example "warn";
        /// A `sizeLimit` of 0, which limits nothing.
        "zeroSizeLimit" => pub(crate) zero_size_limit: Level = Level::Warn, example "deny";
        /// A volume of `medium: Memory` without a limit, where a container has no memory limit. LimitRanges, which may give
        /// it one, are not looked up.
        "unboundedMemory" => pub(crate) unbounded_memory: Level = Level::Warn, example "deny";
        /// Volumes of `medium: Memory` that a container cannot fill, because its memory limit comes first.
        "sizeOverMemoryLimit" => pub(crate) size_over_memory_limit: Level = Level::Warn, example "off";
        /// A volume on the disk that cannot be filled, because the limits of `ephemeral-storage` come first.
        "sizeOverStorageLimit" => pub(crate) size_over_storage_limit: Level = Level::Warn, example "deny";
        /// Whether the resources of the pod as a whole count. They do from Kubernetes 1.34 on; `false` is for older clusters.
        "podLevelResources" => pub(crate) pod_level_resources: bool = true, example false;
        /// More kinds that bear pods, beside those that need no setting. List them in `spec.rules` of the policy, too.
        "customKinds" => pub(crate) custom_kinds: [CustomKind];
        /// Whom this policy does not concern.
        "exempt" => pub(crate) exempt: Exempt;
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

    use crate::EmptydirStorage;
    use crate::testing::pod;

    fn problems(settings: &Value) -> String {
        settings_problems::<EmptydirStorage>(settings)
    }

    #[test]
    fn takes_nothing_and_everything() {
        assert_eq!(problems(&json!({})), "");
        let everything = json!({
            "requireLimit": "warn", "zeroSizeLimit": "deny", "unboundedMemory": "deny", "sizeOverMemoryLimit": "off",
            "sizeOverStorageLimit": "deny", "podLevelResources": false,
            "customKinds": [{"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": "spec.template.spec"}],
            "exempt": {"namespaces": ["sandbox"], "users": ["system:serviceaccount:gitops:deployer"]},
            "onUpdate": "enforceAll",
        });
        assert_eq!(problems(&everything), "");
    }

    #[test]
    fn tells_every_problem() {
        let settings = json!({
            "requireLimit": true, "zeroSizeLimit": "no", "podLevelResources": "yes",
            "customKinds": [{"apiGroup": "batch", "kind": "Job", "podSpecPath": "spec[0]"}],
            "exempt": {"namespaces": ["Sandbox"], "users": [""]}, "sizeLimit": "deny",
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of emptydir-storage: requireLimit: must be a string, not true or false\n\
             zeroSizeLimit: \"no\" is not one of \"deny\", \"warn\", \"off\"\n\
             podLevelResources: must be true or false, not a string\n\
             customKinds[0].podSpecPath: has a \"[\"\n\
             a path leads through every item of a list, as in \"spec.workerGroupSpecs.template.spec\"\n\
             customKinds[0].kind: \"Job\" is a built-in kind and is always checked\n\
             exempt.namespaces[0]: \"Sandbox\" cannot be a namespace, which has no capital letters\n\
             write \"sandbox\"\n\
             exempt.users[0]: is empty\n\
             sizeLimit: is not a setting\n\
             expected one of \"requireLimit\", \"zeroSizeLimit\", \"unboundedMemory\", \"sizeOverMemoryLimit\", \
             \"sizeOverStorageLimit\", \"podLevelResources\", \"customKinds\", \"exempt\", \"onUpdate\""
        );
    }

    #[test]
    fn only_the_platform_team_exempts() {
        for (exempt, accepted) in [
            (json!({"namespaces": ["shop"]}), true),
            (json!({"namespaces": ["shops"]}), false),
            (json!({"users": ["jane"]}), true),
            (json!({"users": ["janet"]}), false),
        ] {
            let response = Review::create(&pod(&json!({"medium": "memory"})))
                .with(json!({"exempt": exempt}))
                .judge::<EmptydirStorage>();
            assert_eq!(response.accepted, accepted, "{exempt}");
        }
    }
}
