//! The rules, one in a file.

use shared::rules::missing_pod_spec;
use shared::{Finding, Level, Rule, Verdict};

use crate::pod::{Pod, Scratch};
use crate::settings::Settings;
use crate::views::Medium;

mod invalid_size_limit;
mod missing_huge_pages;
mod size_over_memory_limit;
mod size_over_storage_limit;
mod tiny_size_limit;
mod tiny_storage_limit;
mod unbounded_memory;
mod unknown_medium;
mod unlimited_volume;
mod zero_size_limit;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &invalid_size_limit::RULE,
    &missing_huge_pages::RULE,
    &missing_pod_spec::RULE,
    &size_over_memory_limit::RULE,
    &size_over_storage_limit::RULE,
    &tiny_size_limit::RULE,
    &tiny_storage_limit::RULE,
    &unbounded_memory::RULE,
    &unknown_medium::RULE,
    &unlimited_volume::RULE,
    &zero_size_limit::RULE,
];

/// Judges a pod.
pub(crate) fn check(pod: &Pod<'_>, settings: &Settings, verdict: &mut Verdict) {
    let requested = missing_huge_pages::Requested::of(pod, settings);
    for volume in &pod.volumes {
        let is_invalid = invalid_size_limit::check(volume, pod, verdict);
        if !volume.is_mounted {
            continue;
        }
        match volume.medium {
            Medium::Unknown(medium) => unknown_medium::check(volume, medium, pod, verdict),
            Medium::HugePages(size) => {
                missing_huge_pages::check(volume, size, &requested, pod, verdict);
            }
            Medium::Disk | Medium::Memory => {}
        }
        if is_invalid || tiny_size_limit::check(volume, pod, verdict) {
            continue;
        }
        size_over_storage_limit::check(volume, pod, settings, verdict);
        // What is said of a volume without a limit is not said again of a limit that is 0.
        let is_said = unbounded_memory::check(volume, pod, settings, verdict)
            || unlimited_volume::check(volume, pod, settings, verdict);
        if !is_said {
            zero_size_limit::check(volume, pod, settings, verdict);
        }
    }
    size_over_memory_limit::check(pod, settings, verdict);
    tiny_storage_limit::check(pod, verdict);
}

/// Reports a finding about a field of a volume. On an UPDATE it is the same as long as the volume has it, whatever the
/// field says now.
fn report(
    verdict: &mut Verdict,
    level: Level,
    rule: &'static Rule,
    pod: &Pod<'_>,
    volume: &Scratch<'_>,
    field: &'static str,
    said: &dyn Fn() -> (String, String),
) {
    verdict.report_with(level, &|| {
        let (reason, fix) = said();
        let finding =
            Finding::new(rule, &pod.field_of_volume(volume, field), reason).known_as(volume.name);
        if fix.is_empty() {
            finding
        } else {
            finding.fix(fix)
        }
    });
}
