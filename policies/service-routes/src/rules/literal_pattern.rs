//! A pattern where a path is taken as it is.

use shared::{Finding, Rule, Verdict, quote, rule, written};

use crate::pattern::is_pattern;
use crate::settings::Settings;
use crate::views::{Ingress, Path};

pub(crate) static RULE: Rule = rule! {
    id: "literal_pattern",
    summary: "A wildcard or a regular expression in a path of type `Prefix` or `Exact`",
    why: "These types take a path as it is: only a literal star matches `/api/*`. A prefix covers what is below without one",
    fix: "write pathType: ImplementationSpecific, where the controller takes patterns",
    levels: [Warn by "literalPatterns"],
};

/// Warns of a pattern. Azure's Application Gateway needs `/*` at the end of a prefix, and Kong has `/~` in front of
/// patterns, whatever the type is.
pub(crate) fn check(
    ingress: &Ingress<'_>,
    path: &Path<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let is_literal = matches!(path.path_type, "Prefix" | "Exact");
    if !is_literal
        || ingress.is_of_application_gateway
        || path.path.starts_with("/~")
        || !is_pattern(path.path)
    {
        return;
    }
    verdict.report_with(settings.literal_patterns, &|| {
        let finding = |end: &str| {
            let reason = format!(
                "{} is a pattern, and pathType {} takes it {end}",
                quote(path.path),
                path.path_type
            );
            Finding::new(&RULE, &path.place("path"), reason)
        };
        // Its check of path types is on by default, and only its own webhook tells what it does not take.
        if ingress.takes_patterns() {
            return finding(
                "literally, except in ingress-nginx, which refuses it if its webhook is on",
            )
            .fix("write pathType: ImplementationSpecific");
        }
        let finding = finding("literally");
        match path.path.strip_suffix("/*") {
            Some(prefix) if !is_pattern(prefix) => {
                let prefix = if prefix.is_empty() { "/" } else { prefix };
                finding.fix(format!(
                    "write pathType: Prefix and path: {}",
                    written(prefix)
                ))
            }
            _ => finding,
        }
    });
}
