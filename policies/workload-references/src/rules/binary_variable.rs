//! A value that not every node takes for a variable.

use shared::{Rule, Verdict, rule};

use super::Found;
use super::unusable_variable::report;
use crate::values::{Flaw, Flaws};

pub(crate) static RULE: Rule = rule! {
    id: "binary_variable",
    summary: "A variable of a value in a Secret that is not UTF-8",
    why: "Kubelets 1.34.0 to 1.34.8, 1.35.0 to 1.35.5, 1.36.0 and 1.36.1 do not start the container (string field \
          contains invalid \
          UTF-8), nor do containerd 2.2 before 2.2.7 and 2.3 before 2.3.4",
    fix: "encode it as text, or mount it as a file",
    levels: [Warn by "unfit.binaryVariables"],
};

/// Tells each, without a byte of the value.
///
/// Source: kubernetes/kubernetes#139132.
pub(crate) fn check(found: &Found<'_>, flaws: &Flaws<'_>, verdict: &mut Verdict) {
    let level = found.judging.settings.unfit.binary_variables;
    let problem = "is not UTF-8, which some nodes do not take for a variable";
    let is_told = |flaw: Flaw, _| flaw.is_binary && !flaw.has_nul;
    let starts = "does not start there";
    report(
        &RULE, level, problem, starts, found, flaws, &is_told, verdict,
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn bytes_that_are_no_text_are_told() {
        let db = secret("db", "Opaque", json!({"k": "gIH/", "text": "w7w="}));
        let found = |key: &str| {
            let env =
                json!([{"name": "V", "valueFrom": {"secretKeyRef": {"name": "db", "key": key}}}]);
            lines(
                &json!({"containers": [{"name": "app", "env": env}]}),
                std::slice::from_ref(&db),
                &json!({}),
            )
        };
        assert_eq!(
            found("k"),
            [
                "warning: workload-references: spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key: \
                 Secret \"db\" has a key \"k\" that is not UTF-8, which some nodes do not take for a variable, so \
                 container \"app\" does not start there; fix: encode it as text, or mount it as a file [binary_variable]"
            ]
        );
        assert_eq!(found("text"), [""; 0]);
        let spec = json!({
            "containers": [{"name": "app", "volumeMounts": [{"name": "v"}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "db", "items": [{"key": "k", "path": "k"}]}}],
        });
        assert_eq!(lines(&spec, &[db], &json!({})), [""; 0]);
    }
}
