//! A key in both maps of a `ConfigMap`.

use shared::index::{Index, hash};
use shared::{Level, Rule, Verdict, rule};

use crate::views::{Entry, Object};

pub(crate) static RULE: Rule = rule! {
    id: "duplicate_key",
    summary: "A key that is in `data` and in `binaryData` of a ConfigMap",
    why: "The API server refuses the object",
    fix: "leave it in one of them",
    levels: [Deny],
};

/// Refuses what the API server refuses.
///
/// Source: `ValidateConfigMap` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(object: &Object<'_>, verdict: &mut Verdict) {
    // Those of a Secret are one map in the end.
    if object.secret_type.is_some() {
        return;
    }
    let (clear, binary): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        object.entries.iter().partition(|entry| !entry.is_encoded);
    if binary.is_empty() {
        return;
    }
    let index = Index::of(&mut clear.iter().map(|entry| entry.key));
    for entry in binary {
        let mut places = index.places(hash(0, entry.key));
        if places.any(|place| clear.get(place).is_some_and(|other| other.key == entry.key)) {
            let reason = "has a key that is in data as well";
            entry.tell(&RULE, Level::Deny, reason, RULE.fix, verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn refuses_a_key_of_both_maps() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"},
            "data": {"a": "x", "b": "x"}, "binaryData": {"b": "eA==", "c": "eA=="},
        });
        assert_eq!(
            lines(&object, &json!({})),
            [
                "binaryData[\"b\"]: has a key that is in data as well; fix: leave it in one of them [duplicate_key]"
            ]
        );
    }
}
