//! Reads the resources into the types of Kubewarden's SDK, and finds what those let through.

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;
use kubewarden_policy_sdk::crd::policies::cluster_admission_policy::ClusterAdmissionPolicySpec;
use kubewarden_policy_sdk::crd::policies::cluster_admission_policy_group::ClusterAdmissionPolicyGroupSpec;
use serde_json::Result;
use tree::{Value, json};

/// The fields that count here. The types of the SDK refuse all that they do not know, and a cluster may have other
/// versions of the resources. Those for one namespace have fewer fields, and a group has most of these.
const FIELDS: &[&str] = &[
    "contextAwareResources",
    "matchConditions",
    "matchPolicy",
    "message",
    "mode",
    "module",
    "namespaceSelector",
    "objectSelector",
    "rules",
    "settings",
];

/// Those of a group alone.
const GROUP_FIELDS: &[&str] = &["expression", "message", "policies"];

/// Those of a policy in a group.
const MEMBER_FIELDS: &[&str] = &["contextAwareResources", "module", "settings"];

/// The spec of a policy, or what a group has in common with one. The module is empty where there is none.
pub(super) fn policy(spec: &Value) -> Result<ClusterAdmissionPolicySpec> {
    serde_json::from_value(chosen(spec, FIELDS, &json!({"module": ""})).into())
}

/// What only a group has. What is missing is empty.
pub(super) fn group(spec: &Value) -> Result<ClusterAdmissionPolicyGroupSpec> {
    let empty = json!({"expression": "", "message": "", "policies": {}});
    let mut fields = chosen(spec, GROUP_FIELDS, &empty);
    let members = fields.get_mut("policies").and_then(Value::as_object_mut);
    for (_, member) in members.into_iter().flatten() {
        *member = chosen(member, MEMBER_FIELDS, &json!({}));
    }
    serde_json::from_value(fields.into())
}

/// Whether the policy is asked about what is in the namespace of Kubewarden itself. The SDK does not have the field, and
/// the first releases that had it called it otherwise.
pub(super) fn is_asked_inside(spec: &Value) -> Result<bool> {
    let names = [
        "allowInsideAdmissionControllerNamespace",
        "allowInsideKubewardenNamespace",
    ];
    let inside = names.into_iter().find_map(|name| spec.get(name));
    let inside = inside.cloned().unwrap_or_default();
    serde_json::from_value::<Option<bool>>(inside.into()).map(Option::unwrap_or_default)
}

/// Some fields of a map, with those of `missing` where it has none. A null is as good as none.
fn chosen(value: &Value, names: &[&str], missing: &Value) -> Value {
    let (Some(fields), Some(missing)) = (value.as_object(), missing.as_object()) else {
        return value.clone();
    };
    let mut chosen = missing.clone();
    for (name, field) in fields {
        if names.contains(&name.as_str()) && !field.is_null() {
            chosen.insert(name.clone(), field.clone());
        }
    }
    Value::Object(chosen)
}

/// The lists of a rule. What is missing is empty.
pub(super) struct Lists<'r> {
    pub(super) groups: &'r [String],
    pub(super) versions: &'r [String],
    pub(super) resources: &'r [String],
    pub(super) operations: &'r [String],
}

impl<'r> Lists<'r> {
    pub(super) fn of(rule: &'r RuleWithOperations) -> Self {
        Self {
            groups: rule.api_groups.as_deref().unwrap_or_default(),
            versions: rule.api_versions.as_deref().unwrap_or_default(),
            resources: rule.resources.as_deref().unwrap_or_default(),
            operations: rule.operations.as_deref().unwrap_or_default(),
        }
    }
}

/// What is wrong with a rule, though its type takes it: a list is missing, or the scope is none.
pub(super) fn problem(rule: &RuleWithOperations) -> Option<String> {
    let lists = [
        ("apiGroups", &rule.api_groups),
        ("resources", &rule.resources),
        ("operations", &rule.operations),
    ];
    if let Some((name, _)) = lists.into_iter().find(|(_, list)| list.is_none()) {
        return Some(format!("{name} is missing"));
    }
    let scope = rule.scope.as_deref().unwrap_or("*");
    let is_known = matches!(scope, "*" | "Cluster" | "Namespaced");
    (!is_known).then(|| format!("scope is {scope:?}; it has to be *, Cluster or Namespaced"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_and_nulls_are_passed_over() {
        let spec = json!({
            "module": null, "settings": null, "contextAwareResources": null, "rules": null, "mode": "monitor",
            "timeoutSeconds": "ten", "ofALaterVersion": [],
        });
        let read = policy(&spec).unwrap();
        assert_eq!(
            (read.module.as_str(), &read.settings.0),
            ("", &serde_json::json!({}))
        );
        assert!(read.context_aware_resources.is_empty() && read.rules.is_none());
        let spec = json!({
            "expression": null, "message": "no", "policies": {
                "a": {"module": "m", "settings": null, "contextAwareResources": null, "timeoutEvalSeconds": "ten"},
            },
        });
        let read = group(&spec).unwrap();
        assert_eq!(
            (read.expression.as_str(), read.message.as_str()),
            ("", "no")
        );
        assert_eq!(read.policies["a"].settings.0, serde_json::json!({}));
    }

    #[test]
    fn tells_what_has_another_type() {
        let said = |spec: Value| policy(&spec).unwrap_err().to_string();
        for (spec, expected) in [
            (
                json!({"mode": "moniter"}),
                "unknown variant `moniter`, expected `protect` or `monitor`",
            ),
            (
                json!({"matchPolicy": "exact"}),
                "unknown variant `exact`, expected `Equivalent` or `Exact`",
            ),
            (
                json!({"rules": {}}),
                "invalid type: map, expected a sequence",
            ),
        ] {
            assert_eq!(said(spec), expected);
        }
        let members = json!({"policies": {"a": {}}});
        assert_eq!(
            group(&members).unwrap_err().to_string(),
            "missing field `module`"
        );
        let inside = json!({"allowInsideKubewardenNamespace": "yes"});
        assert!(is_asked_inside(&inside).is_err());
    }

    #[test]
    fn tells_what_is_wrong_with_a_rule() {
        let whole = json!({"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]});
        for (field, value, expected) in [
            ("scope", json!("*"), None),
            ("scope", json!("Cluster"), None),
            ("scope", Value::Null, None),
            (
                "scope",
                json!("cluster"),
                Some(r#"scope is "cluster"; it has to be *, Cluster or Namespaced"#),
            ),
            ("apiGroups", Value::Null, Some("apiGroups is missing")),
            ("resources", Value::Null, Some("resources is missing")),
            ("operations", Value::Null, Some("operations is missing")),
        ] {
            let mut rule = whole.clone();
            rule[field] = value;
            let rule = serde_json::from_value(rule.into()).unwrap();
            assert_eq!(problem(&rule).as_deref(), expected, "{field}");
        }
    }
}
