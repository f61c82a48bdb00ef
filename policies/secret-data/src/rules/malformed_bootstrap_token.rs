//! A bootstrap token that no node can join with.

use shared::{Finding, Level, Rule, Verdict, rule};

use crate::views::{Entry, Object, Values};

pub(crate) static RULE: Rule = rule! {
    id: "malformed_bootstrap_token",
    summary: "A bootstrap token whose parts, name, namespace, groups or usages are not as the API server wants them",
    why: "The API server stores it, and then ignores it: a node that joins with it is refused",
    fix: "create it: kubeadm token create",
    levels: [Deny by "form.bootstrapToken"],
};

/// Judges what the authenticator reads.
///
/// Source: `plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go`, and of `staging/src/k8s.io/cluster-bootstrap`
/// `token/api/types.go` and `util/secrets/secrets.go`.
pub(crate) fn check(object: &Object<'_>, values: &Values<'_>, level: Level, verdict: &mut Verdict) {
    let value = |key| values.get(key).map(|(_, value)| value);
    let mut report = |key: &'static str, reason: &'static str| {
        report_value(values, key, reason, level, verdict);
    };
    let id = value("token-id").filter(|id| is_token(id, 6));
    if id.is_none() {
        report("token-id", "is not 6 lower case letters and digits");
    }
    if !value("token-secret").is_some_and(|secret| is_token(secret, 16)) {
        report("token-secret", "is not 16 lower case letters and digits");
    }
    // An empty one means never: `GetExpiration`.
    if value("expiration").is_some_and(|time| !time.is_empty() && !is_time(time)) {
        report("expiration", "is not a time such as 2026-01-31T12:00:00Z");
    }
    // Nothing means no groups, but nothing between two commas is one without a name: `GetGroups`.
    if value("auth-extra-groups").is_some_and(|groups| !groups.is_empty() && !are_groups(groups)) {
        let reason = "has a group that is not \"system:bootstrappers:\" with lower case letters, digits, \":\" and \"-\" \
                      behind it; groups are separated by commas alone";
        report("auth-extra-groups", reason);
    }
    let is_for = |usage| value(usage) == Some(b"true");
    if !is_for("usage-bootstrap-authentication") && !is_for("usage-bootstrap-signing") {
        let reason = "is not \"true\", and neither is usage-bootstrap-signing, so that the token is for nothing";
        report("usage-bootstrap-authentication", reason);
    }
    let name = object.name.strip_prefix("bootstrap-token-");
    if id.is_some() && name.map(str::as_bytes) != id {
        let reason = "is not \"bootstrap-token-\" and the token-id behind it";
        verdict.report(level, Finding::new(&RULE, &"metadata.name", reason));
    }
    if object.namespace != "kube-system" {
        let reason = "is not \"kube-system\", where alone tokens are looked for";
        verdict.report(level, Finding::new(&RULE, &"metadata.namespace", reason));
    }
}

#[inline(never)]
fn report_value(
    values: &Values<'_>,
    key: &'static str,
    reason: &'static str,
    level: Level,
    verdict: &mut Verdict,
) {
    let missing = Entry {
        field: "data",
        key,
        written: "",
        is_encoded: true,
    };
    let entry = values.get(key).map_or(&missing, |(entry, _)| entry);
    entry.tell(&RULE, level, reason, RULE.fix, verdict);
}

/// Whether a part of a token has this many characters, all of them lower case letters and digits.
fn is_token(part: &[u8], length: usize) -> bool {
    part.len() == length
        && part
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Whether a value is a list of groups that a token may have: `BootstrapGroupPattern`.
fn are_groups(value: &[u8]) -> bool {
    let is_name = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let is_group = |group: &[u8]| match group.strip_prefix(b"system:bootstrappers:") {
        Some([name @ .., last]) => {
            let mut name = name.iter();
            name.len() <= 255
                && is_name(last)
                && name.all(|byte| is_name(byte) || matches!(byte, b':' | b'-'))
        }
        Some([]) | None => false,
    };
    value.split(|byte| *byte == b',').all(is_group)
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

    use super::{are_groups, is_time};
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
                line("data[\"expiration\"]: is not a time such as 2026-01-31T12:00:00Z"),
                line(
                    "data[\"usage-bootstrap-authentication\"]: is not \"true\", and neither is \
                     usage-bootstrap-signing, so that the token is for nothing"
                ),
                line(
                    "metadata.namespace: is not \"kube-system\", where alone tokens are looked for"
                ),
            ]
        );
        let data = [
            ("token-id", &b"abcdef"[..]),
            ("token-secret", b"0123456789abcdef"),
            ("usage-bootstrap-signing", b"true"),
        ];
        assert_eq!(
            lines(&token("token-abcdef", "kube-system", &data), &json!({})),
            [line(
                "metadata.name: is not \"bootstrap-token-\" and the token-id behind it"
            )]
        );
    }

    #[test]
    fn knows_groups() {
        let long = |count: usize| format!("system:bootstrappers:{}", "a".repeat(count));
        for (text, are) in [
            ("system:bootstrappers:a", true),
            ("system:bootstrappers:a:b-1,system:bootstrappers:-9", true),
            (&long(256), true),
            (&long(257), false),
            ("system:bootstrappers:", false),
            ("system:bootstrappers:a-", false),
            ("system:bootstrappers:A", false),
            ("system:bootstrappers", false),
            ("system:masters", false),
            ("system:bootstrappers:a,", false),
            ("system:bootstrappers:a, system:bootstrappers:b", false),
        ] {
            assert_eq!(are_groups(text.as_bytes()), are, "{text}");
        }
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
