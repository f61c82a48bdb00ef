//! PEM as Go reads it: blocks between text that is skipped, and what is wrong where there is none.
//!
//! Our own, because the verdicts follow `encoding/pem` of Go, which skips what it cannot read, and because a library
//! tells what it cannot read in errors of its own, for three times the size.

use crate::base64;

/// A block that Go would read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// What it says that it is: `CERTIFICATE`.
    pub(crate) label: &'a str,
    /// Whether a passphrase is needed (`Proc-Type` and `DEK-Info`).
    pub(crate) encrypted: bool,
    /// What it holds.
    pub(crate) content: Vec<u8>,
}

/// Why a value has no block, or too few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// There is nothing that looks like PEM.
    NotPem,
    /// It is PEM that was encoded once more.
    Encoded,
    /// It is the binary form.
    Binary,
    /// It is the binary form of a key with its certificates.
    Pkcs12,
    /// The first line is not what it looks like: a byte order mark stands before it, or it is UTF-16.
    ByteOrderMark,
    /// Line breaks are written as a backslash and an n.
    LiteralLineBreaks,
    /// The line breaks were lost.
    OneLine,
    /// The end is missing, or belongs to another block.
    NoEnd,
    /// What is between beginning and end is not base64.
    Body,
}

impl Damage {
    /// What is there, for a message, and what to do.
    pub(crate) fn told(self) -> (&'static str, &'static str) {
        (self.what(), self.fix())
    }

    fn what(self) -> &'static str {
        match self {
            Self::NotPem => "is not PEM",
            Self::Encoded => "is PEM that was encoded as base64 once more",
            Self::Binary => "is in the binary form (DER), not PEM",
            Self::Pkcs12 => "is PKCS#12 (PFX), not PEM",
            Self::ByteOrderMark => "starts with a byte order mark, which hides the BEGIN line",
            Self::LiteralLineBreaks => "has \\n written out where line breaks should be",
            Self::OneLine => "has lost its line breaks",
            Self::NoEnd => "has a PEM block without its END line",
            Self::Body => "has a PEM block whose content is not base64",
        }
    }

    /// What to do.
    pub(crate) fn fix(self) -> &'static str {
        match self {
            Self::NotPem => "put the PEM file in, from -----BEGIN to the END line",
            Self::Encoded => {
                "encode it once: in stringData the PEM text itself, in data its base64"
            }
            Self::Binary => "convert it with openssl, -inform DER -outform PEM",
            Self::Pkcs12 => "convert it: openssl pkcs12 -in file.pfx -nodes",
            Self::ByteOrderMark => "save the file as UTF-8 without BOM",
            Self::LiteralLineBreaks | Self::OneLine => {
                "create it from the file: kubectl create secret … --from-file, or a YAML block (|)"
            }
            Self::NoEnd | Self::Body => "put the whole PEM file in, unchanged",
        }
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// What is wrong with a value that has no block.
pub(crate) fn without_block(value: &[u8]) -> Damage {
    if let (_, Some(damage)) = scan(value) {
        return damage;
    }
    match value {
        [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Damage::ByteOrderMark,
        // A sequence whose first field is the version 3.
        [0x30, 0x82, _, _, 0x02, 0x01, 0x03, ..] => Damage::Pkcs12,
        // A sequence of more than 127 bytes, which certificates and keys are.
        [0x30, 0x81..=0x84, ..] => Damage::Binary,
        _ if value.trim_ascii_start().starts_with(b"LS0tLS1CRUdJTi") => Damage::Encoded,
        _ => Damage::NotPem,
    }
}

/// Every block that can be read, and what is wrong with the first that cannot. Comments between blocks may be in any
/// encoding: `openssl pkcs12` writes names as the file has them.
pub(crate) fn scan(value: &[u8]) -> (Vec<Block<'_>>, Option<Damage>) {
    let mut blocks = Vec::new();
    let mut damage = None;
    let mut is_whole_line = true;
    for chunk in value.utf8_chunks() {
        let text = chunk.valid();
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        let problem = scan_text(if is_whole_line { text } else { rest }, &mut blocks);
        damage = damage.or(problem);
        is_whole_line = false;
    }
    (blocks, damage)
}

fn scan_text<'a>(text: &'a str, blocks: &mut Vec<Block<'a>>) -> Option<Damage> {
    let mut damage = None;
    let mut rest = text;
    while let Some((line, behind)) = next_line(rest) {
        rest = behind;
        if let Some(first) = line.strip_prefix(BEGIN) {
            match read(first, behind) {
                Ok((block, behind)) => {
                    blocks.push(block);
                    rest = behind;
                }
                Err(problem) => damage = damage.or(Some(problem)),
            }
        }
    }
    damage
}

fn next_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        None
    } else {
        Some(text.split_once('\n').unwrap_or((text, "")))
    }
}

/// The block whose first line ends in `first`, and what is behind it.
fn read<'a>(first: &'a str, body: &'a str) -> Result<(Block<'a>, &'a str), Damage> {
    let label = first.trim_ascii_end().strip_suffix(DASHES);
    let Some(label) = label.filter(|label| !label.as_bytes().contains(&b'-')) else {
        return Err(if first.as_bytes().contains(&b'\\') {
            Damage::LiteralLineBreaks
        } else if first.as_bytes().contains(&b'-') {
            Damage::OneLine
        } else {
            Damage::NoEnd
        });
    };
    let mut content = body;
    let mut encrypted = false;
    let mut rest = body;
    while let Some((line, behind)) = next_line(rest) {
        if let Some(end) = line.strip_prefix(END) {
            if end.trim_ascii_end().strip_suffix(DASHES) != Some(label) {
                break;
            }
            let content = content.get(..content.len() - rest.len());
            // PGP has a checksum behind its base64, and is read by others.
            let content = if label.starts_with("PGP ") {
                Vec::new()
            } else {
                content.and_then(base64::decode_body).ok_or(Damage::Body)?
            };
            let block = Block {
                label,
                encrypted,
                content,
            };
            return Ok((block, behind));
        }
        // The block ends where another begins. To look on for its END line would take quadratic time.
        if line.starts_with(BEGIN) {
            break;
        }
        // `Proc-Type: 4,ENCRYPTED`
        if line.as_bytes().contains(&b':') {
            encrypted |= line.starts_with("DEK-Info:");
            content = behind;
        }
        rest = behind;
    }
    Err(Damage::NoEnd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str) -> Vec<Block<'_>> {
        scan(text.as_bytes()).0
    }

    fn damage(text: &str) -> Option<Damage> {
        scan(text.as_bytes()).1
    }

    #[test]
    fn comments_may_be_in_any_encoding() {
        let block = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        let with = |comment: &[u8]| [comment, block.as_bytes(), comment, block.as_bytes()].concat();
        for (comment, count) in [
            (&b"friendlyName: M\xfcller\n"[..], 2),
            (b"\xff\xfe\xfd\n", 2),
            (b"", 2),
            // A block begins where a line does.
            (b"M\xfc", 0),
        ] {
            let value = with(comment);
            let (blocks, damage) = scan(&value);
            assert_eq!((blocks.len(), damage), (count, None), "{comment:?}");
        }
    }

    #[test]
    fn tells_files_of_windows() {
        for (value, damage) in [
            (&b"\xef\xbb\xbf-----BEGIN A-----"[..], Damage::ByteOrderMark),
            (b"\xff\xfe-\0-\0", Damage::ByteOrderMark),
            (b"0\x82\x09\x01\x02\x01\x030\x82", Damage::Pkcs12),
            (b"0\x82\x09\x010\x82", Damage::Binary),
        ] {
            assert_eq!(without_block(value), damage);
        }
    }

    fn labels(text: &str) -> Vec<&str> {
        blocks(text).iter().map(|block| block.label).collect()
    }

    #[test]
    fn reads_blocks_as_go_does() {
        let one = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        assert_eq!(
            blocks(one),
            [Block {
                label: "CERTIFICATE",
                encrypted: false,
                content: vec![1, 2, 3]
            }]
        );
        let two = format!(
            "subject=x\n{one}text\n-----BEGIN RSA PRIVATE KEY-----\nAQID\n-----END RSA PRIVATE KEY-----"
        );
        assert_eq!(labels(&two), ["CERTIFICATE", "RSA PRIVATE KEY"]);
        assert_eq!(labels(&one.replace('\n', "\r\n")), ["CERTIFICATE"]);
        assert_eq!(labels(&one.replace("AQID", "AQ\n ID \t")), ["CERTIFICATE"]);
        let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\nAQID\n-----END RSA PRIVATE KEY-----";
        assert!(blocks(encrypted)[0].encrypted);
        assert_eq!(blocks(encrypted)[0].content, [1, 2, 3]);
        let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\nAQID\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n";
        assert_eq!(labels(pgp), ["PGP PRIVATE KEY BLOCK"]);
        for text in [one, &two, encrypted, pgp] {
            assert_eq!(damage(text), None);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        use Damage::{Binary, Body, Encoded, LiteralLineBreaks, NoEnd, NotPem, OneLine};
        for (value, damage) in [
            (&b""[..], NotPem),
            (b"hunter2", NotPem),
            (b"\xff\xfd", NotPem),
            (b"\x30\x82\x01\x02\xff", Binary),
            (b"LS0tLS1CRUdJTiBDRVJU", Encoded),
            (
                b"-----BEGIN CERTIFICATE-----\\nAQID\\n-----END CERTIFICATE-----\\n",
                LiteralLineBreaks,
            ),
            (
                b"-----BEGIN CERTIFICATE----- AQID -----END CERTIFICATE-----",
                OneLine,
            ),
            (b"-----BEGIN CERTIFICATE-----\nAQID", NoEnd),
            (b"-----BEGIN CERTIFICATE", NoEnd),
            (
                b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE",
                NoEnd,
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----",
                NoEnd,
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nA?ID\n-----END CERTIFICATE-----",
                Body,
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nAQI\n-----END CERTIFICATE-----",
                Body,
            ),
        ] {
            assert_eq!(
                without_block(value),
                damage,
                "{}",
                String::from_utf8_lossy(value)
            );
        }
    }

    #[test]
    fn a_bad_block_does_not_hide_the_next() {
        let text = "-----BEGIN CERTIFICATE-----\nA?ID\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        assert_eq!(labels(text), ["CERTIFICATE"]);
        assert_eq!(damage(text), Some(Damage::Body));
        let text = text.replacen("A?ID\n-----END CERTIFICATE-----\n", "AQID\n", 1);
        assert_eq!(labels(&text), ["CERTIFICATE"]);
        assert_eq!(damage(&text), Some(Damage::NoEnd));
    }
}
