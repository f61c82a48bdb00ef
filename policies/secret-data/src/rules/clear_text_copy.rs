//! Values in clear text where everybody who may read metadata can read them.

use shared::{Arena, Field, FieldPath, Finding, Json, Rule, Verdict, rule};

use crate::settings::Settings;
use crate::text::has;
use crate::views::{LAST_APPLIED, Object};

pub(crate) static RULE: Rule = rule! {
    id: "clear_text_copy",
    summary: "A copy of `stringData` in the annotation `kubectl.kubernetes.io/last-applied-configuration`",
    why: "Client-side kubectl apply keeps what it was given: the values stand in clear text in the metadata, in dashboards and in backups of it",
    fix: "use kubectl apply --server-side, and remove the annotation",
    levels: [Warn by "clearTextCopy"],
};

/// Finds the copy.
pub(crate) fn check(object: &Object<'_>, settings: &Settings, verdict: &mut Verdict) {
    // A quick look first: the annotation holds the whole object.
    if object.secret_type.is_none() || !has(object.last_applied, "\"stringData\"") {
        return;
    }
    let arena = Arena::new();
    let Ok(Json::Map(fields)) = Json::parse(object.last_applied, &arena) else {
        return;
    };
    let has_values = |(name, value): &Field<'_>| {
        *name == "stringData" && matches!(value, Json::Map(values) if !values.is_empty())
    };
    if fields.iter().any(has_values) {
        let annotations = FieldPath::new("metadata.annotations");
        let reason = "holds a copy of stringData in clear text";
        verdict.report(
            settings.clear_text_copy,
            Finding::new(&RULE, &annotations.key(LAST_APPLIED), reason),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn finds_the_copy() {
        let found = |copy: &str| {
            let mut object = secret("Opaque", &[("k", b"x")]);
            object["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/last-applied-configuration": copy});
            lines(&object, &json!({}))
        };
        assert_eq!(
            found(r#"{"kind":"Secret","stringData":{"k":"x"}}"#),
            [
                "warning: secret-data: metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]: holds a \
              copy of stringData in clear text; fix: use kubectl apply --server-side, and remove the annotation \
              [clear_text_copy]"
            ]
        );
        for harmless in [
            r#"{"data":{"k":"eA=="}}"#,
            r#"{"stringData":{}}"#,
            r#"{"stringData":null}"#,
            r#"{"metadata":{"labels":{"stringData":"x"}}}"#,
            r#"{"stringData""#,
            "",
        ] {
            assert_eq!(found(harmless), [""; 0], "{harmless}");
        }
    }
}
