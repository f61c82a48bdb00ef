//! Two classes of one Ingress.

use shared::{FieldPath, Finding, Level, Rule, Verdict, quote, rule};

use crate::views::{CLASS_ANNOTATION, Ingress};

pub(crate) static RULE: Rule = rule! {
    id: "conflicting_class",
    summary: "An Ingress whose annotation `kubernetes.io/ingress.class` differs from its `ingressClassName`",
    why: "Controllers do not agree on which of them counts, so that two may serve the Ingress, or none. The API server \
          refuses it when an Ingress is created, and not when it is changed",
    fix: "remove the annotation",
    levels: [Deny],
};

/// Refuses an annotation that says something else.
pub(crate) fn check(ingress: &Ingress<'_>, verdict: &mut Verdict) {
    let (annotation, class) = (ingress.class_annotation, ingress.class);
    if annotation.is_empty() || class.is_empty() || annotation == class {
        return;
    }
    let reason = format!(
        "is {}, and ingressClassName is {}",
        quote(annotation),
        quote(class)
    );
    let annotations = FieldPath::new("metadata.annotations");
    let place = annotations.key(CLASS_ANNOTATION);
    verdict.report(Level::Deny, Finding::new(&RULE, &place, reason));
}
