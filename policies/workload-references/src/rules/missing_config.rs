//! A `ConfigMap` or Secret that is not there.

use shared::{Rule, Verdict, rule};

use super::{Found, Said, effect};
use crate::reference::{Target, Use};

pub(crate) static RULE: Rule = rule! {
    id: "missing_config",
    summary: "A ConfigMap or Secret that variables, mounted volumes or drivers of volumes need, and that is not there",
    why: "The containers do not start until it is (CreateContainerConfigError, FailedMount). Whatever makes it may \
          come later, so \
          it is told and not refused",
    fix: "create it, or write optional: true if the pods can do without it",
    levels: [Warn by "missing.configMaps", Warn by "missing.secrets" for "a Secret"],
};

/// Tells it.
///
/// Source: `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`, `SetUpAt` in
/// `pkg/volume/configmap/configmap.go` and
/// `pkg/volume/secret/secret.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    // Mounting a volume of this very pod makes it.
    if found.object.target == Target::Secret && found.judging.pod.makes_secrets {
        return;
    }
    let missed = found.missed();
    let Some(first) = missed.first() else { return };
    let said = Said {
        level: found.judging.settings.missing(found.object.target),
        fix: match first.used {
            Use::Credentials => "create it",
            _ => "",
        },
        ..Said::new(
            &RULE,
            "is not there (yet)".to_owned(),
            format!("; without it {}", effect(first, "does not start")),
        )
    };
    found.tell(&said, &missed, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, places_in};

    const FIX: &str =
        "fix: create it, or write optional: true if the pods can do without it [missing_config]";

    #[test]
    fn says_once_what_is_missing_and_how_often() {
        let variable = |name: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "db", "key": name}}});
        let spec = json!({"containers": [{"name": "app", "env": [variable("a"), variable("b"), variable("c")]}]});
        assert_eq!(
            lines(&spec, &[], &json!({})),
            [format!(
                "warning: workload-references: spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name: Secret \
                 \"db\" is not there (yet); without it container \"app\" does not start (CreateContainerConfigError) \
                 (and 2 more); {FIX}"
            )]
        );
    }

    #[test]
    fn what_pods_can_do_without_is_not_looked_for() {
        let config = |optional: bool| json!({"name": "web", "optional": optional});
        for (optional, expected) in [
            (true, &[][..]),
            (
                false,
                &[
                    "warning: spec.template.spec.containers[0].envFrom[0].configMapRef.name [missing_config]",
                ],
            ),
        ] {
            let spec = json!({
                "containers": [{
                    "name": "app", "envFrom": [{"configMapRef": config(optional)}], "volumeMounts": [{"name": "v"}],
                }],
                "volumes": [{"name": "v", "configMap": config(optional)}],
            });
            assert_eq!(places_in(&spec, &[], &json!({})), expected);
        }
    }

    #[test]
    fn volumes_count_where_they_are_mounted() {
        for (source, place) in [
            (json!({"configMap": {"name": "web"}}), "configMap.name"),
            (
                json!({"secret": {"secretName": "web"}}),
                "secret.secretName",
            ),
            (
                json!({"projected": {"sources": [{"secret": {"name": "web"}}]}}),
                "projected.sources[0].secret.name",
            ),
            (
                json!({"csi": {"driver": "x", "nodePublishSecretRef": {"name": "web"}}}),
                "csi.nodePublishSecretRef.name",
            ),
            (
                json!({"azureFile": {"secretName": "web", "shareName": "s"}}),
                "azureFile.secretName",
            ),
            (
                json!({"iscsi": {"secretRef": {"name": "web"}}}),
                "iscsi.secretRef.name",
            ),
        ] {
            for (mounted, findings) in [("v", 1), ("w", 0)] {
                let mut volume = source.clone();
                volume["name"] = json!("v");
                let spec = json!({
                    "containers": [{"name": "app", "volumeMounts": [{"name": mounted}]}],
                    "volumes": [volume, {"name": "w"}],
                });
                let found = places_in(&spec, &[], &json!({}));
                let place =
                    format!("warning: spec.template.spec.volumes[0].{place} [missing_config]");
                assert_eq!(found, vec![place; findings], "{mounted}");
            }
        }
    }

    #[test]
    fn a_driver_may_make_the_secrets_of_the_pod_that_mounts_its_volume() {
        let reference =
            |kind: &str| json!({"name": "a", "valueFrom": {kind: {"name": "synced", "key": "a"}}});
        let spec = |driver: &str, mounted: &str| {
            json!({
                "containers": [{
                    "name": "app", "env": [reference("secretKeyRef"), reference("configMapKeyRef")],
                    "volumeMounts": [{"name": mounted}],
                }],
                "volumes": [{"name": "v", "csi": {"driver": driver}}, {"name": "w"}],
            })
        };
        for (driver, mounted, findings) in [
            ("secrets-store.csi.k8s.io", "v", 1),
            ("secrets-store.csi.k8s.io", "w", 2),
            ("example.com", "v", 2),
        ] {
            let found = places_in(&spec(driver, mounted), &[], &json!({}));
            assert_eq!(found.len(), findings, "{driver} {mounted}: {found:?}");
        }
    }

    #[test]
    fn what_is_expected_is_not_missed() {
        let spec = |name: &str| json!({"containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": name}}]}]});
        for (name, expected, findings) in [
            ("kube-root-ca.crt", json!([]), 0),
            ("web", json!([]), 1),
            ("web", json!(["web"]), 0),
            ("web", json!(["w*b"]), 0),
            ("web", json!(["*"]), 0),
            ("web", json!(["we", "web-*", "*-web", "web*b"]), 1),
        ] {
            let found = lines(&spec(name), &[], &json!({"expected": expected}));
            assert_eq!(found.len(), findings, "{name} {expected}");
        }
    }
}
