//! A volume of another type than its entry allows.

use shared::settings::has_name;
use shared::{Finding, Level, Rule, Verdict, list_of, quote, rule};

use crate::ruling::Scope;
use crate::volume::HostVolume;

pub(crate) static RULE: Rule = rule! {
    id: "disallowed_type",
    summary: "A `type` that the entry of `allowed` for the path does not list",
    why: "The platform team allowed the path as a file or a directory that exists, not as whatever is found or made \
          there",
    fix: "set the type to an allowed one",
    levels: [Deny],
};

/// Refuses the volume if its entry lists types, and not this one.
pub(crate) fn check(volume: &HostVolume<'_>, scope: &Scope<'_>, verdict: &mut Verdict) {
    let (Some(entry), Some(kind)) = (scope.allowed(), volume.kind) else {
        return;
    };
    if entry.types.is_empty() || has_name(&entry.types, kind) {
        return;
    }
    let wanted = list_of(&mut entry.types.iter().map(String::as_str));
    let reason = format!(
        "{kind} is not an allowed type for {}, which must be one of {wanted}",
        volume.quoted(),
        kind = quote(kind)
    );
    let finding = Finding::new(&RULE, &volume.kind_field(), reason)
        .known_as(format!("{kind} {}", volume.identity()))
        .concerning(volume.uses(verdict));
    verdict.report(Level::Deny, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn refuses_a_type_that_the_entry_does_not_list() {
        let settings = json!({"allowed": [{"path": "/data", "types": ["Directory", "File"]}]});
        let mount = json!({"readOnly": true});
        assert_eq!(
            lines(&json!({"path": "/data", "type": "File"}), &mount, &settings),
            [""; 0]
        );
        for kind in ["", "DirectoryOrCreate", "Socket"] {
            let found = lines(&json!({"path": "/data/x", "type": kind}), &mount, &settings);
            let line = format!(
                "spec.volumes[0].hostPath.type: {kind:?} is not an allowed type for \"/data/x\", which must be one \
                 of \"Directory\", \"File\"; fix: set the type to an allowed one [disallowed_type]"
            );
            assert_eq!(found.first(), Some(&line));
        }
    }
}
