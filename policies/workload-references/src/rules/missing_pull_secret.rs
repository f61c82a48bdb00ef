//! A Secret to pull images with that is not there.

use shared::{Rule, Verdict, rule};

use super::Found;

pub(crate) static RULE: Rule = rule! {
    id: "missing_pull_secret",
    summary: "A Secret of `imagePullSecrets` that is not there",
    why: "The kubelet pulls without it (FailedToRetrieveImagePullSecret), which the registry may not let it (ErrImagePull)",
    fix: "create it with kubectl create secret docker-registry, or leave it out",
    levels: [Warn by "missing.pullSecrets"],
};

/// Tells it.
///
/// Source: `getPullSecretsForPod` in `pkg/kubelet/kubelet_pods.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    if !found.judging.pod.makes_secrets {
        let effect = "images are pulled without credentials (FailedToRetrieveImagePullSecret, and ErrImagePull where the \
                      registry wants some)";
        found.tell_missing(&RULE, effect, verdict);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn tells_what_is_missing() {
        let spec = |name: &str| json!({"imagePullSecrets": [{"name": name}]});
        let reg = secret("reg", "kubernetes.io/dockerconfigjson", json!({}));
        assert_eq!(
            lines(&spec("reg2"), std::slice::from_ref(&reg), &json!({})),
            [
                "warning: workload-references: spec.template.spec.imagePullSecrets[0].name: Secret \"reg2\" is not \
                 there (yet); \
                 without it images are pulled without credentials (FailedToRetrieveImagePullSecret, and ErrImagePull \
                 where the \
                 registry wants some); fix: create it with kubectl create secret docker-registry, or leave it out \
                 [missing_pull_secret]"
            ]
        );
        assert_eq!(lines(&spec("reg"), &[reg], &json!({})), [""; 0]);
        assert_eq!(lines(&spec(""), &[], &json!({})), [""; 0]);
        assert_eq!(
            lines(&spec("reg"), &[], &json!({"secrets": "off"})),
            [""; 0]
        );
    }
}
