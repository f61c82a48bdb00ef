//! A chain of certificates with a gap.

use shared::{Level, Rule, Verdict, rule};

use crate::views::Entry;
use crate::x509::Certificate;

pub(crate) static RULE: Rule = rule! {
    id: "broken_chain",
    summary: "A `tls.crt` in which a certificate was not signed by the one behind it: one is missing, there twice, or out of order",
    why: "Browsers often find what is missing by themselves; other clients refuse the connection",
    fix: "put the certificate of the server first, then the one that signed it, and so on",
    levels: [Warn by "form.brokenChain"],
};

/// Compares each certificate of `tls.crt` with the next one. `ca.crt` is a set, not a chain.
pub(crate) fn check(
    entry: &Entry<'_>,
    chain: &[Certificate<'_>],
    level: Level,
    verdict: &mut Verdict,
) {
    for (index, pair) in chain.windows(2).enumerate() {
        let [mine, next] = pair else {
            continue;
        };
        if mine.is_signed_by(next) {
            continue;
        }
        let is_other = |other: &&Certificate<'_>| other.der != mine.der;
        let mut others = chain.iter().filter(is_other);
        let what = if mine.der == next.der {
            "is there twice"
        } else if others.any(|other| mine.is_signed_by(other)) {
            "was signed by another one of tls.crt than the next: they are out of order"
        } else {
            "was not signed by the next one, nor by another one of tls.crt"
        };
        let number = index + 1;
        let reason = format_args!("certificate {number} {what}");
        entry.report(&RULE, level, reason, RULE.fix, verdict);
        return;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::pem::{CHAIN, CHAIN_KEY, EC_CERTIFICATE, EC_KEY, RSA_CERTIFICATE, SSH_KEY};
    use crate::testing::{lines, secret};

    #[test]
    fn finds_a_gap() {
        let [server, intermediate, root] = CHAIN;
        for (chain, what) in [
            (&[server][..], None),
            (&[server, intermediate], None),
            (&[server, intermediate, root], None),
            (
                &[server, root],
                Some("certificate 1 was not signed by the next one, nor by another one of tls.crt"),
            ),
            (
                &[server, root, intermediate],
                Some(
                    "certificate 1 was signed by another one of tls.crt than the next: they are out of order",
                ),
            ),
            (
                &[server, server, intermediate],
                Some("certificate 1 is there twice"),
            ),
            (
                &[server, intermediate, intermediate],
                Some("certificate 2 is there twice"),
            ),
            (
                &[server, intermediate, EC_CERTIFICATE],
                Some("certificate 2 was not signed by the next one, nor by another one of tls.crt"),
            ),
            // That is told with the key.
            (&[intermediate, server], None),
            (&[SSH_KEY, server, intermediate], None),
        ] {
            let data = [("tls.crt", &*chain.concat()), ("tls.key", CHAIN_KEY)];
            let found = lines(&secret("kubernetes.io/tls", &data), &json!({}));
            let found: Vec<_> = found
                .iter()
                .filter(|line| line.contains("[broken_chain]"))
                .collect();
            let expected = what.map(|what| {
                format!(
                    "warning: secret-data: data[\"tls.crt\"]: {what}; fix: put the certificate of the server first, then \
                     the one that signed it, and so on [broken_chain]"
                )
            });
            assert_eq!(found, expected.iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_certificate_that_signed_itself_needs_no_other() {
        let data = [
            ("tls.crt", &*[EC_CERTIFICATE, RSA_CERTIFICATE].concat()),
            ("tls.key", EC_KEY),
            ("ca.crt", &[RSA_CERTIFICATE, EC_CERTIFICATE].concat()),
        ];
        let object = secret("kubernetes.io/tls", &data);
        let off = json!({"form": {"brokenChain": "off"}});
        assert_eq!(lines(&object, &json!({})).len(), 1);
        assert_eq!(lines(&object, &off), [""; 0]);
        let deny = json!({"form": {"brokenChain": "deny"}});
        assert!(lines(&object, &deny)[0].starts_with("data[\"tls.crt\"]: certificate 1 "));
    }
}
