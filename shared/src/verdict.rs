//! What a policy says of an object.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::message::{self, Line};
use crate::rule::Rule;

/// How serious a finding is, where a team may reasonably differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// The request is refused.
    Deny,
    /// The request passes, and the user is told.
    Warn,
    /// Nobody is told.
    Off,
}

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    rule: &'static Rule,
    path: String,
    reason: String,
    fix: Cow<'static, str>,
}

impl Finding {
    /// A finding of `rule` at `path`. The reason says what is there, then what is wanted; lower case, no full stop,
    /// user text quoted with `{:?}`.
    pub fn new(rule: &'static Rule, path: &dyn fmt::Display, reason: impl Into<String>) -> Self {
        Self {
            rule,
            path: path.to_string(),
            reason: reason.into(),
            fix: Cow::Borrowed(rule.fix),
        }
    }

    /// Says what to write instead more exactly than the rule can.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Cow<'static, str>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// What is said, without where: a place may move, as lists grow at the front, too.
    fn substance(&self) -> (&'static str, &str) {
        (self.rule.id, &self.reason)
    }

    fn line(&self) -> String {
        Line {
            path: &self.path,
            reason: &self.reason,
            fix: Some(&self.fix),
            rule: Some(self.rule.id),
        }
        .to_string()
    }

    fn warning(&self) -> String {
        Line {
            path: &self.path,
            reason: &self.reason,
            fix: None,
            rule: Some(self.rule.id),
        }
        .to_string()
    }
}

/// Everything that a policy found in an object, in the order of the object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    violations: Vec<Finding>,
    warnings: Vec<Finding>,
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
        match level {
            Level::Deny => self.violations.push(finding),
            Level::Warn => self.warnings.push(finding),
            Level::Off => {}
        }
    }

    /// Whether nothing was found that refuses the object.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.violations.is_empty()
    }

    /// The violations, as they are printed. What was found twice is said once.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        distinct(self.violations.iter().map(Finding::line))
    }

    /// The warnings, as they are printed behind the name of the policy. What was found twice is said once.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        distinct(self.warnings.iter().map(Finding::warning))
    }

    /// Turns violations that `old` had as well into warnings: what is refused is new.
    ///
    /// Findings are compared by what they say, not by where; one that the old object had once and this one has twice
    /// is new once.
    pub(crate) fn forgive(mut self, old: &Self) -> Self {
        let mut known: BTreeMap<_, usize> = BTreeMap::new();
        for finding in &old.violations {
            *known.entry(finding.substance()).or_default() += 1;
        }
        let forgiven: Vec<bool> = self
            .violations
            .iter()
            .map(|finding| match known.get_mut(&finding.substance()) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            })
            .collect();
        let (forgiven, violations): (Vec<_>, Vec<_>) = self
            .violations
            .into_iter()
            .zip(forgiven)
            .partition(|(_, forgiven)| *forgiven);
        let findings = |list: Vec<(Finding, bool)>| {
            list.into_iter()
                .map(|(finding, _)| finding)
                .collect::<Vec<_>>()
        };
        self.violations = findings(violations);
        self.warnings.splice(0..0, findings(forgiven));
        self
    }

    /// The message of a refusal; `subject` names the object.
    pub(crate) fn message(&self, subject: &str, policy: &str) -> String {
        message::render_refusal(subject, policy, &self.lines())
    }

    pub(crate) fn rendered_warnings(&self, policy: &str) -> Vec<String> {
        self.warnings()
            .iter()
            .map(|line| message::render_warning(policy, line))
            .collect()
    }

    /// For the audit log: where each rule was broken.
    pub(crate) fn audit_annotations(&self) -> BTreeMap<&'static str, String> {
        let mut annotations: BTreeMap<&'static str, String> = BTreeMap::new();
        for finding in &self.violations {
            let paths = annotations.entry(finding.rule.id).or_default();
            if !paths.is_empty() {
                paths.push_str(", ");
            }
            paths.push_str(&finding.path);
        }
        annotations
    }
}

/// The same lines in the same order, each once.
fn distinct(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    lines.filter(|line| seen.insert(line.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldPath;

    static ODD: Rule = Rule {
        id: "odd_value",
        summary: "",
        why: "",
        fix: "write an even value",
    };
    static OLD: Rule = Rule {
        id: "old_value",
        summary: "",
        why: "",
        fix: "write a new value",
    };
    const SPEC: FieldPath<'static> = FieldPath::new("spec");

    fn verdict(denied: &[(&'static Rule, &str, &str)]) -> Verdict {
        let mut verdict = Verdict::accept();
        for (rule, path, reason) in denied {
            verdict.deny(rule, &FieldPath::new(path), *reason);
        }
        verdict
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
            verdict.lines(),
            [
                "spec.b: 3 is odd; fix: write an even value [odd_value]",
                "spec.a: 2 is old; fix: write a new value [old_value]",
                "spec: 5 is odd; fix: write 6 [odd_value]",
            ]
        );
        assert_eq!(verdict.warnings(), ["spec: is old [old_value]"]);
        assert_eq!(
            verdict.rendered_warnings("p"),
            ["p: spec: is old [old_value]"]
        );
        assert!(!verdict.is_accepted());
        let annotations = verdict.audit_annotations();
        assert_eq!(
            annotations,
            BTreeMap::from([
                ("odd_value", "spec.b, spec.b, spec".into()),
                ("old_value", "spec.a".into())
            ])
        );
    }

    #[test]
    fn forgives_what_the_old_object_had_wherever_it_was() {
        let old = verdict(&[
            (&ODD, "spec.items[0]", "3 is odd"),
            (&ODD, "spec.items[1]", "5 is odd"),
        ]);
        let new = verdict(&[
            (&ODD, "spec.items[0]", "7 is odd"),
            (&ODD, "spec.items[1]", "3 is odd"),
            (&ODD, "spec.items[2]", "3 is odd"),
            (&OLD, "spec.items[3]", "5 is odd"),
        ]);
        let verdict = new.forgive(&old);
        assert_eq!(
            verdict.lines(),
            [
                "spec.items[0]: 7 is odd; fix: write an even value [odd_value]",
                "spec.items[2]: 3 is odd; fix: write an even value [odd_value]",
                "spec.items[3]: 5 is odd; fix: write a new value [old_value]",
            ]
        );
        assert_eq!(verdict.warnings(), ["spec.items[1]: 3 is odd [odd_value]"]);
    }

    #[test]
    fn forgives_an_unchanged_object_entirely() {
        let verdict = verdict(&[(&ODD, "a", "x"), (&ODD, "b", "x"), (&OLD, "a", "x")]);
        assert!(verdict.clone().forgive(&verdict).is_accepted());
    }
}
