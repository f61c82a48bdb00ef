//! A path that no pod should see.

use shared::host_path::Relation;
use shared::{Finding, Level, Rule, Verdict, rule};

use crate::catalogue::Risk;
use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "risky_path",
    summary: "A path of the catalogue that no pod should see, something inside it, or something that holds it",
    why: "Reading it is enough to take over the node or the cluster, or it is a socket or a device, which a read-only \
          mount leaves as it is",
    fix: "mount something else",
};

/// Refuses the volume for what the catalogue says of its path.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    risk: &Risk,
    relation: Relation,
    more: usize,
    verdict: &mut Verdict,
) {
    let quoted = volume.quoted();
    let what = risk.what;
    let reason = match relation {
        Relation::Equal => format!("{quoted} is {what}"),
        Relation::Below => format!("{quoted} is part of {:?}, {what}", risk.path),
        Relation::Above if more > 0 => format!(
            "{quoted} holds {:?}, {what}, and {more} more risky paths",
            risk.path
        ),
        Relation::Above => format!("{quoted} holds {:?}, {what}", risk.path),
    };
    verdict.report(
        Level::Deny,
        Finding::new(&RULE, &volume.field(), reason).fix(risk.instead),
    );
}
