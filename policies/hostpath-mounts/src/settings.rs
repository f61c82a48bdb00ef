//! What an administrator may set.

use crate::host_path::{HostPath, LINKS, Relation};
use shared::kubernetes::kinds::custom::CustomKind;
#[cfg(not(target_arch = "wasm32"))]
use shared::settings::described::{Form, Type};
use shared::settings::{Namespace, NamespacedName, Reason, SettingType, User, has_name};
use shared::{Level, OnUpdate, Reader, list_of, quote, settings};

use crate::access::Access;
use crate::identity::Identity;

settings! {
    /// The settings of hostpath-mounts. All are optional.
    pub struct Settings {
        /// What is refused. An entry of `allowed` lifts it in both modes, where it is at least as specific.
        "mode" => pub(crate) mode: Mode = Mode::Risky, example "allowlist";
        /// Paths that pods may mount, and all below them. The most specific entry wins, also over the catalogue and over
        /// `denied`. `/run` allows `/run` itself, but not a mount of `/run/docker.sock`: name that, if you mean it.
        "allowed" => pub(crate) allowed: [Allowed];
        /// Paths that are refused in addition to the catalogue.
        "denied" => pub(crate) denied: [Denied];
        /// Whom this policy does not concern.
        "exempt" => exempt: Exempt;
        /// Mounts with `mountPropagation: Bidirectional`, which show up on the node.
        "bidirectionalPropagation" => pub(crate) bidirectional_propagation: Level = Level::Deny, example "warn";
        /// Writable mounts of paths that no list names, and of directories that pods fill.
        "writableMounts" => pub(crate) writable_mounts: Level = Level::Warn, example "deny";
        /// The types `DirectoryOrCreate` and `FileOrCreate`, which make what is missing on the node, as root.
        "createdPaths" => pub(crate) created_paths: Level = Level::Warn, example "deny";
        /// Mounts of `/proc` or of a process in it, which lead to the files of all processes, also when they are read-only.
        "exposedProcesses" => pub(crate) exposed_processes: Level = Level::Deny, example "warn";
        /// Read-only mounts of paths that usually hold other mounts, which stay writable without `recursiveReadOnly`.
        "nonRecursiveReadOnly" => pub(crate) non_recursive_read_only: Level = Level::Warn, example "off";
        /// More kinds that bear pods, beside those that need no setting. List them in `spec.rules` of the policy, too.
        "customKinds" => pub(crate) custom_kinds: [CustomKind];
        /// Whether to ask the cluster what the claims of a pod are bound to.
        "followClaims" => pub(crate) follow_claims: bool = false, example true;
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
        check Self::check;
    }

    /// What is refused.
    pub enum Mode {
        /// The paths of the catalogue and of `denied`.
        "risky" => Risky,
        /// Every path that `allowed` does not list; with an empty list, all of them.
        "allowlist" => Allowlist,
    }

    /// A path that pods may mount.
    pub struct Allowed {
        /// The path, absolute and without wildcards.
        "path" => pub(crate) path: HostPath, example "/var/log";
        /// Whether the entry is for the path alone or for all that is below it as well.
        "match" => pub(crate) matches: Match = Match::Prefix, example "exact";
        /// Whether pods may only read it. For the very path of the entry, other mounts below it may stay writable
        /// (`nonRecursiveReadOnly`).
        "readOnly" => pub(crate) read_only: bool = true, example false;
        /// The values that `hostPath.type` may have. Empty: any. One that is listed may create what is missing
        /// (`createdPaths`).
        "types" => pub(crate) types: [HostPathType], example ["Directory"];
        /// Whether pods may mount it with `mountPropagation: Bidirectional`.
        "bidirectionalPropagation" => pub(crate) bidirectional_propagation: bool = false, example true;
        /// The namespaces whose pods may mount it. Without namespaces and service accounts the entry is for all pods, and
        /// for PersistentVolumes, which belong to no namespace.
        "namespaces" => namespaces: [Namespace], example ["logging"];
        /// More pods that may mount it: those that run as these service accounts, `<namespace>/<name>`. Who may create
        /// pods in the namespace may run them as any of its accounts.
        "serviceAccounts" => service_accounts: [NamespacedName], example ["monitoring/node-exporter"];
    }

    /// How far an entry reaches.
    pub(crate) enum Match {
        /// The path and all that is below it.
        "prefix" => Prefix,
        /// The path as a whole, and no other.
        "exact" => Exact,
    }

    // Source: `staging/src/k8s.io/api/core/v1/types.go`.
    /// A type of a hostPath.
    text HostPathType {
        problem: type_problem,
        words: {
            /// No type.
            "",
            /// A directory, made when it is missing.
            "DirectoryOrCreate",
            /// A directory that exists.
            "Directory",
            /// A file, made when it is missing.
            "FileOrCreate",
            /// A file that exists.
            "File",
            /// A socket that exists.
            "Socket",
            /// A character device that exists.
            "CharDevice",
            /// A block device that exists.
            "BlockDevice",
        },
    }

    /// A path that is refused.
    pub struct Denied {
        /// The path, absolute and without wildcards. What is below it and what holds it is refused, too.
        "path" => pub(crate) path: HostPath, example "/data/keys";
        /// Why, in one line for the user who is refused.
        "reason" => pub(crate) reason: Reason, example "keys of the payment team; ask them for an API token";
        /// Whether pods may mount it read-only.
        "readOnlyIsEnough" => read_only_is_enough: bool = false, example true;
    }

    /// Whom the policy does not concern.
    struct Exempt {
        /// Pods in these namespaces.
        "namespaces" => namespaces: [Namespace], example ["kube-system"];
        /// Pods that run as these service accounts: `<namespace>/<name>`.
        "serviceAccounts" => service_accounts: [NamespacedName], example ["monitoring/node-exporter"];
        /// Whatever these users ask for.
        "users" => users: [User], example ["system:serviceaccount:local-path-storage:local-path-provisioner"];
    }
}

impl Settings {
    /// Whether a pod is exempt, or the user who asks for it.
    pub(crate) fn exempts(&self, identity: Identity<'_>, username: &str) -> bool {
        let exempt = &self.exempt;
        has_name(&exempt.namespaces, identity.namespace)
            || has_name(&exempt.users, username)
            || identity.is_one_of(&exempt.service_accounts)
    }

    /// Notes entries that cannot be meant as they are, and follows the links of distributions.
    fn check(&mut self, settings: &mut Reader<'_, '_>) {
        let (allowed, denied) = (&self.allowed, &mut self.denied);
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
            let clashes = |other: &Allowed| other.path == entry.path && other.is_for_all();
            if let Some(other) = allowed.iter().position(clashes) {
                let problem = format!("allowed[{other}] allows the same path in all namespaces");
                settings.problem(&format!("denied[{index}]"), problem);
            }
        }
        // A mount by the name that a distribution has for a place is taken for one by its other name, too: that is denied.
        for entry in denied {
            for link in LINKS {
                if let Some((Relation::Equal | Relation::Below, path)) = entry.path.through(link) {
                    entry.path = path;
                }
            }
        }
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

    /// Whether it is for the path alone.
    pub(crate) fn is_exact(&self) -> bool {
        self.matches == Match::Exact
    }

    /// Whether the entry is for all pods.
    fn is_for_all(&self) -> bool {
        self.namespaces.is_empty() && self.service_accounts.is_empty()
    }

    /// Whether the entry is for a pod that runs as `identity`.
    pub(crate) fn is_for(&self, identity: Identity<'_>) -> bool {
        self.is_for_all()
            || has_name(&self.namespaces, identity.namespace)
            || identity.is_one_of(&self.service_accounts)
    }

    /// A longer path is more specific; then an entry for the path alone, then one for certain pods.
    pub(crate) fn specificity(&self) -> (usize, bool, bool) {
        (self.path.depth(), self.is_exact(), !self.is_for_all())
    }

    fn says_the_same_as(&self, other: &Self) -> bool {
        let share =
            |ours: &[String], others: &[String]| ours.iter().any(|name| others.contains(name));
        let overlap = self.is_for_all() && other.is_for_all()
            || share(&self.namespaces, &other.namespaces)
            || share(&self.service_accounts, &other.service_accounts);
        self.path == other.path && self.matches == other.matches && overlap
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
    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

impl SettingType for HostPath {
    type Value = Self;
    type Default = ();

    fn read(entry: &mut Reader<'_, '_>, name: &'static str, (): ()) -> Self {
        let text = entry.text(name);
        let path = HostPath::parse(text);
        let problem = if !text.starts_with('/') && !path.is_windows() {
            "is not absolute"
        } else if path.may_lead_anywhere() {
            "may lead anywhere on the node"
        } else if path.has_backsteps() {
            "has a \"..\""
        } else if text.contains('*') {
            "has a wildcard; a path stands for all that is below it"
        } else {
            return path;
        };
        if text.is_empty() {
            entry.problem(name, "is missing");
        } else {
            entry.problem(name, format!("{} {problem}", quote(text)));
        }
        path
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        // Absolute paths, also of Windows: `/var/log`, `C:\logs`.
        Type::unnamed(Form::Text {
            pattern: r"^(/|\\|[A-Za-z]:)[^*]*$",
            max_length: None,
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn is_required() -> bool {
        true
    }
}

fn type_problem(kind: &str) -> Option<String> {
    if HostPathType::WORDS.contains(&kind) {
        return None;
    }
    let known = list_of(&mut HostPathType::WORDS.iter().copied());
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
             exempt.namespaces[0]: \"\" cannot be a namespace\n\
             write at most 63 of a-z, 0-9, \"-\", with a letter or digit at both ends\n\
             exempt.serviceAccounts[0]: \"robot\" is not <namespace>/<name>\n\
             exempt.users[0]: is empty\n\
             customKinds[0].podSpecPath: \"\" is not a path such as \"spec.template.spec\"\n\
             customKinds[0].kind: \"Job\" is a built-in kind and is always checked\n\
             customKinds[1].kind: is missing\n\
             customKinds[2].kind: \"PersistentVolume\" is a built-in kind and is always checked\n\
             allowed[6]: is about the same path as allowed[5]\n\
             denied[0]: allowed[5] allows the same path in all namespaces\n\
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
             exempt.serviceAccounts[0]: \"Robot\" cannot be the name of an object, which has no capital letters\n\
             write \"robot\"\n\
             exempt.users[0]: \"system:*\" has a \"*\", and patterns are not supported\n\
             write each user in full, such as \"system:serviceaccount:shop:robot\"\n\
             customKinds[0].apiGroup: \"argoproj.io/v1alpha1\" is not a group\n\
             write \"argoproj.io\": the version does not count\n\
             customKinds[1].apiGroup: \"v1\" is a version, which does not count\n\
             leave it out for the core group\n\
             customKinds[1].kind: \"Rollout.argoproj.io\" cannot be a kind\n\
             write one word, such as \"Rollout\"\n\
             customKinds[1].podSpecPath: \"/spec/template/spec\" is not a path such as \"spec.template.spec\"\n\
             customKinds[2].kind: \"deployment\" is a built-in kind and is always checked"
        );
    }
}
