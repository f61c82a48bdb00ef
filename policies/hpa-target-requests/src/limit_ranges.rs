//! The requests that the `LimitRange`s of a namespace give to containers that have none.
//!
//! They are added when a pod is made, so that no template shows them.
//! Source: `plugin/pkg/admission/limitranger/admission.go`.

use std::rc::Rc;

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::LimitRange;
use shared::cluster::{Cluster, ListLookup};
use shared::index::{Index, hash};
use shared::kubernetes::quantity::{self, Quantity};
use shared::{Cursor, DecodeError, Error, Verdict};

use crate::rules::unreadable_object;

/// Requests by resource; of several, the first counts.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    requests: Vec<Given>,
    index: Index,
}

/// A request that a `LimitRange` gives.
#[derive(Debug)]
struct Given {
    resource: String,
    quantity: Quantity,
    /// The name of the one that gives it.
    limit_range: Rc<str>,
}

/// What a limit range gives, what counts first at the front: it fills `default` from `max`, and `defaultRequest` from
/// `default`, then from `min`. Source: `SetDefaults_LimitRangeItem` in `pkg/apis/core/v1/defaults.go`.
const SOURCES: &[&str] = &["defaultRequest", "default", "max", "min"];

impl Defaults {
    /// Asks for the limit ranges of a namespace. One that cannot be read is passed over, and said.
    pub(crate) fn of(
        namespace: &str,
        cluster: &dyn Cluster,
        verdict: &mut Verdict,
    ) -> Result<Self, Error> {
        let lookup = ListLookup {
            api_version: LimitRange::API_VERSION,
            kind: LimitRange::KIND,
            namespace,
            field_masks: &["spec.limits"],
        };
        let answer = lookup.ask(cluster)?;
        // The names of resources are fields, and there are few objects of this kind.
        let list = lookup.parse(&answer, |_| true)?;
        let mut requests = Vec::new();
        for item in list.items() {
            match read(&item) {
                Ok(found) => requests.extend(found),
                Err(error) => unreadable_object::check(LimitRange::KIND, &item, &error, verdict),
            }
        }
        let index = Index::of(&mut requests.iter().map(|given: &Given| given.resource.as_str()));
        Ok(Self { requests, index })
    }

    /// What a container requests of a resource that its template does not mention.
    pub(crate) fn request(&self, resource: &str) -> Option<Quantity> {
        self.request_and_source(resource)
            .map(|(quantity, _)| quantity)
    }

    /// The same, with the name of the `LimitRange` that gives it.
    pub(crate) fn request_and_source(&self, resource: &str) -> Option<(Quantity, &str)> {
        let places = self.index.places(hash(0, resource));
        let mut found = places.filter_map(|place| self.requests.get(place));
        let found = found.find(|given| given.resource == resource)?;
        Some((found.quantity, &found.limit_range))
    }
}

fn read(limit_range: &Cursor<'_>) -> Result<Vec<Given>, DecodeError> {
    let name = limit_range.map("metadata", |metadata| metadata.text("name"))?;
    let name: Rc<str> = name.unwrap_or_default().into();
    let items = limit_range.map("spec", |spec| {
        spec.list("limits", |item| {
            let mut defaults = Vec::new();
            if item.text("type")? == "Container" {
                for source in SOURCES {
                    defaults.extend(quantity::read_all(item, source)?);
                }
            }
            Ok(defaults)
        })
    })?;
    let items = items.into_iter().flatten().flatten();
    Ok(items
        .map(|(resource, quantity)| Given {
            resource: resource.to_owned(),
            quantity,
            limit_range: Rc::clone(&name),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, unrestricted};

    use super::*;

    /// What the limit ranges give of cpu and memory, and the warnings.
    fn given(specs: &[Value]) -> (Option<Quantity>, Option<Quantity>, usize) {
        let objects: Vec<Value> = specs
            .iter()
            .enumerate()
            .map(|(index, spec)| {
                json!({"apiVersion": "v1", "kind": "LimitRange",
                    "metadata": {"name": format!("limits-{index}"), "namespace": "shop"}, "spec": spec})
            })
            .collect();
        let mut verdict = Verdict::accept();
        let defaults = Defaults::of(
            "shop",
            &unrestricted(MemoryCluster::new(objects)),
            &mut verdict,
        )
        .unwrap();
        let warnings = usize::from(verdict != Verdict::accept());
        (
            defaults.request("cpu"),
            defaults.request("memory"),
            warnings,
        )
    }

    #[test]
    fn every_bound_of_containers_is_a_default_request() {
        let (zero, some) = (Some(Quantity::Zero), Some(Quantity::Something));
        for (item, expected) in [
            (
                json!({"type": "Container", "defaultRequest": {"cpu": "100m"}}),
                (some, None),
            ),
            (
                json!({"type": "Container", "default": {"cpu": 1}}),
                (some, None),
            ),
            (
                json!({"type": "Container", "max": {"cpu": "1"}}),
                (some, None),
            ),
            (
                json!({"type": "Container", "min": {"cpu": "1m", "memory": "1Mi"}}),
                (some, some),
            ),
            (
                json!({"type": "Container", "defaultRequest": {"cpu": 0}, "max": {"cpu": 1}}),
                (zero, None),
            ),
            (
                json!({"type": "Container", "maxLimitRequestRatio": {"cpu": 2}}),
                (None, None),
            ),
            (
                json!({"type": "Pod", "max": {"cpu": "1"}, "default": {"cpu": "1"}}),
                (None, None),
            ),
        ] {
            let (cpu, memory, _) = given(&[json!({"limits": [item]})]);
            assert_eq!((cpu, memory), expected, "{item}");
        }
        assert_eq!(
            given(&[json!(null), json!({}), json!({"limits": null})]),
            (None, None, 0)
        );
    }

    #[test]
    fn one_that_cannot_be_read_does_not_hide_the_others() {
        let bad = json!({"limits": [{"type": "Container", "max": {"cpu": "lots"}}]});
        let good = json!({"limits": [{"type": "Container", "max": {"cpu": "1"}}]});
        assert_eq!(given(&[bad, good]), (Some(Quantity::Something), None, 1));
    }
}
