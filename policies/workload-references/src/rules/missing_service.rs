//! A Service that gives pods no names.

use shared::{Rule, Verdict, rule};

use super::{Found, Said};

pub(crate) static RULE: Rule = rule! {
    id: "missing_service",
    summary: "The Service of a StatefulSet that is not there, or is of type ExternalName",
    why: "The pods run, and the names by which they find each other (`web-0.web`) do not resolve. serviceName cannot \
          be changed",
    fix: "create a Service of this name with clusterIP: None that selects the pods",
    levels: [Warn by "missing.services"],
};

/// Tells it. A Service with a cluster IP does as well: `CoreDNS` has names for endpoints with a hostname.
///
/// Source: `plugin/kubernetes/kubernetes.go` of coredns/coredns.
pub(crate) fn check(found: &Found<'_>, verdict: &mut Verdict) {
    let resolve = "the DNS names of the pods do not resolve";
    found.tell_missing(&RULE, resolve, verdict);
    if found.text("spec", "type") == "ExternalName" {
        let said = Said {
            level: found.judging.settings.missing.services,
            ..Said::new(
                &RULE,
                "is of type ExternalName".to_owned(),
                format!(", so {resolve}"),
            )
        };
        found.tell(&said, &found.references(), verdict);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines_of, of_kind};

    #[test]
    fn tells_that_pods_have_no_names() {
        let found = |name: &str, service: &Value| {
            let set = of_kind(
                "apps/v1",
                "StatefulSet",
                json!({"serviceName": name, "template": {"spec": {}}}),
            );
            lines_of(&set, std::slice::from_ref(service), &json!({}))
        };
        let service = |kind: &str| of_kind("v1", "Service", json!({"type": kind}));
        let line = |what: &str| {
            format!(
                "warning: workload-references: spec.serviceName: {what} the DNS names of the pods do not resolve; fix: \
                 create a \
                 Service of this name with clusterIP: None that selects the pods [missing_service]"
            )
        };
        let cluster_ip = service("ClusterIP");
        assert_eq!(
            found("api", &cluster_ip),
            [line("Service \"api\" is not there (yet); without it")]
        );
        let external = service("ExternalName");
        assert_eq!(
            found("web", &external),
            [line("Service \"web\" is of type ExternalName, so")]
        );
        assert_eq!(found("web", &cluster_ip), [""; 0]);
        assert_eq!(found("", &cluster_ip), [""; 0]);
    }
}
