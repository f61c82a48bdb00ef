//! From the manifests of resources to policies that judge as a cluster would.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, mem,
    path::PathBuf,
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kubewarden_policy_sdk::crd::policies::{
    cluster_admission_policy::ClusterAdmissionPolicySpec,
    cluster_admission_policy_group::{
        ClusterAdmissionPolicyGroupSpec, PolicyGroupMemberWithContext,
    },
    common::{ContextAwareResource, MatchPolicy},
};
use serde_json::Value;

use super::{Conditions, DeployedError, PolicyResource, home as kubewarden, rules, wire};
use crate::{
    Policy,
    judge::{ActivePolicy, Group, Judge, Member},
    manifests::{self, Note, Object},
    names::{UnknownName, name_of_module},
    report::{Reason, Subject, Unjudged},
    settings,
};
use cluster::selector::{self, Requirement};

const GROUP: &str = "policies.kubewarden.io";

/// The policies that are asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// In the order of their resources.
    pub policies: Vec<ActivePolicy>,
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
    // That a folder is rendered first, and what of it is left out. Other files in it do not matter here.
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
    names: BTreeSet<ResourceName>,
    configured: Vec<ActivePolicy>,
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
            format!("is not a policy to a cluster: write kind: {meant} and apiVersion: {GROUP}/v1");
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
        let name = ResourceName::of(object, self.namespace);
        if !self.names.insert(name.clone()) {
            return Err(malformed(
                object,
                &name,
                "appears twice; a base and its overlays are rendered first: `kubectl kustomize DIR | preflight \
                 --policies-from - PATH`",
            ));
        }
        let mut spec = Spec::read(object, &name, is_group)?;
        let judge = match spec.group.take() {
            Some(group) => self.group(object, &name, group),
            None => self.one(object, &name, &mut spec.policy)?,
        };
        let Some(judge) = judge else {
            return Ok(());
        };
        let one = ActivePolicy {
            judge,
            deployed: Some(deployed(object, &name, spec, self.host)),
        };
        if let Some(deployed) = &one.deployed {
            for text in rules::unmet(&deployed.rules, one.metadata()) {
                self.leave(object, text);
            }
            self.notes.extend(deployed.notes(&one.members()));
        }
        self.configured.push(one);
        Ok(())
    }

    /// `None` when it is not wanted, or its module is not loaded.
    fn one(
        &mut self,
        object: &Object,
        name: &ResourceName,
        spec: &mut ClusterAdmissionPolicySpec,
    ) -> Result<Option<Judge>, DeployedError> {
        let module = name_of_module(&spec.module);
        if !self.is_wanted(module) {
            self.unwanted.insert(module.to_owned());
            return Ok(None);
        }
        let Some(policy) = self.policy(module) else {
            self.add_unknown(object, name, module);
            return Ok(None);
        };
        let settings = mem::take(&mut spec.settings).0;
        let grants = mem::take(&mut spec.context_aware_resources);
        let member = member(policy, settings, grants, name);
        check(object, name, "spec.settings", &member)?;
        Ok(Some(Judge::One(member)))
    }

    /// `None` when it is not wanted, or cannot be followed. What is wrong with its members is told of all of them.
    fn group(
        &mut self,
        object: &Object,
        name: &ResourceName,
        spec: ClusterAdmissionPolicyGroupSpec,
    ) -> Option<Judge> {
        let specs: BTreeMap<String, PolicyGroupMemberWithContext> =
            spec.policies.into_iter().collect();
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
            let one = member(policy, spec.settings.0, spec.context_aware_resources, name);
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
        match Group::new(members, spec.expression, spec.message) {
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

    fn leave_out<T>(&mut self, object: &Object, name: &ResourceName, why: &str) -> Option<T> {
        self.leave(object, format!("this policy was not asked: {why}"));
        self.unknown
            .get_or_insert_with(|| malformed(object, name, why));
        None
    }

    fn add_unknown(&mut self, object: &Object, name: &ResourceName, module: &str) {
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
                name: name.to_string(),
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

/// What a resource says, and what only a group says.
struct Spec {
    policy: ClusterAdmissionPolicySpec,
    group: Option<ClusterAdmissionPolicyGroupSpec>,
    is_asked_inside: bool,
    namespace_selector: Vec<Requirement>,
    object_selector: Vec<Requirement>,
}

impl Spec {
    fn read(object: &Object, name: &ResourceName, is_group: bool) -> Result<Self, DeployedError> {
        let spec = Self::parse(object, is_group).map_err(|text| malformed(object, name, text))?;
        let members = spec.group.as_ref().map(|group| &group.policies);
        let missing = if !is_group && spec.policy.module.is_empty() {
            "spec.module is missing"
        } else if members.is_some_and(HashMap::is_empty) {
            "spec.policies is missing or empty"
        } else if spec.policy.rules.as_ref().is_none_or(Vec::is_empty) {
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

    fn parse(object: &Object, is_group: bool) -> Result<Self, String> {
        let empty = tree::json!({});
        let spec = object.value.get("spec").unwrap_or(&empty);
        let unread = |error| format!("spec: {error}");
        let mut policy = wire::policy(spec).map_err(unread)?;
        for (index, rule) in policy.rules.iter().flatten().enumerate() {
            if let Some(problem) = wire::problem(rule) {
                return Err(format!("spec.rules[{index}].{problem}"));
            }
        }
        let requirements = |name: &str, selector: Option<LabelSelector>| {
            let requirements = selector::of_object(selector.unwrap_or_default());
            requirements.map_err(|problem| format!("spec.{name}.{problem}"))
        };
        if is_group {
            // That of a group is what its members are refused with.
            policy.message = None;
        }
        let namespace_selector = policy.namespace_selector.take();
        let object_selector = policy.object_selector.take();
        Ok(Self {
            policy,
            group: is_group
                .then(|| wire::group(spec))
                .transpose()
                .map_err(unread)?,
            is_asked_inside: wire::is_asked_inside(spec).map_err(unread)?,
            namespace_selector: requirements("namespaceSelector", namespace_selector)?,
            object_selector: requirements("objectSelector", object_selector)?,
        })
    }
}

/// The controller knows no grants but those of cluster-wide policies.
fn member(
    policy: Arc<Policy>,
    settings: Value,
    grants: Vec<ContextAwareResource>,
    name: &ResourceName,
) -> Member {
    let grants = grants.into_iter().filter(|_| name.namespace.is_none());
    let grants = grants.map(|ContextAwareResource { api_version, kind }| {
        policy_metadata::ContextAwareResource { api_version, kind }
    });
    Member {
        custom_kinds: Vec::new(),
        policy,
        settings,
        grants: Some(grants.collect()),
    }
}

fn check(
    object: &Object,
    name: &ResourceName,
    field: &str,
    member: &Member,
) -> Result<(), DeployedError> {
    settings::check(&member.policy, &member.settings).map_err(|error| DeployedError::Settings {
        place: object.place_of(field),
        name: name.to_string(),
        error: Box::new(error),
    })
}

fn deployed(object: &Object, name: &ResourceName, spec: Spec, host: &str) -> PolicyResource {
    let policy = spec.policy;
    let mut rules = policy.rules.unwrap_or_default();
    let namespace = name.namespace.clone();
    if namespace.is_some() {
        // The controller writes the one.
        for rule in &mut rules {
            rule.scope = Some("Namespaced".to_owned());
        }
    }
    PolicyResource {
        name: name.to_string(),
        place: object.place(),
        mode: policy.mode.unwrap_or_default(),
        message: policy.message.filter(|message| !message.is_empty()),
        // Policies of that namespace are not asked about it either: the policy server lets everything in it pass.
        spared: (namespace.is_some() || !spec.is_asked_inside).then(|| host.to_owned()),
        namespace,
        rules,
        is_exact: policy.match_policy == Some(MatchPolicy::Exact),
        namespace_selector: spec.namespace_selector,
        object_selector: spec.object_selector,
        conditions: Conditions::read(policy.match_conditions.unwrap_or_default()),
    }
}

/// What a resource is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ResourceName {
    /// That of an `AdmissionPolicy`.
    namespace: Option<String>,
    name: String,
}

impl ResourceName {
    fn of(object: &Object, default_namespace: &str) -> Self {
        let namespace = || {
            let written = object.namespace().filter(|written| !written.is_empty());
            written.unwrap_or(default_namespace).to_owned()
        };
        let is_cluster_wide = object.kind().starts_with("Cluster");
        Self {
            namespace: (!is_cluster_wide).then(namespace),
            name: object.name().unwrap_or_default().to_owned(),
        }
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

fn malformed(object: &Object, name: &ResourceName, text: impl Into<String>) -> DeployedError {
    DeployedError::Malformed {
        place: object.place(),
        name: name.to_string(),
        text: text.into(),
    }
}
