//! A Secret of another type that is named where one with a certificate is wanted.
//!
//! Sources: `getPemCertificate` in `internal/ingress/controller/store/backend_ssl.go` of kubernetes/ingress-nginx, which does not
//! look at the type, and `isValidSecret` in `internal/dag/secret.go` of projectcontour/contour, which does.

use shared::{Level, Rule, quote, rule};

use super::{
    Found, Manifests,
    tls::{FAKE, Named, Secret, Side},
};
use crate::derived::Source;

pub(super) static RULE: Rule = rule! {
    id: "wrong_tls_secret_type",
    summary: "A Secret for TLS of an Ingress or a Gateway that is not of type `kubernetes.io/tls`",
    why: "Without `tls.crt` and `tls.key`, ingress-nginx serves its \"Kubernetes Ingress Controller Fake Certificate\". With \
          them, some controllers take the Secret, and others, such as Contour, do not. Only of this type does the API \
          server insist on both keys",
    fix: "create it with kubectl create secret tls",
    levels: [Warn],
};

/// The type of Secrets with a certificate and its key.
const TLS: &str = "kubernetes.io/tls";
const KEYS: [&str; 2] = ["tls.crt", "tls.key"];

/// One for each name of a Secret that has another type.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for endpoint in manifests.endpoints() {
        for named in &endpoint.secrets {
            let Some(secret) = named.found.as_ref().filter(|secret| secret.kind() != TLS) else {
                continue;
            };
            found.push(Found {
                object: endpoint.object,
                field: named.field.clone(),
                problem: problem(named, secret, endpoint.side),
                fix: fix(secret),
                level: Level::Warn,
                code: None,
                absent: None,
            });
        }
    }
    found
}

fn problem(named: &Named<'_>, secret: &Secret<'_>, side: Side) -> String {
    let there = format!("{named} is of type {}", quote(secret.kind()));
    let mut absent = KEYS.iter().filter(|key| !secret.has(key));
    match (side, absent.next().filter(|_| secret.is_complete())) {
        (Side::Ingress, Some(key)) => {
            format!("{there} and has no {key}, so ingress-nginx serves {FAKE}")
        }
        (Side::Ingress, None) => {
            format!("{there}, not {TLS}: ingress-nginx takes it, others such as Contour do not")
        }
        (Side::Listener, Some(key)) => {
            format!("{there} and has no {key}, so its listener reports InvalidCertificateRef")
        }
        (Side::Listener, None) => {
            format!("{there}, not {TLS}, which not every implementation of the Gateway API takes")
        }
    }
}

fn fix(secret: &Secret<'_>) -> String {
    match secret.from {
        Source::Manifest(_) => format!(
            "write type: {TLS}, with tls.crt and tls.key; of a Secret that is there the type cannot be changed: delete it first"
        ),
        Source::Maker(maker) => format!("have {} make it of type {TLS}", maker.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    const INGRESS: &str = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {tls: [{secretName: \
                           web}]}}\n---\n";
    const GATEWAY: &str = "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: web}, spec: \
                           {listeners: [{tls: {certificateRefs: [{name: web}]}}]}}\n---\n";

    #[test]
    fn another_type_is_told_with_what_comes_of_it() {
        let secret = |rest: &str| {
            format!("{{apiVersion: v1, kind: Secret, metadata: {{name: web}}, {rest}}}\n")
        };
        let external = "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: web}, spec: {data: \
                        [{secretKey: a}]}}\n"
            .to_owned();
        let of = |kind: &str| format!("Secret \"web\" (f.yaml:3) is of type \"{kind}\"");
        let fake = "so ingress-nginx serves its \"Kubernetes Ingress Controller Fake Certificate\"";
        let invalid = "so its listener reports InvalidCertificateRef";
        let taken =
            ", not kubernetes.io/tls: ingress-nginx takes it, others such as Contour do not";
        let of_external = "Secret \"web\" (of ExternalSecret web, f.yaml:3) is of type \"Opaque\"";
        for (there, ingress, gateway) in [
            (
                secret("stringData: {cert: a, tls.key: b}"),
                format!("{} and has no tls.crt, {fake}", of("Opaque")),
                format!("{} and has no tls.crt, {invalid}", of("Opaque")),
            ),
            (
                secret("type: x.io/Tls, data: {tls.crt: ''}"),
                format!("{} and has no tls.key, {fake}", of("x.io/Tls")),
                format!("{} and has no tls.key, {invalid}", of("x.io/Tls")),
            ),
            (
                secret("stringData: {tls.crt: a}, data: {tls.key: ''}"),
                format!("{}{taken}", of("Opaque")),
                format!(
                    "{}, not kubernetes.io/tls, which not every implementation of the Gateway API takes",
                    of("Opaque")
                ),
            ),
            // Something fills it.
            (
                external,
                format!("{of_external}{taken}"),
                format!(
                    "{of_external}, not kubernetes.io/tls, which not every implementation of the Gateway API takes"
                ),
            ),
        ] {
            assert_eq!(
                found(find, &format!("{INGRESS}{there}")),
                [format!("f.yaml:1 spec.tls[0].secretName {ingress}")]
            );
            assert_eq!(
                found(find, &format!("{GATEWAY}{there}")),
                [format!(
                    "f.yaml:1 spec.listeners[0].tls.certificateRefs[0].name {gateway}"
                )]
            );
        }
    }

    #[test]
    fn the_right_type_is_fine_whatever_is_in_it() {
        for there in [
            "{apiVersion: v1, kind: Secret, metadata: {name: web}, type: kubernetes.io/tls}",
            "{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: a}, spec: {secretName: web}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: api}}",
        ] {
            assert_eq!(found(find, &format!("{INGRESS}{there}\n")), [""; 0]);
        }
    }
}
