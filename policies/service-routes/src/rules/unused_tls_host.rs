//! A certificate for a host that no rule has.

use shared::{FieldPath, Finding, Rule, Verdict, quote, rule, written};

use crate::hosts::{Hosts, wildcard_of};
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
pub(crate) fn check<'h>(ingress: &Ingress<'h>, settings: &Settings, verdict: &mut Verdict) {
    let (rules, covered) = (&ingress.hosts, ingress.tls_hosts());
    let covered = Hosts::of(&covered);
    // An alias may be a regular expression, which begins with a tilde.
    if rules.is_empty() || rules.contains(&"") || ingress.aliases.as_bytes().contains(&b'~') {
        return;
    }
    // With a redirect from one to the other, `www.` makes no difference.
    let bare = |host: &'h str| match host.strip_prefix("www.") {
        Some(bare) if ingress.has_www => bare,
        _ => host,
    };
    let mut served: Vec<&str> = Vec::new();
    for host in rules {
        served.push(bare(host));
    }
    let mut rest = ingress.aliases;
    while !rest.is_empty() {
        let (alias, more) = rest.split_once(',').unwrap_or((rest, ""));
        served.push(bare(alias.trim_ascii()));
        rest = more;
    }
    // The wildcards that cover them.
    let mut wildcards = Vec::new();
    for host in &served {
        wildcards.push(wildcard_of(host));
        if ingress.has_www {
            wildcards.push(format!("*.{host}"));
        }
    }
    let wildcards: Vec<&str> = wildcards.iter().map(String::as_str).collect();
    let (served, wildcards) = (Hosts::of(&served), Hosts::of(&wildcards));
    let mut uncovered = rules.iter().filter(|host| covered.first(host).is_none());
    // The host that may be meant, where there is one alone.
    let meant = uncovered.next().filter(|_| uncovered.next().is_none());
    let tls = FieldPath::new("spec.tls");
    for (index, entry) in ingress.tls.iter().enumerate() {
        for (place, host) in entry.iter().enumerate() {
            if served.cover(bare(host)) || wildcards.first(host).is_some() {
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{Review, places};

    use crate::ServiceRoutes;
    use crate::testing::{cluster, ingress, service};

    /// How many of these hosts of a certificate are told, beside a rule and an annotation of ingress-nginx.
    fn unused(annotation: (&str, &str), rule: &str, hosts: &[&str]) -> usize {
        let mut ingress = ingress(&json!({"number": 80}));
        let (key, value) = annotation;
        ingress["metadata"]["annotations"] =
            json!({ format!("nginx.ingress.kubernetes.io/{key}"): value });
        ingress["spec"]["rules"][0]["host"] = json!(rule);
        ingress["spec"]["tls"] = json!([{ "hosts": hosts }]);
        let review = Review::create(&ingress).in_cluster(cluster(&[service(&json!({"port": 80}))]));
        let mut found = places(&review.lines::<ServiceRoutes>());
        found.retain(|line| line.ends_with("[unused_tls_host]"));
        found.len()
    }

    #[test]
    fn a_redirect_and_an_alias_are_served_as_well() {
        let www = "from-to-www-redirect";
        let aliases = ("server-alias", "a.other.org, b.other.org");
        for (annotation, rule, hosts, expected) in [
            ((www, "true"), "a.org", &["a.org", "www.a.org"][..], 0),
            ((www, "true"), "www.a.org", &["a.org", "www.a.org"], 0),
            ((www, "true"), "a.org", &["a.org", "*.a.org"], 0),
            ((www, "true"), "a.org", &["a.org", "www.b.org"], 1),
            ((www, "false"), "a.org", &["a.org", "www.a.org"], 1),
            (
                aliases,
                "x.org",
                &["x.org", "a.other.org", "b.other.org"],
                0,
            ),
            (aliases, "x.org", &["x.org", "*.other.org"], 0),
            (aliases, "x.org", &["x.org", "c.other.org"], 1),
            (("server-alias", r"~^w\d+\.org$"), "x.org", &["w1.org"], 0),
        ] {
            assert_eq!(
                unused(annotation, rule, hosts),
                expected,
                "{annotation:?} {hosts:?}"
            );
        }
    }
}
