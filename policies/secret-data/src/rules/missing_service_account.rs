//! A token for no service account.

use shared::{FieldPath, Rule, Verdict, rule};

use super::SERVICE_ACCOUNT_TOKEN;
use crate::views::Object;

pub(crate) static RULE: Rule = rule! {
    id: "missing_service_account",
    summary: "A service account token that does not name its service account",
    why: "The API server refuses the Secret",
    fix: "add the annotation, or ask for a token that expires: kubectl create token",
    levels: [Deny],
};

/// Refuses what the API server refuses.
///
/// Source: `ValidateSecret` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(object: &Object<'_>, verdict: &mut Verdict) {
    if object.secret_type == Some(SERVICE_ACCOUNT_TOKEN) && object.service_account.is_empty() {
        let annotations = FieldPath::new("metadata.annotations");
        verdict.deny(
            &RULE,
            &annotations.key("kubernetes.io/service-account.name"),
            "is missing, and this type of Secret needs it",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn refuses_a_token_for_nobody() {
        let mut token = secret("kubernetes.io/service-account-token", &[]);
        assert_eq!(
            lines(&token, &json!({})),
            [
                "metadata.annotations[\"kubernetes.io/service-account.name\"]: is missing, and this type of Secret needs \
              it; fix: add the annotation, or ask for a token that expires: kubectl create token \
              [missing_service_account]"
            ]
        );
        token["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "robot"});
        assert_eq!(lines(&token, &json!({})), [""; 0]);
    }
}
