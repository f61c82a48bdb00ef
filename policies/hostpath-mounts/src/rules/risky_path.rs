//! A path that no pod should see.

use shared::host_path::Relation;
use shared::{Rule, Verdict, quote, rule};

use crate::catalogue::Risk;
use crate::volume::{HostVolume, OF_PERSISTENT_VOLUME};

pub(crate) static RULE: Rule = rule! {
    id: "risky_path",
    summary: "A path of the catalogue that no pod should see, not even read-only; something inside it, or something that holds it",
    why: "Reading it is enough to take over the node or the cluster, or it is a socket or a device, which a read-only \
          mount leaves as it is",
    fix: "mount something else",
    levels: [Deny],
};

/// What to do when only a part of a path is the trouble.
const NARROWER: &str =
    "mount only the part that the pod needs, or have the platform team list the path in `allowed`";

/// Refuses the volume for what the catalogue says of its path.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    risk: &Risk,
    relation: Relation,
    more: usize,
    verdict: &mut Verdict,
) {
    let quoted = volume.quoted();
    let what = risk.what;
    let (reason, fix) = match relation {
        _ if volume.path.may_lead_anywhere() => {
            let reason = format!(
                "{} may lead anywhere on the node, also to {}, {what}",
                quote(volume.written),
                quote(risk.path)
            );
            (reason, RULE.fix)
        }
        Relation::Equal => (format!("{quoted} is {what}"), risk.instead),
        Relation::Below => (
            format!("{quoted} is part of {}, {what}", quote(risk.path)),
            risk.instead,
        ),
        Relation::Above => {
            let others = if more > 0 {
                let s = if more == 1 { "" } else { "s" };
                format!(", and {more} more risky path{s}")
            } else {
                String::new()
            };
            (
                format!("{quoted} holds {}, {what}{others}", quote(risk.path)),
                NARROWER,
            )
        }
    };
    let fix = if volume.is_of_a_pod() {
        fix
    } else {
        OF_PERSISTENT_VOLUME
    };
    volume.refuse(&RULE, reason, fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn refuses_what_is_equal_below_and_above_however_it_is_mounted() {
        let read_only = json!({"readOnly": true, "recursiveReadOnly": "Enabled"});
        for (path, start) in [
            ("/run/docker.sock", r#""/run/docker.sock" is a socket"#),
            (
                "//var///run/./docker.sock/",
                r#""//var///run/./docker.sock/" (that is "/run/docker.sock") is a socket"#,
            ),
            (
                "var/lib/kubelet",
                r#""var/lib/kubelet" (that is "/var/lib/kubelet") is where the kubelet"#,
            ),
            (
                "/var/lib/kubelet/",
                r#""/var/lib/kubelet/" is where the kubelet"#,
            ),
            (
                "/var/lib/kubelet/pods/1",
                r#""/var/lib/kubelet/pods/1" is part of "/var/lib/kubelet", where the kubelet"#,
            ),
            (
                "/var/lib",
                r#""/var/lib" holds "/var/lib/rancher", where the keys"#,
            ),
            ("/", r#""/" holds "/run/docker.sock", a socket"#),
            (
                "/proc/1/root/data",
                r#""/proc/1/root/data" may lead anywhere on the node, also to "/run/docker.sock", a socket"#,
            ),
            ("/run", r#""/run" holds "/run/docker.sock", a socket"#),
            (
                r"\\.\pipe\docker_engine",
                r#""\\\\.\\pipe\\docker_engine" (that is "/pipe/docker_engine") is a socket"#,
            ),
            (
                r"C:\",
                r#""C:\\" (that is "/") holds "/run/docker.sock", a socket"#,
            ),
        ] {
            for mount in [json!(null), json!({}), read_only.clone()] {
                let lines = lines(&json!({ "path": path }), &mount, &json!({}));
                let [line] = lines.as_slice() else {
                    panic!("{path}: {lines:?}")
                };
                let line = line
                    .strip_prefix("spec.volumes[0].hostPath.path: ")
                    .unwrap();
                assert!(line.starts_with(start), "{line}");
                assert!(line.ends_with(" [risky_path]"), "{line}");
            }
        }
    }

    #[test]
    fn counts_the_others_inside() {
        let read_only = json!({"readOnly": true, "recursiveReadOnly": "Enabled"});
        for (path, others) in [("/etc/ssl", ", and 1 more risky path"), ("/run/udev", "")] {
            let lines = lines(&json!({ "path": path }), &read_only, &json!({}));
            let [line] = lines.as_slice() else {
                panic!("{path}: {lines:?}")
            };
            let end = format!("{others}; fix: {} [risky_path]", super::NARROWER);
            let reason = line.strip_suffix(&end).unwrap_or_else(|| panic!("{line}"));
            assert!(!reason.contains("more risky"), "{line}");
        }
    }

    #[test]
    fn leaves_neighbours_alone() {
        for path in [
            "/etcd-data",
            "/var/lib/kubelet-foo",
            "/runner",
            "/rooted",
            "/pipeline",
            "/dev/nvidia0",
        ] {
            let mount = json!({"readOnly": true});
            assert_eq!(
                lines(&json!({ "path": path }), &mount, &json!({})),
                [""; 0],
                "{path}"
            );
        }
    }

    #[test]
    fn an_entry_of_allowed_wins_when_it_is_at_least_as_specific() {
        let mount = json!({"readOnly": true, "recursiveReadOnly": "Enabled"});
        for (path, allowed, refused) in [
            (
                "/run/docker.sock",
                json!({"path": "/var/run/docker.sock"}),
                false,
            ),
            ("/run/docker.sock", json!({"path": "/run"}), true),
            ("/run", json!({"path": "/run"}), false),
            ("/", json!({"path": "/", "match": "exact"}), false),
            (
                "/etc/kubernetes",
                json!({"path": "/", "match": "exact"}),
                true,
            ),
            (
                "/var/lib/kubelet/pods",
                json!({"path": "/var/lib/kubelet"}),
                false,
            ),
            (
                "/run/docker.sock",
                json!({"path": "/run/docker.sock", "namespaces": ["other"]}),
                true,
            ),
            (
                "/run/docker.sock",
                json!({"path": "/run/docker.sock", "namespaces": ["shop"]}),
                false,
            ),
        ] {
            let lines = lines(
                &json!({ "path": path }),
                &mount,
                &json!({"allowed": [allowed]}),
            );
            assert_eq!(!lines.is_empty(), refused, "{path} {allowed}: {lines:?}");
        }
    }
}
