//! The fields of the resources that count here: kubewarden-controller, `crates/policy-sdk/src/crd/policies/`.

use std::collections::{BTreeMap, BTreeSet};

use policy_metadata::ContextAwareResource;
use serde::Deserialize;
use serde_json::Value;

use super::Condition;
use crate::selector::Requirement;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    #[serde(default)]
    pub(super) module: Option<String>,
    #[serde(default)]
    pub(super) settings: Option<Value>,
    #[serde(default)]
    pub(super) mode: Mode,
    pub(super) rules: Option<Vec<Rule>>,
    pub(super) match_policy: Option<String>,
    pub(super) namespace_selector: Option<LabelSelector>,
    pub(super) object_selector: Option<LabelSelector>,
    #[serde(default)]
    pub(super) match_conditions: Option<Vec<Condition>>,
    pub(super) message: Option<String>,
    /// Of a group.
    pub(super) expression: Option<String>,
    /// Of a group.
    pub(super) policies: Option<BTreeMap<String, MemberSpec>>,
    /// Called otherwise in the first releases that had it.
    #[serde(alias = "allowInsideKubewardenNamespace")]
    pub(super) allow_inside_admission_controller_namespace: Option<bool>,
    #[serde(default)]
    pub(super) context_aware_resources: Option<BTreeSet<ContextAwareResource>>,
}

/// A policy of a group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberSpec {
    pub(super) module: String,
    #[serde(default)]
    pub(super) settings: Option<Value>,
    #[serde(default)]
    pub(super) context_aware_resources: Option<BTreeSet<ContextAwareResource>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Mode {
    #[default]
    Protect,
    Monitor,
}

/// As in a `ValidatingWebhookConfiguration`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    #[serde(default)]
    pub(super) scope: Scope,
    pub(super) api_groups: Vec<String>,
    #[serde(default)]
    pub(super) api_versions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) operations: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Scope {
    #[default]
    #[serde(rename = "*")]
    All,
    Cluster,
    Namespaced,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LabelSelector {
    #[serde(default)]
    match_labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Deserialize)]
struct Expression {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    pub(super) fn requirements(self) -> Vec<Requirement> {
        let labels = self.match_labels.into_iter().flatten();
        let labels = labels.map(|(key, value)| Requirement::is_in(key, vec![value]));
        let expressions = self.match_expressions.into_iter().flatten();
        let expressions = expressions.map(
            |Expression {
                 key,
                 operator,
                 values,
             }| {
                let values = values.unwrap_or_default();
                match operator {
                    Operator::In => Requirement::is_in(key, values),
                    Operator::NotIn => Requirement::is_not_in(key, values),
                    Operator::Exists => Requirement::exists(key),
                    Operator::DoesNotExist => Requirement::is_absent(key),
                }
            },
        );
        labels.chain(expressions).collect()
    }
}
