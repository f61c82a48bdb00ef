//! A port of a Service that goes while an Ingress names it.

use k8s_openapi::Resource;
use k8s_openapi::api::networking::v1::Ingress as CoreIngress;
use shared::cluster::ListLookup;
use shared::index::{Index, hash};
use shared::{Error, FieldPath, Finding, IntOrString, Level, Rule, Verdict, quote, rule};

use super::{NO_REQUEST, unreadable_object};
use crate::names::{insert_once, some_of, told};
use crate::review::Review;
use crate::views::{Ingress, Service, wants};

pub(crate) static RULE: Rule = rule! {
    id: "lost_port",
    summary: "An UPDATE of a Service that takes away a port which an Ingress of the namespace names",
    why: "The Ingress answers 503 from then on, and nothing says why",
    fix: "keep the port until the Ingress is changed",
    levels: [Warn by "services"],
};

/// Whether a Service still has the number and the name of each port that it had. A Service may have thousands.
fn keeps_all(service: &Service<'_>, old: &Service<'_>) -> bool {
    let ports = &service.ports;
    let hash_of_number = |number: i64| hash(number.unsigned_abs(), "");
    let hashes: Vec<u64> = ports
        .iter()
        .map(|port| hash_of_number(port.number))
        .collect();
    let numbers = Index::new(&hashes);
    let names = Index::of(&mut ports.iter().map(|port| port.name));
    old.ports.iter().all(|port| {
        let mut same_number = numbers.places(hash_of_number(port.number));
        let mut same_name = names.places(hash(0, port.name));
        same_number.any(|place| ports.get(place).is_some_and(|it| it.number == port.number))
            && same_name.any(|place| ports.get(place).is_some_and(|it| it.name == port.name))
    })
}

/// Whether a Service has a port of this number or name.
#[inline(never)]
fn has_port(service: &Service<'_>, port: IntOrString<'_>) -> bool {
    service.ports.iter().any(|known| match port {
        IntOrString::Int(number) => known.number == number,
        IntOrString::String(name) => known.name == name,
    })
}

/// Warns of each port that `old` had and an Ingress still names. Ingresses are looked up only where a port went.
pub(crate) fn check(
    review: &Review<'_>,
    service: &Service<'_>,
    old: &Service<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let level = review.settings.services;
    if service.is_external() || level == Level::Off || keeps_all(service, old) {
        return Ok(());
    }
    let lookup = ListLookup {
        api_version: CoreIngress::API_VERSION,
        kind: CoreIngress::KIND,
        namespace: review.namespace,
        field_masks: &["spec.defaultBackend", "spec.rules"],
    };
    let answer = lookup.ask(review.cluster)?;
    let list = lookup.parse(&answer, wants)?;
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for item in list.items() {
        let ingress = match Ingress::read(&item) {
            Ok(ingress) => ingress,
            Err(error) => {
                unreadable_object::check(lookup.kind, &item, &error, verdict);
                continue;
            }
        };
        let name = item.map("metadata", |metadata| metadata.text("name"));
        let name = name.ok().flatten().unwrap_or_default();
        let paths = ingress.paths.iter().map(|path| &path.backend);
        for backend in paths.chain(&ingress.default_backend) {
            let Some(port) = backend.port.filter(|_| backend.service == service.name) else {
                continue;
            };
            if has_port(old, port) && !has_port(service, port) {
                insert_once(&mut names, quote(name).to_string());
                insert_once(&mut ports, told(port));
            }
        }
    }
    if !names.is_empty() {
        let (names, ports) = (some_of(&names), some_of(&ports));
        let reason = format!("{ports} is gone, and Ingress {names} still names it");
        let finding = Finding::new(&RULE, &FieldPath::new("spec.ports"), reason);
        let finding = finding.consequence(NO_REQUEST);
        verdict.report(
            level,
            finding.fix(format!("keep it until Ingress {names} is changed")),
        );
    }
    Ok(())
}
