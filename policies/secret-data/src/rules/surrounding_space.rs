//! White space around a value of one line.

use shared::{Level, Rule, Verdict, rule};

use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "surrounding_space",
    summary: "A space or a tab before or after a value of one line that is not a file",
    why: "It comes with copy and paste and nobody sees it, but it makes a different password",
    fix: "encode the value without it",
    levels: [Warn by "encoding.surroundingSpace"],
};

/// Finds it where no file is meant.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let Some(line) = value.line().filter(|_| !value.is_file()) else {
        return;
    };
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = line.as_bytes();
    let reason = if line.trim_ascii().is_empty() {
        return;
    } else if is_blank(bytes.first()) {
        "starts with white space"
    } else if is_blank(bytes.last()) {
        "ends in white space"
    } else {
        return;
    };
    value.report(&RULE, level, format_args!("{reason}"), verdict);
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
            ("password", b"hunter 2", &[]),
            ("separator", b" ", &[]),
            ("notes", b" two\nlines ", &[]),
            ("app.conf", b" a=1", &[]),
        ] {
            assert_eq!(rules(key, value), found, "{key}");
        }
    }
}
