//! What autoscalers target, as far as it can be read: the names of containers, and who owns it.

use shared::cluster::Lookup;
use shared::index::{Index, hash};
use shared::kubernetes::autoscaling::{AutoscalerMeta, POD_SPEC, SCALABLE, ScaleTarget};
use shared::{Cluster, Cursor, DecodeError, Error};

/// How many owners of owners are looked at. A Pod of an operator has three: `ReplicaSet`, Deployment, its own kind.
const MAX_OWNERS: usize = 3;

/// The object that an autoscaler targets.
#[derive(Debug)]
pub(crate) struct Workload {
    /// The containers of its pods that run side by side; None where it has no template.
    pub(crate) containers: Option<Vec<String>>,
    /// Those that start before them. Some run on beside them.
    init_containers: Vec<String>,
    /// Those that start before them, by their names.
    init_index: Index,
    /// The controller that made it.
    owner: Option<ObjectRef>,
}

/// Kind and name of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectRef {
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl ObjectRef {
    /// Whether an autoscaler targets it. Owners of the same kind in several groups are no more than a thought.
    pub(crate) fn is(&self, target: &ScaleTarget<'_>) -> bool {
        self.kind == target.kind && self.name == target.name
    }
}

/// Whether objects of a kind can be read. A `VerticalPodAutoscaler` needs no group to name them.
pub(crate) fn is_readable(kind: &str) -> bool {
    SCALABLE.iter().any(|(_, known)| *known == kind)
}

/// Looks an object up. None where there is none, and where it is of a kind that the policy does not read.
pub(crate) fn look_up(
    (kind, name): (&str, &str),
    namespace: &str,
    cluster: &dyn Cluster,
) -> Result<Option<Workload>, Error> {
    let Some((api_version, kind)) = SCALABLE.iter().find(|(_, known)| *known == kind) else {
        return Ok(None);
    };
    let lookup = Lookup {
        api_version,
        kind,
        name,
        namespace: Some(namespace),
        // After a refusal, the corrected target is followed by another try at once.
        disable_cache: true,
        field_masks: &[
            "spec.template.spec.containers.name",
            "spec.template.spec.initContainers.name",
        ],
    };
    lookup.read(cluster, Workload::read)
}

/// The controllers that own an object, from the nearest to the topmost. What cannot be looked up ends the way.
pub(crate) fn owners(
    workload: &Workload,
    namespace: &str,
    cluster: &dyn Cluster,
) -> Vec<ObjectRef> {
    let mut owners = Vec::new();
    let mut next = workload.owner.clone();
    while let Some(owner) = next {
        let above = if owners.len() < MAX_OWNERS {
            look_up((&owner.kind, &owner.name), namespace, cluster)
        } else {
            Ok(None)
        };
        next = above.ok().flatten().and_then(|above| above.owner);
        owners.push(owner);
    }
    owners
}

impl Workload {
    /// Whether the container of a name starts before the others.
    pub(crate) fn is_init_container(&self, name: &str) -> bool {
        let places = self.init_index.places(hash(0, name));
        let mut known = places.filter_map(|place| self.init_containers.get(place));
        known.any(|known| known == name)
    }

    fn read(cursor: &Cursor<'_>) -> Result<Self, DecodeError> {
        let spec = cursor.at(POD_SPEC, |spec| {
            let names = |list: &str| spec.list(list, |item| item.text("name").map(str::to_owned));
            Ok((names("containers")?, names("initContainers")?))
        })?;
        let (containers, init_containers) = spec.unzip();
        let init_containers: Vec<String> = init_containers.unwrap_or_default();
        let owner = AutoscalerMeta::read(cursor)?.owner;
        Ok(Self {
            containers,
            init_index: Index::of(&mut init_containers.iter().map(String::as_str)),
            init_containers,
            owner: owner.map(|owner| ObjectRef {
                kind: owner.kind.to_owned(),
                name: owner.name.to_owned(),
            }),
        })
    }
}
