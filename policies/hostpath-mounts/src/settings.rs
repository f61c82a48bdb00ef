//! What an administrator may set.

#[cfg(feature = "schema")]
pub mod schema;

use crate::host_path::{HostPath, LINKS, Relation};
use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::PersistentVolume;
use shared::kubernetes::kinds::{self, KINDS};
use shared::{Exempt, GroupVersionKind, Level, OnUpdate, Reader, list_of, quote};

use crate::access::Access;

/// The types that `hostPath.type` can have. Source: `staging/src/k8s.io/api/core/v1/types.go`.
const TYPES: &[&str] = &[
    "",
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
];

/// What an administrator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `risky` refuses what the catalogue of risky paths names, and what `denied` adds to it. `allowlist` refuses
    /// everything that `allowed` does not list: with an empty list, that is the baseline of the Pod Security Standards.
    pub(crate) mode: Mode,
    /// Paths that pods may mount. The most specific entry for a path wins, also over the catalogue and over `denied`.
    pub(crate) allowed: Vec<Allowed>,
    /// Paths that are refused in addition to the catalogue, with a reason that users read.
    pub(crate) denied: Vec<Denied>,
    /// Whom this policy does not concern.
    exempt: Exempt,
    /// Mounts with `mountPropagation: Bidirectional`, whose mounts show up on the node.
    pub(crate) bidirectional_propagation: Level,
    /// Writable mounts of paths that no list names.
    pub(crate) writable_mounts: Level,
    /// Types that create what is missing on the node, as root.
    pub(crate) created_paths: Level,
    /// Mounts of `/proc` or of a process in it, which lead to the files of processes.
    pub(crate) exposed_processes: Level,
    /// Read-only mounts of paths that usually hold other mounts, which stay writable without `recursiveReadOnly`.
    pub(crate) non_recursive_read_only: Level,
    /// Kinds of others that bear pods, such as Argo's `Rollout`, and where their pod spec is.
    pub(crate) custom_kinds: Vec<CustomKind>,
    /// Whether to look up what the claims of a pod are bound to. Needs the cluster.
    pub(crate) follow_claims: bool,
    /// Whether an UPDATE is refused for what it makes worse, or for everything.
    on_update: OnUpdate,
}

/// What is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Risky paths.
    Risky,
    /// Every path that is not allowed.
    Allowlist,
}

/// A kind that an administrator says bears pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomKind {
    api_group: String,
    kind: String,
    pub(crate) pod_spec_path: String,
}

/// A path that pods may mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub(crate) path: HostPath,
    pub(crate) exact: bool,
    pub(crate) read_only: bool,
    pub(crate) types: Vec<String>,
    pub(crate) bidirectional_propagation: bool,
    namespaces: Vec<String>,
}

/// A path that an administrator adds to the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    pub(crate) path: HostPath,
    pub(crate) reason: String,
    read_only_is_enough: bool,
}

impl CustomKind {
    pub(crate) fn is(&self, kind: &GroupVersionKind<'_>) -> bool {
        kind.is(&self.api_group, &self.kind)
    }
}

impl Settings {
    /// Whether a pod in `namespace` with `service_account` is exempt, or the user who asks for it.
    pub(crate) fn exempts(&self, namespace: &str, service_account: &str, username: &str) -> bool {
        let service_account = if service_account.is_empty() {
            "default"
        } else {
            service_account
        };
        self.exempt.has(namespace, username) || self.exempt.has_object(namespace, service_account)
    }
}

impl Allowed {
    pub(crate) fn access(&self) -> Access {
        if self.read_only {
            Access::ReadOnly
        } else {
            Access::ReadWrite
        }
    }

    /// Whether the entry is for pods in `namespace`.
    pub(crate) fn is_for(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|name| name == namespace)
    }

    /// A longer path is more specific; then an entry for the path alone, then one for certain namespaces.
    pub(crate) fn specificity(&self) -> (usize, bool, bool) {
        (self.path.depth(), self.exact, !self.namespaces.is_empty())
    }

    fn says_the_same_as(&self, other: &Self) -> bool {
        let names = &self.namespaces;
        let overlap = names.is_empty() && other.namespaces.is_empty()
            || names.iter().any(|name| other.namespaces.contains(name));
        self.path == other.path && self.exact == other.exact && overlap
    }
}

impl Denied {
    pub(crate) fn access(&self) -> Access {
        if self.read_only_is_enough {
            Access::ReadOnly
        } else {
            Access::Never
        }
    }
}

impl shared::Settings for Settings {
    fn read(settings: &mut Reader<'_, '_>) -> Self {
        let mode = settings.choice(
            "mode",
            &[("risky", Mode::Risky), ("allowlist", Mode::Allowlist)],
            Mode::Risky,
        );
        let allowed = settings.list("allowed", read_allowed);
        let mut denied = settings.list("denied", read_denied);
        for (index, entry) in allowed.iter().enumerate() {
            if let Some(other) = allowed
                .iter()
                .take(index)
                .position(|other| entry.says_the_same_as(other))
            {
                settings.problem(
                    &format!("allowed[{index}]"),
                    format!("is about the same path as allowed[{other}]"),
                );
            }
        }
        for (index, entry) in denied.iter().enumerate() {
            let clashes = |other: &Allowed| other.path == entry.path && other.namespaces.is_empty();
            if let Some(other) = allowed.iter().position(clashes) {
                let problem = format!("allowed[{other}] allows the same path in all namespaces");
                settings.problem(&format!("denied[{index}]"), problem);
            }
        }
        // A mount by the name that a distribution has for a place is taken for one by its other name, too: that is denied.
        for entry in &mut denied {
            for link in LINKS {
                if let Some((Relation::Equal | Relation::Below, path)) = entry.path.through(link) {
                    entry.path = path;
                }
            }
        }
        Self {
            mode,
            allowed,
            denied,
            exempt: settings.map("exempt", |exempt| {
                Exempt::with_objects(exempt, "serviceAccounts")
            }),
            bidirectional_propagation: settings.level("bidirectionalPropagation", Level::Deny),
            writable_mounts: settings.level("writableMounts", Level::Warn),
            created_paths: settings.level("createdPaths", Level::Warn),
            exposed_processes: settings.level("exposedProcesses", Level::Deny),
            non_recursive_read_only: settings.level("nonRecursiveReadOnly", Level::Warn),
            custom_kinds: settings.list("customKinds", read_custom_kind),
            follow_claims: settings.flag("followClaims", false),
            on_update: settings.on_update(),
        }
    }

    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

fn read_allowed(entry: &mut Reader<'_, '_>) -> Allowed {
    Allowed {
        path: read_path(entry),
        exact: entry.choice("match", &[("prefix", false), ("exact", true)], false),
        read_only: entry.flag("readOnly", true),
        types: entry.texts("types", type_problem),
        bidirectional_propagation: entry.flag("bidirectionalPropagation", false),
        namespaces: entry.namespaces("namespaces"),
    }
}

fn read_denied(entry: &mut Reader<'_, '_>) -> Denied {
    let reason = entry.reason("reason");
    Denied {
        path: read_path(entry),
        reason: reason.to_owned(),
        read_only_is_enough: entry.flag("readOnlyIsEnough", false),
    }
}

fn read_custom_kind(entry: &mut Reader<'_, '_>) -> CustomKind {
    let (api_group, kind) = (entry.api_group("apiGroup"), entry.kind("kind"));
    // No definition adds kinds to a group of Kubernetes, also not in another case.
    if KINDS
        .iter()
        .any(|known| known.group == api_group && known.kind.eq_ignore_ascii_case(kind))
        || (api_group == PersistentVolume::GROUP && kind == PersistentVolume::KIND)
    {
        entry.problem(
            "kind",
            format!("{} is a kind of Kubernetes, and judged anyway", quote(kind)),
        );
    }
    let pod_spec_path = kinds::read_pod_spec_path(entry);
    if pod_spec_path.contains('[') {
        entry.problem(
            "podSpecPath",
            "has a \"[\"; a path leads through every item of a list, as in \"spec.workerGroupSpecs.template.spec\"",
        );
    }
    CustomKind {
        api_group: api_group.to_owned(),
        kind: kind.to_owned(),
        pod_spec_path: pod_spec_path.to_owned(),
    }
}

fn read_path(entry: &mut Reader<'_, '_>) -> HostPath {
    let text = entry.text("path");
    let path = HostPath::parse(text);
    if text.is_empty() {
        entry.problem("path", "is missing");
    } else if !text.starts_with('/') && !path.is_windows() {
        entry.problem("path", format!("{} is not absolute", quote(text)));
    } else if path.may_lead_anywhere() {
        entry.problem(
            "path",
            format!("{} may lead anywhere on the node", quote(text)),
        );
    } else if path.has_backsteps() {
        entry.problem("path", format!("{} has a \"..\"", quote(text)));
    } else if text.contains('*') {
        entry.problem(
            "path",
            format!(
                "{} has a wildcard; a path stands for all that is below it",
                quote(text)
            ),
        );
    }
    path
}

fn type_problem(kind: &str) -> Option<String> {
    if TYPES.contains(&kind) {
        return None;
    }
    let known = list_of(&mut TYPES.iter().copied());
    Some(format!(
        "{} is not a type of a hostPath; expected one of {known}",
        quote(kind)
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::settings_problems;

    use crate::HostpathMounts;

    fn problems(settings: &Value) -> String {
        settings_problems::<HostpathMounts>(settings)
    }

    #[test]
    fn takes_nothing_and_everything() {
        assert_eq!(problems(&json!({})), "");
        let everything = json!({
            "mode": "allowlist",
            "allowed": [{"path": "/data", "match": "exact", "readOnly": false, "types": ["", "Directory"],
                "bidirectionalPropagation": true, "namespaces": ["shop"]}],
            "denied": [{"path": "C:\\Keys", "reason": "keys", "readOnlyIsEnough": true}],
            "exempt": {"namespaces": ["a"], "serviceAccounts": ["a/b"], "users": ["system:serviceaccount:a:b"]},
            "bidirectionalPropagation": "warn", "writableMounts": "deny", "createdPaths": "off",
            "exposedProcesses": "warn", "nonRecursiveReadOnly": "off", "followClaims": true, "onUpdate": "enforceAll",
            "customKinds": [
                {"apiGroup": "argoproj.io", "kind": "Rollout", "podSpecPath": "spec.template.spec"},
                {"apiGroup": "example.com", "kind": "Job", "podSpecPath": "spec"},
                {"apiGroup": "batch", "kind": "Batch", "podSpecPath": "spec"},
                {"apiGroup": "example.com", "kind": "PersistentVolume", "podSpecPath": "spec"},
                {"kind": "Replica", "podSpecPath": "spec"},
            ],
        });
        assert_eq!(problems(&everything), "");
    }

    #[test]
    fn tells_every_problem() {
        let settings = json!({
            "mode": "strict",
            "allowed": [
                {"path": "data"}, {}, {"path": "/a/../b"}, {"path": "/a*"},
                {"path": "/x", "types": ["Dir"], "namespaces": ["team-*"]},
                {"path": "/y"}, {"path": "//y/"}, {"path": "/y", "namespaces": ["shop"]},
            ],
            "denied": [{"path": "/y", "reason": "no"}, {"path": "/z"}],
            "exempt": {"namespaces": [""], "serviceAccounts": ["robot"], "users": [""]},
            "customKinds": [
                {"apiGroup": "batch", "kind": "Job", "podSpecPath": ""}, {"podSpecPath": "spec"},
                {"kind": "PersistentVolume", "podSpecPath": "spec"},
            ],
            "allowd": [],
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of hostpath-mounts: mode: \"strict\" is not one of \"risky\", \"allowlist\"\n\
             allowed[0].path: \"data\" is not absolute\n\
             allowed[1].path: is missing\n\
             allowed[2].path: \"/a/../b\" has a \"..\"\n\
             allowed[3].path: \"/a*\" has a wildcard\n\
             a path stands for all that is below it\n\
             allowed[4].types[0]: \"Dir\" is not a type of a hostPath\n\
             expected one of \"\", \"DirectoryOrCreate\", \"Directory\", \"FileOrCreate\", \"File\", \"Socket\", \
             \"CharDevice\", \"BlockDevice\"\n\
             allowed[4].namespaces[0]: \"team-*\" cannot be a namespace, and patterns are not supported\n\
             write each name in full\n\
             denied[1].reason: must say why, for the user who is refused\n\
             allowed[6]: is about the same path as allowed[5]\n\
             denied[0]: allowed[5] allows the same path in all namespaces\n\
             exempt.namespaces[0]: \"\" cannot be a namespace\n\
             write at most 63 of a-z, 0-9, \"-\", with a letter or digit at both ends\n\
             exempt.users[0]: is empty\n\
             exempt.serviceAccounts[0]: \"robot\" is not <namespace>/<name>\n\
             customKinds[0].kind: \"Job\" is a kind of Kubernetes, and judged anyway\n\
             customKinds[0].podSpecPath: \"\" is not a path such as \"spec.template.spec\"\n\
             customKinds[1].kind: is missing\n\
             customKinds[2].kind: \"PersistentVolume\" is a kind of Kubernetes, and judged anyway\n\
             allowd: is not a setting\n\
             did you mean \"allowed\"?"
        );
    }

    #[test]
    fn tells_what_can_never_match() {
        let settings = json!({
            "allowed": [{"path": "/data", "namespaces": ["Shop"]}],
            "exempt": {"namespaces": ["Shop"], "serviceAccounts": ["shop/Robot"], "users": ["system:*"]},
            "customKinds": [
                {"apiGroup": "argoproj.io/v1alpha1", "kind": "Rollout", "podSpecPath": "spec.template.spec"},
                {"apiGroup": "v1", "kind": "Rollout.argoproj.io", "podSpecPath": "/spec/template/spec"},
                {"apiGroup": "apps", "kind": "deployment", "podSpecPath": "spec.template.spec"},
            ],
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of hostpath-mounts: allowed[0].namespaces[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             exempt.namespaces[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             exempt.users[0]: \"system:*\" has a \"*\", and patterns are not supported\n\
             write each user in full, such as \"system:serviceaccount:shop:robot\"\n\
             exempt.serviceAccounts[0]: \"Robot\" cannot be the name of an object, which has no capital letters\n\
             write \"robot\"\n\
             customKinds[0].apiGroup: \"argoproj.io/v1alpha1\" is not a group\n\
             write \"argoproj.io\": the version does not count\n\
             customKinds[1].apiGroup: \"v1\" is a version, which does not count\n\
             leave it out for the core group\n\
             customKinds[1].kind: \"Rollout.argoproj.io\" cannot be a kind\n\
             write one word, such as \"Rollout\"\n\
             customKinds[1].podSpecPath: \"/spec/template/spec\" is not a path such as \"spec.template.spec\"\n\
             customKinds[2].kind: \"deployment\" is a kind of Kubernetes, and judged anyway"
        );
    }
}
