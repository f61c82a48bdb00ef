//! A writable mount of any path.

use crate::host_path::Relation;
use shared::{FieldPath, Finding, Rule, Verdict, quote, rule};

use super::reached;
use crate::access::Access;
use crate::ruling::{Because, Ruling};
use crate::settings::Settings;
use crate::volume::HostVolume;

pub(crate) static RULE: Rule = rule! {
    id: "writable_mount",
    summary: "A writable mount of a path that no list names or of a directory that pods fill, or any mount of what is \
              inside such a directory, or of a socket or a device",
    why: "A container can plant links in a directory that it may write, for another pod or the node to follow; \
          restrictions of paths hold only where mounts are read-only (kubernetes.io, Volumes, hostPath)",
    fix: "set readOnly: true",
    levels: [Warn by "writableMounts"],
};

/// What to do about a socket or a device.
const NEITHER: &str = "have the platform team list the path in `allowed`";

/// Reports each writable mount of a path about which nothing is said, or which pods fill, as `rulings` are on what the
/// mounts reach. A socket and a device are writable in any case. A volume inside a directory that pods fill may be a link
/// that one of them planted, and then it leads anywhere, read-only or not; what a claim is bound to is none, and a
/// `subPath` follows no link out of its volume.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    ruling: &Ruling<'_>,
    rulings: &[Ruling<'_>],
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let is_filled =
        |ruling: &Ruling<'_>| ruling.access == Access::Filled && !volume.is_of_a_claim();
    let may_be_link =
        is_filled(ruling) && matches!(ruling.because, Because::Risk(_, Relation::Below));
    for (mount, ruling) in volume.mounts.iter().zip(rulings) {
        let is_unknown =
            ruling.access == Access::ReadWrite && matches!(ruling.because, Because::Nothing);
        if !is_unknown && !is_filled(ruling) {
            continue;
        }
        let kind = volume
            .kind
            .filter(|kind| matches!(*kind, "Socket" | "CharDevice" | "BlockDevice"));
        if kind.is_none() && !mount.writable && !may_be_link {
            continue;
        }
        let finding = |field: &FieldPath<'_>| {
            let (path, identity) = reached(mount, volume);
            let identity = format!("{} {}", mount.container, identity);
            let does = match kind {
                Some(_) => "reaches",
                None if mount.writable => "can write to",
                None => "mounts",
            };
            let (is, what, end) = match (ruling.because, kind) {
                (Because::Risk(risk, Relation::Below), _) => {
                    (", part of ", risk.path, risk.kind.what)
                }
                (Because::Risk(risk, _), _) => ("", "", risk.kind.what),
                (_, Some(kind)) => (", a ", kind, "which readOnly does not protect"),
                (_, None) => (" of the node", "", ""),
            };
            let comma = if end.is_empty() { "" } else { ", " };
            let container = quote(mount.container);
            let reason = format!("container {container} {does} {path}{is}{what}{comma}{end}");
            let fix = match ruling.because {
                Because::Risk(risk, _) if may_be_link => risk.kind.instead(),
                _ if kind.is_some() => NEITHER,
                _ => RULE.fix,
            };
            let finding = Finding::new(&RULE, field, reason).fix(fix);
            finding.known_as(identity).concerning(mount.parts())
        };
        mount.report_with("readOnly", settings.writable_mounts, verdict, &finding);
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
                "warning: hostpath-mounts: {line}; fix: set readOnly: true [writable_mount]"
            )]
        );
        assert_eq!(
            lines(&data, &json!({}), &json!({"writableMounts": "deny"})),
            [format!("{line}; fix: set readOnly: true [writable_mount]")]
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

    #[test]
    fn warns_of_sockets_and_devices_also_when_they_are_read_only() {
        for kind in ["Socket", "CharDevice", "BlockDevice"] {
            let found = lines(
                &json!({"path": "/x", "type": kind}),
                &json!({"readOnly": true}),
                &json!({}),
            );
            let line = format!(
                "container \"app\" reaches \"/x\", a {kind}, which readOnly does not protect"
            );
            assert_eq!(
                found,
                [format!(
                    "warning: hostpath-mounts: spec.containers[0].volumeMounts[0].readOnly: {line}; fix: \
                     have the platform team list the path in `allowed` [writable_mount]"
                )]
            );
        }
    }
}
