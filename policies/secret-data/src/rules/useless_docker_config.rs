//! Credentials of registries without a credential.

use std::fmt;

use shared::{Level, Rule, Verdict, rule};

use crate::docker::Problem;
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "useless_docker_config",
    summary: "A `.dockerconfigjson` or `.dockercfg` that holds no credential: no entries, only helpers, or the form of the other type",
    why: "The kubelet finds nothing in it, and images of private registries cannot be pulled",
    fix: "create it: kubectl create secret docker-registry",
    levels: [Warn by "form.dockerConfig"],
};

/// Warns of what the kubelet can read, and cannot use. It may be a placeholder.
pub(crate) fn check(entry: &Entry<'_>, problem: Problem, level: Level, verdict: &mut Verdict) {
    let level = level.at_most(Level::Warn);
    let mut report = |reason: fmt::Arguments<'_>| {
        entry.report(&RULE, level, reason, RULE.fix, verdict);
    };
    match problem {
        Problem::Empty => report(format_args!("has no registry in it")),
        Problem::OnlyHelpers => report(format_args!(
            "names only helpers, which know the credentials on the computer that it was copied from"
        )),
        Problem::OtherForm => report(format_args!(
            "has the form of the other type, kubernetes.io/dockercfg or kubernetes.io/dockerconfigjson"
        )),
        Problem::NoCredential(number) => report(format_args!("entry {number} has no credential")),
        Problem::Encoded
        | Problem::Syntax
        | Problem::NoMap
        | Problem::Entry(_)
        | Problem::Auth(_) => {}
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
                "names only helpers, which know the credentials on the computer that it was copied from",
            ),
            (
                b"{\"r\":{\"auth\":\"amFuZTpwdw==\"}}",
                "has the form of the other type, kubernetes.io/dockercfg or kubernetes.io/dockerconfigjson",
            ),
            (b"{\"auths\":{\"r\":{}}}", "entry 1 has no credential"),
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
