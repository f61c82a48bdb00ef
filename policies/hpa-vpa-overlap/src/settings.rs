//! What an administrator may set.

use shared::settings::{Namespace, NamespacedName, OnLookupFailure, User, has_name, has_object};
use shared::{Level, OnUpdate, settings};

settings! {
    /// The settings of hpa-vpa-overlap. All are optional.
    pub struct Settings {
        /// What two autoscalers of one target may not share.
        "scope" => pub(crate) scope: Scope = Scope::Resource, example "target";
        /// An HPA that measures an amount (`averageValue`) of what a VPA changes. Requests are no part of its formula, so
        /// some run such pairs on purpose; the documentation of the VPA rules out all pairs on one resource.
        "averageValue" => pub(crate) average_value: Level = Level::Warn, example "deny";
        /// An HPA that measures utilization of cpu requests which a VPA raises while containers start, also in mode `Off`.
        "startupBoost" => pub(crate) startup_boost: Level = Level::Warn, example "off";
        /// An HPA and an active VPA of one target that share no resource, as the documentation of the VPA recommends it. It
        /// has no effect with `scope: target`.
        "sharedTarget" => pub(crate) shared_target: Level = Level::Off, example "warn";
        /// An HPA and a VPA on one resource, of which one targets the owner of the other's target.
        "indirectTargets" => pub(crate) indirect_targets: Level = Level::Warn, example "deny";
        /// A second HPA of one target: both stop.
        "duplicateHorizontal" => pub(crate) duplicate_horizontal: Level = Level::Deny, example "warn";
        /// A second active VPA of one target: the older one works.
        "duplicateVertical" => pub(crate) duplicate_vertical: Level = Level::Warn, example "deny";
        /// The most that comes of the one of a pair that Helm, Argo CD and Flux write first, and that what they write next may
        /// put right: an HPA beside a VPA, and of two of one kind the one whose name comes first. With `deny`, a set that
        /// changes both may never get through.
        "writtenFirst" => pub(crate) written_first: Level = Level::Warn, example "deny";
        /// What this policy leaves alone.
        "exempt" => pub(crate) exempt: Exempt;
        /// What to do when the cluster does not answer.
        "onLookupFailure" => pub(crate) on_lookup_failure: OnLookupFailure = OnLookupFailure::Deny, example "warn";
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
    }

    /// What two autoscalers of one target may not share.
    pub(crate) enum Scope {
        /// A resource of a container.
        "resource" => Resource,
        /// The target itself, whatever they share.
        "target" => Target,
    }

    /// What the policy leaves alone.
    pub(crate) struct Exempt {
        /// Autoscalers in these namespaces.
        "namespaces" => namespaces: [Namespace], example ["sandbox"];
        /// Requests of these users.
        "users" => users: [User], example ["system:serviceaccount:keda:keda-operator"];
        /// These autoscalers, on either side: `<namespace>/<name>`.
        "names" => names: [NamespacedName], example ["shop/web"];
    }
}

impl Exempt {
    /// Whether it has a namespace, or a user.
    pub(crate) fn has(&self, namespace: &str, username: &str) -> bool {
        has_name(&self.namespaces, namespace) || has_name(&self.users, username)
    }

    /// Whether it has this autoscaler.
    pub(crate) fn has_object(&self, namespace: &str, name: &str) -> bool {
        has_object(&self.names, namespace, name)
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
