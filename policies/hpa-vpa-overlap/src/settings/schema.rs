//! The settings as documents describe them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::schema::{
    Described, Level, Namespace, NamespacedName, OnLookupFailure, OnUpdate, User, list,
};

/// The settings of hpa-vpa-overlap. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "hpa-vpa-overlap")]
pub struct Settings {
    /// What two autoscalers of one target may not share.
    pub scope: Scope,
    /// An HPA that measures an amount (`averageValue`) of what a VPA changes. Requests are no part of its formula, so
    /// some run such pairs on purpose; the documentation of the VPA rules out all pairs on one resource.
    pub average_value: Level,
    /// An HPA that measures utilization of cpu requests which a VPA raises while containers start, also in mode `Off`.
    pub startup_boost: Level,
    /// An HPA and an active VPA of one target that share no resource. It has no effect with `scope: target`.
    pub shared_target: Level,
    /// An HPA and a VPA on one resource, of which one targets the owner of the other's target.
    pub indirect_targets: Level,
    /// A second HPA of one target: both stop.
    pub duplicate_horizontal: Level,
    /// A second active VPA of one target: the older one works.
    pub duplicate_vertical: Level,
    /// The most that comes of the one of a pair that Helm, Argo CD and Flux write first, and that what they write next may
    /// put right: an HPA beside a VPA, and of two of one kind the one whose name comes first. With `deny`, a set that
    /// changes both may never get through.
    pub written_first: Level,
    /// What this policy leaves alone.
    pub exempt: Exempt,
    /// What to do when the cluster does not answer.
    pub on_lookup_failure: OnLookupFailure,
    /// What to do about violations that an object already had before an UPDATE.
    pub on_update: OnUpdate,
}

/// What two autoscalers of one target may not share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// A resource of a container.
    #[default]
    Resource,
    /// The target itself, whatever they share.
    Target,
}

/// What the policy leaves alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Exempt {
    /// Autoscalers in these namespaces.
    pub namespaces: Vec<Namespace>,
    /// Requests of these users.
    pub users: Vec<User>,
    /// These autoscalers, on either side: `<namespace>/<name>`.
    pub names: Vec<NamespacedName>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scope: Scope::Resource,
            average_value: Level::Warn,
            startup_boost: Level::Warn,
            shared_target: Level::Warn,
            indirect_targets: Level::Warn,
            duplicate_horizontal: Level::Deny,
            duplicate_vertical: Level::Warn,
            written_first: Level::Warn,
            exempt: Exempt::default(),
            on_lookup_failure: OnLookupFailure::Deny,
            on_update: OnUpdate::NewViolations,
        }
    }
}

impl Described for Settings {
    fn example() -> Self {
        Self {
            scope: Scope::Target,
            average_value: Level::Deny,
            startup_boost: Level::Off,
            shared_target: Level::Off,
            indirect_targets: Level::Deny,
            duplicate_horizontal: Level::Warn,
            duplicate_vertical: Level::Deny,
            written_first: Level::Deny,
            exempt: Exempt {
                namespaces: list(Namespace, &["sandbox"]),
                users: list(User, &["system:serviceaccount:keda:keda-operator"]),
                names: list(NamespacedName, &["shop/web"]),
            },
            on_lookup_failure: OnLookupFailure::Warn,
            on_update: OnUpdate::EnforceAll,
        }
    }
}
