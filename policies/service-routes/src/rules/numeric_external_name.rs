//! An address in the place of a name.

use shared::{FieldPath, Rule, Verdict, quote, rule};

use crate::views::Service;

pub(crate) static RULE: Rule = rule! {
    id: "numeric_external_name",
    summary: "A Service of type ExternalName whose `externalName` is an IP address",
    why: "DNS answers with an alias for that name, and no name server knows the name 10.0.0.5: nothing in the cluster \
          reaches it",
    fix: "use a Service without selector, of type ClusterIP, and an EndpointSlice with the address",
    levels: [Warn],
};

/// Warns of four numbers, as an address of IPv4 has. One of IPv6 the API server refuses.
pub(crate) fn check(service: &Service<'_>, verdict: &mut Verdict) {
    let name = service.external_name;
    let dots = name.bytes().filter(|byte| *byte == b'.').count();
    let mut others = name.bytes().filter(|byte| *byte != b'.');
    if service.is_external() && dots == 3 && others.all(|byte| byte.is_ascii_digit()) {
        let reason = format!(
            "{} is an address, and DNS looks for a host of this name",
            quote(name)
        );
        verdict.warn(&RULE, &FieldPath::new("spec.externalName"), reason);
    }
}
