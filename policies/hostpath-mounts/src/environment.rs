//! What decides where a `subPathExpr` leads: the variables of its container.
//!
//! Source: `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`. Of two variables with one name the later one counts,
//! and those of `env` before those of `envFrom`. A value may refer to what stands before it.

use shared::Json;

use crate::add;
use crate::views::{Container, Fields};

/// Of more variables each may matter, so that it takes no more time to find out.
const MAX_COMPARED: usize = 1_000;

/// What variables may be taken from in a pod.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pod<'a> {
    pub(crate) metadata: Fields<'a>,
    pub(crate) service_account: &'a str,
}

/// What decides about the variables that the expressions of a container use, also in the values of those that they name.
pub(crate) fn used_by(container: &Container<'_>, pod: Pod<'_>) -> Vec<String> {
    let mut used = Vec::new();
    let mut wanted = Vec::new();
    for mount in &container.volume_mounts {
        want(mount.sub_path_expr, &mut wanted);
    }
    let mut use_of = |name: &str, source: &Json<'_>| {
        let mut place = format!("{} {name}", container.name);
        describe(&mut place, source, pod, &mut used);
    };
    let variables = list(container.fields, "env");
    let has_very_many = variables.len() > MAX_COMPARED;
    // From the last one: a value refers to what stands before it, which may have its own name.
    for variable in variables.iter().rev() {
        let all = has_very_many || wanted.len() > MAX_COMPARED;
        let variable = fields(Some(variable));
        let name = text(variable, "name");
        if wanted.is_empty() || !all && !wanted.contains(&name) {
            continue;
        }
        let value = text(variable, "value");
        if value.is_empty() {
            // What it is taken from may be optional and missing, and then the one before it counts.
            use_of(name, find(variable, "valueFrom").unwrap_or(&Json::Null));
        } else {
            use_of(name, &Json::String(value));
            if !all {
                wanted.retain(|wanted| *wanted != name);
                want(value, &mut wanted);
            }
        }
    }
    // What is left comes from `envFrom`, or says where a Service is.
    for name in &wanted {
        use_of(name, &Json::Null);
    }
    for source in list(container.fields, "envFrom") {
        if !wanted.is_empty() {
            use_of("", source);
        }
    }
    used
}

/// Adds the names that a text refers to as `$(NAME)`; `$$` is a dollar sign.
///
/// Source: `third_party/forked/golang/expansion/expand.go`.
fn want<'t>(text: &'t str, wanted: &mut Vec<&'t str>) {
    let most = wanted.len() + MAX_COMPARED;
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('$') {
        // What is behind another dollar sign is text.
        rest = behind.strip_prefix('$').unwrap_or(behind);
        if let Some(inner) = behind.strip_prefix('(') {
            // Where no parenthesis is closed any more, nothing else is a reference either.
            let Some((name, behind)) = inner.split_once(')') else {
                return;
            };
            wanted.push(name);
            rest = behind;
        }
        if wanted.len() > most {
            return;
        }
    }
}

/// Adds what is said at a place, each text for itself, so that their order does not matter, with what it refers to in the
/// pod.
fn describe(place: &mut String, json: &Json<'_>, pod: Pod<'_>, used: &mut Vec<String>) {
    let end = place.len();
    match json {
        Json::Map(fields) => {
            for (key, value) in *fields {
                // The API server adds a version, and a divisor of 0.
                if !matches!(*key, "apiVersion" | "divisor") {
                    add(place, &[" ", key]);
                    describe(place, value, pod, used);
                    place.truncate(end);
                }
            }
            return;
        }
        Json::String(value) => {
            let account = match *value {
                "spec.serviceAccountName" => pod.service_account,
                _ => "",
            };
            add(place, &["=", value, account]);
            // `metadata.labels['a']`
            let key = value.strip_suffix("']").unwrap_or_default();
            for list in ["labels", "annotations"] {
                for (name, value) in fields(find(pod.metadata, list)) {
                    if let Json::String(value) = value
                        && key.ends_with(name)
                    {
                        add(place, &[value]);
                    }
                }
            }
        }
        _ => {}
    }
    used.push(place.clone());
    place.truncate(end);
}

#[inline(never)]
fn find<'a>(fields: Fields<'a>, name: &str) -> Option<&'a Json<'a>> {
    let mut fields = fields.iter();
    fields.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The text of a field; empty where there is none.
fn text<'a>(fields: Fields<'a>, name: &str) -> &'a str {
    match find(fields, name) {
        Some(Json::String(text)) => text,
        _ => "",
    }
}

/// The fields of a map; none where it is none.
fn fields<'a>(map: Option<&'a Json<'a>>) -> Fields<'a> {
    match map {
        Some(Json::Map(fields)) => fields,
        _ => &[],
    }
}

/// The items of the list in a field.
fn list<'a>(fields: Fields<'a>, name: &str) -> &'a [Json<'a>] {
    match find(fields, name) {
        Some(Json::List(items)) => items,
        _ => &[],
    }
}

/// The fields beside a pod spec that is at `path`; none where a list is on the way.
pub(crate) fn metadata<'a>(object: Fields<'a>, path: &str) -> Fields<'a> {
    let (mut above, mut names) = (object, path.split('.').peekable());
    while let Some(name) = names.next() {
        if names.peek().is_some() {
            above = fields(find(above, name));
        }
    }
    fields(find(above, "metadata"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use super::*;
    use crate::HostpathMounts;

    #[test]
    fn finds_references() {
        for (text, names) in [
            ("", &[][..]),
            ("$(A)", &["A"]),
            ("a/$(A)-$(B.c)/", &["A", "B.c"]),
            ("$$(A)$$$(B)", &["B"]),
            ("$A$", &[]),
            ("$(A", &[]),
            ("$($(A)", &["$(A"]),
            ("$()", &[""]),
        ] {
            let mut found = Vec::new();
            want(text, &mut found);
            assert_eq!(found, names, "{text}");
        }
    }

    fn pod(env: &Value, more: Value, labels: &Value) -> Value {
        let mut container = json!({"name": "a", "env": env,
            "volumeMounts": [{"name": "v", "mountPath": "/x", "subPathExpr": "$(D)"}]});
        let Value::Object(more) = more else {
            unreachable!("a map")
        };
        container.as_object_mut().unwrap().extend(more);
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"template": {"metadata": {"labels": labels}, "spec": {
                "volumes": [{"name": "v", "hostPath": {"path": "/var/lib"}}], "containers": [container],
            }}},
        })
    }

    fn is_new(new: &Value, old: &Value) -> bool {
        !Review::update(old, new).judge::<HostpathMounts>().accepted
    }

    #[test]
    fn another_value_is_another_mount() {
        let a = json!({"name": "D", "value": "a"});
        let b = json!({"name": "D", "value": "b"});
        let other = json!({"name": "E", "value": "a"});
        let by_map = |key: &str| json!({"name": "D", "valueFrom": {"configMapKeyRef": {"name": "m", "key": key}}});
        let by_secret =
            json!({"name": "D", "valueFrom": {"secretKeyRef": {"name": "m", "key": "k"}}});
        let by = |name: &str| json!({"name": "D", "value": format!("x/$({name})")});
        for (new, old, expected) in [
            (json!([a]), json!([a]), false),
            (json!([b]), json!([a]), true),
            (json!([a, b]), json!([b]), false),
            (json!([b, a]), json!([b]), true),
            (json!([a, b]), json!([other, b]), false),
            (json!([b, other]), json!([b]), false),
            (json!([by_map("k")]), json!([by_map("k")]), false),
            (json!([by_map("l")]), json!([by_map("k")]), true),
            (json!([by_secret]), json!([by_map("k")]), true),
            (json!([by_map("k")]), json!([a]), true),
            // It may be optional and missing.
            (json!([a, by_map("k")]), json!([b, by_map("k")]), true),
            (json!([other, by("E")]), json!([other, by("E")]), false),
            (
                json!([{"name": "E", "value": "b"}, by("E")]),
                json!([other, by("E")]),
                true,
            ),
            // What stands behind is not referred to.
            (
                json!([by("E"), {"name": "E", "value": "b"}]),
                json!([by("E"), other]),
                false,
            ),
            // What stands before may have the same name.
            (json!([a, by("D")]), json!([b, by("D")]), true),
            (json!([]), json!([a]), true),
        ] {
            let pod = |env: &Value| pod(env, json!({}), &json!({}));
            assert_eq!(is_new(&pod(&new), &pod(&old)), expected, "{new} {old}");
        }
    }

    #[test]
    fn what_a_variable_is_taken_from_counts() {
        let by_label = json!([{"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['d']"}}}]);
        let spelled = json!([{"name": "D", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['d']"}}}]);
        let from = |name: &str| json!({"envFrom": [{"configMapRef": {"name": name}}]});
        let a = json!([{"name": "D", "value": "a"}]);
        let label = |value: &str| json!({"d": value, "e": "x"});
        for (what, new, old, expected) in [
            (
                "a label",
                pod(&by_label, json!({}), &label("b")),
                pod(&by_label, json!({}), &label("a")),
                true,
            ),
            (
                "its spelling",
                pod(&spelled, json!({}), &label("a")),
                pod(&by_label, json!({}), &label("a")),
                false,
            ),
            (
                "no label",
                pod(&a, json!({}), &label("b")),
                pod(&a, json!({}), &label("a")),
                false,
            ),
            (
                "a map",
                pod(&json!([]), from("n"), &json!({})),
                pod(&json!([]), from("m"), &json!({})),
                true,
            ),
            (
                "the same map",
                pod(&json!([]), from("m"), &json!({})),
                pod(&json!([]), from("m"), &json!({})),
                false,
            ),
            (
                "a map that is not used",
                pod(&a, from("n"), &json!({})),
                pod(&a, from("m"), &json!({})),
                false,
            ),
        ] {
            assert_eq!(is_new(&new, &old), expected, "{what}");
        }
        let account = json!([{"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}}]);
        let old = pod(&account, json!({}), &json!({}));
        let mut new = old.clone();
        new["spec"]["template"]["spec"]["serviceAccountName"] = json!("kubelet");
        assert!(is_new(&new, &old));
        let mut named = old.clone();
        named["spec"]["template"]["spec"]["serviceAccountName"] = json!("default");
        assert!(!is_new(&named, &old));
        let mut alias = old.clone();
        alias["spec"]["template"]["spec"]["serviceAccount"] = json!("kubelet");
        assert!(is_new(&alias, &old));
        assert!(!is_new(&alias, &new));
    }

    #[test]
    fn of_very_many_variables_each_may_matter() {
        let many = |last: &str| {
            let mut env: Vec<Value> = (0..60_000)
                .map(|n| json!({"name": format!("V{n}")}))
                .collect();
            env.push(json!({"name": "LAST", "value": last}));
            pod(&json!(env), json!({}), &json!({}))
        };
        assert!(is_new(&many("b"), &many("a")));
        assert!(!is_new(&many("a"), &many("a")));
    }
}
