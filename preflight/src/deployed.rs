//! Policies as a cluster has them: with the settings, the rules and the mode of the resources that were applied.
//!
//! A `ClusterAdmissionPolicy` or an `AdmissionPolicy` names a module, and the loaded policy of that name judges for it.
//! What its rules and selectors leave out is not judged; in `mode: monitor` nothing is refused; look-ups are granted by
//! its `contextAwareResources` alone. Fields: kubewarden-controller, `crates/policy-sdk/src/crd/policies/`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use policy_metadata::ContextAwareResource;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Cluster, Policy,
    bundle::UnknownName,
    judge::Configured,
    kinds::text,
    manifests::{self, Note, Object, Place, Problem},
    review::Target,
    selector::Requirement,
    settings::{self, SettingsError},
};

/// The label that the API server gives to every namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Resources of a cluster that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum DeployedError {
    /// A file cannot be read.
    #[error("{}: {}", .0.place, .0.text)]
    Unreadable(Problem),
    /// There is nothing to follow.
    #[error("{0}: there is neither a ClusterAdmissionPolicy nor an AdmissionPolicy in it")]
    None(String),
    /// A resource is not what it should be.
    #[error("{place}: {name}: {text}")]
    Malformed {
        /// Where it stands.
        place: Place,
        /// Its name.
        name: String,
        /// What is wrong, and what to do.
        text: String,
    },
    /// No policy of the module's name is loaded.
    #[error(
        "{place}: {name}: spec.module: there is no policy {unknown}; name its file with --wasm"
    )]
    UnknownModule {
        /// Where the resource stands.
        place: Place,
        /// Its name.
        name: String,
        /// The name of the module, and what was probably meant.
        unknown: Box<UnknownName>,
    },
    /// The policy says no to the settings.
    #[error("{place}: {name}: {error}")]
    Settings {
        /// Where the resource stands.
        place: Place,
        /// Its name.
        name: String,
        /// Why.
        error: Box<SettingsError>,
    },
}

/// One resource, apart from its module and settings.
#[derive(Debug)]
pub struct Deployed {
    /// The name of the resource, behind the namespace of an `AdmissionPolicy`.
    pub name: String,
    place: Place,
    /// The one that an `AdmissionPolicy` is for.
    namespace: Option<String>,
    mode: Mode,
    rules: Vec<Rule>,
    namespace_selector: Vec<Requirement>,
    object_selector: Vec<Requirement>,
    has_conditions: bool,
    /// What the policy may look up.
    pub(crate) grants: BTreeSet<ContextAwareResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    module: Option<String>,
    #[serde(default)]
    settings: Option<Value>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    rules: Vec<Rule>,
    namespace_selector: Option<LabelSelector>,
    object_selector: Option<LabelSelector>,
    #[serde(default)]
    match_conditions: Option<Vec<Value>>,
    #[serde(default)]
    context_aware_resources: Option<BTreeSet<ContextAwareResource>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Mode {
    #[default]
    Protect,
    Monitor,
}

/// As in a `ValidatingWebhookConfiguration`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(default)]
    scope: Scope,
    api_groups: Vec<String>,
    resources: Vec<String>,
    operations: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Scope {
    #[default]
    #[serde(rename = "*")]
    All,
    Cluster,
    Namespaced,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LabelSelector {
    #[serde(default)]
    match_labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Deserialize)]
struct Expression {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    fn requirements(self) -> Vec<Requirement> {
        let labels = self.match_labels.into_iter().flatten();
        let labels = labels.map(|(key, value)| Requirement::is_in(key, vec![value]));
        let expressions = self.match_expressions.into_iter().flatten();
        let expressions = expressions.map(
            |Expression {
                 key,
                 operator,
                 values,
             }| {
                let values = values.unwrap_or_default();
                match operator {
                    Operator::In => Requirement::is_in(key, values),
                    Operator::NotIn => Requirement::is_not_in(key, values),
                    Operator::Exists => Requirement::exists(key),
                    Operator::DoesNotExist => Requirement::is_absent(key),
                }
            },
        );
        labels.chain(expressions).collect()
    }
}

/// Reads the resources in these files and folders, and gives each the loaded policy that it names.
///
/// What else is in them is passed over. The notes say what is not followed.
pub fn read(
    paths: &[PathBuf],
    policies: Vec<Policy>,
) -> Result<(Vec<Configured>, Vec<Note>), DeployedError> {
    let read = manifests::read(paths);
    if let Some(problem) = read.problems.into_iter().next() {
        return Err(DeployedError::Unreadable(problem));
    }
    let policies: Vec<Arc<Policy>> = policies.into_iter().map(Arc::new).collect();
    let mut configured: Vec<Configured> = Vec::new();
    let mut notes = Vec::new();
    for object in &read.objects {
        if object.group() != "policies.kubewarden.io" {
            continue;
        }
        match object.kind() {
            "ClusterAdmissionPolicy" | "AdmissionPolicy" => {
                let one = configure(object, &policies)?;
                let name = |of: &Configured| of.deployed.as_ref().map(|it| it.name.clone());
                if configured.iter().any(|other| name(other) == name(&one)) {
                    return Err(malformed(
                        object,
                        "is there twice; a base and its overlays are rendered first: `kubectl kustomize DIR | \
                         preflight --policies-from - PATH`",
                    ));
                }
                notes.extend(one.deployed.as_ref().and_then(Deployed::note));
                configured.push(one);
            }
            kind @ ("ClusterAdmissionPolicyGroup" | "AdmissionPolicyGroup") => notes.push(Note {
                place: object.place(),
                text: format!(
                    "{kind} {} is not judged: its expression is not evaluated here",
                    name(object)
                ),
            }),
            _ => {}
        }
    }
    if configured.is_empty() {
        let paths: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(DeployedError::None(paths.join(", ")));
    }
    Ok((configured, notes))
}

fn configure(object: &Object, policies: &[Arc<Policy>]) -> Result<Configured, DeployedError> {
    let spec = object
        .value
        .get("spec")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let spec: Spec = serde_json::from_value(spec)
        .map_err(|error| malformed(object, format!("spec: {error}")))?;
    let Some(module) = spec.module else {
        return Err(malformed(
            object,
            "spec.module is missing; if this is a patch, render it: `kubectl kustomize DIR | preflight \
             --policies-from - PATH`",
        ));
    };
    let wanted = name_of_module(&module);
    let Some(policy) = policies.iter().find(|policy| policy.name() == wanted) else {
        return Err(DeployedError::UnknownModule {
            place: object.place_of("spec.module"),
            name: name(object),
            unknown: Box::new(UnknownName::new(
                wanted,
                policies.iter().map(|policy| policy.name()),
            )),
        });
    };
    let settings = spec.settings.filter(|settings| !settings.is_null());
    let settings = settings.unwrap_or_else(|| json!({}));
    settings::check(policy, &settings).map_err(|error| DeployedError::Settings {
        place: object.place_of("spec.settings"),
        name: name(object),
        error: Box::new(error),
    })?;
    let requirements = |selector: Option<LabelSelector>| {
        selector
            .map(LabelSelector::requirements)
            .unwrap_or_default()
    };
    let namespace = || {
        object
            .namespace()
            .unwrap_or(crate::cluster::DEFAULT_NAMESPACE)
    };
    Ok(Configured {
        policy: Arc::clone(policy),
        settings,
        deployed: Some(Deployed {
            name: name(object),
            place: object.place(),
            namespace: (object.kind() == "AdmissionPolicy").then(|| namespace().to_owned()),
            mode: spec.mode,
            rules: spec.rules,
            namespace_selector: requirements(spec.namespace_selector),
            object_selector: requirements(spec.object_selector),
            has_conditions: spec
                .match_conditions
                .is_some_and(|conditions| !conditions.is_empty()),
            grants: spec.context_aware_resources.unwrap_or_default(),
        }),
    })
}

fn name(object: &Object) -> String {
    let name = object.name().unwrap_or_default();
    match object.namespace() {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

fn malformed(object: &Object, text: impl Into<String>) -> DeployedError {
    DeployedError::Malformed {
        place: object.place(),
        name: name(object),
        text: text.into(),
    }
}

/// The last part of a reference, which is the name of the policy in this bundle and in most:
/// `registry://registry.example.com/policies/hostpath-mounts:v0.1.0`.
fn name_of_module(reference: &str) -> &str {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    let name = name.split(['@', ':']).next().unwrap_or(name);
    name.strip_suffix(".wasm").unwrap_or(name)
}

impl Deployed {
    /// Whether nothing is refused.
    pub(crate) fn only_reports(&self) -> bool {
        self.mode == Mode::Monitor
    }

    /// Whether it is asked about a request for an object.
    pub(crate) fn wants(&self, target: &Target, object: &Value, cluster: &Cluster) -> bool {
        let group = target.group.as_str();
        let kind = text(object, "/kind").unwrap_or_default();
        let home =
            text(object, "/metadata/namespace").filter(|_| cluster.kinds().namespaced(group, kind));
        if self.namespace.is_some() && self.namespace.as_deref() != home {
            return false;
        }
        let in_scope = |rule: &&Rule| match rule.scope {
            Scope::All => true,
            Scope::Cluster => home.is_none(),
            Scope::Namespaced => home.is_some(),
        };
        let mut rules = self.rules.iter().filter(in_scope);
        rules.any(|rule| target.matches(&rule.operations, &rule.api_groups, &rule.resources))
            && self.namespace_matches(group, kind, home, object, cluster)
            && self
                .object_selector
                .iter()
                .all(|requirement| requirement.matches_labels(object))
    }

    /// As `namespace/matcher.go` of the API server does it: an object without a namespace always matches, and a
    /// Namespace counts as its own.
    fn namespace_matches(
        &self,
        group: &str,
        kind: &str,
        home: Option<&str>,
        object: &Value,
        cluster: &Cluster,
    ) -> bool {
        let itself = (group, kind) == ("", "Namespace");
        let (name, namespace) = match home {
            Some(home) => (home, cluster.namespace(home)),
            None if itself => (
                text(object, "/metadata/name").unwrap_or_default(),
                Some(object),
            ),
            None => return true,
        };
        self.namespace_selector
            .iter()
            .all(|requirement| match namespace {
                _ if requirement.key() == NAME_LABEL => requirement.holds(Some(name)),
                Some(namespace) => requirement.matches_labels(namespace),
                // Nobody knows: rather judge too much than too little.
                None => true,
            })
    }

    /// What cannot be followed, if anything.
    fn note(&self) -> Option<Note> {
        self.has_conditions.then(|| Note {
            place: self.place.clone(),
            text: format!(
                "{}: its matchConditions are not evaluated here, every object counts as matched",
                self.name
            ),
        })
    }

    /// Says in which of these namespaces its selector could not be followed, because their labels are not known.
    pub(crate) fn note_of_namespaces<'a>(
        &self,
        homes: impl Iterator<Item = &'a str>,
        cluster: &Cluster,
    ) -> Option<Note> {
        if self
            .namespace_selector
            .iter()
            .all(|requirement| requirement.key() == NAME_LABEL)
        {
            return None;
        }
        let unknown: BTreeSet<&str> = homes
            .filter(|home| cluster.namespace(home).is_none())
            .collect();
        (!unknown.is_empty()).then(|| Note {
            place: self.place.clone(),
            text: format!(
                "{}: its namespaceSelector counts as matched in {}, whose labels are not known; add the Namespaces to \
                 the manifests",
                self.name,
                unknown.into_iter().collect::<Vec<_>>().join(", ")
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_of_a_module() {
        for reference in [
            "registry://registry.example.com:5000/policies/hostpath-mounts:v0.1.0",
            "registry://registry.example.com/hostpath-mounts@sha256:0123",
            "file:///tmp/hostpath-mounts.wasm",
            "https://example.com/hostpath-mounts.wasm",
            "hostpath-mounts",
        ] {
            assert_eq!(name_of_module(reference), "hostpath-mounts");
        }
    }
}
