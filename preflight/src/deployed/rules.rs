//! Rules of a resource that match nothing, or nothing that is meant.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;
use policy_metadata::Metadata;

use super::wire::Lists;
use crate::{
    judge::{CustomKind, Member},
    names::UnknownName,
};
use cluster::kinds::{self, Kinds};

/// Why rules ask the policy about less than they seem to. `metadata` is that of the policy that judges for the resource.
pub(super) fn unmet(rules: &[RuleWithOperations], metadata: Option<&Metadata>) -> Vec<String> {
    let rules: Vec<Lists<'_>> = rules.iter().map(Lists::of).collect();
    let mut texts = BTreeSet::new();
    for rule in &rules {
        texts.extend(empty(rule));
        texts.extend(unknown(rule));
    }
    let mut texts: Vec<String> = texts.into_iter().collect();
    if texts.is_empty() {
        texts.extend(foreign(&rules, metadata));
    }
    if !rules.iter().any(|rule| lists(rule.operations, "CREATE")) {
        texts.push(
            "none of its rules lists the operation CREATE, so it judges no new object".to_owned(),
        );
    }
    texts
}

/// Kinds that the settings of a policy name, and that the cluster does not ask it about, or does not let it look up.
pub(super) fn unlisted(rules: &[RuleWithOperations], member: &Member) -> Vec<String> {
    let kinds = Kinds::default();
    let mut texts = Vec::new();
    for custom in CustomKind::all(&member.policy, &member.settings) {
        let (group, plural) = (custom.group(), custom.plural(&kinds));
        let is_asked = |rule: Lists<'_>| {
            let mut resources = rule.resources.iter();
            lists(rule.groups, group)
                && resources.any(|name| ["*", "*/*", plural.as_str()].contains(&name.as_str()))
        };
        let mut missing = Vec::new();
        if !rules.iter().map(Lists::of).any(is_asked) {
            missing.push(format!("none of its rules lists {plural} of {group}"));
        }
        if let Some((api_version, kind)) = custom.grant()
            && !member.may_look_up(api_version, kind)
        {
            missing.push(format!(
                "its contextAwareResources do not list {api_version} {kind}"
            ));
        }
        if !missing.is_empty() {
            texts.push(format!(
                "its settings name {} in customKinds, but {}",
                custom.kind(),
                missing.join(", and ")
            ));
        }
    }
    texts
}

/// A list of a rule that has nothing in it.
fn empty(rule: &Lists<'_>) -> Option<String> {
    let lists = [
        ("apiGroups", rule.groups),
        ("resources", rule.resources),
        ("operations", rule.operations),
    ];
    let (name, _) = lists.into_iter().find(|(_, list)| list.is_empty())?;
    Some(format!("a rule of it has empty {name} and matches nothing"))
}

/// Resources that Kubernetes does not have in any group of a rule. What other groups have is not known.
fn unknown(rule: &Lists<'_>) -> Vec<String> {
    let groups = rule.groups;
    if groups
        .iter()
        .any(|group| group == "*" || !kinds::is_built_in(group))
    {
        return Vec::new();
    }
    let known: BTreeSet<String> = groups
        .iter()
        .flat_map(|group| kinds::resources(group))
        .collect();
    let listed = rule.resources.iter();
    let listed = listed.map(|listed| {
        listed
            .split_once('/')
            .map_or(listed.as_str(), |(name, _)| name)
    });
    listed
        .filter(|name| *name != "*" && !known.contains(*name))
        .map(|name| {
            let nearest = UnknownName::new(name, known.iter().map(String::as_str)).nearest;
            let meant = nearest.map(|nearest| format!("; did you mean {nearest:?}?"));
            let meant = meant.unwrap_or_default();
            format!(
                "its rules list {name:?}, and there is no such resource in their apiGroups{meant}"
            )
        })
        .collect()
}

/// Whether nothing is listed that the policy says it looks at.
fn foreign(rules: &[Lists<'_>], metadata: Option<&Metadata>) -> Option<String> {
    let claimed = &metadata?.rules;
    let is_claimed = |rule: &Lists<'_>| {
        claimed.iter().any(|claimed| {
            overlap(&claimed.api_groups, rule.groups) && overlap(&claimed.resources, rule.resources)
        })
    };
    if claimed.is_empty() || rules.iter().any(is_claimed) {
        return None;
    }
    let resources: BTreeSet<&str> = claimed
        .iter()
        .flat_map(|rule| &rule.resources)
        .map(String::as_str)
        .collect();
    let resources = resources.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!(
        "none of its rules lists what the policy looks at: {resources}"
    ))
}

fn overlap(some: &[String], others: &[String]) -> bool {
    let is_any = |item: &String| item == "*" || item == "*/*";
    some.iter().chain(others).any(is_any) || some.iter().any(|item| others.contains(item))
}

fn lists(list: &[String], wanted: &str) -> bool {
    list.iter().any(|item| item == "*" || item == wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn texts(rules: Value) -> Vec<String> {
        let metadata: Metadata = serde_json::from_value(json!({
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            "mutating": false,
            "executionMode": "kubewarden-wapc",
        }))
        .unwrap();
        let rules: Vec<RuleWithOperations> = serde_json::from_value(rules).unwrap();
        unmet(&rules, Some(&metadata))
    }

    #[test]
    fn tells_rules_that_match_nothing_that_is_meant() {
        let rule = |groups: Value, resources: Value, operations: Value| json!([{"apiGroups": groups, "resources": resources, "operations": operations}]);
        let create = json!(["CREATE"]);
        for (rules, expected) in [
            (rule(json!([""]), json!(["pods"]), create.clone()), &[][..]),
            (rule(json!(["*"]), json!(["*"]), json!(["*"])), &[]),
            (
                rule(
                    json!(["", "apps"]),
                    json!(["pods/*", "deployments/scale"]),
                    create.clone(),
                ),
                &["none of its rules lists what the policy looks at: pods"],
            ),
            (
                rule(json!([""]), json!(["pod"]), create.clone()),
                &[
                    r#"its rules list "pod", and there is no such resource in their apiGroups; did you mean "pods"?"#,
                ],
            ),
            (
                rule(
                    json!(["apps"]),
                    json!(["pods", "zzz/scale"]),
                    create.clone(),
                ),
                &[
                    r#"its rules list "pods", and there is no such resource in their apiGroups"#,
                    r#"its rules list "zzz", and there is no such resource in their apiGroups"#,
                ],
            ),
            (
                rule(json!(["ray.io"]), json!(["rayclusters"]), create.clone()),
                &["none of its rules lists what the policy looks at: pods"],
            ),
            (
                rule(json!([""]), json!([]), create),
                &["a rule of it has empty resources and matches nothing"],
            ),
            (
                rule(json!([""]), json!(["pods"]), json!(["UPDATE"])),
                &["none of its rules lists the operation CREATE, so it judges no new object"],
            ),
        ] {
            assert_eq!(texts(rules.clone()), expected, "{rules}");
        }
    }
}
