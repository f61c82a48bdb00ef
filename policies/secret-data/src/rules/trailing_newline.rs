//! A line break behind a value of one line.

use shared::{Level, Rule, Verdict, rule};

use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "trailing_newline",
    summary: "A line break at the end of a value of one line that is not a file",
    why: "`echo` adds it and nobody sees it, but it makes a different password",
    fix: "encode without it: printf %s or echo -n, not echo",
    levels: [Warn by "encoding.trailingNewline"],
};

/// Finds it where no file is meant: those end in a line break.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let ends = value.bytes.ends_with(b"\n") || value.bytes.ends_with(b"\r");
    if ends && !value.is_file() && value.line().is_some_and(|line| !line.is_empty()) {
        value.report(&RULE, level, format_args!("ends in a line break"), verdict);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, rules, secret};

    #[test]
    fn finds_it_behind_one_line_that_is_no_file() {
        for (key, value, found) in [
            ("password", &b"hunter2\n"[..], true),
            ("password", b"hunter2\r\n", true),
            ("API_TOKEN", b"x\n", true),
            ("password", b"hunter2", false),
            ("password", b"\n", false),
            ("notes", b"two\nlines\n", false),
            (".netrc", b"machine x\n", false),
            ("app.conf", b"a=1\n", false),
            ("known_hosts", b"host key\n", false),
            ("id_ed25519", b"x\n", false),
            ("auth", b"jane:$apr1$x\n", false),
            ("key", b"ssh-ed25519 AAAA jane\n", false),
            ("config", b"{}\n", false),
        ] {
            assert_eq!(
                rules(key, value),
                if found {
                    &["trailing_newline?"][..]
                } else {
                    &[]
                },
                "{key}"
            );
        }
    }

    #[test]
    fn says_what_to_do() {
        assert_eq!(
            lines(
                &secret("Opaque", &[("password", b"hunter2\n")]),
                &json!({"encoding": {"trailingNewline": "deny"}})
            ),
            [
                "data[\"password\"]: ends in a line break; fix: encode without it: printf %s or echo -n, not echo \
              [trailing_newline]"
            ]
        );
    }
}
