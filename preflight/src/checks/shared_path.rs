//! Two Ingresses with one host and path.
//!
//! ingress-nginx takes the older one; of two of one second, the one whose `namespace/name` comes last in the alphabet
//! (`sortIngressSlice` in `internal/ingress/controller/store/store.go` of kubernetes/ingress-nginx). Its webhook refuses
//! the second one, where it is on. Other controllers merge them, or take another one.

use std::collections::BTreeMap;

use shared::{Level, Rule, quote, rule};
use tree::Value;

use super::{
    Found, Identity, Manifests, NAMED,
    ingress::{annotation, class, is_ingress, items},
    listed,
};
use crate::{manifests::Object, report::Subject};
use cluster::{environments, kinds::text};

pub(super) static RULE: Rule = rule! {
    id: "shared_path",
    summary: "A host and path that two Ingresses of one class have, with different backends",
    why: "In ingress-nginx, the older one gets all requests, in other controllers another one, and no event says so",
    fix: "take it out of one of them",
    levels: [Warn],
};

/// Of ingress-nginx, which reads it as Go's `ParseBool` does (`GetBoolAnnotation` in
/// `internal/ingress/annotations/parser/main.go`).
const CANARY: &str = "nginx.ingress.kubernetes.io/canary";

/// Annotations by which several Ingresses are parts of one.
const SHARING: &[&str] = &[
    "nginx.org/mergeable-ingress-type",
    "alb.ingress.kubernetes.io/group.name",
];

/// Classes whose controllers give each Ingress a load balancer of its own, unless they share it by an annotation.
/// Sources: the guides of the AWS Load Balancer Controller (`IngressGroup`) and of GKE Ingress.
const OF_THEIR_OWN: &[&str] = &["alb", "gce", "gce-internal"];

/// A path of an Ingress.
struct Claim<'a> {
    /// Class, host, type and path.
    path: [&'a str; 4],
    backend: &'a Value,
    field: String,
    object: &'a Object,
    identity: &'a Identity,
    position: usize,
}

/// A warning for each path that another Ingress of the same class has with another backend, in one cluster.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let identities = manifests.objects.identities;
    let claims: Vec<Claim<'_>> = manifests
        .current()
        .filter_map(|(position, object)| Some((position, object, identities.get(position)?)))
        .flat_map(|(position, object, identity)| claims(position, object, identity))
        .collect();
    let mut by_path: BTreeMap<[&str; 4], Vec<&Claim<'_>>> = BTreeMap::new();
    for claim in &claims {
        by_path.entry(claim.path).or_default().push(claim);
    }
    claims
        .iter()
        .filter_map(|claim| warning(claim, by_path.get(&claim.path)?))
        .collect()
}

/// The paths of an Ingress. None of another kind, and of one that shares its paths on purpose.
fn claims<'a>(position: usize, object: &'a Object, identity: &'a Identity) -> Vec<Claim<'a>> {
    let mut claims = Vec::new();
    let is_shared = |name: &&str| annotation(object, name).is_some();
    if !is_ingress(object) || SHARING.iter().any(is_shared) || is_canary(object) {
        return claims;
    }
    let class = class(object);
    if class.is_some_and(|class| OF_THEIR_OWN.contains(&class)) {
        return claims;
    }
    for (rule, host) in items(&object.value, "/spec/rules") {
        for (index, path) in items(host, "/http/paths") {
            let kind = text(path, "/pathType").unwrap_or_default();
            let own = text(path, "/path").unwrap_or_default();
            // A prefix ends with a slash or not.
            let own = if kind == "Prefix" {
                own.trim_end_matches('/')
            } else {
                own
            };
            let host = text(host, "/host").unwrap_or_default();
            let Some(backend) = path.get("backend") else {
                continue;
            };
            claims.push(Claim {
                path: [class.unwrap_or_default(), host, kind, own],
                backend,
                field: format!("spec.rules[{rule}].http.paths[{index}].path"),
                object,
                identity,
                position,
            });
        }
    }
    claims
}

/// Whether an Ingress has its paths beside another one on purpose.
fn is_canary(ingress: &Object) -> bool {
    let value = annotation(ingress, CANARY);
    value.is_some_and(|value| ["1", "t", "T", "true", "TRUE", "True"].contains(&value))
}

/// Whether two lead to the same: a backend is of the namespace of its Ingress.
fn leads_alike(one: &Claim<'_>, other: &Claim<'_>) -> bool {
    one.backend == other.backend && one.object.namespace() == other.object.namespace()
}

/// `None` where no other Ingress leads elsewhere.
fn warning(claim: &Claim<'_>, rivals: &[&Claim<'_>]) -> Option<Found> {
    let mut others: Vec<_> = rivals
        .iter()
        .filter(|rival| rival.identity != claim.identity && !leads_alike(rival, claim))
        .filter(|rival| environments::may_be_one(&rival.object.file, &claim.object.file))
        .collect();
    // Each once, where it has the path first.
    others.dedup_by_key(|rival| rival.position);
    if others.is_empty() {
        return None;
    }
    let names = others.iter().take(NAMED).map(|other| {
        let place = other.object.place_of(&other.field);
        format!("{} ({place})", Subject::of(other.object))
    });
    let names = listed(names.collect(), others.len().saturating_sub(NAMED));
    let [_, host, _, path] = claim.path;
    Some(Found {
        object: claim.position,
        field: claim.field.clone(),
        problem: format!(
            "{} of host {} is a path of {names}, too, with another backend: in ingress-nginx the older Ingress gets all \
             requests",
            quote(if path.is_empty() { "/" } else { path }),
            quote(host)
        ),
        fix: "take it out of one of them".to_owned(),
        level: Level::Warn,
        code: None,
        absent: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    /// One Ingress in a line: its metadata, its class, host, path and Service.
    fn ingress(metadata: &str, class: &str, host: &str, path: &str, service: &str) -> String {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {metadata}, spec: {{ingressClassName: {class}, \
             rules: [{{host: {host}, http: {{paths: [{{{path}, backend: {{service: {{name: {service}}}}}}}]}}}}]}}}}\n"
        )
    }

    const PREFIX: &str = "path: /a, pathType: Prefix";

    #[test]
    fn each_of_two_ingresses_is_told_of_the_other() {
        let one = ingress("{name: one}", "nginx", "a.example.com", PREFIX, "web");
        let slash = "path: /a/, pathType: Prefix";
        let two = ingress(
            "{name: two, namespace: shop}",
            "nginx",
            "a.example.com",
            slash,
            "api",
        );
        let why = "too, with another backend: in ingress-nginx the older Ingress gets all requests";
        assert_eq!(
            found(find, &format!("{one}---\n{two}")),
            [
                format!(
                    "f.yaml:1 spec.rules[0].http.paths[0].path \"/a\" of host \"a.example.com\" is a path of Ingress \
                     shop/two (f.yaml:3), {why}"
                ),
                format!(
                    "f.yaml:3 spec.rules[0].http.paths[0].path \"/a\" of host \"a.example.com\" is a path of Ingress one \
                     (f.yaml:1), {why}"
                ),
            ]
        );
    }

    #[test]
    fn only_what_leads_elsewhere_for_the_same_requests_clashes() {
        let one = ingress("{name: one}", "nginx", "a.example.com", PREFIX, "web");
        let exact = "path: /a, pathType: Exact";
        let canary = "{name: two, annotations: {nginx.ingress.kubernetes.io/canary: 'true'}}";
        let none = "{name: two, annotations: {nginx.ingress.kubernetes.io/canary: 'false'}}";
        let elsewhere = "{name: one, namespace: shop}";
        for two in [
            ingress(none, "nginx", "a.example.com", PREFIX, "api"),
            ingress(elsewhere, "nginx", "a.example.com", PREFIX, "web"),
        ] {
            let found = found(find, &format!("{one}---\n{two}"));
            assert_eq!(found.len(), 2, "{two}");
        }
        for two in [
            ingress("{name: two}", "internal", "a.example.com", PREFIX, "api"),
            ingress("{name: two}", "nginx", "b.example.com", PREFIX, "api"),
            ingress("{name: two}", "nginx", "a.example.com", exact, "api"),
            ingress("{name: two}", "nginx", "a.example.com", PREFIX, "web"),
            ingress("{name: one}", "nginx", "a.example.com", PREFIX, "api"),
            ingress(canary, "nginx", "a.example.com", PREFIX, "api"),
        ] {
            assert_eq!(found(find, &format!("{one}---\n{two}")), [""; 0], "{two}");
        }
    }

    #[test]
    fn load_balancers_of_their_own_share_no_path() {
        for (class, count) in [("nginx", 2), ("alb", 0), ("gce", 0), ("gce-internal", 0)] {
            let one = ingress("{name: one}", class, "a.example.com", PREFIX, "web");
            let two = ingress("{name: two}", class, "a.example.com", PREFIX, "api");
            let found = found(find, &format!("{one}---\n{two}"));
            assert_eq!(found.len(), count, "{class}");
        }
    }
}
