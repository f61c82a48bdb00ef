//! The paths of a node that are risky in the hands of a pod, as data.
//!
//! Worst first: where a mount exposes several, the first is named.

use crate::ruling::Access;

/// A risky path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Risk {
    /// The path in its one spelling; a `*` at the end stands for all names with that start.
    pub path: &'static str,
    /// What a pod may do with it at most.
    pub access: Access,
    /// What it is, and what comes of it.
    pub what: &'static str,
    /// What to use instead of mounting it.
    pub instead: &'static str,
    /// Who else says so. For people who read the catalogue, so it is not part of the wasm.
    #[cfg(not(target_arch = "wasm32"))]
    pub evidence: &'static str,
}

const STORAGE: &str = "use an emptyDir or a PersistentVolumeClaim, or have the platform team list \
                       the path in `allowed`";
const RUNTIME: &str = "build images with rootless BuildKit or Buildah and talk to the Kubernetes \
                       API, not to the runtime; or have the platform team list the path in \
                       `allowed`";
const KUBELET: &str = "read metrics and pods through the Kubernetes API; a CSI driver needs its \
                       own directory listed in `allowed` by the platform team";
const SECRETS: &str = "put what the pod needs in a Secret and mount that; or have the platform \
                       team list the path in `allowed`";
const DEVICES: &str = "ask for the device through a device plugin or a resource claim; or have \
                       the platform team list it in `allowed`";

const SOCKET: &str = "a socket of the container runtime: whoever can reach it can take over the \
                      node, even through a read-only mount";
const RUNTIME_DIRECTORY: &str = "where the container runtime keeps its sockets and state: whoever \
                                 can reach them can take over the node, even through a read-only \
                                 mount";
const KUBELET_DIRECTORY: &str = "where the kubelet keeps its client certificate, and the tokens \
                                 and secrets of every pod on the node";
const CONTROL_PLANE: &str = "where the keys and the static pods of the control plane are";
const CONTAINERS: &str = "where the file systems of all containers on the node are";
const PASSWORDS: &str = "the password hashes of the node";
const HOMES: &str = "where the homes of the node's users are, with their keys and credentials";
const WHOLE_NODE: &str = "another name of the node's own file system";
const NETWORK: &str =
    "part of the node's network setup: whoever can write it changes what all pods reach";
const PROGRAMS: &str = "a place of programs and libraries that the node runs as root";

const fn risk(
    path: &'static str,
    access: Access,
    what: &'static str,
    instead: &'static str,
    evidence: &'static str,
) -> Risk {
    #[cfg(target_arch = "wasm32")]
    let _ = evidence;
    Risk {
        path,
        access,
        what,
        instead,
        #[cfg(not(target_arch = "wasm32"))]
        evidence,
    }
}

const fn never(
    path: &'static str,
    what: &'static str,
    instead: &'static str,
    evidence: &'static str,
) -> Risk {
    risk(path, Access::Never, what, instead, evidence)
}

const fn read_only(path: &'static str, what: &'static str, evidence: &'static str) -> Risk {
    risk(path, Access::ReadOnly, what, STORAGE, evidence)
}

const fn harmless(path: &'static str, what: &'static str) -> Risk {
    risk(path, Access::ReadWrite, what, "", "")
}

const BAD_PODS: &str = "BishopFox badPods; MITRE ATT&CK T1611";
const ELASTIC: &str = "elastic/detection-rules#2045; kubeaudit mounts";
const KUBELINTER: &str = "kube-linter sensitive-host-mounts; SonarSource S6433";
const KUBESCAPE: &str = "kubescape alert-mount-potential-credentials-paths";
const LOGS: &str = "kube-hunter#158; danielsagi/kube-pod-escape";
const OWN: &str = "our own judgement";
const KUBERNETES: &str = "kubernetes.io, Volumes, hostPath";

/// Every risky path, and the harmless ones inside them.
pub const RISKS: &[Risk] = &[
    never("/run/docker.sock", SOCKET, RUNTIME, KUBERNETES),
    never("/run/containerd", RUNTIME_DIRECTORY, RUNTIME, ELASTIC),
    never("/run/crio", RUNTIME_DIRECTORY, RUNTIME, ELASTIC),
    never("/run/cri-dockerd.sock", SOCKET, RUNTIME, ELASTIC),
    never("/run/dockershim.sock", SOCKET, RUNTIME, OWN),
    never("/run/docker", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/run/podman", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/run/k3s", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/run/k0s", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never(
        "/run/user",
        "where rootless container runtimes have their sockets",
        RUNTIME,
        OWN,
    ),
    never(
        "/var/snap/microk8s/common/run",
        RUNTIME_DIRECTORY,
        RUNTIME,
        OWN,
    ),
    never("/run/host-containerd", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/run/buildkit", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/run/nri", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/run/libvirt", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/var/snap/lxd", RUNTIME_DIRECTORY, RUNTIME, OWN),
    never("/pipe/docker*", SOCKET, RUNTIME, OWN),
    never("/pipe/containerd*", SOCKET, RUNTIME, OWN),
    never(
        "/pipe/rancher_wins",
        "a socket that starts processes on the node",
        "have the platform team list the pipe in `allowed`",
        OWN,
    ),
    never("/etc/kubernetes", CONTROL_PLANE, SECRETS, BAD_PODS),
    never("/etc/rancher", CONTROL_PLANE, SECRETS, ELASTIC),
    never("/var/lib/rancher", CONTROL_PLANE, SECRETS, ELASTIC),
    never("/var/lib/k0s", CONTROL_PLANE, SECRETS, OWN),
    never("/var/lib/minikube", CONTROL_PLANE, SECRETS, OWN),
    never("/var/snap/microk8s", CONTROL_PLANE, SECRETS, OWN),
    never("/etc/srv/kubernetes", CONTROL_PLANE, SECRETS, OWN),
    never("/programdata/kubernetes", CONTROL_PLANE, SECRETS, OWN),
    never(
        "/var/lib/etcd",
        "where all data of the cluster is, including every Secret",
        SECRETS,
        BAD_PODS,
    ),
    never("/var/lib/kubelet", KUBELET_DIRECTORY, KUBELET, BAD_PODS),
    never("/var/data/kubelet", KUBELET_DIRECTORY, KUBELET, OWN),
    never("/var/vcap", KUBELET_DIRECTORY, KUBELET, OWN),
    never("/k", KUBELET_DIRECTORY, KUBELET, OWN),
    never("/var/lib/docker", CONTAINERS, STORAGE, ELASTIC),
    never("/var/lib/containerd", CONTAINERS, STORAGE, ELASTIC),
    never("/var/lib/containers", CONTAINERS, STORAGE, ELASTIC),
    never("/programdata/docker", CONTAINERS, STORAGE, OWN),
    never("/programdata/containerd", CONTAINERS, STORAGE, OWN),
    never("/var/lib/kubernetes", CONTROL_PLANE, SECRETS, OWN),
    never("/var/lib/microshift", CONTROL_PLANE, SECRETS, OWN),
    never("/etc/ssl/etcd", CONTROL_PLANE, SECRETS, OWN),
    never(
        "/etc/ssl/private",
        "where keys of the node are",
        SECRETS,
        OWN,
    ),
    never(
        "/etc/pki/tls/private",
        "where keys of the node are",
        SECRETS,
        OWN,
    ),
    never(
        "/etc/etcd",
        "where the keys to all data of the cluster are",
        SECRETS,
        OWN,
    ),
    never("/sysroot", WHOLE_NODE, STORAGE, OWN),
    never("/.bottlerocket", WHOLE_NODE, STORAGE, OWN),
    never("/etc/shadow*", PASSWORDS, SECRETS, BAD_PODS),
    never("/etc/gshadow*", PASSWORDS, SECRETS, BAD_PODS),
    never("/etc/ssh", "where keys of the node are", SECRETS, BAD_PODS),
    never(
        "/root",
        "the home of root, with its keys and credentials",
        SECRETS,
        KUBESCAPE,
    ),
    never("/home", HOMES, SECRETS, KUBESCAPE),
    never(
        "/var/lib/cloud",
        "the user data of the machine, often with credentials",
        SECRETS,
        KUBESCAPE,
    ),
    never("/users", HOMES, SECRETS, OWN),
    never("/var/roothome", HOMES, SECRETS, OWN),
    never("/var/home", HOMES, SECRETS, OWN),
    never(
        "/var/lib/waagent",
        "the configuration of the machine, often with credentials",
        SECRETS,
        OWN,
    ),
    never(
        "/run/credentials",
        "where secrets of the node are",
        SECRETS,
        OWN,
    ),
    never(
        "/programdata/ssh",
        "where keys of the node are",
        SECRETS,
        OWN,
    ),
    never("/windows", "the system of a Windows node", STORAGE, OWN),
    never(
        "/run/secrets",
        "where secrets of the node are",
        SECRETS,
        OWN,
    ),
    never(
        "/run/systemd",
        "where the control socket of the node's services is",
        STORAGE,
        OWN,
    ),
    read_only(
        "/run/systemd/resolve",
        "where the node finds its name servers",
        OWN,
    ),
    never(
        "/run/snapd.socket",
        "a socket that installs software on the node",
        STORAGE,
        OWN,
    ),
    never(
        "/run/dbus",
        "the bus on which the node's services take orders",
        STORAGE,
        OWN,
    ),
    never(
        "/run/udev/control",
        "the control socket of the node's devices",
        DEVICES,
        OWN,
    ),
    never(
        "/dev",
        "the disks and the memory of the node",
        DEVICES,
        KUBELINTER,
    ),
    read_only(
        "/proc",
        "the kernel's settings: whoever writes core_pattern runs programs as root on the node",
        ELASTIC,
    ),
    read_only(
        "/sys",
        "the kernel's devices: whoever writes uevent_helper runs programs as root on the node",
        KUBELINTER,
    ),
    read_only(
        "/var/log",
        "where the kubelet serves files from, following links: whoever can write there can read any file of the node",
        LOGS,
    ),
    read_only(
        "/etc",
        "the configuration of the node: whoever can write it runs programs as root",
        ELASTIC,
    ),
    read_only("/etc/cni", NETWORK, OWN),
    read_only(
        "/opt/cni",
        "where programs are that the container runtime runs as root for every pod",
        OWN,
    ),
    read_only("/run/calico", NETWORK, OWN),
    read_only("/var/lib/calico", NETWORK, OWN),
    read_only("/run/cilium", NETWORK, OWN),
    read_only("/run/flannel", NETWORK, OWN),
    read_only("/var/lib/cni", NETWORK, OWN),
    read_only(
        "/run/cdi",
        "where the container runtime reads which programs to run as root",
        OWN,
    ),
    read_only(
        "/run/udev",
        "where the node reads which programs to run as root for a device",
        OWN,
    ),
    read_only("/boot", "what the node starts from", KUBELINTER),
    read_only("/usr", PROGRAMS, KUBELINTER),
    read_only("/opt/bin", PROGRAMS, OWN),
    read_only("/program files", PROGRAMS, OWN),
    read_only(
        "/var/spool/cron",
        "where the node reads what to run at set times",
        OWN,
    ),
    read_only(
        "/var/lib/docker/containers",
        "where the logs of all containers on the node are",
        OWN,
    ),
    read_only("/dev/shm", "memory that processes of the node share", OWN),
    harmless(
        "/var/lib/rancher/k3s/storage",
        "where k3s keeps the volumes of pods",
    ),
    harmless(
        "/var/snap/microk8s/common/default-storage",
        "where microk8s keeps the volumes of pods",
    ),
    harmless("/dev/null", "a device that holds nothing"),
    harmless("/dev/zero", "a device that holds nothing"),
    harmless("/dev/random", "a device that gives random numbers"),
    harmless("/dev/urandom", "a device that gives random numbers"),
    harmless("/dev/net/tun", "a device that makes network interfaces"),
    harmless("/dev/fuse", "a device that makes file systems"),
    harmless("/dev/kvm", "a device that runs virtual machines"),
    harmless("/dev/dri", "graphics cards"),
    harmless("/dev/nvidia*", "graphics cards"),
    harmless("/dev/infiniband", "network cards"),
];

/// Where other file systems are usually mounted, and stay writable below a read-only mount that is
/// not recursive.
pub(crate) const MOUNT_PARENTS: &[&str] = &[
    "/proc/sys",
    "/proc/sys/fs",
    "/sys/fs",
    "/sys/fs/cgroup",
    "/sys/kernel",
    "/",
    "/media",
    "/mnt",
    "/proc",
    "/run",
    "/sys",
    "/var",
    "/var/lib",
    "/var/lib/kubelet",
    "/dev",
];

#[cfg(test)]
mod tests {
    use shared::host_path::{HostPath, Relation};

    use super::*;

    #[test]
    fn every_path_is_in_its_one_spelling_and_listed_once() {
        for (position, risk) in RISKS.iter().enumerate() {
            assert_eq!(HostPath::parse(risk.path).as_str(), risk.path);
            assert!(
                !RISKS[..position]
                    .iter()
                    .any(|other| other.path == risk.path),
                "{}",
                risk.path
            );
        }
    }

    #[test]
    fn every_risk_says_why_what_instead_and_who_says_so() {
        for risk in RISKS.iter().filter(|risk| risk.access != Access::ReadWrite) {
            for text in [risk.what, risk.instead, risk.evidence] {
                assert!(
                    !text.is_empty() && !text.ends_with('.'),
                    "{}: {text}",
                    risk.path
                );
            }
        }
    }

    #[test]
    fn what_is_harmless_lies_in_what_is_not() {
        let is_inside = |risk: &Risk| {
            let path = HostPath::parse(risk.path);
            RISKS.iter().any(|outer| {
                outer.access != Access::ReadWrite
                    && path.relation_to(outer.path) == Some(Relation::Below)
            })
        };
        for risk in RISKS.iter().filter(|risk| risk.access == Access::ReadWrite) {
            assert!(is_inside(risk), "{}", risk.path);
        }
    }
}
