//! PEM as Go reads it: blocks between text that is skipped, and what is wrong where there is none.
//!
//! Our own, because the verdicts follow `encoding/pem` of Go, which skips what it cannot read, and because a library
//! tells what it cannot read in errors of its own, for three times the size.

use crate::base64;
use crate::text::{has, peel, split};

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
    /// The end of a block and the beginning of the next are on one line.
    Joined,
    /// White space stands in front of a BEGIN or END line.
    Indented,
    /// There are no-break spaces, or characters without a width.
    Unseen,
    /// OpenSSL does not read a blank line in a block, but for one behind its header.
    BlankLine,
    /// OpenSSL reads no header but that of a passphrase.
    Header,
    /// A block holds nothing.
    Empty,
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
            Self::ByteOrderMark => "has a byte order mark, which hides a BEGIN line",
            Self::LiteralLineBreaks => "has \\n written out where line breaks should be",
            Self::OneLine => "has lost its line breaks",
            Self::NoEnd => "has a PEM block without its END line",
            Self::Body => "has a PEM block whose content is not base64",
            Self::Joined => "has END and BEGIN on one line",
            Self::Indented => "has white space in front of a BEGIN or END line",
            Self::Unseen => "has no-break spaces or other characters that are not seen in its PEM",
            Self::BlankLine => "has a blank line in a PEM block, which OpenSSL does not read",
            Self::Header => "has a header line in a PEM block, which OpenSSL does not read",
            Self::Empty => "has a PEM block that holds nothing",
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
            Self::NoEnd | Self::Body | Self::Unseen => "put the whole PEM file in, unchanged",
            Self::Joined => "break the line in front of BEGIN",
            Self::Indented => "start BEGIN and END lines at the margin",
            Self::BlankLine | Self::Header => "leave nothing but base64 between BEGIN and END",
            Self::Empty => "remove the block, or put the whole PEM file in",
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
                Ok((block, flaw, behind)) => {
                    blocks.push(block);
                    damage = damage.or(flaw);
                    rest = behind;
                }
                Err(problem) => damage = damage.or(Some(problem)),
            }
        } else if line.len() < LONGEST_HIDDEN {
            damage = damage.or_else(|| hidden(line, BEGIN));
        }
    }
    damage
}

/// No line is longer of which something hides the BEGIN: lines of comments may be.
const LONGEST_HIDDEN: usize = 256;

/// What hides a mark that does not start its line; none where something else is written there.
fn hidden(line: &str, mark: &str) -> Option<Damage> {
    let (before, _) = split(line, mark)?;
    if before.is_empty() {
        None
    } else if has(before, END) {
        Some(Damage::Joined)
    } else if !peel(before).1.is_empty() {
        None
    } else if before.starts_with('\u{feff}') {
        Some(Damage::ByteOrderMark)
    } else if before.is_ascii() {
        Some(Damage::Indented)
    } else {
        Some(Damage::Unseen)
    }
}

fn next_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        None
    } else {
        Some(text.split_once('\n').unwrap_or((text, "")))
    }
}

/// The block whose first line ends in `first`, what OpenSSL has against it, and what is behind it.
fn read<'a>(first: &'a str, body: &'a str) -> Result<(Block<'a>, Option<Damage>, &'a str), Damage> {
    let label = first.trim_ascii_end().strip_suffix(DASHES);
    let Some(label) = label.filter(|label| !has(label, DASHES)) else {
        return Err(if first.as_bytes().contains(&b'\\') {
            Damage::LiteralLineBreaks
        } else if peel(first).1.len() < first.trim_ascii_end().len() {
            Damage::Unseen
        } else if first.as_bytes().contains(&b'-') {
            Damage::OneLine
        } else {
            Damage::NoEnd
        });
    };
    let mut content = body;
    let mut encrypted = false;
    let mut flaw = None;
    let mut may_be_blank = true;
    let mut rest = body;
    while let Some((line, behind)) = next_line(rest) {
        if let Some(end) = line.strip_prefix(END) {
            if end.trim_ascii_end().strip_suffix(DASHES) != Some(label) {
                if has(end, BEGIN) {
                    return Err(Damage::Joined);
                }
                break;
            }
            let content = content.get(..content.len() - rest.len());
            // PGP has a checksum behind its base64. It and OpenSSH are read by programs of their own.
            let is_foreign = label.starts_with("PGP ") || label.starts_with("OPENSSH ");
            let content = match content {
                _ if label.starts_with("PGP ") => Vec::new(),
                Some(content) => {
                    base64::decode_body(content).ok_or_else(|| body_damage(content))?
                }
                None => return Err(Damage::Body),
            };
            if content.is_empty() {
                flaw = Some(Damage::Empty);
            }
            let block = Block {
                label,
                encrypted,
                content,
            };
            return Ok((block, flaw.filter(|_| !is_foreign), behind));
        }
        // The block ends where another begins. To look on for its END line would take quadratic time.
        if line.starts_with(BEGIN) {
            break;
        }
        let is_header = line.as_bytes().contains(&b':');
        if is_header {
            // `Proc-Type: 4,ENCRYPTED`
            encrypted |= line.starts_with("DEK-Info:");
            if !encrypted && !line.starts_with("Proc-Type:") {
                flaw = Some(Damage::Header);
            }
            content = behind;
        } else if line.trim_ascii().is_empty() {
            if !may_be_blank {
                flaw = flaw.or(Some(Damage::BlankLine));
            }
        } else if line.len() < LONGEST_HIDDEN
            && let Some(problem) = hidden(line, END)
        {
            return Err(problem);
        }
        may_be_blank = is_header;
        rest = behind;
    }
    Err(Damage::NoEnd)
}

/// Why what is between beginning and end is not base64.
fn body_damage(content: &str) -> Damage {
    let mut strange = content.split(|character: char| character.is_ascii());
    if !content.is_ascii() && strange.all(|text| peel(text).1.is_empty()) {
        Damage::Unseen
    } else {
        Damage::Body
    }
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
        let hyphen = one.replace("CERTIFICATE", "OpenVPN tls-crypt-v2 server key");
        assert_eq!(labels(&hyphen), ["OpenVPN tls-crypt-v2 server key"]);
        let openssh = one
            .replace("CERTIFICATE", "OPENSSH PRIVATE KEY")
            .replace("AQID", "AQID\n\n");
        let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\nAQID\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n";
        assert_eq!(labels(pgp), ["PGP PRIVATE KEY BLOCK"]);
        for text in [one, &two, encrypted, &hyphen, &openssh, pgp] {
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
    fn says_what_openssl_does_not_read() {
        use Damage::{BlankLine, Empty, Header};
        for (body, damage_of_body) in [
            ("AQID\n", None),
            // One blank line may stand for a header.
            ("\nAQID\n", None),
            ("\n\nAQID\n", Some(BlankLine)),
            ("AQID\n\nAQID\n", Some(BlankLine)),
            ("AQID\n \t\nAQID\n", Some(BlankLine)),
            ("AQID\n\n", Some(BlankLine)),
            ("AQID\r\n\r\nAQID\n", Some(BlankLine)),
            ("Comment: x\n\nAQID\n", Some(Header)),
            ("Comment: x\nAQID\n", Some(Header)),
            ("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\nAQID\n", None),
            ("", Some(Empty)),
            ("\n", Some(Empty)),
            ("  AQID\n", None),
        ] {
            let text = format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n");
            assert_eq!(damage(&text), damage_of_body, "{body:?}");
            assert_eq!(blocks(&text).len(), 1, "{body:?}");
            // What other programs read is theirs to judge.
            let openssh = text.replace("CERTIFICATE", "OPENSSH PRIVATE KEY");
            assert_eq!(damage(&openssh), None, "{body:?}");
        }
    }

    #[test]
    fn names_what_hides_a_block() {
        use Damage::{Body, ByteOrderMark, Indented, Joined, NoEnd, OneLine, Unseen};
        let one = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        let indented = one.replace("-----BEGIN", "  -----BEGIN");
        for (text, expected, count) in [
            (format!("{}{one}", one.trim_end()), Some(Joined), 0),
            (format!("{one}{one}"), None, 2),
            (indented.clone(), Some(Indented), 0),
            (format!("{one}{indented}"), Some(Indented), 1),
            (one.replace("-----END", "\t-----END"), Some(Indented), 0),
            (format!("\u{feff}{one}"), Some(ByteOrderMark), 0),
            (format!("{one}\u{feff}{one}"), Some(ByteOrderMark), 1),
            (
                one.replace("-----BEGIN", "\u{a0}-----BEGIN"),
                Some(Unseen),
                0,
            ),
            (one.replace("-----\n", "-----\u{a0}\n"), Some(Unseen), 0),
            (one.replace("-----END", "\u{a0}-----END"), Some(Unseen), 0),
            (one.replace("AQID", "AQ\u{200b}ID"), Some(Unseen), 0),
            (one.replace("AQID", "AQéID"), Some(Body), 0),
            (one.replace("AQID", "é\u{a0}"), Some(Body), 0),
            (
                one.replace("-----\nAQID", "----------END"),
                Some(OneLine),
                0,
            ),
            (format!("see -----BEGIN CERTIFICATE-----\n{one}"), None, 1),
            (one.replace("-----END", "----END"), Some(NoEnd), 0),
        ] {
            assert_eq!(damage(&text), expected, "{text:?}");
            assert_eq!(blocks(&text).len(), count, "{text:?}");
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
