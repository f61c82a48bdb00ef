//! Base64 as Kubernetes decodes it, and what is wrong with what it does not decode.
//!
//! The API server decodes `data` with Go's JSON decoder: the standard alphabet, padding is required, line breaks are
//! skipped, and the bits behind the last byte may be anything. Source: `encoding/base64` and `encoding/json` of Go.
//!
//! Our own, because libraries read lines only when their breaks were taken out before: that is a second copy of each
//! value, and together they take five times the size.

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
    let decoded = read(text.as_bytes(), LINE_BREAKS, buffer);
    let padded = decoded.filter(|end| matches!(end, (0, 0) | (2, 2) | (3, 1)));
    padded.map(|_| ()).ok_or_else(|| diagnose(text))
}

/// Decodes the `auth` of a Docker config, which may come without padding.
pub(crate) fn decode_auth(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let end = read(text.as_bytes(), LINE_BREAKS, &mut decoded)?;
    matches!(end, (0, 0) | (2, 0..=2) | (3, 0..=1)).then_some(decoded)
}

/// Decodes the body of a PEM block, where any white space may stand.
pub(crate) fn decode_body(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let end = read(text.as_bytes(), b" \t\n\x0c\r", &mut decoded)?;
    matches!(end, (0, 0) | (2, 2) | (3, 1)).then_some(decoded)
}

/// How many bytes a text of this length decodes to at most.
pub(crate) fn most_decoded(length: usize) -> usize {
    length.div_ceil(4) * 3
}

const LINE_BREAKS: &[u8] = b"\n\r";

/// What a byte stands for that stands for nothing.
const NONE: u8 = 0xff;

/// The six bits that each byte stands for.
#[expect(
    clippy::indexing_slicing,
    reason = "the compiler works it out, and would say so"
)]
static BITS: [u8; 256] = {
    let mut bits = [NONE; 256];
    let mut alphabet: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while let [symbol, others @ ..] = alphabet {
        bits[*symbol as usize] = value;
        value += 1;
        alphabet = others;
    }
    bits
};

fn bits(byte: u8) -> u8 {
    BITS.get(usize::from(byte)).copied().unwrap_or(NONE)
}

/// Decodes into `buffer` what has the alphabet, with padding behind it and `skipped` bytes between. Returns how many
/// symbols are behind the last four, and how much padding: who calls knows which ends are good.
#[inline(never)]
fn read(text: &[u8], skipped: &[u8], buffer: &mut Vec<u8>) -> Option<(usize, usize)> {
    let most = most_decoded(text.len());
    buffer.clear();
    buffer.resize(most, 0);
    let (mut rest, mut free) = (text, buffer.as_mut_slice());
    // The symbols that do not make three bytes yet.
    let (mut held, mut symbols, mut padding) = (0_u32, 0_usize, 0_usize);
    loop {
        // Nearly always: four symbols with nothing between them.
        if symbols == 0 && padding == 0 {
            let mut done = 0;
            let places = free.as_chunks_mut().0;
            for (four, place) in rest.as_chunks().0.iter().zip(places) {
                let [a, b, c, d] = four.map(|byte| u32::from(bits(byte)));
                if (a | b | c | d) > 63 {
                    break;
                }
                let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
                *place = bytes;
                done += 1;
            }
            rest = rest.get(4 * done..).unwrap_or_default();
            free = free.get_mut(3 * done..).unwrap_or_default();
        }
        let Some((byte, behind)) = rest.split_first() else {
            break;
        };
        rest = behind;
        match bits(*byte) {
            NONE if *byte == b'=' => padding += 1,
            NONE if skipped.contains(byte) => {}
            NONE => return None,
            _ if padding > 0 => return None,
            value => {
                held = held << 6 | u32::from(value);
                symbols += 1;
                if symbols == 4 {
                    free = write(held, free);
                    (held, symbols) = (0, 0);
                }
            }
        }
    }
    let spare = free.len();
    // Of two symbols comes one byte, of three two.
    let last = symbols.saturating_sub(1);
    write(held << (24 - 6 * symbols), free);
    buffer.truncate(most - spare + last);
    Some((symbols, padding))
}

/// Writes three bytes where there is room, and returns the room behind them.
fn write(bytes: u32, free: &mut [u8]) -> &mut [u8] {
    let [_, bytes @ ..] = bytes.to_be_bytes();
    match free.split_first_chunk_mut() {
        Some((place, others)) => {
            *place = bytes;
            others
        }
        None => &mut [],
    }
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
    let symbols: Vec<u8> = text.bytes().filter(|byte| is_of_alphabet(*byte)).collect();
    let whole = symbols.get(..symbols.len() / 4 * 4).unwrap_or_default();
    let is_of_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let is_text = || {
        let mut decoded = Vec::new();
        read(whole, &[], &mut decoded).is_some() && decoded.iter().all(is_of_text)
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

    /// Short texts of what matters, all of them, and long ones.
    #[test]
    fn decodes_as_a_library_does() {
        use base64::alphabet::STANDARD;
        use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
        let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let go = GeneralPurpose::new(&STANDARD, lenient);
        let any_padding = lenient.with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let docker = GeneralPurpose::new(&STANDARD, any_padding);
        let bytes = b"Aa9/=\n -";
        let short = (0..=5_u32).flat_map(|length| {
            (0..bytes.len().pow(length)).map(move |number| {
                let byte = |place| bytes[number / bytes.len().pow(place) % bytes.len()];
                String::from_utf8((0..length).map(byte).collect()).unwrap()
            })
        });
        let long = (0..200_u8).flat_map(|length| {
            let value: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let text = go.encode(value);
            let line = |at: usize| format!("{}\r\n{}", &text[..at], &text[at..]);
            let cut = text[..text.len().saturating_sub(1)].to_owned();
            [line(text.len() / 2), line(text.len() / 3), cut, text]
        });
        for text in short.chain(long) {
            let without = |spaces: &[char]| text.replace(spaces, "");
            let value = without(&['\n', '\r']);
            assert_eq!(decoded(&text).ok(), go.decode(&value).ok(), "{text:?}");
            assert_eq!(decode_auth(&text), docker.decode(&value).ok(), "{text:?}");
            let body = without(&[' ', '\t', '\n', '\x0c', '\r']);
            assert_eq!(decode_body(&text), go.decode(body).ok(), "{text:?}");
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
            ("aGVsbG8g\nd29ybGQ", 16, MissingPadding(1)),
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
