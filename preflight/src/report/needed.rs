//! Objects that others need and no manifest has. They may be in the cluster, or made by something when it runs.

use serde::Serialize;

use super::{Reported, Subject};

/// An object that has to come from somewhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needed {
    /// The object.
    #[serde(flatten)]
    pub object: Subject,
    /// What is said of each object that needs it.
    pub needed_by: Vec<Reported>,
}

impl Needed {
    /// Adds a finding about an object that is needed. The list stays in order of kind, namespace and name.
    pub(super) fn add(list: &mut Vec<Self>, object: Subject, finding: Reported) {
        let place = list.binary_search_by(|other| key(&other.object).cmp(&key(&object)));
        match place {
            Ok(place) => {
                if let Some(needed) = list.get_mut(place) {
                    needed.needed_by.push(finding);
                }
            }
            Err(place) => list.insert(
                place,
                Self {
                    object,
                    needed_by: vec![finding],
                },
            ),
        }
    }

    /// What needs it, in words.
    pub(super) fn users(&self) -> String {
        let mut positions: Vec<usize> = self.needed_by.iter().map(|by| by.position).collect();
        positions.sort_unstable();
        positions.dedup();
        match (positions.as_slice(), self.needed_by.first()) {
            ([_], Some(by)) => by.object.to_string(),
            (many, _) => format!("{} objects", many.len()),
        }
    }
}

fn key(object: &Subject) -> (&str, Option<&str>, &str, &str) {
    let namespace = object.namespace.as_deref();
    (&object.kind, namespace, &object.name, &object.api_version)
}
