//! A Secret without a key that its type requires.

use shared::{FieldPath, Finding, Level, Rule, Verdict, rule};

use super::{BASIC_AUTH, DOCKER_CFG, DOCKER_CONFIG_JSON, SSH_AUTH, TLS};
use crate::views::Object;

pub(crate) static RULE: Rule = rule! {
    id: "missing_key",
    summary: "A Secret without a key that its type requires",
    why: "The API server refuses the Secret",
    fix: "add the key, or use another type",
    levels: [Deny],
};

/// Refuses what the API server refuses.
///
/// Source: `ValidateSecret` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(object: &Object<'_>, verdict: &mut Verdict) {
    let has = |key: &str| object.entry(key).is_some();
    let missing: &[&str] = match object.secret_type.unwrap_or_default() {
        TLS => &["tls.crt", "tls.key"],
        DOCKER_CONFIG_JSON => &[".dockerconfigjson"],
        DOCKER_CFG => &[".dockercfg"],
        SSH_AUTH => {
            if object
                .entry("ssh-privatekey")
                .is_some_and(|entry| entry.written.is_empty())
            {
                report(
                    "ssh-privatekey",
                    "is empty, and this type of Secret needs it",
                    verdict,
                );
            }
            &["ssh-privatekey"]
        }
        BASIC_AUTH if !has("username") && !has("password") => {
            report(
                "password",
                "is missing, and so is username: this type of Secret needs one of them",
                verdict,
            );
            &[]
        }
        _ => &[],
    };
    for key in missing.iter().filter(|key| !has(key)) {
        report(key, "is missing, and this type of Secret needs it", verdict);
    }
}

fn report(key: &str, reason: &str, verdict: &mut Verdict) {
    let data = FieldPath::new("data");
    let finding = Finding::new(&RULE, &data.key(key), reason).concerning(vec![key.to_owned()]);
    verdict.report(Level::Deny, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn refuses_what_the_api_server_refuses() {
        let missing = |key: &str| {
            format!(
                "data[{key:?}]: is missing, and this type of Secret needs it; fix: add the key, or use another type \
                 [missing_key]"
            )
        };
        for (secret_type, keys) in [
            ("Opaque", &[][..]),
            ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
            ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
            ("kubernetes.io/dockercfg", &[".dockercfg"]),
            ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
        ] {
            let expected: Vec<_> = keys.iter().map(|key| missing(key)).collect();
            assert_eq!(
                lines(&secret(secret_type, &[("x", b"x")]), &json!({})),
                expected,
                "{secret_type}"
            );
        }
        assert_eq!(
            lines(
                &secret("kubernetes.io/basic-auth", &[("x", b"x")]),
                &json!({})
            ),
            [
                "data[\"password\"]: is missing, and so is username: this type of Secret needs one of them; fix: add the \
              key, or use another type [missing_key]"
            ]
        );
        assert_eq!(
            lines(
                &secret("kubernetes.io/ssh-auth", &[("ssh-privatekey", b"")]),
                &json!({})
            ),
            [
                "data[\"ssh-privatekey\"]: is empty, and this type of Secret needs it; fix: add the key, or use another \
              type [missing_key]"
            ]
        );
    }
}
