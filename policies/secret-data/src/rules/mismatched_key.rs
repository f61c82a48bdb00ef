//! A private key of another certificate.

use shared::{Level, Rule, Verdict, rule};

use crate::tls::File;
use crate::x509::{Certificate, PublicKey};

pub(crate) static RULE: Rule = rule! {
    id: "mismatched_key",
    summary: "A `tls.key` that does not belong to the first certificate of `tls.crt`",
    why: "No server starts with it. It happens when only one of the two was renewed, or when the chain is in the wrong order",
    fix: "put in the key and the certificate that were made together",
    levels: [Deny by "form.tls", Warn by "form.pem" for "an Opaque Secret"],
};

/// Compares the public keys of both, as far as they can be told.
///
/// Says whether the first certificate may be that of the key.
///
/// Kubernetes warns of it: `warningsForSecret` in `pkg/registry/core/secret/strategy.go`.
pub(crate) fn check(
    chain: &[Certificate<'_>],
    key: Option<&File<'_>>,
    level: Level,
    verdict: &mut Verdict,
) -> bool {
    let block = key.and_then(File::private_key);
    let (Some(file), Some(block)) = (key, block) else {
        return true;
    };
    let Some(key) = PublicKey::of_private_key(&block.content) else {
        return true;
    };
    let mut belongs = chain.iter().map(|certificate| certificate.may_have(&key));
    if belongs.next() != Some(false) {
        return true;
    }
    let (reason, fix) = if belongs.any(|belongs| belongs) {
        (
            "belongs to a certificate of tls.crt that is not the first",
            "put the certificate of the server first, then those that signed it",
        )
    } else {
        ("does not belong to the certificate in tls.crt", RULE.fix)
    };
    file.entry.tell(&RULE, level, reason, fix, verdict);
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::pem::{
        EC_CERTIFICATE, EC_KEY, ED_CERTIFICATE, ED_KEY, OTHER_EC_KEY, OTHER_RSA_KEY,
        RSA_CERTIFICATE, RSA_KEY, RSA_KEY_PKCS1, SEC1_EC_KEY,
    };
    use crate::testing::{lines, rules_of, secret};

    #[test]
    fn is_told_together_with_what_else_is_wrong() {
        let tls = |authority: &[u8]| {
            let data = [
                ("tls.crt", EC_CERTIFICATE),
                ("tls.key", OTHER_EC_KEY),
                ("ca.crt", authority),
            ];
            rules_of(&secret("kubernetes.io/tls", &data), &json!({}))
        };
        assert_eq!(tls(EC_CERTIFICATE), ["mismatched_key"]);
        assert_eq!(tls(b"nothing"), ["malformed_pem", "mismatched_key"]);
        assert_eq!(tls(EC_KEY), ["misplaced_pem", "mismatched_key"]);
    }

    #[test]
    fn compares_the_public_keys() {
        for (name, crt, key, belongs) in [
            ("ec", EC_CERTIFICATE, EC_KEY, true),
            ("ec in sec1", EC_CERTIFICATE, SEC1_EC_KEY, true),
            ("rsa", RSA_CERTIFICATE, RSA_KEY, true),
            ("rsa in pkcs1", RSA_CERTIFICATE, RSA_KEY_PKCS1, true),
            ("ed25519", ED_CERTIFICATE, ED_KEY, true),
            ("other ec", EC_CERTIFICATE, OTHER_EC_KEY, false),
            ("other rsa", RSA_CERTIFICATE, OTHER_RSA_KEY, false),
            ("rsa for ec", EC_CERTIFICATE, RSA_KEY, false),
            ("ec for ed25519", ED_CERTIFICATE, EC_KEY, false),
        ] {
            let found = rules_of(
                &secret("kubernetes.io/tls", &[("tls.crt", crt), ("tls.key", key)]),
                &json!({}),
            );
            assert_eq!(
                found,
                if belongs {
                    &[][..]
                } else {
                    &["mismatched_key"]
                },
                "{name}"
            );
        }
    }

    #[test]
    fn says_when_the_chain_is_in_the_wrong_order() {
        let chain = [RSA_CERTIFICATE, EC_CERTIFICATE].concat();
        let found = |key| {
            lines(
                &secret(
                    "kubernetes.io/tls",
                    &[("tls.crt", &chain), ("tls.key", key)],
                ),
                &json!({}),
            )
        };
        // Of one chain they are not.
        let [gap] = &found(RSA_KEY)[..] else {
            panic!();
        };
        assert!(gap.ends_with(" [broken_chain]"), "{gap}");
        assert_eq!(
            found(EC_KEY),
            [
                "data[\"tls.key\"]: belongs to a certificate of tls.crt that is not the first; fix: put the certificate of \
              the server first, then those that signed it [mismatched_key]"
            ]
        );
        assert_eq!(
            found(OTHER_EC_KEY),
            [
                "data[\"tls.key\"]: does not belong to the certificate in tls.crt; fix: put in the key and the certificate \
              that were made together [mismatched_key]"
            ]
        );
    }
}
