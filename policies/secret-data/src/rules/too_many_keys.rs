//! More keys than one object should have.

use shared::{FieldPath, Finding, Level, Rule, Verdict, rule};

use crate::settings::Size;
use crate::views::Object;

pub(crate) static RULE: Rule = rule! {
    id: "too_many_keys",
    summary: "More keys than `size.keys` allows",
    why: "Anyone who may read one key may read all of them: an object that holds everything gives everything away",
    fix: "split the object by who needs what",
    levels: [Deny],
};

/// Refuses more keys than the limit.
pub(crate) fn check(object: &Object<'_>, limits: &Size, verdict: &mut Verdict) {
    let count = object.entries.len() as u64;
    if let Some(limit) = limits.keys.filter(|limit| count > *limit) {
        let reason = format!("has {count} keys, and the limit is {limit}");
        let finding = Finding::new(&RULE, &FieldPath::new("data"), reason);
        verdict.report(Level::Deny, finding.amounting_to(count));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, raw};

    #[test]
    fn counts_each_key_once() {
        let object = raw(
            "Opaque",
            &json!({"data": {"a": "", "b": null}, "stringData": {"b": "x", "c": "x"}}),
        );
        assert_eq!(lines(&object, &json!({"size": {"keys": 3}})), [""; 0]);
        assert_eq!(
            lines(&object, &json!({"size": {"keys": 2}})),
            [
                "data: has 3 keys, and the limit is 2; fix: split the object by who needs what [too_many_keys]"
            ]
        );
    }
}
