//! A path that is not allowed, where only allowed ones are.

use shared::{Rule, Verdict, rule};

use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "path_outside_allowed",
    summary: "With `mode: allowlist`, a path that no entry of `allowed` covers",
    why: "Every path of the node is a way around the isolation of pods; the Pod Security Standards forbid all of them \
          from the baseline on",
    fix: "use an emptyDir or a PersistentVolumeClaim, or have the platform team list the path in `allowed`",
};

/// Refuses the volume.
pub(crate) fn check(volume: &HostVolume<'_>, verdict: &mut Verdict) {
    let where_ = if volume.namespace.is_empty() {
        "here"
    } else {
        "in this namespace"
    };
    verdict.deny(
        &RULE,
        &volume.field(),
        format!(
            "{} is not among the paths that are allowed {where_}",
            volume.quoted()
        ),
    );
}
