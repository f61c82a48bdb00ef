//! A bootstrap token that nobody can join with.

use shared::{Finding, Level, Rule, Verdict, rule};

use crate::views::{Object, Values};

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "malformed_bootstrap_token",
    summary: "A bootstrap token whose parts, name or namespace are not as the API server wants them",
    why: "The API server stores it, and then ignores it: a node that joins with it is refused",
    fix: "create it: kubeadm token create",
    levels: [Deny by "form.bootstrapToken"],
};

/// Judges what the authenticator reads.
///
/// Source: `plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go` and
/// `staging/src/k8s.io/cluster-bootstrap/token/api/types.go`.
pub(crate) fn check(object: &Object<'_>, values: &Values<'_>, level: Level, verdict: &mut Verdict) {
    let id = values.get("token-id").map(|(_, id)| id);
    let is_id = id.is_some_and(|id| is_token(id, 6));
    if !is_id {
        report(
            "data[\"token-id\"]",
            "is not 6 lower case letters and digits",
            level,
            verdict,
        );
    }
    let name = object.name.strip_prefix("bootstrap-token-");
    if is_id && name.map(str::as_bytes) != id {
        let reason = "is not \"bootstrap-token-\" and the token-id behind it";
        report("metadata.name", reason, level, verdict);
    }
    let secret = values.get("token-secret");
    if !secret.is_some_and(|(_, secret)| is_token(secret, 16)) {
        report(
            "data[\"token-secret\"]",
            "is not 16 lower case letters and digits",
            level,
            verdict,
        );
    }
    if object.namespace != "kube-system" {
        let reason = "is not \"kube-system\", where alone tokens are looked for";
        report("metadata.namespace", reason, level, verdict);
    }
    let expiration = values.get("expiration");
    // An empty one means never: `GetExpiration` in `staging/src/k8s.io/cluster-bootstrap/util/secrets/secrets.go`.
    if expiration.is_some_and(|(_, time)| !time.is_empty() && !is_time(time)) {
        report(
            "data[\"expiration\"]",
            "is not a time such as 2026-01-31T12:00:00Z",
            level,
            verdict,
        );
    }
}

#[inline(never)]
fn report(path: &'static str, reason: &'static str, level: Level, verdict: &mut Verdict) {
    verdict.report(level, Finding::new(&RULE, &path, reason));
}

/// Whether a part of a token has this many characters, all of them lower case letters and digits.
fn is_token(part: &[u8], length: usize) -> bool {
    part.len() == length
        && part
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Whether a value has the shape of a time in RFC 3339.
fn is_time(value: &[u8]) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let has_shape = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    };
    let Some((time, zone)) = value.split_at_checked(SHAPE.len()) else {
        return false;
    };
    let is_zone = matches!(
        zone,
        [b'Z']
            | [b'.', .., b'Z']
            | [b'+' | b'-', _, _, b':', _, _]
            | [b'.', .., b'+' | b'-', _, _, b':', _, _]
    );
    is_zone && time.iter().zip(SHAPE).all(has_shape)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_time;
    use crate::testing::{lines, secret};

    const TYPE: &str = "bootstrap.kubernetes.io/token";

    fn token(name: &str, namespace: &str, data: &[(&str, &[u8])]) -> Value {
        let mut object = secret(TYPE, data);
        object["metadata"] = json!({"name": name, "namespace": namespace});
        object
    }

    #[test]
    fn accepts_what_kubeadm_writes() {
        let data = [
            ("token-id", &b"abcdef"[..]),
            ("token-secret", b"0123456789abcdef"),
            ("expiration", b"2026-01-31T12:00:00Z"),
            ("usage-bootstrap-authentication", b"true"),
        ];
        let object = token("bootstrap-token-abcdef", "kube-system", &data);
        assert_eq!(lines(&object, &json!({})), [""; 0]);
    }

    #[test]
    fn refuses_what_the_api_server_ignores() {
        let data = [
            ("token-id", &b"ABCDEF"[..]),
            ("token-secret", b"short"),
            ("expiration", b"tomorrow"),
        ];
        let line = |text: &str| {
            format!("{text}; fix: create it: kubeadm token create [malformed_bootstrap_token]")
        };
        assert_eq!(
            lines(&token("bootstrap-token-ABCDEF", "shop", &data), &json!({})),
            [
                line("data[\"token-id\"]: is not 6 lower case letters and digits"),
                line("data[\"token-secret\"]: is not 16 lower case letters and digits"),
                line(
                    "metadata.namespace: is not \"kube-system\", where alone tokens are looked for"
                ),
                line("data[\"expiration\"]: is not a time such as 2026-01-31T12:00:00Z"),
            ]
        );
        let data = [
            ("token-id", &b"abcdef"[..]),
            ("token-secret", b"0123456789abcdef"),
        ];
        assert_eq!(
            lines(&token("token-abcdef", "kube-system", &data), &json!({})),
            [line(
                "metadata.name: is not \"bootstrap-token-\" and the token-id behind it"
            )]
        );
    }

    #[test]
    fn knows_times() {
        for (text, is) in [
            ("2026-01-31T12:00:00Z", true),
            ("2026-01-31T12:00:00.123Z", true),
            ("2026-01-31T12:00:00+09:00", true),
            ("2026-01-31T12:00:00.123+09:00", true),
            ("2026-01-31T12:00:00.123", false),
            ("2026-01-31 12:00:00Z", false),
            ("2026-01-31T12:00:00", false),
            ("2026-01-31", false),
            ("", false),
        ] {
            assert_eq!(is_time(text.as_bytes()), is, "{text}");
        }
    }
}
