//! Findings that do not count, because the project says so, or because they were there before.

use std::{collections::BTreeSet, fmt};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Outcome, Report, Reported};
use crate::baseline::Level;

/// A finding that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Excepted {
    /// What was found.
    #[serde(flatten)]
    pub finding: Reported,
    /// What it would count as.
    pub level: Level,
    /// Why it does not count.
    #[serde(flatten)]
    pub because: Because,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Because {
    /// The project says so.
    Exception {
        /// Why.
        reason: String,
        /// The last day on which it does not.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        until: Option<Date>,
    },
    /// It was there before.
    Baseline {
        /// The file that says so.
        baseline: String,
    },
}

/// `until 2027-06-30: node-exporter reads the figures of the node`
impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception {
                reason,
                until: Some(until),
            } => write!(f, "until {until}: {reason}"),
            Self::Exception { reason, .. } => f.write_str(reason),
            Self::Baseline { baseline } => write!(f, "in the baseline, {baseline}"),
        }
    }
}

impl Excepted {
    /// Whether it was there before, rather than that the project says so.
    #[must_use]
    pub fn is_of_baseline(&self) -> bool {
        matches!(self.because, Because::Baseline { .. })
    }
}

impl Report {
    /// Takes findings out of what counts. `reason` gives why; none for those that stay. The numbers are then those of the
    /// findings that are left.
    pub(crate) fn except(&mut self, mut reason: impl FnMut(&Reported, Level) -> Option<Because>) {
        let mut excepted = Vec::new();
        let mut keep = |finding: Reported, level: Level| match reason(&finding, level) {
            None => Some(finding),
            Some(because) => {
                excepted.push(Excepted {
                    finding,
                    level,
                    because,
                });
                None
            }
        };
        let refusals = std::mem::take(&mut self.refusals).into_iter();
        self.refusals = refusals.filter_map(|it| keep(it, Level::Refusal)).collect();
        let warnings = std::mem::take(&mut self.warnings).into_iter();
        self.warnings = warnings.filter_map(|it| keep(it, Level::Warning)).collect();
        for needed in &mut self.needed_from_elsewhere {
            let by = std::mem::take(&mut needed.needed_by).into_iter();
            needed.needed_by = by.filter_map(|it| keep(it, Level::Needed)).collect();
        }
        self.needed_from_elsewhere
            .retain(|needed| !needed.needed_by.is_empty());
        if excepted.is_empty() {
            return;
        }
        let positions = excepted.iter().map(|excepted| excepted.finding.position);
        let positions = positions.collect();
        self.excepted.append(&mut excepted);
        self.excepted
            .sort_by_key(|excepted| excepted.finding.position);
        self.recount(positions);
    }

    /// Counts the objects at these positions anew.
    fn recount(&mut self, positions: BTreeSet<usize>) {
        let of = |findings: &[Reported]| -> BTreeSet<usize> {
            findings.iter().map(|finding| finding.position).collect()
        };
        let (refused, warned) = (of(&self.refusals), of(&self.warnings));
        let needing = self.needed_from_elsewhere.iter();
        let needing: BTreeSet<usize> = needing.flat_map(|needed| of(&needed.needed_by)).collect();
        let by_the_project = self.excepted.iter().filter(|it| !it.is_of_baseline());
        let by_the_project: BTreeSet<usize> =
            by_the_project.map(|it| it.finding.position).collect();
        for position in positions {
            let Some(judged) = self.judged.get_mut(position) else {
                continue;
            };
            let outcome = if refused.contains(&position) {
                Outcome::Refused
            } else if judged.is_unjudged {
                Outcome::Unjudged
            } else if warned.contains(&position) {
                Outcome::Warned
            } else if needing.contains(&position) {
                Outcome::Incomplete
            } else if by_the_project.contains(&position) {
                Outcome::Excepted
            } else {
                Outcome::Baselined
            };
            *self.summary.count(judged.outcome) -= 1;
            *self.summary.count(outcome) += 1;
            judged.outcome = outcome;
        }
        self.tally();
    }
}
