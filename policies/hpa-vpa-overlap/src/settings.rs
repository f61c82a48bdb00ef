//! What an administrator may set.

#[cfg(feature = "schema")]
pub mod schema;

use shared::{Exempt, Level, OnUpdate, Reader};

/// What an administrator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What two autoscalers of one target may not share.
    pub(crate) scope: Scope,
    /// Amounts that are measured of what a `VerticalPodAutoscaler` changes. Requests are no part of that formula, and
    /// some run such pairs on purpose; but the documentation of the `VerticalPodAutoscaler` rules all of them out. So
    /// whoever does it is told, and may go on.
    pub(crate) average_value: Level,
    /// Requests that are raised while containers start, and measured.
    pub(crate) startup_boost: Level,
    /// Pairs that share a target and no resource.
    pub(crate) shared_target: Level,
    /// Pairs whose targets own one another.
    pub(crate) indirect_targets: Level,
    /// Two `HorizontalPodAutoscaler`s of one target: both stop.
    pub(crate) duplicate_horizontal: Level,
    /// Two `VerticalPodAutoscaler`s of one target: one of them works.
    pub(crate) duplicate_vertical: Level,
    /// The most that comes of the one of a pair that Helm, Argo CD and Flux write first: a `HorizontalPodAutoscaler` beside
    /// a `VerticalPodAutoscaler`, and of two of a kind the one whose name comes first. At that time the other one is as it
    /// was before, and a tool that is stopped there never comes to change it.
    pub(crate) written_first: Level,
    /// What is left alone. Autoscalers are, on whichever side they are.
    pub(crate) exempt: Exempt,
    /// Whether to refuse what cannot be judged because a look-up failed, or to warn of it.
    pub(crate) on_lookup_failure: Level,
    /// Whether an UPDATE is refused for what it makes worse, or for everything.
    on_update: OnUpdate,
}

/// What two autoscalers of one target may not share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A resource of a container, as the documentation of the `VerticalPodAutoscaler` has it.
    Resource,
    /// The target itself.
    Target,
}

impl shared::Settings for Settings {
    fn read(settings: &mut Reader<'_, '_>) -> Self {
        let scopes = [("resource", Scope::Resource), ("target", Scope::Target)];
        Self {
            scope: settings.choice("scope", &scopes, Scope::Resource),
            average_value: settings.level("averageValue", Level::Warn),
            startup_boost: settings.level("startupBoost", Level::Warn),
            shared_target: settings.level("sharedTarget", Level::Warn),
            indirect_targets: settings.level("indirectTargets", Level::Warn),
            duplicate_horizontal: settings.level("duplicateHorizontal", Level::Deny),
            duplicate_vertical: settings.level("duplicateVertical", Level::Warn),
            written_first: settings.level("writtenFirst", Level::Warn),
            exempt: settings.map("exempt", |exempt| Exempt::with_objects(exempt, "names")),
            on_lookup_failure: settings.on_lookup_failure(),
            on_update: settings.on_update(),
        }
    }

    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::settings_problems;

    use crate::HpaVpaOverlap;

    fn problems(settings: &Value) -> String {
        settings_problems::<HpaVpaOverlap>(settings)
    }

    #[test]
    fn takes_nothing_and_everything() {
        assert_eq!(problems(&json!({})), "");
        let everything = json!({
            "scope": "target", "averageValue": "deny", "startupBoost": "off", "sharedTarget": false,
            "indirectTargets": "deny", "duplicateHorizontal": "warn", "duplicateVertical": "deny",
            "writtenFirst": "deny",
            "exempt": {"namespaces": ["sandbox"], "users": ["jane"], "names": ["shop/web"]},
            "onLookupFailure": "warn", "onUpdate": "enforceAll",
        });
        assert_eq!(problems(&everything), "");
    }

    #[test]
    fn tells_every_problem() {
        let settings = json!({
            "scope": "pod", "averageValue": "allow", "startupBoost": 7, "sharedTargets": "warn",
            "exempt": {"namespaces": ["team-*"], "users": [""], "names": ["web"], "objects": []},
            "onLookupFailure": "off", "onUpdate": true,
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of hpa-vpa-overlap: scope: \"pod\" is not one of \"resource\", \"target\"\n\
             averageValue: \"allow\" is not one of \"deny\", \"warn\", \"off\"\n\
             startupBoost: must be a string, not a number\n\
             exempt.namespaces[0]: \"team-*\" cannot be a namespace, and patterns are not supported\n\
             write each name in full\n\
             exempt.users[0]: is empty\n\
             exempt.names[0]: \"web\" is not <namespace>/<name>\n\
             exempt.objects: is not a setting\n\
             expected one of \"namespaces\", \"users\", \"names\"\n\
             onLookupFailure: \"off\" is not one of \"deny\", \"warn\"\n\
             onUpdate: must be a string, not true or false\n\
             sharedTargets: is not a setting\n\
             did you mean \"sharedTarget\"?"
        );
    }

    #[test]
    fn tells_what_can_never_match() {
        let settings = json!({
            "exempt": {"namespaces": ["Shop"], "users": ["system:masters"], "names": ["shop/Web", "Shop/web"]},
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of hpa-vpa-overlap: exempt.namespaces[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             exempt.users[0]: \"system:masters\" is a group of users\n\
             write each user\n\
             exempt.names[0]: \"Web\" cannot be the name of an object, which has no capital letters\n\
             write \"web\"\n\
             exempt.names[1]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\""
        );
    }
}
