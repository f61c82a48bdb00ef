//! A path that the administrator denies.

use shared::{Rule, Verdict, rule};

use crate::ruling::Ruling;
use crate::volume::HostVolume;

pub(crate) static RULE: Rule = rule! {
    id: "denied_path",
    summary: "A path that `denied` lists, something inside it, or something that holds it",
    why: "The platform team says why in the entry's `reason`",
    fix: "mount something else, or ask the platform team",
    levels: [Deny],
};

/// Refuses the volume for what the administrator says of its path.
pub(crate) fn check(volume: &HostVolume<'_>, ruling: &Ruling<'_>, verdict: &mut Verdict) {
    let reason = ruling.explain(&volume.quoted());
    volume.refuse(&RULE, reason, RULE.fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn says_the_reason_of_the_administrator() {
        let settings =
            json!({"denied": [{"path": "/data/keys", "reason": "keys of the payment team"}]});
        let fix = "fix: mount something else, or ask the platform team [denied_path]";
        for (path, found) in [
            (
                "/data/keys",
                r#""/data/keys" is denied: keys of the payment team"#,
            ),
            (
                "/data/keys/a",
                r#""/data/keys/a" is part of "/data/keys", which is denied: keys of the payment team"#,
            ),
            (
                "/data",
                r#""/data" holds "/data/keys", which is denied: keys of the payment team"#,
            ),
        ] {
            let lines = lines(
                &json!({ "path": path }),
                &json!({"readOnly": true}),
                &settings,
            );
            assert_eq!(
                lines,
                [format!("spec.volumes[0].hostPath.path: {found}; {fix}")]
            );
        }
    }

    #[test]
    fn what_an_administrator_says_stands_before_what_the_catalogue_says() {
        let denied = json!([{"path": "/var/log", "reason": "ours", "readOnlyIsEnough": true}]);
        let writable = lines(
            &json!({"path": "/var/log"}),
            &json!({}),
            &json!({"denied": denied}),
        );
        assert_eq!(
            writable,
            [
                "spec.containers[0].volumeMounts[0].readOnly: \"/var/log\" is mounted writable by container \"app\", and \
                 it is denied: ours; fix: set readOnly: true, or have the platform team list the path in \
                 `allowed` with readOnly: false [writable_read_only_path]"
            ]
        );
    }

    #[test]
    fn of_what_is_inside_the_strictest_counts() {
        let read = json!({"path": "/srv/a", "reason": "a", "readOnlyIsEnough": true});
        let never = json!({"path": "/srv/b", "reason": "b"});
        let refused = "spec.volumes[0].hostPath.path: \"/srv\" holds \"/srv/b\", which is denied: b; fix: mount \
                       something else, or ask the platform team [denied_path]";
        for denied in [json!([read, never]), json!([never, read])] {
            let settings = json!({ "denied": denied });
            let lines = lines(
                &json!({"path": "/srv"}),
                &json!({"readOnly": true}),
                &settings,
            );
            assert_eq!(lines, [refused], "{settings}");
        }
    }

    #[test]
    fn a_narrower_entry_of_allowed_is_an_exception_and_a_wider_one_is_not() {
        let denied = json!([{"path": "/data/keys", "reason": "no"}]);
        for (path, allowed, refused) in [
            (
                "/data/keys/public",
                json!({"path": "/data/keys/public"}),
                false,
            ),
            ("/data/keys", json!({"path": "/data"}), true),
            ("/data", json!({"path": "/data"}), true),
            ("/data", json!({"path": "/data", "match": "exact"}), false),
        ] {
            let settings = json!({"denied": denied, "allowed": [allowed]});
            let lines = lines(
                &json!({ "path": path }),
                &json!({"readOnly": true}),
                &settings,
            );
            assert_eq!(!lines.is_empty(), refused, "{path} {settings}: {lines:?}");
        }
    }
}
