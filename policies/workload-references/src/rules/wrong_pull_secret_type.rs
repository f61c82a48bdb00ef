//! A Secret to pull images with that the kubelet does not take.

use shared::{Rule, Verdict, quote, rule};

use super::{Found, Said};

pub(crate) static RULE: Rule = rule! {
    id: "wrong_pull_secret_type",
    summary: "A Secret of `imagePullSecrets` that is no docker config by its type",
    why: "The kubelet skips it without a word, and the image is pulled without credentials (ErrImagePull)",
    fix: "delete it and create it with kubectl create secret docker-registry: its type cannot be changed",
    levels: [Deny by "unfit.pullSecrets"],
};

/// The types that the kubelet takes.
const TYPES: &[&str] = &["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// Refuses it.
///
/// Source: `MakeDockerKeyring` in `pkg/credentialprovider/secrets/secrets.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    let kind = found.there().map(|secret| secret.text("type"));
    let Some(Ok(kind)) = kind else { return };
    if TYPES.contains(&kind) {
        return;
    }
    // `SetDefaults_Secret` in `pkg/apis/core/v1/defaults.go`.
    let kind = if kind.is_empty() { "Opaque" } else { kind };
    let said = Said {
        level: found.judging.settings.unfit.pull_secrets,
        ..Said::new(
            &RULE,
            format!("is of type {}", quote(kind)),
            ", so the kubelet skips it without a word (ErrImagePull)".to_owned(),
        )
    };
    found.tell(&said, &found.references(), verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn only_docker_configs_are_taken() {
        let spec = json!({"imagePullSecrets": [{"name": "reg"}, {"name": "reg"}]});
        for (kind, expected) in [
            ("kubernetes.io/dockerconfigjson", ""),
            ("kubernetes.io/dockercfg", ""),
            ("Opaque", "Opaque"),
            ("", "Opaque"),
            ("kubernetes.io/basic-auth", "kubernetes.io/basic-auth"),
        ] {
            let reg = secret("reg", kind, json!({".dockerconfigjson": "e30="}));
            let found = lines(&spec, &[reg], &json!({}));
            if expected.is_empty() {
                assert_eq!(found, [""; 0], "{kind}");
                continue;
            }
            assert_eq!(
                found,
                [format!(
                    "spec.template.spec.imagePullSecrets[0].name: Secret \"reg\" is of type \"{expected}\", so the \
                     kubelet skips it \
                     without a word (ErrImagePull) (and 1 more); fix: delete it and create it with kubectl \
                     create secret \
                     docker-registry: its type cannot be changed [wrong_pull_secret_type]"
                )]
            );
        }
    }
}
