//! A read-only mount that leaves other mounts below it writable.

use shared::{Finding, Rule, Verdict, rule};

use crate::catalogue::MOUNT_PARENTS;
use crate::settings::Settings;
use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "non_recursive_read_only",
    summary: "`readOnly: true` without `recursiveReadOnly` on a path that usually holds other mounts",
    why: "The other mounts stay writable: disks below /mnt, control groups below /sys (KEP-3857)",
    fix: "set recursiveReadOnly: IfPossible",
};

/// Reports each such mount.
pub(crate) fn check(volume: &HostVolume<'_>, settings: &Settings, verdict: &mut Verdict) {
    if !MOUNT_PARENTS.contains(&volume.path.as_str()) {
        return;
    }
    for mount in volume.mounts {
        let recursive = matches!(mount.mount.recursive_read_only, "Enabled" | "IfPossible");
        if mount.writable || recursive || !mount.mount.sub_path.is_empty() {
            continue;
        }
        let reason = format!(
            "mounts below {} stay writable; set recursiveReadOnly: IfPossible",
            volume.quoted()
        );
        mount.with_field("recursiveReadOnly", |field| {
            verdict.report(
                settings.non_recursive_read_only,
                Finding::new(&RULE, field, reason),
            );
        });
    }
}
