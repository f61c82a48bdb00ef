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
    pub(crate) containers: Vec<PlacedContainer<'p>>,
    /// Its volumes that are an `emptyDir`.
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

/// A container, and where it is.
#[derive(Debug)]
pub(crate) struct PlacedContainer<'p> {
    pub(crate) view: &'p Container<'p>,
    pub(crate) role: Role,
    list: &'static str,
    index: usize,
    base: FieldPath<'p>,
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
    base: FieldPath<'p>,
}

/// Where something is.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    base: FieldPath<'p>,
    list: &'p str,
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
        let containers = spec.pod.all_containers().into_iter();
        let containers: Vec<PlacedContainer<'_>> = containers
            .map(|found| PlacedContainer::new(&found, base))
            .collect();
        let mut mounted = Vec::new();
        for container in &containers {
            mounted.extend(container.view.volume_mounts.iter().map(|mount| mount.name));
        }
        let mounted_by_name = Index::of(&mut mounted.iter().copied());
        let claims_by_name = Index::of(&mut claims.iter().copied());
        let mut volumes = Vec::new();
        for (index, volume) in spec.pod.volumes.iter().enumerate() {
            let Some(empty_dir) = &volume.empty_dir else {
                continue;
            };
            volumes.push(Scratch {
                name: volume.name,
                medium: empty_dir.medium,
                size_limit: empty_dir.size_limit.as_ref(),
                is_mounted: has(&mounted_by_name, &mounted, volume.name)
                    && !has(&claims_by_name, claims, volume.name),
                index,
                base,
            });
        }
        let memory_limit = spec.resources.memory.as_ref();
        Self {
            spec,
            by_name: Index::of(&mut volumes.iter().map(|volume| volume.name)),
            volumes,
            is_whole,
            memory_limit: memory_limit
                .filter(|limit| settings.pod_level_resources && is_positive(limit)),
            storage_limit: storage_limit(&containers),
            without_memory_limit: containers.iter().position(|container| {
                let limit = container.view.resources.memory.as_ref();
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
    pub(crate) fn without_memory_limit(&self) -> Option<&PlacedContainer<'p>> {
        match self.memory_limit {
            None => self.containers.get(self.without_memory_limit?),
            Some(_) => None,
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
fn storage_limit<'p>(containers: &[PlacedContainer<'p>]) -> Option<StorageLimit<'p>> {
    let (mut together, mut sidecars, mut most) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
    let (mut only, mut count) = (None, 0_u32);
    for container in containers {
        let Some(size) = container.storage_limit() else {
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

impl<'p> PlacedContainer<'p> {
    fn new(found: &ContainerRef<'p, Container<'p>>, base: FieldPath<'p>) -> Self {
        Self {
            view: found.container,
            role: found.role,
            list: found.list,
            index: found.index,
            base,
        }
    }

    /// What it may write to the disk. A container that is added to a running pod has no limits.
    pub(crate) fn storage_limit(&self) -> Option<&'p Size<'p>> {
        let limit = self.view.resources.ephemeral_storage.as_ref();
        limit.filter(|_| self.role != Role::Ephemeral)
    }

    /// Where a field of it is.
    pub(crate) fn field(&self, field: &'p str) -> Place<'p> {
        Place {
            base: self.base,
            list: self.list,
            index: self.index,
            field,
        }
    }
}

impl<'p> Scratch<'p> {
    /// Where a field of its `emptyDir` is.
    pub(crate) fn field(&self, field: &'static str) -> Place<'p> {
        Place {
            base: self.base,
            list: "volumes",
            index: self.index,
            field,
        }
    }

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
