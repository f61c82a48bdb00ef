//! A host that the certificate for it does not name.

use std::collections::HashSet;

use shared::{Level, Rule, quote, rule};

use super::{
    Found, Manifests, NAMED,
    certificate::{covers, is_host},
    listed,
    tls::{Endpoint, FAKE, Named, Side},
};
use crate::derived::Source;

pub(super) static RULE: Rule = rule! {
    id: "uncertified_host",
    summary: "A host of an Ingress or a Gateway that is not among the names of the certificate in its Secret",
    why: "Clients refuse the certificate, and ingress-nginx does not even show it: it serves its \"Kubernetes Ingress \
          Controller Fake Certificate\". A wildcard covers one label, and the common name is not read any more",
    fix: "make a certificate that has the host among its subject alternative names",
    levels: [Warn],
};

/// One for each endpoint with such hosts, where all names of its certificates are known.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let endpoints = manifests.endpoints().iter();
    endpoints.filter_map(judge).collect()
}

fn judge(endpoint: &Endpoint<'_>) -> Option<Found> {
    let names = endpoint
        .secrets
        .iter()
        .map(|named| named.found.as_ref()?.names());
    let names: Vec<Vec<String>> = names.collect::<Option<_>>()?;
    // A common name is most often one of the others, too, and two certificates may share names.
    let mut seen = HashSet::new();
    let mut names: Vec<String> = names.into_iter().flatten().collect();
    names.retain(|name| seen.insert(name.to_ascii_lowercase()));
    let is_covered = |host: &str| {
        let mut names = names.iter();
        names.any(|name| {
            covers(name, host) || endpoint.side == Side::Listener && is_part(name, host)
        })
    };
    let hosts = endpoint.hosts.iter();
    let hosts: Vec<&(String, &str)> = hosts
        .filter(|(_, host)| is_host(host) && !is_covered(host))
        .collect();
    let ((field, first), secret) = (hosts.first()?, endpoint.secrets.first()?);
    let hosts = some_of(hosts.iter().map(|(_, host)| *host));
    Some(Found {
        object: endpoint.object,
        field: field.clone(),
        problem: if names.is_empty() {
            format!(
                "{} no DNS name as a subject alternative name, so clients refuse it for {hosts}, whatever its common name",
                subject(&endpoint.secrets, ["has", "have"])
            )
        } else {
            format!(
                "{} for {}, not for {hosts}{}: {}",
                subject(&endpoint.secrets, ["is", "are"]),
                some_of(names.iter().map(String::as_str)),
                hint(&names, first),
                consequence(endpoint.side)
            )
        },
        fix: fix(secret, &hosts),
        level: Level::Warn,
        code: None,
        absent: None,
    })
}

/// Whether a name is one of those that a wildcard of a Gateway stands for, which may have any number of labels. Routes take
/// some of them, and maybe only this one.
fn is_part(name: &str, host: &str) -> bool {
    let above = host
        .strip_prefix('*')
        .filter(|above| above.starts_with('.'));
    above.is_some_and(|above| ends_with(name, above))
}

/// Whether a name ends like this, in any case of its letters.
fn ends_with(name: &str, end: &str) -> bool {
    name.to_ascii_lowercase()
        .ends_with(&end.to_ascii_lowercase())
}

/// Some of the texts of users, in words.
fn some_of<'t>(texts: impl ExactSizeIterator<Item = &'t str>) -> String {
    let more = texts.len().saturating_sub(NAMED);
    let quoted = texts.take(NAMED).map(|text| quote(text).to_string());
    listed(quoted.collect(), more)
}

/// `the certificate of Secret "web-tls" (a.yaml:3) is`
fn subject(secrets: &[Named<'_>], [one, several]: [&str; 2]) -> String {
    let names = secrets.iter().take(NAMED).map(ToString::to_string);
    let names = listed(names.collect(), secrets.len().saturating_sub(NAMED));
    match secrets {
        [_] => format!("the certificate of {names} {one}"),
        _ => format!("the certificates of {names} {several}"),
    }
}

/// Why a wildcard does not cover a host that looks like one of it.
fn hint(names: &[String], host: &str) -> &'static str {
    let mut wildcards = names.iter().filter_map(|name| name.strip_prefix('*'));
    let is_apex = |above: &str| {
        let apex = above.strip_prefix('.').unwrap_or(above);
        apex.eq_ignore_ascii_case(host)
    };
    let looks_like = |above: &str| ends_with(host, above) || is_apex(above);
    if wildcards.any(looks_like) {
        " (a wildcard stands for one label)"
    } else {
        ""
    }
}

fn consequence(side: Side) -> String {
    match side {
        Side::Ingress => format!("ingress-nginx serves {FAKE} instead, and clients refuse both"),
        Side::Listener => "clients refuse it".to_owned(),
    }
}

fn fix(named: &Named<'_>, hosts: &str) -> String {
    match named.found.as_ref().map(|secret| secret.from) {
        Some(Source::Maker(maker)) => format!("have {} ask for {hosts}, too", maker.name),
        _ => format!(
            "put a certificate into it that has {hosts} as a subject alternative name (DNS)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    /// Names `www.example.com` and `*.Shop.example.com`.
    const NAMES: &str = include_str!("testing/names.pem");

    fn ingress(tls: &str, hosts: &[&str]) -> String {
        let rules = hosts.iter().map(|host| format!("{{host: '{host}'}}"));
        let rules: Vec<String> = rules.collect();
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: web}}, spec: {{tls: [{tls}], rules: \
             [{}]}}}}\n",
            rules.join(", ")
        )
    }

    fn gateway(host: &str, refs: &str) -> String {
        format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: web}}, spec: {{listeners: \
             [{{hostname: '{host}', tls: {{certificateRefs: [{refs}]}}}}]}}}}\n"
        )
    }

    /// A Secret of a name, with a certificate.
    fn secret(name: &str, pem: &str) -> String {
        format!(
            "---\n{{apiVersion: v1, kind: Secret, metadata: {{name: {name}}}, type: kubernetes.io/tls, stringData: \
             {{tls.crt: {}}}}}\n",
            serde_json::to_string(pem).unwrap()
        )
    }

    /// A Certificate for a Secret of a name.
    fn certificate(name: &str, spec: &str) -> String {
        format!(
            "---\n{{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {{name: c}}, spec: {{secretName: {name}, \
             {spec}}}}}\n"
        )
    }

    const FAKES: &str = "ingress-nginx serves its \"Kubernetes Ingress Controller Fake Certificate\" instead, and clients refuse \
                         both";
    const OF_WEB: &str = "the certificate of Secret \"web\" (f.yaml:3) is for \"www.example.com\" and \"*.Shop.example.com\", \
                          not for";

    #[test]
    fn a_host_of_an_ingress_wants_a_certificate_that_names_it() {
        for (tls, hosts, expected) in [
            (
                "{hosts: [www.example.com, a.shop.example.com, b.example.com], secretName: web}",
                &[][..],
                Some(format!(
                    "tls[0].hosts[2] {OF_WEB} \"b.example.com\": {FAKES}"
                )),
            ),
            (
                "{hosts: [a.b.shop.example.com], secretName: web}",
                &[],
                Some(format!(
                    "tls[0].hosts[0] {OF_WEB} \"a.b.shop.example.com\" (a wildcard stands for one label): {FAKES}"
                )),
            ),
            (
                "{hosts: [shop.example.com], secretName: web}",
                &[],
                Some(format!(
                    "tls[0].hosts[0] {OF_WEB} \"shop.example.com\" (a wildcard stands for one label): {FAKES}"
                )),
            ),
            (
                "{hosts: [a.example.com, b.example.com, c.example.com, d.example.com, e.example.com], secretName: web}",
                &[],
                Some(format!(
                    "tls[0].hosts[0] {OF_WEB} \"a.example.com\", \"b.example.com\", \"c.example.com\" and 2 more: {FAKES}"
                )),
            ),
            // Without hosts it is for those of rules that no other entry has.
            (
                "{hosts: [c.example.com]}, {secretName: web}",
                &["www.example.com", "c.example.com", "b.example.com", ""],
                Some(format!("rules[2].host {OF_WEB} \"b.example.com\": {FAKES}")),
            ),
            (
                "{secretName: web}, {secretName: unknown}",
                &["b.example.com"],
                None,
            ),
            (
                "{secretName: web}",
                &["www.example.com", "b.${DOMAIN}"],
                None,
            ),
            (
                "{hosts: ['*.shop.example.com'], secretName: web}",
                &[],
                None,
            ),
            ("{hosts: [b.example.com]}", &["c.example.com"], None),
        ] {
            let text = ingress(tls, hosts) + &secret("web", NAMES);
            let expected = expected.map(|line| format!("f.yaml:1 spec.{line}"));
            assert_eq!(found(find, &text), Vec::from_iter(expected), "{tls}");
        }
    }

    #[test]
    fn a_common_name_is_no_name_of_a_host() {
        for pem in [
            include_str!("testing/common_name.pem"),
            include_str!("testing/version_1.pem"),
            include_str!("testing/address.pem"),
        ] {
            let tls = "{hosts: [shop.example.com], secretName: web}";
            assert_eq!(
                found(find, &(ingress(tls, &[]) + &secret("web", pem))),
                [
                    "f.yaml:1 spec.tls[0].hosts[0] the certificate of Secret \"web\" (f.yaml:3) has no DNS name as a subject \
                     alternative name, so clients refuse it for \"shop.example.com\", whatever its common name"
                ]
            );
        }
    }

    #[test]
    fn what_cert_manager_is_asked_for_counts() {
        let tls = "{hosts: [a.example.com], secretName: web}";
        for (spec, is_found) in [
            ("dnsNames: [b.example.com]", true),
            ("dnsNames: [b.example.com], commonName: b.example.com", true),
            ("dnsNames: [b.example.com, B.example.com]", true),
            ("dnsNames: [b.example.com, a.example.com]", false),
            ("dnsNames: ['*.example.com']", false),
            (
                "dnsNames: [b.example.com], commonName: a.example.com",
                false,
            ),
            ("ipAddresses: [198.51.100.7]", false),
            ("dnsNames: ['${DOMAIN}']", false),
        ] {
            let text = ingress(tls, &[]) + &certificate("web", spec);
            let expected = is_found.then(|| {
                format!(
                    "f.yaml:1 spec.tls[0].hosts[0] the certificate of Secret \"web\" (of Certificate c, f.yaml:3) is for \
                     \"b.example.com\", not for \"a.example.com\": {FAKES}"
                )
            });
            assert_eq!(found(find, &text), Vec::from_iter(expected), "{spec}");
        }
    }

    #[test]
    fn a_listener_takes_the_certificate_that_fits() {
        let (one, two) = ("{name: web}", "{name: web}, {name: api}");
        let api = secret("api", NAMES) + &certificate("shop", "dnsNames: [a.example.org]");
        for (host, refs, expected) in [
            (
                "b.example.com",
                one,
                Some(format!("{OF_WEB} \"b.example.com\": clients refuse it")),
            ),
            ("www.example.com", one, None),
            ("a.shop.example.com", two, None),
            ("a.example.org", "{name: web}, {name: shop}", None),
            (
                "b.example.com",
                "{name: web}, {name: shop}",
                Some(
                    "the certificates of Secret \"web\" (f.yaml:3) and Secret \"shop\" (of Certificate c, f.yaml:7) are for \
                     \"www.example.com\", \"*.Shop.example.com\" and \"a.example.org\", not for \"b.example.com\": clients \
                     refuse it"
                        .to_owned(),
                ),
            ),
            // It is not known what is in the other one.
            ("b.example.com", "{name: web}, {name: unknown}", None),
            ("b.example.com", "{name: web}, {name: x, kind: Bundle, group: x.io}", None),
            // A route may take a part of it.
            ("*.example.com", one, None),
            ("*.shop.example.com", one, None),
            (
                "*.example.net",
                one,
                Some(format!("{OF_WEB} \"*.example.net\": clients refuse it")),
            ),
            ("", one, None),
        ] {
            let text = gateway(host, refs) + &secret("web", NAMES) + &api;
            let expected = expected.map(|line| format!("f.yaml:1 spec.listeners[0].hostname {line}"));
            assert_eq!(found(find, &text), Vec::from_iter(expected), "{host} {refs}");
        }
    }
}
