//! Settings as documents describe them: with a JSON schema, defaults and an example. Nothing here is in the wasm, which
//! reads its settings with a [`Reader`](crate::Reader); tests prove that the two agree.
//!
//! The schema is stricter than the reader where more than one spelling means the same: it has no `null` for what can be
//! left out, and no `false` for `off`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The settings of a policy, for documents. The doc comments of the fields are what users read of them.
pub trait Described: JsonSchema + Serialize + DeserializeOwned + Default {
    /// Valid settings in which everything is set. Documents take their examples from it.
    fn example() -> Self;
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Refuse the object.
    Deny,
    /// Accept the object with a warning.
    Warn,
    /// Do not look for it.
    Off,
}

/// What to do about violations that an object already had before an UPDATE.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnUpdate {
    /// Warn of them, and refuse only new ones.
    #[default]
    NewViolations,
    /// Refuse them, too, unless Kubernetes itself writes the object.
    EnforceAll,
}

/// What to do when the cluster does not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnLookupFailure {
    /// Refuse what cannot be judged.
    #[default]
    Deny,
    /// Accept it with a warning.
    Warn,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Namespace(
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))] pub String,
);

/// A key in the data of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DataKey(
    #[schemars(
        length(max = 253),
        regex(pattern = r"^\.?[-_A-Za-z0-9][-._A-Za-z0-9]*$")
    )]
    pub String,
);

/// The name of an object in a namespace: `<namespace>/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NamespacedName(
    #[schemars(regex(
        pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
    ))]
    pub String,
);

/// A Service in a namespace: `<namespace>/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NamespacedService(
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub String,
);

/// A user, as `userInfo.username` of a request has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct User(#[schemars(regex(pattern = r"^[^*]+$"))] pub String);

/// The group of a kind, without a version; empty for the core group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ApiGroup(
    #[schemars(
        length(max = 253),
        regex(pattern = r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$")
    )]
    pub String,
);

/// A kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Kind(
    #[schemars(
        length(max = 63),
        regex(pattern = r"^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$")
    )]
    pub String,
);

/// One line for the user who is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Reason(
    #[schemars(regex(pattern = r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$"))] pub String,
);

/// Fields behind one another: `spec.template.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DottedPath(
    #[schemars(regex(pattern = r"^[^./${}\[* ]+(\.[^./${}\[* ]+)*$"))] pub String,
);

/// A text that YAML may take for a number: `30080`, `30080-30090`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A whole number.
    Number(u64),
    /// Anything else.
    Text(String),
}

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Scalar")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"]})
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Texts of a type, for examples.
pub fn list<T>(make: fn(String) -> T, texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| make((*text).to_owned())).collect()
}
