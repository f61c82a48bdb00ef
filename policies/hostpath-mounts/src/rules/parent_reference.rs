//! A path with `..`.

use shared::{Rule, Verdict, rule};

use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "parent_reference",
    summary: "A path or `subPath` with a `..` in it",
    why: "It leads out of the directory that it seems to stay in. The API server refuses it, but takes \
          `C:\\data\\..\\Windows`, which means the same to a Windows node",
    fix: "write the path without \"..\"",
};

/// Whether the path of the volume has a `..`, so that nothing else can be said of it.
pub(crate) fn check(volume: &HostVolume<'_>, verdict: &mut Verdict) -> bool {
    for mount in volume.mounts {
        let sub_path = mount.mount.sub_path;
        if volume.path.join(sub_path).has_backsteps() && !volume.path.has_backsteps() {
            let reason = format!("{sub_path:?} leads out of {:?}", volume.written);
            mount.with_field("subPath", |field| verdict.deny(&RULE, field, reason));
        }
    }
    let found = volume.path.has_backsteps();
    if found {
        verdict.deny(
            &RULE,
            &volume.field(),
            format!("{:?} leads to a place that cannot be told", volume.written),
        );
    }
    found
}
