//! The resources that a policy is asked about.

use std::collections::BTreeSet;

use cluster::kinds::{self, Kinds};

/// The resources that a policy is asked about.
#[derive(Debug, Default)]
pub struct LooksAt {
    /// Those of Kubernetes, and those that settings name.
    pub own: BTreeSet<String>,
    /// Those of other projects.
    pub others: BTreeSet<String>,
}

impl LooksAt {
    pub(super) fn add(&mut self, groups: &[String], resources: &[String]) {
        let is_known = |group: &String| group == "*" || kinds::is_built_in(group);
        let list = if groups.iter().any(is_known) {
            &mut self.own
        } else {
            &mut self.others
        };
        list.extend(resources.iter().cloned());
    }

    /// Those of Kubernetes with their groups, as `kubectl get` takes them: `pods`, `deployments.apps`. A rule may name many
    /// groups of other projects, and does not say which resource is in which.
    pub(super) fn add_with_groups(&mut self, groups: &[String], resources: &[String]) {
        // A subresource is no object.
        let resources = resources
            .iter()
            .filter(|resource| !resource.contains(['/', '*']));
        for resource in resources {
            let is_in = |group: &&String| {
                kinds::is_built_in(group) && kinds::resources(group).any(|known| known == *resource)
            };
            let groups = groups.iter().filter(is_in);
            self.own
                .extend(groups.map(|group| with_group(group, resource)));
        }
    }

    /// A kind, in the same way.
    pub(super) fn add_kind(&mut self, api_version: &str, kind: &str, kinds: &Kinds) {
        let (group, _) = kinds::split(api_version);
        let name = with_group(group, &kinds.plural(group, kind));
        if kinds::is_built_in(group) {
            self.own.insert(name);
        } else {
            self.others.insert(name);
        }
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

fn with_group(group: &str, resource: &str) -> String {
    if group.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}.{group}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_have_the_groups_that_they_are_in() {
        let mut looks_at = LooksAt::default();
        let texts =
            |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
        looks_at.add_with_groups(
            &texts(&["", "apps"]),
            &texts(&["pods", "deployments", "pods/ephemeralcontainers", "*"]),
        );
        looks_at.add_with_groups(&texts(&["example.com", "*"]), &texts(&["gadgets"]));
        looks_at.add_kind("example.com/v1", "Gadget", &Kinds::default());
        looks_at.add_kind(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            &Kinds::default(),
        );
        looks_at.add_kind("v1", "Secret", &Kinds::default());
        assert_eq!(
            looks_at.own.iter().collect::<Vec<_>>(),
            [
                "deployments.apps",
                "horizontalpodautoscalers.autoscaling",
                "pods",
                "secrets"
            ]
        );
        assert_eq!(
            looks_at.others.iter().collect::<Vec<_>>(),
            ["gadgets.example.com"]
        );
    }
}
