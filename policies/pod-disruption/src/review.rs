//! A request, and what the answer depends on.

use shared::{Cluster, Request};

use crate::settings::Settings;
use crate::views;

/// What is asked, and what the answer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Review<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) namespace: &'r str,
    pub(crate) name: &'r str,
    pub(crate) settings: &'r Settings,
    pub(crate) cluster: &'r dyn Cluster,
}

impl Review<'_> {
    /// Whether an object of a list is the one under review, as it was before.
    pub(crate) fn is_itself(&self, kind: &str, name: &str) -> bool {
        self.request.kind.kind == kind && self.name == name
    }

    /// Whether the UPDATE leaves all of these as they were. Where it does not, the old object is judged as well, to know
    /// what it had.
    pub(crate) fn keeps(&self, paths: &[&str]) -> bool {
        paths
            .iter()
            .all(|path| self.request.submits_no_other(path, views::OF_LISTS))
    }
}
