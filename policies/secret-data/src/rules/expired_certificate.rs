//! A certificate that is not valid any more.

use shared::{Level, Rule, Verdict, rule};

use crate::views::Entry;
use crate::x509::Certificate;

pub(crate) static RULE: Rule = rule! {
    id: "expired_certificate",
    summary: "A certificate of `tls.crt` that had expired when the Secret was written, or a `ca.crt` in which all had",
    why: "Every client refuses the connection",
    fix: "renew the certificate",
    levels: [Warn by "form.expiredCertificate"],
};

/// Compares the end of each certificate of `tls.crt` with the time at which the API server says that it wrote the object:
/// a guest has no clock of its own. Without such a time nothing is known.
pub(crate) fn check(
    entry: &Entry<'_>,
    chain: &[Certificate<'_>],
    now: u64,
    level: Level,
    verdict: &mut Verdict,
) {
    let number = chain.iter().position(|it| it.not_after < now);
    if let Some(number) = number.map(|index| index + 1) {
        let reason = format_args!(
            "certificate {number} has expired: its end lies before the time of this request"
        );
        entry.report(&RULE, level, reason, RULE.fix, verdict);
    }
}

/// Does the same with `ca.crt`, where old authorities stay beside new ones.
pub(crate) fn check_authorities(
    entry: &Entry<'_>,
    authorities: &[Certificate<'_>],
    now: u64,
    level: Level,
    verdict: &mut Verdict,
) {
    if !authorities.is_empty() && authorities.iter().all(|it| it.not_after < now) {
        let reason = format_args!("has expired: its end lies before the time of this request");
        entry.report(&RULE, level, reason, RULE.fix, verdict);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::pem::{
        CHAIN, CHAIN_KEY, EC_CERTIFICATE, EC_KEY, EXPIRED_CERTIFICATE, EXPIRED_KEY,
    };
    use crate::testing::{lines, rules_of, secret};

    fn found(crt: &[u8], key: &[u8], metadata: &Value) -> Vec<String> {
        let mut object = secret("kubernetes.io/tls", &[("tls.crt", crt), ("tls.key", key)]);
        for (name, value) in metadata.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        rules_of(&object, &json!({}))
    }

    #[test]
    fn says_which_one_it_is() {
        let [server, intermediate, _] = CHAIN;
        let of = |crt: &[u8], authority: &[u8]| {
            let data = [
                ("tls.crt", crt),
                ("tls.key", CHAIN_KEY),
                ("ca.crt", authority),
            ];
            let mut object = secret("kubernetes.io/tls", &data);
            object["metadata"]["creationTimestamp"] = json!("2120-01-01T00:00:00Z");
            lines(&object, &json!({"form": {"brokenChain": "off"}}))
        };
        let chain = [server, intermediate, EXPIRED_CERTIFICATE].concat();
        let bundle = [EXPIRED_CERTIFICATE, intermediate].concat();
        assert_eq!(of(server, intermediate), [""; 0]);
        assert_eq!(of(server, &bundle), [""; 0]);
        assert_eq!(of(server, b""), [""; 0]);
        assert_eq!(
            of(&chain, EXPIRED_CERTIFICATE),
            ["data[\"ca.crt\"]: has expired", "data[\"tls.crt\"]: certificate 3 has expired"].map(|what| format!(
                "warning: secret-data: {what}: its end lies before the time of this request; fix: renew the certificate \
                 [expired_certificate]"
            ))
        );
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
            found(EC_CERTIFICATE, EC_KEY, &created("2026-12-31T00:00:00Z")),
            [""; 0]
        );
    }
}
