//! The rules, one in a file.

use crate::host_path::{HostPath, Relation};
use shared::rules::missing_pod_spec;
use shared::{Rule, Verdict};

use crate::access::Access;
use crate::catalogue::{DEVICES, Risk, may_be_disk};
use crate::ruling::{Because, Ruling, Scope};
use crate::settings::Settings;
use crate::volume::{HostVolume, Mount, identity, quoted};

pub(crate) mod bidirectional_propagation;
mod created_path;
mod denied_path;
mod disallowed_type;
mod exposed_processes;
mod non_recursive_read_only;
mod overlong_path;
mod parent_reference;
mod path_outside_allowed;
mod risky_path;
mod writable_mount;
mod writable_read_only_path;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &bidirectional_propagation::RULE,
    &created_path::RULE,
    &denied_path::RULE,
    &disallowed_type::RULE,
    &exposed_processes::RULE,
    &missing_pod_spec::RULE,
    &non_recursive_read_only::RULE,
    &overlong_path::RULE,
    &parent_reference::RULE,
    &path_outside_allowed::RULE,
    &risky_path::RULE,
    &writable_mount::RULE,
    &writable_read_only_path::RULE,
];

/// Judges a path of the node that is made a volume.
pub(crate) fn check(volume: &HostVolume<'_>, settings: &Settings, verdict: &mut Verdict) {
    // The API server refuses an empty path and `..` by itself: `validateHostPathVolumeSource` in
    // `pkg/apis/core/validation/validation.go`.
    if volume.written.is_empty()
        || overlong_path::check(volume, verdict)
        || parent_reference::check(volume, verdict)
    {
        return;
    }
    let scope = Scope::of(settings, &volume.path, volume.identity);
    let ruling = scope.ruling(&volume.path);
    // A `local` volume may be a whole disk: `spec.volumeMode: Block`, or a file system that the kubelet makes on it.
    let is_disk =
        |risk: &Risk| volume.is_local() && risk.path == DEVICES && may_be_disk(&volume.path);
    match ruling.because {
        Because::Risk(risk, Relation::Below) if is_disk(&risk) => return,
        _ if ruling.access == Access::Never => {
            refuse(volume, &ruling, verdict);
            return;
        }
        _ => {}
    }
    let mounts = volume.mounts.iter();
    let rulings: Vec<Ruling<'_>> = mounts
        .map(|mount| ruling_on(mount, volume, &scope, &ruling))
        .collect();
    disallowed_type::check(volume, &scope, verdict);
    exposed_processes::check(volume, &scope, settings, verdict);
    writable_read_only_path::check(volume, &ruling, &rulings, verdict);
    created_path::check(volume, &scope, settings, verdict);
    writable_mount::check(volume, &ruling, &rulings, settings, verdict);
    non_recursive_read_only::check(volume, &scope, settings, verdict);
}

/// The ruling on what a mount reaches: the volume, or a part of it. What `subPathExpr` reaches is known only on the node,
/// so that it counts as the volume.
fn ruling_on<'s>(
    mount: &Mount<'_>,
    volume: &HostVolume<'_>,
    scope: &Scope<'s>,
    ruling: &Ruling<'s>,
) -> Ruling<'s> {
    match mount.view.sub_path {
        "" => *ruling,
        _ => scope.ruling(&reached_path(mount, volume)),
    }
}

/// The path that a mount reaches.
fn reached_path(mount: &Mount<'_>, volume: &HostVolume<'_>) -> HostPath {
    volume.path.join(mount.view.sub_path)
}

/// What a mount reaches: for a message, and what tells a finding about it from those about others.
fn reached(mount: &Mount<'_>, volume: &HostVolume<'_>) -> (String, String) {
    match mount.view.sub_path {
        "" => (volume.quoted(), volume.identity().to_owned()),
        sub_path => {
            let written = format!("{}/{sub_path}", volume.written.trim_end_matches('/'));
            let path = reached_path(mount, volume);
            (
                quoted(&written, &path),
                identity(&written, &path).to_owned(),
            )
        }
    }
}

fn refuse(volume: &HostVolume<'_>, ruling: &Ruling<'_>, verdict: &mut Verdict) {
    match ruling.because {
        Because::Risk(risk, relation) => {
            risky_path::check(volume, ruling, &risk, relation, verdict);
        }
        Because::Denied(..) => denied_path::check(volume, ruling, verdict),
        Because::NotAllowed | Because::Nothing | Because::Allowed(..) => {
            path_outside_allowed::check(volume, verdict);
        }
    }
}
