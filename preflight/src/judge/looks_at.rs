//! The resources that a policy is asked about.

use std::collections::BTreeSet;

use cluster::kinds;

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
