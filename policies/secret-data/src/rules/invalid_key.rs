//! A key that Kubernetes does not take.

use shared::{Level, Rule, Verdict, rule};

use crate::views::Object;

pub(crate) static RULE: Rule = rule! {
    id: "invalid_key",
    summary: "A key with characters other than letters, digits, `-`, `_` and `.`, with more than 253 of them, or that leads to another folder",
    why: "The API server refuses the object",
    fix: "use letters, digits, - _ and . in the key",
    levels: [Deny],
};

/// Refuses what the API server refuses.
///
/// Source: `IsConfigMapKey` in `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`.
pub(crate) fn check(object: &Object<'_>, verdict: &mut Verdict) {
    for entry in &object.entries {
        let key = entry.key;
        let is_of_key =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let reason = if key.is_empty() {
            "has no key"
        } else if key.len() > 253 {
            "has a key of more than 253 characters"
        } else if !key.bytes().all(is_of_key) {
            "has a key with a character that no key may have"
        } else if key == "." || key.starts_with("..") {
            "has a key that leads to another folder where the Secret is mounted"
        } else {
            continue;
        };
        entry.tell(&RULE, Level::Deny, reason, RULE.fix, verdict);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn refuses_what_the_api_server_refuses() {
        let long = "k".repeat(254);
        for (key, refused) in [
            ("a.b-c_D9", false),
            (".netrc", false),
            ("...", true),
            ("..a", true),
            (".", true),
            ("a b", true),
            ("a/b", true),
            ("é", true),
            ("", true),
            (&long, true),
            (&long[1..], false),
        ] {
            let found = lines(&secret("Opaque", &[(key, b"x")]), &json!({}));
            assert_eq!(!found.is_empty(), refused, "{key}: {found:?}");
        }
        let path = format!("data[\"{}…\"]: has a key of more than 253", "k".repeat(99));
        let found = lines(&secret("Opaque", &[(&"k".repeat(9_999), b"x")]), &json!({}));
        assert!(found[0].starts_with(&path), "{found:?}");
        assert_eq!(
            lines(&secret("Opaque", &[("my key", b"x")]), &json!({})),
            [
                "data[\"my…\"]: has a key with a character that no key may have; fix: use letters, digits, - _ and . \
              in the key [invalid_key]"
            ]
        );
    }
}
