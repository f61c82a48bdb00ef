//! A certificate where the key belongs, or a key where the certificate does.

use shared::{Level, Rule, Verdict, rule};

use crate::pem::{self, Block};
use crate::views::Object;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "misplaced_pem",
    summary: "A certificate in `tls.key`, or a private key in `tls.crt` or `ca.crt` instead of a certificate",
    why: "No server starts with it, and a private key in ca.crt is handed to everybody who asks whom to trust",
    fix: "exchange tls.crt and tls.key",
};

/// Whether a block is a private key, as Go sees it: `X509KeyPair` in `crypto/tls/tls.go`.
pub(super) fn is_private_key(block: &Block<'_>) -> bool {
    block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY")
}

pub(super) fn is_certificate(block: &Block<'_>) -> bool {
    block.label == "CERTIFICATE"
}

/// Refuses values that hold the other half. Says whether each is where it belongs.
pub(crate) fn check(object: &Object<'_>, level: Level, verdict: &mut Verdict) -> bool {
    let mut in_place = true;
    for key in ["tls.crt", "tls.key", "ca.crt"] {
        let Some((entry, value)) = object.value(key) else {
            continue;
        };
        let text = std::str::from_utf8(&value).unwrap_or_default();
        let blocks = pem::blocks(text);
        let has_key = blocks.iter().any(is_private_key);
        let has_certificate = blocks.iter().any(is_certificate);
        let (reason, fix) = match key {
            "tls.key" if has_certificate && !has_key => {
                ("holds a certificate, and no private key", RULE.fix)
            }
            "tls.crt" if has_key && !has_certificate => {
                ("holds a private key, and no certificate", RULE.fix)
            }
            "ca.crt" if has_key => (
                "holds a private key, and everybody may read it",
                "leave only the certificate in it, and replace the key: it is known now",
            ),
            _ => continue,
        };
        in_place = false;
        entry.report(&RULE, level, format_args!("{reason}"), fix, verdict);
    }
    in_place
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::pem::{EC_CERTIFICATE, EC_KEY};
    use crate::testing::{lines, secret};

    #[test]
    fn finds_the_other_half() {
        let object = secret(
            "kubernetes.io/tls",
            &[
                ("tls.crt", EC_KEY),
                ("tls.key", EC_CERTIFICATE),
                ("ca.crt", EC_KEY),
            ],
        );
        assert_eq!(
            lines(&object, &json!({})),
            [
                "data[\"tls.crt\"]: holds a private key, and no certificate; fix: exchange tls.crt and tls.key \
                 [misplaced_pem]",
                "data[\"tls.key\"]: holds a certificate, and no private key; fix: exchange tls.crt and tls.key \
                 [misplaced_pem]",
                "data[\"ca.crt\"]: holds a private key, and everybody may read it; fix: leave only the certificate in it, \
                 and replace the key: it is known now [misplaced_pem]",
            ]
        );
    }

    #[test]
    fn a_file_may_hold_both() {
        let both = [EC_CERTIFICATE, EC_KEY].concat();
        let object = secret(
            "kubernetes.io/tls",
            &[("tls.crt", &both), ("tls.key", &both)],
        );
        assert_eq!(lines(&object, &json!({})), [""; 0]);
    }
}
