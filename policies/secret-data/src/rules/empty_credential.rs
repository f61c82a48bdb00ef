//! A login without a user or a password.

use shared::{Level, Rule, Verdict, rule};

use crate::views::Object;

pub(crate) static RULE: Rule = rule! {
    id: "empty_credential",
    summary: "A `kubernetes.io/basic-auth` Secret with an empty `username` or `password`",
    why: "Kubernetes only requires one of the two to be present; a login with an empty one fails",
    fix: "write the value, or leave the key out",
    levels: [Warn by "form.basicAuth"],
};

/// Finds keys without a value.
pub(crate) fn check(object: &Object<'_>, level: Level, verdict: &mut Verdict) {
    for key in ["username", "password"] {
        if let Some(entry) = object.entry(key).filter(|entry| entry.written.is_empty()) {
            entry.report(&RULE, level, format_args!("is empty"), RULE.fix, verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn warns_of_keys_without_a_value() {
        let of = |data| lines(&secret("kubernetes.io/basic-auth", data), &json!({}));
        assert_eq!(of(&[("username", b"jane")]), [""; 0]);
        assert_eq!(
            of(&[("username", b"jane"), ("password", b"")]),
            [
                "warning: secret-data: data[\"password\"]: is empty; fix: write the value, or leave the key out \
              [empty_credential]"
            ]
        );
    }
}
