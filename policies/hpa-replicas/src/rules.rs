//! The rules, one in a file.

use shared::kubernetes::autoscaling::{ScaleTarget, Scaler};
use shared::rules::unreadable_object;
use shared::{Level, Rule, Verdict};

use crate::sent::{Change, Client, Sent};
use crate::settings::Settings;

mod disabled_autoscaler;
mod fixed_replicas;
mod reset_replicas;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &disabled_autoscaler::RULE,
    &fixed_replicas::RULE,
    &reset_replicas::RULE,
    &unreadable_object::RULE,
];

/// The number of pods that a workload is to have without asking its autoscaler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'w> {
    /// The number that an author sent.
    pub(crate) sent: Option<Sent>,
    /// What this UPDATE does to it.
    pub(crate) change: Option<Change>,
    /// What sends the workload.
    pub(crate) client: Client,
    /// Whether the last-applied configuration has the number, or had it before.
    pub(crate) was_applied: bool,
    /// The workload, where it is the autoscaler that is written.
    pub(crate) target: Option<&'w ScaleTarget<'w>>,
}

impl Wish<'_> {
    /// The field to show.
    fn path(&self) -> &'static str {
        match self.target {
            Some(_) => "spec.scaleTargetRef",
            None => "spec.replicas",
        }
    }
}

/// Judges the number beside an autoscaler of the workload. Of several that find something, one speaks.
pub(crate) fn check(
    wish: &Wish<'_>,
    scaler: &Scaler<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    if disabled_autoscaler::check(wish, scaler, settings, verdict) {
        return;
    }
    let fixed = wish
        .sent
        .filter(|sent| !scaler.range.is_only(sent.replicas));
    let reset = wish
        .change
        .filter(|change| scaler.range.contains(change.from));
    match (fixed, reset) {
        // The harm itself says more than that it will come, unless that is to be refused.
        (Some(_), Some(change)) if !is_milder(settings.resets, settings.fixed_replicas) => {
            reset_replicas::check(change, wish, scaler, settings, verdict);
        }
        (Some(sent), _) => fixed_replicas::check(sent, wish, scaler, settings, verdict),
        (None, Some(change)) => reset_replicas::check(change, wish, scaler, settings, verdict),
        (None, None) => {}
    }
}

/// Whether the one level is less serious than the other.
fn is_milder(level: Level, other: Level) -> bool {
    level != other && level.at_most(other) == level
}
