//! A mount that leads to what the processes of the node have.

use shared::{Rule, Verdict, rule};

use crate::ruling::Scope;
use crate::settings::Settings;
use crate::volume::{HostVolume, OF_PERSISTENT_VOLUME};

pub(crate) static RULE: Rule = rule! {
    id: "exposed_processes",
    summary: "A mount of `/proc`, or of a process in it, also a read-only one",
    why: "`/proc/<pid>/root` leads to the files of each process, and a read-only mount does not make these read-only: a \
          container without any capability writes to what the user of a process may write",
    fix: "mount only the files that the pod needs, such as /proc/meminfo, or have the platform team list /proc in `allowed`",
    levels: [Deny by "exposedProcesses"],
};

/// Reports the volume if it does.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    scope: &Scope<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    if !scope.exposes_processes(&volume.path) {
        return;
    }
    let reason = format!(
        "{} shows processes of the node, and through their \"root\" links a container can write to the files of the node \
         and of other pods, even from a read-only mount",
        volume.quoted()
    );
    let fix = if volume.is_of_a_pod() {
        RULE.fix
    } else {
        OF_PERSISTENT_VOLUME
    };
    volume.report(settings.exposed_processes, &RULE, reason, fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use shared::testing::places;

    use crate::testing::lines;

    #[test]
    fn refuses_what_leads_to_processes_at_a_level_of_its_own() {
        let mount = json!({"readOnly": true, "recursiveReadOnly": "Enabled"});
        let line = |path: &str| {
            format!(
                "spec.volumes[0].hostPath.path: {path} shows processes of the node, and through their \"root\" links a \
                 container can write to the files of the node and of other pods, even from a read-only mount; fix: {} \
                 [exposed_processes]",
                RULE.fix
            )
        };
        for (path, told) in [
            ("/proc", "\"/proc\""),
            ("/proc/1", "\"/proc/1\""),
            ("proc/./self/", "\"proc/./self/\" (that is \"/proc/self\")"),
            ("/proc/thread-self/task", "\"/proc/thread-self/task\""),
        ] {
            let volume = json!({ "path": path });
            assert_eq!(lines(&volume, &mount, &json!({})), [line(told)]);
            let warned = lines(&volume, &mount, &json!({"exposedProcesses": "warn"}));
            let start =
                format!("warning: hostpath-mounts: spec.volumes[0].hostPath.path: {told} shows");
            assert!(
                warned.len() == 1 && warned[0].starts_with(&start),
                "{warned:?}"
            );
            let off = json!({"exposedProcesses": "off"});
            assert_eq!(lines(&volume, &mount, &off), [""; 0]);
        }
        for path in [
            "/proc/meminfo",
            "/proc/net/dev",
            "/proc/1/mounts",
            "/proc/sys/net",
        ] {
            assert_eq!(
                lines(&json!({ "path": path }), &mount, &json!({})),
                [""; 0],
                "{path}"
            );
        }
    }

    #[test]
    fn an_entry_for_proc_or_a_part_of_it_allows_it() {
        let mount = json!({"readOnly": true, "recursiveReadOnly": "Enabled"});
        for (path, allowed, refused) in [
            ("/proc", json!({"path": "/proc"}), false),
            ("/proc/1", json!({"path": "/proc"}), false),
            ("/proc/1/ns", json!({"path": "/proc/1"}), false),
            ("/proc/2", json!({"path": "/proc/1"}), true),
            ("/proc/1", json!({"path": "/proc", "match": "exact"}), true),
            (
                "/proc",
                json!({"path": "/proc", "namespaces": ["other"]}),
                true,
            ),
            ("/proc", json!({"path": "/"}), true),
            ("/proc", json!({"path": "/proc/meminfo"}), true),
            ("/", json!({"path": "/", "match": "exact"}), false),
        ] {
            let found = lines(
                &json!({ "path": path }),
                &mount,
                &json!({"allowed": [allowed]}),
            );
            assert_eq!(!found.is_empty(), refused, "{path} {allowed}: {found:?}");
        }
    }

    #[test]
    fn says_what_else_is_wrong_with_a_writable_mount() {
        let found = lines(&json!({"path": "/proc"}), &json!({}), &json!({}));
        let path = "spec.volumes[0].hostPath.path [exposed_processes]";
        let mount = "spec.containers[0].volumeMounts[0].readOnly [writable_read_only_path]";
        assert_eq!(places(&found), [path, mount]);
    }
}
