//! The numbers of each namespace.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Judged, Summary};

/// How many objects of one namespace came out how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct OfNamespace {
    /// The namespace. The objects that are in none have an entry without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// All objects.
    objects: usize,
    /// Objects that at least one policy refuses.
    refused: usize,
    /// Of the others, those that were not checked, or not by every policy.
    unjudged: usize,
    /// Of the others, those that some policy warns about.
    warned: usize,
    /// Of the others, those that need something that no manifest has.
    incomplete: usize,
    /// Of the others, those with findings that the project excepts.
    excepted: usize,
    /// Of the others, those with findings that were there before.
    #[serde(skip_serializing_if = "super::summary::is_none")]
    baselined: usize,
    /// The rest.
    clean: usize,
}

/// The numbers of each namespace, in the order of the names, behind those of the objects that are in none.
pub(super) fn by_namespace(judged: &[Judged]) -> Vec<OfNamespace> {
    let mut summaries: BTreeMap<Option<&str>, Summary> = BTreeMap::new();
    for judged in judged {
        let namespace = judged.object.namespace.as_deref();
        let summary = summaries.entry(namespace).or_default();
        summary.objects += 1;
        *summary.count(judged.outcome) += 1;
    }
    let of = |(namespace, summary): (Option<&str>, Summary)| OfNamespace {
        namespace: namespace.map(ToOwned::to_owned),
        objects: summary.objects,
        refused: summary.refused,
        unjudged: summary.unjudged,
        warned: summary.warned,
        incomplete: summary.incomplete,
        excepted: summary.excepted,
        baselined: summary.baselined,
        clean: summary.clean,
    };
    summaries.into_iter().map(of).collect()
}
