//! A value that is not the PEM that it should be.

use shared::{Level, Rule, Verdict, rule};

use crate::pem::{self, Block, Damage};
use crate::tls::{File, Tls, is_certificate, is_private_key};
use crate::value::Value;
use crate::views::{Entry, Values};
use crate::x509::{Certificate, PublicKey};

pub(crate) static RULE: Rule = rule! {
    id: "malformed_pem",
    summary: "A certificate or a key that is not PEM, or damaged PEM: encoded once more, without line breaks, without its end, or what OpenSSL does not read; a key with a passphrase",
    why: "Kubernetes stores it, and the server that mounts it does not start; an Ingress shows the certificate of its controller",
    fix: "put the PEM file in, from -----BEGIN to the END line",
    levels: [
        Deny by "form.tls",
        Deny by "form.sshAuth" for "an SSH key",
        Warn for "PEM that some read all the same",
        Warn by "form.pem" for "Secrets whose type does not ask for PEM",
    ],
};

const WITHOUT_KEY: &str = "holds PEM, and no private key in it";

/// Judges the values of a TLS Secret. Empty ones are placeholders that a controller fills in later. Where the type does
/// not say so, the program that reads the key may know its passphrase.
pub(crate) fn check_tls(tls: &Tls<'_>, is_typed: bool, level: Level, verdict: &mut Verdict) {
    for (file, is_key) in [
        (&tls.certificate, false),
        (&tls.key, true),
        (&tls.authority, false),
    ] {
        let Some(file) = file.as_ref().filter(|file| !file.value.is_empty()) else {
            continue;
        };
        let (wanted, other, without) = if is_key {
            (file.private_key(), file.certificate(), WITHOUT_KEY)
        } else {
            (
                file.certificate(),
                file.private_key(),
                "holds PEM, and no certificate in it",
            )
        };
        let problem = match (wanted, other) {
            (Some(block), _) if is_key && is_encrypted(block) && !is_typed => None,
            (Some(block), _) if is_key => key_problem(block),
            (Some(block), _) => certificate_problem(block),
            // What is where it does not belong is told so by another rule.
            (None, Some(_)) => None,
            (None, None) => Some(other_blocks(file.value, &file.blocks, without)),
        };
        // Cluster API keeps the pair that signs tokens in such a Secret: "Using Custom Certificates" in its book.
        let mut others = file.blocks.iter().filter(|_| wanted.is_none() && !is_key);
        let level = if others.any(|block| block.label.ends_with("PUBLIC KEY")) {
            level.at_most(Level::Warn)
        } else {
            level
        };
        if problem.is_none() {
            // Go passes over a block that it cannot read, and OpenSSL does not.
            let level = level.at_most(Level::Warn);
            let damage = file.damage.map(Damage::told);
            report(
                file.entry,
                damage.or_else(|| later_problem(file, is_key)),
                level,
                verdict,
            );
        }
        report(file.entry, problem, level, verdict);
    }
}

/// Judges the key of an SSH Secret.
pub(crate) fn check_ssh(values: &Values<'_>, key: &str, mut level: Level, verdict: &mut Verdict) {
    let Some((entry, value)) = values.get(key).filter(|(_, value)| !value.is_empty()) else {
        return;
    };
    let (blocks, damage) = pem::scan(value);
    let problem = if let Some(block) = blocks.iter().find(|block| is_private_key(block)) {
        let is_empty = block.content.is_empty();
        if is_empty {
            Some(("has a private key without content", Damage::Body.fix()))
        } else if block.label != "OPENSSH PRIVATE KEY" {
            // OpenSSL reads the other forms, with any line ends.
            level = level.at_most(Level::Warn);
            damage.map(Damage::told)
        } else if value.contains(&b'\r') {
            Some((
                "has line ends of Windows (CR LF), which OpenSSH does not read",
                "convert the file: dos2unix",
            ))
        } else if !value.starts_with(b"-----BEGIN ") {
            level = level.at_most(Level::Warn);
            Some((
                "has something before its BEGIN line, which OpenSSH does not read",
                "start with the BEGIN line",
            ))
        } else if value.ends_with(b"-----\n") {
            None
        } else {
            // Source: `sshkey_parse_private_fileblob_type` of OpenSSH, whose END mark has the line break in it.
            level = level.at_most(Level::Warn);
            Some((
                "has no line break at its end, which OpenSSH needs",
                "add the line break behind the END line",
            ))
        }
    } else if value.starts_with(b"PuTTY-User-Key-File") {
        Some((
            "is a key of PuTTY",
            "convert it: puttygen key.ppk -O private-openssh",
        ))
    } else if value.starts_with(b"ssh-") || value.starts_with(b"ecdsa-") {
        Some((
            "is a public key",
            "put the private key in, the file without .pub",
        ))
    } else {
        Some(other_blocks(value, &blocks, WITHOUT_KEY))
    };
    report(entry, problem, level, verdict);
}

/// Judges PEM that nothing says what it is for.
pub(crate) fn check_any(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let start = value.text.map(str::trim_ascii_start).unwrap_or_default();
    let start = start.trim_start_matches('\u{a0}');
    // The END line of NATS has a dash too many, and is meant to; a message that PGP signed has none.
    let is_foreign = ["NATS ", "PGP SIGNED "].iter().any(|label| {
        start
            .strip_prefix("-----BEGIN ")
            .is_some_and(|rest| rest.starts_with(label))
    });
    if !start.starts_with("-----BEGIN ") || is_foreign {
        return;
    }
    let (_, damage) = pem::scan(value.bytes.trim_ascii_end());
    report(value.entry, damage.map(Damage::told), level, verdict);
}

/// What is there, and what to do.
type Problem = (&'static str, &'static str);

fn report(entry: &Entry<'_>, problem: Option<Problem>, level: Level, verdict: &mut Verdict) {
    if let Some((reason, fix)) = problem {
        entry.tell(&RULE, level, reason, fix, verdict);
    }
}

fn certificate_problem(block: &Block<'_>) -> Option<Problem> {
    let is_certificate = Certificate::read(&block.content).is_some();
    (!is_certificate).then(|| {
        (
            "has a CERTIFICATE block that holds no certificate",
            Damage::Body.fix(),
        )
    })
}

/// What is wrong with the certificates behind the first one, and with the label of a key. Go reads both.
fn later_problem(file: &File<'_>, is_key: bool) -> Option<Problem> {
    if !is_key {
        let mut blocks = file.blocks.iter().filter(|block| is_certificate(block));
        return blocks.find_map(certificate_problem);
    }
    let block = file.private_key()?;
    let key = PublicKey::of_private_key(&block.content)?;
    (!key.fits(block.label)).then_some((
        "has a key in another form than its label says, which OpenSSL does not read",
        "convert it: openssl pkcs8 -topk8 -nocrypt",
    ))
}

fn is_encrypted(block: &Block<'_>) -> bool {
    block.encrypted || block.label == "ENCRYPTED PRIVATE KEY"
}

fn key_problem(block: &Block<'_>) -> Option<Problem> {
    if is_encrypted(block) {
        let fix = "remove the passphrase: openssl pkey -in tls.key";
        return Some((
            "is a private key with a passphrase, which no server can ask for",
            fix,
        ));
    }
    if block.label == "OPENSSH PRIVATE KEY" {
        let fix = "make one: openssl genpkey, and a certificate for it";
        return Some(("is a key of OpenSSH, which TLS servers do not read", fix));
    }
    let is_key = PublicKey::of_private_key(&block.content).is_some();
    (!is_key).then(|| ("has a private key that cannot be read", Damage::Body.fix()))
}

/// A value without the block that is wanted; `without` says so.
fn other_blocks(value: &[u8], blocks: &[Block<'_>], without: &'static str) -> Problem {
    if blocks.is_empty() {
        pem::without_block(value).told()
    } else if blocks
        .iter()
        .any(|block| block.label.ends_with(" CERTIFICATE"))
    {
        (
            "has a certificate under a label that only OpenSSL reads, such as TRUSTED CERTIFICATE",
            "convert it: openssl x509 -in file",
        )
    } else {
        (without, "put the right file in")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::pem::{EC_CERTIFICATE, EC_KEY, ENCRYPTED_KEY, SEC1_EC_KEY, SSH_KEY};
    use crate::testing::{lines, rules, secret};

    fn found(secret_type: &str, data: &[(&str, &[u8])]) -> Vec<String> {
        lines(&secret(secret_type, data), &json!({}))
    }

    fn reason(line: &str) -> &str {
        let (_, reason) = line.split_once("]: ").unwrap();
        reason.split_once("; fix: ").unwrap().0
    }

    #[test]
    fn refuses_what_no_server_can_use() {
        let text = |pem: &[u8]| String::from_utf8(pem.to_vec()).unwrap();
        let certificate = text(EC_CERTIFICATE);
        for (crt, expected) in [
            (certificate.clone(), None),
            (certificate.replace('\n', "\r\n"), None),
            (format!("subject=shop\n{certificate}"), None),
            (
                certificate.replace('\n', "\\n"),
                Some("has \\n written out where line breaks should be"),
            ),
            (
                certificate.replace('\n', " "),
                Some("has lost its line breaks"),
            ),
            (
                certificate.replace("-----END CERTIFICATE-----\n", ""),
                Some("has a PEM block without its END line"),
            ),
            (
                "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==".to_owned(),
                Some("is PEM that was encoded as base64 once more"),
            ),
            ("hunter2".to_owned(), Some("is not PEM")),
            (
                "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n".to_owned(),
                Some("has a CERTIFICATE block that holds no certificate"),
            ),
            (
                format!("{certificate}-----BEGIN CERTIFICATE-----\nAQID\n"),
                Some("has a PEM block without its END line"),
            ),
            (
                certificate.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
                Some(
                    "has a certificate under a label that only OpenSSL reads, such as TRUSTED CERTIFICATE",
                ),
            ),
            (
                certificate.replacen("\nM", "\n\n\nM", 1),
                Some("has a blank line in a PEM block, which OpenSSL does not read"),
            ),
            (
                format!("{}{certificate}", certificate.trim_end()),
                Some("has END and BEGIN on one line"),
            ),
            (
                format!(
                    "{certificate}-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"
                ),
                Some("has a CERTIFICATE block that holds no certificate"),
            ),
            (
                "-----BEGIN CERTIFICATE REQUEST-----\nAQID\n-----END CERTIFICATE REQUEST-----\n"
                    .to_owned(),
                Some("holds PEM, and no certificate in it"),
            ),
        ] {
            let found = found(
                "kubernetes.io/tls",
                &[("tls.crt", crt.as_bytes()), ("tls.key", EC_KEY)],
            );
            let reasons: Vec<_> = found.iter().map(|line| reason(line)).collect();
            assert_eq!(reasons, expected.into_iter().collect::<Vec<_>>(), "{crt}");
        }
        let mislabelled = text(SEC1_EC_KEY).replace("EC PRIVATE", "PRIVATE");
        for (key, expected) in [
            (EC_KEY, None),
            (SEC1_EC_KEY, None),
            (
                mislabelled.as_bytes(),
                Some("has a key in another form than its label says, which OpenSSL does not read"),
            ),
            (
                ENCRYPTED_KEY,
                Some("is a private key with a passphrase, which no server can ask for"),
            ),
            (
                SSH_KEY,
                Some("is a key of OpenSSH, which TLS servers do not read"),
            ),
            (
                &b"-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n"[..],
                Some("has a private key that cannot be read"),
            ),
        ] {
            let found = found(
                "kubernetes.io/tls",
                &[("tls.crt", EC_CERTIFICATE), ("tls.key", key)],
            );
            let reasons: Vec<_> = found.iter().map(|line| reason(line)).collect();
            assert_eq!(reasons, expected.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_public_key_in_place_of_a_certificate_warns() {
        let public = b"-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----\n";
        let both = [EC_CERTIFICATE, public].concat();
        for (crt, key, expected) in [
            (
                &public[..],
                EC_KEY,
                &[
                    "warning: secret-data: data[\"tls.crt\"]: holds PEM, and no certificate in it; fix: put the right file in \
                   [malformed_pem]",
                ][..],
            ),
            (
                EC_CERTIFICATE,
                public,
                &[
                    "data[\"tls.key\"]: holds PEM, and no private key in it; fix: put the right file in [malformed_pem]",
                ],
            ),
            (&both, EC_KEY, &[]),
        ] {
            let found = found("kubernetes.io/tls", &[("tls.crt", crt), ("tls.key", key)]);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn placeholders_that_a_controller_fills_in_are_empty() {
        assert_eq!(
            found("kubernetes.io/tls", &[("tls.crt", b""), ("tls.key", b"")]),
            [""; 0]
        );
        let ca_only = [
            ("tls.crt", &b""[..]),
            ("tls.key", b""),
            ("ca.crt", EC_CERTIFICATE),
        ];
        assert_eq!(found("kubernetes.io/tls", &ca_only), [""; 0]);
    }

    #[test]
    fn refuses_what_openssh_does_not_read() {
        let foreign = String::from_utf8(EC_KEY.to_vec()).unwrap();
        let foreign = foreign.trim_end().replace('\n', "\r\n");
        let without_end = SSH_KEY.strip_suffix(b"\n").unwrap();
        let windows = String::from_utf8(SSH_KEY.to_vec())
            .unwrap()
            .replace('\n', "\r\n");
        for (key, expected) in [
            (SSH_KEY, None),
            (EC_KEY, None),
            (foreign.as_bytes(), None),
            (
                without_end,
                Some("has no line break at its end, which OpenSSH needs"),
            ),
            (
                windows.as_bytes(),
                Some("has line ends of Windows (CR LF), which OpenSSH does not read"),
            ),
            (b"ssh-ed25519 AAAA jane\n", Some("is a public key")),
            (
                b"PuTTY-User-Key-File-3: ssh-ed25519\n",
                Some("is a key of PuTTY"),
            ),
            (b"hunter2", Some("is not PEM")),
            (EC_CERTIFICATE, Some("holds PEM, and no private key in it")),
        ] {
            let found = found("kubernetes.io/ssh-auth", &[("ssh-privatekey", key)]);
            let reasons: Vec<_> = found.iter().map(|line| reason(line)).collect();
            assert_eq!(reasons, expected.into_iter().collect::<Vec<_>>());
            let warns = expected.is_some_and(|reason| reason.contains("no line break"));
            assert_eq!(found.iter().any(|line| line.starts_with("warning")), warns);
        }
    }

    #[test]
    fn warns_of_damage_where_nothing_says_what_it_is_for() {
        assert_eq!(rules("k", EC_KEY), [""; 0]);
        assert_eq!(
            rules("k", b"-----BEGIN X-----\\nAQID\\n-----END X-----"),
            ["malformed_pem?"]
        );
        assert_eq!(
            rules(
                "k",
                "\u{a0}-----BEGIN X-----\nAQID\n-----END X-----".as_bytes()
            ),
            ["malformed_pem?"]
        );
        assert_eq!(
            rules("k", b" -----BEGIN X-----\nAQID\n-----END X-----"),
            ["malformed_pem?"]
        );
        for whole in [
            "-----BEGIN OpenVPN tls-crypt-v2 server key-----\nAQID\n-----END OpenVPN tls-crypt-v2 server key-----\n",
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhi\n-----BEGIN PGP SIGNATURE-----\n\nAQID\n=abcd\n-----END PGP SIGNATURE-----\n",
        ] {
            assert_eq!(rules("k", whole.as_bytes()), [""; 0]);
        }
        assert_eq!(rules("k", b"see -----BEGIN X----- for more"), [""; 0]);
    }
}
