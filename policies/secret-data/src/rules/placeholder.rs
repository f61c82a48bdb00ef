//! A placeholder that was never filled in, and what a template leaves where it had no value.

use shared::{Level, Rule, Verdict, rule};

use crate::text::{has, split};
use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "placeholder",
    summary: "`${NAME}`, `{{ … }}`, `<your token>`, `CHANGEME`, `REDACTED` or the like in a value of one line, also as the password of a URL or a registry; and what templates leave: `<no value>`, `map[…]`, `%!s(<nil>)`, `1.2e+07`",
    why: "Kubernetes fills in nothing: the container receives the placeholder itself as its password",
    fix: "write the real value, or render the template before it is applied",
    levels: [Warn by "encoding.placeholder"],
};

/// Words that people write where a value is to come, without spaces, hyphens and underscores.
const WORDS: &str = "changeme changethis fillme fillin fixme hidden masked insertyourpasswordhere \
    novalue objectobject placeholder redacted removed replaceme replacethis replacewithyourown \
    sensitivevalue tbd todo tobefilled undefined";

/// What comes behind `your`: `your-api-key`, `YOUR_CLIENT_SECRET_HERE`.
const NOUNS: &str = "account code credentials domain email here host id key login name passphrase \
    password secret token url user username value";

/// Nothing longer is a placeholder, or has one that matters.
const LONGEST: usize = 1024;

const MARKED: &str = "is a placeholder, not a value";

/// Finds placeholders in a value of one line. Files may be templates for somebody else.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let Some(line) = value.line else {
        return;
    };
    if value.entry.key.as_bytes().contains(&b'.') {
        return;
    }
    if let Some(what) = what(line) {
        let fix = if what == EXPONENT {
            "quote the number where the template gets it, or print it with int64"
        } else {
            RULE.fix
        };
        value.entry.tell(&RULE, level, what, fix, verdict);
    }
}

const EXPONENT: &str =
    "is a number with an exponent (e+…), which a template makes of a large number";

/// What stands between two marks, where it is a name of something that was to be filled in.
type Between = (&'static str, &'static str, fn(&str) -> bool, &'static str);

const BETWEEN: &[Between] = &[
    ("${", "}", is_name, "has a ${…} that was not filled in"),
    (
        "{{",
        "}}",
        is_template,
        "has a {{ … }} that was not rendered",
    ),
    ("$(", ")", is_long_name, "has a $(…) that was not filled in"),
    ("#{", "}", is_long_name, "has a #{…} that was not filled in"),
    (
        "__",
        "__",
        is_upper_name,
        "has a __…__ that was not filled in",
    ),
    ("<no value", ">", str::is_empty, NOTHING),
    ("<nil", ">", str::is_empty, NOTHING),
    (
        "%!",
        "(",
        |verb| verb.len() == 1,
        "has a %!…(…), which a template leaves of a value of another type",
    ),
];

const NOTHING: &str = "is what a template leaves where it has no text";

/// What a line is or has in it, instead of a value.
#[inline(never)]
pub(crate) fn what(line: &str) -> Option<&'static str> {
    if line.len() > LONGEST {
        return None;
    }
    // Most values have nothing of this.
    let has_any = |marks: &[u8]| line.bytes().any(|byte| marks.contains(&byte));
    let between = if has_any(b"${#_<%") { BETWEEN } else { &[] };
    for (open, close, is, what) in between {
        if has_between(line, open, close, *is) {
            return Some(what);
        }
    }
    let bytes = line.as_bytes();
    let inner = bytes.strip_prefix(b"[").unwrap_or(bytes);
    if inner.starts_with(b"map[") && inner.ends_with(b"]") {
        Some(NOTHING)
    } else if has_exponent(bytes) {
        Some(EXPONENT)
    } else if is_placeholder(bytes) || has_any(b"@=") && has_placeholder(bytes) {
        Some(MARKED)
    } else {
        None
    }
}

/// Whether the secret of a URL or of a connection string is none: `user:password@`, `password=…;`.
fn has_placeholder(line: &[u8]) -> bool {
    let mut before: &[u8] = b"";
    // Each part is between two of these, and the one behind it says what it is.
    let mut start = 0;
    for (at, byte) in line.iter().enumerate() {
        if !b":/@;&?= ".contains(byte) {
            continue;
        }
        let part = line.get(start..at).unwrap_or_default();
        if *byte == b'@' && is_placeholder(part) || is_secret(before) && is_placeholder(part) {
            return true;
        }
        before = if *byte == b'=' { part } else { b"" };
        start = at + 1;
    }
    is_secret(before) && is_placeholder(line.get(start..).unwrap_or_default())
}

/// Whether what is set by this name is a secret.
fn is_secret(name: &[u8]) -> bool {
    let ends: &[&[u8]] = &[b"assword", b"wd", b"oken", b"ecret", b"ey"];
    ends.iter().any(|end| name.ends_with(end))
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
    let name = split(inside, ":").map_or(inside, |(name, _)| name);
    is_identifier(name)
}

/// A name of more than one letter, which no random password has between brackets.
fn is_long_name(inside: &str) -> bool {
    inside.len() > 1 && is_identifier(inside.trim_ascii())
}

/// `DB_PASSWORD`
fn is_upper_name(inside: &str) -> bool {
    is_long_name(inside) && !inside.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn is_identifier(name: &str) -> bool {
    let name = name.as_bytes();
    name.first().is_some_and(|first| !first.is_ascii_digit())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// What a template has in its braces. JSON may have two of them in a row.
fn is_template(inside: &str) -> bool {
    !has(inside, "\"") || has(inside, ".Values")
}

/// `1.2e+07`: how a template prints a large number that it read as a float.
fn has_exponent(line: &[u8]) -> bool {
    let [first, rest @ .., b'e', b'+', tens, ones] = line else {
        return false;
    };
    let digits = match rest {
        [] => b"0",
        [b'.', digits @ ..] if !digits.is_empty() => digits,
        _ => return false,
    };
    let mut all = digits.iter().chain([first, tens, ones]);
    all.all(u8::is_ascii_digit)
}

/// Whether a text is no value: a word that says so, a name in brackets, nothing but `*` or `x`.
fn is_placeholder(text: &[u8]) -> bool {
    if text.len() > 64 {
        return false;
    }
    if is_in_brackets(text) || is_marked_name(text) {
        return true;
    }
    let mut word = text.to_ascii_lowercase();
    if text.len() > 2
        && (word.iter().all(|byte| *byte == b'x') || word.iter().all(|byte| *byte == b'*'))
    {
        return true;
    }
    word.retain(|byte| !b" -_<>[](){}%@*".contains(byte));
    // Most values end here.
    if !word.iter().all(u8::is_ascii_lowercase) {
        return false;
    }
    if WORDS.split(' ').any(|known| word == known.as_bytes()) {
        return true;
    }
    let verbs: &[&[u8]] = &[
        b"",
        b"enter",
        b"insert",
        b"put",
        b"add",
        b"replacewith",
        b"use",
    ];
    let mut nouns = verbs
        .iter()
        .filter_map(|verb| word.strip_prefix(*verb)?.strip_prefix(b"your"));
    nouns.any(|noun| NOUNS.split(' ').any(|end| noun.ends_with(end.as_bytes())))
}

/// `%DB_PASSWORD%`, `@DB_PASSWORD@`, `[[DB_PASSWORD]]`: a name in capitals between marks.
fn is_marked_name(text: &[u8]) -> bool {
    let is_mark = |byte: u8| b"%@[]{}<>".contains(&byte);
    let [first, .., last] = text else {
        return false;
    };
    let is_of_name = |byte: u8| byte.is_ascii_uppercase() || byte == b'_' || is_mark(byte);
    let letters = text.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    is_mark(*first) && is_mark(*last) && letters > 3 && text.iter().all(|byte| is_of_name(*byte))
}

/// `<your token>`, but not `<xml/>`.
fn is_in_brackets(text: &[u8]) -> bool {
    let [b'<', inside @ .., b'>'] = text else {
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
            ("xxxxxxxxx", "is a placeholder, not a value"),
            ("********", "is a placeholder, not a value"),
            ("REDACTED", "is a placeholder, not a value"),
            ("[REDACTED]", "is a placeholder, not a value"),
            ("***REDACTED***", "is a placeholder, not a value"),
            ("(sensitive value)", "is a placeholder, not a value"),
            ("[object Object]", "is a placeholder, not a value"),
            ("your-api-key", "is a placeholder, not a value"),
            ("YOUR_CLIENT_SECRET_HERE", "is a placeholder, not a value"),
            ("<YOUR-ACCESS-KEY-ID>", "is a placeholder, not a value"),
            ("enter your token here", "is a placeholder, not a value"),
            ("%TODO%", "is a placeholder, not a value"),
            ("%DB_PASSWORD%", "is a placeholder, not a value"),
            ("@DB_PASSWORD@", "is a placeholder, not a value"),
            ("<<DB_PASSWORD>>", "is a placeholder, not a value"),
            ("[[DB_PASSWORD]]", "is a placeholder, not a value"),
            (
                "postgres://shop:CHANGEME@db/shop",
                "is a placeholder, not a value",
            ),
            (
                "redis://:<password>@cache:6379/0",
                "is a placeholder, not a value",
            ),
            (
                "https://your-token@github.com/a/b",
                "is a placeholder, not a value",
            ),
            (
                "Server=db;User=shop;Password=changeme;",
                "is a placeholder, not a value",
            ),
            (
                "jdbc:postgresql://db/shop?user=a&password=xxxxx",
                "is a placeholder, not a value",
            ),
            ("__DB_PASSWORD__", "has a __…__ that was not filled in"),
            (
                "postgres://shop:__DB_PASSWORD__@db",
                "has a __…__ that was not filled in",
            ),
            ("#{DbPassword}#", "has a #{…} that was not filled in"),
            ("$(DB_PASSWORD)", "has a $(…) that was not filled in"),
            (
                "<no value>",
                "is what a template leaves where it has no text",
            ),
            (
                "a <nil> b",
                "is what a template leaves where it has no text",
            ),
            (
                "[map[a:b]]",
                "is what a template leaves where it has no text",
            ),
            ("map[a:b]", "is what a template leaves where it has no text"),
            (
                "%!s(<nil>)",
                "is what a template leaves where it has no text",
            ),
            (
                "%!d(string=7)",
                "has a %!…(…), which a template leaves of a value of another type",
            ),
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
    fn says_how_a_number_stays_whole() {
        for value in [&b"1.486e+18"[..], b"1e+06", b"1.2345678e+07"] {
            assert_eq!(
                lines(&secret("Opaque", &[("app_id", value)]), &json!({})),
                [
                    "warning: secret-data: data[\"app_id\"]: is a number with an exponent (e+…), which a template makes of \
                     a large number; fix: quote the number where the template gets it, or print it with int64 \
                     [placeholder]"
                ]
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
            "changeme2",
            // Of the trust stores of Java, and of whatever makes them.
            "changeit",
            "$HOME",
            "$(a",
            "$(cat file)",
            "#{}#",
            "__main__",
            "a__B",
            "xx",
            "@ABC",
            "@ABC@",
            "%A1B2%",
            "**",
            "yourself",
            "1e5",
            "12e+07",
            "1.5e+7",
            "1.5e+x7",
            "map[",
            "100%!",
            "https://api.example.com/todo",
            "https://todo.example.com/?q=todo",
            "https://jane@example.com/changeme",
            "postgres://shop:S3cr3t@db/shop",
            "line one ${A}\nline two",
        ] {
            assert_eq!(rules("password", value.as_bytes()), [""; 0], "{value}");
        }
        assert_eq!(rules("nginx.conf", b"listen ${PORT}"), [""; 0]);
    }
}
