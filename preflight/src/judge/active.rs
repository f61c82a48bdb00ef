//! Policies with their settings, alone or in groups.

use std::{ops::Deref, sync::Arc};

use policy_metadata::Metadata;
use serde::Serialize;
use serde_json::Value;

use super::{CustomKind, Group, LooksAt, Member, surroundings::Surroundings};
use crate::{
    EvaluationError, MemoryCluster, Policy, PolicyAnswer,
    deployed::{LeftOutBy, PolicyResource},
    review::Target,
};
use cluster::kinds::Kinds;

/// A policy, or a group of policies, that is asked.
#[derive(Debug)]
pub struct ActivePolicy {
    pub(crate) judge: Judge,
    /// The resource of the cluster that it is from, if it is.
    pub deployed: Option<PolicyResource>,
}

/// Who answers.
#[derive(Debug)]
pub(crate) enum Judge {
    One(Member),
    Group(Group),
}

impl ActivePolicy {
    /// With the rules and look-ups of its own metadata.
    #[must_use]
    pub fn new(policy: impl Into<Arc<Policy>>, settings: Value) -> Self {
        let policy = policy.into();
        Self {
            judge: Judge::One(Member {
                custom_kinds: CustomKind::all(&policy, &settings),
                policy,
                settings,
                grants: None,
            }),
            deployed: None,
        }
    }

    /// The policy, where it is no group.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        match &self.judge {
            Judge::One(member) => Some(&member.policy),
            Judge::Group(_) => None,
        }
    }

    /// What the policy says of itself, where it is no group.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.policy()?.metadata()
    }

    /// The policies that take part, with the names that a group gives them.
    #[must_use]
    pub fn members(&self) -> Vec<(&str, &Member)> {
        match &self.judge {
            Judge::One(member) => vec![(member.policy.name(), member)],
            Judge::Group(group) => group.members().collect(),
        }
    }

    /// What its settings add to the rules of its metadata.
    fn custom_kinds(&self) -> &[CustomKind] {
        match &self.judge {
            Judge::One(member) => &member.custom_kinds,
            Judge::Group(_) => &[],
        }
    }

    /// The resources that it is asked about; none where nothing says.
    #[must_use]
    pub fn looks_at(&self) -> Option<LooksAt> {
        let mut looks_at = LooksAt::default();
        match &self.deployed {
            Some(deployed) => {
                for (groups, resources) in deployed.listed() {
                    looks_at.add(groups, resources);
                }
            }
            None => {
                for rule in &self.metadata()?.rules {
                    looks_at.add(&rule.api_groups, &rule.resources);
                }
            }
        }
        let kinds = Kinds::default();
        let custom = self.custom_kinds().iter();
        looks_at
            .own
            .extend(custom.map(|custom| custom.plural(&kinds)));
        Some(looks_at)
    }

    /// The resources that it is asked about, and those that it looks up, as `kubectl get` takes them.
    #[must_use]
    pub fn needs(&self) -> LooksAt {
        let mut needs = LooksAt::default();
        let kinds = Kinds::default();
        match &self.deployed {
            Some(deployed) => {
                for (groups, resources) in deployed.listed() {
                    needs.add_with_groups(groups, resources);
                }
            }
            None => {
                for rule in self
                    .metadata()
                    .into_iter()
                    .flat_map(|metadata| &metadata.rules)
                {
                    needs.add_with_groups(&rule.api_groups, &rule.resources);
                }
            }
        }
        for custom in self.custom_kinds() {
            needs.add_kind(&format!("{}/v1", custom.group()), custom.kind(), &kinds);
        }
        for (_, member) in self.members() {
            let metadata = member.policy.metadata();
            let resources = metadata.map(|metadata| &metadata.context_aware_resources);
            for resource in resources.into_iter().flatten() {
                needs.add_kind(&resource.api_version, &resource.kind, &kinds);
            }
        }
        needs
    }

    /// What decides in a group.
    #[must_use]
    pub fn expression(&self) -> Option<&str> {
        match &self.judge {
            Judge::One(_) => None,
            Judge::Group(group) => Some(group.expression()),
        }
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        match &self.judge {
            Judge::One(member) => member.policy.metadata()?.description(),
            Judge::Group(group) => Some(group.message()),
        }
    }

    /// How bad what it finds is, in its own word: `medium`.
    #[must_use]
    pub fn severity(&self) -> Option<&str> {
        let annotations = &self.policy()?.metadata()?.annotations;
        let severity = annotations.get("io.kubewarden.policy.severity");
        severity.map(String::as_str)
    }

    /// The name in reports: of the resource, or of the policy itself.
    #[must_use]
    pub fn name(&self) -> &str {
        let policy = || self.policy().map(Policy::name).unwrap_or_default();
        let deployed = self.deployed.as_ref();
        deployed.map_or_else(policy, |deployed| &deployed.name)
    }

    /// The resources in its rules.
    #[must_use]
    pub fn resources(&self) -> Vec<&str> {
        if let Some(deployed) = &self.deployed {
            let listed = deployed.listed().flat_map(|(_, resources)| resources);
            return listed.map(String::as_str).collect();
        }
        let rules = self.metadata().map(|metadata| &metadata.rules);
        let listed = rules.into_iter().flatten().flat_map(|rule| &rule.resources);
        listed.map(String::as_str).collect()
    }

    /// Whether it is asked about this request, which only policies of a cluster look into.
    #[must_use]
    pub fn wants(
        &self,
        target: &Target,
        request: &impl Deref<Target = tree::Value>,
        cluster: &MemoryCluster,
    ) -> bool {
        let by_metadata = || {
            let metadata = self.metadata();
            let mut custom = self.custom_kinds().iter();
            metadata.is_some_and(|metadata| target.is_wanted_by(metadata))
                || custom.any(|custom| custom.is(target, cluster.kinds()))
        };
        let deployed = self.deployed.as_ref();
        deployed.map_or_else(by_metadata, |deployed| {
            deployed.wants(target, request, cluster)
        })
    }

    /// What keeps it from a request that is about something it looks at, where that is a selector.
    pub(super) fn leaves_out(
        &self,
        target: &Target,
        request: &tree::Value,
        cluster: &MemoryCluster,
    ) -> Option<LeftOutBy> {
        let deployed = self.deployed.as_ref()?;
        // A resource may list more than its policy reads.
        let reads = |member: &Member| {
            let metadata = member.policy.metadata();
            let custom = CustomKind::all(&member.policy, &member.settings);
            metadata.is_none_or(|metadata| target.is_wanted_by(metadata))
                || custom
                    .iter()
                    .any(|custom| custom.is(target, cluster.kinds()))
        };
        if !deployed.lists(target, request) || !self.members().iter().any(|(_, it)| reads(it)) {
            return None;
        }
        deployed.leaves_out(target, request, cluster)
    }

    /// Judges a request: in the words that the API server would show, or `unabridged`. It may look up what its metadata
    /// grants or, in a cluster, what its resource does.
    pub fn validate(
        &self,
        request: &(impl Serialize + ?Sized),
        cluster: &Arc<MemoryCluster>,
        unabridged: bool,
    ) -> Result<PolicyAnswer, EvaluationError> {
        let surroundings = Surroundings {
            cluster: Arc::clone(cluster),
            file: None,
            before: None,
        };
        self.validate_in(request, &surroundings, unabridged)
    }

    /// The same about an object in a file.
    pub(crate) fn validate_in(
        &self,
        request: &(impl Serialize + ?Sized),
        surroundings: &Surroundings,
        unabridged: bool,
    ) -> Result<PolicyAnswer, EvaluationError> {
        match &self.judge {
            Judge::One(member) => {
                let (response, gets) = member.validate(request, surroundings, unabridged)?;
                Ok(PolicyAnswer {
                    response,
                    causes: Vec::new(),
                    gets,
                })
            }
            Judge::Group(group) => group.validate(request, surroundings, unabridged),
        }
    }

    /// Whether it refuses nothing.
    #[must_use]
    pub fn only_reports(&self) -> bool {
        self.deployed
            .as_ref()
            .is_some_and(PolicyResource::only_reports)
    }
}
