//! The line ends of Windows where others are wanted.

use shared::{Level, Rule, Verdict, rule};

use crate::text::has;
use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "carriage_return",
    summary: "Line ends of Windows (CR LF) in PEM, a script or an env file",
    why: "Shells, env files and some parsers of keys read the carriage return as part of the line",
    fix: "convert the file: dos2unix, or save it with LF",
    levels: [Warn by "encoding.carriageReturn"],
};

/// Finds them where they do harm. Configuration for Windows containers may have them.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let Some(text) = value.text else {
        return;
    };
    let key = value.entry.key;
    let suffers = text.starts_with("#!")
        || key == "env"
        || [".env", ".sh"].iter().any(|end| key.ends_with(end))
        || has(text, "-----BEGIN ");
    if suffers && has(text, "\r\n") {
        let reason = "has line ends of Windows (CR LF)";
        value.tell(&RULE, level, reason, verdict);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::rules;

    #[test]
    fn finds_them_where_they_do_harm() {
        let pem = b"-----BEGIN X-----\r\nAQID\r\n-----END X-----\r\n";
        for (key, value, found) in [
            ("ca.pem", &pem[..], true),
            ("app.env", b"A=1\r\nB=2\r\n", true),
            ("run", b"#!/bin/sh\r\ntrue\r\n", true),
            ("web.config", b"a\r\nb\r\n", false),
            ("app.env", b"A=1\nB=2\n", false),
        ] {
            assert_eq!(
                rules(key, value),
                if found {
                    &["carriage_return?"][..]
                } else {
                    &[]
                },
                "{key}"
            );
        }
    }
}
