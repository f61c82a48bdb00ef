//! A name that no object can have.

use shared::settings::{is_data_key, is_object_name};
use shared::{Level, Rule, Verdict, quote, rule};

use super::{NO_MOUNT, NO_NODE, note};
use crate::pod::Pod;
use crate::reference::{Reference, Target, Use};

pub(crate) static RULE: Rule = rule! {
    id: "impossible_name",
    summary: "A name or a key in a mounted volume, a claim or a pull secret that no object can have",
    why: "The API server checks the names in variables, and not these. Nothing is ever found under them",
    fix: "write at most 253 of a-z, 0-9, \"-\", \".\", with a letter or digit at both ends",
    levels: [Deny],
};

/// Refuses each.
///
/// Source: `validateVolumeSource` in `pkg/apis/core/validation/validation.go`, which wants some name and no more.
pub(crate) fn check(pod: &Pod<'_>, verdict: &mut Verdict) {
    for reference in &pod.references {
        let (name, is_possible): (_, fn(&str) -> bool) = match reference.used {
            Use::File { key } => (key, is_data_key),
            Use::Variable { .. } | Use::Variables { .. } => continue,
            Use::Whole if !matches!(reference.target, Target::Claim | Target::PullSecret) => {
                continue;
            }
            Use::Whole | Use::Files { .. } | Use::Credentials => (reference.name, is_object_name),
        };
        // Controllers of other projects fill in what is in braces. The kubelet skips a pull secret without a name, and
        // the API server refuses all others without one.
        let is_later = !pod.workload.is_whole && is_placeholder(name);
        if name.is_empty() || reference.is_optional || is_later || is_possible(name) {
            continue;
        }
        let what = format!("{} cannot be {}", quote(name), what_it_is(reference));
        let consequence = format!(", so it is never found, and {}", effect(reference));
        let fix = fix(name, reference);
        let place = reference.place;
        note(
            &RULE,
            Level::Deny,
            &place,
            &what,
            &consequence,
            &fix,
            &[],
            verdict,
        );
    }
}

/// Whether something was to fill in a name.
fn is_placeholder(name: &str) -> bool {
    let marks = |byte| matches!(byte, b'{' | b'$' | b'<' | b'%');
    name.bytes().any(marks)
}

/// What cannot have the name, with its article.
fn what_it_is(reference: &Reference<'_>) -> String {
    match reference.used {
        Use::File { .. } => "a key".to_owned(),
        _ => format!("the name of a {}", reference.target.kind().kind),
    }
}

fn effect(reference: &Reference<'_>) -> &'static str {
    match reference.target {
        Target::Claim => NO_NODE,
        Target::PullSecret => "images are pulled without credentials",
        _ => NO_MOUNT,
    }
}

/// What to write instead of a name; empty for what the rule says.
fn fix(name: &str, reference: &Reference<'_>) -> String {
    if is_placeholder(name) {
        return "write the name itself: this is a placeholder that was not filled in".to_owned();
    }
    if let Use::File { .. } = reference.used {
        return "write at most 253 of A-Z, a-z, 0-9, \"-\", \"_\", \".\"".to_owned();
    }
    match name.split_once('/') {
        Some((_, own)) => format!(
            "write {}: pods use what is in their own namespace",
            quote(own)
        ),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{lines, lines_of, of_kind, places_in, with_rollouts};

    fn mounting(volume: &Value) -> Value {
        let mut volume = volume.clone();
        volume["name"] = json!("v");
        json!({"containers": [{"name": "app", "volumeMounts": [{"name": "v"}]}], "volumes": [volume]})
    }

    #[test]
    fn says_what_was_meant() {
        for (name, fix) in [
            (
                "Bad_Name",
                "write at most 253 of a-z, 0-9, \"-\", \".\", with a letter or digit at both ends",
            ),
            (
                "shop/db",
                "write \"db\": pods use what is in their own namespace",
            ),
            (
                "${DB}",
                "write the name itself: this is a placeholder that was not filled in",
            ),
            (
                "<db>",
                "write the name itself: this is a placeholder that was not filled in",
            ),
            (
                "-db",
                "write at most 253 of a-z, 0-9, \"-\", \".\", with a letter or digit at both ends",
            ),
        ] {
            assert_eq!(
                lines(
                    &mounting(&json!({"secret": {"secretName": name}})),
                    &[],
                    &json!({})
                ),
                [format!(
                    "spec.template.spec.volumes[0].secret.secretName: \"{name}\" cannot be the name of a Secret, so it \
                     is never \
                     found, and the pods stay in ContainerCreating (FailedMount); fix: {fix} [impossible_name]"
                )]
            );
        }
    }

    #[test]
    fn volumes_claims_and_pull_secrets_are_not_checked_by_the_api_server() {
        let place = |path: &str| format!("spec.template.spec.{path} [impossible_name]");
        let bad = "A";
        for (spec, expected) in [
            (
                mounting(&json!({"configMap": {"name": bad}})),
                Some("volumes[0].configMap.name"),
            ),
            (
                mounting(&json!({"configMap": {"name": bad, "optional": true}})),
                None,
            ),
            (
                mounting(&json!({"configMap": {"name": "web.v1-2"}})),
                Some(""),
            ),
            (
                mounting(&json!({"projected": {"sources": [{"secret": {"name": bad}}]}})),
                Some("volumes[0].projected.sources[0].secret.name"),
            ),
            (
                mounting(&json!({"csi": {"nodePublishSecretRef": {"name": bad}}})),
                Some("volumes[0].csi.nodePublishSecretRef.name"),
            ),
            (
                json!({"volumes": [{"name": "v", "secret": {"secretName": bad}}]}),
                None,
            ),
            (
                json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": bad}}]}),
                Some("volumes[0].persistentVolumeClaim.claimName"),
            ),
            (
                json!({"imagePullSecrets": [{"name": bad}]}),
                Some("imagePullSecrets[0].name"),
            ),
            (json!({"imagePullSecrets": [{"name": ""}]}), None),
            // The API server refuses these.
            (
                json!({"containers": [{"envFrom": [{"configMapRef": {"name": bad}}]}]}),
                None,
            ),
            (
                json!({"serviceAccountName": bad, "priorityClassName": bad}),
                None,
            ),
        ] {
            let expected: Vec<String> = match expected {
                None => vec![],
                Some("") => {
                    vec![
                        "warning: spec.template.spec.volumes[0].configMap.name [missing_config]"
                            .to_owned(),
                    ]
                }
                Some(path) => vec![place(path)],
            };
            assert_eq!(places_in(&spec, &[], &json!({})), expected, "{spec}");
        }
        let items = json!([{"key": "bad key!", "path": "a"}, {"key": "..a", "path": "b"}, {"key": "a b", "path": "c"}]);
        let spec = mounting(&json!({"configMap": {"name": "web", "items": items}}));
        let found = places_in(&spec, &[], &json!({"missing": {"configMaps": "off"}}));
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[1], place("volumes[0].configMap.items[1].key"));
    }

    #[test]
    fn other_projects_fill_in_names() {
        let template = |name: &str| {
            let spec = mounting(&json!({"secret": {"secretName": name}}));
            json!({"template": {"spec": spec}})
        };
        for (name, findings) in [("{{workflow.name}}", 0), ("$(params.a)", 0), ("Bad", 1)] {
            let rollout = of_kind("argoproj.io/v1alpha1", "Rollout", template(name));
            assert_eq!(
                lines_of(&rollout, &[], &with_rollouts()).len(),
                findings,
                "{name}"
            );
        }
    }
}
