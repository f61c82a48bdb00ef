//! A claim for one node that pods on several may have.

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::PersistentVolume;
use shared::cluster::{Lookup, fetch};
use shared::{Cursor, FieldPath, Level, Rule, Verdict, rule};

use super::Found;

pub(crate) static RULE: Rule = rule! {
    id: "single_node_claim",
    summary: "A ReadWriteOnce claim of several replicas, of a DaemonSet, or of a Deployment whose rollouts keep the \
              old pod until the \
              new one runs (`maxUnavailable` comes to 0)",
    why: "Where the pods meet on two nodes, the second one stays in ContainerCreating (Multi-Attach error). Volumes of \
          the node and \
          of NFS are left alone",
    fix: "use replicas: 1, or a claim with ReadWriteMany",
    levels: [Warn by "unfit.sharedClaims"],
};

/// Tells it.
///
/// Source: `pkg/controller/volume/attachdetach/reconciler/reconciler.go`.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    let level = found.judging.settings.unfit.shared_claims;
    let Some(sharing) = found
        .sharing("ReadWriteOnce")
        .filter(|_| level != Level::Off && !found.judging.pod.is_bound)
    else {
        return;
    };
    if is_where_pods_are(found) {
        return;
    }
    let consequence = "so a pod on another node stays in ContainerCreating (Multi-Attach error)";
    found.tell_sharing(&RULE, level, "ReadWriteOnce", sharing, consequence, verdict);
}

/// Whether the volume of a claim binds its pods to one node, or is one of many nodes whatever the claim says. Where it
/// cannot be looked up, that is not known.
fn is_where_pods_are(found: &Found<'_>) -> bool {
    let name = found.text("spec", "volumeName");
    if name.is_empty() {
        return false;
    }
    let lookup = Lookup {
        api_version: PersistentVolume::API_VERSION,
        kind: PersistentVolume::KIND,
        name,
        namespace: None,
        disable_cache: false,
        field_masks: SOURCES,
    };
    let Ok(answer) = fetch(found.judging.cluster, &lookup) else {
        return false;
    };
    let Ok(volume) = answer.parse() else {
        return false;
    };
    let volume = Cursor::new(&volume, FieldPath::new(""));
    // The mask lets nothing else through.
    volume.map("spec", |spec| Ok(!spec.fields()?.is_empty())) == Ok(Some(true))
}

/// The sources that nodes have, or share, and what binds a volume to nodes.
const SOURCES: &[&str] = &[
    "spec.hostPath",
    "spec.local",
    "spec.nfs",
    "spec.nodeAffinity",
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{claim, lines, places_in};

    fn spec() -> Value {
        json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]})
    }

    #[test]
    fn tells_that_pods_may_meet_on_two_nodes() {
        for (modes, is_told) in [
            (json!(["ReadWriteOnce"]), true),
            (json!(["ReadWriteOnce", "ReadWriteMany"]), false),
            (json!(["ReadWriteOnce", "ReadOnlyMany"]), false),
            (json!(["ReadWriteMany"]), false),
            (json!([]), false),
            (json!(null), false),
        ] {
            let line = "warning: workload-references: spec.template.spec.volumes[0].persistentVolumeClaim.claimName: \
                        PersistentVolumeClaim \"data\" is ReadWriteOnce, and a rollout keeps the old pod until the \
                        next one runs, \
                        so a pod on another node stays in ContainerCreating (Multi-Attach error); fix: write strategy: \
                        {type: \
                        Recreate}, or use a claim with ReadWriteMany [single_node_claim]";
            let expected = if is_told { vec![line] } else { vec![] };
            let data = claim("data", json!({"accessModes": modes}));
            assert_eq!(lines(&spec(), &[data], &json!({})), expected, "{modes}");
        }
    }

    #[test]
    fn pods_of_one_node_do_not_meet_on_two() {
        let data = claim("data", json!({"accessModes": ["ReadWriteOnce"]}));
        for (field, value, findings) in [
            ("nodeSelector", json!({"kubernetes.io/hostname": "n1"}), 0),
            ("nodeName", json!("n1"), 0),
            ("nodeSelector", json!({"kubernetes.io/os": "linux"}), 1),
            ("nodeSelector", json!(null), 1),
            ("nodeName", json!(""), 1),
        ] {
            let mut spec = spec();
            spec[field] = value;
            let found = places_in(&spec, std::slice::from_ref(&data), &json!({}));
            assert_eq!(found.len(), findings, "{spec}");
        }
    }

    #[test]
    fn some_volumes_are_where_the_pods_are() {
        for (source, findings) in [
            (json!({"hostPath": {"path": "/data"}}), 0),
            (json!({"local": {"path": "/data"}}), 0),
            (json!({"nfs": {"server": "a", "path": "/"}}), 0),
            (
                json!({"csi": {"driver": "x"}, "nodeAffinity": {"required": {}}}),
                0,
            ),
            (json!({"csi": {"driver": "x"}}), 1),
        ] {
            let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1"}, "spec": source});
            let bound = json!({"accessModes": ["ReadWriteOnce"], "volumeName": "pv-1"});
            let there = [claim("data", bound.clone()), volume];
            assert_eq!(
                places_in(&spec(), &there, &json!({})).len(),
                findings,
                "{source}"
            );
            let absent = [claim("data", bound)];
            assert_eq!(places_in(&spec(), &absent, &json!({})).len(), 1);
        }
    }
}
