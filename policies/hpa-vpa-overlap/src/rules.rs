//! The rules, one in a file.

use shared::kubernetes::autoscaling::Goal;
use shared::{Level, Rule, Verdict};

use crate::pair::Pair;
use crate::settings::{Scope, Settings};

pub(crate) mod duplicate_horizontal;
pub(crate) mod duplicate_vertical;
pub(crate) mod indirect_target;
mod shared_average_value;
mod shared_resource;
mod shared_target;
mod startup_boost;
pub(crate) mod unreadable_object;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &duplicate_horizontal::RULE,
    &duplicate_vertical::RULE,
    &indirect_target::RULE,
    &shared_average_value::RULE,
    &shared_resource::RULE,
    &shared_target::RULE,
    &startup_boost::RULE,
    &unreadable_object::RULE,
];

/// Judges a pair of one target.
pub(crate) fn check(pair: &Pair<'_>, settings: &Settings, verdict: &mut Verdict) {
    // What is refused is told with whatever else is wrong: correcting that alone would not help, and is no reason to
    // refuse the correction.
    let denies_boost = settings.startup_boost == Level::Deny;
    match settings.scope {
        Scope::Target if pair.is_active() => {
            shared_target::check(pair, settings, verdict);
            if !denies_boost {
                return;
            }
        }
        Scope::Target => {}
        Scope::Resource => check_resources(pair, settings, verdict),
    }
    startup_boost::check(&pair.boosted(denies_boost), settings, verdict);
}

fn check_resources(pair: &Pair<'_>, settings: &Settings, verdict: &mut Verdict) {
    let clashes = pair.clashes();
    for clash in &clashes {
        if clash.metric.goal == Goal::Utilization {
            shared_resource::check(clash, settings, verdict);
        } else {
            shared_average_value::check(clash, settings, verdict);
        }
    }
    let is_alone = clashes.is_empty() || settings.shared_target == Level::Deny;
    if is_alone && pair.is_active() {
        shared_target::check(pair, settings, verdict);
    }
}
