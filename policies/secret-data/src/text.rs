//! Searching in text with little code: the searchers of the standard library are many times larger than these loops.

/// Where `words` are first in a text.
#[inline(never)]
pub(crate) fn find(text: &str, words: &str) -> Option<usize> {
    find_bytes(text.as_bytes(), words.as_bytes())
}

/// Where `words` are first in some bytes.
#[inline(never)]
pub(crate) fn find_bytes(text: &[u8], words: &[u8]) -> Option<usize> {
    let (first, others) = words.split_first()?;
    let mut bytes = text.iter();
    // Most bytes are not the first of the words, and comparing slices costs a call.
    loop {
        let skipped = text.len() - bytes.len();
        let at = skipped + bytes.position(|byte| byte == first)?;
        if bytes.as_slice().starts_with(others) {
            return Some(at);
        }
    }
}

/// Whether `words` are in a text.
pub(crate) fn has(text: &str, words: &str) -> bool {
    find(text, words).is_some()
}

/// A text before and behind the first `words` in it.
pub(crate) fn split<'a>(text: &'a str, words: &str) -> Option<(&'a str, &'a str)> {
    let (before, rest) = text.split_at_checked(find(text, words)?)?;
    Some((before, rest.get(words.len()..)?))
}

/// Whether a text starts with one of some ASCII characters.
pub(crate) fn starts_with_any(text: &str, characters: &[u8]) -> bool {
    text.as_bytes()
        .first()
        .is_some_and(|first| characters.contains(first))
}

/// Whether a character is not seen where it stands behind others: white space of any kind, and what has no width.
#[inline(never)]
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\t'..='\r'
            | ' '
            | '\u{85}'
            | '\u{a0}'
            | '\u{ad}'
            | '\u{1680}'
            | '\u{180e}'
            | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{2064}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

/// A text in three: what is not seen at its start, what it says, and what is not seen at its end.
#[inline(never)]
pub(crate) fn peel(text: &str) -> (&str, &str, &str) {
    let mut behind = text;
    let mut characters = text.chars();
    while characters.next().is_some_and(is_unseen) {
        behind = characters.as_str();
    }
    let mut between = behind;
    let mut characters = behind.chars();
    while characters.next_back().is_some_and(is_unseen) {
        between = characters.as_str();
    }
    let before = text.get(..text.len() - behind.len());
    let after = behind.get(between.len()..);
    (
        before.unwrap_or_default(),
        between,
        after.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words() {
        assert_eq!(find("a: b: c", ": "), Some(1));
        assert_eq!(find("a:b", ": "), None);
        assert_eq!(find("", ": "), None);
        assert_eq!(split("ä: b: c", ": "), Some(("ä", "b: c")));
        assert_eq!(split("ä", ": "), None);
        assert!(has("xyz", "yz") && !has("xyz", "zy"));
        assert!(starts_with_any("#x", b"?#") && !starts_with_any("", b"?#"));
    }

    #[test]
    fn peels_what_is_not_seen() {
        for (text, expected) in [
            ("", ("", "", "")),
            ("a b", ("", "a b", "")),
            ("\u{a0}\na b\t\u{200b}", ("\u{a0}\n", "a b", "\t\u{200b}")),
            (" \n", (" \n", "", "")),
        ] {
            assert_eq!(peel(text), expected, "{text:?}");
        }
    }

    #[test]
    fn knows_what_is_not_seen() {
        let unseen =
            "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{ad}\u{2003}\u{200b}\u{202f}\u{2060}\u{3000}\u{feff}";
        assert!(unseen.chars().all(is_unseen));
        assert!(!"a.é語\0\u{7f}\u{301}".chars().any(is_unseen));
    }
}
