//! cert-manager: the Secrets of an Ingress or a Gateway whose annotation asks for certificates.
//!
//! Source: `hasShimAnnotation`, `buildCertificates` and `validateGatewayListenerBlock` in
//! `pkg/controller/certificate-shim/sync.go` of cert-manager/cert-manager.

use std::collections::BTreeMap;

use tree::Value;

use super::{COMMON_NAME, DNS_NAMES, annotated, filled, is, items, secret};

const ISSUERS: [&str; 2] = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"];
/// This one is for an Ingress alone. cert-manager takes the issuer that it is configured with.
const AUTOMATIC: &str = "kubernetes.io/tls-acme";

pub(super) fn derive(object: &Value) -> Vec<Value> {
    let annotations = object.pointer("/metadata/annotations");
    let annotation = |name: &str| annotations?.get(name)?.as_str();
    let has_issuer = || ISSUERS.iter().any(|name| annotation(name).is_some());
    let hosts = if is(object, "networking.k8s.io", "Ingress") {
        let is_automatic = || {
            matches!(
                annotation(AUTOMATIC),
                Some("1" | "t" | "T" | "true" | "True" | "TRUE")
            )
        };
        if !has_issuer() && !is_automatic() {
            return Vec::new();
        }
        of_ingress(object)
    } else if ["Gateway", "ListenerSet"]
        .iter()
        .any(|kind| is(object, "gateway.networking.k8s.io", kind))
    {
        if !has_issuer() {
            return Vec::new();
        }
        of_listeners(object)
    } else {
        return Vec::new();
    };
    // What else is to be in the certificate.
    let more = annotation(DNS_NAMES).unwrap_or_default();
    let more = more
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let hosts = hosts.into_iter().map(|(name, mut hosts)| {
        hosts.extend(more.clone());
        let keys = ["ca.crt", "tls.crt", "tls.key"];
        let secret = secret(object, name, Some("kubernetes.io/tls"), keys);
        annotated(secret, &hosts, annotation(COMMON_NAME))
    });
    hosts.collect()
}

/// The hosts of each Secret.
type Hosts<'v> = BTreeMap<&'v str, Vec<&'v str>>;

/// An entry without hosts is skipped.
fn of_ingress(ingress: &Value) -> Hosts<'_> {
    let mut hosts = Hosts::new();
    for entry in items(ingress, "/spec/tls") {
        let of_entry: Vec<&str> = items(entry, "/hosts").filter_map(Value::as_str).collect();
        if let Some(name) = filled(entry, "/secretName").filter(|_| !of_entry.is_empty()) {
            hosts.entry(name).or_default().extend(of_entry);
        }
    }
    hosts
}

/// A listener without a host name is skipped, and so is one that names a Secret of another namespace.
fn of_listeners(gateway: &Value) -> Hosts<'_> {
    let mut hosts = Hosts::new();
    let home = filled(gateway, "/metadata/namespace");
    for listener in items(gateway, "/spec/listeners") {
        let is_passed_through = filled(listener, "/tls/mode") == Some("Passthrough");
        let Some(host) = filled(listener, "/hostname").filter(|_| !is_passed_through) else {
            continue;
        };
        let refs = || items(listener, "/tls/certificateRefs");
        let is_elsewhere = |one: &Value| {
            filled(one, "/namespace").is_some_and(|namespace| Some(namespace) != home)
        };
        let is_other = |one: &Value| {
            filled(one, "/group").is_some()
                || filled(one, "/kind").is_some_and(|kind| kind != "Secret")
        };
        if refs().any(|one| is_elsewhere(one) || is_other(one)) {
            continue;
        }
        for name in refs().filter_map(|one| filled(one, "/name")) {
            hosts.entry(name).or_default().push(host);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        derived::testing::{asked_for, lines},
        manifests::parse_one,
    };

    fn made(kind: &str, annotations: &str, spec: &str) -> Vec<Value> {
        let (api_version, kind) = kind.split_once(' ').unwrap();
        let object = format!(
            "{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: web, namespace: shop, annotations: \
             {{{annotations}}}}}, spec: {{{spec}}}}}"
        );
        derive(&parse_one(&object).unwrap())
    }

    const INGRESS: &str = "networking.k8s.io/v1 Ingress";
    const GATEWAY: &str = "gateway.networking.k8s.io/v1 Gateway";
    const ISSUER: &str = "cert-manager.io/cluster-issuer: ca";

    #[test]
    fn an_annotation_makes_a_secret_of_each_entry() {
        let tls = "tls: [{secretName: a, hosts: [a.example.com, b.example.com]}, {secretName: b}, {hosts: [c]}]";
        for annotations in [
            ISSUER,
            "cert-manager.io/issuer: ca",
            "kubernetes.io/tls-acme: 'true'",
        ] {
            let made = made(INGRESS, annotations, tls);
            let expected = ["Secret shop/a kubernetes.io/tls ca.crt tls.crt tls.key"];
            assert_eq!(lines(&made), expected, "{annotations}");
            assert_eq!(
                asked_for(&made[0]),
                (Some("a.example.com,b.example.com"), None)
            );
        }
        for annotations in ["kubernetes.io/tls-acme: 'false'", "a: b"] {
            assert_eq!(made(INGRESS, annotations, tls), Vec::<Value>::new());
        }
        let more = format!(
            "{ISSUER}, cert-manager.io/alt-names: 'c.example.com, d.example.com', cert-manager.io/common-name: e.example.com"
        );
        let more = made(
            INGRESS,
            &more,
            "tls: [{secretName: a, hosts: [b.example.com]}]",
        );
        assert_eq!(
            asked_for(&more[0]),
            (
                Some("b.example.com,c.example.com,d.example.com"),
                Some("e.example.com")
            )
        );
    }

    #[test]
    fn an_annotation_makes_a_secret_of_each_listener() {
        let listeners = |tls: &str| {
            format!(
                "listeners: [{{hostname: a.example.com, tls: {{{tls}}}}}, {{tls: {{certificateRefs: [{{name: x}}]}}}}]"
            )
        };
        for (tls, expected) in [
            ("certificateRefs: [{name: a}]", vec!["Secret shop/a"]),
            (
                "mode: Terminate, certificateRefs: [{name: a, kind: Secret, group: '', namespace: shop}, {name: b}]",
                vec!["Secret shop/a", "Secret shop/b"],
            ),
            ("mode: Passthrough, certificateRefs: [{name: a}]", vec![]),
            ("certificateRefs: [{name: a, namespace: certs}]", vec![]),
            ("certificateRefs: [{name: a, kind: Bundle}]", vec![]),
            ("certificateRefs: [{name: a, group: x.io}]", vec![]),
        ] {
            let made = made(GATEWAY, ISSUER, &listeners(tls));
            let lines = lines(&made).into_iter();
            let lines =
                lines.map(|line| line.replace(" kubernetes.io/tls ca.crt tls.crt tls.key", ""));
            assert_eq!(lines.collect::<Vec<_>>(), expected, "{tls}");
            for secret in &made {
                assert_eq!(asked_for(secret), (Some("a.example.com"), None));
            }
        }
        let tls = listeners("certificateRefs: [{name: a}]");
        for (kind, annotations, count) in [
            ("gateway.networking.k8s.io/v1 ListenerSet", ISSUER, 1),
            (GATEWAY, "kubernetes.io/tls-acme: 'true'", 0),
            ("networking.istio.io/v1 Gateway", ISSUER, 0),
        ] {
            assert_eq!(made(kind, annotations, &tls).len(), count, "{kind}");
        }
    }
}
