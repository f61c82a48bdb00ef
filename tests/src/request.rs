//! Admission requests, completed from the few fields that a case writes.

use preflight::cluster::kinds::Kinds;
use preflight::review::{self, Target};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What `request.yaml` may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Written {
    operation: Option<String>,
    object: preflight::tree::Value,
    old_object: preflight::tree::Value,
    user_info: Option<Value>,
    sub_resource: Option<String>,
    dry_run: bool,
    /// Over what the object says. `null` leaves it out, as the API server does when a collection is deleted.
    #[serde(deserialize_with = "present")]
    name: Option<Value>,
    /// Over what the object says.
    #[serde(deserialize_with = "present")]
    namespace: Option<Value>,
    /// `{group, version, kind}`, where it is not that of the object: the `Scale` of a Deployment.
    kind: Option<Value>,
}

/// Tells `null` from what is absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The whole request of what a case writes.
pub fn complete(written: &Value) -> Result<Value, String> {
    let mut written: Written =
        serde_json::from_value(written.clone()).map_err(|error| error.to_string())?;
    let subject = if written.object.is_null() {
        &written.old_object
    } else {
        &written.object
    };
    let kinds = Kinds::of([subject]);
    for object in [&mut written.object, &mut written.old_object] {
        review::complete(object, &kinds, "default");
    }
    let subject = if written.object.is_null() {
        &written.old_object
    } else {
        &written.object
    };
    let mut request = Value::from(review::request(subject, &kinds, 1));
    let Some(fields) = request.as_object_mut() else {
        return Err("the request is no map".to_owned());
    };
    let operation = written.operation.unwrap_or_else(|| "CREATE".to_owned());
    fields.insert("options".to_owned(), options(&operation));
    fields.insert("operation".to_owned(), json!(operation));
    fields.insert("dryRun".to_owned(), json!(written.dry_run));
    fields.insert("object".to_owned(), written.object.into());
    fields.insert("oldObject".to_owned(), written.old_object.into());
    if let Some(sub_resource) = written.sub_resource {
        fields.insert("requestSubResource".to_owned(), json!(sub_resource));
        fields.insert("subResource".to_owned(), json!(sub_resource));
    }
    for (key, value) in [("userInfo", written.user_info), ("kind", written.kind)] {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value);
        }
    }
    for (key, value) in [("name", written.name), ("namespace", written.namespace)] {
        match value {
            Some(Value::Null) => {
                fields.remove(key);
            }
            Some(value) => {
                fields.insert(key.to_owned(), value);
            }
            None => {}
        }
    }
    Ok(request)
}

/// What the API server sends with each operation. SDKs take `null` for a broken request.
fn options(operation: &str) -> Value {
    let kind = match operation {
        "UPDATE" => "UpdateOptions",
        "DELETE" => "DeleteOptions",
        _ => "CreateOptions",
    };
    json!({"apiVersion": "meta.k8s.io/v1", "kind": kind})
}

/// What the rules of a policy look at in a request.
#[must_use]
pub fn target(request: &Value) -> Target {
    Target::of(&request.clone().into())
}

/// The same request as some hosts spell it: `old_object` for `oldObject`.
#[must_use]
pub fn in_snake_case(request: &Value) -> Value {
    let respell = |key: &str| {
        let mut snake = String::new();
        for character in key.chars() {
            if character.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(character.to_ascii_lowercase());
        }
        snake
    };
    let fields = request.as_object().into_iter().flatten();
    let fields: Map<String, Value> = fields
        .map(|(key, value)| (respell(key), value.clone()))
        .collect();
    Value::Object(fields)
}
