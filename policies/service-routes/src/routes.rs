//! Judges the routes of the Gateway API against the Services that they name, also in other namespaces.
//!
//! Sources: `BackendObjectReference` in `apis/v1/object_reference_types.go` and the definitions in `config/crd/standard` of
//! kubernetes-sigs/gateway-api. A `ReferenceGrant` of v1beta1 is served everywhere, one of v1 since 1.5.

use shared::cluster::{self, ListLookup};
use shared::{
    ClusterError, Cursor, DecodeError, Error, GroupVersionKind, IntOrString, Level, Verdict,
};

use crate::backends::{self, BackendRef};
use crate::review::{Review, Stage};
use crate::rules::{missing_grant, unreadable_object};
use crate::views::wants;

/// The group of the Gateway API.
const GROUP: &str = "gateway.networking.k8s.io";

/// Whether a kind is a route that is read.
pub(crate) fn is_route(kind: &GroupVersionKind<'_>) -> bool {
    kind.group == GROUP && matches!(kind.kind, "HTTPRoute" | "GRPCRoute")
}

/// Judges a route.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let mut backends = Vec::new();
    review.request.object().map("spec", |spec| {
        let mut rules = 0;
        spec.each("rules", &mut |rule| {
            let mut index = 0;
            rule.each("backendRefs", &mut |backend| {
                let place = format!("spec.rules[{rules}].backendRefs[{index}]");
                index += 1;
                // Nothing goes there with a weight of 0.
                let is_used = backend.integer("weight")? != Some(0);
                backends.extend(reference(review, backend, place, is_used)?);
                Ok(())
            })?;
            rules += 1;
            Ok(())
        })
    })?;
    if review.keeps(&["spec.rules"]) {
        return Ok(());
    }
    review.beside_others(verdict, &mut |verdict| {
        let is_here = |backend: &&BackendRef<'_>| backend.namespace == review.namespace;
        let mut judged: Vec<&BackendRef<'_>> = backends.iter().filter(is_here).collect();
        let mut namespaces = Vec::new();
        for backend in &backends {
            let namespace = backend.namespace;
            if is_here(&backend)
                || namespaces.contains(&namespace)
                || review.settings.missing_grant == Level::Off
            {
                continue;
            }
            namespaces.push(namespace);
            let Some(granted) = granted(review, namespace, verdict)? else {
                continue;
            };
            for backend in backends.iter().filter(|other| other.namespace == namespace) {
                let mut granted = granted.iter();
                if granted.any(|name| name.is_empty() || name == backend.service) {
                    judged.push(backend);
                } else {
                    missing_grant::check(review, backend, verdict);
                }
            }
        }
        backends::judge(review, &judged, verdict)
    })
}

/// Reads a reference; none to another kind of object.
fn reference<'a>(
    review: &Review<'a>,
    cursor: &Cursor<'a>,
    place: String,
    is_used: bool,
) -> Result<Option<BackendRef<'a>>, DecodeError> {
    let is_service =
        cursor.text("group")?.is_empty() && matches!(cursor.text("kind")?, "" | "Service");
    let reference = BackendRef {
        namespace: match cursor.text("namespace")? {
            "" => review.namespace,
            namespace => namespace,
        },
        service: cursor.text("name")?,
        port: cursor.integer("port")?.map(IntOrString::Int),
        place,
        is_of_ingress: false,
        is_used,
    };
    Ok(is_service.then_some(reference))
}

/// The Services that the grants of a namespace let such a route refer to; an empty name stands for all. None beside a
/// manifest where there are no grants at all: they are elsewhere.
fn granted(
    review: &Review<'_>,
    namespace: &str,
    verdict: &mut Verdict,
) -> Result<Option<Vec<String>>, Error> {
    let lookup = ListLookup {
        api_version: "gateway.networking.k8s.io/v1beta1",
        kind: "ReferenceGrant",
        namespace,
        field_masks: &["spec.from", "spec.to"],
    };
    let mut granted = Vec::new();
    let mut has_some = review.stage != Stage::Plain;
    match cluster::list(review.cluster, &lookup) {
        Err(ClusterError::NotServed) => {}
        Err(error) => return Err(lookup.failed(error)),
        Ok(answer) => {
            for item in lookup.parse(&answer, wants)?.items() {
                has_some = true;
                if let Err(error) = read_grant(review, &item, &mut granted) {
                    unreadable_object::check(lookup.kind, &item, &error, verdict);
                }
            }
        }
    }
    Ok(has_some.then_some(granted))
}

fn read_grant(
    review: &Review<'_>,
    grant: &Cursor<'_>,
    granted: &mut Vec<String>,
) -> Result<(), DecodeError> {
    let read = grant.map("spec", |spec| {
        let mut is_from_here = false;
        spec.each("from", &mut |from| {
            is_from_here |= from.text("group")? == GROUP
                && from.text("kind")? == review.request.kind.kind
                && from.text("namespace")? == review.namespace;
            Ok(())
        })?;
        spec.each("to", &mut |to| {
            let name = to.text("name")?;
            if is_from_here && to.text("group")?.is_empty() && to.text("kind")? == "Service" {
                granted.push(name.to_owned());
            }
            Ok(())
        })
    });
    read.map(|_| ())
}
