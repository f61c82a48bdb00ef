//! Searching in text with little code: the searchers of the standard library are many times larger than these loops.

/// Where `words` are first in a text.
#[inline(never)]
pub(crate) fn find(text: &str, words: &str) -> Option<usize> {
    let (first, others) = words.as_bytes().split_first()?;
    let mut bytes = text.as_bytes().iter();
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
}
