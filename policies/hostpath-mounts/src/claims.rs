//! What the claims of a pod are bound to.

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use shared::cluster::{Cluster, Lookup};
use shared::{Error, FieldPath, Verdict};

use crate::identity::Identity;
use crate::rules;
use crate::settings::Settings;
use crate::views::{self, Claim};
use crate::volume::{HostVolume, Mount, Place};

/// Judges the `PersistentVolume` behind a claim as if the pod had mounted its path itself. A claim that does not exist
/// yet, or is not bound yet, is passed over: what it will be bound to is not known yet.
pub(crate) fn check(
    claim: &Claim<'_>,
    field: &FieldPath<'_>,
    identity: Identity<'_>,
    mounts: &[Mount<'_>],
    settings: &Settings,
    cluster: &dyn Cluster,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let name = claim.claim_name;
    if name.is_empty() {
        return Ok(());
    }
    let lookup = Lookup {
        api_version: PersistentVolumeClaim::API_VERSION,
        kind: PersistentVolumeClaim::KIND,
        name,
        namespace: Some(identity.namespace),
        disable_cache: false,
        field_masks: &["spec.volumeName"],
    };
    let volume_name = lookup.read(cluster, |claim| {
        views::volume_name(claim).map(str::to_owned)
    })?;
    let Some(volume_name) = volume_name.filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let lookup = Lookup {
        api_version: PersistentVolume::API_VERSION,
        kind: PersistentVolume::KIND,
        name: &volume_name,
        namespace: None,
        field_masks: &["spec.hostPath", "spec.local"],
        ..lookup
    };
    lookup.read(cluster, |volume| {
        for (_, source) in views::sources(volume)? {
            let place = Place::Claim {
                name: *field,
                volume: &volume_name,
            };
            let volume = HostVolume {
                read_only: claim.read_only,
                ..HostVolume::new(&source, place, identity, mounts)
            };
            rules::check(&volume, settings, verdict);
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review, places};

    use crate::HostpathMounts;

    fn objects(volume: &Value) -> Vec<Value> {
        vec![
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": "data", "namespace": "shop"}, "spec": {"volumeName": "pv-1"}}),
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1"}, "spec": volume}),
        ]
    }

    fn lines(cluster: MemoryCluster, claim: &Value, settings: Value) -> Vec<String> {
        lines_of(&json!([{"name": "v"}]), cluster, claim, settings)
    }

    fn lines_of(
        mounts: &Value,
        cluster: MemoryCluster,
        claim: &Value,
        settings: Value,
    ) -> Vec<String> {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ci", "namespace": "shop"},
            "spec": {
                "volumes": [{"name": "v", "persistentVolumeClaim": claim}],
                "containers": [{"name": "app", "volumeMounts": mounts}],
            },
        });
        Review::create(&pod)
            .with(settings)
            .in_cluster(cluster)
            .lines::<HostpathMounts>()
    }

    #[test]
    fn follows_a_claim_to_the_path_behind_it() {
        let on = || json!({"followClaims": true});
        let claim = json!({"claimName": "data"});
        for volume in [
            json!({"hostPath": {"path": "/etc/kubernetes"}}),
            json!({"local": {"path": "/etc/kubernetes"}}),
        ] {
            let found = lines(MemoryCluster::new(objects(&volume)), &claim, on());
            let start = "spec.volumes[0].persistentVolumeClaim.claimName: \"/etc/kubernetes\" of PersistentVolume \
                         \"pv-1\" is where the keys";
            assert!(found[0].starts_with(start), "{found:?}");
            assert_eq!(
                lines(MemoryCluster::new(objects(&volume)), &claim, json!({})),
                [""; 0],
                "off by default"
            );
        }
        let logs = || MemoryCluster::new(objects(&json!({"hostPath": {"path": "/var/log"}})));
        let writable = "spec.containers[0].volumeMounts[0].readOnly [writable_read_only_path]";
        assert_eq!(places(&lines(logs(), &claim, on())), [writable]);
        assert_eq!(
            lines(
                logs(),
                &json!({"claimName": "data", "readOnly": true}),
                on()
            ),
            [""; 0]
        );
        for volume in [json!({"csi": {"driver": "x"}}), json!(null)] {
            assert_eq!(
                lines(MemoryCluster::new(objects(&volume)), &claim, on()),
                [""; 0]
            );
        }
        for name in ["other", ""] {
            assert_eq!(
                lines(
                    MemoryCluster::default(),
                    &json!({ "claimName": name }),
                    on()
                ),
                [""; 0]
            );
        }
    }

    #[test]
    fn a_claim_that_no_container_mounts_may_be_mounted_writable_later_unless_it_is_read_only() {
        let logs = || MemoryCluster::new(objects(&json!({"hostPath": {"path": "/var/log"}})));
        let place = "spec.volumes[0].persistentVolumeClaim.claimName [writable_read_only_path]";
        for (read_only, expected) in [
            (json!(null), &[place][..]),
            (json!(false), &[place]),
            (json!(true), &[]),
        ] {
            let claim = json!({"claimName": "data", "readOnly": read_only});
            let found = lines_of(&json!([]), logs(), &claim, json!({"followClaims": true}));
            assert_eq!(places(&found), expected, "{claim}");
        }
    }

    #[test]
    fn says_what_could_not_be_looked_up_and_refuses() {
        let cannot =
            "Pod shop/ci cannot be judged by hostpath-mounts: PersistentVolumeClaim shop/data";
        for (words, reason) in [
            (
                "deadline has elapsed",
                "could not be looked up: deadline has elapsed",
            ),
            (
                "Policy has not been granted access to Kubernetes v1/PersistentVolumeClaim resources.",
                "may not be read by the policy: add the kind to its spec.contextAwareResources, which only a ClusterAdmissionPolicy has, and let the service \
                 account of its policy server get, list and watch it",
            ),
        ] {
            let found = lines(
                MemoryCluster::failing(words),
                &json!({"claimName": "data"}),
                json!({"followClaims": true}),
            );
            assert_eq!(found, [format!("{cannot} {reason}")]);
        }
    }
}
