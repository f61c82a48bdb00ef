//! A writable mount of a path that pods may only read.

use shared::{FieldPath, Finding, Level, Rule, Verdict, quote, rule};

use super::reached;
use crate::access::Access;
use crate::ruling::Ruling;
use crate::volume::{HostVolume, OF_PERSISTENT_VOLUME};

pub(crate) static RULE: Rule = rule! {
    id: "writable_read_only_path",
    summary: "A writable mount of a path that may be read, but not written, or of something that holds it",
    why: "Who writes there changes the node: what it runs, what it reads, what other pods reach",
    fix: "set readOnly: true, or have the platform team list the path in `allowed` with readOnly: false",
    levels: [Deny],
};

/// Refuses each mount that is writable where it must not be; `rulings` are those on what the mounts reach. A volume
/// without mounts counts as writable: an ephemeral container may mount it later. So does a `PersistentVolume`. A volume of
/// a custom kind whose mounts stand elsewhere does not: it is judged in the pods.
pub(crate) fn check(
    volume: &HostVolume<'_>,
    ruling: &Ruling<'_>,
    rulings: &[Ruling<'_>],
    verdict: &mut Verdict,
) {
    if volume.mounts.is_empty() {
        let may_stay_so = volume.read_only || volume.identity.has_other_mounts;
        if ruling.access == Access::ReadOnly && !may_stay_so {
            let explained = ruling.explain("it");
            let finding = if volume.is_of_a_pod() {
                let reason = format!(
                    "by no container, so that it may be mounted writable later, and {explained}"
                );
                let path = (volume.quoted(), volume.identity().to_owned());
                is_mounted(&volume.field(), path, &reason)
                    .fix("remove the volume, or mount it with readOnly: true")
            } else {
                let quoted = volume.quoted();
                let reason =
                    format!("{quoted} can be mounted writable through a claim, and {explained}");
                Finding::new(&RULE, &volume.field(), reason)
                    .fix(OF_PERSISTENT_VOLUME)
                    .known_as(volume.identity())
            };
            verdict.report(Level::Deny, finding);
        }
        return;
    }
    let mounts = volume.mounts.iter().zip(rulings);
    for (mount, ruling) in mounts.filter(|(mount, _)| mount.writable) {
        if ruling.access <= Access::ReadOnly {
            let finding = |field: &FieldPath<'_>| {
                let reason = format!(
                    "writable by container {}, and {}",
                    quote(mount.container),
                    ruling.explain("it")
                );
                let mut concerned = mount.parts();
                concerned.push(format!("container {}", mount.container));
                is_mounted(field, reached(mount, volume), &reason).concerning(concerned)
            };
            mount.report_with("readOnly", Level::Deny, verdict, &finding);
        }
    }
}

/// A finding about what is mounted. It is told from others by the path, and by who can write to it: an UPDATE that only
/// takes away the mount is no worse.
fn is_mounted(field: &FieldPath<'_>, (quoted, identity): (String, String), how: &str) -> Finding {
    Finding::new(&RULE, field, format!("{quoted} is mounted {how}")).known_as(identity)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::HostpathMounts;
    use crate::testing::lines;

    const FIELD: &str = "spec.containers[0].volumeMounts[0].readOnly";

    #[test]
    fn refuses_writable_mounts_of_what_may_be_read() {
        let logs = "where the kubelet serves files from, following links: a pod that can write there can read any file of the node";
        assert_eq!(
            lines(&json!({"path": "/var/log"}), &json!({}), &json!({})),
            [format!(
                "{FIELD}: \"/var/log\" is mounted writable by container \"app\", and it is {logs}; fix: {} \
                 [writable_read_only_path]",
                super::RULE.fix
            )]
        );
        assert_eq!(
            lines(
                &json!({"path": "/var/log"}),
                &json!({"readOnly": true}),
                &json!({})
            ),
            [""; 0]
        );
        assert_eq!(
            lines(&json!({"path": "/var/log"}), &json!(null), &json!({})),
            [format!(
                "spec.volumes[0].hostPath.path: \"/var/log\" is mounted by no container, so that it may be mounted \
                 writable later, and it is {logs}; fix: remove the volume, or mount it with readOnly: true \
                 [writable_read_only_path]"
            )]
        );
    }

    #[test]
    fn what_mounts_a_volume_of_a_custom_kind_may_stand_elsewhere() {
        let unmounted = "volumes[0].hostPath.path: \"/var/log\" is mounted by no container, so that it may be mounted \
                         writable later, and it is where the kubelet serves files from, following links: a pod that can \
                         write there can read any file of the node; fix: remove the volume, or mount it with readOnly: \
                         true [writable_read_only_path]";
        let volumes = json!([{"name": "v", "hostPath": {"path": "/var/log"}}]);
        let bare = json!({"volumes": volumes});
        let sidecar = json!({"volumes": volumes, "containers": [{"name": "sidecar"}]});
        let mounts = json!([{"name": "v", "mountPath": "/var/log", "readOnly": true}]);
        let beside = json!({"volumes": volumes, "volumeMounts": mounts});
        let step = json!({"volumes": volumes, "steps": [{"name": "a", "volumeMounts": mounts}]});
        let template = |spec: &Value| json!({"template": {"spec": spec}});
        for (api_version, kind, spec, place) in [
            (
                "opentelemetry.io/v1beta1",
                "OpenTelemetryCollector",
                beside.clone(),
                None,
            ),
            ("monitoring.coreos.com/v1", "Prometheus", beside, None),
            (
                "monitoring.coreos.com/v1",
                "Prometheus",
                sidecar.clone(),
                None,
            ),
            ("argoproj.io/v1alpha1", "Workflow", bare.clone(), None),
            (
                "argoproj.io/v1alpha1",
                "Workflow",
                json!({"templates": [bare]}),
                None,
            ),
            ("tekton.dev/v1", "Task", step, None),
            (
                "tekton.dev/v1",
                "TaskRun",
                json!({"podTemplate": bare}),
                None,
            ),
            (
                "sparkoperator.k8s.io/v1beta2",
                "SparkApplication",
                bare.clone(),
                None,
            ),
            (
                "serving.kserve.io/v1beta1",
                "InferenceService",
                json!({"predictor": sidecar}),
                None,
            ),
            ("example.com/v1", "Gadget", bare.clone(), None),
            ("example.com/v1", "Gadget", template(&bare), None),
            (
                "example.com/v1",
                "Gadget",
                template(&sidecar),
                Some("spec.template.spec."),
            ),
            (
                "argoproj.io/v1alpha1",
                "Rollout",
                template(&sidecar),
                Some("spec.template.spec."),
            ),
            (
                "apps/v1",
                "Deployment",
                template(&bare),
                Some("spec.template.spec."),
            ),
            ("v1", "Pod", sidecar.clone(), Some("spec.")),
        ] {
            let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "shop"}, "spec": spec});
            let expected: Vec<String> = place
                .map(|place| format!("{place}{unmounted}"))
                .into_iter()
                .collect();
            let review = Review::create(&object).with(json!({"customKinds": [
                {"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": "spec"},
                {"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": "spec.template.spec"},
            ]}));
            assert_eq!(review.lines::<HostpathMounts>(), expected, "{object}");
        }
    }

    #[test]
    fn the_same_holds_for_a_path_that_is_allowed_read_only() {
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "a", "namespace": "shop"},
            "spec": {"volumes": [{"name": "v", "hostPath": {"path": "/data"}}]},
        });
        let settings = json!({"mode": "allowlist", "allowed": [{"path": "/data"}]});
        let review = Review::create(&object).with(settings.clone());
        assert_eq!(review.lines::<HostpathMounts>(), [""; 0]);
        assert_eq!(
            lines(&json!({"path": "/data"}), &json!(null), &settings),
            [
                "spec.volumes[0].hostPath.path: \"/data\" is mounted by no container, so that it may be mounted writable \
              later, and it is allowed only readOnly; fix: remove the volume, or mount it with readOnly: true \
              [writable_read_only_path]"
            ]
        );
    }

    #[test]
    fn the_most_specific_entry_decides_about_each_part() {
        let settings = json!({"allowed": [
            {"path": "/data", "readOnly": false},
            {"path": "/data/private"},
            {"path": "/data/private/drop", "readOnly": false},
        ]});
        for (path, sub_path, refused) in [
            ("/data/public", "", false),
            ("/data/private", "", true),
            ("/data/private/drop", "", false),
            ("/data", "", true),
            ("/data", "private", true),
            ("/data", "private/drop", false),
            ("/data", "public", false),
        ] {
            let mount = json!({ "subPath": sub_path });
            let found = lines(&json!({ "path": path }), &mount, &settings);
            assert_eq!(!found.is_empty(), refused, "{path} {sub_path}: {found:?}");
            let read_only = lines(
                &json!({ "path": path }),
                &json!({"readOnly": true}),
                &settings,
            );
            assert_eq!(read_only, [""; 0], "{path}");
        }
    }

    #[test]
    fn a_narrower_entry_counts_in_its_namespaces_alone() {
        for (namespace, refused) in [("shop", true), ("other", false)] {
            let settings = json!({"allowed": [
                {"path": "/data", "readOnly": false}, {"path": "/data/private", "namespaces": [namespace]},
            ]});
            let found = lines(&json!({"path": "/data"}), &json!({}), &settings);
            assert_eq!(!found.is_empty(), refused, "{namespace}: {found:?}");
        }
    }

    #[test]
    fn of_entries_that_are_alike_the_first_counts() {
        // To Windows both are one path.
        let writable = json!({"path": "/Data", "readOnly": false});
        let read_only = json!({"path": "/data"});
        for (allowed, refused) in [
            (json!([writable, read_only]), false),
            (json!([read_only, writable]), true),
        ] {
            let settings = json!({"mode": "allowlist", "allowed": allowed});
            let found = lines(&json!({"path": "C:\\data"}), &json!({}), &settings);
            assert_eq!(!found.is_empty(), refused, "{settings}: {found:?}");
        }
    }

    #[test]
    fn an_exact_entry_holds_for_what_a_mount_takes_of_it() {
        let settings = json!({"allowed": [{"path": "/", "match": "exact"}]});
        let mount = |read_only: bool| json!({"readOnly": read_only, "subPath": "etc/app"});
        assert_eq!(
            lines(&json!({"path": "/"}), &mount(true), &settings),
            [""; 0]
        );
        assert_eq!(
            lines(&json!({"path": "/"}), &mount(false), &settings),
            [format!(
                "{FIELD}: \"/etc/app\" is mounted writable by container \"app\", and it is part of \"/\", which is allowed only readOnly; fix: {} \
                 [writable_read_only_path]",
                super::RULE.fix
            )]
        );
    }
}
