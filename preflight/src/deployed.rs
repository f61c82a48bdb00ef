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

mod conditions;

pub use conditions::{Condition, Conditions};

const GROUP: &str = "policies.kubewarden.io";

/// The label that the API server gives to every namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Resources of a cluster that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum DeployedError {
    /// A file cannot be read.
    #[error("{}: {}", .0.place, .0.text)]
    Unreadable(Problem),
    /// There is nothing to follow.
    #[error(
        "{0}: there is neither a ClusterAdmissionPolicy nor an AdmissionPolicy in it to judge with; an overlay is \
         rendered first: `kubectl kustomize DIR | preflight --policies-from - PATH`"
    )]
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
    /// Whether objects of other versions than those in the rules are left out, not converted.
    is_exact: bool,
    namespace_selector: Vec<Requirement>,
    object_selector: Vec<Requirement>,
    conditions: Conditions,
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
    rules: Option<Vec<Rule>>,
    match_policy: Option<String>,
    namespace_selector: Option<LabelSelector>,
    object_selector: Option<LabelSelector>,
    #[serde(default)]
    match_conditions: Option<Vec<Condition>>,
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
    #[serde(default)]
    api_versions: Vec<String>,
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
/// With names in `only`, resources of other policies are passed over. `namespace` is that of resources that name none.
/// What else is in the files is passed over. The notes say what is not followed.
pub fn read(
    paths: &[PathBuf],
    policies: Vec<Policy>,
    only: &[String],
    namespace: &str,
) -> Result<(Vec<Configured>, Vec<Note>), DeployedError> {
    let read = manifests::read(paths);
    if let Some(problem) = read.problems.into_iter().next() {
        return Err(DeployedError::Unreadable(problem));
    }
    let policies: Vec<Arc<Policy>> = policies.into_iter().map(Arc::new).collect();
    let mut configured: Vec<Configured> = Vec::new();
    let mut notes = Vec::new();
    let mut unknown = None;
    for object in &read.objects {
        let kind = object.kind();
        match (object.group(), kind) {
            (GROUP, "ClusterAdmissionPolicy" | "AdmissionPolicy") => {}
            (GROUP, "ClusterAdmissionPolicyGroup" | "AdmissionPolicyGroup") => {
                let text = format!(
                    "{kind} {} is not judged: its expression is not evaluated here",
                    name(object, namespace)
                );
                let place = object.place();
                notes.push(Note { place, text });
                continue;
            }
            _ => continue,
        }
        let name = name(object, namespace);
        if configured.iter().any(|other| other.name() == name) {
            return Err(malformed(
                object,
                &name,
                "appears twice; a base and its overlays are rendered first: `kubectl kustomize DIR | preflight \
                 --policies-from - PATH`",
            ));
        }
        let spec = spec(object, &name)?;
        let module = name_of_module(spec.module.as_deref().unwrap_or_default());
        if !only.is_empty() && !only.iter().any(|wanted| wanted == module) {
            continue;
        }
        let Some(policy) = policies.iter().find(|policy| policy.name() == module) else {
            let known = policies.iter().map(|policy| policy.name());
            let error = DeployedError::UnknownModule {
                place: object.place_of("spec.module"),
                unknown: Box::new(UnknownName::new(module, known)),
                name,
            };
            notes.push(Note {
                place: object.place(),
                text: format!("module {module} is not judged: no policy of this name is loaded; add it with --wasm"),
            });
            unknown.get_or_insert(error);
            continue;
        };
        let one = configure(object, name, spec, policy)?;
        notes.extend(one.deployed.as_ref().and_then(Deployed::note));
        configured.push(one);
    }
    if !configured.is_empty() {
        return Ok((configured, notes));
    }
    let paths = paths.iter().map(|path| path.display().to_string());
    let none = || DeployedError::None(paths.collect::<Vec<_>>().join(", "));
    Err(unknown.unwrap_or_else(none))
}

fn spec(object: &Object, name: &str) -> Result<Spec, DeployedError> {
    let spec = object.value.get("spec").cloned();
    let spec: Spec = serde_json::from_value(spec.unwrap_or_else(|| json!({})))
        .map_err(|error| malformed(object, name, format!("spec: {error}")))?;
    let missing = if spec.module.is_none() {
        "spec.module is missing"
    } else if spec.rules.as_ref().is_none_or(Vec::is_empty) {
        "spec.rules is missing or empty"
    } else {
        return Ok(spec);
    };
    Err(malformed(
        object,
        name,
        format!(
            "{missing}; if this is a patch, render it: `kubectl kustomize DIR | preflight --policies-from - PATH`"
        ),
    ))
}

fn configure(
    object: &Object,
    name: String,
    spec: Spec,
    policy: &Arc<Policy>,
) -> Result<Configured, DeployedError> {
    let settings = spec.settings.filter(|settings| !settings.is_null());
    let settings = settings.unwrap_or_else(|| json!({}));
    if let Err(error) = settings::check(policy, &settings) {
        let place = object.place_of("spec.settings");
        let error = Box::new(error);
        return Err(DeployedError::Settings { place, name, error });
    }
    let requirements = |selector: Option<LabelSelector>| {
        selector
            .map(LabelSelector::requirements)
            .unwrap_or_default()
    };
    let mut rules = spec.rules.unwrap_or_default();
    let mut grants = spec.context_aware_resources.unwrap_or_default();
    let namespace = match name.split_once('/') {
        Some((namespace, _)) => {
            // The controller writes the one, and knows no other grants than those of cluster-wide policies.
            for rule in &mut rules {
                rule.scope = Scope::Namespaced;
            }
            grants.clear();
            Some(namespace.to_owned())
        }
        None => None,
    };
    Ok(Configured {
        policy: Arc::clone(policy),
        settings,
        deployed: Some(Deployed {
            name,
            place: object.place(),
            namespace,
            mode: spec.mode,
            rules,
            is_exact: spec.match_policy.as_deref() == Some("Exact"),
            namespace_selector: requirements(spec.namespace_selector),
            object_selector: requirements(spec.object_selector),
            conditions: Conditions::read(spec.match_conditions.unwrap_or_default()),
            grants,
        }),
    })
}

/// The name of the resource; that of an `AdmissionPolicy` behind its namespace.
fn name(object: &Object, namespace: &str) -> String {
    let name = object.name().unwrap_or_default();
    if object.kind().starts_with("Cluster") {
        return name.to_owned();
    }
    let home = object.namespace().filter(|home| !home.is_empty());
    format!("{}/{name}", home.unwrap_or(namespace))
}

fn malformed(object: &Object, name: &str, text: impl Into<String>) -> DeployedError {
    DeployedError::Malformed {
        place: object.place(),
        name: name.to_owned(),
        text: text.into(),
    }
}

/// The last part of a reference, which is the name of the policy in this bundle and in most:
/// `registry://registry.example.com/policies/hostpath-mounts:v0.1.0`.
#[must_use]
pub fn name_of_module(reference: &str) -> &str {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    let name = name.split(['@', ':']).next().unwrap_or(name);
    name.strip_suffix(".wasm").unwrap_or(name)
}

impl Deployed {
    /// Whether nothing is refused.
    pub(crate) fn only_reports(&self) -> bool {
        self.mode == Mode::Monitor
    }

    /// The mode, as in a manifest.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Protect => "protect",
            Mode::Monitor => "monitor",
        }
    }

    /// The resources in its rules.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        let listed = self.rules.iter().flat_map(|rule| &rule.resources);
        listed.map(String::as_str)
    }

    /// The kinds that it lets the policy look up.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.grants.iter().map(|granted| granted.kind.as_str())
    }

    /// Whether it is asked about a request.
    pub(crate) fn wants(&self, target: &Target, request: &Value, cluster: &Cluster) -> bool {
        let is_namespace = target.group.is_empty() && target.resource == "namespaces";
        let home = text(request, "/namespace").filter(|home| !home.is_empty() && !is_namespace);
        if self.namespace.is_some() && self.namespace.as_deref() != home {
            return false;
        }
        let is_listed = |rule: &&Rule| {
            let mut versions = rule.api_versions.iter();
            let in_scope = match rule.scope {
                Scope::All => true,
                Scope::Cluster => home.is_none(),
                Scope::Namespaced => home.is_some(),
            };
            in_scope
                && (!self.is_exact || versions.any(|it| it == "*" || *it == target.version))
                && target.matches(&rule.operations, &rule.api_groups, &rule.resources)
        };
        let objects: Vec<&Value> = ["/object", "/oldObject", "/old_object"]
            .into_iter()
            .filter_map(|at| request.pointer(at).filter(|object| object.is_object()))
            .collect();
        let is_selected = |object: &&Value| {
            let mut requirements = self.object_selector.iter();
            requirements.all(|requirement| requirement.matches_labels(object))
        };
        self.rules.iter().any(|rule| is_listed(&rule))
            && self.namespace_matches(is_namespace, home, objects.first().copied(), cluster)
            && (self.object_selector.is_empty() || objects.iter().any(is_selected))
            && self.conditions.hold(request)
    }

    /// As `namespace/matcher.go` of the API server does it: an object without a namespace always matches, and a
    /// Namespace counts as its own.
    fn namespace_matches(
        &self,
        is_namespace: bool,
        home: Option<&str>,
        object: Option<&Value>,
        cluster: &Cluster,
    ) -> bool {
        let (name, namespace) = match (home, object) {
            (Some(home), _) => (home, cluster.namespace(home)),
            (None, Some(object)) if is_namespace => {
                let name = text(object, "/metadata/name");
                (name.unwrap_or_default(), Some(object))
            }
            (None, _) => return true,
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
        let unknown = self.conditions.unknown();
        (!unknown.is_empty()).then(|| Note {
            place: self.place.clone(),
            text: format!(
                "{}: its matchConditions {} cannot be evaluated here and count as true",
                self.name,
                unknown.join(", ")
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
