//! A Secret of a type that the programs that it is for do not look for.

use shared::{FieldPath, Finding, Rule, Verdict, quote, rule};

use super::{DOCKER_CFG, DOCKER_CONFIG_JSON, TYPES};
use crate::settings::Settings;
use crate::text::split;
use crate::views::Object;

pub(crate) static RULE: Rule = rule! {
    id: "wrong_type",
    summary: "A `.dockerconfigjson` or `.dockercfg` in a Secret of another type, or a type that is nearly one of Kubernetes",
    why: "Kubernetes takes any type and checks nothing of one that it does not know; the kubelet passes over a pull secret of another type",
    fix: "delete the Secret, and create it with the right type: a type cannot be changed",
    levels: [Warn by "form.wrongType"],
};

/// Finds types that nothing looks for.
///
/// Source: `MakeDockerKeyring` in `pkg/credentialprovider/secrets/secrets.go`.
pub(crate) fn check(object: &Object<'_>, settings: &Settings, verdict: &mut Verdict) {
    let Some(name) = object.secret_type else {
        return;
    };
    let pulls = [
        (".dockerconfigjson", DOCKER_CONFIG_JSON),
        (".dockercfg", DOCKER_CFG),
    ];
    let mut keys = pulls.iter().filter(|(key, wanted)| {
        *wanted != name && object.entries.iter().any(|entry| entry.key == *key)
    });
    let reason = if TYPES.contains(&name) && name != "Opaque" {
        return;
    } else if let Some((key, wanted)) = keys.next() {
        format!(
            "is {}, so that the kubelet does not pull images with its {key}: that takes the type {wanted}",
            quote(name)
        )
    } else if let Some(near) = TYPES.iter().find(|known| is_near(name, known)) {
        format!("is {}, which is not {near}", quote(name))
    } else {
        return;
    };
    let path = FieldPath::new("type");
    verdict.report(settings.form.wrong_type, Finding::new(&RULE, &path, reason));
}

/// Whether a type is another one in other letters, without its domain, or with a letter too many, too few or in the wrong
/// place.
fn is_near(name: &str, known: &str) -> bool {
    let same = |known: &str| name.eq_ignore_ascii_case(known);
    if name == known || known.len() < 8 {
        return same(known) && name != known;
    }
    let short = split(known, "/").map_or("", |(_, short)| short);
    if same(known) || same(short) {
        return true;
    }
    let (one, other) = (name.as_bytes(), known.as_bytes());
    let pairs = one.iter().zip(other);
    let start = pairs.take_while(|(one, other)| one == other).count();
    let pairs = one.iter().rev().zip(other.iter().rev());
    let end = pairs.take_while(|(one, other)| one == other).count();
    let differ = if one.len() == other.len() { 2 } else { 1 };
    start + end + differ >= one.len().max(other.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, rules_of, secret};

    #[test]
    fn finds_pull_secrets_of_other_types() {
        let pull = [(".dockerconfigjson", &b"{\"auths\":{}}"[..])];
        assert_eq!(
            lines(&secret("Opaque", &pull), &json!({})),
            [
                "warning: secret-data: type: is \"Opaque\", so that the kubelet does not pull images with its \
                 .dockerconfigjson: that takes the type kubernetes.io/dockerconfigjson; fix: delete the Secret, and \
                 create it with the right type: a type cannot be changed [wrong_type]"
            ]
        );
        assert_eq!(
            rules_of(&secret("kubernetes.io/dockerconfig", &pull), &json!({})),
            ["wrong_type?"]
        );
        assert_eq!(
            rules_of(
                &secret("example.com/x", &[(".dockercfg", b"{}")]),
                &json!({})
            ),
            ["wrong_type?"]
        );
        let off = json!({"form": {"wrongType": "off"}});
        assert_eq!(rules_of(&secret("Opaque", &pull), &off), [""; 0]);
    }

    #[test]
    fn finds_types_that_are_nearly_known() {
        for (name, near) in [
            ("opaque", Some("Opaque")),
            ("kubernetes.io/TLS", Some("kubernetes.io/tls")),
            ("tls", Some("kubernetes.io/tls")),
            ("kubernetes.io/tsl", Some("kubernetes.io/tls")),
            ("kubernetes/tls", None),
            ("kubernetes.io/tl", Some("kubernetes.io/tls")),
            ("kubernets.io/tls", Some("kubernetes.io/tls")),
            ("kubernetes.io/basicauth", Some("kubernetes.io/basic-auth")),
            ("dockerconfigjson", Some("kubernetes.io/dockerconfigjson")),
            ("Opaque", None),
            ("kubernetes.io/rbd", None),
            ("example.com/tls", None),
            ("Opaques", None),
            ("", None),
        ] {
            let found = lines(&secret(name, &[]), &json!({}));
            let start = near.map(|near| {
                format!("warning: secret-data: type: is {name:?}, which is not {near}; fix: ")
            });
            match (&found[..], start) {
                ([], None) => {}
                ([line], Some(start)) if line.starts_with(&start) => {}
                (found, start) => panic!("{name}: {found:?}, not {start:?}"),
            }
        }
    }
}
