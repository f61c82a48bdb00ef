//! Refuses `hostPath` mounts that give a pod control of its node.
//!
//! Every place where a path of the node becomes a volume is read into a `volume::HostVolume`:
//! volumes of pods and of everything that makes pods, `PersistentVolume`s, and, when asked for, the
//! `PersistentVolume`s behind claims. Then each rule judges each volume.

pub mod access;
pub mod catalogue;
mod claims;
mod environment;
pub mod host_path;
mod identity;
mod rules;
mod ruling;
pub mod settings;
#[cfg(test)]
mod testing;
mod views;
mod volume;

use k8s_openapi::api::core::v1::{PersistentVolume, Pod};
use shared::kubernetes::kinds::{self, well_known};
use shared::kubernetes::workload::{self, PodSpec, PodSpecs};
use shared::rules::missing_pod_spec;
use shared::{Cluster, DecodeError, Error, FieldPath, Policy, Request, Rule, Verdict};

use crate::identity::Identity;
use crate::settings::Settings;
use crate::views::{Container, Volume};
use crate::volume::{HostVolume, Mounts, Place};

/// The policy.
pub struct HostpathMounts;

shared::export_policy!(HostpathMounts);

impl Policy for HostpathMounts {
    const NAME: &'static str = "hostpath-mounts";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field) || well_known::wants_whole(field)
    }

    fn wants_all(settings: &Settings) -> bool {
        !settings.custom_kinds.is_empty()
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        if request.kind.is_a::<PersistentVolume>() {
            return persistent_volume(request, settings);
        }
        let mut verdict = Verdict::accept();
        let custom = &settings.custom_kinds;
        let specs = workload::every_pod_spec(request, custom, &mut |path, place, spec| {
            let mut pod = PodSpec::view(spec)?;
            // The old name of the field counts where the new one is not set: `Convert_v1_PodSpec_To_core_PodSpec` in
            // `pkg/apis/core/v1/conversion.go`.
            if pod.service_account_name.is_empty() {
                pod.service_account_name = spec.text("serviceAccount")?;
            }
            check(request, path, place, &pod, settings, cluster, &mut verdict)
        })?;
        match specs {
            PodSpecs::Unclaimed => return Ok(Verdict::unclaimed(request)),
            PodSpecs::Missing(path) => missing_pod_spec::check(path, &mut verdict),
            PodSpecs::Found => {}
        }
        Ok(verdict)
    }
}

/// Judges a pod spec, which is at `place`, to which `path` leads.
fn check(
    request: &Request<'_>,
    path: &str,
    place: &FieldPath<'_>,
    pod: &PodSpec<'_, Container<'_>, Volume<'_>>,
    settings: &Settings,
    cluster: &dyn Cluster,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let is_whole = kinds::is_whole(&request.kind, path, !pod.containers.is_empty());
    let namespace = request.object_namespace()?;
    let identity = Identity::new(namespace, pod.service_account_name, is_whole);
    if settings.exempts(identity, request.username) || is_mirror_pod(request)? {
        return Ok(());
    }

    let fields = environment::Pod {
        metadata: environment::metadata(request.object().fields()?, path),
        service_account: identity.service_account,
    };
    let containers = pod.all_containers().into_iter();
    let variables = containers.map(|container| environment::used_by(container.container, fields));
    let variables: Vec<Vec<String>> = variables.collect();
    let mounts = Mounts::of(pod, &variables, *place);
    let mut most = mounts.most_pairs();
    let mut mounts_of = |name, read_only, field: &FieldPath<'_>| {
        let mounts = mounts.of_volume(name, read_only);
        let left = most.checked_sub(mounts.len());
        most = left.ok_or_else(|| DecodeError::repeated(&field.child("name")))?;
        Ok::<_, Error>(mounts)
    };
    let volumes = place.child("volumes");
    for (index, volume) in pod.volumes.iter().enumerate() {
        let field = volumes.index(index);
        if let Some(source) = &volume.host_path {
            let source_field = field.child("hostPath");
            let place = Place::Volume {
                path: source_field.child("path"),
                kind: source_field.child("type"),
            };
            let mounts = mounts_of(volume.name, false, &field)?;
            rules::check(
                &HostVolume::new(source, place, identity, &mounts),
                settings,
                verdict,
            );
        } else if let (Some(claim), true) =
            (&volume.persistent_volume_claim, settings.follow_claims)
        {
            let field = field.child("persistentVolumeClaim");
            let mounts = mounts_of(volume.name, claim.read_only, &field)?;
            let name = field.child("claimName");
            let judged = verdict.under(request.ceiling(), |verdict| {
                claims::check(claim, &name, identity, &mounts, settings, cluster, verdict)
            });
            verdict.keep_failure(judged)?;
        }
    }
    rules::bidirectional_propagation::check(&mounts, pod, identity, settings, verdict);
    Ok(())
}

fn persistent_volume(request: &Request<'_>, settings: &Settings) -> Result<Verdict, Error> {
    let mut verdict = Verdict::accept();
    if settings.exempts(Identity::default(), request.username) {
        return Ok(verdict);
    }
    let spec = FieldPath::new("spec");
    for (name, source) in views::sources(&request.object())? {
        let field = spec.child(name);
        let place = Place::PersistentVolume {
            path: field.child("path"),
            kind: field.child("type"),
        };
        rules::check(
            &HostVolume::new(&source, place, Identity::default(), &[]),
            settings,
            &mut verdict,
        );
    }
    Ok(verdict)
}

/// The kubelet shows its static pods to the API server after it has started them: refusing that
/// only hides them. Only the kubelet itself may say so; a pod that another user marks is checked.
///
/// Source: `plugin/pkg/admission/noderestriction/admission.go`.
fn is_mirror_pod(request: &Request<'_>) -> Result<bool, Error> {
    let by_kubelet = request.kind.is_a::<Pod>() && request.username.starts_with("system:node:");
    Ok(by_kubelet && views::is_mirror(&request.object())?)
}

/// Adds texts to one. It is not inlined, which makes the policy smaller.
#[inline(never)]
pub(crate) fn add(to: &mut String, texts: &[&str]) {
    for text in texts {
        to.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::kubernetes::kinds::well_known::WELL_KNOWN;
    use shared::testing::{Review, places};

    use super::*;
    use crate::testing::pod;

    fn is_accepted(object: &Value, settings: Value, username: &str) -> bool {
        Review::create(object)
            .with(settings)
            .by(username)
            .judge::<HostpathMounts>()
            .accepted
    }

    #[test]
    fn judges_persistent_volumes() {
        for (spec, accepted) in [
            (json!({"hostPath": {"path": "/etc"}}), false),
            (json!({"local": {"path": "/var/lib/kubelet"}}), false),
            (json!({"hostPath": {"path": "/mnt/data"}}), true),
            (json!({"csi": {"driver": "x"}}), true),
            (json!(null), true),
        ] {
            let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "spec": spec});
            assert_eq!(
                is_accepted(&volume, json!({}), "jane"),
                accepted,
                "{volume}"
            );
        }
    }

    #[test]
    fn of_devices_a_local_volume_may_be_one_disk() {
        let part = |path: &str| {
            vec![format!(
                "spec.local.path: \"{path}\" is part of \"/dev\", where the devices of the node are, disks and memory among \
                 them; fix: use another path, or have the platform team list it in `allowed`, for all namespaces and with \
                 readOnly: false [risky_path]"
            )]
        };
        for path in [
            "/dev/disk",
            "/dev/disk/by-id",
            "/dev/block",
            "/dev/mapper",
            "/dev/root",
            "/dev/pts",
            "/dev/mqueue",
            "/dev/watchdog",
            "/dev/watchdog1",
            "/dev/net",
            "/dev/cpu/0/msr",
        ] {
            assert_eq!(lines_of_local(path), part(path), "{path}");
        }
        for path in [
            "/dev/sdb",
            "/dev/nvme1n1",
            "/dev/loop0",
            "/dev/mapper/vg-data",
            "/dev/vg/data",
            "/dev/disk/by-id/x",
            "/dev/block/8:16",
        ] {
            assert_eq!(lines_of_local(path), [""; 0], "{path}");
        }
        // These have entries of their own.
        for path in [
            "/dev",
            "/dev/shm",
            "/dev/hugepages",
            "/dev/kmsg",
            "/dev/tty0",
            "/dev/input",
            "/dev/vfio",
            "/dev/snd",
            "/dev/bus",
            "/dev/mem",
        ] {
            assert_ne!(lines_of_local(path), [""; 0], "{path}");
        }
    }

    fn lines_of_local(path: &str) -> Vec<String> {
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "a"},
            "spec": {"local": {"path": path}}});
        Review::create(&volume).lines::<HostpathMounts>()
    }

    /// An object of a kind with this at a path. A `*` is a role.
    fn nested(group: &str, kind: &str, path: &str, spec: &Value) -> Value {
        let steps = path.rsplit('.');
        let mut object = steps.fold(spec.clone(), |value, name| match name {
            "*" => json!({"Worker": null, "pS": value}),
            name => json!({ name: value }),
        });
        object["apiVersion"] = json!(format!("{group}/v1"));
        object["kind"] = json!(kind);
        object
    }

    #[test]
    fn judges_the_kinds_that_many_clusters_have() {
        let spec = pod(&json!({"path": "/"}), &json!({}))["spec"].clone();
        for known in WELL_KNOWN {
            let object = nested(known.group, known.kind, known.pod_spec, &spec);
            let lines = Review::create(&object).lines::<HostpathMounts>();
            let place = format!(
                "{}.volumes[0].hostPath.path: ",
                known.pod_spec.replace('*', "pS")
            );
            assert!(
                lines.iter().any(|line| line.starts_with(&place)),
                "{known:?}: {lines:?}"
            );
            let elsewhere = nested(known.group, known.kind, "spec.elsewhere", &spec);
            let lines = Review::create(&elsewhere).lines::<HostpathMounts>();
            assert_eq!(lines, [""; 0], "{known:?}");
        }
    }

    #[test]
    fn the_path_of_a_setting_is_read_beside_that_of_a_known_kind() {
        let spec = pod(&json!({"path": "/"}), &json!({}))["spec"].clone();
        let known = "spec.template.spec.volumes[0].hostPath.path [risky_path]";
        let named = "spec.other.volumes[0].hostPath.path [risky_path]";
        for (path, expected) in [
            ("spec.template.spec", &[known][..]),
            ("spec.other", &[named, known]),
        ] {
            let entry = json!({"apiGroup": "argoproj.io", "kind": "Rollout", "podSpecPath": path});
            let mut rollout = nested("argoproj.io", "Rollout", "spec.template.spec", &spec);
            rollout["spec"]["other"] = spec.clone();
            let lines = Review::create(&rollout).with(json!({"customKinds": [entry]}));
            let lines = lines.lines::<HostpathMounts>();
            let mut places = places(&lines);
            places.retain(|place| place.ends_with("[risky_path]"));
            assert_eq!(places, expected, "{path}");
        }
    }

    #[test]
    fn judges_the_kinds_that_an_administrator_names() {
        let spec = pod(&json!({"path": "/"}), &json!({}))["spec"].clone();
        let gadget = json!({"apiVersion": "example.com/v1", "kind": "Gadget",
            "spec": {"template": {"spec": spec}}});
        let entry = json!({"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": "spec.template.spec"});
        assert!(!is_accepted(
            &gadget,
            json!({"customKinds": [entry]}),
            "jane"
        ));
        let response = Review::create(&gadget).judge::<HostpathMounts>();
        assert_eq!((response.accepted, response.warnings.len()), (true, 1));
    }

    #[test]
    fn only_the_platform_team_exempts() {
        let mut object = pod(&json!({"path": "/"}), &json!({}));
        object["metadata"]["labels"] = json!({"exempt": "true"});
        object["spec"]["serviceAccountName"] = json!("agent");
        for (exempt, accepted) in [
            (json!({"namespaces": ["shop"]}), true),
            (json!({"namespaces": ["shopping"]}), false),
            (json!({"serviceAccounts": ["shop/agent"]}), true),
            (
                json!({"serviceAccounts": ["other/agent", "shop/default"]}),
                false,
            ),
            (json!({"users": ["jane"]}), true),
            (json!({"users": ["janet"]}), false),
        ] {
            assert_eq!(
                is_accepted(&object, json!({"exempt": exempt}), "jane"),
                accepted,
                "{exempt}"
            );
        }
        object["spec"]["serviceAccountName"] = json!(null);
        assert!(is_accepted(
            &object,
            json!({"exempt": {"serviceAccounts": ["shop/default"]}}),
            "jane"
        ));
    }

    #[test]
    fn an_account_goes_by_either_name_and_is_the_default_in_whole_pod_specs_alone() {
        let volumes = json!([{"name": "v", "hostPath": {"path": "/"}}]);
        let (new, old) = ("serviceAccountName", "serviceAccount");
        for (api_version, kind, names, account) in [
            ("apps/v1", "Deployment", json!({}), "default"),
            ("apps/v1", "Deployment", json!({old: "agent"}), "agent"),
            (
                "apps/v1",
                "Deployment",
                json!({new: "agent", old: "other"}),
                "agent",
            ),
            (
                "apps/v1",
                "Deployment",
                json!({new: "", old: "agent"}),
                "agent",
            ),
            (
                "argoproj.io/v1alpha1",
                "Rollout",
                json!({new: "agent"}),
                "agent",
            ),
            (
                "argoproj.io/v1alpha1",
                "Rollout",
                json!({old: "agent"}),
                "agent",
            ),
            (
                "argoproj.io/v1alpha1",
                "Rollout",
                json!({old: "default"}),
                "default",
            ),
            ("argoproj.io/v1alpha1", "Rollout", json!({}), "default"),
            ("example.com/v1", "Gadget", json!({}), "default"),
            ("example.com/v1", "Gadget", json!({old: "agent"}), "agent"),
        ] {
            let mut spec = json!({"volumes": volumes, "containers": [{"name": "app"}]});
            let fields = spec.as_object_mut().unwrap();
            fields.extend(names.as_object().unwrap().clone());
            let object = json!({
                "apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "shop"},
                "spec": {"template": {"spec": spec}},
            });
            let gadget = json!({"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": "spec.template.spec"});
            for named in ["default", "agent", "other"] {
                let accounts = json!([format!("shop/{named}")]);
                for settings in [
                    json!({"exempt": {"serviceAccounts": accounts}}),
                    json!({"allowed": [
                        {"path": "/", "match": "exact", "readOnly": false, "serviceAccounts": accounts},
                    ]}),
                ] {
                    let mut with = settings.clone();
                    with["customKinds"] = json!([gadget]);
                    let accepted = is_accepted(&object, with, "jane");
                    assert_eq!(accepted, named == account, "{object} {settings}");
                }
            }
        }
    }

    #[test]
    fn an_account_that_is_named_elsewhere_is_not_known() {
        let volumes = json!([{"name": "v", "hostPath": {"path": "/"}}]);
        for (api_version, kind, spec, account) in [
            (
                "argoproj.io/v1alpha1",
                "Workflow",
                json!({"serviceAccountName": "agent", "templates": [{"volumes": volumes}]}),
                "none",
            ),
            (
                "argoproj.io/v1alpha1",
                "Workflow",
                json!({"templates": [{"serviceAccountName": "agent", "volumes": volumes}]}),
                "agent",
            ),
            (
                "tekton.dev/v1",
                "TaskRun",
                json!({"serviceAccountName": "agent", "podTemplate": {"volumes": volumes}}),
                "none",
            ),
            (
                "opentelemetry.io/v1beta1",
                "OpenTelemetryCollector",
                json!({"serviceAccount": "agent", "volumes": volumes}),
                "agent",
            ),
            (
                "opentelemetry.io/v1beta1",
                "OpenTelemetryCollector",
                json!({"volumes": volumes}),
                "none",
            ),
        ] {
            let object = json!({
                "apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "shop"}, "spec": spec,
            });
            for named in ["default", "agent"] {
                let exempt = json!({"exempt": {"serviceAccounts": [format!("shop/{named}")]}});
                let accepted = is_accepted(&object, exempt, "jane");
                assert_eq!(accepted, named == account, "{object} {named}");
            }
        }
    }

    #[test]
    fn an_old_volume_is_new_to_a_new_container() {
        let old = pod(&json!({"path": "/run/docker.sock"}), &json!({}));
        let mut labelled = old.clone();
        labelled["metadata"]["labels"] = json!({"a": "b"});
        let mut debugged = old.clone();
        debugged["spec"]["ephemeralContainers"] =
            json!([{"name": "debug", "volumeMounts": [{"name": "v"}]}]);
        for (new, accepted) in [(labelled, true), (debugged, false)] {
            assert_eq!(
                Review::update(&old, &new)
                    .judge::<HostpathMounts>()
                    .accepted,
                accepted,
                "{new}"
            );
        }
    }

    #[test]
    fn the_mirror_of_a_static_pod_passes_for_its_node_alone() {
        let mut object = pod(&json!({"path": "/"}), &json!({}));
        assert!(!is_accepted(&object, json!({}), "system:node:a"));
        object["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "abc"});
        assert!(is_accepted(&object, json!({}), "system:node:a"));
        assert!(!is_accepted(&object, json!({}), "jane"));
    }
}
