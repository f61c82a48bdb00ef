//! A rewrite that its controller drops.

use shared::{FieldPath, Finding, Level, Rule, Verdict, quote, rule};

use crate::settings::Settings;
use crate::views::{Ingress, REWRITE_TARGET};

pub(crate) static RULE: Rule = rule! {
    id: "ignored_rewrite",
    summary: "A `rewrite-target` with a character that ingress-nginx does not take",
    why: "It drops the whole annotation without a word, and the application gets paths as clients sent them",
    fix: "use only letters, digits and -._~/:$",
    levels: [Warn by "rewrites"],
};

/// Warns of a target with other characters. Whether there is one.
///
/// Source: `RegexPathWithCapture` in `internal/ingress/annotations/parser/validators.go` of kubernetes/ingress-nginx.
pub(crate) fn check(ingress: &Ingress<'_>, settings: &Settings, verdict: &mut Verdict) -> bool {
    let is_taken = |character: &char| {
        character.is_ascii_alphanumeric()
            || matches!(character, '-' | '.' | '_' | '~' | '/' | ':' | '$')
    };
    let mut characters = ingress.rewrite_target.chars();
    let Some(other) = characters.find(|character| !is_taken(character)) else {
        return false;
    };
    let mut buffer = [0; 4];
    let reason = format!(
        "{} has a {}, so ingress-nginx drops the whole annotation",
        quote(ingress.rewrite_target),
        quote(other.encode_utf8(&mut buffer))
    );
    let annotations = FieldPath::new("metadata.annotations");
    let finding = Finding::new(&RULE, &annotations.key(REWRITE_TARGET), reason);
    verdict.report(Level::Warn.at_most(settings.rewrites), finding);
    true
}
