//! All findings of a report, each with what it counts as.

use super::{Excepted, Report, Reported, Subject};
use crate::baseline::Level;

/// A finding, and what it counts as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted<'a> {
    /// What is excepted would count as this.
    pub(super) level: Level,
    pub(super) finding: &'a Reported,
    /// The object that it needs from elsewhere.
    pub(super) needed: Option<&'a Subject>,
    /// Why it does not count, if it does not.
    pub(super) excepted: Option<&'a Excepted>,
}

impl Report {
    /// All findings: refusals, warnings, what is needed from elsewhere, and what is excepted.
    pub(super) fn counted(&self) -> impl Iterator<Item = Counted<'_>> {
        let of = |level| {
            move |finding| Counted {
                level,
                finding,
                needed: None,
                excepted: None,
            }
        };
        let needed = self.needed_from_elsewhere.iter().flat_map(|needed| {
            needed.needed_by.iter().map(|finding| Counted {
                level: Level::Needed,
                finding,
                needed: Some(&needed.object),
                excepted: None,
            })
        });
        let excepted = self.excepted.iter().map(|excepted| Counted {
            level: excepted.level,
            finding: &excepted.finding,
            needed: None,
            excepted: Some(excepted),
        });
        let refusals = self.refusals.iter().map(of(Level::Refusal));
        let warnings = self.warnings.iter().map(of(Level::Warning));
        refusals.chain(warnings).chain(needed).chain(excepted)
    }
}
