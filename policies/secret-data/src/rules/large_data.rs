//! Data that is near what can still be changed.

use shared::{FieldPath, Finding, Level, Rule, Verdict, rule};

use super::{bytes, oversized_data};
use crate::settings::Size;
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "large_data",
    summary: "Values that have `size.warnAt` bytes together, or more",
    why: "An UPDATE sends the object twice, and the policy server takes requests of 2 MiB: from about 700 KiB on, even a label cannot be changed",
    fix: "move large files to a volume or an object store, or split the object",
    levels: [Warn],
};

/// Warns before it is too late.
pub(crate) fn check(sizes: &[(&Entry<'_>, usize)], limits: &Size, verdict: &mut Verdict) {
    let total = oversized_data::total(sizes);
    if total < limits.warn_at {
        return;
    }
    let reason = format!(
        "holds {}, so that an UPDATE may be too large for the policy server",
        bytes(total)
    );
    verdict.report(
        Level::Warn,
        Finding::new(&RULE, &FieldPath::new("data"), reason),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn warns_from_the_threshold_on() {
        let line = |size: &str| {
            format!(
                "warning: secret-data: data: holds {size}, so that an UPDATE may be too large for the policy server; fix: \
                 move large files to a volume or an object store, or split the object [large_data]"
            )
        };
        // One that the API server has taken.
        let of = |size: usize| {
            let mut object = secret("Opaque", &[("a", &vec![b'z'; size])]);
            object["metadata"]["managedFields"] = json!([{"manager": "kubectl"}]);
            object
        };
        assert_eq!(lines(&of(700 * 1024 - 1), &json!({})), [""; 0]);
        assert_eq!(lines(&of(700 * 1024), &json!({})), [line("700 KiB")]);
        assert_eq!(lines(&of(9), &json!({"size": {"warnAt": 10}})), [""; 0]);
        let small = lines(&of(10), &json!({"size": {"warnAt": 10}}));
        assert_eq!(small, [line("10 bytes")]);
    }
}
