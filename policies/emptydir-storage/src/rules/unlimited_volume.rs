//! Scratch space that may fill the disk of the node.

use shared::{Level, Rule, Verdict, rule};

use super::report;
use crate::pod::{Pod, Scratch};
use crate::settings::Settings;
use crate::views::Medium;

pub(crate) static RULE: Rule = rule! {
    id: "unlimited_volume",
    summary: "With `requireLimit`, a mounted volume on the disk without a `sizeLimit`, where no container has a limit of \
              `ephemeral-storage` either",
    why: "When the disk of the node is full, the kubelet evicts pods, and not only the one that filled it",
    fix: "write emptyDir: {sizeLimit: 1Gi}",
    levels: [Off by "requireLimit"],
};

/// Reports it, and returns whether it did.
///
/// Source: `rankDiskPressureFunc` in `pkg/kubelet/eviction/helpers.go`.
pub(crate) fn check(
    volume: &Scratch<'_>,
    pod: &Pod<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) -> bool {
    let is_limited = volume.limit().is_some() || pod.storage_limit.is_some();
    if volume.medium != Medium::Disk || is_limited {
        return false;
    }
    let level = settings.require_limit;
    report(
        verdict,
        level,
        &RULE,
        pod,
        volume,
        "emptyDir.sizeLimit",
        &|| {
            let limit = match volume.size_limit {
                None => "is not set".to_owned(),
                Some(zero) => format!("{zero} is no limit"),
            };
            let reason = format!(
                "{limit}, and no container has a limit of ephemeral-storage, so the volume may fill the disk of the node \
             (DiskPressure: other pods are evicted, too)"
            );
            (reason, String::new())
        },
    );
    level != Level::Off
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines, lines_of, of_spec, spec};

    #[test]
    fn is_off_unless_an_administrator_wants_it() {
        let required = json!({"requireLimit": "deny"});
        let line = |limit: &str| {
            format!(
                "spec.template.spec.volumes[0].emptyDir.sizeLimit: {limit}, and no container has a limit of \
                 ephemeral-storage, so the volume may fill the disk of the node (DiskPressure: other pods are evicted, \
                 too); fix: write emptyDir: {{sizeLimit: 1Gi}} [unlimited_volume]"
            )
        };
        assert_eq!(lines(&json!({}), &json!({})), [""; 0]);
        for (empty_dir, expected) in [
            (json!({}), vec![line("is not set")]),
            (json!(null), vec![line("is not set")]),
            (json!({"sizeLimit": 0}), vec![line("0 is no limit")]),
            (json!({"sizeLimit": "1Gi"}), vec![]),
        ] {
            assert_eq!(lines(&empty_dir, &required), expected, "{empty_dir}");
        }
    }

    #[test]
    fn a_limit_of_a_container_is_enough() {
        let findings = |limit: Value, list: &str| {
            let mut spec = spec(&json!({}));
            let resources = json!({"limits": {"ephemeral-storage": limit}});
            spec[list] =
                json!([{"name": "a", "volumeMounts": [{"name": "v"}], "resources": resources}]);
            lines_of(&of_spec(&spec), &json!({"requireLimit": "deny"})).len()
        };
        assert_eq!(findings(json!("1Gi"), "containers"), 0);
        assert_eq!(findings(json!("1Gi"), "initContainers"), 0);
        assert_eq!(findings(json!("1Gi"), "ephemeralContainers"), 1);
        assert_eq!(findings(json!(null), "containers"), 1);
    }
}
