//! cert-manager: the Secret of a `Certificate`.
//!
//! Source: `CertificateSpec` in `pkg/apis/certmanager/v1/types_certificate.go` of cert-manager/cert-manager.

use tree::Value;

use super::{annotated, filled, is, items, secret};

/// What each keystore is called, by its field.
const KEYSTORES: [(&str, [&str; 2]); 2] = [
    (
        "/spec/keystores/jks/create",
        ["keystore.jks", "truststore.jks"],
    ),
    (
        "/spec/keystores/pkcs12/create",
        ["keystore.p12", "truststore.p12"],
    ),
];

pub(super) fn derive(object: &Value) -> Vec<Value> {
    if !is(object, "cert-manager.io", "Certificate") {
        return Vec::new();
    }
    let Some(name) = filled(object, "/spec/secretName") else {
        return Vec::new();
    };
    let mut keys = vec!["ca.crt", "tls.crt", "tls.key"];
    for (create, files) in KEYSTORES {
        if object.pointer(create) == Some(&Value::Bool(true)) {
            keys.extend(files);
        }
    }
    for format in items(object, "/spec/additionalOutputFormats") {
        match filled(format, "/type") {
            Some("DER") => keys.push("key.der"),
            Some("CombinedPEM") => keys.push("tls-combined.pem"),
            _ => {}
        }
    }
    let dns_names: Vec<&str> = items(object, "/spec/dnsNames")
        .filter_map(Value::as_str)
        .collect();
    let secret = secret(object, name, Some("kubernetes.io/tls"), keys);
    let common_name = filled(object, "/spec/commonName");
    vec![annotated(secret, &dns_names, common_name)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        derived::testing::{asked_for, told},
        manifests::parse_one,
    };

    #[test]
    fn a_certificate_has_a_secret() {
        for (spec, expected) in [
            (
                "secretName: web-tls",
                "Secret shop/web-tls kubernetes.io/tls ca.crt tls.crt tls.key",
            ),
            (
                "secretName: a, keystores: {jks: {create: true}, pkcs12: {create: false}}",
                "Secret shop/a kubernetes.io/tls ca.crt keystore.jks tls.crt tls.key truststore.jks",
            ),
            (
                "secretName: a, additionalOutputFormats: [{type: DER}, {type: CombinedPEM}, {type: x}]",
                "Secret shop/a kubernetes.io/tls ca.crt key.der tls-combined.pem tls.crt tls.key",
            ),
        ] {
            assert_eq!(
                told(derive, "cert-manager.io/v1 Certificate", spec),
                [expected]
            );
        }
        for (kind, spec) in [
            ("cert-manager.io/v1 Certificate", "secretName: ''"),
            ("cert-manager.io/v1 Certificate", "a: b"),
            ("cert-manager.io/v1 CertificateRequest", "secretName: a"),
            (
                "networking.internal.knative.dev/v1alpha1 Certificate",
                "secretName: a",
            ),
        ] {
            assert_eq!(told(derive, kind, spec), [""; 0], "{kind} {spec}");
        }
    }

    #[test]
    fn the_secret_says_what_the_certificate_asks_for() {
        for (spec, expected) in [
            ("secretName: a", (Some(""), None)),
            (
                "secretName: a, dnsNames: [a.example.com, '*.b.example.com', 1], commonName: c.example.com",
                (Some("a.example.com,*.b.example.com"), Some("c.example.com")),
            ),
        ] {
            let object = format!(
                "{{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {{name: web}}, spec: {{{spec}}}}}"
            );
            let made = derive(&parse_one(&object).unwrap());
            assert_eq!(asked_for(&made[0]), expected, "{spec}");
        }
    }
}
