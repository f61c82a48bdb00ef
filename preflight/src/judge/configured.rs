//! Policies with their settings, alone or in groups.

use std::{collections::BTreeSet, sync::Arc};

use policy_metadata::{ContextAwareResource, Metadata};
use serde_json::Value;

use super::{CustomKind, Group};
use crate::{EvaluationError, MemoryCluster, Policy, Response, deployed::Deployed, review::Target};
use cluster::Grants;
use cluster::kinds::{self, Kinds};

/// A policy, or a group of policies, that is asked.
#[derive(Debug)]
pub struct Configured {
    pub(crate) judge: Judge,
    /// The resource of the cluster that it is from, if it is.
    pub deployed: Option<Deployed>,
}

/// Who answers.
#[derive(Debug)]
pub(crate) enum Judge {
    One(Member),
    Group(Group),
}

/// A policy with its settings.
#[derive(Debug)]
pub struct Member {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Its settings.
    pub settings: Value,
    /// What it may look up, where that is not for its metadata to say.
    pub(crate) grants: Option<BTreeSet<ContextAwareResource>>,
    /// What its settings add to the rules and the look-ups of its metadata. Those of a resource say all themselves.
    pub(crate) custom_kinds: Vec<CustomKind>,
}

/// The resources that a policy is asked about.
#[derive(Debug, Default)]
pub struct LooksAt {
    /// Those of Kubernetes, and those that settings name.
    pub own: BTreeSet<String>,
    /// Those of other projects.
    pub others: BTreeSet<String>,
}

impl LooksAt {
    fn add(&mut self, groups: &[String], resources: &[String]) {
        let is_known = |group: &String| group == "*" || kinds::is_built_in(group);
        let list = if groups.iter().any(is_known) {
            &mut self.own
        } else {
            &mut self.others
        };
        list.extend(resources.iter().cloned());
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> BTreeSet<&str> {
        self.own
            .iter()
            .chain(&self.others)
            .map(String::as_str)
            .collect()
    }
}

/// What is said of a request.
#[derive(Debug)]
pub struct Answer {
    /// What goes to the API server.
    pub response: Response,
    /// The refusals behind that of a group, each by the name of the member.
    pub causes: Vec<(String, Response)>,
}

impl Member {
    /// Judges a request: in the words that the API server would show, or `unabridged`.
    pub(crate) fn validate(
        &self,
        request: &Value,
        cluster: &Arc<MemoryCluster>,
        unabridged: bool,
    ) -> Result<Response, EvaluationError> {
        let mut grants = Grants::of(self.policy.metadata());
        if let Some(kinds) = &self.grants {
            grants = grants.with_kinds(kinds);
        }
        let custom = self.custom_kinds.iter().filter_map(CustomKind::grant);
        let grants = custom.fold(grants, |grants, (api_version, kind)| {
            grants.and(api_version, kind)
        });
        let host = cluster.host_with(grants);
        if unabridged {
            self.policy
                .validate_unabridged(request, &self.settings, host)
        } else {
            self.policy.validate(request, &self.settings, host)
        }
    }

    /// Whether it may look this kind up.
    pub(crate) fn may_look_up(&self, api_version: &str, kind: &str) -> bool {
        let mut granted = self.grants.iter().flatten();
        granted.any(|granted| granted.api_version == api_version && granted.kind == kind)
    }

    /// The kinds that it asks the cluster for, whether it may or not.
    #[must_use]
    pub fn needs_to_look_up(&self) -> BTreeSet<&str> {
        // It asks for what claims are bound to, and only where that is wanted.
        let asks = self.policy.name() != "hostpath-mounts"
            || self.settings.get("followClaims") == Some(&Value::Bool(true));
        let metadata = self.policy.metadata().filter(|_| asks);
        let kinds = metadata
            .into_iter()
            .flat_map(|metadata| &metadata.context_aware_resources);
        kinds.map(|resource| resource.kind.as_str()).collect()
    }

    /// The kinds that it may look up.
    #[must_use]
    pub fn looks_up(&self) -> BTreeSet<&str> {
        let metadata = self.policy.metadata();
        let metadata = metadata.map(|metadata| &metadata.context_aware_resources);
        let granted = self.grants.as_ref().or(metadata).into_iter().flatten();
        let granted = granted.map(|resource| resource.kind.as_str());
        let custom = self.custom_kinds.iter().filter_map(CustomKind::grant);
        granted.chain(custom.map(|(_, kind)| kind)).collect()
    }
}

impl Configured {
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

    /// Whether it is asked about this request.
    #[must_use]
    pub fn wants(&self, target: &Target, request: &Value, cluster: &MemoryCluster) -> bool {
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

    /// Judges a request: in the words that the API server would show, or `unabridged`. It may look up what its metadata
    /// grants or, in a cluster, what its resource does.
    pub fn validate(
        &self,
        request: &Value,
        cluster: &Arc<MemoryCluster>,
        unabridged: bool,
    ) -> Result<Answer, EvaluationError> {
        match &self.judge {
            Judge::One(member) => Ok(Answer {
                response: member.validate(request, cluster, unabridged)?,
                causes: Vec::new(),
            }),
            Judge::Group(group) => group.validate(request, cluster, unabridged),
        }
    }

    /// Whether it refuses nothing.
    #[must_use]
    pub fn only_reports(&self) -> bool {
        self.deployed.as_ref().is_some_and(Deployed::only_reports)
    }
}
