//! What a policy says of an object.

use std::borrow::Cow;
use std::fmt;

use crate::index::{Index, hash};
use crate::message::{self, Line};
use crate::rule::Rule;

/// How serious a finding is, where a team may reasonably differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The request is refused.
    Deny,
    /// The request passes, and the user is told.
    Warn,
    /// Nobody is told.
    Off,
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

/// So many bytes of findings are kept, which is far more than anybody is told. The rest is counted.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

/// So many comparisons are made to find what an object had in another form; then the rest is taken for new.
const MAX_COMPARISONS: usize = 1_000_000;

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    rule: &'static Rule,
    path: String,
    reason: String,
    /// What tells the finding from others; none where it is the reason.
    identity: Option<String>,
    fix: Cow<'static, str>,
    /// Who and what is concerned.
    concerned: Vec<String>,
    /// How much of something there is.
    amount: Option<u64>,
}

impl Finding {
    /// A finding of `rule` at `path`. The reason says what is there, then what is wanted; lower case, no full stop,
    /// user text quoted with [`quote`](crate::quote()).
    pub fn new(rule: &'static Rule, path: &dyn fmt::Display, reason: impl Into<String>) -> Self {
        Self {
            rule,
            path: path.to_string(),
            reason: reason.into(),
            identity: None,
            fix: Cow::Borrowed(rule.fix),
            concerned: Vec::new(),
            amount: None,
        }
    }

    /// Says what to write instead more exactly than the rule can.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Cow<'static, str>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// Adds to the reason what follows from it, such as `, so nothing works`. On an UPDATE a finding is not new only
    /// because something else follows.
    #[must_use]
    pub fn consequence(mut self, consequence: &str) -> Self {
        self.identity.get_or_insert_with(|| self.reason.clone());
        self.reason.push_str(consequence);
        self
    }

    /// Tells the finding from others of its rule by `identity` instead of its reason. On an UPDATE it is not new only
    /// because it is worded in another way, as that of a path in another spelling.
    #[must_use]
    pub fn known_as(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Names who and what is concerned, such as the containers that mount a volume. It is not printed, but on an
    /// UPDATE a finding is new when somebody is concerned who was not before.
    #[must_use]
    pub fn concerning(mut self, concerned: Vec<String>) -> Self {
        self.concerned = concerned;
        self
    }

    /// Says how much there is of what is too much. On an UPDATE the finding is new when there is more of it at the same
    /// place than there was, whatever the reason says.
    #[must_use]
    pub fn amounting_to(mut self, amount: u64) -> Self {
        self.amount = Some(amount);
        self
    }

    /// What tells the finding from others of its rule.
    fn identity(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.reason)
    }

    /// Whether `old` said this already, and of nobody less. Where it was said does not matter: a place may move, as
    /// lists grow at the front, too.
    fn was_in(&self, old: &Self) -> bool {
        let said = match (self.amount, old.amount) {
            (Some(amount), Some(was)) => amount <= was && self.path == old.path,
            _ => self.identity() == old.identity(),
        };
        self.rule.id == old.rule.id && said && self.concerns_no_other(old)
    }

    fn concerns_no_other(&self, old: &Self) -> bool {
        // In an object that was not changed, each is at the same place.
        let same = self.concerned.iter().zip(&old.concerned);
        let same = same.take_while(|(user, was)| user == was).count();
        let others = self.concerned.get(same..).unwrap_or_default();
        if others.is_empty() {
            return true;
        }
        let index = Index::of(old.concerned.iter().map(String::as_str));
        let was_concerned = |user: &String| {
            let mut places = index.places(hash(0, user));
            places.any(|place| old.concerned.get(place) == Some(user))
        };
        others.iter().all(was_concerned)
    }

    /// A hash of what is said, and of whom.
    fn hash(&self) -> u64 {
        let what = match self.amount {
            Some(_) => &self.path,
            None => self.identity(),
        };
        let said = hash(hash(0, self.rule.id), what);
        let concerned = self.concerned.iter();
        concerned.fold(said, |before, user| hash(before, user))
    }

    /// How many bytes it takes.
    fn size(&self) -> usize {
        let concerned = self.concerned.iter();
        let concerned: usize = concerned.map(|user| user.len() + size_of::<String>()).sum();
        let identity = self.identity.as_deref().unwrap_or_default();
        self.path.len() + self.reason.len() + identity.len() + self.fix.len() + concerned
    }

    fn line(&self) -> Line<'_> {
        Line {
            path: &self.path,
            reason: &self.reason,
            fix: Some(&self.fix),
            rule: Some(self.rule.id),
        }
    }

    /// The line as it is printed. It is cut here and not before: two findings that differ behind the cut are not the
    /// same.
    fn printed(&self) -> String {
        let line = self.line();
        Line {
            reason: &message::one_line(line.reason, message::REASON_LIMIT),
            fix: Some(&message::one_line(&self.fix, message::FIX_LIMIT)),
            ..line
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
    /// How many violations were not kept.
    more_violations: usize,
    /// How many warnings were not kept.
    more_warnings: usize,
    /// The bytes of what was kept.
    kept_bytes: usize,
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

    /// Whether another finding will be kept. Where it is only counted, nobody needs to look for the best words.
    #[must_use]
    pub fn keeps_findings(&self) -> bool {
        self.kept_bytes <= MAX_KEPT_BYTES
    }

    /// Whether nothing was found that refuses the object.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.violations.is_empty()
    }

    /// The first violations, as they are printed, and the number of all. What was found twice is said once; behind those
    /// that are listed nobody looks for doubles of others.
    fn listed(&self) -> (Vec<String>, usize) {
        let mut listed: Vec<(&Finding, String)> = Vec::new();
        let mut count = 0;
        for finding in &self.violations {
            let here = || {
                let here = listed.iter();
                here.filter(|(other, _)| other.path == finding.path)
            };
            let is_known = here().next().is_some() && {
                let line = finding.printed();
                here().any(|(_, printed)| *printed == line)
            };
            if !is_known {
                count += 1;
                if count <= message::LISTED {
                    listed.push((finding, finding.printed()));
                }
            }
        }
        let listed = listed.into_iter().map(|(_, line)| line);
        (listed.collect(), count + self.more_violations)
    }

    /// Turns all violations into warnings.
    pub fn into_warnings(self) -> Self {
        let mut warnings = self.violations;
        warnings.extend(self.warnings);
        Self {
            warnings,
            more_warnings: self.more_violations + self.more_warnings,
            kept_bytes: self.kept_bytes,
            ..Self::default()
        }
    }

    /// Turns violations that `old` had as well into warnings: what is refused is new.
    ///
    /// Findings are compared by what they say, not by where; one that the old object had once and this one has twice
    /// is new once. Where some were only counted, nobody can tell what is new, and all is new.
    pub(crate) fn without_old(mut self, old: &Self) -> Self {
        if self.more_violations > 0 {
            return self;
        }
        let mut known: Vec<Option<&Finding>> = old.violations.iter().map(Some).collect();
        let hashes: Vec<u64> = old.violations.iter().map(Finding::hash).collect();
        let mut index = Index::new(&hashes);
        let (mut next, mut compared) = (0, 0);
        let mut is_old = |finding: &mut Finding| {
            let mut same = |place: usize| {
                let known = known.get(place).copied().flatten();
                known.is_some_and(|known| finding.was_in(known))
            };
            let mut found = index.take(finding.hash(), &mut same);
            // What concerns fewer than it did has another hash. Both are in the order of their objects, so that it is
            // mostly found at the next place. Where it is not, looking for each among all takes quadratic time.
            if found.is_none() && compared < MAX_COMPARISONS {
                let mut places = (next..hashes.len()).chain(0..next);
                found = places.find(|place| {
                    compared += 1;
                    same(*place)
                });
            }
            let Some(known) = found.and_then(|place| known.get_mut(place)) else {
                return false;
            };
            *known = None;
            next = found.unwrap_or_default() + 1;
            true
        };
        let mut warnings: Vec<Finding> = self.violations.extract_if(.., &mut is_old).collect();
        warnings.append(&mut self.warnings);
        Self { warnings, ..self }
    }

    /// The message of a refusal; `subject` names the object.
    pub(crate) fn message(&self, subject: &str, policy: &str) -> String {
        let (listed, count) = self.listed();
        message::render_refusal(subject, policy, &listed, count)
    }

    /// The warnings, as the API server shows them.
    pub(crate) fn warnings(&self, policy: &str) -> Vec<String> {
        message::render_warnings(
            policy,
            &self.warnings.iter().map(Finding::line).collect::<Vec<_>>(),
            self.more_warnings,
        )
    }

    /// For the audit log: where each rule was broken.
    pub(crate) fn audit_annotations(&self) -> Vec<(&'static str, String)> {
        let mut annotations: Vec<(&'static str, String, usize)> = Vec::new();
        for finding in &self.violations {
            let id = finding.rule.id;
            match annotations.iter_mut().find(|(rule, ..)| *rule == id) {
                None => annotations.push((id, finding.path.clone(), 1)),
                Some((_, paths, count)) => {
                    if *count < message::LISTED {
                        paths.push_str(", ");
                        paths.push_str(&finding.path);
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
            .checked_sub(message::LISTED)
        {
            None | Some(0) => (rule, paths),
            Some(rest) => (rule, format!("{paths} and {rest} more")),
        };
        annotations.into_iter().map(finished).collect()
    }
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
        levels: &[],
    };
    static OLD: Rule = Rule {
        id: "old_value",
        summary: "",
        why: "",
        fix: "write a new value",
        levels: &[],
    };
    const SPEC: FieldPath<'static> = FieldPath::new("spec");

    fn verdict(denied: &[(&'static Rule, &str, &str)]) -> Verdict {
        let mut verdict = Verdict::accept();
        for (rule, path, reason) in denied {
            verdict.deny(rule, &FieldPath::new(path), *reason);
        }
        verdict
    }

    fn lines(verdict: &Verdict) -> Vec<String> {
        verdict.listed().0
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
            verdict.warnings("p"),
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
            verdict.warnings("p"),
            [warning("a", 1), warning("b", 3), warning("d", 7)]
        );
        verdict.deny(&ODD, &"e", "9 is odd");
        assert_eq!(
            verdict.listed().1,
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
        let verdict = new.without_old(&old);
        assert_eq!(
            lines(&verdict),
            [
                "spec.items[0]: 7 is odd; fix: write an even value [odd_value]",
                "spec.items[2]: 3 is odd; fix: write an even value [odd_value]",
                "spec.items[3]: 5 is odd; fix: write a new value [old_value]",
            ]
        );
        assert_eq!(
            verdict.warnings("p"),
            ["p: spec.items[1]: 3 is odd; fix: write an even value [odd_value]"]
        );
    }

    #[test]
    fn a_finding_is_new_when_it_concerns_somebody_new() {
        let used_by = |users: &[&str]| {
            let mut verdict = Verdict::accept();
            let users = users.iter().map(|user| (*user).to_owned()).collect();
            verdict.report(
                Level::Deny,
                Finding::new(&ODD, &SPEC, "3 is odd").concerning(users),
            );
            verdict
        };
        for (new, old, forgiven) in [
            (&["b", "a"][..], &["a", "b"][..], true),
            (&["a"], &["b", "a"], true),
            (&["a", "c"], &["a", "b"], false),
            (&[], &["a"], true),
        ] {
            assert_eq!(
                used_by(new).without_old(&used_by(old)).is_accepted(),
                forgiven,
                "{new:?} {old:?}"
            );
        }
    }

    #[test]
    fn a_finding_is_not_new_because_something_else_follows() {
        let with = |reason: &str, consequence: &str| {
            let mut verdict = Verdict::accept();
            let finding = Finding::new(&ODD, &SPEC, reason).consequence(consequence);
            verdict.report(Level::Deny, finding);
            verdict
        };
        let old = with("3 is odd", ", so nothing works");
        assert_eq!(
            lines(&old),
            ["spec: 3 is odd, so nothing works; fix: write an even value [odd_value]"]
        );
        let better = with("3 is odd", ", so little works");
        assert!(better.without_old(&old).is_accepted());
        let other = with("3 is odd, so nothing", " works");
        assert!(!other.without_old(&old).is_accepted());
    }

    #[test]
    fn a_finding_is_new_when_there_is_more_of_it() {
        let of = |path: &str, amount: u64| {
            let mut verdict = Verdict::accept();
            let finding = Finding::new(&ODD, &path, format!("{amount} bytes"));
            verdict.report(Level::Deny, finding.amounting_to(amount));
            verdict
        };
        for (new, old, forgiven) in [
            (("a", 5), ("a", 7), true),
            (("a", 7), ("a", 7), true),
            (("a", 8), ("a", 7), false),
            (("b", 5), ("a", 7), false),
        ] {
            let verdict = of(new.0, new.1).without_old(&of(old.0, old.1));
            assert_eq!(verdict.is_accepted(), forgiven, "{new:?} {old:?}");
        }
    }

    #[test]
    fn forgives_nothing_that_only_looks_the_same_when_it_is_cut() {
        let long = |end: &str| verdict(&[(&ODD, "spec", &format!("{}{end}", "x".repeat(600)))]);
        assert_eq!(lines(&long("a")), lines(&long("b")));
        assert!(!long("a").without_old(&long("b")).is_accepted());
    }

    /// A verdict with one finding for each number.
    fn of(numbers: impl Iterator<Item = usize>) -> Verdict {
        let mut verdict = Verdict::accept();
        for number in numbers {
            let finding = Finding::new(&ODD, &"a", format!("{number} is odd"));
            let users = vec![format!("user {}", number % 7)];
            verdict.report(Level::Deny, finding.concerning(users));
        }
        verdict
    }

    fn refused(new: impl Iterator<Item = usize>, old: impl Iterator<Item = usize>) -> usize {
        of(new).without_old(&of(old)).listed().1
    }

    #[test]
    fn forgives_very_many_whatever_their_order() {
        const MANY: usize = 20_000;
        assert_eq!(refused(0..MANY, 0..MANY), 0);
        assert_eq!(refused((0..MANY).rev(), 0..MANY), 0);
        assert_eq!(refused((0..MANY).map(|n| n / 2), 0..MANY), MANY / 2);
        assert_eq!(refused(0..MANY, 300..MANY), 300);
        assert_eq!(refused(0..MANY, MANY..2 * MANY), MANY);
        let same = std::iter::repeat_n(7, MANY);
        assert_eq!(refused(same.clone(), same), 0);
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
        let (listed, count) = all.listed();
        assert_eq!((listed.len(), count), (message::LISTED, 1_100));
        assert!(listed[14].starts_with("a: 14 is odd !!!"), "{}", listed[14]);
        assert!(of(900).without_old(&of(900)).is_accepted());
        let (_, places) = &all.audit_annotations()[0];
        assert!(places.ends_with(", a and 1085 more"), "{places}");
        let rest = all.clone().without_old(&all);
        assert_eq!(rest.listed().1, 1_100, "nobody can tell what is old");
        let warnings = all.into_warnings().warnings("p");
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
        assert_eq!(verdict.listed(), (vec![line], 2));
        assert!(!verdict.is_accepted());
    }

    #[test]
    fn looks_only_so_long_for_what_concerned_more() {
        let concerning = |numbers: std::ops::Range<usize>, users: &[&str]| {
            let mut verdict = Verdict::accept();
            for number in numbers {
                let users = users.iter().map(|user| (*user).to_owned()).collect();
                let finding = Finding::new(&ODD, &"a", format!("{number} is odd"));
                verdict.report(Level::Deny, finding.concerning(users));
            }
            verdict
        };
        let old = concerning(0..20_000, &["a", "b"]);
        let fewer = concerning(0..20_000, &["a"]).without_old(&old);
        assert_eq!(fewer.listed(), (vec![], 0));
        let other = concerning(0..20_000, &["c"]).without_old(&old);
        assert_eq!(other.listed().1, 20_000);
    }

    #[test]
    fn forgives_an_unchanged_object_entirely() {
        let verdict = verdict(&[(&ODD, "a", "x"), (&ODD, "b", "x"), (&OLD, "a", "x")]);
        assert!(verdict.clone().without_old(&verdict).is_accepted());
    }
}
