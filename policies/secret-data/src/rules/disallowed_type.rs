//! A Secret of a type that the platform team does not want.

use shared::{FieldPath, Finding, Level, Rule, Verdict, list_of, quote, rule};

use crate::settings::{Disallowed, Settings};
use crate::views::Object;

pub(crate) static RULE: Rule = rule! {
    id: "disallowed_type",
    summary: "A `type` that `deniedTypes` lists, or that `allowedTypes` does not",
    why: "Some types have better alternatives by now: a service account token, for example, should not live forever",
    fix: "use another type",
    levels: [Deny],
};

/// Refuses a type that is not allowed.
pub(crate) fn check(object: &Object<'_>, settings: &Settings, verdict: &mut Verdict) {
    let Some(secret_type) = object.secret_type else {
        return;
    };
    let reason = match settings.disallows(secret_type) {
        None => return,
        Some(Disallowed::Denied(denied)) => format!(
            "{secret_type} is denied: {}",
            denied.reason,
            secret_type = quote(secret_type)
        ),
        Some(Disallowed::NotAllowed(allowed)) => {
            let allowed = list_of(&mut allowed.iter().map(String::as_str));
            format!(
                "{} is not one of the allowed types, {allowed}",
                quote(secret_type)
            )
        }
    };
    let path = FieldPath::new("type");
    verdict.report(Level::Deny, Finding::new(&RULE, &path, reason));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn refuses_what_is_denied_and_what_is_not_allowed() {
        let settings = json!({
            "deniedTypes": [{"type": "kubernetes.io/service-account-token", "reason": "use projected tokens"}],
            "allowedTypes": ["Opaque", "kubernetes.io/tls"],
        });
        for (secret_type, expected) in [
            ("Opaque", None),
            ("", None),
            (
                "example.com/x",
                Some(
                    r#"type: "example.com/x" is not one of the allowed types, "Opaque", "kubernetes.io/tls"; fix: use another type [disallowed_type]"#,
                ),
            ),
        ] {
            let found = lines(&secret(secret_type, &[]), &settings);
            assert_eq!(found.first().map(String::as_str), expected);
        }
        let mut token = secret("kubernetes.io/service-account-token", &[]);
        token["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "robot"});
        assert_eq!(
            lines(&token, &settings),
            [
                "type: \"kubernetes.io/service-account-token\" is denied: use projected tokens; fix: use another type \
              [disallowed_type]"
            ]
        );
    }
}
