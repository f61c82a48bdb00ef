//! A certificate for a host that no rule has.

use shared::{FieldPath, Finding, Rule, Verdict, quote, rule};

use crate::hosts::{Hosts, wildcard_of};
use crate::names::written;
use crate::settings::Settings;
use crate::views::Ingress;

pub(crate) static RULE: Rule = rule! {
    id: "unused_tls_host",
    summary: "A host of `tls` that no rule has, where all rules have a host",
    why: "Nothing answers for it, and most often a rule has nearly the same host, which then has no certificate",
    fix: "add a rule for it, or remove it",
    levels: [Warn by "tlsHosts"],
};

/// Warns of each host.
pub(crate) fn check(ingress: &Ingress<'_>, settings: &Settings, verdict: &mut Verdict) {
    let (rules, covered) = (&ingress.hosts, ingress.tls_hosts());
    let (hosts, covered) = (Hosts::of(rules), Hosts::of(&covered));
    if rules.is_empty() || rules.contains(&"") {
        return;
    }
    // The wildcards that cover them.
    let wildcards: Vec<String> = rules.iter().map(|host| wildcard_of(host)).collect();
    let wildcards: Vec<&str> = wildcards.iter().map(String::as_str).collect();
    let wildcards = Hosts::of(&wildcards);
    let mut uncovered = rules.iter().filter(|host| covered.first(host).is_none());
    // The host that may be meant, where there is one alone.
    let meant = uncovered.next().filter(|_| uncovered.next().is_none());
    let tls = FieldPath::new("spec.tls");
    for (index, entry) in ingress.tls.iter().enumerate() {
        for (place, host) in entry.iter().enumerate() {
            if hosts.cover(host) || wildcards.first(host).is_some() {
                continue;
            }
            verdict.report_with(settings.tls_hosts, &|| {
                let fix = match meant {
                    Some(meant) => {
                        format!("add a rule for it, or correct it to {}", written(meant))
                    }
                    None => RULE.fix.to_owned(),
                };
                let entry = tls.index(index);
                let hosts = entry.child("hosts");
                let reason = format!("no rule has {}", quote(host));
                Finding::new(&RULE, &hosts.index(place), reason).fix(fix)
            });
        }
    }
}
