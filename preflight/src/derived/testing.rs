//! What the tests of the sources have in common.

use tree::Value;

use super::{COMMON_NAME, DNS_NAMES};
use crate::manifests;

/// Kind, name, type and keys of each object that is made of one with this kind and spec, `shop/web`.
pub(super) fn told(derive: fn(&Value) -> Vec<Value>, kind: &str, spec: &str) -> Vec<String> {
    let (api_version, kind) = kind.split_once(' ').unwrap();
    let object = format!(
        "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\nspec: {{{spec}}}\n"
    );
    let made = derive(&manifests::parse_one(&object).unwrap());
    for object in made.iter().filter(|object| object["kind"] == "Secret") {
        let owner = &object["metadata"]["ownerReferences"][0];
        assert_eq!(
            (owner["kind"].as_str(), &owner["controller"]),
            (Some(kind), &Value::Bool(true))
        );
    }
    lines(&made)
}

/// The names that a Secret of cert-manager has a certificate for: its DNS names, and its common name.
pub(super) fn asked_for(secret: &Value) -> (Option<&str>, Option<&str>) {
    let annotations = &secret["metadata"]["annotations"];
    (
        annotations[DNS_NAMES].as_str(),
        annotations[COMMON_NAME].as_str(),
    )
}

pub(super) fn lines(made: &[Value]) -> Vec<String> {
    let line = |object: &Value| {
        let metadata = &object["metadata"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let place = format!(
            "{}/{}",
            text(&metadata["namespace"]),
            text(&metadata["name"])
        );
        let mut parts = vec![text(&object["kind"]), place];
        parts.extend(object["type"].as_str().map(ToOwned::to_owned));
        let data = object["data"].as_object();
        let is_open =
            data.is_none() && (object["kind"] == "Secret" || object["kind"] == "ConfigMap");
        parts.extend(is_open.then(|| "with any keys".to_owned()));
        parts.extend(
            data.into_iter()
                .flat_map(|data| data.keys().map(ToString::to_string)),
        );
        parts.join(" ")
    };
    made.iter().map(line).collect()
}
