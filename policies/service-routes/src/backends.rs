//! Judges references to Services and their ports, those of Ingresses and those of routes.

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::Service as CoreService;
use shared::cluster::Lookup;
use shared::index::{Index, hash, keep_first};
use shared::{ClusterError, Cursor, Error, FieldPath, IntOrString, Level, Verdict, cluster};

use crate::lists::with_services;
use crate::review::{Review, Stage};
use crate::rules::{missing_port, missing_service};
use crate::views::Service;

/// A reference to a port of a Service.
#[derive(Debug)]
pub(crate) struct BackendRef<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) service: &'a str,
    pub(crate) port: Option<IntOrString<'a>>,
    /// Where it is.
    pub(crate) place: String,
    /// Whether an Ingress has it, whose controllers may take a `targetPort`, and whose fields have other names.
    pub(crate) is_of_ingress: bool,
    /// Whether it gets any requests.
    pub(crate) is_used: bool,
}

impl BackendRef<'_> {
    /// Whether both are to one Service.
    fn is_to_that_of(&self, other: &Self) -> bool {
        (self.namespace, self.service) == (other.namespace, other.service)
    }

    /// How serious it is that it leads nowhere, which would be `level` otherwise.
    pub(crate) fn at_most(&self, level: Level) -> Level {
        if self.is_used {
            level
        } else {
            level.at_most(Level::Warn)
        }
    }
}

/// Up to this many Services are got one by one; for more, the list is asked for.
const MAX_GETS: usize = 16;

/// The fields of a Service that a reference needs.
const MASK: &[&str] = &["spec.ports", "spec.type"];

/// Judges references.
pub(crate) fn judge(
    review: &Review<'_>,
    backends: &[&BackendRef<'_>],
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let settings = review.settings;
    if settings.missing_port == Level::Off && settings.missing_service == Level::Off {
        return Ok(());
    }
    // The first reference to each Service.
    let mut services = backends.to_vec();
    let key = |one: &&BackendRef<'_>| hash(hash(0, one.namespace), one.service);
    keep_first(&mut services, key, |one, other| one.is_to_that_of(other));
    let mut listed: Vec<&BackendRef<'_>> = Vec::new();
    if services.len() > MAX_GETS {
        listed.extend(backends);
    } else {
        for service in services {
            let mut same = backends.to_vec();
            same.retain(|other| other.is_to_that_of(service));
            if !judge_got(review, service, &same, verdict)? {
                listed.extend(same);
            }
        }
    }
    // Most are of one namespace.
    let mut namespaces = Vec::new();
    for reference in &listed {
        if !namespaces.contains(&reference.namespace) {
            namespaces.push(reference.namespace);
            judge_listed(review, reference.namespace, &listed, verdict)?;
        }
    }
    Ok(())
}

/// Judges references to a Service that is got. Whether there is one.
fn judge_got(
    review: &Review<'_>,
    first: &BackendRef<'_>,
    references: &[&BackendRef<'_>],
    verdict: &mut Verdict,
) -> Result<bool, Error> {
    let lookup = Lookup {
        api_version: CoreService::API_VERSION,
        kind: CoreService::KIND,
        name: first.service,
        namespace: Some(first.namespace),
        // A set of manifests has written it a moment ago.
        disable_cache: true,
        field_masks: MASK,
    };
    let found = match cluster::fetch(review.cluster, &lookup) {
        Err(ClusterError::NotFound) => return Ok(false),
        answer => answer.and_then(|answer| {
            let json = answer.parse()?;
            let service = Service::read(&Cursor::new(&json, FieldPath::new("")))?;
            for reference in references {
                missing_port::check(review, reference, &service, verdict);
            }
            Ok(true)
        }),
    };
    found.map_err(|error| lookup.failed(error))
}

/// Judges references by the Services of their namespace.
fn judge_listed(
    review: &Review<'_>,
    namespace: &str,
    references: &[&BackendRef<'_>],
    verdict: &mut Verdict,
) -> Result<(), Error> {
    with_services(
        review,
        namespace,
        &|_| Ok(true),
        verdict,
        &mut |services, verdict| {
            let names = Index::of(&mut services.iter().map(|service| service.name));
            for reference in references.iter().filter(|one| one.namespace == namespace) {
                let places = names.places(hash(0, reference.service));
                let mut found = places.filter_map(|place| services.get(place));
                if let Some(service) = found.find(|service| service.name == reference.service) {
                    missing_port::check(review, reference, service, verdict);
                } else if !(services.is_empty() && review.stage == Stage::Plain) {
                    // Where manifests have no Service at all, those of the namespace are elsewhere.
                    missing_service::check(review, reference, services, verdict);
                }
            }
            Ok(())
        },
    )
}
