//! A Secret with a certificate that is not there.

use shared::{Level, Rule, quote, rule};

use super::{
    Found, Manifests,
    tls::{FAKE, Side},
};
use cluster::{Found as Lookup, Get};

pub(super) static RULE: Rule = rule! {
    id: "missing_tls_secret",
    summary: "A Secret for TLS that an Ingress or a Gateway names, and that is not there",
    why: "ingress-nginx serves its \"Kubernetes Ingress Controller Fake Certificate\", and says so in its log alone; \
          the listener of a Gateway reports InvalidCertificateRef. Where nothing like it is among the manifests, it is listed \
          with what is needed from elsewhere",
    fix: "create it: kubectl create secret tls",
    levels: [Warn],
};

/// One for each name of a Secret that is absent.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for endpoint in manifests.endpoints() {
        for named in endpoint
            .secrets
            .iter()
            .filter(|named| named.found.is_none())
        {
            let consequence = match endpoint.side {
                Side::Ingress => format!("ingress-nginx serves {FAKE}"),
                Side::Listener => "its listener reports InvalidCertificateRef".to_owned(),
            };
            found.push(Found {
                object: endpoint.object,
                field: named.field.clone(),
                problem: format!(
                    "Secret {} is not there (yet), so {consequence}",
                    quote(named.name)
                ),
                fix: "create it: kubectl create secret tls".to_owned(),
                level: Level::Warn,
                code: None,
                absent: Some(Get {
                    api_version: "v1".to_owned(),
                    kind: "Secret".to_owned(),
                    namespace: Some(named.namespace.to_owned()),
                    name: named.name.to_owned(),
                    found: Lookup::Nothing,
                }),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    fn ingress(metadata: &str, tls: &str) -> String {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {metadata}, spec: {{ingressClassName: nginx, \
             tls: [{tls}]}}}}\n"
        )
    }

    fn gateway(tls: &str) -> String {
        format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: web, namespace: shop}}, spec: \
             {{listeners: [{{name: web, tls: {{{tls}}}}}]}}}}\n"
        )
    }

    const SECRET: &str = "---\n{apiVersion: v1, kind: Secret, metadata: {name: web, namespace: shop}, type: kubernetes.io/tls}\n";

    #[test]
    fn each_name_of_an_absent_secret_is_told() {
        let tls = "{hosts: [a.example.com], secretName: web}, {secretName: api}";
        let fake = "is not there (yet), so ingress-nginx serves its \"Kubernetes Ingress Controller Fake Certificate\"";
        for (namespace, expected) in [
            ("shop", vec!["[1].secretName Secret \"api\""]),
            // A Secret is one of its namespace.
            (
                "bank",
                vec![
                    "[0].secretName Secret \"web\"",
                    "[1].secretName Secret \"api\"",
                ],
            ),
        ] {
            let text = ingress(&format!("{{name: web, namespace: {namespace}}}"), tls) + SECRET;
            let expected = expected.iter();
            let expected: Vec<String> = expected
                .map(|it| format!("f.yaml:1 spec.tls{it} {fake}"))
                .collect();
            assert_eq!(found(find, &text), expected);
        }
        let refs = "certificateRefs: [{name: web}, {name: api}, {name: web, namespace: certs}]";
        let told = |index: usize, name: &str| {
            format!(
                "f.yaml:1 spec.listeners[0].tls.certificateRefs[{index}].name Secret \"{name}\" is not there (yet), so its \
                 listener reports InvalidCertificateRef"
            )
        };
        assert_eq!(
            found(find, &(gateway(refs) + SECRET)),
            [told(1, "api"), told(2, "web")]
        );
    }

    #[test]
    fn what_is_made_or_read_elsewhere_is_not_absent() {
        let web = "{name: web, namespace: shop}";
        let issuer =
            "{name: web, namespace: shop, annotations: {cert-manager.io/cluster-issuer: ca}}";
        let alb = "{name: web, namespace: shop, annotations: {alb.ingress.kubernetes.io/scheme: internal}}";
        let tls = "{hosts: [a.example.com], secretName: api}";
        let made = "---\n{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: api, namespace: shop}}\n";
        for text in [
            ingress(issuer, tls),
            ingress(alb, tls),
            ingress(web, tls).replace("ingressClassName: nginx", "ingressClassName: alb"),
            ingress(web, tls) + made,
            // There is no name, or it is yet to be filled in.
            ingress(
                web,
                "{hosts: [a.example.com]}, {secretName: ''}, {secretName: '${TLS}'}",
            ),
            ingress(web, tls).replace("networking.k8s.io/v1", "extensions/v1beta1"),
            ingress(web, tls).replace("kind: Ingress", "kind: IngressClass"),
            gateway("mode: Passthrough, certificateRefs: [{name: api}]"),
            gateway("certificateRefs: [{name: api, kind: Bundle, group: x.io}]"),
            gateway("certificateRefs: [{name: api, kind: Bundle}]"),
            gateway("certificateRefs: [{name: api, group: x.io}]"),
            gateway("certificateRefs: [{name: api}]")
                .replace("gateway.networking.k8s.io", "networking.istio.io"),
        ] {
            assert_eq!(found(find, &text), [""; 0], "{text}");
        }
    }
}
