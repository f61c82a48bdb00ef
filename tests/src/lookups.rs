//! Look-ups as people review them: `expected.yaml` has a line for each, and the `masks.yaml` of a policy has, once for
//! each kind, the fields that are asked for.

use std::collections::BTreeMap;

use preflight::Call;
use serde_json::{Map, Value};

use crate::yaml::{flow, scalar};

/// A look-up in parts.
struct Parts {
    /// The function and the kind: `get v1 LimitRange`.
    what: String,
    /// Everything else that decides: ` shop/limits fresh`.
    which: String,
    /// The fields that are asked for; null for all.
    mask: Value,
}

impl Parts {
    /// None for what is no look-up of objects.
    fn of(call: &Call) -> Option<Self> {
        let mut rest = call.request.as_object()?.clone();
        // What is left out is null for the host.
        rest.retain(|_, value| !value.is_null());
        let namespace = take(&mut rest, "namespace");
        let (verb, mut which) = match call.operation.as_str() {
            "get_resource" => {
                let home = namespace.map(|namespace| format!("{namespace}/"));
                let name = take(&mut rest, "name")?;
                ("get", format!(" {}{name}", home.unwrap_or_default()))
            }
            "list_resources_by_namespace" => ("list", format!(" in {}", namespace?)),
            "list_resources_all" if namespace.is_none() => ("list", " everywhere".to_owned()),
            _ => return None,
        };
        let api_version = take(&mut rest, "api_version")?;
        let mut what = format!("{verb} {api_version} {}", take(&mut rest, "kind")?);
        let mask = rest.remove("field_masks").unwrap_or_default();
        // Whether a policy gets to see the values of an object is worth a word.
        let is_bare = |mask: &Vec<Value>| !mask.is_empty() && !mask.contains(&"data".into());
        if matches!(what.as_str(), "get v1 ConfigMap" | "get v1 Secret")
            && mask.as_array().is_some_and(is_bare)
        {
            what.push_str(" without data");
        }
        match rest.remove("disable_cache") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => which.push_str(" fresh"),
            Some(_) => return None,
        }
        if !rest.is_empty() {
            which.extend([" with ", &flow(&Value::Object(rest))]);
        }
        Some(Self { what, which, mask })
    }
}

/// A text of the request, in quotes where it could be taken for something else: users make up names.
fn take(request: &mut Map<String, Value>, key: &str) -> Option<String> {
    let text = request.remove(key)?;
    let ordinary = |character: char| {
        character.is_ascii_alphanumeric()
            || "-.".contains(character)
            || character == '/' && key == "api_version"
    };
    match text.as_str()? {
        plain if !plain.is_empty() && plain.chars().all(ordinary) => Some(plain.to_owned()),
        _ => Some(text.to_string()),
    }
}

/// A look-up in one line, without the fields that are asked for. Two that differ in anything else have two lines.
#[must_use]
pub fn line(call: &Call) -> String {
    match Parts::of(call) {
        Some(Parts { what, which, .. }) => what + &which,
        None => format!("{} {}", call.operation, flow(&call.request)),
    }
}

/// The fields that a policy asks for, of each kind that it looks up. Each kind has one mask: the host watches a kind once
/// for each mask that it is asked with. What may be asked for without its data has another for that.
#[derive(Debug, Default)]
pub struct Masks(BTreeMap<String, (Value, String)>);

impl Masks {
    /// Takes the mask of a look-up. An error where another case asks for other fields of the same kind.
    pub fn add(&mut self, case: &str, call: &Call) -> Result<(), String> {
        let Some(Parts { what, mask, .. }) = Parts::of(call) else {
            // Its line has everything.
            return Ok(());
        };
        match self.0.get(&what) {
            Some((known, first)) if *known != mask => Err(format!(
                "{what} asks for {} in {case}, and for {} in {first}",
                flow(&mask),
                flow(known)
            )),
            Some(_) => Ok(()),
            None => {
                self.0.insert(what, (mask, case.to_owned()));
                Ok(())
            }
        }
    }

    /// The masks as `masks.yaml` has them. None where nothing is looked up.
    #[must_use]
    pub fn render(&self) -> Option<String> {
        let mut text = "# The fields that are asked for.\n".to_owned();
        for (what, (mask, _)) in &self.0 {
            text.extend([what, ":"]);
            match mask.as_array() {
                Some(fields) if !fields.is_empty() => {
                    text.push('\n');
                    for field in fields {
                        let field = field
                            .as_str()
                            .map_or_else(|| flow(field), |field| scalar(field, 0));
                        text.extend(["- ", &field, "\n"]);
                    }
                }
                _ => text.extend([" ", &flow(mask), "\n"]),
            }
        }
        (!self.0.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::yaml;

    fn call(operation: &str, request: Value) -> Call {
        Call {
            operation: operation.to_owned(),
            request,
        }
    }

    fn get(request: &Value) -> Call {
        let mut get = json!({
            "api_version": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "shop", "disable_cache": false,
            "field_masks": ["spec.a"],
        });
        let changes = request.as_object().unwrap().clone();
        get.as_object_mut().unwrap().extend(changes);
        call("get_resource", get)
    }

    #[test]
    fn a_look_up_is_one_line_with_everything_that_decides_but_its_mask() {
        let list =
            json!({"api_version": "v1", "kind": "Pod", "namespace": "shop", "field_masks": ["a"]});
        let everywhere = json!({"api_version": "v1", "kind": "Pod", "label_selector": "app=web", "field_selector": null});
        for (call, written) in [
            (get(&json!({})), "get apps/v1 Deployment shop/web"),
            (
                get(&json!({"disable_cache": true})),
                "get apps/v1 Deployment shop/web fresh",
            ),
            (
                get(&json!({"namespace": null})),
                "get apps/v1 Deployment web",
            ),
            (
                get(&json!({"name": "web fresh", "namespace": ""})),
                r#"get apps/v1 Deployment ""/"web fresh""#,
            ),
            (
                get(&json!({"namespace": null, "name": "shop/web"})),
                r#"get apps/v1 Deployment "shop/web""#,
            ),
            (
                get(&json!({"api_version": "v1", "kind": "Secret", "field_masks": ["type"]})),
                "get v1 Secret without data shop/web",
            ),
            (
                get(
                    &json!({"api_version": "v1", "kind": "Secret", "field_masks": ["data", "type"]}),
                ),
                "get v1 Secret shop/web",
            ),
            (
                get(&json!({"api_version": "v1", "kind": "Secret", "field_masks": []})),
                "get v1 Secret shop/web",
            ),
            (
                get(&json!({"other": 1})),
                r#"get apps/v1 Deployment shop/web with {"other": 1}"#,
            ),
            (
                get(&json!({"disable_cache": "yes"})),
                r#"get_resource {"api_version": "apps/v1", "disable_cache": "yes", "field_masks": ["spec.a"], "kind": "Deployment", "name": "web", "namespace": "shop"}"#,
            ),
            (
                call("list_resources_by_namespace", list.clone()),
                "list v1 Pod in shop",
            ),
            (
                call("list_resources_all", everywhere),
                r#"list v1 Pod everywhere with {"label_selector": "app=web"}"#,
            ),
            (call("can_i", json!({"a": 1})), r#"can_i {"a": 1}"#),
            (call("get_resource", Value::Null), "get_resource null"),
        ] {
            assert_eq!(line(&call), written);
        }
    }

    #[test]
    fn whatever_of_a_request_changes_shows_in_its_line_or_in_the_masks() {
        let changes = [
            json!({}),
            json!({"api_version": "v1"}),
            json!({"kind": "Pod"}),
            json!({"name": "other"}),
            json!({"namespace": "other"}),
            json!({"namespace": null}),
            json!({"disable_cache": true}),
            json!({"field_masks": ["spec.b"]}),
            json!({"field_masks": ["spec.a", "spec.b"]}),
            json!({"field_masks": []}),
            json!({"field_masks": null}),
            json!({"label_selector": "a"}),
        ];
        let shown = changes.iter().map(|changes| {
            let call = get(changes);
            let mut masks = Masks::default();
            masks.add("a", &call).unwrap();
            (line(&call), masks.render())
        });
        assert_eq!(shown.collect::<BTreeSet<_>>().len(), changes.len());
    }

    #[test]
    fn a_kind_has_one_mask() {
        let mut masks = Masks::default();
        assert_eq!(masks.render(), None);
        masks.add("a", &get(&json!({}))).unwrap();
        masks
            .add("b", &get(&json!({"name": "b", "disable_cache": true})))
            .unwrap();
        let all = json!({"kind": "Pod", "field_masks": null});
        masks.add("b", &get(&all)).unwrap();
        masks.add("c", &call("can_i", json!({}))).unwrap();
        let text = masks.render().unwrap();
        let written = "# The fields that are asked for.\nget apps/v1 Deployment:\n- 'spec.a'\nget apps/v1 Pod: null\n";
        assert_eq!(text, written);
        assert_eq!(
            yaml::read(&text).unwrap(),
            json!({"get apps/v1 Deployment": ["spec.a"], "get apps/v1 Pod": null})
        );
        let more = get(&json!({"field_masks": ["spec.a", "spec.b"]}));
        assert_eq!(
            masks.add("d", &more).unwrap_err(),
            r#"get apps/v1 Deployment asks for ["spec.a", "spec.b"] in d, and for ["spec.a"] in a"#
        );
    }
}
