//! A block device that is mounted as files, or files as a block device.

use shared::{Level, Rule, Verdict, quote, rule};

use super::{Judging, note};
use crate::pod::{Mounted, Pod};
use crate::settings::Settings;
use crate::views::Source;

pub(crate) static RULE: Rule = rule! {
    id: "wrong_volume_mode",
    summary: "A claim with `volumeMode: Block` in `volumeMounts`, or one of files in `volumeDevices`; also one of \
              `volumeClaimTemplates` or of an ephemeral volume",
    why: "The kubelet refuses the pods, which stay in ContainerCreating, and the mode of a claim cannot be changed",
    fix: "use volumeDevices with a devicePath, or a claim with volumeMode: Filesystem",
    levels: [Deny by "unfit.volumeModes"],
};

/// Refuses claims that are made for each pod.
///
/// Source: `createVolumeSpec` in `pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go`.
pub(crate) fn check_templates(pod: &Pod<'_>, settings: &Settings, verdict: &mut Verdict) {
    for mount in pod.mounts() {
        let of_volume = || match &pod.volume(mount.volume)?.volume.source {
            Source::Template(template) => Some(template),
            _ => None,
        };
        if let Some(template) = pod.claim(mount.volume).or_else(of_volume) {
            let claim = format!("claim template {}", quote(mount.volume));
            check(&claim, template.is_block, &mount, settings, verdict);
        }
    }
}

/// Refuses claims that are there.
pub(crate) fn check_claims(judging: &Judging<'_>, verdict: &mut Verdict) {
    for mount in judging.pod.mounts() {
        let volume = judging.pod.volume(mount.volume);
        let claim = volume.filter(|volume| matches!(volume.volume.source, Source::Claim(_)));
        let found = claim.and_then(|volume| judging.found(volume.references.start));
        if let Some(found) = found
            && found.there().is_some()
        {
            let is_block = found.text("spec", "volumeMode") == "Block";
            let claim = found.to_string();
            if check(&claim, is_block, &mount, judging.settings, verdict) {
                found.object.is_refused.set(true);
            }
        }
    }
}

/// Reports a claim whose mode is another than that of its mount. Whether that refuses the workload.
fn check(
    claim: &str,
    is_block: bool,
    mount: &Mounted<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) -> bool {
    if is_block == mount.is_device {
        return false;
    }
    let (is, mounts, fix) = if is_block {
        (
            "a block device (volumeMode: Block)",
            "files (volumeMounts)",
            "",
        )
    } else {
        (
            "one of files (volumeMode: Filesystem)",
            "a block device (volumeDevices)",
            "use volumeMounts, or a claim with volumeMode: Block",
        )
    };
    let (level, container) = (settings.unfit.volume_modes, mount.container);
    let what = format!("{claim} is {is}");
    let consequence = format!(
        ", and container {} has it as {mounts}, so the pods stay in ContainerCreating",
        quote(container)
    );
    let place = mount.place.field("name");
    note(
        &RULE,
        level,
        &place,
        &what,
        &consequence,
        fix,
        &[container],
        verdict,
    );
    verdict.capped(level) == Level::Deny
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{claim, lines, lines_of, of_kind};

    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests hand over what `json!` makes"
    )]
    fn mounting(list: &str, volumes: Value) -> Value {
        json!({"containers": [{"name": "app", list: [{"name": "v"}]}], "volumes": volumes})
    }

    const FILES: &str = "is a block device (volumeMode: Block), and container \"app\" has it as files (volumeMounts), \
                         so the pods stay \
                         in ContainerCreating; fix: use volumeDevices with a devicePath, or a claim with volumeMode: \
                         Filesystem \
                         [wrong_volume_mode]";
    const DEVICE: &str = "is one of files (volumeMode: Filesystem), and container \"app\" has it as a block device \
                          (volumeDevices), so \
                          the pods stay in ContainerCreating; fix: use volumeMounts, or a claim with volumeMode: Block \
                          [wrong_volume_mode]";

    #[test]
    fn the_mode_of_a_claim_is_that_of_its_mount() {
        for (mode, list, expected) in [
            (json!("Block"), "volumeMounts", Some(FILES)),
            (json!("Block"), "volumeDevices", None),
            (json!("Filesystem"), "volumeDevices", Some(DEVICE)),
            (json!(null), "volumeDevices", Some(DEVICE)),
            (json!(null), "volumeMounts", None),
        ] {
            let place = format!("spec.template.spec.containers[0].{list}[0].name");
            let line = |what: &str| expected.map(|said| format!("{place}: {what} {said}"));
            let found = |volumes: Value, there: &[Value]| {
                lines(&mounting(list, volumes), there, &json!({}))
            };
            let existing = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
            let data = claim("data", json!({"volumeMode": mode}));
            let expected = line("PersistentVolumeClaim \"data\"")
                .into_iter()
                .collect::<Vec<_>>();
            assert_eq!(found(existing, &[data]), expected);
            let of_template = line("claim template \"v\"").into_iter().collect::<Vec<_>>();
            let spec = json!({"spec": {"volumeMode": mode}});
            let ephemeral = json!([{"name": "v", "ephemeral": {"volumeClaimTemplate": spec}}]);
            assert_eq!(found(ephemeral, &[]), of_template);
            let set = json!({
                "template": {"spec": mounting(list, json!([]))},
                "volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": {"volumeMode": mode}}],
            });
            let found = lines_of(&of_kind("apps/v1", "StatefulSet", set), &[], &json!({}));
            assert_eq!(found, of_template);
        }
    }
}
