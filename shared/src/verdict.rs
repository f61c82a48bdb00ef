//! What a policy says of an object.

pub(crate) mod finding;
mod ratchet;

use std::fmt;
use std::mem;

use self::finding::Finding;
use crate::index::{Index, hash};
use crate::message::{self, Line};
use crate::rule::Rule;

crate::settings! {
    /// How serious a finding is.
    pub enum Level {
        /// Refuse the object.
        "deny" => Deny,
        /// Accept the object with a warning.
        "warn" => Warn,
        /// Do not look for it.
        "off" => Off,
    }
}

impl Level {
    /// The same level, or `most` where that is less serious.
    #[must_use]
    pub fn at_most(self, most: Self) -> Self {
        match (self, most) {
            (Self::Off, _) | (_, Self::Off) => Self::Off,
            (Self::Warn, _) | (_, Self::Warn) => Self::Warn,
            (Self::Deny, Self::Deny) => Self::Deny,
        }
    }
}

/// At most this many bytes of findings are kept; later ones are only counted.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

/// Everything that a policy found in an object, in the order of the object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    violations: Vec<Finding>,
    warnings: Vec<Finding>,
    /// How many violations were not kept.
    more_violations: usize,
    /// How many warnings were not kept.
    more_warnings: usize,
    /// The bytes of what was kept.
    kept_bytes: usize,
    /// What could not be judged, because a look-up failed.
    failures: Vec<Finding>,
    /// How serious a finding may be at most, while something is judged of which not all can be refused.
    ceiling: Option<Level>,
}

impl Verdict {
    /// A verdict that accepts; findings are added.
    pub fn accept() -> Self {
        Self::default()
    }

    /// Refuses the object.
    pub fn deny(
        &mut self,
        rule: &'static Rule,
        path: &dyn fmt::Display,
        reason: impl Into<String>,
    ) {
        self.report(Level::Deny, Finding::new(rule, path, reason));
    }

    /// Accepts the object as far as this is concerned, and tells the user.
    pub fn warn(
        &mut self,
        rule: &'static Rule,
        path: &dyn fmt::Display,
        reason: impl Into<String>,
    ) {
        self.report(Level::Warn, Finding::new(rule, path, reason));
    }

    /// Adds a finding whose level is a setting.
    pub fn report(&mut self, level: Level, finding: Finding) {
        let level = self.capped(level);
        if self.has_room(level) {
            self.keep(level, finding);
        }
    }

    /// Adds a finding whose level is a setting, and words it only where it will be kept.
    pub fn report_with(&mut self, level: Level, finding: &dyn Fn() -> Finding) {
        let level = self.capped(level);
        if self.has_room(level) {
            self.keep(level, finding());
        }
    }

    /// Has `judge` add findings that are no more serious than `ceiling`, whatever their rules say. This is how findings
    /// that rest on another object warn at most in a dry run ([`Request::ceiling`](crate::Request::ceiling)).
    pub fn under<T>(&mut self, ceiling: Level, judge: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.ceiling;
        self.ceiling = Some(self.capped(ceiling));
        let judged = judge(self);
        self.ceiling = outer;
        judged
    }

    /// The level that a finding has now.
    #[must_use]
    pub fn capped(&self, level: Level) -> Level {
        level.at_most(self.ceiling.unwrap_or(Level::Deny))
    }

    /// Whether a finding will be kept. One that will not is counted.
    fn has_room(&mut self, level: Level) -> bool {
        let (list, more) = match level {
            Level::Deny => (&self.violations, &mut self.more_violations),
            Level::Warn => (&self.warnings, &mut self.more_warnings),
            Level::Off => return false,
        };
        // A refusal has at least one reason.
        let has_room = self.kept_bytes <= MAX_KEPT_BYTES || level == Level::Deny && list.is_empty();
        if !has_room {
            *more += 1;
        }
        has_room
    }

    fn keep(&mut self, level: Level, finding: Finding) {
        self.kept_bytes += finding.size();
        match level {
            Level::Deny => self.violations.push(finding),
            Level::Warn | Level::Off => self.warnings.push(finding),
        }
    }

    /// Whether another finding will be kept. Where it is only counted, there is no need to look for the best words.
    #[must_use]
    pub fn keeps_findings(&self) -> bool {
        self.kept_bytes <= MAX_KEPT_BYTES
    }

    /// Whether nothing was found that refuses the object.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether nothing was found, and all could be judged.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Turns all violations into warnings.
    pub fn into_warnings(mut self) -> Self {
        self.violations.append(&mut self.warnings);
        Self {
            warnings: self.violations,
            more_warnings: self.more_violations + self.more_warnings,
            violations: Vec::new(),
            more_violations: 0,
            ..self
        }
    }

    /// Keeps for the end what could not be judged.
    pub(crate) fn fail(&mut self, failure: Finding) {
        if self.failures.contains(&failure) {
            return;
        }
        if self.failures.len() < message::MAX_LISTED {
            self.failures.push(failure);
        } else {
            self.more_warnings += 1;
        }
    }

    /// The reason of the first thing that could not be judged.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failures
            .first()
            .map(|failure| failure.0.reason.as_str())
    }

    /// Turns what could not be judged into warnings, before all others: it is told in any case.
    pub(crate) fn tell_failures(&mut self) {
        self.failures.append(&mut self.warnings);
        mem::swap(&mut self.failures, &mut self.warnings);
    }

    /// The message of a refusal; `subject` names the object.
    pub(crate) fn message(&self, subject: &str, policy: &str, unabridged: bool) -> String {
        let lines = distinct(&self.violations);
        message::render_refusal(subject, policy, &lines, self.more_violations, unabridged)
    }

    /// The warnings, as the API server shows them.
    pub(crate) fn warnings(&self, policy: &str, unabridged: bool) -> Vec<String> {
        let lines = distinct(&self.warnings);
        message::render_warnings(policy, &lines, self.more_warnings, unabridged)
    }

    /// For the audit log: where each rule was broken.
    pub(crate) fn audit_annotations(&self) -> Vec<(&'static str, String)> {
        let mut annotations: Vec<(&'static str, String, usize)> = Vec::new();
        for finding in &self.violations {
            let id = finding.0.rule.id;
            match annotations.iter_mut().find(|(rule, ..)| *rule == id) {
                None => annotations.push((id, finding.0.path.clone(), 1)),
                Some((_, paths, count)) => {
                    if *count < message::MAX_LISTED {
                        paths.push_str(", ");
                        paths.push_str(&finding.0.path);
                    }
                    *count += 1;
                }
            }
        }
        // Very many findings are nearly always of one rule, which is then the last.
        if let Some((.., count)) = annotations.last_mut() {
            *count += self.more_violations;
        }
        let finished = |(rule, paths, count): (&'static str, String, usize)| match count
            .checked_sub(message::MAX_LISTED)
        {
            None | Some(0) => (rule, paths),
            Some(rest) => (rule, format!("{paths} and {rest} more")),
        };
        annotations.into_iter().map(finished).collect()
    }
}

/// The lines of findings, each once. They are cut when they are printed and not before: two findings that differ behind
/// the cut are not the same.
fn distinct(findings: &[Finding]) -> Vec<Line<'_>> {
    let mut hashes = Vec::with_capacity(findings.len());
    for finding in findings {
        hashes.push(hash(hash(0, &finding.0.path), &finding.0.reason));
    }
    let index = Index::new(&hashes);
    let mut lines = Vec::with_capacity(findings.len());
    for (place, (finding, hash)) in findings.iter().zip(&hashes).enumerate() {
        let is_same = |other: &usize| {
            findings.get(*other).is_some_and(|other| {
                (&other.0.path, &other.0.reason, &other.0.fix)
                    == (&finding.0.path, &finding.0.reason, &finding.0.fix)
            })
        };
        if index.places(*hash).find(is_same) == Some(place) {
            lines.push(finding.line());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;

    pub(super) static ODD: Rule = Rule {
        id: "odd_value",
        summary: "",
        why: "",
        fix: "write an even value",
        levels: &[],
    };
    pub(super) static OLD: Rule = Rule {
        id: "old_value",
        summary: "",
        why: "",
        fix: "write a new value",
        levels: &[],
    };
    pub(super) const SPEC: FieldPath<'static> = FieldPath::new("spec");

    pub(super) fn verdict(denied: &[(&'static Rule, &str, &str)]) -> Verdict {
        let mut verdict = Verdict::accept();
        for (rule, path, reason) in denied {
            verdict.deny(rule, &FieldPath::new(path), *reason);
        }
        verdict
    }

    /// The lines of a refusal, and the number of all.
    pub(super) fn listed(verdict: &Verdict) -> (Vec<String>, usize) {
        let message = verdict.message("Pod x", "p", false);
        let lines = message::parse_refusal(&message).unwrap_or_default();
        let count = message.strip_prefix("Pod x violates p in ");
        let count = count.and_then(|rest| rest.split(' ').next()?.parse().ok());
        let lines: Vec<String> = lines.iter().map(Line::to_string).collect();
        let count = count.unwrap_or(lines.len());
        (lines, count)
    }

    pub(super) fn lines(verdict: &Verdict) -> Vec<String> {
        listed(verdict).0
    }

    pub(super) fn warnings(verdict: &Verdict) -> Vec<String> {
        verdict.warnings("p", false)
    }

    #[test]
    fn says_each_finding_once_in_order_with_its_fix() {
        let mut verdict = verdict(&[
            (&ODD, "spec.b", "3 is odd"),
            (&OLD, "spec.a", "2 is old"),
            (&ODD, "spec.b", "3 is odd"),
        ]);
        verdict.report(
            Level::Deny,
            Finding::new(&ODD, &SPEC, "5 is odd").fix("write 6"),
        );
        verdict.report(Level::Off, Finding::new(&ODD, &SPEC, "7 is odd"));
        verdict.warn(&OLD, &SPEC, "is old");
        assert_eq!(
            lines(&verdict),
            [
                "spec.b: 3 is odd; fix: write an even value [odd_value]",
                "spec.a: 2 is old; fix: write a new value [old_value]",
                "spec: 5 is odd; fix: write 6 [odd_value]",
            ]
        );
        assert_eq!(
            warnings(&verdict),
            ["p: spec: is old; fix: write a new value [old_value]"]
        );
        assert!(!verdict.is_accepted());
        let annotations = verdict.audit_annotations();
        assert_eq!(
            annotations,
            Vec::from([
                ("odd_value", "spec.b, spec.b, spec".into()),
                ("old_value", "spec.a".into())
            ])
        );
    }

    #[test]
    fn a_level_is_no_more_serious_than_another() {
        use Level::{Deny, Off, Warn};
        for (level, most, expected) in [
            (Deny, Deny, Deny),
            (Deny, Warn, Warn),
            (Warn, Deny, Warn),
            (Warn, Off, Off),
            (Off, Deny, Off),
        ] {
            assert_eq!(level.at_most(most), expected, "{level:?} {most:?}");
        }
    }

    #[test]
    fn nothing_is_more_serious_than_its_ceiling() {
        let mut verdict = Verdict::accept();
        verdict.under(Level::Warn, |verdict| {
            verdict.deny(&ODD, &"a", "1 is odd");
            verdict.report_with(Level::Deny, &|| Finding::new(&ODD, &"b", "3 is odd"));
            verdict.under(Level::Off, |verdict| verdict.warn(&ODD, &"c", "5 is odd"));
            // No ceiling lifts the one above it.
            verdict.under(Level::Deny, |verdict| verdict.deny(&ODD, &"d", "7 is odd"));
            assert_eq!(verdict.capped(Level::Deny), Level::Warn);
        });
        assert!(verdict.is_accepted());
        let warning = |place, number| {
            format!("p: {place}: {number} is odd; fix: write an even value [odd_value]")
        };
        assert_eq!(
            verdict.warnings("p", false),
            [warning("a", 1), warning("b", 3), warning("d", 7)]
        );
        verdict.deny(&ODD, &"e", "9 is odd");
        assert_eq!(
            listed(&verdict).1,
            1,
            "the ceiling is gone with what was judged"
        );
    }

    #[test]
    fn what_a_user_wrote_is_cut_to_a_line() {
        let found = verdict(&[(&ODD, "spec", &format!("{}\n", "ü".repeat(300)))]);
        let cut = format!("{}…", "ü".repeat(299));
        assert_eq!(
            lines(&found),
            [format!("spec: {cut}; fix: write an even value [odd_value]")]
        );
    }

    #[test]
    fn what_a_user_wrote_is_cut_in_a_fix_as_well() {
        let mut verdict = Verdict::accept();
        let fix = "ü".repeat(300);
        verdict.report(Level::Deny, Finding::new(&ODD, &SPEC, "3 is odd").fix(fix));
        let cut = format!("{}…", "ü".repeat(249));
        let line = format!("spec: 3 is odd; fix: {cut} [odd_value]");
        assert_eq!(lines(&verdict), [line]);
    }

    #[test]
    fn the_audit_log_gets_fifteen_places_of_a_rule_and_the_number_of_the_rest() {
        let found = verdict(&[(&ODD, "spec", "3 is odd"); 17]);
        let places = format!("{} and 2 more", ["spec"; 15].join(", "));
        assert_eq!(found.audit_annotations(), [("odd_value", places)]);
    }

    #[test]
    fn what_failed_is_told_first_and_once() {
        let mut verdict = verdict(&[(&ODD, "spec", "3 is odd")]);
        verdict.warn(&OLD, &SPEC, "is old");
        assert_eq!(verdict.failure(), None);
        for reason in ["no answer", "no answer", "no volume"] {
            verdict.fail(Finding::new(&OLD, &"request", reason));
        }
        assert_eq!(verdict.failure(), Some("no answer"));
        let mut kept = verdict.clone().into_warnings();
        assert_eq!(kept.failure(), Some("no answer"));
        kept.tell_failures();
        verdict.tell_failures();
        let fix = "; fix: write a new value [old_value]";
        let told = ["request: no answer", "request: no volume", "spec: is old"];
        assert_eq!(
            warnings(&verdict),
            told.map(|text| format!("p: {text}{fix}"))
        );
        assert_eq!(warnings(&kept).len(), 4);
        assert_eq!(lines(&verdict).len(), 1);
        for number in 0..20 {
            verdict.fail(Finding::new(&OLD, &"request", number.to_string()));
        }
        verdict.tell_failures();
        assert_eq!(warnings(&verdict).last().unwrap(), "p: and 8 more warnings");
    }

    #[test]
    fn very_many_findings_are_told_once_each_where_there_is_room() {
        let mut verdict = Verdict::accept();
        for number in (0..10_000).chain(0..10_000) {
            verdict.deny(&ODD, &"spec", format!("{number} is odd"));
        }
        verdict.deny(&OLD, &"spec", "1 is odd");
        let message = verdict.message("Pod x", "p", true);
        assert!(message.starts_with("Pod x violates p in 10001 places:\n"));
        let lines = message::parse_refusal(&message).unwrap();
        assert_eq!((lines.len(), lines[9_999].reason), (10_001, "9999 is odd"));
        assert_eq!(verdict.into_warnings().warnings("p", true).len(), 10_001);
    }

    #[test]
    fn counts_what_nobody_will_read() {
        let of = |count: usize| {
            let mut verdict = Verdict::accept();
            for number in 0..count {
                let reason = format!("{number} is odd {}", "!".repeat(MAX_KEPT_BYTES / 1_000));
                verdict.deny(&ODD, &"a", reason);
            }
            verdict
        };
        let all = of(1_100);
        assert!(of(900).keeps_findings() && !all.keeps_findings());
        let (shown, count) = listed(&all);
        assert_eq!((shown.len(), count), (message::MAX_LISTED, 1_100));
        assert!(shown[14].starts_with("a: 14 is odd !!!"), "{}", shown[14]);
        assert!(of(900).without_old(&of(900)).is_accepted());
        let (_, places) = &all.audit_annotations()[0];
        assert!(places.ends_with(", a and 1085 more"), "{places}");
        let rest = all.clone().without_old(&all);
        assert_eq!(listed(&rest).1, 1_100, "what is old cannot be told");
        let warnings = warnings(&all.into_warnings());
        assert_eq!(warnings.last().unwrap(), "p: and 1085 more warnings");
    }

    #[test]
    fn a_refusal_behind_very_many_warnings_has_its_reason() {
        let mut verdict = Verdict::accept();
        for number in 0..1_100 {
            let reason = format!("{number} is odd {}", "!".repeat(MAX_KEPT_BYTES / 1_000));
            verdict.warn(&ODD, &"a", reason);
        }
        assert!(verdict.is_accepted());
        for reason in ["2 is old", "4 is old"] {
            verdict.deny(&OLD, &"b", reason);
        }
        let line = "b: 2 is old; fix: write a new value [old_value]".to_owned();
        assert_eq!(listed(&verdict), (vec![line], 2));
        assert!(!verdict.is_accepted());
    }
}
