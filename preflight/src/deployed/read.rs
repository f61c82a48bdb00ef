//! From the manifests of resources to policies that judge as a cluster would.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde_json::json;

use super::{
    Conditions, Deployed, DeployedError,
    wire::{LabelSelector, Scope, Spec},
};
use crate::{
    Policy,
    bundle::UnknownName,
    judge::Configured,
    manifests::{self, Note, Object},
    settings,
};

const GROUP: &str = "policies.kubewarden.io";

/// Reads the resources in these files and folders, and gives each the loaded policy that it names.
///
/// With names in `only`, resources of other policies are passed over. `namespace` is that of resources that name none.
/// What else is in the files is passed over. The notes say what is not followed. All errors are told at once.
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
    let mut reader = Reader {
        policies: policies.into_iter().map(Arc::new).collect(),
        only,
        namespace,
        names: BTreeSet::new(),
        configured: Vec::new(),
        notes: read.notes,
        errors: Vec::new(),
        unknown: None,
    };
    // That a folder is rendered first, and what of it is left out. Other files in it are nobody's business here.
    reader.notes.retain(|note| note.place.line.is_none());
    for object in &read.objects {
        reader.take(object);
    }
    reader.finish(paths)
}

/// What was read so far.
struct Reader<'a> {
    policies: Vec<Arc<Policy>>,
    only: &'a [String],
    namespace: &'a str,
    names: BTreeSet<String>,
    configured: Vec<Configured>,
    notes: Vec<Note>,
    errors: Vec<DeployedError>,
    /// The first resource whose module is not loaded.
    unknown: Option<DeployedError>,
}

impl Reader<'_> {
    fn take(&mut self, object: &Object) {
        let kind = object.kind();
        match (object.group(), kind) {
            (GROUP, "ClusterAdmissionPolicy" | "AdmissionPolicy") => {
                if let Err(error) = self.add(object) {
                    self.errors.push(error);
                }
            }
            (GROUP, "ClusterAdmissionPolicyGroup" | "AdmissionPolicyGroup") => {
                let text = format!(
                    "{kind} {} is not judged: its expression is not evaluated here",
                    name(object, self.namespace)
                );
                let place = object.place();
                self.notes.push(Note { place, text });
            }
            _ => {}
        }
    }

    fn add(&mut self, object: &Object) -> Result<(), DeployedError> {
        let name = name(object, self.namespace);
        if !self.names.insert(name.clone()) {
            return Err(malformed(
                object,
                &name,
                "appears twice; a base and its overlays are rendered first: `kubectl kustomize DIR | preflight \
                 --policies-from - PATH`",
            ));
        }
        let spec = spec(object, &name)?;
        let module = name_of_module(spec.module.as_deref().unwrap_or_default());
        if !self.only.is_empty() && !self.only.iter().any(|wanted| wanted == module) {
            return Ok(());
        }
        let mut policies = self.policies.iter();
        let Some(policy) = policies.find(|policy| policy.name() == module) else {
            self.add_unknown(object, name, module);
            return Ok(());
        };
        let policy = Arc::clone(policy);
        let one = configure(object, name, spec, &policy)?;
        let deployed = one.deployed.iter();
        let notes = deployed.flat_map(|deployed| deployed.notes(policy.metadata()));
        self.notes.extend(notes);
        self.configured.push(one);
        Ok(())
    }

    fn add_unknown(&mut self, object: &Object, name: String, module: &str) {
        self.notes.push(Note {
            place: object.place(),
            text: format!(
                "module {module} is not judged: no policy of this name is loaded; add it with --wasm"
            ),
        });
        let known = self.policies.iter().map(|policy| policy.name());
        let unknown = UnknownName::new(module, known);
        self.unknown
            .get_or_insert_with(|| DeployedError::UnknownModule {
                place: object.place_of("spec.module"),
                unknown: Box::new(unknown),
                name,
            });
    }

    fn finish(mut self, paths: &[PathBuf]) -> Result<(Vec<Configured>, Vec<Note>), DeployedError> {
        if self.errors.len() > 1 {
            return Err(DeployedError::Several(self.errors));
        }
        if let Some(error) = self.errors.pop() {
            return Err(error);
        }
        if !self.configured.is_empty() {
            return Ok((self.configured, self.notes));
        }
        let paths = paths.iter().map(|path| path.display().to_string());
        let none = || DeployedError::None(paths.collect::<Vec<_>>().join(", "));
        Err(self.unknown.unwrap_or_else(none))
    }
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
    // Policies of that namespace are not asked about it either: the policy server lets everything in it pass.
    let is_meant = spec.allow_inside_admission_controller_namespace == Some(true);
    let spares_its_host = namespace.is_some() || !is_meant;
    Ok(Configured {
        policy: Arc::clone(policy),
        settings,
        deployed: Some(Deployed {
            name,
            place: object.place(),
            namespace,
            mode: spec.mode,
            message: spec.message.filter(|message| !message.is_empty()),
            spares_its_host,
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
