//! A writable mount of any path.

use shared::{Finding, Rule, Verdict, rule};

use super::writable_read_only_path::reached;
use crate::ruling::{Access, Because, Ruling, Scope};
use crate::settings::Settings;
use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "writable_mount",
    summary: "A writable mount of a path that no list names",
    why: "A container can plant links in a directory that it may write, for another pod or the node to follow; \
          restrictions of paths hold only where mounts are read-only (kubernetes.io, Volumes, hostPath)",
    fix: "set readOnly: true",
};

/// Reports each writable mount of a path about which nothing is said.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    scope: &Scope<'_>,
    ruling: &Ruling<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    for mount in volume.mounts.iter().filter(|mount| mount.writable) {
        let (path, ruling) = reached(volume, mount, scope, ruling);
        if ruling.access == Access::ReadWrite && matches!(ruling.because, Because::Nothing) {
            let reason = format!(
                "container {:?} can write to {path} of the node; set readOnly: true",
                mount.container
            );
            mount.with_field("readOnly", |field| {
                verdict.report(settings.writable_mounts, Finding::new(&RULE, field, reason));
            });
        }
    }
}
