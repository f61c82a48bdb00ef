//! Policies as a cluster has them: with the settings, the rules and the mode of the resources that were applied.
//!
//! A `ClusterAdmissionPolicy` or an `AdmissionPolicy` names a module, and the loaded policy of that name judges for it.
//! What its rules and selectors leave out is not judged; in `mode: monitor` nothing is refused; look-ups are granted by
//! its `contextAwareResources` alone.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;
use kubewarden_policy_sdk::crd::policies::common::PolicyMode;
use tree::Value;

use crate::{
    MemoryCluster,
    judge::Member,
    manifests::{Note, Place},
    review::Target,
};
use cluster::kinds::text;
use cluster::selector::Requirement;

mod conditions;
mod error;
mod home;
mod read;
mod rules;
mod wire;

pub use conditions::Conditions;
pub use error::DeployedError;
pub use read::{Asked, read};
use wire::Lists;

/// The label that the API server gives to every namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// One resource, apart from its module and settings.
#[derive(Debug)]
pub struct PolicyResource {
    /// The name of the resource, behind the namespace of an `AdmissionPolicy`.
    pub name: String,
    place: Place,
    /// The one that an `AdmissionPolicy` is for.
    namespace: Option<String>,
    mode: PolicyMode,
    /// What users of the cluster read in place of the policy's own message.
    message: Option<String>,
    /// The namespace of Kubewarden itself, where it is not asked about what is in there.
    spared: Option<String>,
    rules: Vec<RuleWithOperations>,
    /// Whether objects of other versions than those in the rules are left out, not converted.
    is_exact: bool,
    namespace_selector: Vec<Requirement>,
    object_selector: Vec<Requirement>,
    conditions: Conditions,
}

/// What keeps a policy from an object whose kind its rules list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LeftOutBy {
    /// The labels of the object: its `objectSelector`.
    Labels,
    /// The labels of the namespace: its `namespaceSelector`.
    Namespace,
    /// It is the namespace of Kubewarden itself.
    Kubewarden,
}

impl PolicyResource {
    /// Whether nothing is refused.
    pub(crate) fn only_reports(&self) -> bool {
        self.mode == PolicyMode::Monitor
    }

    /// What users of the cluster read in place of the policy's own message, which becomes a cause behind it.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref().filter(|_| !self.only_reports())
    }

    /// The mode, as in a manifest.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self.mode {
            PolicyMode::Protect => "protect",
            PolicyMode::Monitor => "monitor",
        }
    }

    /// The groups and the resources of each of its rules.
    pub(crate) fn listed(&self) -> impl Iterator<Item = (&[String], &[String])> {
        let lists = self.rules.iter().map(Lists::of);
        lists.map(|lists| (lists.groups, lists.resources))
    }

    /// Whether it is asked about a request.
    pub(crate) fn wants(&self, target: &Target, request: &Value, cluster: &MemoryCluster) -> bool {
        self.lists(target, request) && self.selects(target, request, cluster)
    }

    /// Whether its rules list what a request is about, in the namespaces that it is for.
    pub(crate) fn lists(&self, target: &Target, request: &Value) -> bool {
        let home = home(target, request);
        if self.namespace.is_some() && self.namespace.as_deref() != home {
            return false;
        }
        self.rules.iter().any(|rule| {
            let lists = Lists::of(rule);
            let mut versions = lists.versions.iter();
            let in_scope = match rule.scope.as_deref() {
                Some("Cluster") => home.is_none(),
                Some("Namespaced") => home.is_some(),
                _ => true,
            };
            in_scope
                && (!self.is_exact || versions.any(|it| it == "*" || *it == target.version))
                && target.matches(lists.operations, lists.groups, lists.resources)
        })
    }

    /// Whether its selectors and conditions let a request through.
    fn selects(&self, target: &Target, request: &Value, cluster: &MemoryCluster) -> bool {
        self.leaves_out(target, request, cluster).is_none() && self.conditions.hold(request)
    }

    /// Whether the labels of an object may keep the policy from it.
    pub(crate) fn has_object_selector(&self) -> bool {
        !self.object_selector.is_empty()
    }

    /// What keeps the policy from a request that its rules list, apart from conditions.
    pub(crate) fn leaves_out(
        &self,
        target: &Target,
        request: &Value,
        cluster: &MemoryCluster,
    ) -> Option<LeftOutBy> {
        let objects: Vec<&Value> = ["/object", "/oldObject", "/old_object"]
            .into_iter()
            .filter_map(|at| request.pointer(at).filter(|object| object.is_object()))
            .collect();
        let is_selected = |object: &&Value| {
            let mut requirements = self.object_selector.iter();
            requirements.all(|requirement| requirement.matches_labels(object))
        };
        if self.has_object_selector() && !objects.iter().any(is_selected) {
            return Some(LeftOutBy::Labels);
        }
        self.leaves_namespace_out(target, request, objects.first().copied(), cluster)
    }

    /// As `namespace/matcher.go` of the API server does it: an object without a namespace always matches, and a
    /// Namespace counts as its own.
    fn leaves_namespace_out(
        &self,
        target: &Target,
        request: &Value,
        object: Option<&Value>,
        cluster: &MemoryCluster,
    ) -> Option<LeftOutBy> {
        let (name, namespace) = match (home(target, request), object) {
            (Some(home), _) => (home, cluster.namespace(home)),
            (None, Some(object)) if is_namespace(target) => {
                let name = text(object, "/metadata/name");
                (name.unwrap_or_default(), Some(object))
            }
            (None, _) => return None,
        };
        if self.spared.as_deref() == Some(name) {
            return Some(LeftOutBy::Kubewarden);
        }
        let mut requirements = self.namespace_selector.iter();
        let is_selected = requirements.all(|requirement| match namespace {
            _ if requirement.key() == NAME_LABEL => requirement.holds(Some(name)),
            Some(namespace) => requirement.matches_labels(namespace),
            // It is not known: rather check too much than too little.
            None => true,
        });
        (!is_selected).then_some(LeftOutBy::Namespace)
    }

    /// Whether it is for one namespace, and so may look nothing up: its kind has no `contextAwareResources`.
    #[must_use]
    pub fn is_namespaced(&self) -> bool {
        self.namespace.is_some()
    }

    /// What cannot be followed, and what can hardly be meant, of a resource that these policies judge for.
    fn notes(&self, members: &[(&str, &Member)]) -> Vec<Note> {
        let mut texts = Vec::new();
        for (_, member) in members {
            texts.extend(rules::unlisted(&self.rules, member));
        }
        if let Some(namespace) = &self.namespace {
            texts.extend(
                members
                    .iter()
                    .filter_map(|(_, member)| without_look_ups(member, namespace)),
            );
        }
        let unknown = self.conditions.unknown();
        if !unknown.is_empty() {
            texts.push(format!(
                "its matchConditions {} cannot be evaluated here and count as true",
                unknown.join(", ")
            ));
        }
        if self.message().is_some() {
            texts.push(
                "users of the cluster read its spec.message in place of what is told here"
                    .to_owned(),
            );
        }
        let note = |text: String| Note {
            place: self.place.clone(),
            text: format!("{}: {text}", self.name),
        };
        texts.into_iter().map(note).collect()
    }

    /// Says in which of these namespaces its selector could not be followed, because their labels are not known.
    pub(crate) fn note_of_namespaces<'a>(
        &self,
        homes: impl Iterator<Item = &'a str>,
        cluster: &MemoryCluster,
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

/// What a policy of a namespace misses.
fn without_look_ups(member: &Member, namespace: &str) -> Option<String> {
    let kinds = member.needs_to_look_up();
    if kinds.is_empty() {
        return None;
    }
    let kinds: Vec<&str> = kinds.into_iter().collect();
    Some(format!(
        "a policy of a namespace has no contextAwareResources, and {} looks up {}: what depends on that cannot be \
         checked. Use the cluster-wide kind, with a namespaceSelector for {namespace}",
        member.policy.name(),
        kinds.join(", ")
    ))
}
/// The namespace of a request. A Namespace itself is in none.
fn home<'r>(target: &Target, request: &'r Value) -> Option<&'r str> {
    text(request, "/namespace").filter(|home| !home.is_empty() && !is_namespace(target))
}

fn is_namespace(target: &Target) -> bool {
    target.group.is_empty() && target.resource == "namespaces"
}
