//! Text that was not encoded, and that is base64 by chance.

use shared::{Level, Rule, Verdict, rule};

use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "unencoded_text",
    summary: "Hexadecimal digits or lower case letters that were never encoded, happen to be valid base64, and decode to junk",
    why: "The container receives the junk that the text decodes to: a password of 32 hexadecimal digits becomes 24 other bytes",
    fix: "put it in stringData as it is, or encode it",
    levels: [Deny by "encoding.unencodedText"],
};

/// Finds values that decode to what is no text, and are themselves written in the letters that people use.
///
/// 12 random bytes, which are a small key, are written in hexadecimal digits alone once in 10⁷ times; 15 in lower case
/// letters and digits alone once in 10⁵ times.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    if !value.entry.is_encoded || value.text.is_some() {
        return;
    }
    let written = value.entry.written.trim_ascii_end();
    let all = |of: fn(&u8) -> bool| written.as_bytes().iter().all(of);
    let what = if written.len() >= 16 && all(u8::is_ascii_hexdigit) {
        "hexadecimal digits"
    } else if written.len() >= 20 && all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        "lower case letters and digits"
    } else {
        return;
    };
    let reason = format_args!(
        "contains only {what} and does not decode to text: it looks like text that was never encoded"
    );
    value.report(&RULE, level, reason, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, raw};

    #[test]
    fn finds_text_that_was_decoded_into_junk() {
        for (written, what) in [
            (
                "0123456789abcdef0123456789abcdef",
                Some("hexadecimal digits"),
            ),
            ("0123456789ABCDEF", Some("hexadecimal digits")),
            ("deadbeefdeadbeef", Some("hexadecimal digits")),
            (
                "correcthorsebatterystaple123",
                Some("lower case letters and digits"),
            ),
            ("deadbeef", None),
            ("password", None),
            ("Zm9vYmFyYmF6cXV4", None),
            ("3q2+7wABAgMEBQYHCAkKCw==", None),
            // It decodes to text, so it was encoded.
            ("a210a211a212a213", None),
        ] {
            let expected = what.map(|what| {
                format!(
                    "data[\"k\"]: contains only {what} and does not decode to text: it looks like text that was never \
                     encoded; fix: put it in stringData as it is, or encode it [unencoded_text]"
                )
            });
            let found = lines(&raw("Opaque", &json!({"data": {"k": written}})), &json!({}));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{written}");
        }
        let clear = raw("Opaque", &json!({"stringData": {"k": "deadbeefdeadbeef"}}));
        assert_eq!(lines(&clear, &json!({})), [""; 0]);
    }
}
