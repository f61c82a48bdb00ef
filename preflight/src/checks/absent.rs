//! What a finding rests on that is not there: a `LimitRange` that was not given, and a target that is there as something
//! else.

use std::{cell::LazyCell, collections::BTreeSet};

use serde_json::Value;

use crate::{
    manifests::{Note, Object},
    report::{Reported, Subject},
};
use cluster::environments::may_be_one;

/// Notes on findings of the policies, each once. `all` holds the objects that look-ups find, of which the first `written`
/// are checked; whether more of a cluster is among them is `has_cluster`.
pub(crate) fn notes<'a>(
    findings: impl Iterator<Item = &'a Reported>,
    all: &[Object],
    has_cluster: bool,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let limited = LazyCell::new(|| limited(all));
    let mut told = BTreeSet::new();
    for finding in findings {
        match finding.rule.as_deref() {
            Some("missing_request") if !has_cluster => {
                let namespace = finding.object.namespace.as_deref().unwrap_or_default();
                if told.insert(namespace) && !limited.contains(namespace) {
                    notes.push(Note {
                        place: finding.place.clone(),
                        text: format!(
                            "no LimitRange of namespace {namespace} was given; one in the cluster may set the requests that are \
                             missing (--cluster)"
                        ),
                    });
                }
            }
            Some("missing_target") => notes.extend(elsewhere(finding, all)),
            _ => {}
        }
    }
    notes
}

/// The namespaces that have a `LimitRange`.
fn limited(all: &[Object]) -> BTreeSet<&str> {
    let is_one = |object: &&Object| (object.group(), object.kind()) == ("", "LimitRange");
    let limit_ranges = all.iter().filter(is_one);
    let namespaces = limit_ranges.map(Object::namespace);
    namespaces.map(Option::unwrap_or_default).collect()
}

/// The object that has the kind and name of a target, and yet is not it: of another group or version, in another
/// namespace or environment, or in another case.
fn elsewhere(finding: &Reported, all: &[Object]) -> Option<Note> {
    let autoscaler = all.get(finding.position)?;
    let target = autoscaler.value.pointer("/spec/scaleTargetRef")?;
    let text = |field: &str| target.get(field).and_then(Value::as_str);
    let (kind, name) = (text("kind")?, text("name")?);
    let group = text("apiVersion").and_then(|version| version.split_once('/'));
    let wanted = (
        group.map_or("", |(group, _)| group),
        kind,
        autoscaler.namespace(),
    );
    let is_it = |object: &Object| (object.group(), object.kind(), object.namespace()) == wanted;
    let meets = |object: &Object| may_be_one(&object.file, &autoscaler.file);
    let mut alike = all.iter().filter(|object| {
        object.kind().eq_ignore_ascii_case(kind)
            && object.name() == Some(name)
            // One of that very name is on its way out.
            && !(is_it(object) && meets(object))
    });
    let found = alike.next()?;
    let why = if is_it(found) {
        "it is in the folder of another environment".to_owned()
    } else {
        let version = text("apiVersion").filter(|version| !version.is_empty());
        let group = version.unwrap_or("the core group");
        format!("it wants {kind} of {group} in its own namespace")
    };
    Some(Note {
        place: autoscaler.place_of("spec.scaleTargetRef"),
        text: format!(
            "{} does not reach {} of {} in {}: {why}",
            Subject::of(autoscaler),
            Subject::of(found),
            found.api_version(),
            found.place(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests;

    fn said(rule: &str, text: &str, has_cluster: bool) -> Vec<String> {
        let objects = manifests::read_text("f.yaml", text).objects;
        let finding = Reported {
            rule: Some(rule.to_owned()),
            ..Reported::whole("any", &objects[0], "something")
        };
        let findings = [finding.clone(), finding];
        let notes = notes(findings.iter(), &objects, has_cluster);
        notes
            .iter()
            .map(|note| format!("{}: {}", note.place, note.text))
            .collect()
    }

    const HPA: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
";

    #[test]
    fn says_once_that_a_limit_range_may_be_missing() {
        let limits = |namespace: &str| {
            format!(
                "{HPA}---\napiVersion: v1\nkind: LimitRange\nmetadata: {{name: a, namespace: {namespace}}}\n"
            )
        };
        for (text, has_cluster, count) in [
            (HPA.to_owned(), false, 1),
            (HPA.to_owned(), true, 0),
            (limits("shop"), false, 0),
            (limits("other"), false, 1),
        ] {
            assert_eq!(
                said("missing_request", &text, has_cluster).len(),
                count,
                "{text}"
            );
        }
        assert_eq!(said("missing_container", HPA, false), [""; 0]);
    }

    #[test]
    fn names_a_target_of_another_group_or_namespace() {
        let with = |api_version: &str, namespace: &str, name: &str| {
            format!(
                "{HPA}---\napiVersion: {api_version}\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
            )
        };
        let note = |subject: &str, api_version: &str| {
            format!(
                "f.yaml:5: HorizontalPodAutoscaler shop/web does not reach Deployment {subject} of {api_version} in \
                 f.yaml:7: it wants Deployment of apps/v1 in its own namespace"
            )
        };
        for (text, expected) in [
            (
                with("extensions/v1beta1", "shop", "web"),
                Some(note("shop/web", "extensions/v1beta1")),
            ),
            (
                with("apps/v1", "prod", "web"),
                Some(note("prod/web", "apps/v1")),
            ),
            (with("apps/v1", "shop", "api"), None),
        ] {
            let found = said("missing_target", &text, false);
            assert_eq!(found.first(), expected.as_ref(), "{text}");
        }
    }

    #[test]
    fn says_that_a_target_is_in_another_environment() {
        let target =
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}";
        for (file, expected) in [
            (
                "overlays/dev/b.yaml",
                Some(
                    "HorizontalPodAutoscaler shop/web does not reach Deployment shop/web of apps/v1 in \
                     overlays/dev/b.yaml:1: it is in the folder of another environment",
                ),
            ),
            ("overlays/prod/b.yaml", None),
        ] {
            let mut objects = manifests::read_text("overlays/prod/a.yaml", HPA).objects;
            objects.extend(manifests::read_text(file, target).objects);
            let finding = Reported {
                rule: Some("missing_target".to_owned()),
                ..Reported::whole("any", &objects[0], "something")
            };
            let notes = notes([&finding].into_iter(), &objects, false);
            let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
            assert_eq!(texts, Vec::from_iter(expected));
        }
    }
}
