//! Base64 as Kubernetes decodes it, and what is wrong with what it does not decode.
//!
//! The API server decodes `data` with Go's JSON decoder: the standard alphabet, padding is required, line breaks are
//! skipped, and the bits behind the last byte may be anything. Source: `encoding/base64` and `encoding/json` of Go.

use base64::DecodeError;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};

use crate::text::split;

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
    /// Quotes or the like came with it.
    Wrapped,
    /// Its end is cut off, or there is something behind the end.
    Length,
}

const ANY_LAST_BITS: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);

/// `base64.StdEncoding` of Go, but for line breaks.
static GO: GeneralPurpose = GeneralPurpose::new(&STANDARD, ANY_LAST_BITS);

/// The same, with or without padding.
static ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    ANY_LAST_BITS.with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A set of bytes below 64, a bit for each.
#[derive(Clone, Copy)]
struct Skipped(u64);

impl Skipped {
    const LINE_BREAKS: Self = Self(1 << b'\n' | 1 << b'\r');
    const WHITE_SPACE: Self = Self(Self::LINE_BREAKS.0 | 1 << b' ' | 1 << b'\t' | 1 << b'\x0c');

    fn has(self, byte: u8) -> bool {
        byte < 64 && self.0 >> byte & 1 == 1
    }
}

/// Decodes a value into `buffer`, whose content is dropped.
pub(crate) fn decode(text: &str, buffer: &mut Vec<u8>) -> Result<(), Malformed> {
    read(text, &GO, Skipped::LINE_BREAKS, buffer).ok_or_else(|| diagnose(text))
}

/// Decodes the `auth` of a Docker config, which may come without padding.
pub(crate) fn decode_auth(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    read(text, &ANY_PADDING, Skipped::LINE_BREAKS, &mut decoded).map(|()| decoded)
}

/// Decodes the body of a PEM block, where any white space may stand.
pub(crate) fn decode_body(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    read(text, &GO, Skipped::WHITE_SPACE, &mut decoded).map(|()| decoded)
}

/// How many bytes a text of this length decodes to at most.
pub(crate) fn max_decoded_len(length: usize) -> usize {
    base64::decoded_len_estimate(length)
}

/// How many symbols are decoded at a time where something is skipped: whole groups of four.
const BLOCK: usize = 1024;

/// Decodes into `buffer`, and skips some bytes wherever they stand. The library skips none, and a copy of the text without
/// them would take as much memory once more: it gets block by block.
fn read(text: &str, engine: &GeneralPurpose, skipped: Skipped, buffer: &mut Vec<u8>) -> Option<()> {
    let mut text = text.as_bytes();
    while let [start @ .., last] = text
        && skipped.has(*last)
    {
        text = start;
    }
    buffer.clear();
    match engine.decode_vec(text, buffer) {
        Ok(()) => return Some(()),
        // Padding stands well, perhaps, without what is skipped.
        Err(DecodeError::InvalidByte(_, byte)) if byte != b'=' && !skipped.has(byte) => {
            return None;
        }
        Err(_) => buffer.clear(),
    }
    buffer.reserve(max_decoded_len(text.len()));
    let mut is_padded = false;
    let mut push = |symbols: &[u8]| {
        if symbols.is_empty() {
            return Some(());
        }
        // Nothing stands behind padding.
        if is_padded {
            return None;
        }
        is_padded = symbols.ends_with(b"=");
        engine.decode_vec(symbols, buffer).ok()
    };
    let mut block = Vec::with_capacity(BLOCK);
    for mut line in text.split(|byte| skipped.has(*byte)) {
        while !line.is_empty() {
            let (start, rest) = line.split_at(line.len().min(BLOCK - block.len()));
            block.extend_from_slice(start);
            line = rest;
            if block.len() == BLOCK {
                push(&block)?;
                block.clear();
            }
        }
    }
    push(&block)
}

/// Whether a byte stands for six bits.
#[inline]
pub(crate) fn is_of_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// What is wrong with a text. Whether it was encoded is told by what it decodes to: to repair the base64 of a token that
/// was never encoded would make junk of it, which passes.
fn diagnose(text: &str) -> Malformed {
    let malformed = first_foreign(text);
    match malformed.cause {
        Cause::PlainText | Cause::Length if is_wrapped(text) => Malformed {
            cause: Cause::Wrapped,
            ..malformed
        },
        _ => malformed,
    }
}

/// Whether there is base64 within what people copy along with it: quotes of YAML, JSON or a shell, a comma or a semicolon
/// behind it, the `%` of zsh for a line without an end, or the head of a data URL.
fn is_wrapped(text: &str) -> bool {
    let is_around = |byte: &u8| b"\"'`,;%\\".contains(byte);
    let mut inner = match split(text, ";base64,") {
        Some((head, inner)) if head.starts_with("data:") => inner,
        _ => text.strip_suffix("\\n").unwrap_or(text),
    };
    while let Some(less) = inner.get(1..)
        && inner.as_bytes().first().is_some_and(is_around)
    {
        inner = less;
    }
    while let Some(less) = inner.get(..inner.len().wrapping_sub(1))
        && inner.as_bytes().last().is_some_and(is_around)
    {
        inner = less;
    }
    inner.len() < text.len() && GO.decode(inner).is_ok() && is_encoded(inner)
}

fn first_foreign(text: &str) -> Malformed {
    let mut symbols = 0;
    let mut padding = 0;
    for (position, byte) in text.bytes().enumerate() {
        let cause = match byte {
            b'\n' | b'\r' => continue,
            b'=' => {
                padding += 1;
                continue;
            }
            _ if is_of_alphabet(byte) && padding == 0 => {
                symbols += 1;
                continue;
            }
            b' ' | b'\t' if is_base64_but_for(text, b" \t") => Cause::Space,
            b'-' | b'_' if is_base64_but_for(text, b"-_") => Cause::UrlAlphabet,
            _ if is_of_alphabet(byte) && is_encoded(text.get(..position).unwrap_or_default()) => {
                Cause::Length
            }
            _ => Cause::PlainText,
        };
        return Malformed { position, cause };
    }
    let missing = (4 - symbols % 4) % 4;
    let cause = match missing {
        // A word such as `mypassword` has the alphabet by chance.
        _ if !is_encoded(text) => Cause::PlainText,
        1 | 2 if padding < missing => Cause::MissingPadding(missing - padding),
        _ => Cause::Length,
    };
    let position = text.len();
    Malformed { position, cause }
}

/// The same as [`ANY_PADDING`], but as encoders write it: the bits behind the last byte are zero.
static EXACT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// At most this many bytes of a text are decoded to find out whether it was encoded.
const ENOUGH: usize = 4096;

/// Whether a text was encoded: with what is no symbol left out, and in the alphabet of URLs as well, it decodes to text or
/// to a file of a known kind. Its end may be missing.
fn is_encoded(text: &str) -> bool {
    let symbol = |byte: u8| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        _ => is_of_alphabet(byte).then_some(byte),
    };
    // The start says it.
    let symbols: Vec<u8> = text.bytes().take(ENOUGH).filter_map(symbol).collect();
    let whole = symbols.get(..symbols.len() / 4 * 4).unwrap_or_default();
    let is_of = |symbols: &[u8], least: usize| {
        let decoded = EXACT.decode(symbols);
        decoded.is_ok_and(|bytes| bytes.len() >= least && is_content(&bytes))
    };
    // By chance, 8 bytes are plain text once in 2,000 times, and 12 once in 100,000.
    is_of(&symbols, 5) || is_of(whole, 9)
}

/// Whether bytes are text, or start like a file of a kind that Secrets have: DER, gzip, zip, a keystore of Java.
fn is_content(bytes: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b"\x30\x81",
        b"\x30\x82",
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
        b"\xfe\xed\xfe\xed",
    ];
    let is_of_text =
        |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    let is_text = match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().all(is_of_text),
        // The last character may be cut off.
        Err(error) => error.error_len().is_none() && error.valid_up_to() >= 9,
    };
    is_text || STARTS.iter().any(|start| bytes.starts_with(start))
}

/// Whether a text was encoded, and then `foreign` bytes came into it.
fn is_base64_but_for(text: &str, foreign: &[u8]) -> bool {
    let is_of_base64 = |byte: u8| {
        is_of_alphabet(byte) || matches!(byte, b'=' | b'\n' | b'\r') || foreign.contains(&byte)
    };
    // Lines of one length that a manifest folded: no sentence looks like this.
    let mut words = text.trim_ascii().split(' ').map(str::len);
    let width = words.next().unwrap_or_default();
    let is_folded = foreign.contains(&b' ') && width >= 32 && words.all(|length| length <= width);
    text.len() >= 16 && text.bytes().all(is_of_base64) && (is_folded || is_encoded(text))
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

    /// Short texts of what matters, all of them, and long ones.
    #[test]
    fn skips_bytes_wherever_they_stand() {
        let bytes = b"Aa9/=\n -";
        let short = (0..=5_u32).flat_map(|length| {
            (0..bytes.len().pow(length)).map(move |number| {
                let byte = |place| bytes[number / bytes.len().pow(place) % bytes.len()];
                String::from_utf8((0..length).map(byte).collect()).unwrap()
            })
        });
        // The longer ones end around the end of a block.
        let lengths = (0..200).chain(760..776).chain(1_530..1_542);
        let long = lengths.flat_map(|length: usize| {
            let value: Vec<u8> = (0_u8..=255).cycle().step_by(37).take(length).collect();
            let text = GO.encode(value);
            let line = |at: usize| format!("{}\r\n{}", &text[..at], &text[at..]);
            let cut = text[..text.len().saturating_sub(1)].to_owned();
            let twice = format!("{text}\n{text}");
            let short: Vec<&[u8]> = text.as_bytes().chunks(7).collect();
            let short = String::from_utf8(short.join(&b'\n')).unwrap();
            [
                line(text.len() / 2),
                line(text.len() / 3),
                line(text.len()),
                cut,
                twice,
                short,
                text,
            ]
        });
        for text in short.chain(long) {
            let without = |spaces: &[char]| text.replace(spaces, "");
            let value = without(&['\n', '\r']);
            assert_eq!(decoded(&text).ok(), GO.decode(&value).ok(), "{text:?}");
            assert_eq!(
                decode_auth(&text),
                ANY_PADDING.decode(&value).ok(),
                "{text:?}"
            );
            let body = without(&[' ', '\t', '\n', '\x0c', '\r']);
            assert_eq!(decode_body(&text), GO.decode(body).ok(), "{text:?}");
        }
    }

    #[test]
    fn says_where_it_ends_and_why() {
        use Cause::{Length, MissingPadding, PlainText, Space, UrlAlphabet, Wrapped};
        for (text, position, cause) in [
            ("my password", 2, PlainText),
            ("pass", 0, PlainText),
            ("p@ss", 1, PlainText),
            ("admin", 5, PlainText),
            ("mypassword", 10, PlainText),
            ("S3cretPassw0rd", 14, PlainText),
            ("swordfish", 9, PlainText),
            (&"+/".repeat(33), 66, PlainText),
            // Tokens of 64 characters and more, which no one encoded.
            (&"kX9qW2vB7nMz".repeat(6)[..70], 70, PlainText),
            (&"kX9qW2vB7nMz".repeat(6)[..71], 71, PlainText),
            (&"kX9-W2vB_nMz".repeat(6), 3, PlainText),
            (&format!("{}==", "kX9-W2vB_nMz".repeat(6)), 3, PlainText),
            ("kX9qW2vB7n=Mz8uL3", 11, PlainText),
            ("kX9qW2vB7nM==", 13, PlainText),
            ("s3cr3t-p4ssw0rd!", 6, PlainText),
            ("aGVsbG8gd29ybGQ", 15, MissingPadding(1)),
            ("aGVsbG8gd29ybGQhIQ", 18, MissingPadding(2)),
            ("aGVsbG8gd29ybGQhIQ=", 19, MissingPadding(1)),
            ("aGVsbG8g\nd29ybGQ", 16, MissingPadding(1)),
            ("aGVsbG8gd29ybGQhI", 17, Length),
            ("aGVsbG8=aGVsbG8=", 8, Length),
            ("aGVsbG8====", 11, Length),
            ("aGVs bG8gd29ybGQhIQ==", 4, Space),
            ("YWI-YWI_IGFuZCBzbyBvbg==", 3, UrlAlphabet),
            ("YWI-YWI_IGFuZCBzbyBvbg", 3, UrlAlphabet),
            // Junk: a key of Fernet, which is to be used as it is.
            ("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", 2, PlainText),
            ("aGVs-bG8gd29_bGQhIQ==", 4, PlainText),
            ("ünïcode", 0, PlainText),
            ("\"Y29ycmVjdCBob3JzZQ==\"", 0, Wrapped),
            ("'Y29ycmVjdCBob3JzZQ=='", 0, Wrapped),
            ("`Y29ycmVjdCBob3JzZQ==`", 0, Wrapped),
            ("Y29ycmVjdCBob3JzZQ==%", 20, Wrapped),
            ("Y29ycmVjdCBob3JzZQ==,", 20, Wrapped),
            ("Y29ycmVjdCBob3JzZQ==;", 20, Wrapped),
            ("Y29ycmVjdCBob3JzZQ==\\n", 20, Wrapped),
            ("data:text/plain;base64,Y29ycmVjdCBob3JzZQ==", 4, Wrapped),
            // This is how keys of Laravel are to be.
            ("base64:Y29ycmVjdCBob3JzZQ==", 6, PlainText),
            ("\"correct-horse\"", 0, PlainText),
            ("kX9qW2vB7nMz%", 12, PlainText),
            ("Y29ycmVjdCBob3JzZQ==!", 20, PlainText),
            ("bUxkot-xezzad-5nyrga", 6, PlainText),
            ("Correct horse battery staple", 7, PlainText),
            (
                &format!("{} {}", "aGVs".repeat(8), "bG8g".repeat(8)),
                32,
                Space,
            ),
            // A key that a manifest folds.
            (&format!("{0} {0}", "kX9qW2vB7nMz".repeat(4)), 48, Space),
            (
                "Correct horse battery staple and some more of it that nobody encoded",
                7,
                PlainText,
            ),
            (&format!("{}-Pz8_", "aGVs".repeat(16)), 64, PlainText),
            (&format!("{}YWI-", "aGVs".repeat(16)), 67, UrlAlphabet),
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
