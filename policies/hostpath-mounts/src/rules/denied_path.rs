//! A path that the administrator denies.

use shared::host_path::Relation;
use shared::{Rule, Verdict, rule};

use crate::settings::Denied;
use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "denied_path",
    summary: "A path that `denied` lists, something inside it, or something that holds it",
    why: "The platform team says why in the entry's `reason`",
    fix: "mount something else, or ask the platform team",
};

/// Refuses the volume for what the administrator says of its path.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    denied: &Denied,
    relation: Relation,
    verdict: &mut Verdict,
) {
    let quoted = volume.quoted();
    let Denied { path, reason, .. } = denied;
    let reason = match relation {
        Relation::Equal => format!("{quoted} is denied: {reason}"),
        Relation::Below => format!(
            "{quoted} is part of {:?}, which is denied: {reason}",
            path.as_str()
        ),
        Relation::Above => format!(
            "{quoted} holds {:?}, which is denied: {reason}",
            path.as_str()
        ),
    };
    verdict.deny(&RULE, &volume.field(), reason);
}
