//! A limit that nothing fits under.

use shared::{Level, Rule, Verdict, quote, rule};

use super::report;
use crate::advice;
use crate::pod::{BLOCK, Pod, Scratch};

pub(crate) static RULE: Rule = rule! {
    id: "tiny_size_limit",
    summary: "A `sizeLimit` of less than 4096 bytes that is not 0, such as `100m`, on a volume that a container mounts",
    why: "An empty directory or the first file in it takes more: the kubelet evicts the pod, its controller makes another, \
          and so on",
    fix: "write a size such as 100Mi, or leave sizeLimit out",
    levels: [Deny],
};

/// Refuses it, and returns whether it did.
///
/// Source: `emptyDirLimitEviction` in `pkg/kubelet/eviction/eviction_manager.go`, for every medium. A tmpfs has at least a
/// page, and its first file takes one. Pods of the system's priorities are not evicted.
pub(crate) fn check(volume: &Scratch<'_>, pod: &Pod<'_>, verdict: &mut Verdict) -> bool {
    let size = volume.limit().filter(|size| size.amount_or_zero() < BLOCK);
    let Some(size) = size.filter(|_| !pod.spec.is_critical) else {
        return false;
    };
    report(
        verdict,
        Level::Deny,
        &RULE,
        pod,
        volume,
        "emptyDir.sizeLimit",
        &|| {
            let reason = format!(
                "{size} is less than the 4096 bytes that an empty directory or its first file takes, so the kubelet evicts the \
             pods again and again (Evicted: Usage of EmptyDir volume {} exceeds the limit {size})",
                quote(volume.name)
            );
            (reason, advice::about(size).unwrap_or_default())
        },
    );
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{Review, places};

    use crate::EmptydirStorage;
    use crate::testing::{deployment, lines, lines_of};

    #[test]
    fn says_what_happens_and_what_may_be_meant() {
        assert_eq!(
            lines(&json!({"sizeLimit": "100m"}), &json!({})),
            [
                "spec.template.spec.volumes[0].emptyDir.sizeLimit: \"100m\" is less than the 4096 bytes that an empty \
                 directory or its first file takes, so the kubelet evicts the pods again and again (Evicted: Usage of \
                 EmptyDir volume \"v\" exceeds the limit \"100m\"); fix: write 100Mi: m stands for thousandths \
                 [tiny_size_limit]"
            ]
        );
    }

    #[test]
    fn a_block_is_enough() {
        let place = "spec.template.spec.volumes[0].emptyDir.sizeLimit [tiny_size_limit]";
        for (size, expected) in [
            (json!("1n"), &[place][..]),
            (json!("0.1"), &[place]),
            (json!(0.5), &[place]),
            (json!(10), &[place]),
            (json!("4095"), &[place]),
            (json!("4095.999"), &[place]),
            (json!("3Ki"), &[place]),
            (json!("4k"), &[place]),
            (json!("4Ki"), &[]),
            (json!("4.096k"), &[]),
            (json!("0.5Gi"), &[]),
            (json!("1e9"), &[]),
            (json!("1e30"), &[]),
            (json!(null), &[]),
        ] {
            for medium in ["", "Memory"] {
                let empty_dir = json!({"sizeLimit": size, "medium": medium});
                let found = lines(&empty_dir, &json!({"unboundedMemory": "off"}));
                assert_eq!(places(&found), expected, "{size} {medium}");
            }
        }
    }

    #[test]
    fn pods_of_the_system_are_not_evicted() {
        for (class, findings) in [
            ("system-node-critical", 0),
            ("system-cluster-critical", 0),
            ("critical", 1),
        ] {
            let mut object = deployment(&json!({"sizeLimit": "100m"}));
            object["spec"]["template"]["spec"]["priorityClassName"] = json!(class);
            assert_eq!(lines_of(&object, &json!({})).len(), findings, "{class}");
        }
    }

    #[test]
    fn an_update_is_refused_for_a_volume_that_was_not_so() {
        let of = |size: &str| deployment(&json!({"sizeLimit": size}));
        let mut labelled = of("100m");
        labelled["metadata"]["labels"] = json!({"a": "b"});
        for (old, new, accepted) in [
            (of("100m"), labelled, true),
            (of("100m"), of("200m"), true),
            (of("1Gi"), of("100m"), false),
        ] {
            let response = Review::update(&old, &new).judge::<EmptydirStorage>();
            assert_eq!(response.accepted, accepted, "{new}");
            assert_eq!(response.warnings.len(), usize::from(accepted));
        }
    }
}
