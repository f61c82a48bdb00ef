//! Text in UTF-16.

use shared::{Level, Rule, Verdict, rule};

use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "utf16_text",
    summary: "A value that is text in UTF-16",
    why: "PowerShell writes files this way; programs see a NUL after every character",
    fix: "save the file as UTF-8: Out-File -Encoding utf8NoBOM",
    levels: [Warn by "encoding.utf16"],
};

/// Finds the byte order marks of UTF-16, and text with a zero behind or before each character.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let bytes = value.bytes;
    let has_mark = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let is_pair = |first: u8, second: u8| {
        second == 0 && (first.is_ascii_graphic() || first.is_ascii_whitespace())
    };
    let looks = |pair: fn(&[u8]) -> Option<(u8, u8)>| {
        bytes
            .chunks_exact(2)
            .all(|chunk| pair(chunk).is_some_and(|(first, second)| is_pair(first, second)))
    };
    let little = |chunk: &[u8]| match chunk {
        [first, second] => Some((*first, *second)),
        _ => None,
    };
    let big = |chunk: &[u8]| match chunk {
        [first, second] => Some((*second, *first)),
        _ => None,
    };
    let is_even = bytes.len() >= 4 && bytes.len().is_multiple_of(2);
    // Two bytes of a binary value may be the mark by chance, so that the length has to fit as well.
    if is_even && (has_mark || looks(little) || looks(big)) {
        value.report(&RULE, level, format_args!("is text in UTF-16"), verdict);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::rules;

    #[test]
    fn finds_text_of_two_bytes_a_character() {
        for (value, found) in [
            (&b"\xff\xfeh\0i\0"[..], &["utf16_text?"][..]),
            (b"\xfe\xff\0h\0i", &["utf16_text?"]),
            (b"h\0i\0", &["utf16_text?"]),
            (b"\0h\0i", &["utf16_text?"]),
            (b"h\0", &[]),
            (b"h\0i\0!", &[]),
            (b"\0\0\0\0", &[]),
            (b"hihi", &[]),
        ] {
            assert_eq!(rules("k", value), found, "{value:?}");
        }
    }
}
