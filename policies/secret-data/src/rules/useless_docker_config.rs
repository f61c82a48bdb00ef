//! Credentials of registries without a credential.

use std::fmt;

use shared::{Level, Rule, Verdict, rule};

use crate::docker::{Form, Problem};
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "useless_docker_config",
    summary: "A `.dockerconfigjson` or `.dockercfg` that holds no credential that is used: no entries, only the name of a `credsStore` or `credHelpers`, the form of the other type, or a registry that is no host",
    why: "The kubelet finds nothing in it, and images of private registries cannot be pulled",
    fix: "create it: kubectl create secret docker-registry",
    levels: [Warn by "form.dockerConfig"],
};

/// Warns of what the kubelet can read, and cannot use. It may be a placeholder.
pub(crate) fn check(entry: &Entry<'_>, problem: &Problem, level: Level, verdict: &mut Verdict) {
    let level = level.at_most(Level::Warn);
    let mut report = |reason: fmt::Arguments<'_>, fix| {
        entry.report(&RULE, level, reason, fix, verdict);
    };
    match problem {
        Problem::Empty => report(format_args!("has no registry in it"), RULE.fix),
        Problem::OnlyHelpers(name) => report(
            format_args!(
                "has its credentials in {name}, a program on the computer that it was copied from"
            ),
            RULE.fix,
        ),
        Problem::OtherForm(Form::ConfigJson) => report(
            format_args!("has the form of the other type, kubernetes.io/dockercfg"),
            "put {\"auths\": …} around it",
        ),
        Problem::OtherForm(Form::Cfg) => report(
            format_args!("has the form of the other type, kubernetes.io/dockerconfigjson"),
            "use that type, with the key .dockerconfigjson; or leave out {\"auths\": …} around it",
        ),
        Problem::NoCredential(number) => {
            report(format_args!("entry {number} has no credential"), RULE.fix);
        }
        Problem::Scheme(number) => report(
            format_args!("entry {number} is for a URL that is not of https, which no image has"),
            "write the host of the registry alone",
        ),
        Problem::NoHost(number) => report(
            format_args!("entry {number} is not for the host of a registry"),
            "write the host as images have it, such as registry.example.com",
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn warns_of_what_holds_no_credential() {
        for (value, reason) in [
            (&b"{\"auths\":{}}"[..], "has no registry in it"),
            (b"null", "has no registry in it"),
            (
                b"{\"credsStore\":\"desktop\"}",
                "has its credentials in credsStore, a program on the computer that it was copied from",
            ),
            (
                b"{\"r.io\":{\"auth\":\"amFuZTpwdw==\"}}",
                "has the form of the other type, kubernetes.io/dockercfg; fix: put {\"auths\": …} around it",
            ),
            (b"{\"auths\":{\"r.io\":{}}}", "entry 1 has no credential"),
            (
                b"{\"auths\":{\"oci://r.io\":{\"auth\":\"amFuZTpwdw==\"}}}",
                "entry 1 is for a URL that is not of https, which no image has; fix: write the host of the registry alone",
            ),
            (
                b"{\"auths\":{\"dockerhub\":{\"auth\":\"amFuZTpwdw==\"}}}",
                "entry 1 is not for the host of a registry; fix: write the host as images have it, such as registry.example.com",
            ),
        ] {
            let object = secret(
                "kubernetes.io/dockerconfigjson",
                &[(".dockerconfigjson", value)],
            );
            let found = lines(&object, &json!({}));
            assert_eq!(found.len(), 1, "{found:?}");
            let start = format!("warning: secret-data: data[\".dockerconfigjson\"]: {reason}");
            assert!(
                found[0].starts_with(&start) && found[0].ends_with(" [useless_docker_config]"),
                "{found:?}"
            );
            assert_eq!(
                lines(&object, &json!({"form": {"dockerConfig": "off"}})),
                [""; 0]
            );
        }
    }
}
