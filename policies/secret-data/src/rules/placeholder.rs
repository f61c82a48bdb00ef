//! A placeholder that nobody filled in.

use shared::{Level, Rule, Verdict, rule};

use crate::text::{has, split};
use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "placeholder",
    summary: "`${NAME}`, `{{ … }}`, `<your token>`, `CHANGEME` or the like in a value of one line",
    why: "Kubernetes fills in nothing: the container receives the placeholder itself as its password",
    fix: "write the real value, or render the template before it is applied",
    levels: [Warn by "encoding.placeholder"],
};

/// Words that people write where a value is to come, without spaces, hyphens and underscores.
const WORDS: &[&str] = &[
    "changeme",
    "fillme",
    "fixme",
    "insertyourpasswordhere",
    "placeholder",
    "replaceme",
    "replacethis",
    "tbd",
    "todo",
    "xxx",
    "xxxx",
    "xxxxx",
    "xxxxxx",
    "xxxxxxxx",
    "yourpassword",
    "yourpasswordhere",
    "yoursecret",
    "yoursecrethere",
    "yourtoken",
    "yourtokenhere",
];

/// Nothing longer is a placeholder, or has one that matters.
const LONGEST: usize = 1024;

/// Finds placeholders in a value of one line. Files may be templates for somebody else.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let Some(line) = value.line().map(str::trim_ascii) else {
        return;
    };
    if line.len() > LONGEST || value.entry.key.as_bytes().contains(&b'.') {
        return;
    }
    let reason = if has_between(line, "${", "}", is_name) {
        "has a ${…} that was not filled in"
    } else if has_between(line, "{{", "}}", is_template) {
        "has a {{ … }} that was not rendered"
    } else if WORDS.iter().any(|word| is_word(line, word)) || is_in_brackets(line) {
        "is a placeholder, not a value"
    } else {
        return;
    };
    value.report(&RULE, level, format_args!("{reason}"), verdict);
}

fn has_between(line: &str, open: &str, close: &str, is: fn(&str) -> bool) -> bool {
    let mut rest = line;
    while let Some((_, behind)) = split(rest, open) {
        if split(behind, close).is_some_and(|(inside, _)| is(inside)) {
            return true;
        }
        rest = behind;
    }
    false
}

/// `NAME`, and `NAME:-default` as shells have it.
fn is_name(inside: &str) -> bool {
    let name = split(inside, ":")
        .map_or(inside, |(name, _)| name)
        .as_bytes();
    name.first().is_some_and(|first| !first.is_ascii_digit())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// What a template has in its braces. JSON may have two of them in a row.
fn is_template(inside: &str) -> bool {
    !has(inside, "\"") || has(inside, ".Values")
}

fn is_word(line: &str, word: &str) -> bool {
    let letters = line
        .bytes()
        .filter(|byte| !matches!(byte, b' ' | b'-' | b'_'));
    letters
        .map(|byte| byte.to_ascii_lowercase())
        .eq(word.bytes())
}

/// `<your token>`, but not `<xml/>` and not a path that a plug-in fills in later.
fn is_in_brackets(line: &str) -> bool {
    let [b'<', inside @ .., b'>'] = line.as_bytes() else {
        return false;
    };
    inside.first().is_some_and(u8::is_ascii_alphabetic)
        && inside
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, rules, secret};

    #[test]
    fn looks_at_no_long_value() {
        for (length, found) in [(1024, &["placeholder?"][..]), (1025, &[]), (1026, &[])] {
            let value = format!("${{A}} {}", "x".repeat(length - 5));
            assert_eq!(rules("k", value.as_bytes()), found, "{length}");
        }
    }

    #[test]
    fn finds_what_was_not_filled_in() {
        for (value, reason) in [
            ("${DB_PASSWORD}", "has a ${…} that was not filled in"),
            (
                "postgres://shop:${DB_PASSWORD}@db/shop",
                "has a ${…} that was not filled in",
            ),
            ("${DB_PASSWORD:-x}", "has a ${…} that was not filled in"),
            (
                "{{ .Values.password }}",
                "has a {{ … }} that was not rendered",
            ),
            (
                "{{ required \"x\" .Values.password }}",
                "has a {{ … }} that was not rendered",
            ),
            ("<changeme>", "is a placeholder, not a value"),
            ("<your token>", "is a placeholder, not a value"),
            ("CHANGE_ME", "is a placeholder, not a value"),
            ("change-me", "is a placeholder, not a value"),
            ("TODO", "is a placeholder, not a value"),
        ] {
            assert_eq!(
                lines(
                    &secret("Opaque", &[("password", value.as_bytes())]),
                    &json!({})
                ),
                [format!(
                    "warning: secret-data: data[\"password\"]: {reason}; fix: write the real value, or render the \
                     template before it is applied [placeholder]"
                )],
                "{value}"
            );
        }
    }

    #[test]
    fn takes_real_values_for_what_they_are() {
        for value in [
            "pa$$w0rd",
            "${}",
            "${1}",
            "a{b}c",
            "{{\"a\"}}",
            "<a/>",
            "<path:secret/data/x#y>",
            "changeme2",
            // Of the trust stores of Java, and of whatever makes them.
            "changeit",
            "$HOME",
            "line one ${A}\nline two",
        ] {
            assert_eq!(rules("password", value.as_bytes()), [""; 0], "{value}");
        }
        assert_eq!(rules("nginx.conf", b"listen ${PORT}"), [""; 0]);
    }
}
