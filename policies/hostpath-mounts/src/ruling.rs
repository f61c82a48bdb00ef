//! What a pod may do with a path of the node, and which entry of which list says so.
//!
//! The more specific entry wins, in whichever list it is; of two that are alike, the administrator's.

use crate::host_path::{self, HostPath, LINKS, Link, Relation};
use shared::quote;

use crate::access::Access;
use crate::add;
use crate::catalogue::{self, Risk};
use crate::identity::Identity;
use crate::settings::{Allowed, Denied, Mode, Settings};

/// What a pod may do with a path, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ruling<'s> {
    pub(crate) access: Access,
    pub(crate) because: Because<'s>,
    /// How many more entries inside the path say the same.
    pub(crate) more: usize,
    /// The link by which the entry concerns the path.
    pub(crate) link: Option<&'static Link>,
}

/// The entry that decides, and how the path lies to it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Because<'s> {
    /// No entry.
    Nothing,
    /// No entry, where one is needed.
    NotAllowed,
    /// An entry of `allowed`.
    Allowed(&'s Allowed, Relation),
    /// An entry of `denied`.
    Denied(&'s Denied, Relation),
    /// An entry of the catalogue.
    Risk(Risk, Relation),
}

/// What a volume is measured against: the entry of `allowed` that covers it, and the lists that it does not lift.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'s> {
    settings: &'s Settings,
    identity: Identity<'s>,
    allowed: Option<&'s Allowed>,
    catalogue: bool,
    denied: bool,
}

impl<'s> Scope<'s> {
    /// Finds out what the volume at `path` is measured against, for who mounts it.
    ///
    /// An entry that names the very path is the administrator's word on all that is in it: it lifts the catalogue,
    /// and if the entry is for the path alone (`match: exact`), the administrator's other denials, too.
    pub(crate) fn of(settings: &'s Settings, path: &HostPath, identity: Identity<'s>) -> Self {
        let allowed = most_specific(settings, path, identity);
        let named =
            allowed.is_some_and(|entry| path.relation(&entry.path) == Some(Relation::Equal));
        Self {
            settings,
            identity,
            allowed,
            catalogue: !named,
            denied: !(named && allowed.is_some_and(Allowed::is_exact)),
        }
    }

    /// The entry of `allowed` that covers the volume.
    pub(crate) fn allowed(&self) -> Option<&'s Allowed> {
        self.allowed
    }

    /// Whether that entry is about the very path of the volume.
    pub(crate) fn is_named(&self) -> bool {
        !self.catalogue
    }

    /// Rules on the volume, or on a path inside it.
    pub(crate) fn ruling(&self, path: &HostPath) -> Ruling<'s> {
        let entry = most_specific(self.settings, path, self.identity).or(self.allowed);
        let relation = |entry: &Allowed| path.relation(&entry.path).unwrap_or(Relation::Below);
        let mut ruling = match entry {
            Some(entry) => Ruling::new(entry.access(), Because::Allowed(entry, relation(entry))),
            None if self.settings.mode == Mode::Risky => {
                Ruling::new(Access::ReadWrite, Because::Nothing)
            }
            None => Ruling::new(Access::Never, Because::NotAllowed),
        };
        // An entry of `allowed` lifts what is not more specific than itself.
        let lifted = entry.map_or(0, |entry| entry.path.depth() + 1);
        let mut found = Found {
            denied: Deepest::above(lifted),
            risk: Deepest::above(lifted),
            inside: None,
        };
        self.search(path, None, &mut found);
        // On the nodes of a distribution the path may be known by another name, or hold what is.
        for link in LINKS {
            if let Some((relation, other)) = path.through(link) {
                self.search(&other, Some((link, relation)), &mut found);
            }
        }
        for found in [found.denied.found, found.risk.found].into_iter().flatten() {
            // What the catalogue holds harmless is so, also inside what it does not.
            // A denial has a reason that the user should read.
            let tells_why = found.access == ruling.access
                && matches!(ruling.because, Because::NotAllowed)
                && matches!(found.because, Because::Denied(..));
            if found.access < ruling.access
                || matches!(ruling.because, Because::Nothing)
                || tells_why
            {
                ruling = found;
            }
        }
        found
            .inside
            .filter(|inside| inside.access < ruling.access)
            .unwrap_or(ruling)
    }

    /// Finds what is said of a path, which is that of the volume or leads to the same by a link.
    fn search(
        &self,
        path: &HostPath,
        link: Option<(&'static Link, Relation)>,
        found: &mut Found<'s>,
    ) {
        let mut offer = |depth, access, because| {
            found.offer(depth, Ruling::new(access, because), link);
        };
        let denied = self.settings.denied.iter().filter(|_| self.denied);
        for entry in denied {
            if let Some(relation) = path.relation(&entry.path) {
                let because = Because::Denied(entry, relation);
                offer(entry.path.depth() + 1, entry.access(), because);
            }
        }
        if self.catalogue {
            catalogue::each(&mut |risk| {
                if let Some(relation) = path.relation_to(risk.path) {
                    let because = Because::Risk(risk, relation);
                    offer(host_path::depth(risk.path) + 1, risk.kind.access, because);
                }
            });
        }
        // Entries of `allowed` inside the path: one that is read-only is broken by a wider mount that is not.
        for entry in &self.settings.allowed {
            let relation = path.relation(&entry.path);
            if relation == Some(Relation::Above) && entry.is_for(self.identity) {
                let because = Because::Allowed(entry, Relation::Above);
                offer(0, entry.access(), because);
            }
        }
    }

    /// Whether a mount of the path leads to what processes of the node have, and no entry of `allowed` is about that.
    pub(crate) fn exposes_processes(&self, path: &HostPath) -> bool {
        // What covers the path and has a name in it is about `/proc` or a part of it.
        let entry = most_specific(self.settings, path, self.identity);
        self.catalogue
            && entry.is_none_or(|entry| entry.path.depth() == 0)
            && catalogue::exposes_processes(path)
    }
}

/// What is said of a path.
struct Found<'s> {
    denied: Deepest<'s>,
    risk: Deepest<'s>,
    /// The strictest of what is said of something inside it.
    inside: Option<Ruling<'s>>,
}

impl<'s> Found<'s> {
    /// Adds what is said of a path, which is that of the volume or leads to the same by a link.
    #[inline(never)]
    fn offer(
        &mut self,
        depth: usize,
        mut ruling: Ruling<'s>,
        link: Option<(&'static Link, Relation)>,
    ) {
        ruling.link = link.map(|(link, _)| link);
        let is_inside = matches!(
            ruling.because,
            Because::Denied(_, Relation::Above)
                | Because::Risk(_, Relation::Above)
                | Because::Allowed(_, Relation::Above)
        );
        let depth = match link {
            None => depth,
            // An entry is as specific as it is when it is written with the link.
            Some((link, _)) => {
                let inner = depth.saturating_sub(host_path::depth(link.to)).max(1);
                host_path::depth(link.from) + inner
            }
        };
        if is_inside || matches!(link, Some((_, Relation::Above))) {
            // What is around a directory that pods fill is for `writableMounts` as well.
            if ruling.access != Access::Filled {
                Ruling::tighten(&mut self.inside, ruling);
            }
        } else if matches!(ruling.because, Because::Denied(..)) {
            self.denied.offer(depth, ruling);
        } else {
            self.risk.offer(depth, ruling);
        }
    }
}

/// The most specific of the entries that cover a path; the first of those that are alike.
struct Deepest<'s> {
    depth: usize,
    found: Option<Ruling<'s>>,
}

impl<'s> Deepest<'s> {
    fn above(depth: usize) -> Self {
        Self { depth, found: None }
    }

    fn offer(&mut self, depth: usize, found: Ruling<'s>) {
        if depth > self.depth {
            *self = Self {
                depth,
                found: Some(found),
            };
        }
    }
}

impl<'s> Ruling<'s> {
    fn new(access: Access, because: Because<'s>) -> Self {
        Self {
            access,
            because,
            more: 0,
            link: None,
        }
    }

    /// Says what the entry has to do with a path, which is the `subject` of the sentence.
    pub(crate) fn explain(&self, subject: &str) -> String {
        let (relation, path, before, what) = match self.because {
            Because::Risk(risk, relation) => (relation, risk.path, "", risk.kind.what),
            Because::Denied(denied, relation) => {
                let before = match relation {
                    Relation::Equal => "denied: ",
                    _ => "which is denied: ",
                };
                (relation, denied.path.as_str(), before, &*denied.reason)
            }
            Because::Allowed(entry, relation) => {
                let what = match relation {
                    Relation::Equal => "allowed only readOnly",
                    _ => "which is allowed only readOnly",
                };
                (relation, entry.path.as_str(), "", what)
            }
            Because::Nothing | Because::NotAllowed => (Relation::Equal, "", "not allowed", ""),
        };
        let by_link = match self.link {
            None => ["", "", "", "", "", "", ""],
            Some(Link { from, to, of, .. }) => {
                [", where \"", from, "\" is \"", to, "\" on ", of, ","]
            }
        };
        let relates = match relation {
            Relation::Equal => " is ",
            Relation::Below => " is part of ",
            Relation::Above => " holds ",
        };
        let mut text = subject.to_owned();
        add(&mut text, &by_link);
        add(&mut text, &[relates]);
        if relation != Relation::Equal {
            add(&mut text, &[&quote(path).to_string(), ", "]);
        }
        add(&mut text, &[before, what]);
        text
    }

    /// Keeps the strictest, and counts the others that are as strict.
    fn tighten(strictest: &mut Option<Self>, found: Self) {
        match strictest {
            Some(strictest) if found.access > strictest.access => {}
            // What several links lead to is the same.
            Some(strictest) if found.access == strictest.access => {
                strictest.more += usize::from(found.link == strictest.link);
            }
            _ => *strictest = Some(found),
        }
    }
}

/// The entry of `allowed` that covers `path` most closely; the first of those that are alike.
fn most_specific<'s>(
    settings: &'s Settings,
    path: &HostPath,
    identity: Identity<'_>,
) -> Option<&'s Allowed> {
    // `C:\\Data` allows nothing on Linux, where `/data` is another place.
    let covers = |entry: &&Allowed| match path.relation(&entry.path) {
        _ if entry.path.is_windows() && !path.is_windows() => false,
        Some(Relation::Equal) => true,
        Some(Relation::Below) => !entry.is_exact(),
        Some(Relation::Above) | None => false,
    };
    let candidates = settings
        .allowed
        .iter()
        .filter(|entry| entry.is_for(identity))
        .filter(covers);
    candidates.reduce(|best, entry| {
        if entry.specificity() > best.specificity() {
            entry
        } else {
            best
        }
    })
}
