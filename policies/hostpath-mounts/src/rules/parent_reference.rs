//! A path with `..`.

use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::volume::HostVolume;

pub(crate) static RULE: Rule = rule! {
    id: "parent_reference",
    summary: "A path or `subPath` with a `..` in it",
    why: "It leads out of the directory that it seems to stay in. The API server refuses it, but takes \
          `C:\\data\\..\\Windows`, which means the same to a Windows node",
    fix: "write the path without \"..\"",
    levels: [Deny],
};

/// Whether the path of the volume has a `..`, so that nothing else can be said of it.
pub(crate) fn check(volume: &HostVolume<'_>, verdict: &mut Verdict) -> bool {
    for mount in volume.mounts {
        let sub_path = mount.view.sub_path;
        let mut names = sub_path.split(['/', '\\']);
        if names.any(|name| name == "..") && !volume.path.has_backsteps() {
            mount.report_with("subPath", Level::Deny, verdict, &|field| {
                let reason = format!(
                    "{sub_path} leads out of {}",
                    quote(volume.written),
                    sub_path = quote(sub_path)
                );
                Finding::new(&RULE, field, reason)
            });
        }
    }
    let found = volume.path.has_backsteps();
    if found {
        let reason = format!(
            "{} contains \"..\", so where it leads cannot be checked",
            quote(volume.written)
        );
        volume.refuse(&RULE, reason, RULE.fix, verdict);
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn refuses_a_path_or_sub_path_that_steps_back() {
        let fix = "; fix: write the path without \"..\" [parent_reference]";
        for path in ["/data/../etc", r"C:\data\..\Windows", ".."] {
            assert_eq!(
                lines(
                    &json!({ "path": path }),
                    &json!({"readOnly": true}),
                    &json!({})
                ),
                [format!(
                    "spec.volumes[0].hostPath.path: {path:?} contains \"..\", so where it leads cannot be checked{fix}"
                )]
            );
        }
        let lines = lines(
            &json!({"path": "/data"}),
            &json!({"readOnly": true, "subPath": "a/../.."}),
            &json!({}),
        );
        let field = "spec.containers[0].volumeMounts[0].subPath";
        assert_eq!(
            lines,
            [format!("{field}: \"a/../..\" leads out of \"/data\"{fix}")]
        );
    }
}
