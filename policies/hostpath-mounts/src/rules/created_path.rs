//! A type that creates what is missing.

use shared::settings::has_name;
use shared::{Finding, Rule, Verdict, rule};

use crate::ruling::Scope;
use crate::settings::Settings;
use crate::volume::HostVolume;

pub(crate) static RULE: Rule = rule! {
    id: "created_path",
    summary: "`type: DirectoryOrCreate` or `FileOrCreate`",
    why: "The kubelet makes the directory or file as root, on every node where such a pod is placed, and does not remove \
          it",
    fix: "use an emptyDir, or type Directory or File for what exists",
    levels: [Warn by "createdPaths"],
};

/// Reports a type that creates what is missing, unless the entry of `allowed` lists it.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    scope: &Scope<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    if let Some(kind @ ("DirectoryOrCreate" | "FileOrCreate")) = volume.kind {
        let entry = scope.allowed();
        if entry.is_some_and(|entry| has_name(&entry.types, kind)) {
            return;
        }
        let reason = format!(
            "type {kind} makes {} as root on every node that lacks it",
            volume.quoted()
        );
        let finding = Finding::new(&RULE, &volume.kind_field(), reason)
            .known_as(format!("{kind} {}", volume.identity()));
        verdict.report(settings.created_paths, finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::lines;

    #[test]
    fn warns_of_types_that_create() {
        let mount = json!({"readOnly": true});
        for kind in ["DirectoryOrCreate", "FileOrCreate"] {
            let data = json!({"path": "/data", "type": kind});
            assert_eq!(
                lines(&data, &mount, &json!({})),
                [format!(
                    "warning: hostpath-mounts: spec.volumes[0].hostPath.type: type {kind} makes \"/data\" as root on \
                     every node that lacks it; fix: use an emptyDir, or type Directory or File for \
                     what exists [created_path]"
                )]
            );
            assert_eq!(
                lines(&data, &mount, &json!({"createdPaths": "off"})),
                [""; 0]
            );
        }
        for (types, found) in [
            (json!(["DirectoryOrCreate", "Directory"]), &[][..]),
            (
                json!([]),
                &[
                    "warning: hostpath-mounts: spec.volumes[0].hostPath.type: type DirectoryOrCreate makes \"/data/x\" as \
                     root on every node that lacks it; fix: use an emptyDir, or type Directory or File for what exists \
                     [created_path]",
                ],
            ),
        ] {
            let data = json!({"path": "/data/x", "type": "DirectoryOrCreate"});
            let settings = json!({"allowed": [{"path": "/data", "types": types}]});
            assert_eq!(lines(&data, &mount, &settings), found, "{types}");
        }
        assert_eq!(
            lines(
                &json!({"path": "/data", "type": "Directory"}),
                &mount,
                &json!({})
            ),
            [""; 0]
        );
    }
}
