//! A mark in what must not be repeated, and whether anything of it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Nothing else has four of these in a row.
pub(crate) const MARK: &str = "qZ7vK2xW9mJ4";

/// The part of the mark that is repeated in a text, in clear, in base64 or in hexadecimal digits.
pub(crate) fn found_in(text: &str) -> Option<&'static str> {
    let clear = |length: usize| {
        let parts = MARK.as_bytes().windows(length);
        parts.filter_map(|part| std::str::from_utf8(part).ok())
    };
    clear(4).find(|part| text.contains(part)).or_else(|| {
        clear(6).find(|part| {
            let hex: Vec<String> = part.bytes().map(|byte| format!("{byte:02x}")).collect();
            // Six bytes are eight characters, and those of the next bytes do not change them.
            text.contains(&STANDARD.encode(part)) || text.contains(&hex.concat())
        })
    })
}
