//! A value that was encoded twice.

use shared::{Level, Rule, Verdict, rule};

use crate::base64::{self, is_of_alphabet};
use crate::text::has;
use crate::value::Value;

pub(crate) static RULE: Rule = rule! {
    id: "double_base64",
    summary: "A value that is still base64 of text, PEM or JSON when it is decoded",
    why: "The container reads base64 where it wants the text: Kubernetes decodes data once",
    fix: "encode the value once in data, or put it in stringData as it is",
    levels: [Warn by "encoding.doubleBase64"],
};

/// Keys whose values have to be base64. Source: the Helm chart of 1Password Connect.
const MEANT_TO_BE: &[&str] = &["1password-credentials.json"];

/// Finds values that are base64 of content. Keys, digests and tokens in base64 decode to bytes that are no text.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    let key = value.entry.key.to_ascii_lowercase();
    // Airflow's chart makes its Fernet key of letters.
    let says_so = has(&key, "base64") || has(&key, "b64") || has(&key, "fernet");
    if says_so || MEANT_TO_BE.contains(&key.as_str()) {
        return;
    }
    let Some(what) = value.text.and_then(decodes_to) else {
        return;
    };
    let (reason, fix) = if value.entry.is_encoded {
        (
            format!("decodes to base64 of {what}: it was encoded twice"),
            RULE.fix,
        )
    } else {
        (
            format!("is base64 of {what}, and stringData is not decoded"),
            "write what it decodes to, or put it in data as it is",
        )
    };
    // What is stored has data alone.
    let finding = value.entry.finding(&RULE, reason).known_as(what);
    verdict.report(level, finding.fix(fix));
}

/// What a text is base64 of; none when it is no base64, or of bytes without a meaning.
fn decodes_to(text: &str) -> Option<&'static str> {
    let text = text.trim_ascii();
    if text.len() < 16 || !is_base64(text) {
        return None;
    }
    let mut decoded = Vec::new();
    base64::decode(text, &mut decoded).ok()?;
    let content = std::str::from_utf8(&decoded).ok()?;
    if content.starts_with("-----BEGIN ") {
        return Some("PEM");
    }
    if content.starts_with("{\"") || content.starts_with("[\"") || content.starts_with("[{") {
        return Some("JSON");
    }
    // A password of 16 letters is base64 of text once in 10⁵ times, and of words hardly ever.
    if content.len() < 18 && !content.bytes().all(is_of_words) {
        return None;
    }
    let is_of_text =
        |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    (content.chars().all(is_of_text)
        && content
            .bytes()
            .any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()))
    .then_some("text")
}

/// Whether a byte is one of those that words and most passwords are made of.
fn is_of_words(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" -_.!:/@#\n".contains(&byte)
}

/// Whether all of a text is base64 as an encoder writes it: in one line, or in lines of one length.
fn is_base64(text: &str) -> bool {
    let width = text.split('\n').next().map_or(0, str::len);
    text.split('\n').all(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let body = line.strip_suffix('=').unwrap_or(line);
        let body = body.strip_suffix('=').unwrap_or(body);
        line.len() <= width && body.bytes().all(is_of_alphabet)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::Review;

    use crate::SecretData;
    use crate::testing::{lines, raw, rules, secret};

    #[test]
    fn says_what_was_encoded_twice() {
        for (value, what) in [
            ("c2VjcmV0LXBhc3N3b3Jk", "text"),
            ("c2VjcmV0LXBhc3N3b3Jk\n", "text"),
            ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", "PEM"),
            ("eyJhIjoiYiIsImMiOiJkIn0=", "JSON"),
            ("7JWI64WV7ZWY7IS47JqU7IS46rOE", "text"),
            ("c2VjcmV0IGhlcmUh", "text"),
            ("WyJhIiwiYiIsImMiXQ==", "JSON"),
            ("W3siYSI6ImJjZCJ9XQ==", "JSON"),
        ] {
            assert_eq!(
                lines(
                    &secret("Opaque", &[("password", value.trim_end().as_bytes())]),
                    &json!({})
                ),
                [format!(
                    "warning: secret-data: data[\"password\"]: decodes to base64 of {what}: it was encoded twice; fix: encode the value once in data, or put it in stringData as it is [double_base64]"
                )],
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_not_decoded_was_encoded_once() {
        let password = "c2VjcmV0LXBhc3N3b3Jk";
        let clear = raw("Opaque", &json!({"stringData": {"password": password}}));
        let line = "stringData[\"password\"]: is base64 of text, and stringData is not decoded; fix: write what it \
                    decodes to, or put it in data as it is [double_base64]";
        let deny = json!({"encoding": {"doubleBase64": "deny"}});
        assert_eq!(lines(&clear, &deny), [line]);
        // Applying it once more changes nothing.
        let stored = secret("Opaque", &[("password", password.as_bytes())]);
        let again = Review::update(&stored, &clear).with(deny);
        assert_eq!(
            again.lines::<SecretData>(),
            [format!("warning: secret-data: {line}")]
        );
    }

    #[test]
    fn does_not_take_keys_digests_and_words_for_it() {
        for value in [
            "password",
            "username1234",
            "correcthorsebatterystaple",
            "deadbeefdeadbeef",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "123e4567-e89b-12d3-a456-426614174000",
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
            // A key of Fernet, one of WireGuard, one of an Azure account.
            "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
            "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=",
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
            "c2hvcnQ=",
            // Passwords of 16 characters, which are base64 of `i^(?+,i^(?+,` and of `kφkφkφkφ` by chance.
            "aV4oPyssaV4oPyss",
            "a8+Ga8+Ga8+Ga8+G",
            "MTIzNDU2Nzg5MDEyMzQ1",
            // No encoder makes the second line the longer one.
            "c2VjcmV0\nLXBhc3N3b3Jk",
        ] {
            assert_eq!(rules("password", value.as_bytes()), [""; 0], "{value}");
        }
    }

    #[test]
    fn keys_may_say_that_it_is_meant() {
        let value = b"eyJhIjoiYiIsImMiOiJkIn0=";
        for key in [
            "GOOGLE_CREDENTIALS_BASE64",
            "cert.b64",
            "1password-credentials.json",
        ] {
            let found = rules(key, value);
            assert!(
                !found.iter().any(|rule| rule.starts_with("double")),
                "{key}: {found:?}"
            );
        }
        assert_eq!(rules("credentials", value), ["double_base64?"]);
    }

    #[test]
    fn reads_wrapped_and_large_values() {
        let wrapped = b"LS0tLS1CRUdJTiBDRVJU\nSUZJQ0FURS0tLS0tCg==\n";
        assert_eq!(rules("k", wrapped), ["double_base64?"]);
        let large = "7JWI64WV".repeat(4000);
        assert_eq!(rules("k", large.as_bytes()), ["double_base64?"]);
        let large = format!("{}\n", "7JWI".repeat(19)).repeat(60);
        assert_eq!(rules("k", large.as_bytes()), ["double_base64?"]);
        let broken = format!("{large}!");
        assert_eq!(rules("k", broken.as_bytes()), [""; 0]);
    }
}
