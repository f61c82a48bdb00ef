//! From the manifests of resources to policies that judge as a cluster would.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use policy_metadata::ContextAwareResource;
use serde_json::{Value, json};

use super::{
    Conditions, Deployed, DeployedError, home as kubewarden,
    wire::{LabelSelector, Scope, Spec},
};
use crate::{
    Policy,
    bundle::UnknownName,
    judge::{Configured, Group, Judge, Member},
    manifests::{self, Note, Object},
    report::{Reason, Subject, Unjudged},
    settings,
};

const GROUP: &str = "policies.kubewarden.io";

/// The policies that are asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// In the order of their resources.
    pub policies: Vec<Configured>,
    /// What of them is not followed.
    pub notes: Vec<Note>,
    /// Resources that are not followed at all, and files that were not read.
    pub unjudged: Vec<Unjudged>,
}

/// Reads the resources in these files and folders, and gives each the loaded policy that it names.
///
/// With names in `only`, resources of other policies are passed over. `namespace` is that of resources that name none.
/// `host` is the namespace of Kubewarden; without it the manifests may show it. What else is in the files is passed over.
/// All errors are told at once.
pub fn read(
    paths: &[PathBuf],
    policies: Vec<Policy>,
    only: &[String],
    namespace: &str,
    host: Option<&str>,
) -> Result<Asked, DeployedError> {
    let read = manifests::read(paths);
    if let Some(problem) = read.problems.into_iter().next() {
        return Err(DeployedError::Unreadable(problem));
    }
    let shown = kubewarden::shown(&read.objects);
    if host.is_none() && shown.len() > 1 {
        let several = shown.into_iter().map(ToOwned::to_owned);
        return Err(DeployedError::Homes(several.collect()));
    }
    let host = host
        .or(shown.first().copied())
        .unwrap_or(kubewarden::DEFAULT);
    let mut reader = Reader {
        host,
        policies: policies.into_iter().map(Arc::new).collect(),
        only,
        namespace,
        names: BTreeSet::new(),
        configured: Vec::new(),
        notes: read.notes,
        unjudged: read.left_out.into_iter().map(Unjudged::from).collect(),
        errors: Vec::new(),
        unknown: None,
        unwanted: BTreeSet::new(),
    };
    // That a folder is rendered first, and what of it is left out. Other files in it are nobody's business here.
    reader.notes.retain(Note::is_of_a_folder);
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
    /// The namespace of Kubewarden.
    host: &'a str,
    names: BTreeSet<String>,
    configured: Vec<Configured>,
    notes: Vec<Note>,
    unjudged: Vec<Unjudged>,
    errors: Vec<DeployedError>,
    /// The first resource that is left out, which is an error where it is the only one.
    unknown: Option<DeployedError>,
    /// The modules of resources that are passed over because others were named.
    unwanted: BTreeSet<String>,
}

impl Reader<'_> {
    fn take(&mut self, object: &Object) {
        let is_group = match (object.group(), object.kind()) {
            (GROUP, "ClusterAdmissionPolicy" | "AdmissionPolicy") => false,
            (GROUP, "ClusterAdmissionPolicyGroup" | "AdmissionPolicyGroup") => true,
            _ => return self.check_kind(object),
        };
        if let Err(error) = self.add(object, is_group) {
            self.errors.push(error);
        }
    }

    /// A resource that is nearly a policy is not followed, and nor would a cluster take it.
    fn check_kind(&mut self, object: &Object) {
        let kinds = [
            "ClusterAdmissionPolicy",
            "AdmissionPolicy",
            "ClusterAdmissionPolicyGroup",
            "AdmissionPolicyGroup",
        ];
        let mut meant = kinds.iter();
        let Some(meant) = meant.find(|kind| kind.eq_ignore_ascii_case(object.kind())) else {
            return;
        };
        let text =
            format!("is no policy to a cluster: write kind: {meant} and apiVersion: {GROUP}/v1");
        self.leave(object, text);
    }

    fn leave(&mut self, object: &Object, text: String) {
        self.unjudged.push(Unjudged {
            reason: Reason::MissingPolicy,
            place: object.place(),
            object: Some(Subject::of(object)),
            text,
        });
    }

    fn add(&mut self, object: &Object, is_group: bool) -> Result<(), DeployedError> {
        let name = name(object, self.namespace);
        if !self.names.insert(name.clone()) {
            return Err(malformed(
                object,
                &name,
                "appears twice; a base and its overlays are rendered first: `kubectl kustomize DIR | preflight \
                 --policies-from - PATH`",
            ));
        }
        let mut spec = spec(object, &name, is_group)?;
        let judge = if is_group {
            self.group(object, &name, &mut spec)
        } else {
            self.one(object, &name, &mut spec)?
        };
        let Some(judge) = judge else {
            return Ok(());
        };
        let one = Configured {
            judge,
            deployed: Some(deployed(object, name, spec, self.host)),
        };
        let notes = one.deployed.iter();
        let notes = notes.flat_map(|deployed| deployed.notes(one.metadata(), &one.members()));
        self.notes.extend(notes);
        self.configured.push(one);
        Ok(())
    }

    /// `None` when it is not wanted, or its module is not loaded.
    fn one(
        &mut self,
        object: &Object,
        name: &str,
        spec: &mut Spec,
    ) -> Result<Option<Judge>, DeployedError> {
        let module = name_of_module(spec.module.as_deref().unwrap_or_default());
        if !self.is_wanted(module) {
            self.unwanted.insert(module.to_owned());
            return Ok(None);
        }
        let Some(policy) = self.policy(module) else {
            self.add_unknown(object, name.to_owned(), module);
            return Ok(None);
        };
        let settings = spec.settings.take();
        let grants = spec.context_aware_resources.take();
        let member = member(policy, settings, grants, name);
        check(object, name, "spec.settings", &member)?;
        Ok(Some(Judge::One(member)))
    }

    /// `None` when it is not wanted, or cannot be followed. What is wrong with its members is told of all of them.
    fn group(&mut self, object: &Object, name: &str, spec: &mut Spec) -> Option<Judge> {
        let specs = spec.policies.take().unwrap_or_default();
        let modules = || specs.values().map(|spec| name_of_module(&spec.module));
        if !modules().any(|module| self.is_wanted(module)) {
            self.unwanted.extend(modules().map(ToOwned::to_owned));
            return None;
        }
        if let Some(module) = modules().find(|module| self.policy(module).is_none()) {
            let text = format!("no policy named {module} is loaded; add it with --wasm");
            return self.leave_out(object, name, &text);
        }
        let mut members = BTreeMap::new();
        let mut is_wrong = false;
        for (called, spec) in specs {
            let policy = self.policy(name_of_module(&spec.module))?;
            let one = member(policy, spec.settings, spec.context_aware_resources, name);
            let field = format!("spec.policies.{called}.settings");
            if let Err(error) = check(object, name, &field, &one) {
                self.errors.push(error);
                is_wrong = true;
            }
            members.insert(called, one);
        }
        if is_wrong {
            return None;
        }
        let expression = spec.expression.take().unwrap_or_default();
        let message = spec.message.take().unwrap_or_default();
        match Group::new(members, expression, message) {
            Ok(group) => Some(Judge::Group(group)),
            Err(error) => self.leave_out(object, name, &error.to_string()),
        }
    }

    fn is_wanted(&self, module: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == module)
    }

    fn policy(&self, module: &str) -> Option<Arc<Policy>> {
        let mut policies = self.policies.iter();
        policies.find(|policy| policy.name() == module).cloned()
    }

    fn leave_out<T>(&mut self, object: &Object, name: &str, why: &str) -> Option<T> {
        self.leave(object, format!("this policy was not asked: {why}"));
        self.unknown
            .get_or_insert_with(|| malformed(object, name, why));
        None
    }

    fn add_unknown(&mut self, object: &Object, name: String, module: &str) {
        let text = format!(
            "this policy was not asked: no policy named {module} is loaded; add its module with --wasm"
        );
        self.leave(object, text);
        let known = self.policies.iter().map(|policy| policy.name());
        let unknown = UnknownName::new(module, known);
        self.unknown
            .get_or_insert_with(|| DeployedError::UnknownModule {
                place: object.place_of("spec.module"),
                unknown: Box::new(unknown),
                name,
            });
    }

    fn finish(mut self, paths: &[PathBuf]) -> Result<Asked, DeployedError> {
        if self.errors.len() > 1 {
            return Err(DeployedError::Several(self.errors));
        }
        if let Some(error) = self.errors.pop() {
            return Err(error);
        }
        if !self.configured.is_empty() {
            return Ok(Asked {
                policies: self.configured,
                notes: self.notes,
                unjudged: self.unjudged,
            });
        }
        let paths = paths.iter().map(|path| path.display().to_string());
        let paths = paths.collect::<Vec<_>>().join(", ");
        Err(match self.unknown {
            Some(unknown) => unknown,
            None if self.unwanted.is_empty() => DeployedError::None(paths),
            None => DeployedError::NotWanted {
                paths,
                wanted: self.only.to_vec(),
                there: self.unwanted.into_iter().collect(),
            },
        })
    }
}

fn spec(object: &Object, name: &str, is_group: bool) -> Result<Spec, DeployedError> {
    let spec = object.value.get("spec").cloned();
    let spec: Spec = serde_json::from_value(spec.unwrap_or_else(|| json!({})))
        .map_err(|error| malformed(object, name, format!("spec: {error}")))?;
    let members = spec.policies.as_ref();
    let missing = if !is_group && spec.module.is_none() {
        "spec.module is missing"
    } else if is_group && members.is_none_or(BTreeMap::is_empty) {
        "spec.policies is missing or empty"
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

/// The controller knows no grants but those of cluster-wide policies.
fn member(
    policy: Arc<Policy>,
    settings: Option<Value>,
    grants: Option<BTreeSet<ContextAwareResource>>,
    name: &str,
) -> Member {
    let settings = settings.filter(|settings| !settings.is_null());
    let grants = grants.filter(|_| home(name).is_none());
    Member {
        custom_kinds: Vec::new(),
        policy,
        settings: settings.unwrap_or_else(|| json!({})),
        grants: Some(grants.unwrap_or_default()),
    }
}

fn check(object: &Object, name: &str, field: &str, member: &Member) -> Result<(), DeployedError> {
    settings::check(&member.policy, &member.settings).map_err(|error| DeployedError::Settings {
        place: object.place_of(field),
        name: name.to_owned(),
        error: Box::new(error),
    })
}

fn deployed(object: &Object, name: String, spec: Spec, host: &str) -> Deployed {
    let requirements = |selector: Option<LabelSelector>| {
        selector
            .map(LabelSelector::requirements)
            .unwrap_or_default()
    };
    let mut rules = spec.rules.unwrap_or_default();
    let namespace = home(&name).map(ToOwned::to_owned);
    if namespace.is_some() {
        // The controller writes the one.
        for rule in &mut rules {
            rule.scope = Scope::Namespaced;
        }
    }
    // Policies of that namespace are not asked about it either: the policy server lets everything in it pass.
    let is_meant = spec.allow_inside_admission_controller_namespace == Some(true);
    Deployed {
        name,
        place: object.place(),
        mode: spec.mode,
        message: spec.message.filter(|message| !message.is_empty()),
        spared: (namespace.is_some() || !is_meant).then(|| host.to_owned()),
        namespace,
        rules,
        is_exact: spec.match_policy.as_deref() == Some("Exact"),
        namespace_selector: requirements(spec.namespace_selector),
        object_selector: requirements(spec.object_selector),
        conditions: Conditions::read(spec.match_conditions.unwrap_or_default()),
    }
}

/// The namespace of a resource that is for one, from its name.
fn home(name: &str) -> Option<&str> {
    name.split_once('/').map(|(namespace, _)| namespace)
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
