//! The volumes of a pod.

use crate::request::Request;
use document::Cursor;
use document::DecodeError;
use document::{Field, Json};

/// Whether the volume at a cursor has no source, which makes it an `emptyDir`. For that, all of its fields have to be read.
///
/// Source: `SetDefaults_Volume` in `pkg/apis/core/v1/defaults.go`.
pub fn is_implicit_empty_dir(volume: &Cursor<'_>) -> Result<bool, DecodeError> {
    let is_source = |(name, value): &Field<'_>| *name != "name" && *value != Json::Null;
    Ok(!volume.fields()?.iter().any(is_source))
}

/// The names of the claims that a `StatefulSet` makes for each pod. They take the place of volumes of the template:
/// `updateStorage` in `pkg/controller/statefulset/stateful_set_utils.go`.
pub fn claim_templates<'a>(request: &Request<'a>) -> Result<Vec<&'a str>, DecodeError> {
    let names = request.object().map("spec", |spec| {
        spec.list("volumeClaimTemplates", |claim| {
            claim.map("metadata", |metadata| metadata.text("name"))
        })
    })?;
    Ok(names.into_iter().flatten().flatten().collect())
}
