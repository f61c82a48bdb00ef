//! A type that creates what is missing.

use shared::{Finding, Rule, Verdict, rule};

use crate::settings::Settings;
use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "created_path",
    summary: "`type: DirectoryOrCreate` or `FileOrCreate`",
    why: "The kubelet makes the directory or file as root, on every node where such a pod is placed, and nobody removes \
          it",
    fix: "use an emptyDir, or type Directory or File for what exists",
};

/// Reports a type that creates what is missing.
pub(crate) fn check(volume: &HostVolume<'_>, settings: &Settings, verdict: &mut Verdict) {
    if matches!(volume.kind, "DirectoryOrCreate" | "FileOrCreate") {
        let reason = format!(
            "{} makes {} as root on every node that lacks it",
            volume.kind,
            volume.quoted()
        );
        verdict.report(
            settings.created_paths,
            Finding::new(&RULE, &volume.kind_field(), reason),
        );
    }
}
