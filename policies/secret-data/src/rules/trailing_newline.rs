//! A line break behind a value of one line.

use shared::{Level, Rule, Verdict, rule};

use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "trailing_newline",
    summary: "A line break at the end of a value of one line that is not a file",
    why: "`echo` adds it and is not seen, but it makes a different password",
    fix: "encode without it: printf %s or echo -n, not echo",
    levels: [Warn by "encoding.trailingNewline"],
};

/// Finds it where no file is meant: those end in a line break.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let Some((_, after)) = value.around() else {
        return;
    };
    let breaks = after.bytes().filter(|byte| matches!(byte, b'\n' | b'\r'));
    let reason = match breaks.count() {
        0 => return,
        1 if after.len() == 1 => "ends in a line break",
        2 if after == "\r\n" => "ends in a line break",
        count if count == after.len() => "ends in more than one line break",
        _ => "ends in a line break and other white space",
    };
    let fix = if value.entry.is_encoded {
        RULE.fix
    } else {
        "leave it out: write |- in place of |, or quote the value"
    };
    value.entry.tell(&RULE, level, reason, fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, raw, rules, secret};

    #[test]
    fn says_how_many_there_are() {
        for (end, reason) in [
            ("\n", "a line break"),
            ("\r\n", "a line break"),
            ("\n\n", "more than one line break"),
            ("\r\n\r\n", "more than one line break"),
            ("\n ", "a line break and other white space"),
            ("\u{a0}\n", "a line break and other white space"),
        ] {
            let found = lines(
                &secret("Opaque", &[("k", format!("hunter2{end}").as_bytes())]),
                &json!({}),
            );
            let start = format!("warning: secret-data: data[\"k\"]: ends in {reason}; fix: ");
            assert!(found[0].starts_with(&start), "{end:?}: {found:?}");
        }
    }

    #[test]
    fn finds_it_behind_one_line_that_is_no_file() {
        for (key, value, found) in [
            ("password", &b"hunter2\n"[..], true),
            ("password", b"hunter2\r\n", true),
            ("API_TOKEN", b"x\n", true),
            ("password", b"hunter2", false),
            ("password", b"\n", false),
            ("notes", b"two\nlines\n", false),
            ("password", b"hunter2\n\n", true),
            ("password", b"hunter2\r\n\r\n", true),
            ("password", b"hunter2\r", true),
            (".netrc", b"machine x\n", false),
            ("app.conf", b"a=1\n", false),
            ("known_hosts", b"host key\n", false),
            ("ssh_known_hosts", b"host key\n", false),
            ("cloud", b"AZURE_CLOUD_NAME=AzurePublicCloud\n", false),
            ("values", b"replicas: 2\n", false),
            ("netrc", b"machine x\n", false),
            ("passwd", b"jane:x:1000\n", false),
            ("pgpass", b"db:5432:shop:jane:x\n", false),
            ("aws-credentials", b"x\n", false),
            ("rcloneConfig", b"x\n", false),
            ("profile", b"x\n", false),
            ("id_ed25519_sk", b"x\n", false),
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
                "{key} {value:?}"
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
        let clear = raw("Opaque", &json!({"stringData": {"password": "hunter2\n"}}));
        assert_eq!(
            lines(&clear, &json!({})),
            [
                "warning: secret-data: stringData[\"password\"]: ends in a line break; fix: leave it out: write |- in \
                 place of |, or quote the value [trailing_newline]"
            ]
        );
    }
}
