//! The fields that this policy reads of objects.

use shared::kubernetes::autoscaling;

/// Whether a view reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    autoscaling::wants(field) || field == "uid"
}

/// Whether a view reads all of a field of this name: who writes a status is told apart by that alone.
pub(crate) fn wants_whole(field: &str) -> bool {
    field == "status"
}
