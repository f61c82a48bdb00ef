//! A read-only mount that leaves other mounts below it writable.

use shared::{FieldPath, Finding, Rule, Verdict, rule};

use crate::catalogue::MOUNT_PARENTS;
use crate::ruling::Scope;
use crate::settings::Settings;
use crate::volume::HostVolume;

pub(crate) static RULE: Rule = rule! {
    id: "non_recursive_read_only",
    summary: "`readOnly: true` without `recursiveReadOnly` on a path that usually holds other mounts, which stay writable",
    why: "The other mounts stay writable: disks below /mnt, control groups below /sys (KEP-3857)",
    fix: "set recursiveReadOnly: IfPossible",
    levels: [Warn by "nonRecursiveReadOnly"],
};

/// Reports each such mount, unless an entry of `allowed` is about this very path, or lets pods write there anyway.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    scope: &Scope<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let is_allowed = scope
        .allowed()
        .is_some_and(|entry| !entry.read_only || scope.is_named());
    if is_allowed || !MOUNT_PARENTS.contains(&volume.path.as_str()) {
        return;
    }
    for mount in volume.mounts {
        let recursive = matches!(mount.view.recursive_read_only, "Enabled" | "IfPossible");
        // With propagation the API server takes no `recursiveReadOnly` (`validateMountRecursiveReadOnly`).
        let propagated = !matches!(mount.view.mount_propagation, "" | "None");
        if mount.writable || recursive || propagated || !mount.view.sub_path.is_empty() {
            continue;
        }
        // The API server takes the one only with the other.
        let fix = if mount.view.read_only {
            RULE.fix
        } else {
            "set readOnly: true, recursiveReadOnly: IfPossible"
        };
        let finding = |field: &FieldPath<'_>| {
            let reason = format!("mounts below {} stay writable", volume.quoted());
            let finding = Finding::new(&RULE, field, reason).fix(fix);
            finding.known_as(volume.identity())
        };
        let level = settings.non_recursive_read_only;
        mount.report_with("recursiveReadOnly", level, verdict, &finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn warns_where_other_mounts_are_usual() {
        let line = "warning: hostpath-mounts: spec.containers[0].volumeMounts[0].recursiveReadOnly: mounts below \
                    \"/media\" stay writable; fix: set recursiveReadOnly: IfPossible [non_recursive_read_only]";
        let media = json!({"path": "/media"});
        assert_eq!(
            lines(&media, &json!({"readOnly": true}), &json!({})),
            [line]
        );
        assert_eq!(
            lines(
                &media,
                &json!({"readOnly": true, "recursiveReadOnly": "Disabled"}),
                &json!({})
            ),
            [line]
        );
        for recursive in ["Enabled", "IfPossible"] {
            let mount = json!({"readOnly": true, "recursiveReadOnly": recursive});
            assert_eq!(lines(&media, &mount, &json!({})), [""; 0]);
        }
        assert_eq!(
            lines(
                &json!({"path": "/data"}),
                &json!({"readOnly": true}),
                &json!({})
            ),
            [""; 0]
        );
        let off = json!({"nonRecursiveReadOnly": "off"});
        assert_eq!(lines(&media, &json!({"readOnly": true}), &off), [""; 0]);
    }

    #[test]
    fn an_entry_of_allowed_lifts_it_for_its_very_path() {
        for (path, allowed, found) in [
            ("/media", json!({"path": "/media"}), false),
            ("/sys", json!({"path": "/sys", "match": "exact"}), false),
            ("/sys/fs", json!({"path": "/sys"}), true),
            ("/media", json!({"path": "/", "match": "prefix"}), true),
            ("/media", json!({"path": "/", "readOnly": false}), false),
            (
                "/media",
                json!({"path": "/media", "namespaces": ["other"]}),
                true,
            ),
        ] {
            let settings = json!({"allowed": [allowed], "nonRecursiveReadOnly": "deny"});
            let lines = lines(
                &json!({ "path": path }),
                &json!({"readOnly": true}),
                &settings,
            );
            let line = format!(
                "spec.containers[0].volumeMounts[0].recursiveReadOnly: mounts below \"{path}\" stay writable; fix: set \
                 recursiveReadOnly: IfPossible [non_recursive_read_only]"
            );
            let expected: Vec<_> = found.then_some(line).into_iter().collect();
            assert_eq!(lines, expected, "{allowed}");
        }
    }
}
