//! Kinds that the settings of a policy name. Who sets them in a cluster lists them in the rules and the grants of the
//! resource as well; settings in a file have no such place, so they say it alone.

use serde_json::Value;

use crate::{Policy, review::Target};
use cluster::kinds::{Kinds, split};

/// A kind that the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomKind {
    group: String,
    kind: String,
    /// Where the policy also looks it up.
    api_version: Option<String>,
    /// Where its pod specs are.
    pod_spec_path: Option<String>,
}

impl CustomKind {
    /// The kinds in the settings of a policy.
    pub(crate) fn all(policy: &Policy, settings: &Value) -> Vec<Self> {
        // In a policy of others the setting may mean anything.
        if !policy.is_of_this_bundle() {
            return Vec::new();
        }
        let listed = settings.get("customKinds").and_then(Value::as_array);
        listed
            .into_iter()
            .flatten()
            .filter_map(Self::read)
            .collect()
    }

    fn read(entry: &Value) -> Option<Self> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        let api_version = text("apiVersion");
        let group = api_version.map_or_else(|| text("apiGroup"), |version| Some(split(version).0));
        Some(Self {
            group: group.unwrap_or_default().to_owned(),
            kind: text("kind")?.to_owned(),
            api_version: api_version.map(ToOwned::to_owned),
            pod_spec_path: text("podSpecPath").map(ToOwned::to_owned),
        })
    }

    /// Where the pod specs of this kind are, if it is the one.
    pub(crate) fn path_of(self, group: &str, kind: &str) -> Option<String> {
        let is_it = self.group == group && self.kind == kind;
        self.pod_spec_path.filter(|_| is_it)
    }

    /// Whether a request is about one.
    pub(crate) fn is(&self, target: &Target, kinds: &Kinds) -> bool {
        ["CREATE", "UPDATE"].contains(&target.operation.as_str())
            && target.subresource.is_empty()
            && target.group == self.group
            && target.resource == self.plural(kinds)
    }

    /// The name in rules.
    pub(crate) fn plural(&self, kinds: &Kinds) -> String {
        kinds.plural(&self.group, &self.kind)
    }

    /// The group.
    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    /// The kind.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// What the policy looks up, `apiVersion` and kind.
    pub(crate) fn grant(&self) -> Option<(&str, &str)> {
        Some((self.api_version.as_deref()?, &self.kind))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_both_forms_and_passes_over_what_is_none() {
        let entry = |value: Value| CustomKind::read(&value);
        let kind = |group: &str, api_version: Option<&str>| CustomKind {
            group: group.to_owned(),
            kind: "Gadget".to_owned(),
            api_version: api_version.map(ToOwned::to_owned),
            pod_spec_path: (group == "example.com" && api_version.is_none())
                .then(|| "spec".to_owned()),
        };
        assert_eq!(
            entry(json!({"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": "spec"})),
            Some(kind("example.com", None))
        );
        assert_eq!(
            entry(json!({"apiVersion": "example.com/v1", "kind": "Gadget"})),
            Some(kind("example.com", Some("example.com/v1")))
        );
        assert_eq!(entry(json!({"kind": "Gadget"})), Some(kind("", None)));
        assert_eq!(entry(json!({"apiGroup": "example.com"})), None);
        assert_eq!(entry(json!(1)), None);
    }

    #[test]
    fn is_asked_about_as_a_rule_would_say() {
        let custom = CustomKind::read(&json!({"apiGroup": "x.io", "kind": "Mouse"})).unwrap();
        let definition = tree::json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": {"group": "x.io", "names": {"kind": "Mouse", "plural": "mice"}},
        });
        let kinds = Kinds::of([&definition]);
        let target = |group: &str, resource: &str, subresource: &str, operation: &str| Target {
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            operation: operation.to_owned(),
        };
        for (target, expected) in [
            (target("x.io", "mice", "", "CREATE"), true),
            (target("x.io", "mice", "", "UPDATE"), true),
            (target("x.io", "mice", "", "DELETE"), false),
            (target("x.io", "mice", "scale", "UPDATE"), false),
            (target("y.io", "mice", "", "CREATE"), false),
            (target("x.io", "mouses", "", "CREATE"), false),
        ] {
            assert_eq!(custom.is(&target, &kinds), expected, "{target:?}");
        }
    }
}
