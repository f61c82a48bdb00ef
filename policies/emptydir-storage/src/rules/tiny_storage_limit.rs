//! A limit of all that a container writes, under which nothing fits.

use shared::kubernetes::containers::Role;
use shared::{Finding, Level, Rule, Verdict, rule};

use crate::advice;
use crate::pod::{BLOCK, Pod, storage_limit};

pub(crate) static RULE: Rule = rule! {
    id: "tiny_storage_limit",
    summary: "A container's limit of `ephemeral-storage` of less than 4096 bytes that is not 0, or limits that are so little \
              all together",
    why: "The first line of a log takes more: the kubelet evicts the pod, its controller makes another, and so on",
    fix: "write a size such as 1Gi, or leave the limit out",
    levels: [Deny],
};

const LIMIT: &str = "resources.limits.ephemeral-storage";

/// Refuses it. For a single container 0 is no limit, and for all together it is one; those of init containers count only
/// for all together.
///
/// Source: `containerEphemeralStorageLimitEviction` and `podEphemeralStorageLimitEviction` in
/// `pkg/kubelet/eviction/eviction_manager.go`. Pods of the system's priorities are not evicted.
pub(crate) fn check(pod: &Pod<'_>, verdict: &mut Verdict) {
    if pod.spec.is_critical {
        return;
    }
    let mut is_said = false;
    let limits = pod.containers.iter();
    let limits = limits.filter_map(|container| Some((container, storage_limit(container)?)));
    for (container, size) in limits.clone() {
        let limit = size.amount_or_zero();
        if container.role != Role::App || !limit.is_positive() || limit >= BLOCK {
            continue;
        }
        is_said = true;
        verdict.report_with(Level::Deny, &|| {
            let name = container.container.name;
            let reason = format!(
                "{size} is less than the 4096 bytes that the first line of a log takes, so the kubelet evicts the pods \
                 again and again (Evicted: Container {name} exceeded its local ephemeral storage limit {size})"
            );
            let finding = Finding::new(&RULE, &pod.field_of_container(container, LIMIT), reason).known_as(name);
            match advice::about(size) {
                None => finding,
                Some(fix) => finding.fix(fix),
            }
        });
    }
    // What another project adds may have limits as well.
    let is_tiny = pod.storage_limit.is_some_and(|limit| limit.amount < BLOCK);
    if let (true, Some((container, size))) =
        (is_tiny && pod.is_whole && !is_said, limits.clone().next())
    {
        let whose = match pod.storage_limit.and_then(|limit| limit.only) {
            Some(_) => "is all that the pod may write to the disk:",
            None => "and the other limits of ephemeral-storage are together",
        };
        let reason = format!(
            "{size} {whose} less than the 4096 bytes that the pod's /etc/hosts takes, so the kubelet evicts the pods again \
             and again (Evicted: Pod ephemeral local storage usage exceeds the total limit of containers)"
        );
        // It is of no container, and no container is called so.
        let finding =
            Finding::new(&RULE, &pod.field_of_container(container, LIMIT), reason).known_as("");
        verdict.report(Level::Deny, finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::places;

    use crate::testing::{lines_of, of_spec};

    fn limited(limit: &Value) -> Value {
        json!({"name": "app", "resources": {"limits": {"ephemeral-storage": limit}}})
    }

    fn lines(containers: &Value, init_containers: &Value) -> Vec<String> {
        let spec = json!({"containers": containers, "initContainers": init_containers});
        lines_of(&of_spec(&spec), &json!({}))
    }

    #[test]
    fn says_what_happens() {
        let place = "spec.template.spec.containers[0].resources.limits.ephemeral-storage";
        let fix = "fix: write a size such as 1Gi, or leave the limit out [tiny_storage_limit]";
        for (limit, expected) in [
            (
                json!("500m"),
                "\"500m\" is less than the 4096 bytes that the first line of a log takes, so the kubelet evicts the pods \
                 again and again (Evicted: Container app exceeded its local ephemeral storage limit \"500m\"); fix: write \
                 500Mi: m stands for thousandths [tiny_storage_limit]"
                    .to_owned(),
            ),
            (
                json!(0),
                format!(
                    "0 is all that the pod may write to the disk: less than the 4096 bytes that the pod's /etc/hosts takes, so \
                     the kubelet evicts the pods again and again (Evicted: Pod ephemeral local \
                     storage usage exceeds the total limit of containers); {fix}"
                ),
            ),
        ] {
            assert_eq!(
                lines(&json!([limited(&limit)]), &json!(null)),
                [format!("{place}: {expected}")]
            );
        }
    }

    #[test]
    fn zero_is_no_limit_of_a_single_container() {
        let of = |limits: &[&str]| -> Value {
            limits.iter().map(|limit| limited(&json!(limit))).collect()
        };
        let none = json!(null);
        let mut sidecar = limited(&json!("1Gi"));
        sidecar["restartPolicy"] = json!("Always");
        let [first, init] = ["containers", "initContainers"].map(|list| {
            format!(
                "spec.template.spec.{list}[0].resources.limits.ephemeral-storage [tiny_storage_limit]"
            )
        });
        for (containers, init_containers, expected) in [
            (of(&["0", "1Gi"]), none.clone(), &[][..]),
            (of(&["0", "0"]), none.clone(), std::slice::from_ref(&first)),
            (of(&["4096"]), none.clone(), &[]),
            (
                of(&["4095", "1Gi"]),
                none.clone(),
                std::slice::from_ref(&first),
            ),
            (of(&["0"]), of(&["1Gi"]), &[]),
            (of(&["0"]), json!([sidecar]), &[]),
            (of(&["1Gi"]), of(&["1m"]), &[]),
            (
                json!([{"name": "app"}]),
                of(&["1m"]),
                std::slice::from_ref(&init),
            ),
            (json!([{"name": "app"}]), none, &[]),
        ] {
            let found = places(&lines(&containers, &init_containers));
            assert_eq!(found, expected, "{containers} {init_containers}");
        }
    }
}
