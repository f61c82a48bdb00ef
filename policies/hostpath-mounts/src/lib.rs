//! Refuses `hostPath` mounts that hand the node to a pod.
//!
//! Every place where a path of the node becomes a volume is read into a `volume::HostVolume`:
//! volumes of pods and of everything that makes pods, `PersistentVolume`s, and, when asked for, the
//! `PersistentVolume`s behind claims. Then each rule judges each volume.

pub mod catalogue;
mod claims;
mod rules;
pub mod ruling;
pub mod settings;
#[cfg(test)]
mod testing;
mod views;
mod volume;

use k8s_openapi::api::core::v1::{PersistentVolume, Pod};
use shared::workload::{self, PodSpec};
use shared::{Cluster, Error, FieldPath, Policy, Request, Rule, Verdict};

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
        if let Some(path) = workload::pod_spec_path(&request.kind) {
            // Without a pod spec the API server refuses it.
            if let Some(pod) = PodSpec::read(request, path)? {
                let place = FieldPath::new(path);
                check(request, &place, &pod, settings, cluster, &mut verdict)?;
            }
            return Ok(verdict);
        }
        // A custom kind may make pods of several specs: of a head and of workers.
        let custom = settings.custom_kinds.iter();
        let custom = custom.filter(|custom| custom.is(&request.kind));
        let paths: Vec<&str> = custom.map(|custom| custom.pod_spec_path.as_str()).collect();
        let [first, ..] = paths.as_slice() else {
            return Ok(Verdict::unclaimed(request));
        };
        let mut has_some = false;
        for path in &paths {
            workload::pod_specs(&request.object(), path, &mut |place, spec| {
                has_some = true;
                let pod = PodSpec::view(spec)?;
                check(request, place, &pod, settings, cluster, &mut verdict)
            })?;
        }
        if !has_some {
            rules::missing_pod_spec::check(first, &mut verdict);
        }
        Ok(verdict)
    }
}

/// Judges a pod spec.
fn check(
    request: &Request<'_>,
    place: &FieldPath<'_>,
    pod: &PodSpec<'_, Container<'_>, Volume<'_>>,
    settings: &Settings,
    cluster: &dyn Cluster,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let namespace = request.object_namespace()?;
    if settings.exempts(namespace, pod.service_account_name, request.username)
        || is_mirror_pod(request)?
    {
        return Ok(());
    }

    let mounts = Mounts::of(pod, *place);
    let volumes = place.child("volumes");
    for (index, volume) in pod.volumes.iter().enumerate() {
        let field = volumes.index(index);
        if let Some(source) = &volume.host_path {
            let source_field = field.child("hostPath");
            let place = Place::Volume {
                path: source_field.child("path"),
                kind: source_field.child("type"),
            };
            let mounts = mounts.of_volume(volume.name, false);
            rules::check(
                &HostVolume::new(source, place, namespace, &mounts),
                settings,
                verdict,
            );
        } else if let (Some(claim), true) =
            (&volume.persistent_volume_claim, settings.follow_claims)
        {
            let field = field.child("persistentVolumeClaim");
            let mounts = mounts.of_volume(volume.name, claim.read_only);
            claims::check(
                claim,
                &field.child("claimName"),
                namespace,
                &mounts,
                settings,
                cluster,
                verdict,
            )?;
        }
    }
    rules::bidirectional_propagation::check(&mounts, pod, namespace, settings, verdict);
    Ok(())
}

fn persistent_volume(request: &Request<'_>, settings: &Settings) -> Result<Verdict, Error> {
    let mut verdict = Verdict::accept();
    if settings.exempts("", "", request.username) {
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
            &HostVolume::new(&source, place, "", &[]),
            settings,
            &mut verdict,
        );
    }
    Ok(verdict)
}

/// The kubelet shows its static pods to the API server after it has started them: refusing that
/// only hides them. Only the kubelet itself may say so; a pod that somebody else marks is judged.
///
/// Source: `plugin/pkg/admission/noderestriction/admission.go`.
fn is_mirror_pod(request: &Request<'_>) -> Result<bool, Error> {
    let by_kubelet = request.kind.is_a::<Pod>() && request.username.starts_with("system:node:");
    Ok(by_kubelet && views::is_mirror(&request.object())?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

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
    fn judges_the_kinds_that_an_administrator_names() {
        let spec = pod(&json!({"path": "/"}), &json!({}))["spec"].clone();
        let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "spec": {"template": {"spec": spec}}});
        let entry = json!({"apiGroup": "argoproj.io", "kind": "Rollout", "podSpecPath": "spec.template.spec"});
        assert!(!is_accepted(
            &rollout,
            json!({"customKinds": [entry]}),
            "jane"
        ));
        let response = Review::create(&rollout).judge::<HostpathMounts>();
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
