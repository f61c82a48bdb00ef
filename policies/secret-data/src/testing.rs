//! Secrets for the tests of the rules.

pub(crate) mod pem;
mod valid;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use shared::testing::Review;

use crate::SecretData;

/// A Secret `shop/s` of a type, whose values are given decoded.
pub(crate) fn secret(secret_type: &str, data: &[(&str, &[u8])]) -> Value {
    let encode = |(key, value): &(&str, &[u8])| ((*key).to_owned(), json!(STANDARD.encode(value)));
    let data: Map<String, Value> = data.iter().map(encode).collect();
    raw(secret_type, &json!({ "data": data }))
}

/// A Secret `shop/s` of a type, with other fields as they are.
pub(crate) fn raw(secret_type: &str, fields: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Secret", "type": secret_type, "metadata": {"name": "s", "namespace": "shop"},
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
    object
}

/// The problems and warnings of an object.
pub(crate) fn lines(object: &Value, settings: &Value) -> Vec<String> {
    Review::create(object)
        .with(settings.clone())
        .lines::<SecretData>()
}

/// The rules that find something in one value of an Opaque Secret.
pub(crate) fn rules(key: &str, value: &[u8]) -> Vec<String> {
    rules_of(&secret("Opaque", &[(key, value)]), &json!({}))
}

/// The rules that find something; those that only warn have a question mark.
pub(crate) fn rules_of(object: &Value, settings: &Value) -> Vec<String> {
    let lines = lines(object, settings);
    let rule = |line: &String| {
        let id = line
            .rsplit_once(" [")
            .map_or("", |(_, id)| id.trim_end_matches(']'));
        let mark = if line.starts_with("warning: ") {
            "?"
        } else {
            ""
        };
        format!("{id}{mark}")
    };
    lines.iter().map(rule).collect()
}
