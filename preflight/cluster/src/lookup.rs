//! The questions that a policy can ask, as they come over the wire.

use serde::Deserialize;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    /// All objects of a kind in a namespace.
    ListByNamespace,
    /// All objects of a kind.
    ListAll,
    /// One object.
    Get,
}

impl Operation {
    /// `None` for functions that need more than a set of objects.
    pub(crate) fn parse(namespace: &str, operation: &str) -> Option<Self> {
        match (namespace, operation) {
            ("kubernetes", "list_resources_by_namespace") => Some(Self::ListByNamespace),
            ("kubernetes", "list_resources_all") => Some(Self::ListAll),
            ("kubernetes", "get_resource") => Some(Self::Get),
            _ => None,
        }
    }
}

/// The fields of all three questions. Which of them must be there depends on the operation.
#[derive(Debug, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) label_selector: Option<String>,
    #[serde(default)]
    pub(crate) field_selector: Option<String>,
    #[serde(default)]
    pub(crate) field_masks: Option<Vec<String>>,
    /// Whether it is asked for as it was before the change that is judged.
    #[serde(default)]
    pub(crate) before: bool,
}

impl Lookup {
    pub(crate) fn parse(operation: Operation, payload: &[u8]) -> Result<Self, String> {
        let lookup: Self = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        match operation {
            Operation::ListByNamespace if lookup.namespace.is_none() => {
                Err("missing field `namespace`".to_owned())
            }
            Operation::Get if lookup.name.is_none() => Err("missing field `name`".to_owned()),
            _ => Ok(lookup),
        }
    }
}
