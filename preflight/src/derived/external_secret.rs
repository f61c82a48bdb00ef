//! External Secrets: the Secret of an `ExternalSecret`, of both projects that have this kind.
//!
//! Sources: `ExternalSecretTarget` in `apis/externalsecrets/v1/externalsecret_types.go` of external-secrets/external-secrets;
//! `charts/kubernetes-external-secrets/crds` of external-secrets/kubernetes-external-secrets.

use tree::Value;

use super::{filled, is, items, keys, secret, with_unknown_keys};

pub(super) fn derive(object: &Value) -> Vec<Value> {
    // With these it makes none.
    let makes_none = matches!(policy(object), Some("Merge" | "None"));
    let made = filled_in(object).filter(|_| !makes_none);
    made.into_iter().collect()
}

/// What it adds to a Secret that is there already.
pub(super) fn add(object: &Value) -> Option<Value> {
    filled_in(object).filter(|_| policy(object) == Some("Merge"))
}

fn policy(object: &Value) -> Option<&str> {
    filled(object, "/spec/target/creationPolicy")
}

/// The Secret as it is filled in.
fn filled_in(object: &Value) -> Option<Value> {
    let (secret, is_open) = if is(object, "kubernetes-client.io", "ExternalSecret") {
        of_kubernetes_client(object)?
    } else if is(object, "external-secrets.io", "ExternalSecret") {
        of_external_secrets(object)?
    } else {
        return None;
    };
    Some(if is_open {
        with_unknown_keys(secret)
    } else {
        secret
    })
}

/// The Secret, and whether it has keys that nothing here names.
type Filled = (Value, bool);

fn of_kubernetes_client(object: &Value) -> Option<Filled> {
    let name = filled(object, "/metadata/name")?;
    let kind = filled(object, "/spec/template/type").or(filled(object, "/spec/type"));
    let made = secret(object, name, kind, of_data(object, "/name"));
    Some((made, has(object, "/spec/dataFrom")))
}

fn of_external_secrets(object: &Value) -> Option<Filled> {
    // It may make an object of another kind.
    let kind = filled(object, "/spec/target/manifest/kind");
    if kind.is_some_and(|kind| kind != "Secret") {
        return None;
    }
    let name = filled(object, "/spec/target/name").or(filled(object, "/metadata/name"))?;
    let template = "/spec/target/template";
    let merges = filled(object, &format!("{template}/mergePolicy")) == Some("Merge");
    let data = format!("{template}/data");
    let of_template: Vec<&str> = keys(object, &data).collect();
    // A template replaces the data that it is filled with.
    let takes_all = merges || of_template.is_empty();
    let of_store = of_data(object, "/secretKey").filter(|_| takes_all);
    let keys = of_store.chain(of_template.iter().copied());
    let kind = filled(object, &format!("{template}/type"));
    let made = secret(object, name, kind, keys);
    // What is extracted or found there has keys that nothing here names.
    let extracts = has(object, "/spec/dataFrom") && takes_all;
    let is_open = extracts || has(object, &format!("{template}/templateFrom"));
    Some((made, is_open))
}

/// What the entries of its data have in a field.
fn of_data<'v>(object: &'v Value, field: &'static str) -> impl Iterator<Item = &'v str> {
    items(object, "/spec/data").filter_map(move |entry| filled(entry, field))
}

/// Whether a list is there and has an item.
fn has(object: &Value, list: &str) -> bool {
    items(object, list).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::testing::told;

    #[test]
    fn an_external_secret_has_a_secret() {
        for (spec, expected) in [
            ("a: b", Some("Secret shop/web Opaque")),
            ("target: {name: ''}", Some("Secret shop/web Opaque")),
            (
                "target: {name: db}, data: [{secretKey: user}, {secretKey: password}]",
                Some("Secret shop/db Opaque password user"),
            ),
            (
                "target: {template: {type: kubernetes.io/tls, data: {url: x}}}, data: [{secretKey: user}]",
                Some("Secret shop/web kubernetes.io/tls url"),
            ),
            (
                "target: {template: {mergePolicy: Merge, data: {url: x}}}, data: [{secretKey: user}]",
                Some("Secret shop/web Opaque url user"),
            ),
            (
                "target: {name: db}, data: [{secretKey: user}], dataFrom: [{extract: {key: x}}]",
                Some("Secret shop/db Opaque with any keys"),
            ),
            (
                "target: {template: {data: {url: x}, templateFrom: [{literal: x}]}}, dataFrom: []",
                Some("Secret shop/web Opaque with any keys"),
            ),
            (
                "target: {template: {data: {url: x}}}, dataFrom: [{find: {tags: {a: b}}}]",
                Some("Secret shop/web Opaque url"),
            ),
            (
                "target: {creationPolicy: Orphan}",
                Some("Secret shop/web Opaque"),
            ),
            ("target: {creationPolicy: Merge}", None),
            ("target: {creationPolicy: None}", None),
            (
                "target: {manifest: {apiVersion: v1, kind: ConfigMap}}",
                None,
            ),
        ] {
            for version in ["v1", "v1beta1"] {
                let kind = format!("external-secrets.io/{version} ExternalSecret");
                let told = told(derive, &kind, spec);
                assert_eq!(told, Vec::from_iter(expected), "{spec}");
            }
        }
        assert_eq!(
            told(
                derive,
                "kubernetes-client.io/v1 ExternalSecret",
                "data: [{name: user, key: x}], target: {name: db}",
            ),
            ["Secret shop/web Opaque user"]
        );
        assert_eq!(
            told(
                derive,
                "kubernetes-client.io/v1 ExternalSecret",
                "data: [{name: user}], dataFrom: [x]"
            ),
            ["Secret shop/web Opaque with any keys"]
        );
        assert_eq!(told(derive, "x.io/v1 ExternalSecret", "a: b"), [""; 0]);
    }
}
