//! A path that no pod should see.

use std::fmt::Write;

use crate::host_path::Relation;
use shared::{Rule, Verdict, quote, rule};

use crate::catalogue::Risk;
use crate::ruling::Ruling;
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

/// What to do about a name that Windows may know as another one.
const NO_ALIAS: &str = "mount something else, with no name that ends in ~1, in a dot or in a space";

/// Refuses the volume for what the catalogue says of its path.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    ruling: &Ruling<'_>,
    risk: &Risk,
    relation: Relation,
    verdict: &mut Verdict,
) {
    let mut reason = ruling.explain(&volume.quoted());
    let mut fix = risk.kind.instead();
    if volume.path.may_lead_anywhere() {
        let why = if volume.path.has_alias() {
            fix = NO_ALIAS;
            "has a name that Windows may know as another one, so it "
        } else {
            fix = RULE.fix;
            ""
        };
        reason = format!(
            "{} {why}may lead anywhere on the node, also to {}, {}",
            quote(volume.written),
            quote(risk.path),
            risk.kind.what
        );
    } else if relation == Relation::Above {
        fix = NARROWER;
        let more = ruling.more;
        if more > 0 {
            let s = if more == 1 { "" } else { "s" };
            // Writing to a String cannot fail.
            let _ = write!(reason, ", and {more} more risky path{s}");
        }
    }
    let fix = if volume.is_of_a_pod() {
        fix
    } else {
        OF_PERSISTENT_VOLUME
    };
    volume.refuse(&RULE, reason, fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{NARROWER, RULE};
    use crate::catalogue::{RISKS, Risk};
    use crate::testing::lines;

    fn risk(path: &str) -> &'static Risk {
        RISKS.iter().find(|risk| risk.path == path).unwrap()
    }

    /// What is said of a volume at `path`.
    fn found(path: &str, mount: &Value) -> Vec<String> {
        lines(&json!({ "path": path }), mount, &json!({}))
    }

    fn line(reason: &str, fix: &str) -> String {
        format!("spec.volumes[0].hostPath.path: {reason}; fix: {fix} [risky_path]")
    }

    fn read_only() -> Value {
        json!({"readOnly": true, "recursiveReadOnly": "Enabled"})
    }

    #[test]
    fn refuses_what_is_equal_below_and_above_however_it_is_mounted() {
        let socket = risk("/run/docker.sock");
        let kubelet = risk("/var/lib/kubelet");
        let pipe = risk("/pipe/docker*");
        for (path, start, risk, end, fix) in [
            (
                "/run/docker.sock",
                r#""/run/docker.sock" is"#,
                socket,
                "",
                socket.kind.instead(),
            ),
            (
                "//var///run/./docker.sock/",
                r#""//var///run/./docker.sock/" (that is "/run/docker.sock") is"#,
                socket,
                "",
                socket.kind.instead(),
            ),
            (
                "var/lib/kubelet",
                r#""var/lib/kubelet" (that is "/var/lib/kubelet") is"#,
                kubelet,
                "",
                kubelet.kind.instead(),
            ),
            (
                "/var/lib/kubelet/",
                r#""/var/lib/kubelet/" is"#,
                kubelet,
                "",
                kubelet.kind.instead(),
            ),
            (
                "/var/lib/kubelet/pods/1",
                r#""/var/lib/kubelet/pods/1" is part of "/var/lib/kubelet","#,
                kubelet,
                "",
                kubelet.kind.instead(),
            ),
            (
                "/run/systemd",
                r#""/run/systemd" is"#,
                risk("/run/systemd"),
                "",
                risk("/run/systemd").kind.instead(),
            ),
            (
                "/etc/ssl",
                r#""/etc/ssl" holds "/etc/ssl/etcd","#,
                risk("/etc/ssl/etcd"),
                ", and 1 more risky path",
                NARROWER,
            ),
            (
                "/run/udev",
                r#""/run/udev" holds "/run/udev/control","#,
                risk("/run/udev/control"),
                "",
                NARROWER,
            ),
            (
                "/proc/1/root/data",
                r#""/proc/1/root/data" may lead anywhere on the node, also to "/run/docker.sock","#,
                socket,
                "",
                RULE.fix,
            ),
            (
                r"\\.\pipe\docker_engine",
                r#""\\\\.\\pipe\\docker_engine" (that is "/pipe/docker_engine") is"#,
                pipe,
                "",
                pipe.kind.instead(),
            ),
        ] {
            let expected = line(&format!("{start} {}{end}", risk.kind.what), fix);
            for mount in [json!(null), json!({}), read_only()] {
                assert_eq!(found(path, &mount), [expected.as_str()], "{path} {mount}");
            }
        }
    }

    #[test]
    fn counts_the_others_inside_the_root() {
        let is_forbidden = |risk: &&'static Risk| risk.kind.access == crate::access::Access::Never;
        let others = RISKS.iter().filter(is_forbidden).count() - 1;
        let what = risk("/run/docker.sock").kind.what;
        for (path, start) in [("/", r#""/""#), (r"C:\", r#""C:\\" (that is "/")"#)] {
            let reason = format!(
                "{start} holds \"/run/docker.sock\", {what}, and {others} more risky paths"
            );
            assert_eq!(found(path, &read_only()), [line(&reason, NARROWER)]);
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
            assert_eq!(found(path, &read_only()), [""; 0], "{path}");
        }
    }

    #[test]
    fn an_entry_of_allowed_wins_when_it_is_at_least_as_specific() {
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
            (
                "/run/docker.sock",
                json!({"path": "/run/docker.sock", "serviceAccounts": ["shop/default"]}),
                false,
            ),
            (
                "/run/docker.sock",
                json!({"path": "/run/docker.sock", "serviceAccounts": ["other/default"]}),
                true,
            ),
        ] {
            let lines = lines(
                &json!({ "path": path }),
                &read_only(),
                &json!({"allowed": [allowed]}),
            );
            assert_eq!(!lines.is_empty(), refused, "{path} {allowed}: {lines:?}");
        }
    }
}
