//! A certificate where the key belongs, or a key where the certificate does.

use shared::{Level, Rule, Verdict, rule};

use crate::tls::{File, Tls};

pub(crate) static RULE: Rule = rule! {
    id: "misplaced_pem",
    summary: "A certificate in `tls.key`, or a private key in `tls.crt` or `ca.crt` instead of a certificate",
    why: "No server starts with it, and a private key in ca.crt is handed to everyone who asks for the CA",
    fix: "exchange tls.crt and tls.key",
    levels: [Deny by "form.tls", Warn by "form.pem" for "an Opaque Secret"],
};

/// Refuses values that hold the other half.
pub(crate) fn check(tls: &Tls<'_>, level: Level, verdict: &mut Verdict) {
    let mut report = |file: &File<'_>, reason: &str, fix| {
        file.entry.tell(&RULE, level, reason, fix, verdict);
    };
    if let Some(file) = &tls.certificate
        && file.private_key().is_some()
        && file.certificate().is_none()
    {
        report(file, "holds a private key, and no certificate", RULE.fix);
    }
    if let Some(file) = &tls.key
        && file.certificate().is_some()
        && file.private_key().is_none()
    {
        report(file, "holds a certificate, and no private key", RULE.fix);
    }
    if let Some(file) = &tls.authority
        && file.private_key().is_some()
    {
        report(
            file,
            "holds a private key, and everybody may read it",
            "leave only the certificate in it, and replace the key: it is known now",
        );
    }
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
