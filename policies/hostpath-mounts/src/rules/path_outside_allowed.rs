//! A path that is not allowed, where only allowed ones are.

use shared::{Rule, Verdict, rule};

use crate::volume::{HostVolume, OF_PERSISTENT_VOLUME};

pub(crate) static RULE: Rule = rule! {
    id: "path_outside_allowed",
    summary: "With `mode: allowlist`, a path that no entry of `allowed` covers",
    why: "Every path of the node is a way around the isolation of pods; the Pod Security Standards forbid all of them \
          from the baseline on",
    fix: "use an emptyDir or a PersistentVolumeClaim, or have the platform team list the path in `allowed`",
    levels: [Deny],
};

/// Refuses the volume.
pub(crate) fn check(volume: &HostVolume<'_>, verdict: &mut Verdict) {
    let (place, fix) = if volume.is_of_a_pod() {
        ("for this pod", RULE.fix)
    } else {
        ("for PersistentVolumes", OF_PERSISTENT_VOLUME)
    };
    let reason = format!(
        "{} is not among the paths that are allowed {place}",
        volume.quoted()
    );
    volume.refuse(&RULE, reason, fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn refuses_every_path_that_is_not_listed() {
        let settings = json!({"mode": "allowlist", "allowed": [{"path": "/foo"}, {"path": "/bar", "match": "exact"}]});
        for (path, refused) in [
            ("/foo", false),
            ("//foo/./x/", false),
            ("/food", true),
            ("/bar", false),
            ("/bar/x", true),
            ("/", true),
        ] {
            let lines = lines(
                &json!({ "path": path }),
                &json!({"readOnly": true}),
                &settings,
            );
            assert_eq!(!lines.is_empty(), refused, "{path}: {lines:?}");
        }
        let windows = json!({"mode": "allowlist", "allowed": [{"path": "C:\\Data"}]});
        for (path, refused) in [("C:\\data\\a", false), ("/data", true), ("/Data", true)] {
            let mount = json!({"readOnly": true});
            let lines = lines(&json!({ "path": path }), &mount, &windows);
            assert_eq!(!lines.is_empty(), refused, "{path}: {lines:?}");
        }
        let settings = json!({"mode": "allowlist"});
        assert_eq!(
            lines(
                &json!({"path": "/etc/localtime"}),
                &json!({"readOnly": true}),
                &settings
            ),
            [
                "spec.volumes[0].hostPath.path: \"/etc/localtime\" is not among the paths that are allowed for \
              this pod; fix: use an emptyDir or a PersistentVolumeClaim, or have the platform team list the path in \
              `allowed` [path_outside_allowed]"
            ]
        );
    }
}
