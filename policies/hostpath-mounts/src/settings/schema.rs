//! The settings as documents describe them.

#![expect(
    clippy::doc_markdown,
    reason = "users read the doc comments of fields, and kinds are plain words to them"
)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::schema::{
    ApiGroup, Described, Kind, Level, Namespace, NamespacedName, OnUpdate, Reason, User, list,
};

/// The settings of hostpath-mounts. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "hostpath-mounts")]
pub struct Settings {
    /// What is refused. An entry of `allowed` lifts it in both modes, where it is at least as specific.
    pub mode: Mode,
    /// Paths that pods may mount, and all below them. The most specific entry wins, also over the catalogue and over
    /// `denied`. `/run` allows `/run` itself, but not a mount of `/run/docker.sock`: name that, if you mean it.
    pub allowed: Vec<Allowed>,
    /// Paths that are refused in addition to the catalogue.
    pub denied: Vec<Denied>,
    /// Whom this policy does not concern.
    pub exempt: Exempt,
    /// Mounts with `mountPropagation: Bidirectional`, which show up on the node.
    pub bidirectional_propagation: Level,
    /// Writable mounts of paths that no list names, and of directories that pods fill.
    pub writable_mounts: Level,
    /// The types `DirectoryOrCreate` and `FileOrCreate`, which make what is missing on the node, as root.
    pub created_paths: Level,
    /// Mounts of `/proc` or of a process in it, which lead to the files of all processes, also when they are read-only.
    pub exposed_processes: Level,
    /// Read-only mounts of paths that usually hold other mounts, which stay writable without `recursiveReadOnly`.
    pub non_recursive_read_only: Level,
    /// More kinds that bear pods, beside those that need no setting. List them in `spec.rules` of the policy, too.
    pub custom_kinds: Vec<CustomKind>,
    /// Whether to ask the cluster what the claims of a pod are bound to.
    pub follow_claims: bool,
    /// What to do about violations that an object already had before an UPDATE.
    pub on_update: OnUpdate,
}

/// What is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// The paths of the catalogue and of `denied`.
    #[default]
    Risky,
    /// Every path that `allowed` does not list; with an empty list, all of them.
    Allowlist,
}

/// A path that pods may mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Allowed {
    /// The path, absolute and without wildcards.
    #[schemars(regex(pattern = HOST_PATH))]
    pub path: String,
    /// Whether the entry is for the path alone or for all that is below it as well.
    #[serde(rename = "match", default)]
    pub matches: Match,
    /// Whether pods may only read it. For the very path of the entry, other mounts below it may stay writable
    /// (`nonRecursiveReadOnly`).
    #[serde(default = "yes")]
    pub read_only: bool,
    /// The values that `hostPath.type` may have. Empty: any. One that is listed may create what is missing
    /// (`createdPaths`).
    #[serde(default)]
    pub types: Vec<HostPathType>,
    /// Whether pods may mount it with `mountPropagation: Bidirectional`.
    #[serde(default)]
    pub bidirectional_propagation: bool,
    /// The namespaces whose pods may mount it. Empty: all. An entry with namespaces is not for PersistentVolumes, which
    /// belong to none.
    #[serde(default)]
    pub namespaces: Vec<Namespace>,
}

/// How far an entry reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Match {
    /// The path and all that is below it.
    #[default]
    Prefix,
    /// The path as a whole, and no other.
    Exact,
}

/// A type of a hostPath.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HostPathType {
    /// No type.
    #[serde(rename = "")]
    Unset,
    /// A directory, made when it is missing.
    DirectoryOrCreate,
    /// A directory that exists.
    Directory,
    /// A file, made when it is missing.
    FileOrCreate,
    /// A file that exists.
    File,
    /// A socket that exists.
    Socket,
    /// A character device that exists.
    CharDevice,
    /// A block device that exists.
    BlockDevice,
}

/// A path that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Denied {
    /// The path, absolute and without wildcards. What is below it and what holds it is refused, too.
    #[schemars(regex(pattern = HOST_PATH))]
    pub path: String,
    /// Why, in one line for the user who is refused.
    pub reason: Reason,
    /// Whether pods may mount it read-only.
    #[serde(default)]
    pub read_only_is_enough: bool,
}

/// Whom the policy does not concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Exempt {
    /// Pods in these namespaces.
    pub namespaces: Vec<Namespace>,
    /// Pods that run as these service accounts: `<namespace>/<name>`.
    pub service_accounts: Vec<NamespacedName>,
    /// Whatever these users ask for.
    pub users: Vec<User>,
}

/// A kind of others that bears pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomKind {
    /// The group of the kind.
    #[serde(default)]
    pub api_group: ApiGroup,
    /// The kind.
    pub kind: Kind,
    /// Where its pod specs are. A path leads through every item of a list, and with `*` through every field of a map. A
    /// kind that has them in several places has several entries.
    #[schemars(regex(pattern = POD_SPEC_PATH))]
    pub pod_spec_path: String,
}

/// Absolute paths, also of Windows: `/var/log`, `C:\logs`.
const HOST_PATH: &str = r"^(/|\\|[A-Za-z]:)[^*]*$";

/// Names of fields, none of them with an index.
const POD_SPEC_PATH: &str = r"^[^./${}\[ ]+(\.[^./${}\[ ]+)*$";

fn yes() -> bool {
    true
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Risky,
            allowed: Vec::new(),
            denied: Vec::new(),
            exempt: Exempt::default(),
            bidirectional_propagation: Level::Deny,
            writable_mounts: Level::Warn,
            created_paths: Level::Warn,
            exposed_processes: Level::Deny,
            non_recursive_read_only: Level::Warn,
            custom_kinds: Vec::new(),
            follow_claims: false,
            on_update: OnUpdate::NewViolations,
        }
    }
}

impl Described for Settings {
    fn example() -> Self {
        Self {
            mode: Mode::Allowlist,
            allowed: vec![Allowed {
                path: "/var/log".to_owned(),
                matches: Match::Exact,
                read_only: false,
                types: vec![HostPathType::Directory],
                bidirectional_propagation: true,
                namespaces: list(Namespace, &["logging"]),
            }],
            denied: vec![Denied {
                path: "/data/keys".to_owned(),
                reason: Reason("keys of the payment team; ask them for an API token".to_owned()),
                read_only_is_enough: true,
            }],
            exempt: Exempt {
                namespaces: list(Namespace, &["kube-system"]),
                service_accounts: list(NamespacedName, &["monitoring/node-exporter"]),
                users: list(
                    User,
                    &["system:serviceaccount:local-path-storage:local-path-provisioner"],
                ),
            },
            bidirectional_propagation: Level::Warn,
            writable_mounts: Level::Deny,
            created_paths: Level::Deny,
            exposed_processes: Level::Warn,
            non_recursive_read_only: Level::Off,
            custom_kinds: vec![CustomKind {
                api_group: ApiGroup("example.com".to_owned()),
                kind: Kind("Gadget".to_owned()),
                pod_spec_path: "spec.template.spec".to_owned(),
            }],
            follow_claims: true,
            on_update: OnUpdate::EnforceAll,
        }
    }
}
