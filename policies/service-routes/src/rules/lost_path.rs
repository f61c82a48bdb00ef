//! A rewrite that keeps the slash of a path and loses the rest.

use shared::{Finding, Rule, Verdict, quote, rule};

use crate::pattern::{Pattern, Rewrite};
use crate::settings::Settings;
use crate::views::Path;

pub(crate) static RULE: Rule = rule! {
    id: "lost_path",
    summary: "A `rewrite-target` all of whose `$n` stand for a slash or nothing, while the path has a group for the rest",
    why: "`/$1` for `/foo(/|$)(.*)` sends `/foo/a` to the application as `//`: every page below is lost. In old examples, \
          the path had one group",
    fix: "refer to the group of the rest",
    levels: [Deny by "rewrites"],
};

/// Refuses a path of which nothing is left.
pub(crate) fn check(
    rewrite: &Rewrite<'_>,
    pattern: &Pattern<'_>,
    path: &Path<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let Rewrite {
        target, references, ..
    } = rewrite;
    let Some(last) = references.iter().max().copied() else {
        return;
    };
    // None of those that are referred to is one that is not there.
    let mut later = last + 1..=pattern.count();
    let Some(rest) = later.find(|group| !pattern.is_slash(*group)) else {
        return;
    };
    if !references.iter().all(|group| pattern.is_slash(*group)) {
        return;
    }
    verdict.report_with(settings.rewrites, &|| {
        let reason = format!(
            "of {}, rewrite-target {} keeps a slash at most, so every page below is lost",
            quote(pattern.path),
            quote(target)
        );
        let fix = format!(
            "write ${rest} for ${last}: group {rest} is what follows {}",
            quote(pattern.start)
        );
        let fix = if rewrite.is_of_one {
            fix
        } else {
            fix + "; it holds for all paths of this Ingress, so others may need one of their own"
        };
        Finding::new(&RULE, &path.place("path"), reason).fix(fix)
    });
}
