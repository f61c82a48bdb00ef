//! The numbers of a run, and the sentence that tells them.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// How many objects came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// All objects.
    pub objects: usize,
    /// All policies.
    pub policies: usize,
    /// Objects that at least one policy refuses.
    pub refused: usize,
    /// Of the others, those that were not checked, or not by every policy.
    pub unjudged: usize,
    /// Of the others, those that some policy warns about.
    pub warned: usize,
    /// Of the others, those that need something that no manifest has.
    pub incomplete: usize,
    /// Of the others, those with findings that the project excepts.
    #[serde(skip_serializing_if = "is_none")]
    pub excepted: usize,
    /// Of the others, those with findings that are all in the baseline.
    #[serde(skip_serializing_if = "is_none")]
    pub baselined: usize,
    /// The rest.
    pub clean: usize,
    /// Of the clean ones, those that no policy covers.
    pub unseen: usize,
    /// Files and folders that were not read. These are no objects.
    pub left_out: usize,
    /// Policies in `--policies-from` that could not be followed.
    pub missing_policies: usize,
}

/// What an object is counted as: the worst that is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing is said of it.
    Clean,
    /// All that is said of it was said before.
    Baselined,
    /// What is said of it does not count, because the project says so.
    Excepted,
    /// It needs something that no manifest has.
    Incomplete,
    /// Some policy warns about it.
    Warned,
    /// It was not checked, or not by every policy.
    Unjudged,
    /// At least one policy refuses it.
    Refused,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policies = if self.policies == 1 {
            "1 policy".to_owned()
        } else {
            format!("{} policies", self.policies)
        };
        let objects = if self.objects == 1 {
            "1 object".to_owned()
        } else {
            format!("{} objects", self.objects)
        };
        write!(f, "{objects}, {policies}")?;
        let mut separator = ": ";
        for (count, what) in [
            (self.refused, "refused"),
            (self.unjudged, "not checked"),
            (self.warned, "with warnings"),
            (self.incomplete, "incomplete"),
            (self.excepted, "excepted"),
            (self.baselined, "in the baseline"),
            (self.clean, "clean"),
        ] {
            if count > 0 {
                write!(f, "{separator}{count} {what}")?;
                separator = ", ";
            }
        }
        match self.unseen {
            0 => Ok(()),
            unseen => write!(f, " ({unseen} not covered by any policy)"),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands it over like this"
)]
pub(super) fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    /// The number of objects that are counted as this.
    pub(crate) fn count(&mut self, outcome: Outcome) -> &mut usize {
        match outcome {
            Outcome::Clean => &mut self.clean,
            Outcome::Baselined => &mut self.baselined,
            Outcome::Excepted => &mut self.excepted,
            Outcome::Incomplete => &mut self.incomplete,
            Outcome::Warned => &mut self.warned,
            Outcome::Unjudged => &mut self.unjudged,
            Outcome::Refused => &mut self.refused,
        }
    }

    /// What else was not checked: `3 files or folders left out, 1 policy not followed`.
    pub(super) fn beside(&self) -> Option<String> {
        let files = match self.left_out {
            0 => None,
            1 => Some("1 file or folder left out".to_owned()),
            count => Some(format!("{count} files or folders left out")),
        };
        let policies = match self.missing_policies {
            0 => None,
            1 => Some("1 policy not followed".to_owned()),
            count => Some(format!("{count} policies not followed")),
        };
        let parts: Vec<String> = files.into_iter().chain(policies).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_numbers_in_a_sentence() {
        let none = Summary {
            policies: 1,
            ..Summary::default()
        };
        assert_eq!(none.to_string(), "0 objects, 1 policy");
        let some = Summary {
            objects: 12,
            policies: 5,
            refused: 3,
            warned: 2,
            clean: 7,
            ..Summary::default()
        };
        assert_eq!(
            some.to_string(),
            "12 objects, 5 policies: 3 refused, 2 with warnings, 7 clean"
        );
        let all = Summary {
            objects: 1,
            policies: 2,
            refused: 1,
            unjudged: 1,
            warned: 1,
            incomplete: 3,
            excepted: 4,
            baselined: 5,
            clean: 2,
            unseen: 2,
            left_out: 1,
            missing_policies: 2,
        };
        assert_eq!(
            all.to_string(),
            "1 object, 2 policies: 1 refused, 1 not checked, 1 with warnings, 3 incomplete, 4 excepted, 5 in the \
             baseline, 2 clean (2 not covered by any policy)"
        );
        let beside = all.beside();
        assert_eq!(
            beside.as_deref(),
            Some("1 file or folder left out, 2 policies not followed")
        );
        assert_eq!(none.beside(), None);
    }
}
