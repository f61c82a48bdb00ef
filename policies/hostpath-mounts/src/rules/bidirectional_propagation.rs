//! Mounts that show up on the node.

use shared::host_path::HostPath;
use shared::workload::PodSpec;
use shared::{Finding, Rule, Verdict, rule};

use crate::ruling::Scope;
use crate::settings::Settings;
use crate::views::{Container, Volume};
use crate::volume::Mounts;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "bidirectional_propagation",
    summary: "`mountPropagation: Bidirectional`",
    why: "What the container mounts there is mounted on the node, and in every pod that shares the path",
    fix: "leave mountPropagation out, or set HostToContainer; a CSI driver needs its path listed in `allowed` with \
          bidirectionalPropagation: true",
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
    for mount in mounts
        .all()
        .filter(|mount| mount.mount.mount_propagation == "Bidirectional")
    {
        let volume = pod
            .volumes
            .iter()
            .find(|volume| volume.name == mount.mount.name);
        let path = volume
            .and_then(|volume| volume.host_path.as_ref())
            .map(|source| HostPath::parse(source.path));
        let allowed = path.is_some_and(|path| {
            let entry = Scope::of(settings, &path, namespace).allowed();
            entry.is_some_and(|entry| entry.bidirectional_propagation)
        });
        if allowed {
            continue;
        }
        let reason = format!(
            "container {:?} passes on its mounts in volume {:?} to the node",
            mount.container, mount.mount.name
        );
        mount.with_field("mountPropagation", |field| {
            verdict.report(
                settings.bidirectional_propagation,
                Finding::new(&RULE, field, reason),
            );
        });
    }
}
