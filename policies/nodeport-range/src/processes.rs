//! The ports that processes of the nodes themselves listen on.

use crate::ports::{PortRange, PortSet};

/// The ports, all of TCP, in ascending order, and who listens there. Source: `docs/reference/networking/ports-and-protocols.md`
/// of kubernetes/website, `cmd/kubeadm/app/constants/constants.go` and `pkg/cluster/ports/ports.go` of
/// kubernetes/kubernetes.
pub(crate) const PROCESSES: &[(u16, &str)] = &[
    (22, "sshd"),
    (2379, "etcd"),
    (2380, "etcd"),
    (6443, "the API server"),
    (10_250, "the kubelet"),
    (10_256, "kube-proxy"),
    (10_257, "the controller manager"),
    (10_259, "the scheduler"),
];

/// The ports of a range that no process of the nodes listens on.
pub(crate) fn free_of(range: PortRange) -> PortSet {
    let taken = PROCESSES.iter().filter(|(port, _)| range.first <= *port);
    taken.fold(range.into(), |free: PortSet, (port, _)| {
        free.without(&PortSet::of(*port))
    })
}
