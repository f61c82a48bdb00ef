//! Huge pages that no container requests.

use shared::index::Index;
use shared::kubernetes::containers::Role;
use shared::kubernetes::quantity::amount::Amount;
use shared::{Level, Rule, Verdict, quote, rule};

use super::report;
use crate::pod::{Pod, Scratch};
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "missing_huge_pages",
    summary: "A mounted volume of huge pages, where no container requests that size; plain `HugePages` where containers \
              request several sizes",
    why: "The kubelet mounts nothing, and the pods stay in ContainerCreating",
    fix: "add hugepages-2Mi: 2Mi, or a multiple of it, and a memory limit to resources.limits of a container",
    levels: [Deny, Warn for "a kind of another project, whose controller may add containers"],
};

/// The sizes of huge pages that a pod requests.
pub(crate) struct Requested<'p> {
    /// As often and as they are written.
    sizes: Vec<(Amount, &'p str)>,
    /// By their amounts.
    index: Index,
    /// One of them, where there are several.
    several: Option<&'p str>,
}

impl<'p> Requested<'p> {
    /// Those of a pod. Source: `getPageSizeMountOption` in `pkg/volume/emptydir/empty_dir.go`.
    pub(crate) fn of(pod: &Pod<'p>, settings: &Settings) -> Self {
        let mut sizes = Vec::new();
        let mut add = |texts: &[&'p str]| {
            let read = |text: &&'p str| Some((Amount::parse(text)?, *text));
            sizes.extend(texts.iter().filter_map(read));
        };
        for container in &pod.containers {
            if container.role != Role::Ephemeral {
                add(&container.container.resources.page_sizes);
            }
        }
        if settings.pod_level_resources {
            add(&pod.spec.resources.page_sizes);
        }
        let hashes: Vec<u64> = sizes.iter().map(|(amount, _)| amount.hash()).collect();
        let index = Index::new(&hashes);
        let several = one_of_several(&sizes);
        Self {
            sizes,
            index,
            several,
        }
    }

    fn has(&self, size: Amount) -> bool {
        let mut places = self.index.places(size.hash());
        places.any(|place| {
            self.sizes
                .get(place)
                .is_some_and(|(known, _)| *known == size)
        })
    }
}

/// One of several sizes. None where all are the same.
fn one_of_several<'p>(sizes: &[(Amount, &'p str)]) -> Option<&'p str> {
    let (first, text) = *sizes.first()?;
    let is_other = |(other, _): &(Amount, &str)| *other != first;
    sizes.iter().any(is_other).then_some(text)
}

/// A size as the nodes name it: `2Mi` for `2048Ki`. As it is written where none can have it: sizes are powers of two.
///
/// Source: `HugePageResourceName` in `pkg/apis/core/v1/helper/helpers.go`.
fn canonical(size: Amount, written: &str) -> String {
    for (suffix, exponent) in [("Ki", 10), ("Mi", 20), ("Gi", 30)] {
        for number in (0..10).map(|doublings| 1 << doublings) {
            if size == Amount::whole(number << exponent) {
                return format!("{number}{suffix}");
            }
        }
    }
    written.to_owned()
}

/// Refuses a volume of huge pages of this size, empty for the only one there is.
pub(crate) fn check(
    volume: &Scratch<'_>,
    size: &str,
    requested: &Requested<'_>,
    pod: &Pod<'_>,
    verdict: &mut Verdict,
) {
    let amount = Amount::parse(size);
    let (has_it, several) = match amount {
        None => (!requested.sizes.is_empty(), requested.several),
        Some(size) => (requested.has(size), None),
    };
    if has_it && several.is_none() {
        return;
    }
    let level = if pod.is_whole {
        Level::Deny
    } else {
        Level::Warn
    };
    report(
        verdict,
        level,
        &RULE,
        pod,
        volume,
        "emptyDir.medium",
        &|| {
            const STAY: &str =
                "so the pods stay in ContainerCreating (FailedMount: MountVolume.SetUp failed,";
            if let Some(first) = several {
                let reason = format!(
                    "\"HugePages\" can be any of the sizes that the containers request, {STAY} medium: HugePages can't be used \
                 if container requests multiple huge page sizes)"
                );
                return (
                    reason,
                    format!("write medium: HugePages-{first}, or another of the sizes"),
                );
            }
            let (dash, wanted) = match amount {
                None => ("", "2Mi".to_owned()),
                Some(amount) => ("-", canonical(amount, size)),
            };
            let medium = format!("HugePages{dash}{size}");
            let which = if size.is_empty() {
                "huge pages"
            } else {
                "pages of this size"
            };
            let reason = format!(
                "{} is mounted, and no container requests {which}, {STAY} medium {medium}: hugePages storage requested, but \
             there is no resource request for huge pages)",
                quote(&medium)
            );
            let fix = format!(
                "add hugepages-{wanted}: {wanted}, or a multiple of it, and a memory limit to resources.limits of a container"
            );
            (reason, fix)
        },
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::places;

    use crate::testing::{lines, lines_of, of_spec, spec};

    #[test]
    fn says_what_to_request() {
        let line = |medium: &str, which: &str, size: &str| {
            format!(
                "spec.template.spec.volumes[0].emptyDir.medium: \"{medium}\" is mounted, and no container requests {which}, \
                 so the pods stay in ContainerCreating (FailedMount: MountVolume.SetUp failed, medium {medium}: hugePages \
                 storage requested, but there is no resource request for huge pages); fix: add hugepages-{size}: {size}, or \
                 a multiple of it, and a memory limit to resources.limits of a container [missing_huge_pages]"
            )
        };
        for (medium, which, size) in [
            ("HugePages", "huge pages", "2Mi"),
            ("HugePages-1Gi", "pages of this size", "1Gi"),
            // The kubelet compares amounts, and the nodes have one name for each.
            ("HugePages-2048Ki", "pages of this size", "2Mi"),
            ("HugePages-1024Mi", "pages of this size", "1Gi"),
            ("HugePages-0.5Gi", "pages of this size", "512Mi"),
            ("HugePages-65536", "pages of this size", "64Ki"),
            ("HugePages-16Gi", "pages of this size", "16Gi"),
            ("HugePages-3Mi", "pages of this size", "3Mi"),
        ] {
            assert_eq!(
                lines(&json!({"medium": medium}), &json!({})),
                [line(medium, which, size)]
            );
        }
    }

    /// How many findings there are of a medium, where the container has these resources and the pod those.
    fn findings(medium: &str, container: &Value, pod: &Value, settings: &Value) -> usize {
        let mut spec = spec(&json!({"medium": medium}));
        spec["containers"][0]["resources"] = container.clone();
        spec["resources"] = pod.clone();
        lines_of(&of_spec(&spec), settings).len()
    }

    #[test]
    fn sizes_are_compared_as_quantities() {
        let none = json!(null);
        for (medium, container, expected) in [
            (
                "HugePages-2048Ki",
                json!({"limits": {"hugepages-2Mi": "100Mi"}}),
                0,
            ),
            (
                "HugePages-2Mi",
                json!({"requests": {"hugepages-2Mi": "100Mi"}}),
                0,
            ),
            (
                "HugePages-1Gi",
                json!({"limits": {"hugepages-2Mi": "100Mi"}}),
                1,
            ),
            (
                "HugePages",
                json!({"limits": {"hugepages-2Mi": "100Mi"}}),
                0,
            ),
            (
                "HugePages",
                json!({"limits": {"hugepages-2Mi": 1, "hugepages-2048Ki": 1}}),
                0,
            ),
            (
                "HugePages",
                json!({"limits": {"hugepages-x": "1", "memory": "1Gi"}}),
                1,
            ),
        ] {
            assert_eq!(
                findings(medium, &container, &none, &json!({})),
                expected,
                "{medium} {container}"
            );
            assert_eq!(
                findings(medium, &none, &container, &json!({})),
                expected,
                "of the pod"
            );
        }
        let pod = json!({"limits": {"hugepages-2Mi": "100Mi"}});
        let older = json!({"podLevelResources": false});
        assert_eq!(findings("HugePages", &none, &pod, &older), 1);
    }

    #[test]
    fn a_medium_without_a_size_needs_a_single_one() {
        let several = json!({"limits": {"hugepages-1Gi": "2Gi", "hugepages-2Mi": "100Mi"}});
        let mut spec = spec(&json!({"medium": "HugePages"}));
        spec["containers"][0]["resources"] = several.clone();
        assert_eq!(
            lines_of(&of_spec(&spec), &json!({})),
            [
                "spec.template.spec.volumes[0].emptyDir.medium: \"HugePages\" can be any of the sizes that the containers \
                 request, so the pods stay in ContainerCreating (FailedMount: MountVolume.SetUp failed, medium: HugePages \
                 can't be used if container requests multiple huge page sizes); fix: write medium: HugePages-1Gi, or \
                 another of the sizes [missing_huge_pages]"
            ]
        );
        assert_eq!(
            findings("HugePages-1Gi", &several, &json!(null), &json!({})),
            0
        );
    }

    #[test]
    fn containers_that_another_project_adds_may_request_them() {
        let mut object = of_spec(&spec(&json!({"medium": "HugePages"})));
        object["apiVersion"] = json!("argoproj.io/v1alpha1");
        object["kind"] = json!("Rollout");
        assert_eq!(
            places(&lines_of(&object, &json!({}))),
            ["warning: spec.template.spec.volumes[0].emptyDir.medium [missing_huge_pages]"]
        );
    }
}
