//! The paths of a node that are risky in the hands of a pod, as data: see [`RISKS`].

mod groups;

use crate::host_path::{HostPath, Relation, relation};

#[cfg(not(target_arch = "wasm32"))]
pub use self::groups::GROUPS;
pub use self::groups::RISKS;
pub(crate) use self::groups::each;
use crate::access::Access;

/// A risky path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Risk {
    /// The path in its one spelling; a `*` at the end stands for all names with that start, and `<pid>` for any process.
    pub path: &'static str,
    /// What is there.
    pub kind: &'static Kind,
}

/// What may be at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What a pod may do with it at most.
    pub access: Access,
    /// What it is, and what comes of it.
    pub what: &'static str,
    /// What to use instead of mounting it, by its place among all that there is.
    instead: u8,
}

/// The risky paths of a program or of a distribution. For people who read the catalogue, so it is not part of the wasm.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Where they are found.
    pub of: &'static str,
    /// Who says so.
    pub source: &'static str,
    /// The paths.
    pub risks: &'static [Risk],
}

/// The part of `/proc` that is about processes. It has a level of its own: without any capability, a container that sees
/// the processes of the node writes through `/proc/<pid>/root` to the files of each that has its user id.
const PROCESS: &str = "/proc/<pid>";

/// What is harmless to see of a process.
const HARMLESS_OF_A_PROCESS: &[&str] = &[
    "/proc/<pid>/cgroup",
    "/proc/<pid>/mountinfo",
    "/proc/<pid>/mounts",
    "/proc/<pid>/net",
    "/proc/<pid>/stat",
    "/proc/<pid>/status",
];

/// Whether a mount of the path leads to what processes of the node have.
pub(crate) fn exposes_processes(path: &HostPath) -> bool {
    let is_harmless = |inside: &&str| {
        let relation = path.relation_to(inside);
        matches!(relation, Some(Relation::Equal | Relation::Below))
    };
    path.relation_to(PROCESS).is_some() && !HARMLESS_OF_A_PROCESS.iter().any(is_harmless)
}

/// Where the devices of a node are.
pub(crate) const DEVICES: &str = "/dev";

/// What is no disk there, with all that is inside it, and has no entry of its own. Of what ends in a `/`, which holds all
/// disks, only what is inside it may be one. A space follows each.
///
/// Source: `Documentation/admin-guide/devices.txt` of Linux, and `rules.d/60-persistent-storage.rules.in` of systemd.
const NO_DISKS: &str = "/block/ /bsg /btrfs-control /char /console /cpu /disk/by-id/ /disk/by-label/ \
                        /disk/by-partlabel/ /disk/by-partuuid/ /disk/by-path/ /disk/by-uuid/ /hidraw* /hpet \
                        /loop-control /mapper/control /mei* /mqueue /net /nvram /ptmx /pts /root /rtc* /snapshot \
                        /uinput /usb /usbmon* /vcs* /vhost-* /watchdog* /xen ";

/// Whether a path inside `/dev` that has no entry of its own is one disk, or may be: a volume group has any name.
pub(crate) fn may_be_disk(path: &HostPath) -> bool {
    let device = path.as_str().get(DEVICES.len()..).unwrap_or_default();
    let mut rest = NO_DISKS;
    while let Some((other, behind)) = rest.split_once(' ') {
        if relation(device, other, true).is_some() {
            return false;
        }
        rest = behind;
    }
    true
}

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
    use crate::host_path::LINKS;
    use crate::identity::Identity;
    use serde_json::json;
    use shared::testing::read_settings;

    use super::*;
    use crate::HostpathMounts;
    use crate::ruling::Scope;

    #[test]
    fn every_path_is_in_its_one_spelling_and_listed_once() {
        let paths: Vec<&str> = RISKS.iter().map(|risk| risk.path).collect();
        for (position, path) in paths.iter().enumerate() {
            assert_eq!(HostPath::parse(path).as_str(), *path);
            assert!(!paths[..position].contains(path), "{path}");
        }
    }

    #[test]
    fn each_is_called_with_all() {
        let mut all = Vec::new();
        each(&mut |risk| all.push(risk));
        assert_eq!(all, RISKS);
    }

    #[test]
    fn every_risk_says_why_and_what_instead_and_every_group_who_says_so() {
        for group in GROUPS {
            for text in [group.of, group.source] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
            }
            for risk in group.risks {
                let Kind { access, what, .. } = risk.kind;
                let instead = risk.kind.instead();
                assert!(!what.is_empty() && !what.ends_with('.'), "{}", risk.path);
                assert_eq!(
                    instead.is_empty(),
                    *access == Access::ReadWrite,
                    "{}",
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
                outer.kind.access != Access::ReadWrite
                    && path.relation_to(outer.path) == Some(Relation::Below)
            })
        };
        let harmless = RISKS
            .iter()
            .filter(|risk| risk.kind.access == Access::ReadWrite);
        let alone: Vec<&str> = harmless
            .filter(|risk| !is_inside(risk))
            .map(|risk| risk.path)
            .collect();
        assert_eq!(
            alone,
            ["/run/xtables.lock"],
            "it is written whenever it is used"
        );
    }

    #[test]
    fn a_link_has_the_risk_of_what_it_leads_to() {
        let settings = read_settings::<HostpathMounts>(&json!({})).unwrap();
        let access = |path: &str| {
            let path = HostPath::parse(path);
            Scope::of(&settings, &path, Identity::new("shop", "", true))
                .ruling(&path)
                .access
        };
        for link in LINKS {
            let (from, to) = (HostPath::parse(link.from), HostPath::parse(link.to));
            assert_eq!((from.as_str(), to.as_str()), (link.from, link.to));
            let inside = RISKS
                .iter()
                .filter_map(|risk| risk.path.strip_prefix(link.to));
            let inside = inside.filter(|rest| rest.starts_with('/') && !rest.contains('*'));
            for rest in inside.chain(["", "/x", "/x/y", "/lib/kubelet/pki", "/run/docker.sock"]) {
                let (from, to) = (format!("{}{rest}", link.from), format!("{}{rest}", link.to));
                // No node is of two distributions, so that only one link is followed.
                let path = HostPath::parse(&to);
                let mut others = LINKS.iter().filter(|other| path.through(other).is_some());
                match others.next() {
                    None => assert_eq!(access(&from), access(&to), "{from} {to}"),
                    Some(_) => assert!(access(&from) >= access(&to), "{from} {to}"),
                }
                // And what holds a link holds what it leads to.
                let (parent, _) = link.from.rsplit_once('/').unwrap();
                assert!(access(parent) <= access(&from), "{parent} {from}");
            }
        }
    }

    #[test]
    fn knows_what_may_be_one_disk() {
        for (path, may_be) in [
            ("/dev/sdb", true),
            ("/dev/sdb1", true),
            ("/dev/nvme1n1", true),
            ("/dev/loop0", true),
            ("/dev/dm-0", true),
            ("/dev/vg/data", true),
            ("/dev/disk/by-id/wwn-0x5000", true),
            ("/dev/disk/by-uuid/1-2", true),
            ("/dev/disk/by-id", false),
            ("/dev/disk/by-partlabel", false),
            ("/dev/disk", false),
            ("/dev/block", false),
            ("/dev/block/8:16", true),
            ("/dev/mapper", false),
            ("/dev/mapper/vg-data", true),
            ("/dev/mapper/control", false),
            ("/dev/root", false),
            ("/dev/rootvg/data", true),
            ("/dev/pts", false),
            ("/dev/pts/0", false),
            ("/dev/mqueue", false),
            ("/dev/watchdog", false),
            ("/dev/watchdog0", false),
            ("/dev/net", false),
            ("/dev/netapp/data", true),
            ("/dev/loop-control", false),
            ("/dev/cpu/0/msr", false),
        ] {
            assert_eq!(may_be_disk(&HostPath::parse(path)), may_be, "{path}");
        }
    }

    #[test]
    fn knows_what_exposes_processes() {
        for (path, exposes) in [
            ("/proc", true),
            ("//proc/.", true),
            ("proc", true),
            ("/", true),
            ("/proc/1", true),
            ("/proc/self", true),
            ("/proc/./thread-self/", true),
            ("/proc/4711/task/4712", true),
            ("/proc/1/ns/net", true),
            ("/proc/1/environ", true),
            ("/proc/self/fd", true),
            ("/proc/1/net/dev", false),
            ("/proc/net/dev", false),
            ("/proc/mounts", false),
            ("/proc/1/mountinfo", false),
            ("/proc/meminfo", false),
            ("/proc/sys/kernel", false),
            ("/proc/1x", false),
            ("/proc/selfish", false),
            ("/procs/1", false),
            ("/data/proc/1", false),
        ] {
            assert_eq!(exposes_processes(&HostPath::parse(path)), exposes, "{path}");
        }
    }
}
