//! A limit that limits nothing.

use shared::{Rule, Verdict, rule};

use super::report;
use crate::pod::{Pod, Scratch};
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "zero_size_limit",
    summary: "A `sizeLimit` of 0 on a volume that a container mounts",
    why: "The kubelet takes 0 for no limit: the volume may fill the disk of the node",
    fix: "write a size such as 1Gi, or leave sizeLimit out",
    levels: [Warn by "zeroSizeLimit"],
};

/// Reports it.
pub(crate) fn check(
    volume: &Scratch<'_>,
    pod: &Pod<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let Some(size) = volume.size_limit.filter(|_| volume.limit().is_none()) else {
        return;
    };
    report(
        verdict,
        settings.zero_size_limit,
        &RULE,
        pod,
        volume,
        "emptyDir.sizeLimit",
        &|| {
            let reason = format!("{size} is no limit for the kubelet, and the volume may grow");
            (reason, String::new())
        },
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn is_told_once() {
        let line = "spec.template.spec.volumes[0].emptyDir.sizeLimit: 0 is no limit for the kubelet, and the volume may \
                    grow; fix: write a size such as 1Gi, or leave sizeLimit out [zero_size_limit]";
        let zero = json!({"sizeLimit": 0});
        let warned = format!("warning: emptydir-storage: {line}");
        assert_eq!(lines(&zero, &json!({})), [warned]);
        assert_eq!(lines(&zero, &json!({"zeroSizeLimit": "deny"})), [line]);
        assert_eq!(lines(&zero, &json!({"zeroSizeLimit": "off"})), [""; 0]);
        let found = lines(&zero, &json!({"requireLimit": "warn"}));
        assert!(
            found.len() == 1 && found[0].ends_with("[unlimited_volume]"),
            "{found:?}"
        );
        let memory = json!({"sizeLimit": "0", "medium": "Memory"});
        let found = lines(&memory, &json!({}));
        assert!(
            found.len() == 1 && found[0].ends_with("[unbounded_memory]"),
            "{found:?}"
        );
        let found = lines(&memory, &json!({"unboundedMemory": "off"}));
        assert!(
            found.len() == 1 && found[0].ends_with("[zero_size_limit]"),
            "{found:?}"
        );
    }
}
