//! A tmpfs as large as the memory of the node.

use shared::{Level, Rule, Verdict, quote, rule};

use super::report;
use crate::pod::{Pod, Scratch};
use crate::settings::Settings;
use crate::views::Medium;

pub(crate) static RULE: Rule = rule! {
    id: "unbounded_memory",
    summary: "A mounted volume of `medium: Memory` without a `sizeLimit`, where a container has no memory limit",
    why: "It may fill the memory of the node. Only where all containers have a limit, also those that run before the others, \
          is the volume no larger than these together",
    fix: "set sizeLimit, such as 256Mi, or limits.memory of every container",
    levels: [Warn by "unboundedMemory"],
};

/// Reports it, and returns whether it did. A `LimitRange` may give the containers limits when the pods are made.
///
/// Source: `calculateEmptyDirMemorySize` in `pkg/volume/emptydir/empty_dir.go`.
pub(crate) fn check(
    volume: &Scratch<'_>,
    pod: &Pod<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) -> bool {
    if volume.medium != Medium::Memory || volume.limit().is_some() {
        return false;
    }
    let Some(container) = pod.without_memory_limit() else {
        return false;
    };
    let level = settings.unbounded_memory;
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
                "{limit}, and container {} has no memory limit, unless a LimitRange sets one: the volume may fill the memory of \
             the node",
                quote(container.container.name)
            );
            (reason, String::new())
        },
    );
    level != Level::Off
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines_of, of_spec, spec};

    /// What is said where `app`, an init container and the pod have these memory limits.
    fn lines(size: &Value, limits: [Value; 3], settings: &Value) -> Vec<String> {
        let mut spec = spec(&json!({"medium": "Memory", "sizeLimit": size}));
        let [app, init, pod] = limits.map(|limit| json!({"limits": {"memory": limit}}));
        spec["containers"][0]["resources"] = app;
        spec["initContainers"] = json!([{"name": "loader", "resources": init}]);
        // One that is added later gets nothing of its own.
        spec["ephemeralContainers"] = json!([{"name": "debug"}]);
        spec["resources"] = pod;
        lines_of(&of_spec(&spec), settings)
    }

    fn line(limit: &str, container: &str) -> Vec<String> {
        vec![format!(
            "warning: emptydir-storage: spec.template.spec.volumes[0].emptyDir.sizeLimit: {limit}, and container \
             \"{container}\" has no memory limit, unless a LimitRange sets one: the volume may fill the memory of the node; \
             fix: set sizeLimit, such as 256Mi, or limits.memory of every container [unbounded_memory]"
        )]
    }

    #[test]
    fn names_the_container_without_a_limit() {
        let (none, some) = (json!(null), json!("1Gi"));
        let unset = "is not set";
        for (limits, expected) in [
            ([&none, &none, &none], line(unset, "app")),
            ([&some, &none, &none], line(unset, "loader")),
            ([&json!(0), &some, &none], line(unset, "app")),
            ([&some, &some, &none], vec![]),
            ([&none, &none, &some], vec![]),
            ([&some, &none, &json!("0")], line(unset, "loader")),
        ] {
            let found = lines(&none, limits.map(Clone::clone), &json!({}));
            assert_eq!(found, expected, "{limits:?}");
        }
        let of_the_pod = || [none.clone(), none.clone(), some.clone()];
        let older = json!({"podLevelResources": false});
        assert_eq!(lines(&none, of_the_pod(), &older), line(unset, "app"));
    }

    #[test]
    fn a_limit_of_the_volume_is_enough() {
        let unlimited = || [json!(null), json!(null), json!(null)];
        let lines = |size: Value, settings: Value| lines(&size, unlimited(), &settings);
        assert_eq!(lines(json!("1Gi"), json!({})), [""; 0]);
        assert_eq!(
            lines(json!("0"), json!({})),
            line("\"0\" is no limit", "app")
        );
        assert_eq!(
            lines(json!(null), json!({"unboundedMemory": "off"})),
            [""; 0]
        );
        let refused = lines(json!(null), json!({"unboundedMemory": "deny"}));
        assert!(refused[0].starts_with("spec."), "{refused:?}");
    }
}
