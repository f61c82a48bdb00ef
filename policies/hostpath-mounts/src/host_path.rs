//! Paths of a node, in one spelling.
//!
//! The API server takes `hostPath.path` as it is written: `//var//run/./docker.sock/`, `var/run/docker.sock` and
//! `/run/docker.sock` are three spellings of one file, and all are mounted. Source: `validateHostPathVolumeSource` in
//! `pkg/apis/core/validation/validation.go`, which only refuses `..`.

use std::fmt;

/// A path of a node, reduced to its components.
///
/// Relative paths count from `/`. Links that every distribution has are followed (`/var/run` is `/run`), and what leads
/// to the root of a process leads to `/`. Windows paths lose drive `C:` and their case, because the kubelet puts
/// `C:` in front of Unix-like paths there, so that `/var/lib/kubelet` means the same on both.
///
/// ```
/// use hostpath_mounts::host_path::{HostPath, Relation};
///
/// let socket = HostPath::parse("//var///run/./docker.sock/");
/// assert_eq!(socket.to_string(), "/run/docker.sock");
/// assert_eq!(HostPath::parse("/var/run").relation(&socket), Some(Relation::Above));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPath {
    /// `/`, or components that each follow a `/`.
    text: String,
    windows: bool,
    backsteps: bool,
    reach: Reach,
}

/// Whether it can be told where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// To the place that it names.
    Known,
    /// Anywhere.
    Anywhere,
    /// Anywhere, because Windows may know one of its names as another one.
    Alias,
}

impl Reach {
    fn new(anywhere: bool, alias: bool) -> Self {
        match (anywhere, alias) {
            (_, true) => Self::Alias,
            (true, false) => Self::Anywhere,
            (false, false) => Self::Known,
        }
    }
}

/// How one path lies to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Both are the same.
    Equal,
    /// This one is inside the other.
    Below,
    /// The other is inside this one.
    Above,
}

/// Links that lead elsewhere on practically every node.
const COMMON_LINKS: &[(&[&str], &[&str])] = &[
    (&["var", "run"], &["run"]),
    (&["var", "lock"], &["run", "lock"]),
    (&["bin"], &["usr", "bin"]),
    (&["sbin"], &["usr", "sbin"]),
    (&["lib"], &["usr", "lib"]),
    (&["lib32"], &["usr", "lib32"]),
    (&["lib64"], &["usr", "lib64"]),
    (&["libx32"], &["usr", "libx32"]),
    (&["dev", "fd"], &["proc", "self", "fd"]),
    (&["proc", "net"], &["proc", "self", "net"]),
    (&["proc", "mounts"], &["proc", "self", "mounts"]),
    // Of OSTree, which Red Hat CoreOS is made of.
    (&["ostree"], &["sysroot", "ostree"]),
    // Junctions of Windows.
    (&["documents and settings"], &["users"]),
    (&["programdata", "application data"], &["programdata"]),
];

/// Another path of the same place on the nodes of a distribution: a link, or what is mounted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The other path.
    pub from: &'static str,
    /// The path by which the place is known.
    pub to: &'static str,
    /// Where it is so.
    pub of: &'static str,
    /// Who says so. For people who read the catalogue, so it is not part of the wasm.
    #[cfg(not(target_arch = "wasm32"))]
    pub source: &'static str,
}

const fn link(
    from: &'static str,
    to: &'static str,
    of: &'static str,
    source: &'static str,
) -> Link {
    #[cfg(target_arch = "wasm32")]
    let _ = source;
    Link {
        from,
        to,
        of,
        #[cfg(not(target_arch = "wasm32"))]
        source,
    }
}

const OSTREE: &str = "OSTree";
const ADAPTING: &str = "OSTree, Adapting existing mainstream distributions";
const COS: &str = "Container-Optimized OS";
const COS_DISKS: &str = "Container-Optimized OS, Disks and file system overview";
const BOTTLEROCKET: &str = "Bottlerocket";
const BOTTLEROCKET_UNITS: &str = "bottlerocket-os, mount units of packages/release";
const MINIKUBE: &str = "minikube";
const AUTOMOUNT: &str = "kubernetes/minikube, minikube-automount";

/// The links and mounts of distributions. A node may be another one, where both paths are places of their own: who reaches
/// the one reaches no more than it by name, but what is said against the other holds for it as well.
pub const LINKS: &[Link] = &[
    link("/var/home", "/home", OSTREE, ADAPTING),
    link("/var/roothome", "/root", OSTREE, ADAPTING),
    link("/var/usrlocal", "/usr/local", OSTREE, ADAPTING),
    link("/var/opt", "/opt", OSTREE, ADAPTING),
    link("/var/mnt", "/mnt", OSTREE, ADAPTING),
    link("/var/srv", "/srv", OSTREE, ADAPTING),
    link("/mnt/stateful_partition/var", "/var", COS, COS_DISKS),
    link("/mnt/stateful_partition/home", "/home", COS, COS_DISKS),
    link("/local/var", "/var", BOTTLEROCKET, BOTTLEROCKET_UNITS),
    link("/local/opt", "/opt", BOTTLEROCKET, BOTTLEROCKET_UNITS),
    link("/local/mnt", "/mnt", BOTTLEROCKET, BOTTLEROCKET_UNITS),
    link("/mnt/vda1/var", "/var", MINIKUBE, AUTOMOUNT),
    link("/mnt/sda1/var", "/var", MINIKUBE, AUTOMOUNT),
    link(
        "/mnt/vda1/hostpath-provisioner",
        "/tmp/hostpath-provisioner",
        MINIKUBE,
        AUTOMOUNT,
    ),
    link(
        "/mnt/sda1/hostpath-provisioner",
        "/tmp/hostpath-provisioner",
        MINIKUBE,
        AUTOMOUNT,
    ),
];

/// Directories that only Windows has. A path in one is not told apart by the case of its letters, however it is written.
const WINDOWS_DIRECTORIES: &[&str] = &[
    "azuredata",
    "documents and settings",
    "program files",
    "program files (x86)",
    "programdata",
    "windows",
];

/// Links are only looked for in this many first names of a path: see [`leads_anywhere`].
const FOLLOWED: usize = 6;

impl HostPath {
    /// Reads any text as a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let is_spelled = is_spelled_as_windows(text);
        let windows = is_spelled || is_in_windows(text);
        let unified;
        let mut rest = text;
        let mut anywhere = false;
        if windows {
            unified = unify(text);
            rest = &unified;
        }
        if is_spelled {
            (rest, anywhere) = without_device_prefix(rest);
        }
        let (mut names, is_alias) = names_of(rest, windows);
        anywhere |= is_alias;
        if let (true, [first, others @ ..]) = (windows, names.as_mut_slice()) {
            // `C:` is the drive of the system; `C:data` starts where the kubelet happens to be.
            *first = first.strip_prefix("c:").unwrap_or(first);
            let behind_drive = first.get(2..).unwrap_or_default();
            anywhere |= behind_drive.contains(':') || has_stream(others);
            if has_drive(first) && !behind_drive.is_empty() {
                *first = first.get(..2).unwrap_or_default();
                names.insert(1, behind_drive);
            }
            names.retain(|name| !name.is_empty());
        }
        let backsteps = names.contains(&"..");
        anywhere |= follow_links(&mut names);
        if anywhere {
            names.clear();
        }
        let mut text = String::with_capacity(rest.len() + 1);
        append(&mut text, &names);
        Self::of(text, windows, backsteps, Reach::new(anywhere, is_alias))
    }

    /// A path of components that each follow a `/`; of none it is `/`.
    fn of(mut text: String, windows: bool, backsteps: bool, reach: Reach) -> Self {
        if text.is_empty() {
            text.push('/');
        }
        Self {
            text,
            windows,
            backsteps,
            reach,
        }
    }

    /// Whether the path may lead to any place of the node, so that it counts as `/`: through the root or the open
    /// files of a process, or by one of the names that Windows has for everything.
    #[must_use]
    pub fn may_lead_anywhere(&self) -> bool {
        self.reach != Reach::Known
    }

    /// Whether that is because Windows may know one of its names as another one.
    #[must_use]
    pub fn has_alias(&self) -> bool {
        self.reach == Reach::Alias
    }

    /// Whether the path is written as Windows has it.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.windows
    }

    /// Whether the text had a `..`, so that it cannot be told where the path leads.
    #[must_use]
    pub fn has_backsteps(&self) -> bool {
        self.backsteps
    }

    /// The path in its one spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many components the path has; the more, the more specific it is.
    #[must_use]
    pub fn depth(&self) -> usize {
        depth(&self.text)
    }

    /// The path of `relative` inside this one.
    #[must_use]
    pub fn join(&self, relative: &str) -> Self {
        let is_whole = self.text == "/";
        let windows =
            self.windows || relative.contains('\\') || is_whole && is_in_windows(relative);
        let unified;
        let mut rest = relative;
        if windows {
            unified = unify(relative);
            rest = &unified;
        }
        let (inner, is_alias) = names_of(rest, windows);
        // A long path may have very many mounts, so that no more of it is read than may be a link.
        let mut names: Vec<&str> = components(&self.text).take(FOLLOWED).collect();
        let is_long = names.len() == FOLLOWED;
        names.extend(&inner);
        let anywhere = follow_links(&mut names) || is_alias || windows && has_stream(&inner);
        let mut text = String::new();
        if is_long && !anywhere {
            text.push_str(&self.text);
            append(&mut text, &inner);
        } else if !anywhere {
            append(&mut text, &names);
        }
        let backsteps = self.backsteps || inner.contains(&"..");
        let reach = self.reach.max(Reach::new(anywhere, is_alias));
        Self::of(text, windows, backsteps, reach)
    }

    /// How this path lies to the place that a link stands for, and the path by which that is known: that of this path, or
    /// of the place if this path holds it.
    #[must_use]
    pub fn through(&self, link: &Link) -> Option<(Relation, Self)> {
        let found = relation(&self.text, link.from, self.windows)?;
        let rest = match found {
            Relation::Above => "",
            _ => self.text.get(link.from.len()..).unwrap_or_default(),
        };
        let other = Self {
            windows: self.windows,
            ..Self::parse(&format!("{}{rest}", link.to))
        };
        Some((found, other))
    }

    /// How this path lies to `other`, component by component: `/etcd-data` has nothing to do with
    /// `/etc`.
    #[must_use]
    pub fn relation(&self, other: &Self) -> Option<Relation> {
        relation(&self.text, &other.text, self.windows || other.windows)
    }

    /// How this path lies to one that is written in the one spelling already. A last component that ends in `*` stands
    /// for all names with that start, and `<pid>` for any process. Case does not matter: on a Windows node, `/Var/Lib/Kubelet` is what it looks like.
    #[must_use]
    pub fn relation_to(&self, pattern: &str) -> Option<Relation> {
        relation(&self.text, pattern, true)
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How many components a path in its one spelling has. This is asked of every entry of the catalogue.
#[must_use]
#[inline(never)]
pub fn depth(path: &str) -> usize {
    let (mut depth, mut before) = (0, b'/');
    for byte in path.bytes() {
        depth += usize::from(before == b'/' && byte != b'/');
        before = byte;
    }
    depth
}

/// Adds names to a path in its one spelling.
fn append(path: &mut String, names: &[&str]) {
    for name in names {
        path.push('/');
        path.push_str(name);
    }
}

/// A path of Windows, which has two separators and knows no case.
fn unify(path: &str) -> String {
    let mut unified = path.replace('\\', "/");
    unified.make_ascii_lowercase();
    unified
}

/// The names in a path, and whether Windows may know one of them as another name of something else.
fn names_of(path: &str, windows: bool) -> (Vec<&str>, bool) {
    // Windows drops what stands at the end.
    let read = |name| match name {
        "." | ".." => name,
        _ if windows => name.trim_end_matches(['.', ' ']),
        _ => name,
    };
    let names = path.split('/').map(read);
    let names: Vec<&str> = names.filter(|name| !matches!(*name, "" | ".")).collect();
    let is_alias = names.iter().any(|name| is_alias(name, windows));
    (names, is_alias)
}

/// Whether Windows may know a name as another one: as the short one of a longer name, `PROGRA~3`, as a stream of a
/// directory, which is the directory itself, or as the same without what stands at its end. A path that is written as
/// Unix has it may be meant for a node with Windows, too, but there a `~` and a colon are nothing odd: only what has the
/// very form counts.
///
/// Source: "Naming Files, Paths, and Namespaces" and "File Streams" in the documentation of Windows.
fn is_alias(name: &str, windows: bool) -> bool {
    let bytes = name.as_bytes();
    let is_stream = bytes.windows(2).any(|pair| pair == b":$");
    if is_stream || name != ".." && matches!(bytes, [.., b'.' | b' ']) {
        return true;
    }
    let Some(start) = bytes.iter().position(|byte| *byte == b'~') else {
        return false;
    };
    // What is not of this form a pod has to make first, with nine more files of the same start.
    let end = bytes.get(start + 1..).unwrap_or_default();
    let is_short =
        (1..7).contains(&start) && matches!(end, [b'1'..=b'9'] | [b'1'..=b'9', b'.', ..]);
    windows || is_short
}

/// Whether one of these is a stream of a file, which every directory is: `Windows::$INDEX_ALLOCATION`.
fn has_stream(names: &[&str]) -> bool {
    names.iter().any(|name| name.contains(':'))
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// How one path lies to another one or to a pattern, byte by byte.
pub(crate) fn relation(path: &str, other: &str, ignore_case: bool) -> Option<Relation> {
    let (mut mine, mut theirs) = (names_in(path), names_in(other));
    // Most paths have nothing to do with each other, and that shows at once.
    if let ([_, one, ..], [_, other, ..]) = (mine, theirs)
        && !one.eq_ignore_ascii_case(other)
        && *other != b'*'
    {
        return None;
    }
    loop {
        match (mine, theirs) {
            (_, [b'*']) if mine.contains(&b'/') => return Some(Relation::Below),
            ([], []) | (_, [b'*']) => return Some(Relation::Equal),
            ([], [b'/', ..]) => return Some(Relation::Above),
            ([b'/', ..], []) => return Some(Relation::Below),
            (_, [b'<', b'p', b'i', b'd', b'>', rest @ ..]) => {
                let end = mine.iter().position(|byte| *byte == b'/');
                let (name, behind) = mine.split_at_checked(end.unwrap_or(mine.len()))?;
                if !is_process(name) {
                    return None;
                }
                (mine, theirs) = (behind, rest);
            }
            ([byte, mine_behind @ ..], [other, theirs_behind @ ..])
                if byte == other || ignore_case && byte.eq_ignore_ascii_case(other) =>
            {
                (mine, theirs) = (mine_behind, theirs_behind);
            }
            _ => return None,
        }
    }
}

/// The bytes of a path in its one spelling; `/` has no names, and so no bytes.
fn names_in(path: &str) -> &[u8] {
    match path.as_bytes() {
        [_] => &[],
        bytes => bytes,
    }
}

/// The name of a process below `/proc`. Source: `name_to_int` and `proc_setup_self` in `fs/proc` of Linux.
fn is_process(name: &[u8]) -> bool {
    let is_number = !name.is_empty() && name.iter().all(u8::is_ascii_digit);
    is_number || matches!(name, b"self" | b"thread-self" | b"<pid>")
}

/// `C:\data`, `c:/data`, `/C:/data`, `\data`, `\\.\pipe\name`, `//./pipe/name`, `//?/C:/data`.
fn is_spelled_as_windows(text: &str) -> bool {
    let is_pipe = |start: &str| start.eq_ignore_ascii_case("//./pipe/");
    has_drive(text.trim_start_matches(['/', '.', '?']))
        || text.contains('\\')
        || text.starts_with("//?/")
        || text.get(..9).is_some_and(is_pipe)
}

/// Whether a path leads into a directory that only Windows has.
fn is_in_windows(text: &str) -> bool {
    let first = components(text).find(|name| *name != ".");
    first.is_some_and(|first| {
        let mut known = WINDOWS_DIRECTORIES.iter();
        known.any(|known| known.eq_ignore_ascii_case(first))
    })
}

fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Takes off `//./` and `//?/`, which stand before pipes and before paths that are taken literally. Other names behind
/// them, and shares (`//host/c$`), may be another name of anything.
fn without_device_prefix(path: &str) -> (&str, bool) {
    let bare = ["//./", "//?/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix));
    match bare {
        Some(bare) => (
            bare,
            !bare.starts_with("pipe/") && bare.as_bytes().get(1) != Some(&b':'),
        ),
        None => (path, path.starts_with("//") && !path.starts_with("///")),
    }
}

/// Follows the links that are known. True when one of them leads to the root or the open files of a process.
fn follow_links(names: &mut Vec<&str>) -> bool {
    loop {
        if leads_anywhere(names) {
            return true;
        }
        let Some((from, to)) = COMMON_LINKS
            .iter()
            .find(|(from, _)| names.starts_with(from))
        else {
            return false;
        };
        // `splice` takes ten times as much of a policy.
        let behind = names.get(from.len()..).unwrap_or_default();
        *names = [*to, behind].concat();
    }
}

/// `/proc/<pid>/root`, `/proc/<pid>/cwd`, the program and the open files, also of a thread: whose root it is depends on the moment,
/// and for most processes of a node it is the node's.
fn leads_anywhere(names: &[&str]) -> bool {
    let (["proc", _, "task", _, rest @ ..] | ["proc", _, rest @ ..]) = names else {
        return false;
    };
    matches!(
        rest,
        ["root" | "cwd" | "exe", ..] | ["fd" | "map_files", _, ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_as_if_it_were_written_in_one() {
        for base in [
            "/",
            "/proc/1",
            "/a/b/c/d/e",
            "/a/b/c/d/e/f",
            "/proc/1/task/1/ns/fd",
            "/a/../b/c/d/e/f",
            "C:\\a\\b",
            "C:\\a\\b\\c\\d\\e\\f\\g",
        ] {
            for relative in [
                "x",
                "./x//y/",
                "../x",
                "fd/1",
                "root",
                "x\\..\\y",
                "",
                ".",
                "X. /y.\\..\\z~",
                "xy:z",
                "a~1",
                "WINDOWS/./X",
                "Documents and Settings",
            ] {
                let base = HostPath::parse(base);
                let separator = if base.windows { '\\' } else { '/' };
                let start = base.as_str().trim_end_matches('/');
                let mut written = HostPath::parse(&format!("{start}{separator}{relative}"));
                written.backsteps |= base.backsteps;
                assert_eq!(base.join(relative), written, "{base} {relative}");
            }
        }
    }

    #[test]
    fn every_spelling_of_a_path_is_one() {
        for (spelling, path) in [
            ("/", "/"),
            ("", "/"),
            ("/.", "/"),
            ("//", "/"),
            (".", "/"),
            ("//var//run/./docker.sock/", "/run/docker.sock"),
            ("var/run/docker.sock", "/run/docker.sock"),
            ("/var/run", "/run"),
            ("/var/running", "/var/running"),
            ("/var/lock/x", "/run/lock/x"),
            ("/lib/modules", "/usr/lib/modules"),
            ("/library", "/library"),
            ("/bin", "/usr/bin"),
            ("/proc/1/root/etc", "/"),
            ("/proc/self/cwd", "/"),
            ("/proc/12/task/13/root/var", "/"),
            ("/dev/fd/3", "/"),
            ("/proc/1/environ", "/proc/1/environ"),
            ("/proc", "/proc"),
            ("/data/My Files", "/data/My Files"),
            ("C:\\Windows\\System32", "/windows/system32"),
            ("c:/ProgramData/", "/programdata"),
            ("C:", "/"),
            ("C:\\", "/"),
            ("D:\\data", "/d:/data"),
            ("\\var\\lib\\kubelet", "/var/lib/kubelet"),
            ("\\\\.\\pipe\\Docker_Engine", "/pipe/docker_engine"),
            ("//./pipe/docker_engine", "/pipe/docker_engine"),
            ("//?/C:/var/run/x", "/run/x"),
            ("/C:/x", "/x"),
            ("C:x", "/x"),
            ("C:\\Windows. \\System32.", "/windows/system32"),
            ("//./C:/Windows", "/windows"),
            ("\\\\localhost\\c$\\Windows", "/"),
            ("\\\\?\\GLOBALROOT\\Device", "/"),
            ("C:\\PROGRA~3\\docker", "/"),
            ("/PROGRA~3/docker", "/"),
            ("/docume~1.x/y", "/"),
            ("/data/program~3", "/data/program~3"),
            ("/data/x~y", "/data/x~y"),
            ("/data/~1", "/data/~1"),
            ("/data/progra~3x", "/data/progra~3x"),
            ("/ProgramData./docker", "/"),
            ("/ProgramData /docker", "/"),
            ("/ProgramData::$INDEX_ALLOCATION/docker", "/"),
            (
                "/sys/bus/pci/devices/0000:00:1f.2",
                "/sys/bus/pci/devices/0000:00:1f.2",
            ),
            ("C:\\Windows::$INDEX_ALLOCATION\\x", "/"),
            ("C:Windows::$INDEX_ALLOCATION\\x", "/"),
            ("D:\\x\\y:z", "/"),
            ("C:\\Documents and Settings\\x", "/users/x"),
            ("/proc/1/task/1/fd/3", "/"),
            ("/proc/1/exe", "/"),
            ("/proc/net/dev", "/proc/self/net/dev"),
            ("/proc/mounts", "/proc/self/mounts"),
            ("/proc/netx", "/proc/netx"),
            ("/Documents and Settings/X", "/users/x"),
            ("./DOCUMENTS AND SETTINGS", "/users"),
            ("//ProgramData//Application data/X", "/programdata/x"),
            ("/AzureData/CustomData.bin", "/azuredata/customdata.bin"),
            ("/PROGRAMDATA/a:b", "/"),
            ("/data/ProgramData/X", "/data/ProgramData/X"),
            ("D:data", "/d:/data"),
            ("D:", "/d:"),
            ("//./PIPE/Name", "/pipe/name"),
            ("/proc/1/fd", "/proc/1/fd"),
        ] {
            assert_eq!(HostPath::parse(spelling).to_string(), path, "{spelling}");
        }
    }

    #[test]
    fn knows_how_windows_has_it() {
        for (path, is) in [
            ("C:\\data", true),
            ("c:/data", true),
            ("/C:/data", true),
            ("\\data", true),
            ("//./pipe/name", true),
            ("//./Pipe/name", true),
            ("//?/name", true),
            ("/programData/x", true),
            ("WINDOWS", true),
            ("/programdatas/x", false),
            ("/data/Windows", false),
            ("//./name", false),
            ("/data", false),
            ("/7:/data", false),
        ] {
            assert_eq!(HostPath::parse(path).is_windows(), is, "{path}");
        }
    }

    #[test]
    fn sees_steps_back() {
        for (path, has) in [
            ("/a/../b", true),
            ("..", true),
            ("C:\\a\\..\\b", true),
            ("/a/..b/c..", false),
        ] {
            assert_eq!(HostPath::parse(path).has_backsteps(), has, "{path}");
        }
        assert!(HostPath::parse("/a").join("../b").has_backsteps());
    }

    #[test]
    fn compares_component_by_component() {
        use Relation::{Above, Below, Equal};
        for (path, other, relation) in [
            ("/etc", "/etc", Some(Equal)),
            ("/etc/kubernetes", "/etc", Some(Below)),
            ("/etc", "/etc/kubernetes", Some(Above)),
            ("/", "/etc", Some(Above)),
            ("/etcd-data", "/etc", None),
            ("/var/lib/kubelet-foo", "/var/lib/kubelet", None),
            ("/Etc", "/etc", None),
            ("C:\\ETC", "/etc", Some(Equal)),
            ("/windows", "C:\\Windows", Some(Equal)),
            ("/Windows", "C:\\Windows", Some(Equal)),
            ("C:\\Data", "/DATA", Some(Equal)),
        ] {
            assert_eq!(
                HostPath::parse(path).relation(&HostPath::parse(other)),
                relation,
                "{path} {other}"
            );
        }
    }

    #[test]
    fn compares_with_patterns() {
        use Relation::{Above, Below, Equal};
        for (path, relation) in [
            ("/dev/nvidia0", Some(Equal)),
            ("/Dev/NVIDIA0", Some(Equal)),
            ("/dev/nvidia-caps/x", Some(Below)),
            ("/dev", Some(Above)),
            ("/dev/nv", None),
            ("/dev/é", None),
            ("/dev/nvidia", Some(Equal)),
            ("/dev/nvidia/x", Some(Below)),
            ("/dev/nvidia*x", Some(Equal)),
            ("/", Some(Above)),
        ] {
            assert_eq!(
                HostPath::parse(path).relation_to("/dev/nvidia*"),
                relation,
                "{path}"
            );
        }
        for (path, relation) in [
            ("/proc", Some(Above)),
            ("/proc/1", Some(Above)),
            ("/proc/4711/net", Some(Equal)),
            ("/proc/self/net/dev", Some(Below)),
            ("/proc/thread-self/net", Some(Equal)),
            ("/proc/<pid>/net", Some(Equal)),
            ("/proc/1x/net", None),
            ("/proc/1/ne", None),
            ("/proc/selfie", None),
            ("/procs/1/net", None),
        ] {
            let found = HostPath::parse(path).relation_to("/proc/<pid>/net");
            assert_eq!(found, relation, "{path}");
        }
    }

    #[test]
    fn follows_the_link_of_a_distribution() {
        use Relation::{Above, Below, Equal};
        let link = |from: &str| LINKS.iter().find(|link| link.from == from).unwrap();
        let var = link("/mnt/stateful_partition/var");
        for (path, found) in [
            ("/mnt/stateful_partition/var", Some((Equal, "/var"))),
            (
                "/mnt//stateful_partition/var/./log/",
                Some((Below, "/var/log")),
            ),
            ("/mnt/stateful_partition/var/run/x", Some((Below, "/run/x"))),
            ("/mnt", Some((Above, "/var"))),
            ("/", Some((Above, "/var"))),
            ("/mnt/stateful_partition/variable", None),
            ("/mnt/stateful_partition/home", None),
        ] {
            let through = HostPath::parse(path).through(var);
            let through = through
                .as_ref()
                .map(|(relation, path)| (*relation, path.as_str()));
            assert_eq!(through, found, "{path}");
        }
        let long = format!("/var/opt{}", "/a".repeat(2_000));
        let (_, path) = HostPath::parse(&long).through(link("/var/opt")).unwrap();
        assert_eq!(path.as_str(), &long[4..]);
    }

    #[test]
    fn knows_what_may_lead_anywhere() {
        for (path, anywhere) in [
            ("/proc/1/root", true),
            ("/dev/fd/3", true),
            ("//server/share", false),
            ("\\\\server\\share", true),
            ("/", false),
            ("C:\\", false),
        ] {
            assert_eq!(
                HostPath::parse(path).may_lead_anywhere(),
                anywhere,
                "{path}"
            );
        }
        assert!(
            HostPath::parse("/proc")
                .join("1/root/etc")
                .may_lead_anywhere()
        );
    }

    #[test]
    fn joins_a_path_inside() {
        assert_eq!(
            HostPath::parse("/var").join("/run//x/").to_string(),
            "/run/x"
        );
        assert_eq!(HostPath::parse("/").join("").to_string(), "/");
        assert_eq!(
            HostPath::parse("C:\\Data").join("Sub"),
            HostPath::parse("C:\\Data\\sub")
        );
    }
}
