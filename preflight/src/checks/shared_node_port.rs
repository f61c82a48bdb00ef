//! Two Services that ask for one node port.
//!
//! A number belongs to one Service of the whole cluster, whatever the namespace and the protocol, and the API server
//! refuses the second with "provided port is already allocated"
//! (`pkg/registry/core/service/portallocator/allocator.go`). The numbers for health checks come out of the same pool
//! (`pkg/registry/core/service/storage/alloc.go`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use shared::{Level, Rule, rule};
use tree::Value;

use super::{Found, INVALID, Identity, Manifests, NAMED, Objects, listed};
use crate::{manifests::Object, report::Subject};
use cluster::{environments, kinds::text};

pub(super) static RULE: Rule = rule! {
    id: "shared_node_port",
    summary: "A node port that two Services ask for",
    why: "The API server refuses the second (`provided port is already allocated`)",
    fix: "set another nodePort here or there, or leave it out to get a free one",
    levels: [Deny],
};

/// A field that asks for a number.
pub(super) struct Claim<'a> {
    pub(super) number: u16,
    /// The protocols that it is asked for.
    pub(super) protocols: BTreeSet<&'a str>,
    pub(super) field: String,
    pub(super) object: &'a Object,
    identity: &'a Identity,
    pub(super) position: usize,
}

/// What all Services ask for.
pub(super) fn all(objects: Objects<'_>) -> Vec<Claim<'_>> {
    let manifests = objects.all.iter().zip(objects.identities).enumerate();
    manifests
        .flat_map(|(position, (object, identity))| claims(position, object, identity))
        .collect()
}

/// A refusal for each Service and number that another Service asks for, too.
///
/// The same number twice in one Service is left to the policy: TCP and UDP may share one. Two manifests of one Service,
/// such as two overlays, do not stand in each other's way, and neither do Services of two environments
/// ([`environments`]).
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let claims = manifests.node_ports();
    let mut rivals: BTreeMap<u16, Vec<&Claim<'_>>> = BTreeMap::new();
    for claim in claims {
        rivals.entry(claim.number).or_default().push(claim);
    }
    // The same for all claims of a folder: there may be thousands.
    let mut of_folders: BTreeMap<(u16, &Path), Vec<&Claim<'_>>> = BTreeMap::new();
    let refusals = claims.iter().filter_map(|claim| {
        let folder = Path::new(&claim.object.file).parent();
        let key = (claim.number, folder.unwrap_or(Path::new("")));
        let all = || in_reach(claim, rivals.get(&claim.number).map_or(&[], Vec::as_slice));
        refusal(claim, of_folders.entry(key).or_insert_with(all))
    });
    refusals.collect()
}

/// The Services that may be in one cluster with a claim, its own among them: each once, where it asks first.
fn in_reach<'c, 'a>(claim: &Claim<'a>, rivals: &[&'c Claim<'a>]) -> Vec<&'c Claim<'a>> {
    let mut known = BTreeSet::new();
    let rivals = rivals.iter().copied();
    rivals
        .filter(|rival| environments::may_be_one(&rival.object.file, &claim.object.file))
        .filter(|rival| known.insert(rival.identity))
        .collect()
}

/// What an object asks for, each number once: the first field stands for all.
fn claims<'a>(position: usize, object: &'a Object, identity: &'a Identity) -> Vec<Claim<'a>> {
    let spec = |key: &str| text(&object.value, &format!("/spec/{key}"));
    let service = object.group().is_empty() && object.kind() == "Service";
    // Other types have none: they are refused with one, or it is stored and means nothing.
    let kind = spec("type").filter(|kind| service && ["NodePort", "LoadBalancer"].contains(kind));
    let Some(kind) = kind else {
        return Vec::new();
    };
    // `allocateLoadBalancerNodePorts: false` keeps no Service from asking.
    let ports = object
        .value
        .pointer("/spec/ports")
        .and_then(Value::as_array);
    let mut fields: Vec<(Option<&Value>, &str, String)> = ports
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, port)| {
            (
                port.get("nodePort"),
                text(port, "/protocol").unwrap_or("TCP"),
                format!("spec.ports[{index}].nodePort"),
            )
        })
        .collect();
    if kind == "LoadBalancer" && spec("externalTrafficPolicy") == Some("Local") {
        let value = object.value.pointer("/spec/healthCheckNodePort");
        fields.push((value, "TCP", "spec.healthCheckNodePort".to_owned()));
    }
    let mut asked: Vec<Claim<'_>> = Vec::new();
    for (value, protocol, field) in fields {
        // Zero asks for any number, and what is no port is refused for that.
        let number = value.and_then(Value::as_u64);
        let number = number.and_then(|number| u16::try_from(number).ok());
        let Some(number) = number.filter(|number| *number != 0) else {
            continue;
        };
        match asked.iter_mut().find(|claim| claim.number == number) {
            Some(claim) => {
                claim.protocols.insert(protocol);
            }
            None => asked.push(Claim {
                number,
                protocols: BTreeSet::from([protocol]),
                field,
                object,
                identity,
                position,
            }),
        }
    }
    asked
}

/// `None` when no other Service asks.
fn refusal(claim: &Claim<'_>, in_reach: &[&Claim<'_>]) -> Option<Found> {
    let count = in_reach.len().checked_sub(1).filter(|count| *count > 0)?;
    let others = in_reach
        .iter()
        .filter(|other| other.identity != claim.identity);
    let names = others.take(NAMED).map(|other| {
        let place = other.object.place_of(&other.field);
        format!("{} ({place})", Subject::of(other.object))
    });
    let names = listed(names.collect(), count.saturating_sub(NAMED));
    let what = claim.field.rsplit('.').next().unwrap_or_default();
    Some(Found {
        object: claim.position,
        field: claim.field.clone(),
        problem: format!("{} is asked for by {names}, too", claim.number),
        fix: format!("set another {what} here or there, or leave it out to get a free one"),
        level: Level::Deny,
        code: Some(INVALID),
        absent: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    /// One line of YAML each, as documents of one file: the second stands in line 3.
    fn services(services: &[(&str, &str)]) -> String {
        let service = |(name, spec): &(&str, &str)| {
            format!("{{apiVersion: v1, kind: Service, metadata: {name}, spec: {spec}}}\n")
        };
        services
            .iter()
            .map(service)
            .collect::<Vec<_>>()
            .join("---\n")
    }

    const WEB: (&str, &str) = (
        "{name: web}",
        "{type: NodePort, ports: [{port: 80, nodePort: 30080}]}",
    );

    #[test]
    fn each_of_two_services_is_told_of_the_other() {
        let api = "{type: LoadBalancer, allocateLoadBalancerNodePorts: false, \
                   ports: [{port: 1}, {port: 2, protocol: UDP, nodePort: 30080}]}";
        assert_eq!(
            found(
                find,
                &services(&[WEB, ("{name: api, namespace: shop}", api)])
            ),
            [
                "f.yaml:1 spec.ports[0].nodePort 30080 is asked for by Service shop/api (f.yaml:3), too",
                "f.yaml:3 spec.ports[1].nodePort 30080 is asked for by Service web (f.yaml:1), too",
            ]
        );
    }

    #[test]
    fn of_many_the_first_are_named_and_the_rest_is_counted() {
        let names = [
            "{name: a}",
            "{name: b}",
            "{name: c}",
            "{name: d}",
            "{name: e}",
        ];
        let services = services(&names.map(|name| (name, WEB.1)));
        assert_eq!(
            found(find, &services).last().unwrap(),
            "f.yaml:9 spec.ports[0].nodePort 30080 is asked for by Service a (f.yaml:1), Service b (f.yaml:3), \
             Service c (f.yaml:5) and 1 more, too"
        );
    }

    #[test]
    fn a_health_check_takes_its_number_from_the_same_pool() {
        for (kind, policy, clash) in [
            ("LoadBalancer", "Local", true),
            ("LoadBalancer", "Cluster", false),
            ("NodePort", "Local", false),
        ] {
            let spec = format!(
                "{{type: {kind}, externalTrafficPolicy: {policy}, healthCheckNodePort: 30080}}"
            );
            let expected = [
                "f.yaml:1 spec.ports[0].nodePort 30080 is asked for by Service edge (f.yaml:3), too",
                "f.yaml:3 spec.healthCheckNodePort 30080 is asked for by Service web (f.yaml:1), too",
            ];
            let expected = if clash { &expected[..] } else { &[] };
            assert_eq!(
                found(find, &services(&[WEB, ("{name: edge}", &spec)])),
                expected
            );
        }
    }

    #[test]
    fn only_different_services_that_get_the_number_clash() {
        let other = |spec| services(&[WEB, ("{name: other}", spec)]);
        for text in [
            // Nothing is allocated for these types.
            other("{type: ClusterIP, ports: [{nodePort: 30080}]}"),
            other("{type: ExternalName, ports: [{nodePort: 30080}]}"),
            other("{ports: [{nodePort: 30080}]}"),
            // Not this number, or none at all.
            other(
                "{type: NodePort, ports: [{nodePort: 30081}, {nodePort: 0}, {port: 1}, {nodePort: null}, 1]}",
            ),
            other(
                "{type: NodePort, ports: [{nodePort: '30080'}, {nodePort: 95616}, {nodePort: -1}]}",
            ),
            other("{type: NodePort, ports: 1}"),
            other("1"),
            // Two manifests of one Service, whether the namespace is written or not.
            services(&[WEB, ("{name: web, namespace: default}", WEB.1)]),
            // One Service alone.
            services(&[(
                "{name: dns}",
                "{type: NodePort, ports: [{nodePort: 30053}, {nodePort: 30053, protocol: UDP}]}",
            )]),
            // Another kind of Service.
            format!(
                "{}---\n{{apiVersion: serving.knative.dev/v1, kind: Service, spec: {}}}\n",
                services(&[WEB]),
                WEB.1
            ),
        ] {
            assert_eq!(found(find, &text), [""; 0], "{text}");
        }
    }

    #[test]
    fn names_that_are_generated_make_different_services() {
        let generated = ("{generateName: web-}", WEB.1);
        assert_eq!(found(find, &services(&[generated, generated])).len(), 2);
    }

    #[test]
    fn the_overlays_of_a_service_are_told_of_another_one() {
        assert_eq!(
            found(find, &services(&[WEB, ("{name: api}", WEB.1), WEB])),
            [
                "f.yaml:1 spec.ports[0].nodePort 30080 is asked for by Service api (f.yaml:3), too",
                "f.yaml:3 spec.ports[0].nodePort 30080 is asked for by Service web (f.yaml:1), too",
                "f.yaml:5 spec.ports[0].nodePort 30080 is asked for by Service api (f.yaml:3), too",
            ]
        );
    }
}
