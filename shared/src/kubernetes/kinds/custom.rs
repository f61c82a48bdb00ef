//! Kinds of other projects that an administrator names, beside those that are [known](super::well_known).

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::PersistentVolume;

use super::KINDS;
use crate::request::GroupVersionKind;
use crate::settings::{ApiGroup, Kind, Reader, field_path_problem};
use document::quote;

crate::settings! {
    /// A kind of others that bears pods.
    pub struct CustomKind {
        /// The group of the kind.
        "apiGroup" => api_group: ApiGroup, example "example.com";
        /// The kind.
        "kind" => kind: Kind, example "Gadget";
        /// Where its pod specs are. A path leads through every item of a list, and with `*` through every field of a map. A
        /// kind that has them in several places has several entries.
        "podSpecPath" => pub(crate) pod_spec_path: PodSpecPath, example "spec.template.spec";
        check Self::check;
    }

    pub(crate) text PodSpecPath {
        problem: pod_spec_path_problem,
        pattern: r"^[^./${}\[ ]+(\.[^./${}\[ ]+)*$",
    }
}

impl CustomKind {
    pub(crate) fn is(&self, kind: &GroupVersionKind<'_>) -> bool {
        kind.is(&self.api_group, &self.kind)
    }

    /// No definition adds kinds to a group of Kubernetes, also not in another case.
    fn check(&mut self, entry: &mut Reader<'_, '_>) {
        let Self {
            api_group, kind, ..
        } = self;
        if KINDS
            .iter()
            .any(|known| known.group == api_group && known.kind.eq_ignore_ascii_case(kind))
            || (api_group == PersistentVolume::GROUP && kind == PersistentVolume::KIND)
        {
            entry.problem(
                "kind",
                format!("{} is a built-in kind and is always checked", quote(kind)),
            );
        }
    }
}

fn pod_spec_path_problem(path: &str) -> Option<String> {
    let index = "has a \"[\"; a path leads through every item of a list, as in \"spec.workerGroupSpecs.template.spec\"";
    field_path_problem(path).or_else(|| path.contains('[').then(|| index.to_owned()))
}
