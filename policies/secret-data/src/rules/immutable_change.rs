//! A change of what cannot be changed.

use std::borrow::Cow;

use shared::index::{Index, hash};
use shared::{FieldPath, Finding, Level, Rule, Verdict, quote, rule};

use crate::base64;
use crate::views::{Entry, Object};

pub(crate) static RULE: Rule = rule! {
    id: "immutable_change",
    summary: "An UPDATE that changes the type of a Secret, or the data of an object with `immutable: true`",
    why: "The API server refuses it",
    fix: "create an object of another name, or delete this one first",
    levels: [Deny],
};

/// Refuses what the API server refuses.
///
/// Source: `ValidateSecretUpdate` and `ValidateConfigMapUpdate` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(object: &Object<'_>, old: &Object<'_>, verdict: &mut Verdict) {
    let mut report = |path: &'static str, reason: String| {
        let finding = Finding::new(&RULE, &FieldPath::new(path), reason);
        verdict.report(Level::Deny, finding);
    };
    if let (Some(new), Some(old)) = (object.secret_type, old.secret_type)
        && new != old
    {
        let reason = format!(
            "is {}, and was {}: a type cannot be changed",
            quote(new),
            quote(old)
        );
        report("type", reason);
    }
    if !old.is_immutable {
        return;
    }
    if !object.is_immutable {
        report(
            "immutable",
            "was true, which cannot be taken back".to_owned(),
        );
    }
    for field in ["data", BINARY] {
        if !is_same(&of(&object.entries, field), &of(&old.entries, field)) {
            report(field, "was changed, and the object is immutable".to_owned());
        }
    }
}

/// Of a `ConfigMap`, whose two maps are compared one by one.
const BINARY: &str = "binaryData";

/// The values in a field. Those of `stringData` are in `data` in the end.
fn of<'e, 'a>(entries: &'e [Entry<'a>], field: &str) -> Vec<&'e Entry<'a>> {
    let is_of = |entry: &&Entry<'_>| (entry.field == BINARY) == (field == BINARY);
    entries.iter().filter(is_of).collect()
}

/// Whether two objects have the same values, however they are written.
fn is_same(new: &[&Entry<'_>], old: &[&Entry<'_>]) -> bool {
    let index = Index::of(&mut old.iter().map(|entry| entry.key));
    new.len() == old.len()
        && new.iter().all(|entry| {
            let mut places = index.places(hash(0, entry.key));
            places.any(|place| {
                let known = old.get(place).filter(|known| known.key == entry.key);
                known.is_some_and(|known| {
                    entry.written == known.written && entry.is_encoded == known.is_encoded
                        || value(entry) == value(known)
                })
            })
        })
}

fn value<'a>(entry: &Entry<'a>) -> Cow<'a, [u8]> {
    if !entry.is_encoded {
        return Cow::Borrowed(entry.written.as_bytes());
    }
    let mut decoded = Vec::new();
    // What is not base64 is refused by itself.
    let _ = base64::decode(entry.written, &mut decoded);
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::SecretData;

    fn object(fields: &Value) -> Value {
        let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}});
        for (name, value) in fields.as_object().unwrap() {
            object[name] = value.clone();
        }
        object
    }

    fn refused(old: &Value, new: &Value) -> Option<String> {
        let response = Review::update(&object(old), &object(new)).judge::<SecretData>();
        let message = response.message?;
        Some(message.split_once("secret-data: ").unwrap().1.to_owned())
    }

    #[test]
    fn refuses_another_value_of_an_immutable_object() {
        let fix =
            "; fix: create an object of another name, or delete this one first [immutable_change]";
        let old = json!({"data": {"a": "b2xk", "b": "eA=="}, "immutable": true});
        let changed = Some(format!(
            "data: was changed, and the object is immutable{fix}"
        ));
        for (new, expected) in [
            (
                json!({"data": {"a": "b2xk", "b": "eA=="}, "immutable": true}),
                None,
            ),
            // The same in other words.
            (
                json!({"data": {"b": "eB==", "a": "b2\nxk"}, "immutable": true}),
                None,
            ),
            (
                json!({"data": {"a": "b2xk"}, "stringData": {"b": "x"}, "immutable": true}),
                None,
            ),
            (
                json!({"data": {"a": "bmV3", "b": "eA=="}, "immutable": true}),
                changed.clone(),
            ),
            (
                json!({"data": {"a": "b2xk"}, "immutable": true}),
                changed.clone(),
            ),
            (
                json!({"data": {"a": "b2xk", "c": "eA=="}, "immutable": true}),
                changed.clone(),
            ),
            (
                json!({"data": {"a": "b2xk", "b": "eA==", "c": ""}, "immutable": true}),
                changed.clone(),
            ),
            (
                json!({"data": {"a": "b2xk", "b": "eA=="}, "immutable": false}),
                Some(format!(
                    "immutable: was true, which cannot be taken back{fix}"
                )),
            ),
            (
                json!({"data": {"a": "b2xk", "b": "eA=="}}),
                Some(format!(
                    "immutable: was true, which cannot be taken back{fix}"
                )),
            ),
        ] {
            assert_eq!(refused(&old, &new), expected, "{new}");
        }
        let free = json!({"data": {"a": "b2xk"}});
        assert_eq!(
            refused(&free, &json!({"data": {"a": "bmV3"}, "immutable": true})),
            None
        );
    }

    #[test]
    fn the_two_maps_of_a_config_map_are_compared_one_by_one() {
        let of = |field: &str, value: &str| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"},
                "immutable": true, field: {"a": value},
            })
        };
        let refused = |old: &Value, new: &Value| {
            let response = Review::update(old, new).judge::<SecretData>();
            response.message.unwrap_or_default()
        };
        let data = of("data", "x");
        let binary = of("binaryData", "eA==");
        assert_eq!(refused(&binary, &binary), "");
        let moved = refused(&data, &binary);
        for place in ["\n- data: was changed, ", "\n- binaryData: was changed, "] {
            assert!(moved.contains(place), "{moved}");
        }
        let changed = refused(&binary, &of("binaryData", "eQ=="));
        assert!(
            changed.contains("secret-data: binaryData: was changed, "),
            "{changed}"
        );
    }

    #[test]
    fn refuses_another_type() {
        let of = |name: &str| json!({"type": name, "data": {"a": "eA=="}});
        assert_eq!(
            refused(&of("example.com/a"), &of("example.com/b")).unwrap(),
            "type: is \"example.com/b\", and was \"example.com/a\": a type cannot be changed; fix: create an object of \
             another name, or delete this one first [immutable_change]"
        );
        assert_eq!(refused(&of("example.com/a"), &of("example.com/a")), None);
        // What is not said stays as it was: `PrepareForUpdate` in `pkg/registry/core/secret/strategy.go`.
        assert_eq!(refused(&of("example.com/a"), &of("")), None);
        assert!(refused(&of(""), &of("example.com/a")).is_some());
    }
}
