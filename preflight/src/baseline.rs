//! What was found before: such findings do not count, so that a project can begin with what is new. Like exceptions they
//! are for this program alone: a cluster refuses all the same.
//!
//! A finding is known by its policy, its rule, its object, its field and what it names, and not by its line: the field is
//! told without the numbers of list items, and of the words of the message only what they quote counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    manifests::{Note, Place, bounded, printable},
    report::{Because, Report, Reported, Subject, json},
};

/// The file that is written when nothing else is said.
pub const NAME: &str = ".preflight-baseline.json";

/// What `version` says.
const VERSION: u32 = 1;

/// A baseline that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file is not there, or may not be read.
    #[error("{file}: cannot be read: {error}; `preflight baseline` writes one")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// The file is something else.
    #[error("{file}: is not a baseline: {error}; write it anew with `preflight baseline`")]
    Malformed {
        /// The file.
        file: String,
        /// Where and why.
        error: String,
    },
    /// Another preflight wrote it, which knew findings in another way.
    #[error(
        "{file}: is a baseline of version {version}, and this preflight reads version {VERSION}: write it anew with \
         `preflight baseline`"
    )]
    Stale {
        /// The file.
        file: String,
        /// What it says.
        version: u64,
    },
}

/// What was found before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: Vec<Known>,
}

/// A finding that was there before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Known {
    /// The object.
    pub object: Subject,
    /// The policy.
    pub policy: String,
    /// The rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What it counted as.
    pub level: Level,
    /// The field, without the numbers of list items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was said.
    pub problem: String,
    /// How many findings it stands for, where the policy only counts them: there may be fewer of them later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<usize>,
    /// How many there were of it.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: usize,
}

/// What a finding counts as, from the least to the worst.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What it is about has to come from elsewhere.
    Needed,
    /// A warning.
    Warning,
    /// A refusal.
    Refusal,
}

fn one() -> usize {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands it over like this"
)]
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// What came of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// How many findings were there before.
    pub known: usize,
    /// What was there before and is not any more.
    pub gone: Vec<Known>,
    /// How many findings are about objects or policies that this run did not have.
    pub not_checked: usize,
}

/// What makes two findings the same.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    policy: String,
    rule: Option<String>,
    object: Named,
    field: Option<String>,
    named: Vec<String>,
}

/// Group, kind, namespace and name. An object stays the same in another version of its group.
type Named = (String, String, Option<String>, String);

fn named(object: &Subject) -> Named {
    let group = object.api_version.rsplit_once('/');
    (
        group.map_or("", |(group, _)| group).to_owned(),
        object.kind.clone(),
        object.namespace.clone(),
        object.name.clone(),
    )
}

impl Known {
    fn of(finding: &Reported, level: Level) -> Self {
        Self {
            object: finding.object.clone(),
            policy: finding.policy.clone(),
            rule: finding.rule.clone(),
            level,
            field: finding.steady_field.clone(),
            problem: finding.problem.clone(),
            more: finding.more,
            count: 1,
        }
    }

    fn identity(&self) -> Identity {
        Identity {
            policy: self.policy.clone(),
            rule: self.rule.clone(),
            object: named(&self.object),
            field: self.field.clone(),
            // What has no rule is known by its words alone.
            named: match (&self.rule, self.more) {
                (Some(_), _) => names(&self.problem),
                (None, Some(_)) => Vec::new(),
                (None, None) => vec![self.problem.clone()],
            },
        }
    }

    fn line(&self) -> String {
        let rule = self.rule.as_deref();
        let rule = rule.map_or_else(
            || self.policy.clone(),
            |rule| format!("{}/{rule}", self.policy),
        );
        let field = self.field.as_deref();
        let field = field.map_or_else(String::new, |field| format!(" ({field})"));
        format!("{rule} of {}{field}", self.object)
    }
}

/// What a message names: what stands in quotes, and a number that it begins with. Its other words may be put differently
/// by another version.
fn names(problem: &str) -> Vec<String> {
    let mut names = Vec::new();
    for word in problem.split_whitespace().take(2) {
        if word.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            names.push(word.to_owned());
        }
    }
    let mut rest = problem;
    while let Some((_, quoted)) = rest.split_once('"') {
        let mut is_escaped = false;
        let end = quoted.find(|it| {
            let is_end = it == '"' && !is_escaped;
            is_escaped = it == '\\' && !is_escaped;
            is_end
        });
        let Some(end) = end else {
            break;
        };
        names.extend(quoted.get(..end).map(ToOwned::to_owned));
        rest = quoted.get(end + 1..).unwrap_or_default();
    }
    names
}

/// Whether a finding may be written down. The words of a policy that is not of this bundle may repeat a Secret's value.
fn may_be_kept(finding: &Reported) -> bool {
    finding.rule.is_some() || finding.object.kind != "Secret"
}

impl Baseline {
    /// What a report says, and how many of its findings cannot be kept.
    #[must_use]
    pub fn of(report: &Report) -> (Self, usize) {
        let needed = report.needed_from_elsewhere.iter();
        let needed = needed.flat_map(|needed| &needed.needed_by);
        let findings = [
            (Level::Refusal, report.refusals.iter().collect::<Vec<_>>()),
            (Level::Warning, report.warnings.iter().collect()),
            (Level::Needed, needed.collect()),
        ];
        let mut counts: BTreeMap<Known, usize> = BTreeMap::new();
        let mut left_out = 0;
        for (level, findings) in findings {
            for finding in findings {
                if may_be_kept(finding) {
                    *counts.entry(Known::of(finding, level)).or_default() += 1;
                } else {
                    left_out += 1;
                }
            }
        }
        let findings = counts.into_iter();
        let findings = findings.map(|(known, count)| Known { count, ..known });
        let baseline = Self {
            version: VERSION,
            findings: findings.collect(),
        };
        (baseline, left_out)
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let file = printable(&path.display().to_string());
        let text = bounded::read_to_string(path).map_err(|error| BaselineError::Io {
            file: file.clone(),
            error,
        })?;
        Self::parse(&file, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self, BaselineError> {
        let malformed = |error: String| BaselineError::Malformed {
            file: file.to_owned(),
            error: printable(&error),
        };
        let unread = |error: serde_json::Error| malformed(error.to_string());
        let value: Value = serde_json::from_str(text).map_err(unread)?;
        let version = value.get("version").and_then(Value::as_u64);
        let version = version.ok_or_else(|| malformed("it has no `version`".to_owned()))?;
        if version != u64::from(VERSION) {
            return Err(BaselineError::Stale {
                file: file.to_owned(),
                version,
            });
        }
        serde_json::from_str(text).map_err(unread)
    }

    /// The text of the file.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", json::text(self)?))
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let counts = self.findings.iter().map(|known| known.count);
        counts.fold(0, usize::saturating_add)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Takes what was there before out of what counts, and says what has gone. `policies` are the names of those that
    /// were asked.
    pub fn apply(&self, report: &mut Report, file: &str, policies: &[&str]) {
        let mut known: BTreeMap<Identity, Vec<(usize, &Known)>> = BTreeMap::new();
        for entry in &self.findings {
            let entries = known.entry(entry.identity()).or_default();
            entries.push((entry.count, entry));
        }
        let because = Because::Baseline {
            baseline: file.to_owned(),
        };
        report.except(|finding, level| {
            if !may_be_kept(finding) {
                return None;
            }
            let found = Known::of(finding, level);
            let mut entries = known.get_mut(&found.identity())?.iter_mut();
            // What only warned is new when it refuses, and so is more of what is only counted.
            let (count, _) = entries.find(|(count, entry)| {
                *count > 0 && entry.level >= level && entry.more >= found.more
            })?;
            *count -= 1;
            Some(because.clone())
        });
        let given: BTreeSet<Named> = report.judged.iter().map(|it| named(&it.object)).collect();
        let is_asked = |entry: &Known| {
            let policy = entry.policy.as_str();
            policy == crate::checks::FINDER || policies.contains(&policy)
        };
        let mut compared = Compared {
            known: 0,
            gone: Vec::new(),
            not_checked: 0,
        };
        let left = known.into_values().flatten();
        for (count, entry) in left {
            compared.known = compared.known.saturating_add(entry.count - count);
            if count == 0 {
                continue;
            }
            if is_asked(entry) && given.contains(&named(&entry.object)) {
                compared.gone.push(Known {
                    count,
                    ..entry.clone()
                });
            } else {
                compared.not_checked = compared.not_checked.saturating_add(count);
            }
        }
        compared.gone.sort();
        report.notes.extend(compared.notes(file));
        report.baseline = Some(compared);
    }
}

impl Compared {
    /// What has gone, for people.
    fn notes(&self, file: &str) -> Vec<Note> {
        let place = Place {
            file: file.to_owned(),
            line: None,
            source: None,
        };
        let note = |text| Note {
            place: place.clone(),
            text,
        };
        let mut notes: Vec<Note> = Vec::new();
        for known in &self.gone {
            let times = match known.count {
                1 => String::new(),
                count => format!(", {count} times"),
            };
            notes.push(note(format!("gone: {}{times}", known.line())));
        }
        if !self.gone.is_empty() {
            let text = "run `preflight baseline` again, or a finding that comes back will not be reported as new";
            notes.push(note(text.to_owned()));
        }
        if self.not_checked > 0 {
            let what = match self.not_checked {
                1 => "1 finding in it is about an object or a policy that was not given".to_owned(),
                count => format!(
                    "{count} findings in it are about objects or policies that were not given"
                ),
            };
            notes.push(note(what));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        manifests::{Object, read_text},
        report::{Judged, Outcome},
    };

    fn pod(text: &str) -> Object {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\n{text}\n"
        );
        read_text("f.yaml", &text).objects.remove(0)
    }

    fn finding(object: &Object, field: &str, problem: &str) -> Reported {
        let finding = Reported {
            field: Some(field.to_owned()),
            rule: Some("some_rule".to_owned()),
            ..Reported::whole("strict", object, problem)
        };
        finding.at(0, object)
    }

    fn report(refusals: Vec<Reported>, warnings: Vec<Reported>) -> Report {
        let object = pod("");
        let mut report = Report {
            judged: vec![Judged {
                object: Subject::of(&object),
                place: object.place(),
                policies: vec!["strict".to_owned()],
                outcome: Outcome::Refused,
                is_unjudged: false,
                written: Arc::clone(object.written()),
            }],
            refusals,
            warnings,
            ..Report::default()
        };
        report.summary.objects = 1;
        report.summary.refused = 1;
        report.tally();
        report
    }

    /// What is left of the second report, beside the baseline of the first: refusals, notes and how it is counted.
    fn left(before: &Report, mut now: Report) -> (Vec<String>, Vec<String>, Outcome) {
        let (baseline, left_out) = Baseline::of(before);
        assert_eq!(left_out, 0);
        let text = baseline.text().unwrap();
        let read = Baseline::parse("b.json", &text).unwrap();
        assert_eq!(read, baseline);
        read.apply(&mut now, "b.json", &["strict"]);
        let told = |finding: &Reported| finding.line(None);
        (
            now.refusals.iter().chain(&now.warnings).map(told).collect(),
            now.notes.iter().map(|note| note.text.clone()).collect(),
            now.judged[0].outcome,
        )
    }

    #[test]
    fn a_finding_is_known_by_what_it_names_and_not_by_where_it_stands() {
        let one = pod("spec: {containers: [{name: a}]}");
        let two = pod("# more\nspec: {containers: [{name: b}, {name: a}]}");
        let before = report(
            vec![finding(&one, "spec.containers[0].x", "\"/var\" is bad")],
            vec![],
        );
        let none = (vec![], vec![], Outcome::Baselined);
        let again = finding(
            &two,
            "spec.containers[1].x",
            "container \"/var\" is worse than \"bad\"",
        );
        let again = Reported {
            problem: again.problem.replace(" than \"bad\"", ""),
            ..again
        };
        assert_eq!(left(&before, report(vec![again], vec![])), none);
        for (number, problem) in [(0, "\"/var\" is bad"), (1, "\"/etc\" is bad")] {
            let field = format!("spec.containers[{number}].x");
            let new = report(vec![finding(&two, &field, problem)], vec![]);
            let (left, notes, outcome) = left(&before, new);
            assert_eq!(left, [format!("{field}: {problem}")]);
            assert_eq!(outcome, Outcome::Refused);
            assert_eq!(
                notes,
                [
                    "gone: strict/some_rule of Pod shop/web (spec.containers[name=\"a\"].x)",
                    "run `preflight baseline` again, or a finding that comes back will not be reported as new",
                ]
            );
        }
    }

    #[test]
    fn more_of_the_same_and_what_is_worse_is_new() {
        let object = pod("spec: {}");
        let known = || finding(&object, "spec", "is bad");
        let before = report(vec![], vec![known()]);
        assert_eq!(left(&before, report(vec![], vec![known()])).0, [""; 0]);
        assert_eq!(
            left(&before, report(vec![], vec![known(), known()])).0,
            ["spec: is bad"]
        );
        assert_eq!(
            left(&before, report(vec![known()], vec![])).0,
            ["spec: is bad"]
        );
        let before = report(vec![known()], vec![]);
        assert_eq!(left(&before, report(vec![], vec![known()])).0, [""; 0]);
    }

    #[test]
    fn fewer_of_what_is_only_counted_are_not_new() {
        let object = pod("spec: {}");
        let counted = |count: usize| Reported::of_more("strict", &object, count);
        let before = report(vec![counted(8)], vec![]);
        for (count, expected) in [(7, vec![]), (8, vec![]), (9, vec![counted(9).problem])] {
            let now = report(vec![counted(count)], vec![]);
            let left: Vec<String> = left(&before, now).0;
            assert_eq!(left, expected, "{count}");
        }
    }

    #[test]
    fn what_was_not_given_has_not_gone() {
        let object = pod("spec: {}");
        let before = report(vec![finding(&object, "spec", "is bad")], vec![]);
        let mut other = report(vec![], vec![]);
        other.judged[0].object.name = "other".to_owned();
        let note = "1 finding in it is about an object or a policy that was not given";
        assert_eq!(left(&before, other).1, [note]);
        let (baseline, _) = Baseline::of(&before);
        let mut other = report(vec![], vec![]);
        baseline.apply(&mut other, "b.json", &["gentle"]);
        assert_eq!(other.notes[0].text, note);
    }

    #[test]
    fn the_words_of_others_about_a_secret_are_not_written_down() {
        let mut object = pod("");
        Arc::make_mut(&mut object.value)["kind"] = "Secret".into();
        let foreign = Reported::whole("foreign", &object, "value hunter2 is bad");
        let (baseline, left_out) = Baseline::of(&report(vec![foreign], vec![]));
        assert_eq!((baseline.len(), left_out), (0, 1));
    }

    #[test]
    fn names_are_what_stands_in_quotes() {
        for (problem, expected) in [
            ("33000 is outside of 30000-32767", &["33000"][..]),
            ("and 8 more, which", &["8"]),
            ("\"a\\\"b\" holds \"c\", and 115 more", &["a\\\"b", "c"]),
            ("is \"open", &[]),
        ] {
            assert_eq!(names(problem), expected, "{problem}");
        }
    }

    #[test]
    fn a_baseline_that_cannot_be_used_is_an_error() {
        for (text, expected) in [
            (
                "{\"version\": 2}",
                "b.json: is a baseline of version 2, and this preflight reads version 1: write it anew with \
              `preflight baseline`",
            ),
            (
                "[]",
                "b.json: is not a baseline: it has no `version`; write it anew with `preflight baseline`",
            ),
            (
                "{\"version\": 1, \"findings\": [{}]}",
                "b.json: is not a baseline: missing field `object` at line 1 column 30; write it anew with `preflight baseline`",
            ),
        ] {
            assert_eq!(
                Baseline::parse("b.json", text).unwrap_err().to_string(),
                expected
            );
        }
    }
}
