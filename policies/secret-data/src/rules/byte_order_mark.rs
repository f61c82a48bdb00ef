//! A byte order mark in front of text.

use shared::{Level, Rule, Verdict, rule};

use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "byte_order_mark",
    summary: "A value that starts with the byte order mark of UTF-8",
    why: "Some editors on Windows add it without showing it; programs read it as part of the value, and JSON parsers fail on it",
    fix: "save the file as UTF-8 without BOM",
    levels: [Warn by "encoding.byteOrderMark"],
};

/// Finds the mark.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    if value.bytes.starts_with(b"\xef\xbb\xbf") {
        value.report(
            &RULE,
            level,
            format_args!("starts with a byte order mark"),
            verdict,
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::rules;

    #[test]
    fn finds_the_mark_at_the_start_alone() {
        for (value, found) in [
            (&b"\xef\xbb\xbfhello"[..], &["byte_order_mark?"][..]),
            (b"\xef\xbb\xbf", &["byte_order_mark?"]),
            (b"hello\xef\xbb\xbf", &["surrounding_space?"]),
            (b"\xef\xbb", &[]),
        ] {
            assert_eq!(rules("k", value), found);
        }
    }
}
