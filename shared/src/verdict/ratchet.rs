//! When a finding is new: what an UPDATE may keep of what the old object had.

use std::cell::Cell;

use super::Verdict;
use super::finding::Finding;
use crate::index::{Index, hash};

/// At most this many comparisons find what the old object had; then the rest is taken for new.
const MAX_COMPARISONS: usize = 1_000_000;

impl Finding {
    /// Whether `old` said this already, of no fewer. Where it was said does not matter: a place may move, as
    /// lists grow at the front, too.
    fn was_in(&self, old: &Self) -> bool {
        let said = match (self.0.amount, old.0.amount) {
            (Some(amount), Some(was)) => amount <= was && self.0.path == old.0.path,
            _ => self.identity() == old.identity(),
        };
        self.0.rule.id == old.0.rule.id && said && self.concerns_no_other(old)
    }

    fn concerns_no_other(&self, old: &Self) -> bool {
        // In an object that was not changed, each is at the same place.
        let same = self.0.concerned.iter().zip(&old.0.concerned);
        let same = same.take_while(|(user, was)| user == was).count();
        let others = self.0.concerned.get(same..).unwrap_or_default();
        if others.is_empty() {
            return true;
        }
        let index = Index::of(&mut old.0.concerned.iter().map(String::as_str));
        let was_concerned = |user: &String| {
            let mut places = index.places(hash(0, user));
            places.any(|place| old.0.concerned.get(place) == Some(user))
        };
        others.iter().all(was_concerned)
    }

    /// A hash of what is said. Only what has the same one may have been said by the old object; words decide.
    fn hash(&self) -> u64 {
        let what = match self.0.amount {
            Some(_) => &self.0.path,
            None => self.identity(),
        };
        hash(hash(0, self.0.rule.id), what)
    }
}

impl Verdict {
    /// Turns violations that `old` had as well into warnings: what is refused is new.
    ///
    /// Findings are compared by what they say, not by where; one that the old object had once and this one has twice
    /// is new once. Where some were only counted, they have no words to compare, and all is new.
    pub(crate) fn without_old(mut self, old: &Self) -> Self {
        if self.more_violations > 0 {
            return self;
        }
        let hashes: Vec<u64> = old.violations.iter().map(Finding::hash).collect();
        let mut index = Index::new(&hashes);
        let compared = Cell::new(0);
        let mut is_old = |finding: &mut Finding| {
            // First what concerns the same: what concerns more may be what another finding needs.
            [true, false].into_iter().any(|exactly| {
                let mut was = |place: usize| {
                    compared.set(compared.get() + 1);
                    old.violations.get(place).is_some_and(|known| {
                        finding.was_in(known) && (!exactly || known.was_in(finding))
                    })
                };
                compared.get() < MAX_COMPARISONS && index.take(finding.hash(), &mut was).is_some()
            })
        };
        let mut warnings: Vec<Finding> = self.violations.extract_if(.., &mut is_old).collect();
        warnings.append(&mut self.warnings);
        Self { warnings, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ODD, OLD, SPEC, lines, listed, verdict, warnings};
    use super::super::{Level, MAX_KEPT_BYTES};
    use super::*;

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
        listed(&of(new).without_old(&of(old))).1
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
            warnings(&verdict),
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

    #[test]
    fn what_has_only_the_same_hash_is_new() {
        // Two texts that others found, with the same 64 bits.
        let (one, other) = ("8yn0iYCKYHlIj4-BwPqk", "GReLUrM4wMqfg9yzV3KQ");
        assert_eq!(hash(0, one), hash(0, other));
        let concerning = |user: &str| {
            let mut verdict = Verdict::accept();
            let finding = Finding::new(&ODD, &SPEC, "3 is odd");
            verdict.report(Level::Deny, finding.concerning(vec![user.to_owned()]));
            verdict
        };
        assert!(concerning(one).without_old(&concerning(one)).is_accepted());
        assert!(
            !concerning(other)
                .without_old(&concerning(one))
                .is_accepted()
        );
        // What there is too much of is known by its place, anything else by what it says.
        let of = |path: &str, reason: &str, amount: Option<u64>| {
            let finding = Finding::new(&ODD, &path, reason);
            match amount {
                Some(amount) => finding.amounting_to(amount),
                None => finding,
            }
        };
        let (new, old) = (of("a", "data", None), of("data", "b", Some(5)));
        assert_eq!(new.hash(), old.hash());
        for (new, old) in [(&new, &old), (&old, &new)] {
            let [mut verdict, mut before] = [Verdict::accept(), Verdict::accept()];
            verdict.report(Level::Deny, new.clone());
            before.report(Level::Deny, old.clone());
            assert!(!verdict.without_old(&before).is_accepted(), "{new:?}");
        }
    }

    #[test]
    fn what_the_old_object_had_no_words_for_is_new() {
        let long =
            |number: usize| format!("{number} is odd {}", "!".repeat(MAX_KEPT_BYTES / 1_000));
        let mut old = Verdict::accept();
        for number in 0..1_100 {
            old.deny(&ODD, &"a", long(number));
        }
        let new = |number: usize| {
            let mut verdict = Verdict::accept();
            verdict.deny(&ODD, &"a", long(number));
            verdict
        };
        assert!(new(900).without_old(&old).is_accepted());
        assert!(
            !new(1_099).without_old(&old).is_accepted(),
            "it was only counted"
        );
    }

    #[test]
    fn what_concerns_less_leaves_the_rest_to_what_concerns_more() {
        let of = |all: &[&[&str]]| {
            let mut verdict = Verdict::accept();
            for users in all {
                let users = users.iter().map(|user| (*user).to_owned()).collect();
                let finding = Finding::new(&ODD, &SPEC, "3 is odd");
                verdict.report(Level::Deny, finding.concerning(users));
            }
            verdict
        };
        let old = of(&[&["a", "b"], &["a"]]);
        for new in [
            &[&["a"][..], &["a", "b"]][..],
            &[&["b"], &["a"]],
            &[&["a"], &["b", "a"]],
        ] {
            assert!(of(new).without_old(&old).is_accepted(), "{new:?}");
        }
        let verdict = of(&[&["a", "b"], &["b", "a"]]).without_old(&old);
        let line = "spec: 3 is odd; fix: write an even value [odd_value]";
        assert_eq!(lines(&verdict), [line]);
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
        assert_eq!(listed(&fewer), (vec![], 0));
        let other = concerning(0..20_000, &["c"]).without_old(&old);
        assert_eq!(listed(&other).1, 20_000);
    }

    #[test]
    fn forgives_an_unchanged_object_entirely() {
        let verdict = verdict(&[(&ODD, "a", "x"), (&ODD, "b", "x"), (&OLD, "a", "x")]);
        assert!(verdict.clone().without_old(&verdict).is_accepted());
    }
}
