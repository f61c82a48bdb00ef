//! The pods that an autoscaler measures, as their template shows them.

use shared::index::{Index, hash};
use shared::kubernetes::containers::{Resources, Role, SizedContainer};
use shared::kubernetes::quantity::{self, Quantity};
use shared::kubernetes::workload::PodSpec;
use shared::{Cursor, DecodeError};

use crate::limit_ranges::Defaults;

/// The pods of a workload. There may be thousands of containers, of resources that they request, and of metrics: what a
/// metric needs is found without a look at all of them.
#[derive(Debug)]
pub(crate) struct Pods<'p> {
    /// The kind of the workload.
    pub(crate) kind: &'p str,
    /// Its name.
    pub(crate) name: &'p str,
    /// Where its pod spec is.
    pub(crate) path: &'p str,
    containers: Vec<Container<'p>>,
    /// The containers by their names.
    names: Index,
    /// How many of the containers are measured.
    measured: usize,
    /// What containers request themselves, container by container.
    requests: Vec<Request<'p>>,
    /// The requests by the places of their containers and their resources.
    index: Index,
    /// The requests by their resources.
    resources: Index,
    /// What all containers request of a resource, at the place of the first request for it.
    totals: Vec<Total>,
    /// What the pod requests as a whole, where that counts.
    pod_level: Option<Resources<'p>>,
    defaults: Defaults,
    knows_defaults: bool,
}

/// A container of the pods.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Container<'p> {
    pub(crate) name: &'p str,
    pub(crate) role: Role,
    list: &'static str,
    index: usize,
    /// Its place among all containers.
    place: usize,
}

/// What a container requests of a resource. A limit is a request where there is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Request<'p> {
    container: usize,
    resource: &'p str,
    quantity: Quantity,
    is_limit: bool,
}

/// What the containers that request something of a resource request together.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    /// The last of them.
    last: Option<usize>,
    /// How many they are.
    count: usize,
    all: Option<Quantity>,
    /// How many of them are measured.
    measured_count: usize,
    measured: Option<Quantity>,
}

/// Why utilization of a resource cannot be computed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure<'p> {
    /// Containers request nothing of it, and a single one is enough; holds the container that is measured alone.
    MissingRequest(Option<&'p Container<'p>>),
    /// The pod requests other things as a whole, and none of its containers requests this one.
    MissingPodRequest,
    /// Everything that is requested is 0; holds the container that is measured alone.
    ZeroRequest(Option<&'p Container<'p>>),
    /// There is no container of this name that could be measured; holds the init container that has it.
    MissingContainer(Option<&'p Container<'p>>),
}

impl<'p> Pods<'p> {
    /// Reads the pod spec at `path` of a workload. None when there is none.
    pub(crate) fn read(
        object: &Cursor<'p>,
        path: &'p str,
        (kind, name): (&'p str, &'p str),
        pod_level_resources: bool,
    ) -> Result<Option<Self>, DecodeError> {
        let spec = object.at(path, |spec| {
            let pod: PodSpec<'p, SizedContainer<'p>> = PodSpec::view(spec)?;
            Ok((pod, Resources::read(spec)?))
        })?;
        let Some((spec, pod_level)) = spec else {
            return Ok(None);
        };
        let (mut containers, mut requests) = (Vec::new(), Vec::new());
        for (place, found) in spec.all_containers().into_iter().enumerate() {
            containers.push(Container {
                name: found.container.name,
                role: found.role,
                list: found.list,
                index: found.index,
                place,
            });
            let resources = &found.container.resources;
            for (list, is_limit) in [(&resources.requests, false), (&resources.limits, true)] {
                requests.extend(list.iter().map(|(resource, quantity)| Request {
                    container: place,
                    resource,
                    quantity: *quantity,
                    is_limit,
                }));
            }
        }
        let place = |request: &Request<'_>| hash(key(request.container), request.resource);
        let places: Vec<u64> = requests.iter().map(place).collect();
        let pods = Self {
            kind,
            name,
            path,
            names: Index::of(&mut containers.iter().map(|container| container.name)),
            measured: containers.iter().filter(|one| one.is_measured()).count(),
            containers,
            index: Index::new(&places),
            resources: Index::of(&mut requests.iter().map(|request| request.resource)),
            requests,
            totals: Vec::new(),
            pod_level: (pod_level_resources && sets_pod_level(&pod_level)).then_some(pod_level),
            defaults: Defaults::default(),
            knows_defaults: true,
        };
        Ok(Some(pods.sum_requests()))
    }

    /// The same pods, with what their namespace gives to containers that request nothing.
    pub(crate) fn with_defaults(self, defaults: Defaults) -> Self {
        Self { defaults, ..self }
    }

    /// The same pods, of which it cannot be said what their namespace gives to them.
    pub(crate) fn with_unknown_defaults(self) -> Self {
        Self {
            knows_defaults: false,
            ..self
        }
    }

    /// Whether it is known what their namespace gives to them.
    pub(crate) fn know_defaults(&self) -> bool {
        self.knows_defaults
    }

    /// Whether other pods are measured in the same way.
    pub(crate) fn have_requests_of(&self, other: &Self) -> bool {
        self.containers == other.containers
            && self.requests == other.requests
            && self.pod_level == other.pod_level
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

    /// Those of them that request nothing of a resource.
    pub(crate) fn without_request(&self, resource: &str) -> impl Iterator<Item = &Container<'p>> {
        self.measured()
            .filter(move |container| self.own_request(container, resource, false).is_none())
    }

    /// Whether requests of the pod as a whole count, and where they are.
    pub(crate) fn pod_level_path(&self) -> Option<&'p str> {
        self.pod_level.as_ref().map(|_| self.path)
    }

    /// Whether the pod as a whole requests something of a resource, or limits it, where that counts.
    pub(crate) fn requests_as_a_whole(&self, resource: &str) -> bool {
        self.pod_level.as_ref().is_some_and(|pod_level| {
            let has = |list| quantity::find(list, resource).is_some();
            has(&pod_level.requests) || has(&pod_level.limits)
        })
    }

    /// The `LimitRange` that gives a request of 0: to a container, or to any of all.
    pub(crate) fn limit_range_of_zero(
        &self,
        container: Option<&Container<'_>>,
        resource: &str,
    ) -> Option<&str> {
        let (quantity, limit_range) = self.defaults.request_and_source(resource)?;
        let gets_it = match container {
            Some(found) => self.own_request(found, resource, false).is_none(),
            None => {
                !self.requests_as_a_whole(resource)
                    && self.without_request(resource).next().is_some()
            }
        };
        (gets_it && quantity == Quantity::Zero).then_some(limit_range)
    }

    /// The main container, which requests something of a resource, beside another one that does not. By custom it is the
    /// first one.
    pub(crate) fn main_container_beside(
        &self,
        other: &Container<'_>,
        resource: &str,
    ) -> Option<&Container<'p>> {
        let main = self.measured().find(|found| found.role == Role::App)?;
        let request = self.own_request(main, resource, false);
        (main != other && request == Some(Quantity::Something)).then_some(main)
    }

    /// Whether a limit holds the request of a container for a resource at 0, or that of the pod as a whole.
    pub(crate) fn is_limited_to_zero(
        &self,
        container: Option<&Container<'_>>,
        resource: &str,
    ) -> bool {
        let limit = if let Some(container) = container {
            self.own_request(container, resource, true)
        } else {
            let pod_level = self.pod_level.as_ref();
            pod_level.and_then(|pod_level| quantity::find(&pod_level.limits, resource))
        };
        limit == Some(Quantity::Zero)
    }

    /// The place of the first request with such a hash that fits.
    fn find(&self, index: &Index, hash: u64, fits: &dyn Fn(&Request<'_>) -> bool) -> Option<usize> {
        let mut places = index.places(hash);
        places.find(|place| self.requests.get(*place).is_some_and(fits))
    }

    /// What a container requests itself of a resource, or its limit.
    fn own_request(
        &self,
        container: &Container<'_>,
        resource: &str,
        only_limit: bool,
    ) -> Option<Quantity> {
        let container = container.place;
        let place = self.find(&self.index, hash(key(container), resource), &|request| {
            request.container == container
                && request.resource == resource
                && (request.is_limit || !only_limit)
        });
        let request = self.requests.get(place?)?;
        Some(request.quantity)
    }

    /// The place of the first request for a resource.
    fn first_request(&self, resource: &str) -> Option<usize> {
        self.find(&self.resources, hash(0, resource), &|request| {
            request.resource == resource
        })
    }

    /// Adds up what containers request of each resource: there may be thousands of autoscalers, too.
    fn sum_requests(mut self) -> Self {
        let mut totals = vec![Total::default(); self.requests.len()];
        for request in &self.requests {
            let first = self.first_request(request.resource);
            let Some(total) = first.and_then(|place| totals.get_mut(place)) else {
                continue;
            };
            // The limit of a container counts only where it has no request.
            if total.last.replace(request.container) == Some(request.container) {
                continue;
            }
            let quantity = Some(request.quantity);
            total.count += 1;
            total.all = sum(total.all, quantity);
            let container = self.containers.get(request.container);
            if container.is_some_and(Container::is_measured) {
                total.measured_count += 1;
                total.measured = sum(total.measured, quantity);
            }
        }
        self.totals = totals;
        self
    }

    /// Why utilization of a resource cannot be computed over all containers.
    pub(crate) fn failure(&self, resource: &str) -> Option<Failure<'_>> {
        let total = self.first_request(resource);
        let total = total.and_then(|place| self.totals.get(place));
        let total = total.copied().unwrap_or_default();
        // What each container gets that requests nothing itself.
        let default = self.defaults.request(resource);
        if let Some(pod_level) = &self.pod_level {
            // What the pod requests as a whole counts. If it has any limit, what is missing there is filled in before
            // anything is added to containers: from what they request themselves, or else from the limit. What is missing
            // even so is what the containers request in the end, init containers as well. Source: `defaultPodRequests` in
            // `pkg/apis/core/v1/defaults.go`, `PodRequests` in `staging/src/k8s.io/component-helpers`.
            let filled_in = || {
                let own = total.all.filter(|_| !pod_level.limits.is_empty());
                own.or(quantity::find(&pod_level.limits, resource))
            };
            let of_all = || {
                let default = default.filter(|_| total.count < self.containers.len());
                sum(total.all, default)
            };
            let request = quantity::find(&pod_level.requests, resource);
            let request = request.or_else(filled_in).or_else(of_all);
            return match request {
                None => Some(Failure::MissingPodRequest),
                Some(Quantity::Zero) => Some(Failure::ZeroRequest(None)),
                Some(Quantity::Something) => None,
            };
        }
        let is_everywhere = total.measured_count == self.measured;
        if !is_everywhere && default.is_none() {
            return Some(Failure::MissingRequest(None));
        }
        let measured = sum(total.measured, default.filter(|_| !is_everywhere));
        (measured == Some(Quantity::Zero)).then_some(Failure::ZeroRequest(None))
    }

    /// Why utilization of a resource cannot be computed for the container of this name.
    pub(crate) fn container_failure(&self, name: &str, resource: &str) -> Option<Failure<'_>> {
        let places = self.names.places(hash(0, name));
        let mut found = places.filter_map(|place| self.containers.get(place));
        let found = found.find(|container| container.name == name);
        let Some(container) = found.filter(|container| container.is_measured()) else {
            return Some(Failure::MissingContainer(found));
        };
        let own = self.own_request(container, resource, false);
        match own.or_else(|| self.defaults.request(resource)) {
            None => Some(Failure::MissingRequest(Some(container))),
            Some(Quantity::Zero) => Some(Failure::ZeroRequest(Some(container))),
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

/// What the hash of a request begins with.
const fn key(container: usize) -> u64 {
    container as u64
}

/// Whether the pod requests something as a whole, which it does with a limit as well.
/// Source: `IsPodLevelRequestsSet` in `staging/src/k8s.io/component-helpers/resource/helpers.go`.
fn sets_pod_level(pod_level: &Resources<'_>) -> bool {
    let supported = |(name, _): &(&str, Quantity)| {
        matches!(*name, "cpu" | "memory") || name.starts_with("hugepages-")
    };
    pod_level.requests.iter().any(supported) || pod_level.limits.iter().any(supported)
}

/// What two request together.
fn sum(one: Option<Quantity>, other: Option<Quantity>) -> Option<Quantity> {
    match (one, other) {
        (Some(Quantity::Zero) | None, Some(_)) => other,
        _ => one,
    }
}
