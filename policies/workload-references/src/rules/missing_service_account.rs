//! An account that is not there.

use shared::{Rule, Verdict, rule};

use super::{Found, NO_POD};

pub(crate) static RULE: Rule = rule! {
    id: "missing_service_account",
    summary: "A ServiceAccount that is not there",
    why: "The API server refuses the pods, and only the events of their controller say so (FailedCreate)",
    fix: "create it, or leave serviceAccountName out",
    levels: [Warn by "missing.serviceAccounts"],
};

/// Tells it. A Pod of a user does not get here: the API server refuses it before.
///
/// Source: `Admit` in `plugin/pkg/admission/serviceaccount/admission.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    found.tell_missing(&RULE, NO_POD, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::lines;

    #[test]
    fn tells_what_is_missing() {
        let found = |spec: Value| {
            let there = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "there", "namespace": "shop"}});
            lines(&spec, &[there], &json!({}))
        };
        let line = "warning: workload-references: spec.template.spec.serviceAccountName: ServiceAccount \"robot\" is \
                    not there \
                    (yet); without it no pod is made (FailedCreate); fix: create it, or leave serviceAccountName out \
                    [missing_service_account]";
        for (spec, expected) in [
            (json!({"serviceAccountName": "robot"}), &[line][..]),
            (json!({"serviceAccount": "robot"}), &[line]),
            (
                json!({"serviceAccountName": "there", "serviceAccount": "robot"}),
                &[],
            ),
            (json!({"serviceAccountName": "default"}), &[]),
            (json!({"serviceAccountName": ""}), &[]),
            (json!({}), &[]),
        ] {
            assert_eq!(found(spec.clone()), expected, "{spec}");
        }
    }
}
