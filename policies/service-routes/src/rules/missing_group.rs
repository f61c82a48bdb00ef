//! A rewrite that refers to a group that its path does not have.

use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::pattern::{Pattern, Rewrite};
use crate::settings::Settings;
use crate::views::Path;

pub(crate) static RULE: Rule = rule! {
    id: "missing_group",
    summary: "A `rewrite-target` with a `$n` for which the path has no group",
    why: "What is not there is empty: every page below the path becomes the first one. The annotation holds for all paths \
          of the Ingress",
    fix: "write the path with a group, or the target without",
    levels: [Warn by "rewrites"],
};

/// Warns of the first group that is not there.
pub(crate) fn check(
    rewrite: &Rewrite<'_>,
    pattern: &Pattern<'_>,
    path: &Path<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let count = pattern.count();
    let Some(missing) = rewrite.references.iter().find(|group| **group > count) else {
        return;
    };
    verdict.report_with(Level::Warn.at_most(settings.rewrites), &|| {
        let reason = format!(
            "{} has no group {missing}, to which rewrite-target {} refers",
            quote(pattern.path),
            quote(rewrite.target)
        );
        let fix = if !rewrite.is_of_one {
            "move the path to an Ingress of its own, with a rewrite-target that fits".to_owned()
        } else if count > 0 {
            format!("write the target with ${count}")
        } else {
            let path = match pattern.path.trim_end_matches('/') {
                "" => "/()(.*)".to_owned(),
                path => format!("{path}(/|$)(.*)"),
            };
            format!(
                "write the path as {} with pathType: ImplementationSpecific and the target as /$2, or the target as /",
                quote(&path)
            )
        };
        Finding::new(&RULE, &path.place("path"), reason)
            .consequence(", so what it stands for is lost")
            .fix(fix)
    });
}
