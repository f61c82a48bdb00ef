//! Credentials of registries that the kubelet cannot read.

use std::fmt;

use shared::{Level, Rule, Verdict, rule};

use crate::docker::Problem;
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "malformed_docker_config",
    summary: "A `.dockerconfigjson` or `.dockercfg` that is not JSON of the right form, or with an `auth` that is not base64 of `user:password`",
    why: "The kubelet then knows none of the credentials in it, and images of private registries cannot be pulled",
    fix: "create it: kubectl create secret docker-registry",
    levels: [Deny by "form.dockerConfig"],
};

/// Refuses what the kubelet cannot read. Entries are counted: their names are part of the value.
pub(crate) fn check(entry: &Entry<'_>, problem: &Problem, level: Level, verdict: &mut Verdict) {
    let mut report = |reason: fmt::Arguments<'_>, fix| {
        entry.report(&RULE, level, reason, fix, verdict);
    };
    match problem {
        Problem::Encoded => report(
            format_args!("is JSON that was encoded as base64 once more"),
            "encode it once: in stringData the JSON itself, in data its base64",
        ),
        Problem::ByteOrderMark => report(
            format_args!("starts with a byte order mark, with which it is not JSON"),
            "save the file as UTF-8 without BOM",
        ),
        Problem::Syntax(reason) => report(format_args!("{reason}"), RULE.fix),
        Problem::NoMap => report(
            format_args!("has something else where a map from registries to credentials should be"),
            RULE.fix,
        ),
        Problem::Entry(number) => report(
            format_args!("entry {number} is not a map of texts"),
            RULE.fix,
        ),
        Problem::Auth(number) => report(
            format_args!("entry {number} has an `auth` that is not base64 of user:password"),
            "write auth as: printf %s \"$user:$password\" | base64 -w0",
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn refuses_what_the_kubelet_cannot_read() {
        let create = "; fix: create it: kubectl create secret docker-registry";
        for (value, expected) in [
            (&b"{\"auths\":{\"r.io\":{\"auth\":\"amFuZTpwdw==\"}}}"[..], None),
            (b"{", Some(format!("is not JSON, or too deep, at line 1, column 1{create}"))),
            (b"\xff{}", Some(format!("is not text in UTF-8{create}"))),
            (
                b"{\"auths\":[]}",
                Some(format!("has something else where a map from registries to credentials should be{create}")),
            ),
            (b"{\"auths\":{\"r.io\":7}}", Some(format!("entry 1 is not a map of texts{create}"))),
            (
                b"{\"auths\":{\"r.io\":{\"auth\":\"amFuZQ==\"}}}",
                Some(
                    "entry 1 has an `auth` that is not base64 of user:password; fix: write auth as: printf %s \
                     \"$user:$password\" | base64 -w0"
                        .to_owned(),
                ),
            ),
            (
                b"eyJhdXRocyI6e319",
                Some(
                    "is JSON that was encoded as base64 once more; fix: encode it once: in stringData the JSON itself, in \
                     data its base64"
                        .to_owned(),
                ),
            ),
        ] {
            let found = lines(&secret("kubernetes.io/dockerconfigjson", &[(".dockerconfigjson", value)]), &json!({}));
            let expected = expected.map(|text| format!("data[\".dockerconfigjson\"]: {text} [malformed_docker_config]"));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
