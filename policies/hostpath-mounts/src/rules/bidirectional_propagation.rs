//! Mounts that show up on the node.

use shared::host_path::HostPath;
use shared::index::{Index, hash};
use shared::workload::PodSpec;
use shared::{Finding, Rule, Verdict, quote, rule};

use crate::ruling::Scope;
use crate::settings::Settings;
use crate::views::{Container, Volume};
use crate::volume::Mounts;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "bidirectional_propagation",
    summary: "`mountPropagation: Bidirectional`, so that mounts show up on the node",
    why: "What the container mounts there is mounted on the node, and in every pod that shares the path",
    fix: "leave mountPropagation out, or set HostToContainer; a CSI driver needs its path listed in `allowed` with \
          bidirectionalPropagation: true",
    levels: [Deny by "bidirectionalPropagation"],
};

/// Reports each mount with it, of whatever volume: the node's mounts change in any case. Only for a path of the node
/// can it be allowed.
pub(crate) fn check(
    mounts: &Mounts<'_>,
    pod: &PodSpec<'_, Container<'_>, Volume<'_>>,
    namespace: &str,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let index = Index::of(pod.volumes.iter().map(|volume| volume.name));
    for mount in mounts
        .all()
        .filter(|mount| mount.view.mount_propagation == "Bidirectional")
    {
        let places = index.places(hash(0, mount.view.name));
        let mut volumes = places.filter_map(|place| pod.volumes.get(place));
        let volume = volumes.find(|volume| volume.name == mount.view.name);
        let source = volume.and_then(|volume| volume.host_path.as_ref());
        let allowed = source.is_some_and(|source| {
            let entry = Scope::of(settings, &HostPath::parse(source.path), namespace).allowed();
            entry.is_some_and(|entry| entry.bidirectional_propagation)
        });
        if allowed {
            continue;
        }
        let name = mount.view.name;
        let volume = source.map_or_else(
            || format!("{}", quote(name)),
            |source| format!("{name} of {}", quote(source.path), name = quote(name)),
        );
        let container = mount.container;
        let reason = format!(
            "container {} passes on its mounts in volume {volume} to the node",
            quote(container)
        );
        mount.with_field("mountPropagation", |field| {
            verdict.report(
                settings.bidirectional_propagation,
                Finding::new(&RULE, field, reason),
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::Review;

    use crate::HostpathMounts;
    use crate::testing::lines;

    #[test]
    fn refuses_it_unless_the_path_is_allowed_with_it() {
        let mount = json!({"readOnly": true, "mountPropagation": "Bidirectional"});
        let data = json!({"path": "/data"});
        let found = lines(&data, &mount, &json!({}));
        let start = "spec.containers[0].volumeMounts[0].mountPropagation: container \"app\" passes on its mounts in \
                     volume \"v\" of \"/data\" to the node; fix: ";
        let [line] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert!(
            line.starts_with(start) && line.ends_with(" [bidirectional_propagation]"),
            "{line}"
        );

        let allowed = json!({"allowed": [{"path": "/data", "bidirectionalPropagation": true}]});
        assert_eq!(lines(&data, &mount, &allowed), [""; 0]);
        assert_eq!(
            lines(&data, &mount, &json!({"bidirectionalPropagation": "off"})),
            [""; 0]
        );
        let mount = json!({"readOnly": true, "mountPropagation": "HostToContainer"});
        assert_eq!(lines(&data, &mount, &json!({})), [""; 0]);
    }

    #[test]
    fn judges_every_volume_and_container() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ci", "namespace": "shop"},
            "spec": {
                "volumes": [{"name": "scratch", "emptyDir": {}}],
                "initContainers": [
                    {"name": "i", "volumeMounts": [{"name": "scratch", "mountPropagation": "Bidirectional"}]},
                ],
            },
        });
        let found = Review::create(&pod).lines::<HostpathMounts>();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("spec.initContainers[0].volumeMounts[0].mountPropagation: "),
            "{found:?}"
        );
    }
}
