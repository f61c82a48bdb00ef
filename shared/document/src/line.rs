//! Text of users in one line.

/// Text of a user as one line of at most `limit` characters, cut between words where the last one is not most of it. The
/// API server drops a warning with a control character.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    // Nearly every text is as it should be. Control characters that are not ASCII begin with 0xC2.
    let is_plain = |byte: u8| byte >= b' ' && byte != 0x7f && byte != 0xc2;
    if text.len() <= limit && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let mut line = String::new();
    let (mut count, mut last_character, mut last_word) = (0, 0, 0);
    for character in text.chars() {
        if count == limit {
            line.truncate(last_character);
            if last_word >= last_character / 2 {
                line.truncate(last_word);
            }
            line.push('…');
            break;
        }
        let is_space = character == ' ' || character.is_control();
        if is_space {
            last_word = line.len();
        }
        last_character = line.len();
        line.push(if is_space { ' ' } else { character });
        count += 1;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(one_line("a: b\n\tc", 20), "a: b  c");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("abcd", 3), "ab…");
    }

    #[test]
    fn a_line_is_cut_between_words_where_there_are_some() {
        for (text, limit, expected) in [
            ("one two three", 12, "one two…"),
            ("one two three", 8, "one two…"),
            ("one two three", 7, "one…"),
            ("one\ntwo three", 8, "one two…"),
            ("a reallylongword", 10, "a reallyl…"),
            ("ü", 1, "ü"),
            ("üü ü", 1, "…"),
        ] {
            assert_eq!(one_line(text, limit), expected, "{text} {limit}");
        }
    }
}
