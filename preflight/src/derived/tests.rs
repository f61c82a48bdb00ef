//! What is made of whole manifests.

use std::sync::Arc;

use super::{Additions, derive, testing::lines};
use crate::manifests;

#[test]
fn says_what_each_object_is_made_of() {
    let text = "
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec: {secretName: web-tls}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: bank}
";
    let objects = manifests::read_text("m/a.yaml", text).objects;
    let derived = derive(objects.iter(), &[], "default");
    let makers = derived.iter().map(|derived| {
        let maker = derived.maker.as_ref();
        maker.map(|maker| format!("{} {} {}", maker.name, maker.place, maker.file))
    });
    let values: Vec<_> = derived
        .iter()
        .map(|derived| derived.value.clone())
        .collect();
    let (classes, namespaced): (Vec<_>, Vec<_>) = values
        .into_iter()
        .partition(|value| value["kind"] == "PriorityClass");
    assert_eq!(
        lines(&namespaced),
        [
            "Secret shop/web-tls kubernetes.io/tls ca.crt tls.crt tls.key",
            "ServiceAccount bank/default",
            "ConfigMap bank/kube-root-ca.crt ca.crt",
            "ServiceAccount default/default",
            "ConfigMap default/kube-root-ca.crt ca.crt",
            "ServiceAccount shop/default",
            "ConfigMap shop/kube-root-ca.crt ca.crt",
        ]
    );
    assert_eq!(classes.len(), 2);
    let makers: Vec<_> = makers.flatten().collect();
    assert_eq!(makers, ["Certificate shop/web m/a.yaml:2 m/a.yaml"]);
}

#[test]
fn what_is_written_has_what_is_added_to_it() {
    let secret = |more: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: web, namespace: shop}}\n{more}\n---\n"
        )
    };
    let external = |target: &str, more: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: a, namespace: shop}}\nspec: \
             {{target: {{{target}}}, data: [{{secretKey: password}}]{more}}}\n"
        )
    };
    let certificate = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: a, namespace: shop}\nspec: \
                       {secretName: web}\n";
    let written = secret("stringData: {user: app}");
    let open = ", dataFrom: [{extract: {key: a}}]";
    let owned = r#"[{"apiVersion":"external-secrets.io/v1","controller":true,"kind":"ExternalSecret","name":"a","uid":"#;
    for (text, data, owner) in [
        (
            written.clone() + &external("name: web, creationPolicy: Merge", ""),
            r#"{"password":""}"#,
            "",
        ),
        (
            written.clone() + &external("name: web", ""),
            r#"{"password":""}"#,
            "",
        ),
        (
            written.clone() + &external("name: web, creationPolicy: None", ""),
            "null",
            "",
        ),
        (
            written.clone() + &external("name: other, creationPolicy: Merge", ""),
            "null",
            "",
        ),
        (
            written.clone() + &external("name: web, creationPolicy: Merge", open),
            "null",
            owned,
        ),
        (
            written + certificate,
            r#"{"ca.crt":"","tls.crt":"","tls.key":""}"#,
            "",
        ),
        (
            secret("data: {tls.crt: eA==}") + certificate,
            r#"{"ca.crt":"","tls.crt":"eA==","tls.key":""}"#,
            "",
        ),
        (secret("data: {}") + certificate, "{}", ""),
        (secret("data: 7") + certificate, "7", ""),
    ] {
        let objects = manifests::read_text("a.yaml", &text).objects;
        let derived = derive(objects.iter(), &[], "default");
        let additions = Additions::of(objects.iter(), &derived);
        let whole = additions.add_to(&objects[0].value);
        assert_eq!(whole["data"].to_string(), data, "{text}");
        let owners = &whole["metadata"]["ownerReferences"];
        assert_eq!(owners.is_null(), owner.is_empty(), "{text}");
        assert!(
            owner.is_empty() || owners.to_string().starts_with(owner),
            "{owners}"
        );
        assert!(Arc::ptr_eq(
            &additions.add_to(&objects[1].value),
            &objects[1].value
        ));
    }
}
