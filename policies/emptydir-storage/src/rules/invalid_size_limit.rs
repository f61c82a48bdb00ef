//! A limit that the API server refuses.

use shared::kubernetes::quantity::amount::Amount;
use shared::{Level, Rule, Verdict, rule};

use super::report;
use crate::pod::{Pod, Scratch};

pub(crate) static RULE: Rule = rule! {
    id: "invalid_size_limit",
    summary: "A `sizeLimit` that is not a quantity, or less than 0",
    why: "The API server refuses the object; in a kind of another project, its controller cannot make the pods",
    fix: "write a size such as 100Mi, or leave sizeLimit out",
    levels: [Deny],
};

/// Refuses it, whether the volume is mounted or not, and returns whether it did.
///
/// Source: `validateVolumeSource` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(volume: &Scratch<'_>, pod: &Pod<'_>, verdict: &mut Verdict) -> bool {
    let Some(size) = volume.size_limit else {
        return false;
    };
    let problem = match size.amount {
        None => "is not a quantity",
        Some(amount) if amount.is_negative() => "is less than 0",
        Some(_) => return false,
    };
    report(
        verdict,
        Level::Deny,
        &RULE,
        pod,
        volume,
        "emptyDir.sizeLimit",
        &|| {
            let reason = format!("{size} {problem}, so the API server refuses the object");
            // `1GB` is how others write `1Gi`, more or less.
            let binary = size.text().strip_suffix('B').map(|text| format!("{text}i"));
            let binary = binary.filter(|text| Amount::parse(text).is_some());
            let fix = binary.map(|text| format!("write {text}, or another size such as 100Mi"));
            (reason, fix.unwrap_or_default())
        },
    );
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines, lines_of, of_spec};

    fn line(size: &str, fix: &str) -> String {
        format!(
            "spec.template.spec.volumes[0].emptyDir.sizeLimit: {size}, so the API server refuses the object; fix: {fix} \
             [invalid_size_limit]"
        )
    }

    #[test]
    fn says_what_the_api_server_would() {
        let usual = "write a size such as 100Mi, or leave sizeLimit out";
        for (size, expected) in [
            (json!("-1Gi"), line("\"-1Gi\" is less than 0", usual)),
            (json!(-1), line("-1 is less than 0", usual)),
            (
                json!("1GB"),
                line(
                    "\"1GB\" is not a quantity",
                    "write 1Gi, or another size such as 100Mi",
                ),
            ),
            (json!(""), line("\"\" is not a quantity", usual)),
            (json!("B"), line("\"B\" is not a quantity", usual)),
            (json!(true), line("true or false is not a quantity", usual)),
        ] {
            assert_eq!(
                lines(&json!({"sizeLimit": size}), &json!({})),
                [expected],
                "{size}"
            );
        }
    }

    #[test]
    fn a_volume_that_no_container_mounts_is_refused_as_well() {
        let spec = |size: Value| {
            of_spec(&json!({"volumes": [{"name": "v", "emptyDir": {"sizeLimit": size}}]}))
        };
        for (size, findings) in [(json!("-1"), 1), (json!("1m"), 0), (json!(null), 0)] {
            assert_eq!(
                lines_of(&spec(size.clone()), &json!({})).len(),
                findings,
                "{size}"
            );
        }
    }
}
