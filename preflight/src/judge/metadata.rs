//! Metadata that is of the wrong type: the API server can read no such object, and policies read no more of the metadata
//! than they need.

use shared::FieldPath;
use tree::Value;

use crate::{
    manifests::{Object, Problem},
    report::Subject,
};
use cluster::kinds::is_text;

/// Fields that are texts.
const TEXTS: [&str; 3] = ["name", "generateName", "namespace"];

/// Fields with texts by their keys.
const MAPS: [&str; 2] = ["labels", "annotations"];

/// What is of the wrong type, but for what is told already of these fields.
pub(super) fn problems(object: &Object, is_told: impl Fn(&str) -> bool) -> Vec<Problem> {
    let found = wrong(&object.value).into_iter();
    let found = found.filter(|(field, _)| !is_told(field));
    let problem = |(field, what): (String, String)| Problem {
        place: object.place_of(&field),
        text: format!("{}: {field}: {what}", Subject::of(object)),
    };
    found.map(problem).collect()
}

/// Each field with what is wrong with it.
fn wrong(object: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let must_be = |what: &str, value: &Value| format!("must be {what}, not {}", type_of(value));
    let metadata = match object.get("metadata") {
        None | Some(Value::Null) => return found,
        Some(Value::Object(metadata)) => metadata,
        Some(other) => {
            found.push(("metadata".to_owned(), must_be("a map", other)));
            return found;
        }
    };
    let no_text = |value: &Value| {
        let what = must_be("a string", value);
        match value {
            Value::Bool(_) | Value::Number(_) => format!("{what}; quote it"),
            _ => what,
        }
    };
    for name in TEXTS {
        if let Some(value) = metadata.get(name).filter(|value| !is_text(value)) {
            found.push((format!("metadata.{name}"), no_text(value)));
        }
    }
    for name in MAPS {
        let above = FieldPath::new("metadata");
        let path = above.child(name);
        match metadata.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Object(map)) => {
                let wrong = map.iter().filter(|(_, value)| !is_text(value));
                found.extend(
                    wrong.map(|(key, value)| (path.entry(key).to_string(), no_text(value))),
                );
            }
            Some(other) => found.push((path.to_string(), must_be("a map", other))),
        }
    }
    found
}

/// In the words of the policies.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests;

    #[test]
    fn tells_what_is_of_the_wrong_type() {
        for (metadata, expected) in [
            (
                "{name: a, namespace: b, labels: {a: b}, annotations: {}}",
                &[][..],
            ),
            ("null", &[]),
            (
                "{name: null, namespace: null, labels: null, annotations: {a: null}}",
                &[],
            ),
            ("[]", &["metadata: must be a map, not a list"]),
            (
                "{name: 1}",
                &["metadata.name: must be a string, not a number; quote it"],
            ),
            (
                "{generateName: 1, namespace: [a]}",
                &[
                    "metadata.generateName: must be a string, not a number; quote it",
                    "metadata.namespace: must be a string, not a list",
                ],
            ),
            (
                "{namespace: no, labels: {a: true, b: c}, annotations: {a.b/c: 1}}",
                &[
                    "metadata.namespace: must be a string, not true or false; quote it",
                    "metadata.labels.a: must be a string, not true or false; quote it",
                    "metadata.annotations[\"a.b/c\"]: must be a string, not a number; quote it",
                ],
            ),
            (
                "{labels: [a]}",
                &["metadata.labels: must be a map, not a list"],
            ),
        ] {
            let text = format!("{{apiVersion: v1, kind: ConfigMap, metadata: {metadata}}}\n");
            let object = manifests::read_text("a.yaml", &text).objects.remove(0);
            let told = |problem: Problem| problem.text;
            let told: Vec<_> = problems(&object, |_| false).into_iter().map(told).collect();
            let name = Subject::of(&object);
            let expected: Vec<_> = expected.iter().map(|it| format!("{name}: {it}")).collect();
            assert_eq!(told, expected, "{metadata}");
            assert_eq!(problems(&object, |_| true), []);
        }
    }
}
