//! The pods that an autoscaler measures, as their template shows them.

use shared::quantity::{self, Quantity};
use shared::workload::{PodSpec, Resources, Role, SizedContainer};
use shared::{Cursor, DecodeError};

use crate::limit_ranges::Defaults;

/// The pods of a workload.
#[derive(Debug)]
pub(crate) struct Pods<'p> {
    /// The kind of the workload.
    pub(crate) kind: &'p str,
    /// Its name.
    pub(crate) name: &'p str,
    /// Where its pod spec is.
    pub(crate) path: &'p str,
    containers: Vec<Container<'p>>,
    /// What the pod requests as a whole, where that counts.
    whole: Option<Resources<'p>>,
    defaults: Defaults,
}

/// A container of the pods.
#[derive(Debug)]
pub(crate) struct Container<'p> {
    pub(crate) name: &'p str,
    pub(crate) role: Role,
    list: &'static str,
    index: usize,
    resources: Resources<'p>,
}

/// Why utilization of a resource cannot be computed.
#[derive(Debug)]
pub(crate) enum Lack<'p> {
    /// Containers request nothing of it, and a single one is enough.
    Requests(Vec<&'p Container<'p>>),
    /// The pod requests other things as a whole, and none of its containers requests this one.
    PodRequest,
    /// Everything that is requested is 0; holds the container that is measured alone.
    Zero(Option<&'p Container<'p>>),
    /// There is no container of this name that could be measured; holds the init container that has it.
    Container(Option<&'p Container<'p>>),
}

impl<'p> Pods<'p> {
    /// Reads the pod spec at `path` of a workload. None when there is none.
    pub(crate) fn read(
        object: &Cursor<'p>,
        path: &'p str,
        (kind, name): (&'p str, &'p str),
        count_whole: bool,
    ) -> Result<Option<Self>, DecodeError> {
        let spec = object.at(path, |spec| {
            let pod: PodSpec<'p, SizedContainer<'p>> = PodSpec::view(spec)?;
            Ok((pod, Resources::read(spec)?))
        })?;
        let Some((spec, whole)) = spec else {
            return Ok(None);
        };
        let mut containers = Vec::new();
        for found in spec.all_containers() {
            containers.push(Container {
                name: found.container.name,
                role: found.role,
                list: found.list,
                index: found.index,
                resources: found.container.resources.clone(),
            });
        }
        Ok(Some(Self {
            kind,
            name,
            path,
            containers,
            whole: (count_whole && is_set(&whole)).then_some(whole),
            defaults: Defaults::default(),
        }))
    }

    /// The same pods, with what their namespace gives to containers that request nothing.
    pub(crate) fn with(self, defaults: Defaults) -> Self {
        Self { defaults, ..self }
    }

    /// The field of a container.
    pub(crate) fn place(&self, container: &Container<'_>) -> String {
        format!("{}.{}[{}]", self.path, container.list, container.index)
    }

    /// The containers that are measured.
    pub(crate) fn measured(&self) -> impl Iterator<Item = &Container<'p>> {
        self.containers
            .iter()
            .filter(|container| container.is_measured())
    }

    /// Whether requests of the pod as a whole count, and where they are.
    pub(crate) fn whole_place(&self) -> Option<&'p str> {
        self.whole.as_ref().map(|_| self.path)
    }

    fn request(&self, container: &Container<'_>, resource: &str) -> Option<Quantity> {
        let own = container.resources.request(resource);
        own.or_else(|| self.defaults.request(resource))
    }

    /// Why utilization of a resource cannot be computed over all containers.
    pub(crate) fn lack(&self, resource: &str) -> Option<Lack<'_>> {
        let mut without = Vec::new();
        let (mut own, mut all, mut measured) = (None, None, None);
        for container in &self.containers {
            let request = self.request(container, resource);
            own = sum(own, container.resources.request(resource));
            all = sum(all, request);
            if container.is_measured() {
                measured = sum(measured, request);
                if request.is_none() {
                    without.push(container);
                }
            }
        }
        if let Some(whole) = &self.whole {
            // What the pod requests as a whole counts. If it has any limit, what is missing there is filled in before
            // anything is added to containers: from what they request themselves, or else from the limit. What is missing
            // even so is what the containers request in the end, init containers as well. Source: `defaultPodRequests` in
            // `pkg/apis/core/v1/defaults.go`, `PodRequests` in `staging/src/k8s.io/component-helpers`.
            let filled_in = || {
                let own = own.filter(|_| !whole.limits.is_empty());
                own.or(quantity::find(&whole.limits, resource))
            };
            let request = quantity::find(&whole.requests, resource);
            let request = request.or_else(filled_in).or(all);
            return match request {
                None => Some(Lack::PodRequest),
                Some(Quantity::Zero) => Some(Lack::Zero(None)),
                Some(Quantity::Something) => None,
            };
        }
        if !without.is_empty() {
            return Some(Lack::Requests(without));
        }
        (measured == Some(Quantity::Zero)).then_some(Lack::Zero(None))
    }

    /// Why utilization of a resource cannot be computed for the container of this name.
    pub(crate) fn lack_of(&self, name: &str, resource: &str) -> Option<Lack<'_>> {
        let found = self
            .containers
            .iter()
            .find(|container| container.name == name);
        let Some(container) = found.filter(|container| container.is_measured()) else {
            return Some(Lack::Container(found));
        };
        match self.request(container, resource) {
            None => Some(Lack::Requests(vec![container])),
            Some(Quantity::Zero) => Some(Lack::Zero(Some(container))),
            Some(Quantity::Something) => None,
        }
    }
}

impl Container<'_> {
    /// Whether it runs beside the others, as an init container that is always restarted does.
    /// Source: `calculatePodRequestsFromContainers` in `pkg/controller/podautoscaler/replica_calculator.go`.
    fn is_measured(&self) -> bool {
        matches!(self.role, Role::App | Role::Sidecar)
    }
}

/// Whether the pod requests something as a whole, which it does with a limit as well.
/// Source: `IsPodLevelRequestsSet` in `staging/src/k8s.io/component-helpers/resource/helpers.go`.
fn is_set(whole: &Resources<'_>) -> bool {
    let supported = |(name, _): &(&str, Quantity)| {
        matches!(*name, "cpu" | "memory") || name.starts_with("hugepages-")
    };
    whole.requests.iter().any(supported) || whole.limits.iter().any(supported)
}

/// What two request together.
fn sum(one: Option<Quantity>, other: Option<Quantity>) -> Option<Quantity> {
    match (one, other) {
        (Some(Quantity::Zero) | None, Some(_)) => other,
        _ => one,
    }
}
