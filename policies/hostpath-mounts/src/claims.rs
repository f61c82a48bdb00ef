//! What the claims of a pod are bound to.

use shared::cluster::{self, Cluster, Lookup};
use shared::{ClusterError, Cursor, Error, FieldPath, Verdict};

use crate::rules;
use crate::settings::Settings;
use crate::views::{self, Claim};
use crate::volume::{HostVolume, Mount, Place};

/// Judges the `PersistentVolume` behind a claim as if the pod had mounted its path itself. A claim that does not exist
/// yet, or is not bound yet, is passed over: the `PersistentVolume` is judged when it is made.
pub(crate) fn check(
    claim: &Claim<'_>,
    field: &FieldPath<'_>,
    namespace: &str,
    mounts: &[Mount<'_>],
    settings: &Settings,
    cluster: &dyn Cluster,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let name = claim.claim_name;
    if name.is_empty() {
        return Ok(());
    }
    let lookup = Lookup {
        api_version: "v1",
        kind: "PersistentVolumeClaim",
        name,
        namespace: Some(namespace),
        disable_cache: false,
        field_masks: &["spec.volumeName"],
    };
    let failed = |error| Error::Lookup {
        subject: format!("PersistentVolumeClaim {namespace}/{name}"),
        error,
    };
    let Some(answer) = cluster::get(cluster, &lookup).map_err(failed)? else {
        return Ok(());
    };
    let json = answer.parse().map_err(failed)?;
    let volume_name = views::volume_name(&Cursor::new(&json, FieldPath::new("")));
    let volume_name = volume_name.map_err(|error| failed(ClusterError::Undecodable(error)))?;
    if volume_name.is_empty() {
        return Ok(());
    }
    let lookup = Lookup {
        kind: "PersistentVolume",
        name: volume_name,
        namespace: None,
        field_masks: &["spec.hostPath", "spec.local"],
        ..lookup
    };
    let failed = |error| Error::Lookup {
        subject: format!("PersistentVolume {volume_name}"),
        error,
    };
    let Some(answer) = cluster::get(cluster, &lookup).map_err(failed)? else {
        return Ok(());
    };
    let json = answer.parse().map_err(failed)?;
    let sources = views::sources(&Cursor::new(&json, FieldPath::new("")));
    for (_, source) in sources.map_err(|error| failed(ClusterError::Undecodable(error)))? {
        let place = Place::Claim {
            name: *field,
            volume: volume_name,
        };
        rules::check(
            &HostVolume::new(&source, place, namespace, mounts),
            settings,
            verdict,
        );
    }
    Ok(())
}
