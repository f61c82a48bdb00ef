//! The scratch space of a pod: what mounts it, and what containers may use.

use std::fmt;

use shared::FieldPath;
use shared::index::{Index, hash};
use shared::kubernetes::containers::{ContainerRef, Role};
use shared::kubernetes::quantity::amount::{Amount, Size};

use crate::settings::Settings;
use crate::views::{Container, Medium, Spec};

/// What an empty directory takes on ext4, and the first file in it elsewhere. Less is nothing.
///
/// Source: `DiskUsage` in `pkg/volume/util/fs/fs.go`, which counts blocks, and those of the directory itself.
pub(crate) const BLOCK: Amount = Amount::whole(4096);

/// A pod, with the volumes of it that are scratch space.
#[derive(Debug)]
pub(crate) struct Pod<'p> {
    pub(crate) spec: &'p Spec<'p>,
    /// All of its containers.
    pub(crate) containers: Vec<ContainerRef<'p, Container<'p>>>,
    /// Its volumes that are an `emptyDir`, as far as a rule may find something.
    pub(crate) volumes: Vec<Scratch<'p>>,
    /// By their names.
    by_name: Index,
    /// Whether the pods have no other containers and volumes than these. The controllers of other projects may add some.
    pub(crate) is_whole: bool,
    /// What the pod as a whole may have of memory, where that counts.
    pub(crate) memory_limit: Option<&'p Size<'p>>,
    /// What all containers together may write to the disk. None where no container has a limit.
    pub(crate) storage_limit: Option<StorageLimit<'p>>,
    /// The place of the first container without a memory limit.
    without_memory_limit: Option<usize>,
    base: FieldPath<'p>,
}

/// What all containers together may write to the disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StorageLimit<'p> {
    pub(crate) amount: Amount,
    /// The limit of the only container that has one.
    pub(crate) only: Option<&'p Size<'p>>,
}

/// A volume that is an `emptyDir`.
#[derive(Debug)]
pub(crate) struct Scratch<'p> {
    pub(crate) name: &'p str,
    pub(crate) medium: Medium<'p>,
    /// The limit as it is written, whatever it is.
    pub(crate) size_limit: Option<&'p Size<'p>>,
    /// Whether a container mounts it. The kubelet passes over a volume that none mounts, with whatever is wrong in it:
    /// `processPodVolumes` in `pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go`.
    pub(crate) is_mounted: bool,
    index: usize,
}

/// Where something is.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    base: FieldPath<'p>,
    list: &'static str,
    index: usize,
    field: &'p str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.base.child(self.list);
        list.index(self.index).child(self.field).fmt(f)
    }
}

impl<'p> Pod<'p> {
    /// The pod of a spec at `base`. `claims` take the place of volumes of the same name.
    pub(crate) fn new(
        spec: &'p Spec<'p>,
        base: FieldPath<'p>,
        claims: &[&str],
        is_whole: bool,
        settings: &Settings,
    ) -> Self {
        let containers = spec.pod.all_containers();
        let mut mounted = Vec::new();
        for container in &containers {
            mounted.extend(
                container
                    .container
                    .volume_mounts
                    .iter()
                    .map(|mount| mount.name),
            );
        }
        let mounted_by_name = Index::of(&mut mounted.iter().copied());
        let claims_by_name = Index::of(&mut claims.iter().copied());
        let mut volumes = Vec::new();
        for (index, volume) in spec.pod.volumes.iter().enumerate() {
            let Some(empty_dir) = &volume.empty_dir else {
                continue;
            };
            let is_mounted = has(&mounted_by_name, &mounted, volume.name)
                && !has(&claims_by_name, claims, volume.name);
            let size_limit = empty_dir.size_limit.as_deref();
            if is_mounted || size_limit.is_some() {
                volumes.push(Scratch {
                    name: volume.name,
                    medium: empty_dir.medium,
                    size_limit,
                    is_mounted,
                    index,
                });
            }
        }
        let memory_limit = spec.resources.memory.as_deref();
        Self {
            spec,
            by_name: Index::of(&mut volumes.iter().map(|volume| volume.name)),
            volumes,
            is_whole,
            memory_limit: memory_limit
                .filter(|limit| settings.pod_level_resources && is_positive(limit)),
            storage_limit: sum_of_storage_limits(&containers),
            without_memory_limit: containers.iter().position(|container| {
                let limit = container.container.resources.memory.as_deref();
                container.role != Role::Ephemeral && !limit.is_some_and(is_positive)
            }),
            containers,
            base,
        }
    }

    /// The first volume of this name.
    pub(crate) fn volume(&self, name: &str) -> Option<&Scratch<'p>> {
        let mut places = self.by_name.places(hash(0, name));
        let mut volumes = std::iter::from_fn(|| self.volumes.get(places.next()?));
        volumes.find(|volume| volume.name == name)
    }

    /// The first container without a memory limit, if the pod as a whole has none either. Only where all have one, the pod
    /// has: `ResourceConfigForPod` in `pkg/kubelet/cm/helpers_linux.go`.
    pub(crate) fn without_memory_limit(&self) -> Option<&ContainerRef<'p, Container<'p>>> {
        match self.memory_limit {
            None => self.containers.get(self.without_memory_limit?),
            Some(_) => None,
        }
    }

    /// Where a field of a container is.
    pub(crate) fn field_of_container<'a>(
        &self,
        container: &ContainerRef<'p, Container<'p>>,
        field: &'a str,
    ) -> Place<'a>
    where
        'p: 'a,
    {
        self.place(container.list, container.index, field)
    }

    /// Where a field of a volume is.
    pub(crate) fn field_of_volume<'a>(&self, volume: &Scratch<'p>, field: &'a str) -> Place<'a>
    where
        'p: 'a,
    {
        self.place("volumes", volume.index, field)
    }

    fn place<'a>(&self, list: &'static str, index: usize, field: &'a str) -> Place<'a>
    where
        'p: 'a,
    {
        Place {
            base: self.base,
            list,
            index,
            field,
        }
    }

    /// Where the memory limit of the pod as a whole is.
    pub(crate) fn memory_limit_field(&self) -> String {
        self.base.child("resources.limits.memory").to_string()
    }
}

/// What all containers together may write to the disk. Those that run before the others count for themselves.
///
/// Source: `AggregateContainerLimits` in `staging/src/k8s.io/component-helpers/resource/helpers.go`.
fn sum_of_storage_limits<'p>(
    containers: &[ContainerRef<'p, Container<'p>>],
) -> Option<StorageLimit<'p>> {
    let (mut together, mut sidecars, mut most) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
    let (mut only, mut count) = (None, 0_u32);
    for container in containers {
        let Some(size) = storage_limit(container) else {
            continue;
        };
        (only, count) = (Some(size), count.saturating_add(1));
        let limit = size.amount_or_zero();
        if container.role == Role::Init {
            most = most.max(sidecars.plus(limit));
            continue;
        }
        together = together.plus(limit);
        if container.role == Role::Sidecar {
            sidecars = sidecars.plus(limit);
        }
    }
    (count > 0).then_some(StorageLimit {
        amount: together.max(most),
        only: only.filter(|_| count == 1),
    })
}

/// What a container may write to the disk. One that is added to a running pod has no limits.
pub(crate) fn storage_limit<'p>(
    container: &ContainerRef<'p, Container<'p>>,
) -> Option<&'p Size<'p>> {
    let limit = container.container.resources.ephemeral_storage.as_deref();
    limit.filter(|_| container.role != Role::Ephemeral)
}

impl<'p> Scratch<'p> {
    /// The limit that holds. 0 is none, for the disk (`emptyDirLimitEviction` in
    /// `pkg/kubelet/eviction/eviction_manager.go`) and for memory (`calculateEmptyDirMemorySize` in
    /// `pkg/volume/emptydir/empty_dir.go`).
    pub(crate) fn limit(&self) -> Option<&'p Size<'p>> {
        self.size_limit.filter(|limit| is_positive(limit))
    }
}

fn is_positive(size: &Size<'_>) -> bool {
    size.amount_or_zero().is_positive()
}

/// Whether names have this one.
fn has(index: &Index, names: &[&str], name: &str) -> bool {
    let mut places = index.places(hash(0, name));
    places.any(|place| names.get(place) == Some(&name))
}
