//! `OpenShift`: the Secret with the certificate of a Service.
//!
//! Source: `pkg/controller/api/api.go` and `pkg/controller/servingcert/controller/secret_creating_controller.go` of
//! openshift/service-ca-operator.

use tree::Value;

use super::{is, secret};

const ANNOTATIONS: [&str; 2] = [
    "service.beta.openshift.io/serving-cert-secret-name",
    "service.alpha.openshift.io/serving-cert-secret-name",
];

pub(super) fn derive(object: &Value) -> Vec<Value> {
    if !is(object, "", "Service") {
        return Vec::new();
    }
    let annotations = object.pointer("/metadata/annotations");
    let annotated = |key: &str| annotations?.get(key)?.as_str();
    let mut names = ANNOTATIONS.iter().filter_map(|key| annotated(key));
    let name = names.find(|name| !name.is_empty());
    let made = name.map(|name| {
        secret(
            object,
            name,
            Some("kubernetes.io/tls"),
            ["tls.crt", "tls.key"],
        )
    });
    made.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;
    use crate::derived::testing::lines;

    #[test]
    fn an_annotated_service_has_a_secret() {
        let service = |annotations: &Value| {
            let metadata = json!({"name": "web", "namespace": "shop", "annotations": annotations});
            derive(&json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata}))
        };
        for key in ANNOTATIONS {
            assert_eq!(
                lines(&service(&json!({key: "web-tls"}))),
                ["Secret shop/web-tls kubernetes.io/tls tls.crt tls.key"]
            );
            assert!(service(&json!({key: ""})).is_empty());
        }
        assert!(service(&json!(null)).is_empty());
    }
}
