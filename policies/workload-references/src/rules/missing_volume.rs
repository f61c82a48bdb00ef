//! A mount of a volume that is not there.

use shared::message::MAX_LISTED;
use shared::similar::nearest;
use shared::{Level, Rule, Verdict, quote, rule};

use super::note;
use crate::pod::Pod;

pub(crate) static RULE: Rule = rule! {
    id: "missing_volume",
    summary: "A container mounts a volume that is neither in `volumes` nor in `volumeClaimTemplates`",
    why: "The API server refuses the object, and of a StatefulSet that it took before, each pod",
    fix: "add it to volumes, or mount one that is there",
    levels: [Deny],
};

/// Refuses each. The controllers of other projects may add volumes.
///
/// Source: `ValidateVolumeMounts` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(pod: &Pod<'_>, verdict: &mut Verdict) {
    // Of what is added to a running pod, the volumes are not read.
    if !pod.workload.is_whole || pod.workload.debugged.is_some() {
        return;
    }
    let mut missing = pod.mounts();
    missing.retain(|mount| pod.volume(mount.volume).is_none() && pod.claim(mount.volume).is_none());
    let names = [pod.by_name.all(), pod.claims_by_name.all()].concat();
    for (count, mount) in missing.iter().enumerate() {
        // It takes long to look for what each of very many was meant to be.
        let names = if count < MAX_LISTED {
            names.as_slice()
        } else {
            &[]
        };
        let fix = match nearest(mount.volume, &mut names.iter().copied()) {
            Some(meant) => format!("write {}, or add it to volumes", quote(meant)),
            None => String::new(),
        };
        let what = format!("the pod has no volume {}", quote(mount.volume));
        let consequence = format!(", which container {} mounts", quote(mount.container));
        let place = mount.place.field("name");
        note(
            &RULE,
            Level::Deny,
            &place,
            &what,
            &consequence,
            &fix,
            &[],
            verdict,
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, lines_of, of_kind, with_rollouts};

    #[test]
    fn every_mount_has_a_volume() {
        let spec = json!({
            "containers": [
                {"name": "app", "volumeMounts": [{"name": "kubeconfig"}, {"name": "ssl"}]},
                {"name": "b", "volumeDevices": [{"name": "SSL"}]},
            ],
            "initContainers": [{"name": "c", "volumeMounts": [{"name": "ssl-"}]}],
            "volumes": [{"name": "ssl", "emptyDir": {}}],
        });
        let line = |place: &str, name: &str, container: &str, fix: &str| {
            format!(
                "spec.template.spec.{place}[0].name: the pod has no volume \"{name}\", which container \"{container}\" \
                 mounts; fix: \
                 {fix} [missing_volume]"
            )
        };
        let meant = "write \"ssl\", or add it to volumes";
        assert_eq!(
            lines(&spec, &[], &json!({})),
            [
                line(
                    "containers[0].volumeMounts",
                    "kubeconfig",
                    "app",
                    "add it to volumes, or mount one that is there"
                ),
                line("containers[1].volumeDevices", "SSL", "b", meant),
                line("initContainers[0].volumeMounts", "ssl-", "c", meant),
            ]
        );
    }

    #[test]
    fn a_claim_template_is_a_volume_and_other_projects_add_some() {
        let template =
            json!({"spec": {"containers": [{"name": "app", "volumeMounts": [{"name": "data"}]}]}});
        for (api_version, kind, findings) in [
            ("apps/v1", "StatefulSet", 0),
            // It has no such field.
            ("apps/v1", "Deployment", 1),
            ("argoproj.io/v1alpha1", "Rollout", 0),
        ] {
            let claims = json!([{"metadata": {"name": "data"}}]);
            let object = of_kind(
                api_version,
                kind,
                json!({"template": template, "volumeClaimTemplates": claims}),
            );
            assert_eq!(
                lines_of(&object, &[], &with_rollouts()).len(),
                findings,
                "{kind}"
            );
        }
    }
}
