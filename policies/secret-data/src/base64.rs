//! Base64 as Kubernetes decodes it, and what is wrong with what it does not decode.
//!
//! The API server decodes `data` with Go's JSON decoder: the standard alphabet, padding is required, line breaks are
//! skipped, and the bits behind the last byte may be anything. Source: `encoding/base64` and `encoding/json` of Go.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};

static GO: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

/// For the `auth` of a Docker config, which may come without padding.
static PADDING_OPTIONAL: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    LENIENT.with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);

/// What is wrong with a text that should be base64. Holds no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The byte that cannot be read, counted from 0; the length where something is missing at the end.
    pub(crate) position: usize,
    /// What probably happened.
    pub(crate) cause: Cause,
}

/// Why a text is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was never encoded.
    PlainText,
    /// It was encoded with `-` and `_`.
    UrlAlphabet,
    /// This many `=` are missing at its end.
    MissingPadding(usize),
    /// There is a space or a tab in it.
    Space,
    /// Its end is cut off, or there is something behind the end.
    Length,
}

/// Decodes a value into `buffer`, whose content is dropped.
pub(crate) fn decode(text: &str, buffer: &mut Vec<u8>) -> Result<(), Malformed> {
    buffer.clear();
    let line_break = |byte| matches!(byte, b'\n' | b'\r');
    let decoded = if text.bytes().any(line_break) {
        GO.decode_vec(without(text, line_break), buffer)
    } else {
        GO.decode_vec(text, buffer)
    };
    decoded.map_err(|_| diagnose(text))
}

/// Decodes the `auth` of a Docker config.
pub(crate) fn decode_auth(text: &str) -> Option<Vec<u8>> {
    let line_break = |byte| matches!(byte, b'\n' | b'\r');
    PADDING_OPTIONAL.decode(without(text, line_break)).ok()
}

/// Decodes the body of a PEM block, where any white space may stand.
pub(crate) fn decode_body(text: &str) -> Option<Vec<u8>> {
    let body = without(text, |byte| byte.is_ascii_whitespace());
    GO.decode(body).ok()
}

/// How many bytes a text decodes to, if it is base64.
pub(crate) fn most_decoded(text: &str) -> usize {
    text.len().div_ceil(4) * 3
}

#[inline(never)]
fn without(text: &str, skipped: fn(u8) -> bool) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    for line in text.as_bytes().split(|byte| skipped(*byte)) {
        kept.extend_from_slice(line);
    }
    kept
}

/// Whether a byte stands for six bits.
pub(crate) fn is_of_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn diagnose(text: &str) -> Malformed {
    let mut symbols = 0;
    let mut padding = 0;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' | b'\r' => {}
            b'=' => padding += 1,
            _ if is_of_alphabet(byte) && padding == 0 => symbols += 1,
            b' ' | b'\t' if is_base64_but_for(text, |byte| matches!(byte, b' ' | b'\t')) => {
                let cause = Cause::Space;
                return Malformed { position, cause };
            }
            b'-' | b'_' if is_base64_but_for(text, |byte| matches!(byte, b'-' | b'_')) => {
                let cause = Cause::UrlAlphabet;
                return Malformed { position, cause };
            }
            _ if is_of_alphabet(byte) => {
                let cause = Cause::Length;
                return Malformed { position, cause };
            }
            _ => {
                let cause = Cause::PlainText;
                return Malformed { position, cause };
            }
        }
    }
    let missing = (4 - symbols % 4) % 4;
    let cause = match missing {
        // A word such as `mypassword` has the alphabet by chance.
        _ if padding == 0 && !is_encoded(text) => Cause::PlainText,
        1 | 2 if padding < missing => Cause::MissingPadding(missing - padding),
        _ => Cause::Length,
    };
    let position = text.len();
    Malformed { position, cause }
}

/// Whether a text in the alphabet was encoded once, as far as that can be told without its end: it decodes to plain text,
/// or is longer than anybody types.
fn is_encoded(text: &str) -> bool {
    let symbols = without(text, |byte| !is_of_alphabet(byte));
    let whole = symbols.get(..symbols.len() / 4 * 4).unwrap_or_default();
    let is_of_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let is_text = || {
        GO.decode(whole)
            .is_ok_and(|decoded| decoded.iter().all(is_of_text))
    };
    whole.len() >= 64 || (whole.len() >= 8 && is_text())
}

/// Whether a text has so much of base64 that it is no password: only its alphabet and what is `foreign` to it, in upper
/// and lower case, and padding or more than anybody types. `bUxkot-xezzad-5nyrga` is a password.
fn is_base64_but_for(text: &str, foreign: fn(u8) -> bool) -> bool {
    let is_padded = text.len() >= 16 && text.trim_ascii_end().ends_with('=');
    (is_padded || text.len() >= 64)
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().all(|byte| {
            is_of_alphabet(byte) || matches!(byte, b'=' | b'\n' | b'\r') || foreign(byte)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, Malformed> {
        let mut buffer = b"old".to_vec();
        decode(text, &mut buffer).map(|()| buffer)
    }

    #[test]
    fn decodes_as_go_does() {
        for (text, value) in [
            ("", &b""[..]),
            ("aGVsbG8=", b"hello"),
            ("aGVs\nbG8=\n", b"hello"),
            ("aGVs\r\nbG8=", b"hello"),
            ("aGVsbG9=", b"hello"), // the last bits are not zero
            ("/+//", b"\xff\xef\xff"),
        ] {
            assert_eq!(decoded(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn says_where_it_ends_and_why() {
        use Cause::{Length, MissingPadding, PlainText, Space, UrlAlphabet};
        for (text, position, cause) in [
            ("my password", 2, PlainText),
            ("pass", 0, PlainText),
            ("p@ss", 1, PlainText),
            ("admin", 5, PlainText),
            ("mypassword", 10, PlainText),
            ("S3cretPassw0rd", 14, PlainText),
            ("swordfish", 9, PlainText),
            (&"+/".repeat(33), 66, MissingPadding(2)),
            ("s3cr3t-p4ssw0rd!", 6, PlainText),
            ("aGVsbG8gd29ybGQ", 15, MissingPadding(1)),
            ("aGVsbG8gd29ybGQhIQ", 18, MissingPadding(2)),
            ("aGVsbG8gd29ybGQhIQ=", 19, MissingPadding(1)),
            ("aGVsbG8gd29ybGQhI", 17, Length),
            ("aGVsbG8=aGVsbG8=", 8, Length),
            ("aGVsbG8====", 11, Length),
            ("aGVs bG8gd29ybGQhIQ==", 4, Space),
            ("aGVs-bG8gd29_bGQhIQ==", 4, UrlAlphabet),
            ("ünïcode", 0, PlainText),
            ("bUxkot-xezzad-5nyrga", 6, PlainText),
            ("Correct horse battery staple", 7, PlainText),
            (
                &format!("{} {}", "aGVs".repeat(8), "bG8g".repeat(8)),
                32,
                Space,
            ),
            (&format!("{}-_", "aGVs".repeat(16)), 64, UrlAlphabet),
        ] {
            if text == "pass" {
                assert!(decoded(text).is_ok(), "a word of four letters is base64");
                continue;
            }
            assert_eq!(decoded(text), Err(Malformed { position, cause }), "{text}");
        }
    }

    #[test]
    fn an_auth_may_come_without_padding() {
        assert_eq!(decode_auth("YTpi").unwrap(), b"a:b");
        assert_eq!(decode_auth("amFuZTpw").unwrap(), b"jane:p");
        assert_eq!(decode_auth("amFuZTpwdw").unwrap(), b"jane:pw");
        assert_eq!(decode_auth("amFuZTpwdw==").unwrap(), b"jane:pw");
        assert_eq!(decode_auth("jane:pw"), None);
    }
}
