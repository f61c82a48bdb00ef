//! A value that is not base64.

use shared::{Rule, Verdict, rule};

use super::{placeholder, unresolved_value};
use crate::base64::{Cause, Malformed};
use crate::settings::Settings;
use crate::value::Value;
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "invalid_base64",
    summary: "A value of `data` that is not base64; tells at which byte, and the likely reason",
    why: "The API server refuses the object and names neither the key nor the reason",
    fix: "encode it, or put it in stringData as it is",
    levels: [Deny by "encoding.invalidBase64"],
};

/// Says where a value stops being base64, and what probably happened.
///
/// The API server decodes before it asks anybody: only manifests that have not been there can have this.
pub(crate) fn check(
    entry: &Entry<'_>,
    malformed: Malformed,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    // Only a Secret has stringData.
    let fix = if entry.field == "binaryData" {
        "encode it, or put it in data as it is"
    } else {
        RULE.fix
    };
    let written = Value::new(entry, entry.written.as_bytes());
    let unresolved = unresolved_value::shape(&written);
    let what =
        unresolved.or_else(|| Some((placeholder::what(written.line?)?, placeholder::RULE.fix)));
    let (likely, fix) = match malformed.cause {
        Cause::PlainText => ("it looks like text that was never encoded", fix),
        Cause::UrlAlphabet => (
            "it has the alphabet of URLs, with - and _",
            "write + for -, and / for _",
        ),
        Cause::MissingPadding(1) => ("an = is missing at its end", "append ="),
        Cause::MissingPadding(_) => ("== is missing at its end", "append =="),
        Cause::Space => (
            "there is white space in it",
            "remove spaces and tabs; line breaks may stay",
        ),
        Cause::Wrapped => (
            "there is base64 in it, and quotes or other characters around that",
            "remove what is around the base64",
        ),
        Cause::Length => (
            "its end was cut off, or there is something behind its end",
            "encode the value again",
        ),
    };
    let level = settings.encoding.invalid_base64;
    let position = malformed.position;
    // To encode it would only hide it.
    let (it, likely, fix) = what.map_or(("", likely, fix), |(what, fix)| ("it ", what, fix));
    let reason = format_args!("is not base64 at byte {position}: {it}{likely}");
    entry.report(&RULE, level, reason, fix, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, raw};

    #[test]
    fn says_where_and_why() {
        for (value, expected) in [
            ("aGVsbG8=", None),
            ("aGVs\nbG8=\n", None),
            (
                "correct horse",
                Some(
                    "byte 7: it looks like text that was never encoded; fix: encode it, or put it in stringData as it is",
                ),
            ),
            (
                "YWI-YWI_IGFuZCBzbyBvbg==",
                Some(
                    "byte 3: it has the alphabet of URLs, with - and _; fix: write + for -, and / for _",
                ),
            ),
            (
                "aGVsbG8gd29ybGQ",
                Some("byte 15: an = is missing at its end; fix: append ="),
            ),
            (
                "aGVsbG8gd29ybGQhIQ",
                Some("byte 18: == is missing at its end; fix: append =="),
            ),
            (
                "aGVs bG8gd29ybGQhIQ==",
                Some(
                    "byte 4: there is white space in it; fix: remove spaces and tabs; line breaks may stay",
                ),
            ),
            (
                "\"aGVsbG8gd29ybGQhIQ==\"",
                Some(
                    "byte 0: there is base64 in it, and quotes or other characters around that; fix: remove what is around the base64",
                ),
            ),
            (
                "aGVsbG8gd29ybGQhI",
                Some(
                    "byte 17: its end was cut off, or there is something behind its end; fix: encode the value again",
                ),
            ),
        ] {
            let expected = expected
                .map(|text| format!("data[\"k\"]: is not base64 at {text} [invalid_base64]"));
            let found = lines(&raw("Opaque", &json!({"data": {"k": value}})), &json!({}));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{value}");
        }
    }

    #[test]
    fn values_in_clear_text_need_no_encoding() {
        let object = raw("Opaque", &json!({"stringData": {"k": "correct horse"}}));
        assert_eq!(lines(&object, &json!({})), [""; 0]);
    }

    #[test]
    fn knows_that_a_config_map_has_no_string_data() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"},
            "binaryData": {"k": "correct horse"},
        });
        assert_eq!(
            lines(&object, &json!({})),
            [
                "binaryData[\"k\"]: is not base64 at byte 7: it looks like text that was never encoded; fix: encode it, or \
                 put it in data as it is [invalid_base64]"
            ]
        );
    }

    #[test]
    fn is_as_serious_as_the_settings_say() {
        let object = raw("Opaque", &json!({"data": {"k": "not base64"}}));
        let found = |level: &str| lines(&object, &json!({"encoding": {"invalidBase64": level}}));
        assert_eq!(found("off"), [""; 0]);
        assert!(found("warn")[0].starts_with("warning: "));
    }
}
