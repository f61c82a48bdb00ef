//! The settings of the policy.

use shared::quote;
use shared::settings::{CustomApiVersion, Exempt, Kind, OnLookupFailure};
use shared::{Level, OnUpdate, settings};

settings! {
    /// The settings of service-routes. All are optional.
    pub struct Settings {
        /// An Ingress or a route with a port that its Service does not have.
        "missingPort" => pub(crate) missing_port: Level = Level::Deny, example "warn";
        /// An Ingress or a route whose Service does not exist, or not yet: `kubectl apply -f` writes files in the order of their
        /// names.
        "missingService" => pub(crate) missing_service: Level = Level::Warn, example "deny";
        /// A route to a Service of another namespace, which no `ReferenceGrant` there allows, or not yet.
        "missingGrant" => pub(crate) missing_grant: Level = Level::Warn, example "deny";
        /// A workload that a Service cannot reach: its pods lack the port, or the labels that they had.
        "workloads" => pub(crate) workloads: Level = Level::Deny, example "warn";
        /// The same, found when the Service is written, and a port that an Ingress still names. With `deny`, a set that
        /// renames a port in both may never get through.
        "services" => pub(crate) services: Level = Level::Warn, example "deny";
        /// Pods that a Service selects, and that do not declare the number which others of its pods declare.
        "strayPods" => pub(crate) stray_pods: Level = Level::Warn, example "deny";
        /// Which Services are told that they select no pods.
        "unmatchedSelector" => pub(crate) unmatched_selector: UnmatchedSelector = UnmatchedSelector::NearMiss,
            example "all";
        /// A Service none of whose ports is one that its pods declare.
        "undeclaredPort" => pub(crate) undeclared_port: Level = Level::Warn, example "off";
        /// The most that comes of a `rewrite-target` that does not fit its path.
        "rewrites" => pub(crate) rewrites: Level = Level::Deny, example "warn";
        /// A pattern in a path whose type takes it literally.
        "literalPatterns" => pub(crate) literal_patterns: Level = Level::Warn, example "deny";
        /// A host that is in `rules` and not in `tls`, or the other way round.
        "tlsHosts" => pub(crate) tls_hosts: Level = Level::Warn, example "off";
        /// An Ingress of a class that does not exist, or without a class where there is no default.
        "ingressClass" => pub(crate) ingress_class: Level = Level::Warn, example "deny";
        /// Labels that applications or operators set on running pods, such as that of a leader. Selectors are judged
        /// without them.
        "runtimeLabels" => pub(crate) runtime_labels: [LabelKey], example ["vault-active"];
        /// Kinds of other projects that make pods. Add them to `spec.contextAwareResources` of the policy as well, and to
        /// `spec.rules` to judge them when they are written.
        "customKinds" => pub(crate) custom_kinds: [CustomKind];
        /// What this policy leaves alone.
        "exempt" => pub(crate) exempt: Exempt;
        /// What to do when the cluster does not answer.
        "onLookupFailure" => pub(crate) on_lookup_failure: OnLookupFailure = OnLookupFailure::Warn, example "deny";
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
    }

    /// Which Services without pods are told so.
    pub enum UnmatchedSelector {
        /// Those where a workload comes close: it has the name of the Service, or one label differs by a letter.
        "nearMiss" => NearMiss,
        /// All, for those who check a whole cluster.
        "all" => All,
        /// None.
        "off" => Off,
    }

    /// A kind of another project that makes pods.
    pub(crate) struct CustomKind {
        /// The group, which is a domain, and the version of the kind.
        "apiVersion" => pub(crate) api_version: CustomApiVersion, example "argoproj.io/v1alpha1";
        /// The kind.
        "kind" => pub(crate) kind: Kind, example "Rollout";
        /// Where its pod template is.
        "podTemplatePath" => pub(crate) pod_template_path: TemplatePath, example "spec.template";
    }

    text LabelKey {
        problem: label_key_problem,
        pattern: r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$",
    }

    /// Fields behind one another: `spec.template`.
    text TemplatePath {
        problem: template_path_problem,
        pattern: r"^[-A-Za-z0-9]+(\.[-A-Za-z0-9]+)*$",
    }
}

/// What is wrong with the key of a label.
/// Source: `IsQualifiedName` in `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`.
fn label_key_problem(key: &str) -> Option<String> {
    // A letter or digit at both ends of both names; in front, there is a start of its own.
    let (mut before, mut slashes) = (b'/', 0);
    let mut is_key = key.len() <= 317;
    for byte in key.bytes() {
        let is_sign = matches!(byte, b'-' | b'_' | b'.' | b'/');
        slashes += usize::from(byte == b'/');
        is_key &= byte.is_ascii_alphanumeric() || is_sign;
        is_key &= !(before == b'/' && is_sign || byte == b'/' && !before.is_ascii_alphanumeric());
        before = byte;
    }
    is_key &= slashes < 2 && before.is_ascii_alphanumeric();
    (!is_key).then(|| {
        format!(
            "{} cannot be the key of a label, such as \"vault-active\" or \"example.com/role\"",
            quote(key)
        )
    })
}

/// What is wrong with fields behind one another. A kind has one pod template here: no path leads through lists and maps.
fn template_path_problem(path: &str) -> Option<String> {
    let mut before = b'.';
    for byte in path.bytes() {
        if !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' && before != b'.') {
            before = b'.';
            break;
        }
        before = byte;
    }
    let quoted = quote(path);
    (before == b'.').then(|| format!("{quoted} is not a path such as \"spec.template\""))
}

impl shared::Settings for Settings {
    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_label_is_one_that_kubernetes_takes() {
        for (key, is_key) in [
            ("role", true),
            ("vault-active", true),
            ("a.b_c", true),
            ("example.com/Role", true),
            ("a-/b", false),
            ("a/b/c", false),
            ("", false),
            ("/role", false),
            ("example.com/", false),
            ("-role", false),
            ("role-", false),
            ("a b", false),
            ("a=b", false),
        ] {
            assert_eq!(label_key_problem(key).is_none(), is_key, "{key}");
        }
    }

    #[test]
    fn a_kind_has_one_template() {
        for (path, is_path) in [
            ("spec.template", true),
            ("spec.x-pods.template", true),
            ("", false),
            ("spec.", false),
            (".spec", false),
            ("spec.pods[0]", false),
            ("spec.*.template", false),
            ("spec..template", false),
            ("$.spec", false),
        ] {
            assert_eq!(template_path_problem(path).is_none(), is_path, "{path}");
        }
    }
}
