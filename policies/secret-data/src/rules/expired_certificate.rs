//! A certificate that is not valid any more.

use shared::{Level, Rule, Verdict, rule};

use crate::tls::Tls;
use crate::x509::Certificate;

pub(crate) static RULE: Rule = rule! {
    id: "expired_certificate",
    summary: "A `tls.crt` whose first certificate had expired when the Secret was written",
    why: "Every client refuses the connection",
    fix: "renew the certificate",
    levels: [Warn by "form.expiredCertificate"],
};

/// Compares the end of the certificate with the time at which the API server says that it wrote the object: a guest has
/// no clock of its own. Without such a time nothing is known.
pub(crate) fn check(tls: &Tls<'_>, now: &str, level: Level, verdict: &mut Verdict) {
    let Some(file) = &tls.certificate else {
        return;
    };
    let now = now.bytes().filter(u8::is_ascii_digit);
    let has_expired = |certificate: Certificate<'_>| certificate.not_after.bytes().lt(now);
    if file.readable_certificate().is_some_and(has_expired) {
        let reason = format_args!("has expired: its end lies before the time of this request");
        file.entry.report(&RULE, level, reason, RULE.fix, verdict);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::pem::{EC_CERTIFICATE, EC_KEY, EXPIRED_CERTIFICATE, EXPIRED_KEY};
    use crate::testing::{rules_of, secret};

    fn found(crt: &[u8], key: &[u8], metadata: &Value) -> Vec<String> {
        let mut object = secret("kubernetes.io/tls", &[("tls.crt", crt), ("tls.key", key)]);
        for (name, value) in metadata.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        rules_of(&object, &json!({}))
    }

    #[test]
    fn the_time_of_the_api_server_counts() {
        let created = |time: &str| json!({ "creationTimestamp": time });
        for (metadata, expired) in [
            (json!({}), false),
            (json!({"creationTimestamp": null}), false),
            (created("2020-01-30T00:00:00Z"), false),
            (created("2026-01-01T00:00:00Z"), true),
            (
                json!({"creationTimestamp": "2020-01-01T00:00:00Z", "managedFields": [
                    {"time": "2026-01-01T00:00:00Z"}, {"time": "2020-01-02T00:00:00Z"}, {}
                ]}),
                true,
            ),
        ] {
            let expected = if expired {
                &["expired_certificate?"][..]
            } else {
                &[]
            };
            assert_eq!(
                found(EXPIRED_CERTIFICATE, EXPIRED_KEY, &metadata),
                expected,
                "{metadata}"
            );
        }
        assert_eq!(
            found(EC_CERTIFICATE, EC_KEY, &created("2026-01-01T00:00:00Z")),
            [""; 0]
        );
    }
}
