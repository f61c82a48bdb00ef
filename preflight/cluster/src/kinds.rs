//! What a cluster knows about kinds: plural names, scopes, and which of them it serves.
//!
//! Kubernetes' own kinds are listed here; custom ones are learnt from their definitions among the objects, and
//! from the objects themselves.

use std::collections::{BTreeMap, BTreeSet};

use tree::Value;

mod built_in;

/// The kinds of one set of objects.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    /// By group and kind.
    defined: BTreeMap<(String, String), Definition>,
    /// Group and kind of every object, and of those that are there without one.
    present: BTreeSet<(String, String)>,
}

#[derive(Debug, Clone)]
struct Definition {
    plural: String,
    namespaced: bool,
}

/// Whether a cluster has a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// It has.
    Yes,
    /// It has the group, but not this kind.
    NoSuchKind,
    /// It does not even have the group.
    NoSuchGroup,
}

impl Kinds {
    /// Learns the kinds of these objects.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut kinds = Self::default();
        for object in objects {
            let (Some(api_version), Some(kind)) =
                (text(object, "/apiVersion"), text(object, "/kind"))
            else {
                continue;
            };
            kinds.add(api_version, kind);
            if split(api_version).0 == "apiextensions.k8s.io" && kind == "CustomResourceDefinition"
            {
                kinds.define(object);
            }
        }
        kinds
    }

    pub(crate) fn add(&mut self, api_version: &str, kind: &str) {
        let group = split(api_version).0.to_owned();
        self.present.insert((group, kind.to_owned()));
    }

    fn define(&mut self, definition: &Value) {
        let (Some(group), Some(kind), Some(plural)) = (
            text(definition, "/spec/group"),
            text(definition, "/spec/names/kind"),
            text(definition, "/spec/names/plural"),
        ) else {
            return;
        };
        let namespaced = text(definition, "/spec/scope") != Some("Cluster");
        self.defined.insert(
            (group.to_owned(), kind.to_owned()),
            Definition {
                plural: plural.to_owned(),
                namespaced,
            },
        );
    }

    /// The name of a kind in paths and in the rules of policies.
    #[must_use]
    pub fn plural(&self, group: &str, kind: &str) -> String {
        self.definition(group, kind).map_or_else(
            || guess_plural(kind),
            |definition| definition.plural.clone(),
        )
    }

    /// Whether objects of this kind live in a namespace.
    ///
    /// A custom kind without its definition is taken for a namespaced one, unless its name starts with `Cluster`, as
    /// those of cert-manager, Kyverno and Kubewarden do.
    #[must_use]
    pub fn namespaced(&self, group: &str, kind: &str) -> bool {
        match (
            self.definition(group, kind),
            built_in::namespaced(group, kind),
        ) {
            (Some(definition), _) => definition.namespaced,
            (None, Some(namespaced)) => namespaced,
            (None, None) => !kind.starts_with("Cluster"),
        }
    }

    /// Whether a cluster with these objects has the kind. Of a custom kind any version will do: the API server
    /// converts. Of Kubernetes' own there are none but those that it serves.
    #[must_use]
    pub fn served(&self, api_version: &str, kind: &str) -> Served {
        let (group, _) = split(api_version);
        let key = (group.to_owned(), kind.to_owned());
        let own = built_in::has_group(group);
        if built_in::has(api_version, kind)
            || self.defined.contains_key(&key)
            || !own && self.present.contains(&key)
        {
            return Served::Yes;
        }
        let mut custom = self.defined.keys().chain(&self.present);
        let custom = !own && custom.any(|(other, _)| other == group);
        if custom || built_in::has_group_version(api_version) {
            Served::NoSuchKind
        } else {
            Served::NoSuchGroup
        }
    }

    /// What to write for one of the kinds that policies know, where it is written in a way that no server has: in
    /// another group or version, or in other letters. `None` where nothing is wrong.
    #[must_use]
    pub fn misspelt(&self, api_version: &str, kind: &str) -> Option<(&'static str, &'static str)> {
        let (group, version) = split(api_version);
        // The group of a definition has a dot: `ValidateCustomResourceDefinitionSpec` of apiextensions.
        let is_custom = group.contains('.') && !group.ends_with(".k8s.io");
        // Most objects are as they should be, and the search for what is meant takes long.
        if is_custom || built_in::has(api_version, kind) || self.definition(group, kind).is_some() {
            return None;
        }
        let meant: Vec<_> = built_in::meant(kind).collect();
        let mut served = meant.iter();
        let is_served = served.any(|(name, one)| split(name) == (group, version) && *one == kind);
        if is_served || built_in::is_young(api_version, kind) {
            return None;
        }
        // The newest one, in the same group if there are several.
        let here = meant.iter().rfind(|(name, _)| split(name).0 == group);
        here.or(meant.last()).copied()
    }

    /// Whether no server has the kind in a group of Kubernetes, whatever is meant.
    #[must_use]
    pub fn is_unknown(&self, api_version: &str, kind: &str) -> bool {
        let (group, _) = split(api_version);
        built_in::has_not(api_version, kind) && self.definition(group, kind).is_none()
    }

    /// Whether it is a list of one of Kubernetes' kinds, or of any.
    #[must_use]
    pub fn is_list(&self, api_version: &str, kind: &str) -> bool {
        let of = kind.strip_suffix("List");
        of.is_some_and(|of| of.is_empty() && api_version == "v1" || built_in::has(api_version, of))
    }

    /// Whether Kubernetes itself has the kind.
    #[must_use]
    pub fn is_of_kubernetes(&self, api_version: &str, kind: &str) -> bool {
        built_in::namespaced(split(api_version).0, kind).is_some()
    }

    fn definition(&self, group: &str, kind: &str) -> Option<&Definition> {
        if self.defined.is_empty() {
            return None;
        }
        self.defined.get(&(group.to_owned(), kind.to_owned()))
    }
}

/// Whether an object is of a version that no server has, and in which it meant something else: an empty selector of a
/// `PodDisruptionBudget` in `policy/v1beta1` selects no pods, and in `policy/v1` it selects all.
#[must_use]
pub fn meant_otherwise(api_version: &str, kind: &str) -> bool {
    (api_version, kind) == ("policy/v1beta1", "PodDisruptionBudget")
}

/// Splits `apps/v1` into group and version. The core group is empty.
#[must_use]
pub fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// Reads a string in an object by JSON pointer.
#[must_use]
pub fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

/// Whether a value may stand where a text has to. Null is an empty one.
#[must_use]
pub fn is_text(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

/// Whether the namespace of an object is no text: no server takes it, and it is in no namespace.
#[must_use]
pub fn is_nowhere(object: &Value) -> bool {
    let home = object.get("metadata").and_then(|it| it.get("namespace"));
    home.is_some_and(|home| !is_text(home))
}

/// Whether a group is one of Kubernetes' own. That of the core is empty.
#[must_use]
pub fn is_built_in(group: &str) -> bool {
    built_in::has_group(group)
}

/// The resources of one of Kubernetes' own groups.
pub fn resources(group: &str) -> impl Iterator<Item = String> {
    built_in::kinds(group).map(guess_plural)
}

/// As `UnsafeGuessKindToResource` of apimachinery does it, but with `gateways` and `elasticsearches`, as definitions have
/// them, where that makes `gatewaies` and `elasticsearchs`.
fn guess_plural(kind: &str) -> String {
    let singular = kind.to_lowercase();
    if singular.ends_with("endpoints") {
        return singular;
    }
    match singular.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if ["s", "ch", "sh"].iter().any(|end| singular.ends_with(end)) => format!("{singular}es"),
        _ => format!("{singular}s"),
    }
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn reads_texts_as_a_pointer_says() {
        let object = json!({
            "kind": "Pod", "": "empty", "metadata": {"labels": {"a/b": "c", "d": "e"}, "name": null},
            "spec": {"list": [1, {"name": "web"}]},
        });
        for (pointer, expected) in [
            ("/kind", Some("Pod")),
            ("/", Some("empty")),
            ("/metadata/labels/d", Some("e")),
            ("/metadata/labels/a~1b", Some("c")),
            ("/spec/list/1/name", Some("web")),
            ("/spec/list/0", None),
            ("/spec/list/2/name", None),
            ("/spec/list/name", None),
            ("/metadata/name", None),
            ("/metadata/name/x", None),
            ("/metadata", None),
            ("/kind/x", None),
            ("", None),
        ] {
            assert_eq!(text(&object, pointer), expected, "{pointer}");
            let by_value = object.pointer(pointer).and_then(Value::as_str);
            assert_eq!(by_value, expected, "{pointer}");
        }
    }

    #[test]
    fn guesses_plurals_as_kubectl_does() {
        for (kind, plural) in [
            ("Pod", "pods"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Endpoints", "endpoints"),
            ("Gateway", "gateways"),
            ("StorageClass", "storageclasses"),
            ("Prometheus", "prometheuses"),
            ("Elasticsearch", "elasticsearches"),
            ("Logstash", "logstashes"),
        ] {
            assert_eq!(guess_plural(kind), plural);
        }
    }

    #[test]
    fn a_definition_among_the_objects_decides_plural_and_scope() {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "spec": {"group": "x.io", "scope": "Cluster", "names": {"kind": "Mouse", "plural": "mice"}},
        });
        let kinds = Kinds::of([&definition]);
        assert_eq!(kinds.plural("x.io", "Mouse"), "mice");
        assert!(!kinds.namespaced("x.io", "Mouse"));
        assert_eq!(kinds.served("x.io/v1", "Mouse"), Served::Yes);
        assert_eq!(kinds.served("x.io/v1", "Rat"), Served::NoSuchKind);
        assert_eq!(kinds.served("y.io/v1", "Rat"), Served::NoSuchGroup);
    }

    #[test]
    fn knows_the_scope_of_kinds_without_a_definition() {
        let kinds = Kinds::default();
        for (group, kind, namespaced) in [
            ("", "Pod", true),
            ("", "PersistentVolume", false),
            ("", "Namespace", false),
            ("cert-manager.io", "ClusterIssuer", false),
            ("cert-manager.io", "Issuer", true),
        ] {
            assert_eq!(kinds.namespaced(group, kind), namespaced, "{kind}");
        }
    }

    #[test]
    fn knows_what_is_meant_by_a_kind_that_no_server_has() {
        let kinds = Kinds::default();
        let deployment = Some(("apps/v1", "Deployment"));
        let scaler = Some(("autoscaling/v2", "HorizontalPodAutoscaler"));
        for (api_version, kind, expected) in [
            ("apps/v1", "Deployment", None),
            ("v1", "Deployment", deployment),
            ("extensions/v1beta1", "Deployment", deployment),
            ("apps/v1beta2", "Deployment", deployment),
            ("apps/v2", "Deployment", deployment),
            ("Apps/v1", "Deployment", deployment),
            ("apps.k8s.io/v1", "Deployment", deployment),
            ("apps/v1", "deployment", deployment),
            ("apps/v1", "Deployments", deployment),
            ("apps/v1", "Pod", Some(("v1", "Pod"))),
            ("V1", "Pod", Some(("v1", "Pod"))),
            ("/v1", "Pod", None),
            ("core/v1", "Service", Some(("v1", "Service"))),
            ("autoscaling/v1", "HorizontalPodAutoscaler", None),
            ("autoscaling/v2beta1", "HorizontalPodAutoscaler", scaler),
            ("autoscaling/v2beta2", "horizontalpodautoscaler", scaler),
            (
                "policy/v1beta1",
                "PodDisruptionBudget",
                Some(("policy/v1", "PodDisruptionBudget")),
            ),
            ("v1", "Event", None),
            (
                "events.k8s.io/v1beta1",
                "Event",
                Some(("events.k8s.io/v1", "Event")),
            ),
            (
                "autoscaling.k8s.io/v1beta1",
                "VerticalPodAutoscaler",
                Some(("autoscaling.k8s.io/v1", "VerticalPodAutoscaler")),
            ),
            (
                "autoscaling.k8s.io/v1beta2",
                "VerticalPodAutoscaler",
                Some(("autoscaling.k8s.io/v1", "VerticalPodAutoscaler")),
            ),
            (
                "resource.k8s.io/v1alpha2",
                "ResourceClaim",
                Some(("resource.k8s.io/v1", "ResourceClaim")),
            ),
            // Behind a feature gate.
            ("resource.k8s.io/v1beta1", "ResourceClaim", None),
            // Of others.
            ("serving.knative.dev/v1", "Service", None),
            ("apps.kruise.io/v1beta1", "StatefulSet", None),
            ("argoproj.io/v1alpha1", "Rollout", None),
            ("snapshot.storage.k8s.io/v1", "VolumeSnapshot", None),
            ("apps/v1", "Nothing", None),
        ] {
            assert_eq!(
                kinds.misspelt(api_version, kind),
                expected,
                "{api_version} {kind}"
            );
        }
    }

    #[test]
    fn knows_what_no_server_has() {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "spec": {"group": "node.k8s.io", "names": {"kind": "Known", "plural": "knowns"}},
        });
        let kinds = Kinds::of([&definition]);
        for (api_version, kind, expected) in [
            ("policy/v1", "PodDisruptionBudget", false),
            ("policy/v1", "PodSecurityPolicy", true),
            ("policy/v1beta1", "PodSecurityPolicy", true),
            ("extensions/v1beta1", "PodSecurityPolicy", true),
            ("settings.k8s.io/v1alpha1", "PodPreset", true),
            ("v1", "Template", true),
            ("v2", "Template", true),
            ("v1beta3", "Template", true),
            ("resource.k8s.io/v1alpha2", "PodSchedulingContext", true),
            ("node.k8s.io/v1", "Known", false),
            // An early version, or the next one, may have it.
            ("resource.k8s.io/v1alpha3", "DeviceTaintRule", false),
            ("scheduling.k8s.io/v1alpha1", "Workload", false),
            ("certificates.k8s.io/v1", "ClusterTrustBundle", false),
            ("policy/v1", "Eviction", false),
            // Of others.
            ("example.com/v1", "Template", false),
            ("skaffold/v4beta11", "Config", false),
            ("snapshot.storage.k8s.io/v1", "VolumeSnapshot", false),
        ] {
            let found = kinds.is_unknown(api_version, kind);
            assert_eq!(found, expected, "{api_version} {kind}");
        }
        for (api_version, kind, expected) in [
            ("v1", "List", true),
            ("v1", "PodList", true),
            ("apps/v1", "DeploymentList", true),
            ("apps/v1", "List", false),
            ("example.com/v1", "AllowList", false),
        ] {
            let found = kinds.is_list(api_version, kind);
            assert_eq!(found, expected, "{api_version} {kind}");
        }
    }

    #[test]
    fn serves_what_a_bare_cluster_serves() {
        let kinds = Kinds::default();
        assert_eq!(kinds.served("apps/v1", "Deployment"), Served::Yes);
        assert_eq!(kinds.served("apps/v1", "Nope"), Served::NoSuchKind);
        assert_eq!(kinds.served("v1", "Nope"), Served::NoSuchKind);
        assert_eq!(
            kinds.served("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"),
            Served::NoSuchGroup
        );
        let written =
            json!({"apiVersion": "autoscaling/v2beta2", "kind": "HorizontalPodAutoscaler"});
        let kinds = Kinds::of([&written]);
        for (version, served) in [("v2", Served::Yes), ("v2beta2", Served::NoSuchGroup)] {
            let api_version = format!("autoscaling/{version}");
            assert_eq!(
                kinds.served(&api_version, "HorizontalPodAutoscaler"),
                served
            );
        }
    }
}
