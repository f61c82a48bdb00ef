//! The fields that this policy reads.

use shared::kubernetes::kinds::well_known;
use shared::kubernetes::view::View;
use shared::kubernetes::{owner, selector, volumes, workload};
use shared::{Cursor, DecodeError, FieldNames, Wanted};

use crate::annotations::KEYS;

/// The fields that views of this module read.
const OWN: &[&str] = &[
    "metadata",
    "annotations",
    "labels",
    "name",
    "volumeClaimTemplates",
    "deletionTimestamp",
    "selector",
    "minAvailable",
    "maxUnavailable",
    "replicas",
    "scaleTargetRef",
    "minReplicas",
    "maxReplicas",
];

/// The fields that are read of each object of a list.
static LISTED: FieldNames =
    FieldNames::of(&[OWN, owner::FIELDS, selector::FIELDS, &["spec", "template"]]);

/// Those that are read besides of the object of a request.
static FIELDS: FieldNames = FieldNames::of(&[KEYS, workload::FIELDS, well_known::STEPS]);

/// Whether a view reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    LISTED.has(field) || FIELDS.has(field) || well_known::wants_whole(field)
}

/// Whether a view reads all that is in fields of this name. A volume without any source is an `emptyDir`, so that it takes
/// all of its fields to know one.
pub(crate) fn wants_whole(field: &str) -> bool {
    field == "volumes" || selector::wants_whole(field)
}

/// What is read of lists: neither volumes nor annotations.
pub(crate) const OF_LISTS: Wanted = Wanted {
    fields: |field| LISTED.has(field),
    whole: selector::wants_whole,
};

/// A volume of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Volume<'a> {
    pub(crate) name: &'a str,
    pub(crate) index: usize,
    /// What it has of the node that goes away with that: `emptyDir`, or `hostPath`. None for all others.
    pub(crate) local: Option<&'static str>,
}

impl<'a> View<'a> for Volume<'a> {
    /// Source: `isLocalVolume` in `cluster-autoscaler/utils/drain/drain.go` of kubernetes/autoscaler. Huge pages count as
    /// well: only one medium does not.
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let medium = cursor.map("emptyDir", |volume| volume.text("medium"))?;
        let is_disk = match medium {
            Some(medium) => medium != "Memory",
            None => volumes::is_implicit_empty_dir(cursor)?,
        };
        let has_host_path = cursor.map("hostPath", |_| Ok(()))?.is_some();
        Ok(Self {
            name: cursor.text("name")?,
            index: 0,
            local: match (is_disk, has_host_path) {
                (true, _) => Some("emptyDir"),
                (false, true) => Some("hostPath"),
                (false, false) => None,
            },
        })
    }
}
