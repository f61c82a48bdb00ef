//! White space around a value of one line.

use shared::{Level, Rule, Verdict, rule};

use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "surrounding_space",
    summary: "A space, a tab, a no-break space or a character without a width before or after a value of one line that is not a file",
    why: "It comes with copy and paste and is not seen, but it makes a different password",
    fix: "encode the value without it",
    levels: [Warn by "encoding.surroundingSpace"],
};

/// Finds it where no file is meant. A line break at the end and a byte order mark at the start have rules of their own.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let Some((before, after)) = value.around() else {
        return;
    };
    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
    let is_space = |byte: u8| !matches!(byte, b'\r' | b'\n');
    let (verb, space) = if !before.is_empty() {
        ("starts with", before)
    } else if after.bytes().any(is_space) {
        ("ends in", after)
    } else {
        return;
    };
    let what = if space.is_ascii() {
        "white space"
    } else {
        "a no-break space, or another character that is not seen"
    };
    value.report(&RULE, level, format_args!("{verb} {what}"), verdict);
}

#[cfg(test)]
mod tests {
    use crate::testing::rules;

    #[test]
    fn finds_it_around_one_line_that_is_no_file() {
        for (key, value, found) in [
            ("password", &b" hunter2"[..], &["surrounding_space?"][..]),
            ("password", b"hunter2\t", &["surrounding_space?"]),
            (
                "password",
                b"hunter2 \n",
                &["trailing_newline?", "surrounding_space?"],
            ),
            ("password", b"\nhunter2", &["surrounding_space?"]),
            (
                "password",
                "hunter2\u{a0}".as_bytes(),
                &["surrounding_space?"],
            ),
            (
                "password",
                "\u{200b}hunter2".as_bytes(),
                &["surrounding_space?"],
            ),
            (
                "password",
                "\u{feff}hunter2".as_bytes(),
                &["byte_order_mark?"],
            ),
            (
                "password",
                "hunter2\u{a0}\n".as_bytes(),
                &["trailing_newline?", "surrounding_space?"],
            ),
            ("password", b"hunter 2", &[]),
            ("separator", b" ", &[]),
            ("notes", b" two\nlines ", &[]),
            ("app.conf", b" a=1", &[]),
        ] {
            assert_eq!(rules(key, value), found, "{key} {value:?}");
        }
    }
}
