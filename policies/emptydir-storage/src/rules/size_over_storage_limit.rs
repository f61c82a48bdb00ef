//! A limit that is never reached.

use shared::{Rule, Verdict, rule};

use super::report;
use crate::pod::{BLOCK, Pod, Scratch, StorageLimit};
use crate::settings::Settings;
use crate::views::Medium;

pub(crate) static RULE: Rule = rule! {
    id: "size_over_storage_limit",
    summary: "A volume on the disk with a `sizeLimit` above what all containers together may write (`ephemeral-storage`)",
    why: "What is in the volume counts, too: the kubelet evicts the pod before the volume is full",
    fix: "lower sizeLimit, or raise limits.ephemeral-storage of the containers above it",
    levels: [Warn by "sizeOverStorageLimit"],
};

/// Reports it.
///
/// Source: `podEphemeralStorageLimitEviction` in `pkg/kubelet/eviction/eviction_manager.go`. Pods of the system's
/// priorities are not evicted.
pub(crate) fn check(
    volume: &Scratch<'_>,
    pod: &Pod<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let Some(size) = volume.limit().filter(|_| volume.medium == Medium::Disk) else {
        return;
    };
    let amount = size.amount_or_zero();
    // Of limits that are next to nothing another rule tells.
    let is_over = |limit: &StorageLimit<'_>| limit.amount >= BLOCK && amount > limit.amount;
    let Some(limit) = pod.storage_limit.filter(is_over) else {
        return;
    };
    if pod.spec.is_critical {
        return;
    }
    let level = settings.size_over_storage_limit;
    report(
        verdict,
        level,
        &RULE,
        pod,
        volume,
        "emptyDir.sizeLimit",
        &|| {
            let what = match limit.only {
                Some(only) => format!("the {only} of ephemeral-storage that the pod may use"),
                None => "the ephemeral-storage that all containers together may use".to_owned(),
            };
            let reason = format!(
                "{size} is more than {what}, so the pods are evicted before the volume is full (Evicted: Pod ephemeral local \
             storage usage exceeds the total limit of containers)"
            );
            (reason, String::new())
        },
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines_of, of_spec, spec};

    /// What is said of a volume of `2Gi`, where containers have these limits, and of its medium.
    fn lines(limits: &[&str], medium: &str, settings: &Value) -> Vec<String> {
        let mut spec = spec(&json!({"sizeLimit": "2Gi", "medium": medium}));
        let mount = spec["containers"][0]["volumeMounts"].clone();
        let container = |limit: &&str| {
            let resources = json!({"limits": {"ephemeral-storage": limit}});
            json!({"name": "app", "volumeMounts": mount, "resources": resources})
        };
        spec["containers"] = limits.iter().map(container).collect();
        lines_of(&of_spec(&spec), settings)
    }

    #[test]
    fn the_limit_of_the_pod_is_the_sum() {
        let line = |what: &str| {
            vec![format!(
                "warning: emptydir-storage: spec.template.spec.volumes[0].emptyDir.sizeLimit: \"2Gi\" is more than {what}, \
                 so the pods are evicted before the volume is full (Evicted: Pod ephemeral local storage usage exceeds the \
                 total limit of containers); fix: lower sizeLimit, or raise limits.ephemeral-storage of the containers \
                 above it [size_over_storage_limit]"
            )]
        };
        let single = line("the \"1Gi\" of ephemeral-storage that the pod may use");
        for (limits, expected) in [
            (&["1Gi"][..], single),
            (
                &["1Gi", "512Mi"],
                line("the ephemeral-storage that all containers together may use"),
            ),
            (&["1Gi", "2Gi"], vec![]),
            (&["2Gi"], vec![]),
            (&["2048Mi"], vec![]),
            (&[], vec![]),
        ] {
            assert_eq!(lines(limits, "", &json!({})), expected, "{limits:?}");
        }
        assert_eq!(lines(&["1Gi"], "Memory", &json!({})), [""; 0]);
        let off = json!({"sizeOverStorageLimit": "off"});
        assert_eq!(lines(&["1Gi"], "", &off), [""; 0]);
    }

    #[test]
    fn init_containers_and_sidecars_count_as_the_kubelet_counts_them() {
        let limited = |limit: &str, policy: Value| {
            let resources = json!({"limits": {"ephemeral-storage": limit}});
            json!({"name": "i", "restartPolicy": policy, "resources": resources})
        };
        let always = || json!("Always");
        for (init, findings) in [
            (json!([limited("2Gi", json!(null))]), 0),
            (json!([limited("1Gi", json!(null))]), 1),
            (json!([limited("1Gi", always())]), 0),
            (json!([limited("0.5Gi", always())]), 1),
            // The second one runs beside the first.
            (
                json!([limited("0.9Gi", always()), limited("1.1Gi", json!(null))]),
                0,
            ),
            (
                json!([limited("1.1Gi", json!(null)), limited("0.9Gi", always())]),
                1,
            ),
        ] {
            let mut spec = spec(&json!({"sizeLimit": "2Gi"}));
            let resources = json!({"limits": {"ephemeral-storage": "1Gi"}});
            spec["containers"][0]["resources"] = resources;
            spec["initContainers"] = init.clone();
            let found = lines_of(&of_spec(&spec), &json!({}));
            assert_eq!(found.len(), findings, "{init}: {found:?}");
        }
    }

    #[test]
    fn pods_of_the_system_are_not_evicted() {
        let mut spec = spec(&json!({"sizeLimit": "2Gi"}));
        let resources = json!({"limits": {"ephemeral-storage": "1Gi"}});
        spec["containers"][0]["resources"] = resources;
        spec["priorityClassName"] = json!("system-node-critical");
        assert_eq!(lines_of(&of_spec(&spec), &json!({})), [""; 0]);
    }
}
