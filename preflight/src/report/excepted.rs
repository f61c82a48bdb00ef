//! Findings that do not count, because the project says so.

use std::collections::BTreeSet;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Outcome, Report, Reported};

/// A finding that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Excepted {
    /// What was found.
    #[serde(flatten)]
    pub finding: Reported,
    /// What it would count as: `refusal`, `warning` or `needed`.
    pub level: &'static str,
    /// Why it does not count.
    pub reason: String,
    /// The last day on which it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Date>,
}

impl Excepted {
    /// `until 2027-06-30: node-exporter reads the figures of the node`
    pub(super) fn because(&self) -> String {
        match self.until {
            Some(until) => format!("until {until}: {}", self.reason),
            None => self.reason.clone(),
        }
    }
}

impl Report {
    /// Takes findings out of what counts. `reason` gives why, and until when; none for those that stay. The numbers are
    /// then those of the findings that are left.
    pub(crate) fn except(
        &mut self,
        mut reason: impl FnMut(&Reported) -> Option<(String, Option<Date>)>,
    ) {
        let mut excepted = Vec::new();
        let mut keep = |finding: Reported, level: &'static str| match reason(&finding) {
            None => Some(finding),
            Some((reason, until)) => {
                excepted.push(Excepted {
                    finding,
                    level,
                    reason,
                    until,
                });
                None
            }
        };
        let refusals = std::mem::take(&mut self.refusals).into_iter();
        self.refusals = refusals.filter_map(|it| keep(it, "refusal")).collect();
        let warnings = std::mem::take(&mut self.warnings).into_iter();
        self.warnings = warnings.filter_map(|it| keep(it, "warning")).collect();
        for needed in &mut self.needed_from_elsewhere {
            let by = std::mem::take(&mut needed.needed_by).into_iter();
            needed.needed_by = by.filter_map(|it| keep(it, "needed")).collect();
        }
        self.needed_from_elsewhere
            .retain(|needed| !needed.needed_by.is_empty());
        if excepted.is_empty() {
            return;
        }
        excepted.sort_by_key(|excepted| excepted.finding.position);
        self.recount(
            excepted
                .iter()
                .map(|excepted| excepted.finding.position)
                .collect(),
        );
        self.excepted = excepted;
    }

    /// Counts the objects at these positions anew.
    fn recount(&mut self, positions: BTreeSet<usize>) {
        let of = |findings: &[Reported]| -> BTreeSet<usize> {
            findings.iter().map(|finding| finding.position).collect()
        };
        let (refused, warned) = (of(&self.refusals), of(&self.warnings));
        let needing = self.needed_from_elsewhere.iter();
        let needing: BTreeSet<usize> = needing.flat_map(|needed| of(&needed.needed_by)).collect();
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
            } else {
                Outcome::Excepted
            };
            *self.summary.count(judged.outcome) -= 1;
            *self.summary.count(outcome) += 1;
            judged.outcome = outcome;
        }
        self.tally();
    }
}
