//! Text of users in messages.

use std::fmt::{self, Write};

/// Quotes a text: `"…"`, with what would break a line or pretend to be something else escaped.
///
/// `{:?}` of the standard library does the same with tables of Unicode that are larger than most rules.
///
/// ```
/// assert_eq!(document::quote("a \"b\"\n").to_string(), r#""a \"b\"\n""#);
/// ```
#[must_use]
pub fn quote(text: &str) -> Quote<'_> {
    Quote(text)
}

/// See [`quote`].
#[derive(Clone, Copy)]
pub struct Quote<'a>(&'a str);

impl fmt::Display for Quote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => {
                    f.write_char('\\')?;
                    f.write_char(character)?;
                }
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ if is_seen(character) => f.write_char(character)?,
                _ => write!(f, "\\u{{{:x}}}", u32::from(character))?,
            }
        }
        f.write_char('"')
    }
}

/// Whether a reader sees a character, and where it stands: no control characters, none of the marks without a width, and
/// none that turns the direction of writing (`Bidi_Control` of Unicode).
fn is_seen(character: char) -> bool {
    !matches!(character, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A text of a user as it is to be written in YAML: without quotes where all readers take it for text.
///
/// ```
/// assert_eq!(document::written("web"), "web");
/// assert_eq!(document::written("1.10"), "\"1.10\"");
/// ```
#[must_use]
pub fn written(text: &str) -> String {
    let is_plain = |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'-'..=b'9' | b'_' | b'*');
    let mut bytes = text.bytes().map(|byte| byte | b' ');
    let start = (bytes.next(), bytes.next());
    let begins_as_text = matches!(start.0, Some(b'a'..=b'z' | b'/'));
    // It may be `yes`, `no`, `null`, `on`, `off`, `true` or `false`, in any case of the letters. Quotes do no harm.
    let may_be_word = match start {
        (Some(b'y'), _)
        | (Some(b'n'), None | Some(b'o' | b'u'))
        | (Some(b'o'), Some(b'n' | b'f'))
        | (Some(b't'), Some(b'r')) => text.len() <= 4,
        (Some(b'f'), Some(b'a')) => text.len() == 5,
        _ => false,
    };
    if begins_as_text && !may_be_word && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        quote(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_is_not_seen() {
        for (text, quoted) in [
            ("", r#""""#),
            ("/var/run", r#""/var/run""#),
            (r#"a\"b"#, r#""a\\\"b""#),
            ("a\nb\r\tc", r#""a\nb\r\tc""#),
            ("\0\x1b\x7f", r#""\u{0}\u{1b}\u{7f}""#),
            ("안녕 ü", "\"안녕 ü\""),
            ("\u{202e}txt\u{feff}", r#""\u{202e}txt\u{feff}""#),
        ] {
            assert_eq!(quote(text).to_string(), quoted);
        }
    }

    #[test]
    fn what_yaml_reads_as_something_else_is_quoted() {
        for plain in [
            "web", "a.b/c", "/data", "v1", "www.*", "nginx", "tier", "tcp", "e1",
        ] {
            assert_eq!(written(plain), plain);
        }
        for quoted in [
            "",
            "1.10",
            "1e3",
            "0x1",
            "-a",
            "*.example.com",
            ".5",
            "~",
            "y",
            "No",
            "TRUE",
            "null",
            "a b",
            "a:b",
        ] {
            assert_eq!(written(quoted), format!("\"{quoted}\""));
        }
    }
}
