//! A custom kind without a pod spec where the settings say that it is.

use crate::rule;
use crate::rule::Rule;
use crate::verdict::Verdict;
use document::FieldPath;

/// For the list of a policy that has `customKinds`.
pub static RULE: Rule = rule! {
    id: "missing_pod_spec",
    summary: "An object of a kind of `customKinds` that has nothing at its `podSpecPath`",
    why: "The path may be misspelt, and then nothing of the kind is judged; or the object refers to a template that is \
          judged by itself",
    fix: "check podSpecPath in customKinds",
    levels: [Warn],
};

/// Warns of it. `path` is where nothing is.
pub fn check(path: &str, verdict: &mut Verdict) {
    let reason = "holds no pod spec, so that nothing was judged";
    verdict.warn(&RULE, &FieldPath::new(path), reason);
}
