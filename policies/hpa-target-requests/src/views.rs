//! The fields that this policy reads of the objects of requests.

use shared::FieldNames;
use shared::kubernetes::{autoscaling, workload};

/// The fields of workloads that are read.
static OF_WORKLOADS: FieldNames =
    FieldNames::of(&[workload::FIELDS, &["restartPolicy", "resources"]]);

/// Whether a view reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    autoscaling::wants(field) || OF_WORKLOADS.has(field)
}

/// Whether a view reads all of a field of this name: resources may have any name.
pub(crate) fn wants_whole(field: &str) -> bool {
    matches!(field, "requests" | "limits")
}
