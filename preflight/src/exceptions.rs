//! Findings that do not count, for a reason, and maybe until a day. They are for this program alone: a cluster refuses
//! all the same.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use wildmatch::WildMatch;

use crate::{
    checks::FINDER,
    manifests::{Note, Place},
    report::{Because, Judged, Report, Reported, Subject},
};

/// Days before its end on which an exception says so.
const NOTICE: i32 = 7;

/// Findings that do not count.
#[derive(Debug, Clone, PartialEq)]
pub struct Exception {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// The object as the report names it. None: all.
    pub object: Option<WildMatch>,
    /// The field as the report names it. None: all.
    pub field: Option<WildMatch>,
    /// The file, or a folder that it is in.
    pub file: Option<PathBuf>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Where it is written.
    pub place: Place,
}

/// All exceptions of a project.
#[derive(Debug, Clone, Default)]
pub struct Exceptions(Vec<Exception>);

impl Exceptions {
    /// These.
    #[must_use]
    pub fn new(entries: Vec<Exception>) -> Self {
        Self(entries)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes what is excepted out of what counts, and says which exceptions have ended, are about to end, or are about
    /// nothing. Unless a run looks at the whole project, nothing is known of exceptions from what it did not look at.
    pub fn apply(&self, report: &mut Report, today: Date, is_whole: bool) {
        let mut met = vec![false; self.0.len()];
        report.except(|finding, _| {
            let mut holding = None;
            for (exception, met) in self.0.iter().zip(&mut met) {
                if exception.is_about(finding) {
                    *met = true;
                    if holding.is_none() && exception.until.is_none_or(|until| today <= until) {
                        holding = Some(exception);
                    }
                }
            }
            holding.map(|exception| Because::Exception {
                reason: exception.reason.clone(),
                until: exception.until,
            })
        });
        for (exception, met) in self.0.iter().zip(met) {
            if met || is_whole || report.judged.iter().any(|it| exception.could_be_about(it)) {
                report.notes.extend(exception.note(met, today));
            }
        }
    }
}

impl Exception {
    fn is_about(&self, finding: &Reported) -> bool {
        self.policy == finding.policy
            && finding.rule.as_deref() == Some(self.rule.as_str())
            && matches(
                self.field.as_ref(),
                finding.field.as_deref().unwrap_or_default(),
            )
            && self.names(&finding.object, &finding.place)
    }

    /// Whether its policy looked at an object that it is about.
    fn could_be_about(&self, judged: &Judged) -> bool {
        let is_asked = self.policy == FINDER || judged.policies.contains(&self.policy);
        is_asked && self.names(&judged.object, &judged.place)
    }

    fn names(&self, object: &Subject, place: &Place) -> bool {
        let file = self.file.as_deref();
        matches(self.object.as_ref(), &object.to_string())
            && file.is_none_or(|file| plain(Path::new(&place.file)).starts_with(plain(file)))
    }

    fn note(&self, is_met: bool, today: Date) -> Option<Note> {
        let Self {
            policy,
            rule,
            until,
            ..
        } = self;
        let text = match until {
            _ if !is_met => {
                format!("the exception from {policy}/{rule} matches nothing: remove it")
            }
            Some(until) if *until < today => {
                format!(
                    "the exception from {policy}/{rule} ended on {until}: its findings count again"
                )
            }
            Some(until) if (*until - today).get_days() <= NOTICE => {
                format!("the exception from {policy}/{rule} ends on {until}")
            }
            _ => return None,
        };
        Some(Note {
            place: self.place.clone(),
            text,
        })
    }
}

/// A pattern, with `*` for any letters. An empty one is none.
#[must_use]
pub fn pattern(text: &str) -> Option<WildMatch> {
    (!text.is_empty()).then(|| WildMatch::new(text))
}

/// Whether a text is as a pattern has it.
fn matches(pattern: Option<&WildMatch>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.matches(text))
}

/// A path without `.` in it.
fn plain(path: &Path) -> PathBuf {
    use std::path::Component;
    let parts = path.components();
    parts
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}
