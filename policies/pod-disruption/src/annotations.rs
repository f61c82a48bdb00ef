//! What Cluster Autoscaler and Karpenter read of pods.
//!
//! Sources: `cluster-autoscaler/utils/drain/drain.go`, `cluster-autoscaler/simulator/drainability/rules` and
//! `cluster-autoscaler/FAQ.md` of kubernetes/autoscaler; `pkg/utils/pod/scheduling.go` and `designs/v1-api.md` of
//! kubernetes-sigs/karpenter.

use shared::{Cursor, DecodeError};

/// Whether a node may go although the pod is on it.
pub(crate) const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// Volumes of the node that may go with it.
pub(crate) const LOCAL_VOLUMES: &str =
    "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
/// Whether a pod of a `DaemonSet` is evicted when its node goes.
pub(crate) const DS_EVICTION: &str = "cluster-autoscaler.kubernetes.io/enable-ds-eviction";
/// Whether a pod counts as one of a `DaemonSet`.
pub(crate) const DAEMONSET_POD: &str = "cluster-autoscaler.kubernetes.io/daemonset-pod";
/// Of nodes: whether they stay.
pub(crate) const SCALE_DOWN_DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
/// Whether the node of a pod stays.
pub(crate) const DO_NOT_DISRUPT: &str = "karpenter.sh/do-not-disrupt";
/// The same, before v1.
pub(crate) const DO_NOT_EVICT: &str = "karpenter.sh/do-not-evict";
/// Of nodes, before v1.
pub(crate) const DO_NOT_CONSOLIDATE: &str = "karpenter.sh/do-not-consolidate";

/// All of them.
pub(crate) const KEYS: &[&str] = &[
    SAFE_TO_EVICT,
    LOCAL_VOLUMES,
    DS_EVICTION,
    DAEMONSET_POD,
    SCALE_DOWN_DISABLED,
    DO_NOT_DISRUPT,
    DO_NOT_EVICT,
    DO_NOT_CONSOLIDATE,
];

/// Those that do something on a pod and nowhere else.
pub(crate) const OF_PODS: &[&str] = &[SAFE_TO_EVICT, LOCAL_VOLUMES, DS_EVICTION, DO_NOT_DISRUPT];

/// The values of an annotation, compared byte by byte. None where it has others.
pub(crate) fn values(key: &str) -> Option<&'static [&'static str]> {
    match key {
        // Older versions do not know the last one, and go on to the next question.
        SAFE_TO_EVICT => Some(&["true", "false", "on-completion"]),
        DS_EVICTION | DAEMONSET_POD | DO_NOT_DISRUPT => Some(&["true", "false"]),
        _ => None,
    }
}

/// Who reads an annotation.
pub(crate) fn reader(key: &str) -> &'static str {
    if key.starts_with("karpenter.sh/") {
        "Karpenter"
    } else {
        "Cluster Autoscaler"
    }
}

/// Those of an object's annotations, or of its labels, that are meant for the two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Marks<'a> {
    /// Reads the field `name` of the metadata at a cursor.
    pub(crate) fn read(metadata: &Cursor<'a>, name: &str) -> Result<Self, DecodeError> {
        let mut marks = metadata.map(name, Cursor::texts)?.unwrap_or_default();
        marks.retain(|(key, _)| KEYS.contains(key));
        Ok(Self(marks))
    }

    /// Each with its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }

    /// The value of one.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        let mut marks = self.iter();
        marks
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value)
    }
}
