//! Text of strangers, so that it can be printed: names, paths and messages may hold anything.
//!
//! A terminal obeys escape sequences, a reader is misled by characters that turn the direction of a line or have no
//! width, and build servers take parts of a log for commands: GitHub and Forgejo lines that begin with `::`, Azure
//! `##[` and `##vso[` anywhere, that of `JetBrains` `##teamcity[`.

/// A text as part of one line. What would not be seen, or would be obeyed, is replaced by a sign that is seen: a line
/// break becomes `␊`.
#[must_use]
pub fn printable(text: &str) -> String {
    apart(text.chars().map(visible))
}

/// A text of one line or more that is ready to be printed: no line of it is a command to a build server, whatever
/// was wrapped or put together. Line breaks and styles stay, so its parts have to be [`printable`].
#[must_use]
pub fn without_commands(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let start = start_of_text(line);
        let (before, rest) = line.split_at(start);
        match rest.strip_prefix("::") {
            Some(rest) => {
                // The columns of a table stay where they are.
                let before = before.strip_suffix(' ').unwrap_or(before);
                safe.push_str(&apart(before.chars()));
                safe.push_str(": :");
                safe.push_str(&apart(rest.chars()));
            }
            None => safe.push_str(&apart(line.chars())),
        }
    }
    safe
}

/// Where the first character of a line is that is neither a space nor a part of a style, as `ESC[1m` is one.
fn start_of_text(line: &str) -> usize {
    let mut rest = line;
    loop {
        let text = rest.trim_start();
        let style = text.strip_prefix("\u{1b}[").and_then(|style| {
            let end = style.find(|character: char| character.is_ascii_alphabetic())?;
            style.get(end + 1..)
        });
        match style {
            Some(after) => rest = after,
            None => return line.len() - text.len(),
        }
    }
}

/// Puts a space between two `#`.
fn apart(characters: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    for character in characters {
        if character == '#' && text.ends_with('#') {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

fn visible(character: char) -> char {
    match character {
        // The pictures of the control characters, in their order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{85}' | '\u{2028}' | '\u{2029}' => '\u{2424}',
        _ if is_invisible(character) => '\u{fffd}',
        _ => character,
    }
}

/// Whether a character has no shape of its own, or changes how others are shown: the control characters, those of the
/// category Cf, and those that Unicode calls `Default_Ignorable_Code_Point`.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_obeyed_or_not_seen_becomes_a_sign() {
        for (text, expected) in [
            ("shop/web: \"ü\" 界 [x](y)", "shop/web: \"ü\" 界 [x](y)"),
            ("a\n::error::b\r\n\tc", "a␊::error::b␍␊␉c"),
            ("a\u{85}b\u{2028}c\u{2029}d", "a␤b␤c␤d"),
            ("\u{1b}[2J\u{9b}2J\u{7f}\0", "␛[2J\u{fffd}2J␡␀"),
            (
                "a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{ad}f\u{e0041}",
                "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}",
            ),
            ("##[error] ##vso[x]y ###", "# #[error] # #vso[x]y # # #"),
            ("#a #", "#a #"),
        ] {
            assert_eq!(printable(text), expected);
            assert_eq!(printable(expected), expected, "twice is as once");
        }
    }

    #[test]
    fn no_line_is_a_command() {
        for (text, expected) in [
            ("a ::b\n  ::c::d\n", "a ::b\n : :c::d\n"),
            ("::a\n:::b", ": :a\n: ::b"),
            ("\u{a0}\u{3000}::a", "\u{a0}\u{3000}: :a"),
            (
                "\u{1b}[2m  \u{1b}[31m::a\u{1b}[0m",
                "\u{1b}[2m  \u{1b}[31m: :a\u{1b}[0m",
            ),
            ("x ##vso[a]b", "x # #vso[a]b"),
            (": :a\n", ": :a\n"),
            ("\n\n", "\n\n"),
        ] {
            assert_eq!(without_commands(text), expected);
        }
    }
}
