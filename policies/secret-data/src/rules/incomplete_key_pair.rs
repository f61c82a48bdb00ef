//! Half of a pair.

use shared::{Level, Rule, Verdict, rule};

use crate::tls::Tls;

pub(crate) static RULE: Rule = rule! {
    id: "incomplete_key_pair",
    summary: "A TLS Secret that has a certificate and an empty key, or the other way round",
    why: "No server can use half of it; some controllers fill in the rest later",
    fix: "write both, or leave both empty for a controller",
    levels: [Warn by "form.tls", Warn by "form.pem" for "an Opaque Secret"],
};

/// Warns of half a pair.
pub(crate) fn check(tls: &Tls<'_>, level: Level, verdict: &mut Verdict) {
    let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) else {
        return;
    };
    let (empty, other) = match (certificate.value.is_empty(), key.value.is_empty()) {
        (true, false) => (certificate.entry, "tls.key"),
        (false, true) => (key.entry, "tls.crt"),
        _ => return,
    };
    let level = level.at_most(Level::Warn);
    let reason = format_args!("is empty, and {other} is not");
    empty.report(&RULE, level, reason, RULE.fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::pem::{EC_CERTIFICATE, EC_KEY};
    use crate::testing::{lines, secret};

    #[test]
    fn warns_of_half_a_pair() {
        for (crt, key, expected) in [
            (
                &b""[..],
                EC_KEY,
                "data[\"tls.crt\"]: is empty, and tls.key is not",
            ),
            (
                EC_CERTIFICATE,
                b"",
                "data[\"tls.key\"]: is empty, and tls.crt is not",
            ),
        ] {
            assert_eq!(
                lines(
                    &secret("kubernetes.io/tls", &[("tls.crt", crt), ("tls.key", key)]),
                    &json!({})
                ),
                [format!(
                    "warning: secret-data: {expected}; fix: write both, or leave both empty for a controller \
                     [incomplete_key_pair]"
                )]
            );
        }
    }
}
