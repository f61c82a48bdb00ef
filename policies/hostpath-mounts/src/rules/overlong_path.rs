//! A path that is longer than any that a node opens.

use shared::{Finding, Level, Rule, Verdict, rule};

use crate::volume::HostVolume;

pub(crate) static RULE: Rule = rule! {
    id: "overlong_path",
    summary: "A path of more than 4096 characters together with its `subPath`",
    why: "Linux opens no path that is longer (`PATH_MAX`)",
    fix: "write a shorter path",
    levels: [Deny],
};

/// The longest path that Linux opens, in characters.
pub(crate) const PATH_MAX: usize = 4096;

/// Whether the path is too long, alone or with the `subPath` of a mount, so that nothing else needs to be said of it.
pub(crate) fn check(volume: &HostVolume<'_>, verdict: &mut Verdict) -> bool {
    let longest = volume
        .mounts
        .iter()
        .map(|mount| mount.view.sub_path.len())
        .max()
        .unwrap_or_default();
    let length = volume.written.len() + longest;
    let is_overlong = length > PATH_MAX;
    if is_overlong {
        let reason = format!("has {length} characters, and at most {PATH_MAX} can be mounted");
        let mut concerned = volume.uses(verdict);
        concerned.push(volume.written.to_owned());
        let finding = Finding::new(&RULE, &volume.field(), reason).concerning(concerned);
        verdict.report(Level::Deny, finding);
    }
    is_overlong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn refuses_what_is_too_long_alone_or_together() {
        let long = |length: usize| format!("/{}", "x".repeat(length - 1));
        let read_only = json!({"readOnly": true});
        assert_eq!(
            lines(&json!({"path": long(4096)}), &read_only, &json!({})),
            [""; 0]
        );
        let line = "spec.volumes[0].hostPath.path: has 4097 characters, and at most 4096 can be mounted; fix: write a \
                    shorter path [overlong_path]";
        assert_eq!(
            lines(&json!({"path": long(4097)}), &read_only, &json!({})),
            [line]
        );
        let mount = json!({"readOnly": true, "subPath": "x".repeat(97)});
        assert_eq!(
            lines(&json!({"path": long(4000)}), &mount, &json!({})),
            [line]
        );
    }
}
