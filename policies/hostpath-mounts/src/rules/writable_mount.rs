//! A writable mount of any path.

use shared::{Finding, Rule, Verdict, rule};

use super::writable_read_only_path::reached;
use crate::ruling::{Access, Because, Ruling, Scope};
use crate::settings::Settings;
use crate::volume::HostVolume;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "writable_mount",
    summary: "A writable mount of a path that no list names",
    why: "A container can plant links in a directory that it may write, for another pod or the node to follow; \
          restrictions of paths hold only where mounts are read-only (kubernetes.io, Volumes, hostPath)",
    fix: "set readOnly: true",
};

/// Reports each writable mount of a path about which nothing is said.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    scope: &Scope<'_>,
    ruling: &Ruling<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    for mount in volume.mounts.iter().filter(|mount| mount.writable) {
        let (path, ruling) = reached(volume, mount, scope, ruling);
        if ruling.access == Access::ReadWrite && matches!(ruling.because, Because::Nothing) {
            let reason = format!(
                "container {:?} can write to {path} of the node; set readOnly: true",
                mount.container
            );
            mount.with_field("readOnly", |field| {
                verdict.report(settings.writable_mounts, Finding::new(&RULE, field, reason));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn warns_of_writable_mounts_of_paths_about_which_nothing_is_said() {
        let line = "spec.containers[0].volumeMounts[0].readOnly: container \"app\" can write to \"/data\" of the node";
        let data = json!({"path": "/data"});
        assert_eq!(
            lines(&data, &json!({}), &json!({})),
            [format!(
                "warning: hostpath-mounts: {line}; set readOnly: true [writable_mount]"
            )]
        );
        assert_eq!(
            lines(&data, &json!({}), &json!({"writableMounts": "deny"})),
            [format!(
                "{line}; set readOnly: true; fix: set readOnly: true [writable_mount]"
            )]
        );
        for settings in [
            json!({"writableMounts": "off"}),
            json!({"allowed": [{"path": "/data", "readOnly": false}]}),
        ] {
            assert_eq!(lines(&data, &json!({}), &settings), [""; 0]);
        }
        assert_eq!(
            lines(&data, &json!({"readOnly": true}), &json!({})),
            [""; 0]
        );
    }
}
