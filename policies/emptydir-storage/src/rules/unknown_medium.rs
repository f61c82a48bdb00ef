//! A medium that the kubelet does not know.

use shared::{Level, Rule, Verdict, quote, rule};

use super::report;
use crate::pod::{Pod, Scratch};

pub(crate) static RULE: Rule = rule! {
    id: "unknown_medium",
    summary: "A `medium` that is none of `Memory`, `HugePages` and `HugePages-<size>`, on a volume that a container mounts",
    why: "The API server takes any word, and the kubelet mounts nothing: the pods stay in ContainerCreating",
    fix: "leave medium out for the disk of the node, or write medium: Memory",
    levels: [Deny],
};

/// Refuses it.
///
/// Source: `SetUpAt` in `pkg/volume/emptydir/empty_dir.go`, which compares exactly.
pub(crate) fn check(volume: &Scratch<'_>, medium: &str, pod: &Pod<'_>, verdict: &mut Verdict) {
    // What another project fills in before it makes pods.
    if !pod.is_whole && medium.contains(['{', '$']) {
        return;
    }
    report(
        verdict,
        Level::Deny,
        &RULE,
        volume,
        "emptyDir.medium",
        &|| {
            let quoted = quote(medium);
            let lower = medium.to_ascii_lowercase();
            let pages = lower.strip_prefix("hugepages");
            let is_size = pages.is_some_and(|pages| pages.starts_with('-'));
            let (problem, fix) = match lower.as_str() {
                "memory" => ("is not a medium", "write medium: Memory"),
                "hugepages" => ("is not a medium", "write medium: HugePages"),
                _ if is_size => (
                    "does not name a size of huge pages",
                    "write medium: HugePages-2Mi, or another size that the nodes have",
                ),
                _ => ("is not a medium", ""),
            };
            let reason = format!(
                "{quoted} {problem}, so the pods stay in ContainerCreating (FailedMount: MountVolume.SetUp failed, unknown \
             storage medium {quoted})"
            );
            (reason, fix.to_owned())
        },
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{deployment, lines, lines_of, of_spec};

    #[test]
    fn names_what_is_meant() {
        let usual = "leave medium out for the disk of the node, or write medium: Memory";
        let size = "write medium: HugePages-2Mi, or another size that the nodes have";
        let (none, no_size) = ("is not a medium", "does not name a size of huge pages");
        for (medium, problem, fix) in [
            ("memory", none, "write medium: Memory"),
            ("MEMORY", none, "write medium: Memory"),
            ("Disk", none, usual),
            ("Memory ", none, usual),
            ("hugePages", none, "write medium: HugePages"),
            ("hugepages-2Mi", no_size, size),
            ("HugePages-xyz", no_size, size),
            ("HugePages-", no_size, size),
            ("HugePages- 2Mi", no_size, size),
            ("HugePages2Mi", none, usual),
        ] {
            assert_eq!(
                lines(&json!({"medium": medium}), &json!({})),
                [format!(
                    "spec.template.spec.volumes[0].emptyDir.medium: \"{medium}\" {problem}, so the pods stay in \
                     ContainerCreating (FailedMount: MountVolume.SetUp failed, unknown storage medium \"{medium}\"); \
                     fix: {fix} [unknown_medium]"
                )]
            );
        }
    }

    #[test]
    fn the_default_medium_has_many_spellings() {
        for volume in [
            json!({"name": "v", "emptyDir": {"medium": ""}}),
            json!({"name": "v", "emptyDir": {"medium": null}}),
            json!({"name": "v", "emptyDir": null}),
            json!({"name": "v"}),
            json!({"name": "v", "configMap": null}),
        ] {
            let mounts = json!([{"name": "app", "volumeMounts": [{"name": "v"}]}]);
            let object = of_spec(&json!({"volumes": [volume], "containers": mounts}));
            assert_eq!(lines_of(&object, &json!({})), [""; 0], "{volume}");
        }
    }

    #[test]
    fn counts_only_where_the_kubelet_mounts_it() {
        let mounts = json!([{"name": "v"}]);
        let other = json!([{"name": "w"}]);
        for (list, mounts, findings) in [
            ("containers", &mounts, 1),
            ("initContainers", &mounts, 1),
            ("ephemeralContainers", &mounts, 1),
            ("containers", &other, 0),
            ("containers", &json!(null), 0),
        ] {
            let mut spec = json!({"volumes": [{"name": "v", "emptyDir": {"medium": "memory"}}]});
            spec[list] = json!([{"name": "app", "volumeMounts": mounts}]);
            let found = lines_of(&of_spec(&spec), &json!({}));
            assert_eq!(found.len(), findings, "{list} {mounts}: {found:?}");
        }
        let mut replaced = deployment(&json!({"medium": "memory"}));
        replaced["kind"] = json!("StatefulSet");
        for (claim, findings) in [("v", 0), ("w", 1)] {
            replaced["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": claim}}]);
            assert_eq!(lines_of(&replaced, &json!({})).len(), findings, "{claim}");
        }
    }

    #[test]
    fn what_another_project_fills_in_is_left_alone() {
        let of = |group: &str, kind: &str, medium: &str| -> Value {
            let mut object = deployment(&json!({"medium": medium}));
            object["apiVersion"] = json!(group);
            object["kind"] = json!(kind);
            object
        };
        for (object, findings) in [
            (of("argoproj.io/v1alpha1", "Rollout", "memory"), 1),
            (
                of(
                    "argoproj.io/v1alpha1",
                    "Rollout",
                    "{{inputs.parameters.medium}}",
                ),
                0,
            ),
            (of("argoproj.io/v1alpha1", "Rollout", "$(params.medium)"), 0),
            (of("apps/v1", "Deployment", "$(params.medium)"), 1),
        ] {
            assert_eq!(lines_of(&object, &json!({})).len(), findings, "{object}");
        }
    }
}
