//! What a pod may do with a path of the node, and which entry of which list says so.
//!
//! The more specific entry wins, whoever wrote it; of two that are alike, the administrator's.

use shared::host_path::{self, HostPath, Relation};

use crate::catalogue::{RISKS, Risk};
use crate::settings::{Allowed, Denied, Mode, Settings};

/// What a pod may do with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing: reading does enough harm, or it is a socket or a device, which "read-only" leaves as it is.
    Never,
    /// Read it.
    ReadOnly,
    /// Read and write it.
    ReadWrite,
}

/// What a pod may do with a path, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ruling<'s> {
    pub(crate) access: Access,
    pub(crate) because: Because<'s>,
    /// How many more entries inside the path say the same.
    pub(crate) more: usize,
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
    Risk(&'static Risk, Relation),
}

/// What a volume is measured against: the entry of `allowed` that covers it, and the lists that it does not lift.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'s> {
    settings: &'s Settings,
    namespace: &'s str,
    allowed: Option<&'s Allowed>,
    catalogue: bool,
    denied: bool,
}

impl<'s> Scope<'s> {
    /// Finds out what the volume at `path` is measured against, for a pod in `namespace`.
    ///
    /// An entry that names the very path is the administrator's word on all that is in it: it lifts the catalogue,
    /// and if the entry is for the path alone (`match: exact`), the administrator's other denials, too.
    pub(crate) fn of(settings: &'s Settings, path: &HostPath, namespace: &'s str) -> Self {
        let allowed = most_specific(settings, path, namespace);
        let named =
            allowed.is_some_and(|entry| path.relation(&entry.path) == Some(Relation::Equal));
        Self {
            settings,
            namespace,
            allowed,
            catalogue: settings.mode == Mode::Risky && !named,
            denied: !(named && allowed.is_some_and(|entry| entry.exact)),
        }
    }

    /// The entry of `allowed` that covers the volume.
    pub(crate) fn allowed(&self) -> Option<&'s Allowed> {
        self.allowed
    }

    /// Rules on the volume, or on a path inside it.
    pub(crate) fn ruling(&self, path: &HostPath) -> Ruling<'s> {
        let entry = most_specific(self.settings, path, self.namespace).or(self.allowed);
        let relation = |entry: &Allowed| path.relation(&entry.path).unwrap_or(Relation::Below);
        let mut ruling = match entry {
            Some(entry) => Ruling::new(entry.access(), Because::Allowed(entry, relation(entry))),
            None if self.settings.mode == Mode::Risky => {
                Ruling::new(Access::ReadWrite, Because::Nothing)
            }
            None => Ruling::new(Access::Never, Because::NotAllowed),
        };
        let allowed_depth = entry.map_or(0, |entry| entry.path.depth() + 1);
        let mut covering: Option<(usize, Ruling<'s>)> = None;
        for candidate in self.candidates(path) {
            let Candidate {
                depth,
                ruling: found,
                inside,
            } = candidate;
            if inside {
                ruling.tighten(found);
            } else if depth > allowed_depth
                && covering
                    .as_ref()
                    .is_none_or(|(deepest, _)| depth > *deepest)
            {
                covering = Some((depth, found));
            }
        }
        if let Some((_, found)) = covering {
            // What the catalogue holds harmless is so, also inside what it does not.
            if found.access < ruling.access || matches!(ruling.because, Because::Nothing) {
                ruling = Ruling { more: 0, ..found };
            }
        }
        ruling
    }

    /// Every entry that has to do with the path, but for those of `allowed` that cover it.
    fn candidates(&self, path: &HostPath) -> impl Iterator<Item = Candidate<'s>> {
        let denied = self
            .settings
            .denied
            .iter()
            .filter(|_| self.denied)
            .filter_map(|entry| {
                let relation = path.relation(&entry.path)?;
                Some(Candidate::new(
                    entry.path.depth(),
                    entry.access(),
                    Because::Denied(entry, relation),
                    relation,
                ))
            });
        let risks = RISKS.iter().filter(|_| self.catalogue).filter_map(|risk| {
            let relation = path.relation_to(risk.path, risk.windows)?;
            let depth = host_path::depth(risk.path);
            Some(Candidate::new(
                depth,
                risk.access,
                Because::Risk(risk, relation),
                relation,
            ))
        });
        // A narrower entry that is read-only is broken by a wider mount that is not.
        let narrower = self.settings.allowed.iter().filter_map(|entry| {
            let relation = path.relation(&entry.path)?;
            let applies = relation == Relation::Above && entry.is_for(self.namespace);
            let because = Because::Allowed(entry, relation);
            applies.then(|| Candidate::new(entry.path.depth(), entry.access(), because, relation))
        });
        denied.chain(risks).chain(narrower)
    }
}

struct Candidate<'s> {
    depth: usize,
    ruling: Ruling<'s>,
    inside: bool,
}

impl<'s> Candidate<'s> {
    fn new(depth: usize, access: Access, because: Because<'s>, relation: Relation) -> Self {
        Self {
            depth: depth + 1,
            ruling: Ruling::new(access, because),
            inside: relation == Relation::Above,
        }
    }
}

impl<'s> Ruling<'s> {
    fn new(access: Access, because: Because<'s>) -> Self {
        Self {
            access,
            because,
            more: 0,
        }
    }

    /// Takes over a stricter ruling, and counts those that are as strict.
    fn tighten(&mut self, other: Self) {
        if other.access < self.access {
            *self = other;
        } else if other.access == self.access && self.is_of_something_inside() {
            self.more += 1;
        }
    }

    fn is_of_something_inside(&self) -> bool {
        matches!(
            self.because,
            Because::Risk(_, Relation::Above)
                | Because::Denied(_, Relation::Above)
                | Because::Allowed(_, Relation::Above)
        )
    }
}

/// The entry of `allowed` that covers `path` most closely; the first of those that are alike.
fn most_specific<'s>(
    settings: &'s Settings,
    path: &HostPath,
    namespace: &str,
) -> Option<&'s Allowed> {
    let covers = |entry: &&Allowed| match path.relation(&entry.path) {
        Some(Relation::Equal) => true,
        Some(Relation::Below) => !entry.exact,
        Some(Relation::Above) | None => false,
    };
    let candidates = settings
        .allowed
        .iter()
        .filter(|entry| entry.is_for(namespace))
        .filter(covers);
    candidates.reduce(|best, entry| {
        if entry.specificity() > best.specificity() {
            entry
        } else {
            best
        }
    })
}
