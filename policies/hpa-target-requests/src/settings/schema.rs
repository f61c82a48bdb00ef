//! The settings as documents describe them.

#![expect(
    clippy::doc_markdown,
    reason = "users read the doc comments of fields, and kinds are plain words to them"
)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::schema::{
    Described, DottedPath, Kind, Level, Namespace, OnLookupFailure, OnUpdate, User, list,
};

/// The settings of hpa-target-requests. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "hpa-target-requests")]
pub struct Settings {
    /// A workload that lacks requests which an autoscaler measures. Other findings about a workload are at most as
    /// serious as this.
    pub workloads: Level,
    /// The most that comes of what may be written first and put right by what is written next: an UPDATE of a workload,
    /// and an autoscaler of a StatefulSet or of a custom kind. With `deny`, a set that changes both may never get
    /// through.
    pub written_first: Level,
    /// A target that does not exist, or not yet: Helm makes an autoscaler before its StatefulSet.
    pub missing_target: Level,
    /// A metric of a container that is not in the template, such as an `istio-proxy` that is injected later.
    pub missing_container: Level,
    /// A metric of a resource other than cpu and memory.
    pub unknown_resource: Level,
    /// An autoscaler of what cannot be scaled: a DaemonSet, a Job, a kind in the wrong case or group.
    pub unscalable_target: Level,
    /// Whether autoscalers count the resources of the pod as a whole. They do from Kubernetes 1.34 on; `false` is for
    /// older clusters.
    pub pod_level_resources: bool,
    /// More custom kinds that can be scaled, beside those that need no setting. Add them to `spec.contextAwareResources` of the policy as well, and to
    /// `spec.rules` to judge them when they are written.
    pub custom_kinds: Vec<CustomKind>,
    /// What this policy leaves alone.
    pub exempt: Exempt,
    /// What to do when the cluster does not answer.
    pub on_lookup_failure: OnLookupFailure,
    /// What to do about violations that an object already had before an UPDATE.
    pub on_update: OnUpdate,
}

/// A custom kind that can be scaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomKind {
    /// The group, which is a domain, and the version of the kind.
    #[schemars(regex(
        pattern = r"^[a-z0-9][-a-z0-9]*(\.[-a-z0-9]+)+/[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    ))]
    pub api_version: String,
    /// The kind.
    pub kind: Kind,
    /// Where its pod spec is.
    pub pod_spec_path: DottedPath,
}

/// What the policy leaves alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Exempt {
    /// Objects in these namespaces.
    pub namespaces: Vec<Namespace>,
    /// Requests of these users.
    pub users: Vec<User>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workloads: Level::Deny,
            written_first: Level::Warn,
            missing_target: Level::Warn,
            missing_container: Level::Warn,
            unknown_resource: Level::Warn,
            unscalable_target: Level::Warn,
            pod_level_resources: true,
            custom_kinds: Vec::new(),
            exempt: Exempt::default(),
            on_lookup_failure: OnLookupFailure::Deny,
            on_update: OnUpdate::NewViolations,
        }
    }
}

impl Described for Settings {
    fn example() -> Self {
        Self {
            workloads: Level::Warn,
            written_first: Level::Deny,
            missing_target: Level::Deny,
            missing_container: Level::Deny,
            unknown_resource: Level::Off,
            unscalable_target: Level::Deny,
            pod_level_resources: false,
            custom_kinds: vec![CustomKind {
                api_version: "example.com/v1".to_owned(),
                kind: Kind("Gadget".to_owned()),
                pod_spec_path: DottedPath("spec.template.spec".to_owned()),
            }],
            exempt: Exempt {
                namespaces: list(Namespace, &["sandbox"]),
                users: list(User, &["system:serviceaccount:keda:keda-operator"]),
            },
            on_lookup_failure: OnLookupFailure::Warn,
            on_update: OnUpdate::EnforceAll,
        }
    }
}
