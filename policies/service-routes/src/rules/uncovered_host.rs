//! A host without a certificate, in an Ingress that has some.

use shared::{FieldPath, Finding, Rule, Verdict, quote, rule};

use crate::hosts::Hosts;
use crate::settings::Settings;
use crate::views::Ingress;

pub(crate) static RULE: Rule = rule! {
    id: "uncovered_host",
    summary: "A host of a rule that is in none of the `hosts` of `tls`, where all entries of `tls` have some",
    why: "Clients get the default certificate of the controller, a false one, or no TLS at all. A wildcard covers one label",
    fix: "add the host to spec.tls",
    levels: [Warn by "tlsHosts"],
};

/// Warns of each host once.
pub(crate) fn check(ingress: &Ingress<'_>, settings: &Settings, verdict: &mut Verdict) {
    let tls = &ingress.tls;
    // Without hosts, an entry is for whatever the controller takes it for.
    if tls.is_empty() || tls.iter().any(Vec::is_empty) {
        return;
    }
    let (rules, covered) = (&ingress.hosts, ingress.tls_hosts());
    let (hosts, covered) = (Hosts::of(rules), Hosts::of(&covered));
    let rules = FieldPath::new("spec.rules");
    for (index, host) in hosts.all.iter().enumerate() {
        if host.is_empty() || covered.cover(host) || hosts.first(host) != Some(index) {
            continue;
        }
        verdict.report_with(settings.tls_hosts, &|| {
            let reason = format!("{} is in no hosts of spec.tls", quote(host));
            let rule = rules.index(index);
            Finding::new(&RULE, &rule.child("host"), reason)
                .consequence(", so clients get the controller's default certificate")
                .fix("add it to spec.tls[0].hosts, with a certificate that has it")
        });
    }
}
