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
/// use shared::host_path::{HostPath, Relation};
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

/// Whether anybody can tell where a path leads.
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
const LINKS: &[(&[&str], &[&str])] = &[
    (&["var", "run"], &["run"]),
    (&["var", "lock"], &["run", "lock"]),
    (&["bin"], &["usr", "bin"]),
    (&["sbin"], &["usr", "sbin"]),
    (&["lib"], &["usr", "lib"]),
    (&["lib32"], &["usr", "lib32"]),
    (&["lib64"], &["usr", "lib64"]),
    (&["libx32"], &["usr", "libx32"]),
    (&["dev", "fd"], &["proc", "self", "fd"]),
    // Of OSTree, which Red Hat CoreOS is made of.
    (&["ostree"], &["sysroot", "ostree"]),
    // Junctions of Windows.
    (&["documents and settings"], &["users"]),
    (&["programdata", "application data"], &["programdata"]),
];

/// No link is looked for behind so many names: see [`leads_anywhere`].
const FOLLOWED: usize = 6;

impl HostPath {
    /// Reads any text as a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let windows = is_windows(text);
        let unified;
        let mut rest = text;
        let mut anywhere = false;
        if windows {
            unified = unify(text);
            (rest, anywhere) = without_device_prefix(&unified);
        }
        let (mut names, is_alias) = names_of(rest, windows);
        anywhere |= is_alias;
        if let (true, [first, others @ ..]) = (windows, names.as_mut_slice()) {
            // `C:` is the drive of the system; `C:data` starts where the kubelet happens to be.
            *first = first.strip_prefix("c:").unwrap_or(first);
            let behind_drive = first.get(2..).unwrap_or_default();
            anywhere |= behind_drive.contains(':') || has_stream(others);
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

    /// Whether the text had a `..`, so that nobody can say where the path leads.
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
        let windows = self.windows || relative.contains('\\');
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

    /// How this path lies to `other`, component by component: `/etcd-data` has nothing to do with
    /// `/etc`.
    #[must_use]
    pub fn relation(&self, other: &Self) -> Option<Relation> {
        relation(&self.text, &other.text, self.windows || other.windows)
    }

    /// How this path lies to one that is written in the one spelling already. A last component that ends in `*` stands
    /// for all names with that start. Case does not matter: on a Windows node, `/Var/Lib/Kubelet` is what it looks like.
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

/// How many components a path in its one spelling has.
#[must_use]
pub fn depth(path: &str) -> usize {
    components(path).count()
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
    path.replace('\\', "/").to_ascii_lowercase()
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

fn relation(path: &str, other: &str, ignore_case: bool) -> Option<Relation> {
    // Most paths have nothing to do with each other, and that shows at once.
    if let (Some(mine), Some(theirs)) = (path.as_bytes().get(1), other.as_bytes().get(1))
        && !mine.eq_ignore_ascii_case(theirs)
        && *theirs != b'*'
    {
        return None;
    }
    let (mut mine, mut theirs) = (components(path), components(other));
    loop {
        match (mine.next(), theirs.next()) {
            (None, None) => return Some(Relation::Equal),
            (Some(_), None) => return Some(Relation::Below),
            (None, Some(_)) => return Some(Relation::Above),
            (Some(mine), Some(theirs)) if matches(mine, theirs, ignore_case) => {}
            (Some(_), Some(_)) => return None,
        }
    }
}

fn matches(name: &str, pattern: &str, ignore_case: bool) -> bool {
    let (name, pattern) = match pattern.strip_suffix('*') {
        None => (Some(name), pattern),
        Some(start) => (name.get(..start.len()), start),
    };
    name.is_some_and(|name| {
        if ignore_case {
            name.eq_ignore_ascii_case(pattern)
        } else {
            name == pattern
        }
    })
}

/// `C:\data`, `c:/data`, `/C:/data`, `\data`, `\\.\pipe\name`, `//./pipe/name`, `//?/C:/data`.
fn is_windows(text: &str) -> bool {
    let bare = text.trim_start_matches(['/', '.', '?']).as_bytes();
    let drive = matches!(bare, [letter, b':', ..] if letter.is_ascii_alphabetic());
    drive || text.contains('\\') || text.starts_with("//./pipe/") || text.starts_with("//?/")
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
        let Some((from, to)) = LINKS.iter().find(|(from, _)| names.starts_with(from)) else {
            return false;
        };
        names.splice(..from.len(), to.iter().copied());
    }
}

/// `/proc/<pid>/root`, `/proc/<pid>/cwd`, and the open files, also of a thread: whose root it is depends on the moment,
/// and for most processes of a node it is the node's.
fn leads_anywhere(names: &[&str]) -> bool {
    let (["proc", _, "task", _, rest @ ..] | ["proc", _, rest @ ..]) = names else {
        return false;
    };
    matches!(rest, ["root" | "cwd", ..] | ["fd" | "map_files", _, ..])
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
            ("//?/name", true),
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
        ] {
            assert_eq!(
                HostPath::parse(path).relation_to("/dev/nvidia*"),
                relation,
                "{path}"
            );
        }
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
