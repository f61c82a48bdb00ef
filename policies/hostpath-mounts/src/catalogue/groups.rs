//! The risky paths, by where they are found.

#[cfg(not(target_arch = "wasm32"))]
use super::Group;
use super::{Kind, Risk};
use crate::access::Access;

const STORAGE: &str = "use an emptyDir or a PersistentVolumeClaim, or have the platform team list \
                       the path in `allowed`";
const RUNTIME: &str = "build images with rootless BuildKit or Buildah and talk to the Kubernetes \
                       API, not to the runtime; or have the platform team list the path in \
                       `allowed`";
const KUBELET: &str = "read metrics and pods through the Kubernetes API; a CSI driver needs its \
                       own directory listed in `allowed` by the platform team";
const SECRETS: &str = "put what the pod needs in a Secret and mount that; or have the platform \
                       team list the path in `allowed`";
const DEVICE: &str = "ask for the device through a device plugin or a resource claim; or have \
                      the platform team list it in `allowed`";

const PIPES: &str = "have the platform team list the pipe in `allowed`";
const LOG: &str = "write to standard output, which the kubelet keeps; or have the platform team list the path in `allowed`";
const MEMORY: &str =
    "use an emptyDir with medium: HugePages, or have the platform team list the path in `allowed`";
const CLAIM: &str =
    "mount the PersistentVolumeClaim, or have the platform team list the path in `allowed`";
const ALLOWED: &str = "have the platform team list the path in `allowed`";

/// What to use instead: nothing, or one of the above.
const INSTEAD: &[&str] = &[
    "", STORAGE, RUNTIME, KUBELET, SECRETS, DEVICE, PIPES, LOG, MEMORY, CLAIM, ALLOWED,
];

impl Kind {
    /// What to use instead of mounting it.
    #[must_use]
    pub fn instead(&self) -> &'static str {
        INSTEAD.get(usize::from(self.instead)).unwrap_or(&"")
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "while this is compiled"
)]
const fn kind(access: Access, what: &'static str, instead: &'static str) -> Kind {
    let mut place = 0;
    while !is_same(INSTEAD[place].as_bytes(), instead.as_bytes()) {
        place += 1;
    }
    Kind {
        access,
        instead: place as u8,
        what,
    }
}

const fn is_same(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) {
        if *first != *second {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

const fn never(what: &'static str, instead: &'static str) -> Kind {
    kind(Access::Never, what, instead)
}

const fn read_only(what: &'static str) -> Kind {
    kind(Access::ReadOnly, what, STORAGE)
}

const fn harmless(what: &'static str) -> Kind {
    kind(Access::ReadWrite, what, "")
}

macro_rules! kinds {
    ($(static $name:ident: Kind = $kind:expr;)+) => {
        /// The place of each kind in [`KINDS`].
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "they are constants")]
        #[derive(Clone, Copy)]
        enum Place {
            $($name,)+
        }

        static KINDS: &[Kind] = &[$($kind,)+];
    };
}

kinds! {
    static SOCKET: Kind = never(
        "a socket of the container runtime: reaching it is enough to take over the node, even through a read-only mount",
        RUNTIME,
    );
    static RUNTIME_DIRECTORY: Kind = never(
        "where the container runtime keeps its sockets and state: reaching them is enough to take over the node, even \
         through a read-only mount",
        RUNTIME,
    );
    static ROOTLESS_RUNTIMES: Kind = never(
        "where rootless container runtimes have their sockets",
        RUNTIME,
    );
    static STARTER: Kind = never(
        "a socket that starts processes on the node",
        PIPES,
    );
    static SETTINGS_OF_NODE: Kind = never(
        "a socket with full control over the settings of the node",
        STORAGE,
    );
    static CONTROL_PLANE: Kind = never(
        "where the keys and the static pods of the control plane are",
        SECRETS,
    );
    static ALL_DATA: Kind = never(
        "where all data of the cluster is, including every Secret",
        SECRETS,
    );
    static KEYS_OF_ALL_DATA: Kind = never("where the keys to all data of the cluster are", SECRETS);
    static KUBELET_DIRECTORY: Kind = never(
        "where the kubelet keeps its client certificate, and the tokens and secrets of every pod on the node",
        KUBELET,
    );
    static JOINING: Kind = never(
        "where the node reads how to join the cluster, with tokens and keys",
        SECRETS,
    );
    static CONTAINERS: Kind = never(
        "where the file systems of all containers on the node are",
        STORAGE,
    );
    static PASSWORDS: Kind = never("the password hashes of the node", SECRETS);
    static COPIES: Kind = never(
        "where copies of the node's own files are, with its password hashes",
        SECRETS,
    );
    static CHANGES: Kind = never(
        "where all changes to /etc are, with the node's password hashes and keys",
        SECRETS,
    );
    static KEYS: Kind = never("where keys of the node are", SECRETS);
    static NODE_SECRETS: Kind = never("where secrets of the node are", SECRETS);
    static MACHINE: Kind = never(
        "the configuration of the machine, often with credentials",
        SECRETS,
    );
    static USER_DATA: Kind = never(
        "the user data of the machine, often with credentials",
        SECRETS,
    );
    static HOME_OF_ROOT: Kind = never("the home of root, with its keys and credentials", SECRETS);
    static HOMES: Kind = never(
        "where the homes of the node's users are, with their keys and credentials",
        SECRETS,
    );
    static CEPH: Kind = never("where the keys to all data of Ceph are", SECRETS);
    static NETWORK_KEYS: Kind = never(
        "where network plugins keep their configuration, and often a kubeconfig",
        SECRETS,
    );
    static NETWORK_SOCKET: Kind = never(
        "a socket of the node's network agent, which decides what all pods reach",
        STORAGE,
    );
    static WHOLE_NODE: Kind = never("another name of the node's own file system", STORAGE);
    static WINDOWS: Kind = never("the system of a Windows node", STORAGE);
    static SERVICES: Kind = never(
        "where the control socket of the node's services is",
        STORAGE,
    );
    static INSTALLER: Kind = never("a socket that installs software on the node", STORAGE);
    static BUS: Kind = never("the bus on which the node's services take orders", STORAGE);
    static DEVICE_CONTROL: Kind = never("the control socket of the node's devices", DEVICE);
    static DEVICES: Kind = never(
        "where the devices of the node are, disks and memory among them",
        DEVICE,
    );
    static NODE_MEMORY: Kind = never("the memory and the ports of the node", DEVICE);
    static ATTACHED: Kind = never(
        "hardware of the node: a container that reaches it controls what is attached",
        DEVICE,
    );
    static DIRECT_HARDWARE: Kind = never(
        "hardware that a container drives without the kernel",
        DEVICE,
    );
    static SECURITY_CHIP: Kind = never("the security chip of the node, with its keys", DEVICE);
    static KERNEL_LOG: Kind = never(
        "the log of the kernel, which a container can read and write",
        DEVICE,
    );
    static LOG_SOCKET: Kind = never(
        "the socket of the node's log, in which a container can write as any program",
        LOG,
    );
    static HUGE_PAGES: Kind = never(
        "memory of other processes, also of virtual machines",
        MEMORY,
    );
    static DRIVERS: Kind = never(
        "where drivers of volumes have their sockets, which take orders for all pods of the node",
        KUBELET,
    );
    static REGISTRATION: Kind = never(
        "where drivers register with the kubelet: one that does so is given volumes of pods, with their secrets",
        KUBELET,
    );
    static DEVICE_REGISTRATION: Kind = never(
        "where device plugins register with the kubelet: one that does so hands out devices of the node",
        KUBELET,
    );
    static POD_RESOURCES: Kind = never(
        "a socket of the kubelet that tells which devices pods have",
        KUBELET,
    );
    static SECRET_PROVIDERS: Kind = never(
        "where providers of secrets have their sockets",
        ALLOWED,
    );
    static FEATURES: Kind = read_only("where programs say what becomes a label of the node");

    static NAME_SERVERS: Kind = read_only("where the node finds its name servers");
    static KERNEL_SETTINGS: Kind = read_only(
        "the kernel's settings: writing core_pattern runs programs as root on the node",
    );
    static KERNEL_DEVICES: Kind = read_only(
        "the kernel's devices: writing uevent_helper runs programs as root on the node",
    );
    static LOGS: Kind = read_only(
        "where the kubelet serves files from, following links: a pod that can write there can read any file of the node",
    );
    static LOGS_OF_CONTAINERS: Kind = read_only("where the logs of all containers on the node are");
    static CONFIGURATION: Kind =
        read_only("the configuration of the node: a pod that can write it runs programs as root");
    static NETWORK: Kind =
        read_only("part of the node's network setup: a pod that can write it changes what all pods reach");
    static NETWORK_PROGRAMS: Kind =
        read_only("where programs are that the container runtime runs as root for every pod");
    static RUNTIME_HOOKS: Kind =
        read_only("where the container runtime reads which programs to run as root");
    static DEVICE_HOOKS: Kind =
        read_only("where the node reads which programs to run as root for a device");
    static BOOT: Kind = read_only("what the node starts from");
    static PROGRAMS: Kind = read_only("a place of programs and libraries that the node runs as root");
    static TIMETABLES: Kind = read_only("where the node reads what to run at set times");
    static SHARED_MEMORY: Kind = read_only("memory that processes of the node share");

    static VOLUMES_OF_PODS: Kind = kind(
        Access::Filled,
        "where the volumes of pods are: each of these pods may have planted a link there that leads anywhere on the node",
        CLAIM,
    );

    static MEASURES: Kind = harmless("what the kernel counts");
    static NOTHING: Kind = harmless("a device that holds nothing");
    static RANDOM_NUMBERS: Kind = harmless("a device that gives random numbers");
    static INTERFACES: Kind = harmless("a device that makes network interfaces");
    static FILE_SYSTEMS: Kind = harmless("a device that makes file systems");
    static MACHINES: Kind = harmless("a device that runs virtual machines");
    static GRAPHICS: Kind = harmless("graphics cards");
    static ACCELERATORS: Kind = harmless("cards that compute");
    static NETWORK_CARDS: Kind = harmless("network cards");
    static LOCK: Kind = harmless("a lock, which is written whenever it is used, and holds nothing");
}

macro_rules! groups {
    ($({ $of:literal, $source:literal; $($kind:ident: $($path:literal)+;)+ },)+) => {
        /// Every risky path, and the harmless ones inside them. Worst first: where a mount exposes several, the first is
        /// named. For those who read the catalogue, so it is not part of the wasm: see `each`.
        #[expect(clippy::indexing_slicing, reason = "while this is compiled")]
        pub static RISKS: &[Risk] = &[$($($(Risk { path: $path, kind: &KINDS[Place::$kind as usize] },)+)+)+];

        /// All paths, one behind the other.
        static PATHS: &str = concat!($($($($path,)+)+)+);

        /// The length of each path, and what is there.
        static ROWS: &[(u8, Place)] = &[$($($((length($path), Place::$kind),)+)+)+];

        /// The same by where they are found. For people who read the catalogue, so it is not part of the wasm.
        #[cfg(not(target_arch = "wasm32"))]
        #[expect(clippy::indexing_slicing, reason = "while this is compiled")]
        pub static GROUPS: &[Group] = &[$(Group {
            of: $of,
            source: $source,
            risks: &[$($(Risk { path: $path, kind: &KINDS[Place::$kind as usize] },)+)+],
        },)+];
    };
}

#[expect(clippy::cast_possible_truncation, reason = "no path is that long")]
const fn length(path: &str) -> u8 {
    path.len() as u8
}

/// Calls `found` with each of [`RISKS`]. They are packed in the wasm, where they take a sixth of what the list takes.
pub(crate) fn each(found: &mut dyn FnMut(Risk)) {
    let mut rest = PATHS;
    for (length, place) in ROWS {
        if let Some((path, behind)) = rest.split_at_checked(usize::from(*length))
            && let Some(kind) = KINDS.get(*place as usize)
        {
            found(Risk { path, kind });
            rest = behind;
        }
    }
}

groups! {
    {
        "Container runtimes",
        "Kubernetes, Container Runtimes; elastic/detection-rules#2045; kubeaudit mounts; iSulad documentation";
        SOCKET: "/run/docker.sock";
        RUNTIME_DIRECTORY: "/run/containerd" "/run/crio";
        SOCKET: "/run/cri-dockerd.sock" "/run/dockershim.sock" "/run/isulad.sock";
        RUNTIME_DIRECTORY: "/run/docker" "/run/podman" "/run/buildkit" "/run/nri" "/run/libvirt";
        ROOTLESS_RUNTIMES: "/run/user";
    },
    {
        "Kubernetes",
        "Kubernetes, Volumes, hostPath; BishopFox badPods; MITRE ATT&CK T1611; Cluster API, kubeadm bootstrap provider";
        KUBELET_DIRECTORY: "/var/lib/kubelet";
        REGISTRATION: "/var/lib/kubelet/plugins_registry";
        DRIVERS: "/var/lib/kubelet/plugins";
        DEVICE_REGISTRATION: "/var/lib/kubelet/device-plugins";
        POD_RESOURCES: "/var/lib/kubelet/pod-resources";
        CONTROL_PLANE: "/etc/kubernetes" "/var/lib/kubernetes" "/etc/ssl/etcd";
        ALL_DATA: "/var/lib/etcd";
        KEYS_OF_ALL_DATA: "/etc/etcd";
        JOINING: "/run/kubeadm";
        SECRET_PROVIDERS: "/etc/kubernetes/secrets-store-csi-providers";
        FEATURES: "/etc/kubernetes/node-feature-discovery";
    },
    {
        "k3s and RKE2",
        "k3s and RKE2 documentation; elastic/detection-rules#2045";
        RUNTIME_DIRECTORY: "/run/k3s";
        CONTROL_PLANE: "/etc/rancher" "/var/lib/rancher";
        VOLUMES_OF_PODS: "/var/lib/rancher/k3s/storage";
    },
    {
        "RKE",
        "rancher/rke, services/etcd.go";
        ALL_DATA: "/opt/rke";
    },
    {
        "k0s",
        "k0s documentation; k0sproject/rig, os/linux.go";
        RUNTIME_DIRECTORY: "/run/k0s";
        CONTROL_PLANE: "/var/lib/k0s" "/etc/k0s";
    },
    {
        "MicroK8s and Canonical Kubernetes",
        "MicroK8s and Canonical Kubernetes documentation";
        RUNTIME_DIRECTORY: "/var/snap/microk8s/common/run";
        CONTROL_PLANE: "/var/snap/microk8s" "/var/snap/k8s";
        VOLUMES_OF_PODS: "/var/snap/microk8s/common/default-storage";
    },
    {
        "kops, and Kubernetes on Google Compute Engine",
        "kubernetes/kops, nodeup/pkg/model/context.go, kube_controller_manager.go, kube_scheduler.go";
        CONTROL_PLANE: "/srv/kubernetes" "/etc/srv/kubernetes" "/var/lib/kube-controller-manager" "/var/lib/kube-scheduler";
    },
    {
        "minikube",
        "minikube, Persistent Volumes";
        CONTROL_PLANE: "/var/lib/minikube";
        VOLUMES_OF_PODS: "/tmp/hostpath-provisioner" "/tmp/hostpath_pv";
    },
    {
        "kind",
        "kubernetes-sigs/kind, pkg/cluster/internal/create/actions";
        JOINING: "/kind/kubeadm.conf";
        VOLUMES_OF_PODS: "/var/local-path-provisioner";
    },
    {
        "Talos",
        "siderolabs/talos, pkg/machinery/constants/constants.go";
        MACHINE: "/system/state";
        CONTROL_PLANE: "/system/secrets" "/var/system";
        RUNTIME_DIRECTORY: "/system/run";
        ALL_DATA: "/var/lib/etcd.snapshot";
        PROGRAMS: "/system";
    },
    {
        "Bottlerocket",
        "Bottlerocket, API server and security guidance";
        SETTINGS_OF_NODE: "/run/api.sock";
        RUNTIME_DIRECTORY: "/run/host-containerd";
        WHOLE_NODE: "/.bottlerocket";
    },
    {
        "OpenShift, Fedora CoreOS and others of OSTree",
        "OSTree, Adapting existing mainstream distributions; MicroShift documentation";
        WHOLE_NODE: "/sysroot";
        CONTROL_PLANE: "/var/lib/microshift";
    },
    {
        "SLE Micro and openSUSE",
        "openSUSE/transactional-update; snapper documentation";
        CHANGES: "/var/lib/overlay";
        COPIES: "/.snapshots";
    },
    {
        "Flatcar and Kairos",
        "Flatcar, Ignition; Kairos documentation";
        USER_DATA: "/oem" "/usr/share/oem";
    },
    {
        "Clouds",
        "cloud-init, Azure and GKE documentation; aws/amazon-ssm-agent; kubescape alert-mount-potential-credentials-paths";
        USER_DATA: "/var/lib/cloud" "/run/cloud-init" "/azuredata";
        MACHINE: "/var/lib/waagent" "/home/kubernetes";
        PROGRAMS: "/home/kubernetes/bin";
        KEYS: "/var/lib/amazon";
        KUBELET_DIRECTORY: "/var/data/kubelet" "/var/vcap";
    },
    {
        "Container runtimes, their files",
        "elastic/detection-rules#2045; kubeaudit mounts; containerd, docs/managed-opt.md; documentation of Docker's snap, \
         Incus and LXD";
        RUNTIME_DIRECTORY: "/var/snap/lxd";
        SOCKET: "/var/lib/incus/unix.socket" "/var/lib/lxd/unix.socket";
        CONTAINERS: "/var/lib/docker" "/var/lib/containerd" "/var/lib/containers" "/var/snap/docker";
        LOGS_OF_CONTAINERS: "/var/lib/docker/containers";
        RUNTIME_HOOKS: "/run/cdi";
        PROGRAMS: "/opt/containerd";
    },
    {
        "Linux",
        "kube-linter sensitive-host-mounts; SonarSource S6433; kubeaudit mounts; kubescape \
         alert-mount-potential-credentials-paths; nm-settings-keyfile(5); Debian, passwd";
        PASSWORDS: "/etc/shadow*" "/etc/gshadow*";
        COPIES: "/var/backups";
        KEYS: "/etc/ssh" "/etc/ssl/private" "/etc/pki/tls/private" "/etc/krb5.keytab";
        NODE_SECRETS: "/etc/NetworkManager/system-connections" "/run/credentials" "/run/secrets";
        HOME_OF_ROOT: "/root";
        HOMES: "/home";
        SERVICES: "/run/systemd";
        NAME_SERVERS: "/run/systemd/resolve";
        INSTALLER: "/run/snapd.socket";
        BUS: "/run/dbus";
        DEVICE_CONTROL: "/run/udev/control";
        DEVICES: "/dev";
        KERNEL_SETTINGS: "/proc";
        KERNEL_DEVICES: "/sys";
        LOGS: "/var/log";
        CONFIGURATION: "/etc";
        DEVICE_HOOKS: "/run/udev";
        BOOT: "/boot";
        PROGRAMS: "/usr" "/opt/bin";
        TIMETABLES: "/var/spool/cron";
        NODE_MEMORY: "/dev/mem" "/dev/kmem" "/dev/port";
        SHARED_MEMORY: "/dev/shm";
        HUGE_PAGES: "/dev/hugepages";
        KERNEL_LOG: "/dev/kmsg";
        LOG_SOCKET: "/dev/log";
        SECURITY_CHIP: "/dev/tpm*";
        DIRECT_HARDWARE: "/dev/vfio";
        ATTACHED: "/dev/serial" "/dev/tty*" "/dev/bus" "/dev/snd" "/dev/video*" "/dev/input" "/dev/i2c*" "/dev/spidev*"
            "/dev/gpio*";
    },
    {
        "Network plugins",
        "projectcalico/calico, cni-plugin/pkg/install; kubespray; cilium/cilium, Documentation; containernetworking/cni";
        NETWORK_KEYS: "/etc/cni/net.d";
        KEYS_OF_ALL_DATA: "/etc/calico/certs";
        NETWORK_SOCKET: "/run/cilium/cilium.sock";
        NETWORK: "/etc/cni" "/run/calico" "/var/lib/calico" "/run/cilium" "/run/flannel" "/var/lib/cni";
        NETWORK_PROGRAMS: "/opt/cni";
    },
    {
        "Storage",
        "Rook and Ceph documentation; rancher/local-path-provisioner; openebs/dynamic-localpv-provisioner; \
         kubevirt/hostpath-provisioner; kubernetes-csi/csi-driver-host-path; democratic-csi/democratic-csi; Docker Desktop";
        CEPH: "/var/lib/rook" "/etc/ceph";
        VOLUMES_OF_PODS: "/opt/local-path-provisioner" "/var/openebs/local" "/var/hpvolumes" "/var/lib/csi-hostpath-data"
            "/var/lib/csi-local-hostpath" "/var/lib/k8s-pvs";
    },
    {
        "Windows",
        "Kubernetes, Windows nodes, and Container Runtimes; Azure and Rancher documentation";
        SOCKET: "/pipe/docker*" "/pipe/containerd*" "/pipe/cri-dockerd*";
        STARTER: "/pipe/rancher_wins";
        CONTROL_PLANE: "/programdata/kubernetes";
        KUBELET_DIRECTORY: "/k";
        CONTAINERS: "/programdata/docker" "/programdata/containerd";
        KEYS: "/programdata/ssh";
        HOMES: "/users";
        WINDOWS: "/windows";
        PROGRAMS: "/program files";
    },
    {
        "Harmless files and devices",
        "proc(5), null(4), random(4); kernel documentation; kubernetes-sigs/iptables-wrappers; AMD, AWS Neuron and Google \
         device plugins";
        MEASURES: "/proc/cpuinfo" "/proc/diskstats" "/proc/loadavg" "/proc/meminfo" "/proc/pressure" "/proc/stat"
            "/proc/uptime" "/proc/version" "/proc/vmstat" "/proc/<pid>/mountinfo" "/proc/<pid>/mounts"
            "/proc/<pid>/net/dev" "/proc/<pid>/stat";
        NOTHING: "/dev/null" "/dev/zero" "/dev/full";
        RANDOM_NUMBERS: "/dev/random" "/dev/urandom";
        INTERFACES: "/dev/net/tun";
        FILE_SYSTEMS: "/dev/fuse";
        MACHINES: "/dev/kvm";
        GRAPHICS: "/dev/dri" "/dev/nvidia*" "/dev/kfd" "/dev/dxg" "/dev/mali*";
        ACCELERATORS: "/dev/accel*" "/dev/neuron*";
        LOCK: "/run/xtables.lock";
        NETWORK_CARDS: "/dev/infiniband";
    },
}
