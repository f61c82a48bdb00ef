//! Mounts that show up on the node.

use crate::host_path::HostPath;
use crate::identity::Identity;
use shared::index::{Index, hash};
use shared::kubernetes::workload::PodSpec;
use shared::{FieldPath, Finding, Rule, Verdict, quote, rule};

use super::overlong_path::PATH_MAX;
use crate::ruling::Scope;
use crate::settings::Settings;
use crate::views::{Container, Source, Volume};
use crate::volume::{Mounts, identity as path_identity};

pub(crate) static RULE: Rule = rule! {
    id: "bidirectional_propagation",
    summary: "`mountPropagation: Bidirectional`, so that mounts show up on the node",
    why: "What the container mounts there is mounted on the node, and in every pod that shares the path",
    fix: "leave mountPropagation out, or set HostToContainer; a CSI driver needs its path listed in `allowed` with \
          bidirectionalPropagation: true",
    levels: [Deny by "bidirectionalPropagation"],
};

/// What to do about a volume that is no path of the node.
const OF_OTHERS: &str =
    "leave mountPropagation out, or set HostToContainer: only for a hostPath can it be allowed";

fn may_propagate(source: &Source<'_>, settings: &Settings, identity: Identity<'_>) -> bool {
    source.path.len() <= PATH_MAX && {
        let scope = Scope::of(settings, &HostPath::parse(source.path), identity);
        let entry = scope.allowed();
        entry.is_some_and(|entry| entry.bidirectional_propagation)
    }
}

/// Reports each mount with it, of whatever volume: the node's mounts change in any case. Only for a path of the node
/// can it be allowed.
pub(crate) fn check(
    mounts: &Mounts<'_>,
    pod: &PodSpec<'_, Container<'_>, Volume<'_>>,
    identity: Identity<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let index = Index::of(&mut pod.volumes.iter().map(|volume| volume.name));
    // Of each volume, once: a path may be long, and its mounts many.
    let mut allowed: Vec<Option<bool>> = vec![None; pod.volumes.len()];
    for mount in mounts
        .all()
        .filter(|mount| mount.view.mount_propagation == "Bidirectional")
    {
        let places = index.places(hash(0, mount.view.name));
        let mut volumes = places.filter_map(|place| Some((place, pod.volumes.get(place)?)));
        let volume = volumes.find(|(_, volume)| volume.name == mount.view.name);
        let source = volume.and_then(|(place, volume)| Some((place, volume.host_path.as_ref()?)));
        if let Some((place, source)) = source
            && let Some(allowed) = allowed.get_mut(place)
            && *allowed.get_or_insert_with(|| may_propagate(source, settings, identity))
        {
            continue;
        }
        let finding = |field: &FieldPath<'_>| {
            let (container, name) = (quote(mount.container), quote(mount.view.name));
            let mut identity = format!("{container} {name}");
            let (volume, fix) = match source {
                Some((_, source)) => {
                    identity.push_str(path_identity(source.path, &HostPath::parse(source.path)));
                    (format!("{name} of {}", quote(source.path)), RULE.fix)
                }
                None => (format!("{name}"), OF_OTHERS),
            };
            let reason = format!(
                "container {container} propagates its mounts in volume {volume} to the node"
            );
            Finding::new(&RULE, field, reason)
                .fix(fix)
                .known_as(identity)
        };
        mount.report_with(
            "mountPropagation",
            settings.bidirectional_propagation,
            verdict,
            &finding,
        );
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
        assert_eq!(
            lines(&data, &mount, &json!({})),
            [format!(
                "spec.containers[0].volumeMounts[0].mountPropagation: container \"app\" propagates its mounts in volume \
                 \"v\" of \"/data\" to the node; fix: {} [bidirectional_propagation]",
                super::RULE.fix
            )]
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
