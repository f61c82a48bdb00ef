//! A medium that the kubelet does not know.

use shared::{Level, Rule, Verdict, quote, rule};

use super::report;
use crate::pod::{Pod, Scratch};
use crate::views::{is_page_size, page_size};

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
        pod,
        volume,
        "emptyDir.medium",
        &|| {
            let quoted = quote(medium);
            let lower = medium.to_ascii_lowercase();
            // What follows the dash of `hugepages-2Mi`.
            let size = lower.strip_prefix("hugepages-");
            let size = size.map(|size| medium.get(medium.len() - size.len()..).unwrap_or_default());
            let fix = match (lower.as_str(), size) {
                ("memory", _) => "write medium: Memory".to_owned(),
                ("hugepages", _) => "write medium: HugePages".to_owned(),
                (_, Some(size)) if is_page_size(size) => format!("write medium: HugePages-{size}"),
                (_, Some(_)) => {
                    "write medium: HugePages-2Mi, or another size that the nodes have".to_owned()
                }
                _ => String::new(),
            };
            let error = match medium.strip_prefix("HugePages-") {
                Some(size) if page_size(size).is_some() => {
                    format!(
                        "medium {medium}: hugePages storage requested, but there is no resource request for huge pages"
                    )
                }
                Some(_) => "quantities must match the regular expression".to_owned(),
                None => format!("unknown storage medium {quoted}"),
            };
            let reason = format!(
                "{quoted} is not a medium, so the pods stay in ContainerCreating (FailedMount: MountVolume.SetUp failed, \
                 {error})"
            );
            (reason, fix)
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
        for (medium, fix) in [
            ("memory", "write medium: Memory"),
            ("MEMORY", "write medium: Memory"),
            ("Disk", usual),
            ("Memory ", usual),
            ("hugePages", "write medium: HugePages"),
            ("hugepages-1Gi", "write medium: HugePages-1Gi"),
            ("hugepages-xyz", size),
            ("HugePages-xyz", size),
            ("HugePages-", size),
            ("HugePages- 2Mi", size),
            ("HugePages2Mi", usual),
        ] {
            let error = match medium.strip_prefix("HugePages-") {
                Some(_) => "quantities must match the regular expression".to_owned(),
                None => format!("unknown storage medium \"{medium}\""),
            };
            assert_eq!(
                lines(&json!({"medium": medium}), &json!({})),
                [format!(
                    "spec.template.spec.volumes[0].emptyDir.medium: \"{medium}\" is not a medium, so the pods stay in \
                     ContainerCreating (FailedMount: MountVolume.SetUp failed, {error}); fix: {fix} [unknown_medium]"
                )]
            );
        }
    }

    #[test]
    fn pages_of_no_bytes_no_container_can_request() {
        for medium in [
            "HugePages-0",
            "HugePages--1",
            "HugePages-0Mi",
            "HugePages-100m",
        ] {
            assert_eq!(
                lines(&json!({"medium": medium}), &json!({})),
                [format!(
                    "spec.template.spec.volumes[0].emptyDir.medium: \"{medium}\" is not a medium, so the pods stay in \
                     ContainerCreating (FailedMount: MountVolume.SetUp failed, medium {medium}: hugePages storage \
                     requested, but there is no resource request for huge pages); fix: write medium: HugePages-2Mi, or \
                     another size that the nodes have [unknown_medium]"
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
