//! What is made of whole manifests.

use super::{derive, testing::lines};
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
