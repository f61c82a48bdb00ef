//! The fields that this policy reads.

use shared::kubernetes::containers;
use shared::kubernetes::kinds::well_known;
use shared::kubernetes::view::View;
use shared::kubernetes::workload;
use shared::{Cursor, DecodeError, Field, FieldNames};

/// A map as it is written. Its fields are taken as they are: where they matter, the API server has looked at them.
pub(crate) type Fields<'a> = &'a [Field<'a>];

/// The fields that views of this module read.
const OWN: &[&str] = &[
    "name",
    "restartPolicy",
    "volumeMounts",
    "readOnly",
    "recursiveReadOnly",
    "subPath",
    "subPathExpr",
    "mountPropagation",
    "hostPath",
    "path",
    "type",
    "persistentVolumeClaim",
    "claimName",
    "local",
    "env",
    "value",
    "serviceAccount",
];

/// The fields that are read of objects.
static FIELDS: FieldNames = FieldNames::of(&[OWN, workload::FIELDS, well_known::STEPS]);

/// Whether fields of this name are read.
pub(crate) fn wants(field: &str) -> bool {
    FIELDS.has(field) || well_known::wants_whole(field)
}

/// Whether a view of this module reads all that is in fields of this name.
pub(crate) fn wants_whole(field: &str) -> bool {
    ["valueFrom", "envFrom", "labels", "annotations"].contains(&field)
}

/// A container of any role.
#[derive(Debug, PartialEq)]
pub(crate) struct Container<'a> {
    pub(crate) name: &'a str,
    pub(crate) restart_policy: &'a str,
    pub(crate) volume_mounts: Vec<VolumeMount<'a>>,
    /// All that is read of it, for what decides where a `subPathExpr` leads.
    pub(crate) fields: Fields<'a>,
}

impl<'a> View<'a> for Container<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            restart_policy: cursor.text("restartPolicy")?,
            volume_mounts: cursor.list("volumeMounts", VolumeMount::read)?,
            fields: cursor.fields()?,
        })
    }
}

impl containers::Container for Container<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn restart_policy(&self) -> &str {
        self.restart_policy
    }
}

/// A volume in the file system of a container.
#[derive(Debug, PartialEq)]
pub(crate) struct VolumeMount<'a> {
    pub(crate) name: &'a str,
    pub(crate) read_only: bool,
    pub(crate) recursive_read_only: &'a str,
    pub(crate) sub_path: &'a str,
    pub(crate) sub_path_expr: &'a str,
    pub(crate) mount_propagation: &'a str,
}

impl<'a> View<'a> for VolumeMount<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            read_only: cursor.flag("readOnly")?.unwrap_or_default(),
            recursive_read_only: cursor.text("recursiveReadOnly")?,
            sub_path: cursor.text("subPath")?,
            sub_path_expr: cursor.text("subPathExpr")?,
            mount_propagation: cursor.text("mountPropagation")?,
        })
    }
}

/// A volume of a pod.
#[derive(Debug, PartialEq)]
pub(crate) struct Volume<'a> {
    pub(crate) name: &'a str,
    pub(crate) host_path: Option<Source<'a>>,
    pub(crate) persistent_volume_claim: Option<Claim<'a>>,
}

impl<'a> View<'a> for Volume<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            host_path: cursor.map("hostPath", Source::read)?,
            persistent_volume_claim: cursor.map("persistentVolumeClaim", Claim::read)?,
        })
    }
}

/// A path of the node.
#[derive(Debug, PartialEq)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a str,
    /// None where there is no such field.
    pub(crate) kind: Option<&'a str>,
}

impl<'a> View<'a> for Source<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            path: cursor.text("path")?,
            kind: Some(cursor.text("type")?),
        })
    }
}

/// A claim that a pod uses.
#[derive(Debug, PartialEq)]
pub(crate) struct Claim<'a> {
    pub(crate) claim_name: &'a str,
    pub(crate) read_only: bool,
}

impl<'a> View<'a> for Claim<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            claim_name: cursor.text("claimName")?,
            read_only: cursor.flag("readOnly")?.unwrap_or_default(),
        })
    }
}

/// What of a `PersistentVolume` is a path of a node, with the name of the field. A real one has at most one.
pub(crate) fn sources<'a>(
    volume: &Cursor<'a>,
) -> Result<Vec<(&'static str, Source<'a>)>, DecodeError> {
    let mut sources = Vec::new();
    volume.map("spec", |spec| {
        for name in ["hostPath", "local"] {
            if let Some(mut source) = spec.map(name, Source::read)? {
                source.kind = source.kind.filter(|_| name == "hostPath");
                sources.push((name, source));
            }
        }
        Ok(())
    })?;
    Ok(sources)
}

/// The name of the `PersistentVolume` that a claim is bound to; empty as long as it is not.
pub(crate) fn volume_name<'a>(claim: &Cursor<'a>) -> Result<&'a str, DecodeError> {
    Ok(claim
        .map("spec", |spec| spec.text("volumeName"))?
        .unwrap_or_default())
}

/// Whether a pod says that it shows a static pod.
pub(crate) fn is_mirror(pod: &Cursor<'_>) -> Result<bool, DecodeError> {
    let mark = pod.map("metadata", |metadata| {
        metadata.map("annotations", |annotations| {
            annotations.text("kubernetes.io/config.mirror")
        })
    })?;
    Ok(mark.flatten().is_some_and(|mark| !mark.is_empty()))
}
