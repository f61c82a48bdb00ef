//! A Service whose ports are none of those of its pods.

use shared::{FieldPath, Finding, IntOrString, Rule, Verdict, quote, rule};

use crate::names::{told, written};
use crate::review::Review;
use crate::views::{self, Service, Workload};

pub(crate) static RULE: Rule = rule! {
    id: "undeclared_port",
    summary: "A Service whose pods declare ports, of which none is a `targetPort` of it",
    why: "A container may listen on a port that it does not declare. Where all that it declares are others, the number of \
          one of the two is most likely out of date",
    fix: "write a port that a container declares",
    levels: [Warn by "undeclaredPort"],
};

/// Reports a Service none of whose ports was found. DNS answers for a headless one, whatever its ports are.
pub(crate) fn check(
    review: &Review<'_>,
    service: &Service<'_>,
    selected: &[&Workload<'_>],
    verdict: &mut Verdict,
) {
    let mut ports = service.ports.iter().enumerate();
    let numbered = ports.find(|(_, port)| matches!(port.target, IntOrString::Int(_)));
    let declared = selected
        .iter()
        .flat_map(|workload| &workload.template.ports);
    let (Some((index, port)), Some(first), false) =
        (numbered, declared.clone().next(), service.is_headless)
    else {
        return;
    };
    verdict.report_with(review.settings.undeclared_port, &|| {
        let reason = format!(
            "no container of {} declares {}, while they declare other ports",
            views::told(selected),
            told(port.target)
        );
        let target = match first.name {
            "" => first.number.to_string(),
            name => written(name),
        };
        let fix = format!(
            "write targetPort: {target}, which container {} declares",
            quote(first.container)
        );
        let ports = FieldPath::new("spec.ports");
        let place = ports.index(index);
        Finding::new(&RULE, &place.child("targetPort"), reason).fix(fix)
    });
}
