//! A pod, or the template of one: what it says of disruptions, and what keeps it on its node.

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Pod;
use shared::index::{Index, hash};
use shared::kubernetes::kinds;
use shared::kubernetes::view::View;
use shared::{Cursor, DecodeError, FieldPath, GroupVersionKind};

use crate::annotations::{DAEMONSET_POD, LOCAL_VOLUMES, Marks, SAFE_TO_EVICT};
use crate::views::Volume;

/// What makes the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A user, by hand.
    Nothing,
    /// A `DaemonSet`, of whatever group: Cluster Autoscaler looks at the kind alone.
    DaemonSet,
    /// Another kind of Kubernetes.
    Controller,
    /// A kind of another project.
    Other,
}

impl Source {
    /// What makes the pods of an object of a kind, whose pod spec is at `path`. None where it is not known what metadata
    /// they get.
    pub(crate) fn of(
        kind: &GroupVersionKind<'_>,
        path: &str,
        owner: Option<&GroupVersionKind<'_>>,
    ) -> Option<Self> {
        let is_built_in = kinds::pod_spec_path(kind).is_some();
        let makes = if kind.is_a::<Pod>() {
            owner
        } else {
            Some(kind)
        };
        match makes {
            None => Some(Self::Nothing),
            Some(makes) if makes.kind == DaemonSet::KIND => Some(Self::DaemonSet),
            Some(_) if is_built_in => Some(Self::Controller),
            // `template`, `podTemplate` and the like hold metadata and spec side by side, as a Pod does.
            Some(_) => path.ends_with("emplate.spec").then_some(Self::Other),
        }
    }
}

/// A pod, or the template of one.
#[derive(Debug)]
pub(crate) struct Template<'p> {
    pub(crate) source: Source,
    pub(crate) annotations: Marks<'p>,
    pub(crate) labels: Marks<'p>,
    /// The volumes that the pods get.
    pub(crate) volumes: Vec<Volume<'p>>,
    /// By their names.
    by_name: Index,
    /// Where the pod spec is.
    spec: FieldPath<'p>,
}

impl<'p> Template<'p> {
    /// Reads what is at `holder` and the pod spec in it, whose place is `place`. `claims` take the place of volumes.
    pub(crate) fn read(
        (holder, spec): (&Cursor<'p>, &Cursor<'p>),
        place: FieldPath<'p>,
        source: Source,
        claims: &[&'p str],
    ) -> Result<Self, DecodeError> {
        let marks = holder.map("metadata", |metadata| {
            let annotations = Marks::read(metadata, "annotations")?;
            Ok((annotations, Marks::read(metadata, "labels")?))
        })?;
        let (annotations, labels) = marks.unwrap_or_default();
        let mut volumes = spec.list("volumes", Volume::read)?;
        for (index, volume) in volumes.iter_mut().enumerate() {
            volume.index = index;
        }
        let claims_by_name = Index::of(&mut claims.iter().copied());
        let is_claimed = |name: &str| {
            let mut places = claims_by_name.places(hash(0, name));
            places.any(|place| claims.get(place) == Some(&name))
        };
        volumes.retain(|volume| !is_claimed(volume.name));
        for claim in claims {
            volumes.push(Volume {
                name: claim,
                index: 0,
                local: None,
            });
        }
        let by_name = Index::of(&mut volumes.iter().map(|volume| volume.name));
        let counts_as_daemon = annotations.get(DAEMONSET_POD) == Some("true");
        Ok(Self {
            source: if counts_as_daemon {
                Source::DaemonSet
            } else {
                source
            },
            annotations,
            labels,
            volumes,
            by_name,
            spec: place,
        })
    }

    /// Where the annotation or the label of the pods is, in the field `name` of their metadata.
    pub(crate) fn mark(&self, name: &str, key: &str) -> String {
        let metadata = self.spec.sibling("metadata");
        metadata.child(name).key(key).to_string()
    }

    /// Where a volume is.
    pub(crate) fn volume(&self, volume: &Volume<'_>) -> String {
        self.spec.child("volumes").index(volume.index).to_string()
    }

    /// The volume of this name that the pods have.
    pub(crate) fn named(&self, name: &str) -> Option<&Volume<'p>> {
        let mut places = self.by_name.places(hash(0, name));
        places.find_map(|place| {
            let volume = self.volumes.get(place);
            volume.filter(|volume| volume.name == name)
        })
    }

    /// The volumes that may be listed, where the list is read: it is not where another annotation decides before it.
    pub(crate) fn listed_volumes(&self) -> Option<&'p str> {
        let listed = self.annotations.get(LOCAL_VOLUMES);
        listed.filter(|_| {
            self.source != Source::DaemonSet && self.annotations.get(SAFE_TO_EVICT) != Some("true")
        })
    }
}
