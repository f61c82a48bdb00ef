//! What a finding rests on that is not there: a `LimitRange` that was not given, and a target that is there as something
//! else.

use std::{
    cell::LazyCell,
    collections::{BTreeSet, HashMap},
};

use tree::Value;

use crate::{
    manifests::{Note, Object},
    report::{Reported, Subject},
};
use cluster::{environments::may_be_one, kinds::Kinds};

/// Notes on findings of the policies, each once. `all` holds the objects that look-ups find, of which the first `written`
/// are checked; whether more of a cluster is among them is `has_cluster`.
pub(crate) fn notes<'a>(
    findings: impl Iterator<Item = &'a Reported>,
    all: &[Object],
    has_cluster: bool,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let limited = LazyCell::new(|| limited(all));
    let services = LazyCell::new(|| by_name(misspelt_services(all)));
    let named = LazyCell::new(|| by_name(all.iter()));
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
            Some("missing_target") => notes.extend(elsewhere(finding, all, &named)),
            Some("missing_service") => notes.extend(misspelt(finding, all, &services)),
            _ => {}
        }
    }
    notes
}

/// Objects by their names.
type Named<'a> = HashMap<&'a str, Vec<&'a Object>>;

fn by_name<'a>(objects: impl Iterator<Item = &'a Object>) -> Named<'a> {
    let mut named = Named::new();
    for object in objects {
        if let Some(name) = object.name() {
            named.entry(name).or_default().push(object);
        }
    }
    named
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
fn elsewhere(finding: &Reported, all: &[Object], named: &Named<'_>) -> Option<Note> {
    let autoscaler = all.get(finding.position)?;
    let target = autoscaler.value.pointer("/spec/scaleTargetRef")?;
    // KEDA scales a Deployment where nothing else is said.
    let by_default = |field: &str| match (autoscaler.kind(), field) {
        ("ScaledObject", "apiVersion") => Some("apps/v1"),
        ("ScaledObject", "kind") => Some("Deployment"),
        _ => None,
    };
    let written = |field: &str| target.get(field).and_then(Value::as_str);
    let text = |field: &str| {
        let written = written(field).filter(|text| !text.is_empty());
        written.or(by_default(field))
    };
    let (kind, name) = (text("kind")?, text("name")?);
    let group = text("apiVersion").and_then(|version| version.split_once('/'));
    let wanted = (
        group.map_or("", |(group, _)| group),
        kind,
        autoscaler.namespace(),
    );
    let is_it = |object: &Object| (object.group(), object.kind(), object.namespace()) == wanted;
    let meets = |object: &Object| may_be_one(&object.file, &autoscaler.file);
    let mut alike = named.get(name)?.iter().filter(|object| {
        object.kind().eq_ignore_ascii_case(kind)
            // One of that very name is on its way out.
            && !(is_it(object) && meets(object))
    });
    let found = alike.next()?;
    let why = if is_it(found) {
        "it is in the folder of another environment".to_owned()
    } else {
        let group = text("apiVersion").unwrap_or("the core group");
        format!("it wants {kind} of {group} in its own namespace")
    };
    Some(unreached(autoscaler, "spec.scaleTargetRef", found, &why))
}

/// The Services that are written in a way that no server has.
fn misspelt_services(all: &[Object]) -> impl Iterator<Item = &Object> {
    let kinds = Kinds::default();
    all.iter().filter(move |object| {
        kinds.misspelt(object.api_version(), object.kind()) == Some(("v1", "Service"))
    })
}

/// The one among them that a backend names.
fn misspelt(finding: &Reported, all: &[Object], services: &Named<'_>) -> Option<Note> {
    let route = all.get(finding.position)?;
    let field = finding.field.as_deref()?;
    let name = route.value_of(field)?.as_str()?;
    let above = field.rsplit_once('.').map(|(above, _)| above);
    let other = above.and_then(|above| route.value_of(above)?.get("namespace")?.as_str());
    let namespace = other.or(route.namespace());
    let mut alike = services
        .get(name)?
        .iter()
        .filter(|object| object.namespace() == namespace && may_be_one(&object.file, &route.file));
    let why = "it wants Service of v1";
    Some(unreached(route, field, alike.next()?, why))
}

fn unreached(object: &Object, field: &str, found: &Object, why: &str) -> Note {
    Note {
        place: object.place_of(field),
        text: format!(
            "{} does not reach {} of {} in {}: {why}",
            Subject::of(object),
            Subject::of(found),
            found.api_version(),
            found.place(),
        ),
    }
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
    fn names_the_target_that_keda_takes_by_default() {
        let text = "\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {name: web}
---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: web, namespace: shop}
";
        assert_eq!(
            said("missing_target", text, false),
            ["f.yaml:5: ScaledObject shop/web does not reach Deployment shop/web of extensions/v1beta1 in f.yaml:7: it \
                 wants Deployment of apps/v1 in its own namespace"; 2]
        );
    }

    #[test]
    fn names_a_service_that_is_written_for_another_group() {
        let route = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  rules:
  - backendRefs:
    - {name: web}
    - {name: web, namespace: prod}
---
";
        let service = |api_version: &str, kind: &str, namespace: &str| {
            format!(
                "{route}apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: web, namespace: {namespace}}}\n"
            )
        };
        let (home, other) = (
            "spec.rules[0].backendRefs[0].name",
            "spec.rules[0].backendRefs[1].name",
        );
        let note = |line: usize, subject: &str, api_version: &str| {
            Some(format!(
                "f.yaml:{line}: HTTPRoute shop/web does not reach {subject} of {api_version} in f.yaml:10: it wants Service of v1"
            ))
        };
        for (text, field, expected) in [
            (
                service("apps/v1", "Service", "shop"),
                home,
                note(7, "Service shop/web", "apps/v1"),
            ),
            (
                service("v1", "service", "prod"),
                other,
                note(8, "service prod/web", "v1"),
            ),
            (service("apps/v1", "Service", "prod"), home, None),
            // Of Knative.
            (
                service("serving.knative.dev/v1", "Service", "shop"),
                home,
                None,
            ),
        ] {
            let objects = manifests::read_text("f.yaml", &text).objects;
            let finding = Reported {
                rule: Some("missing_service".to_owned()),
                field: Some(field.to_owned()),
                ..Reported::whole("any", &objects[0], "something")
            };
            let notes = notes([&finding].into_iter(), &objects, false);
            let notes = notes
                .iter()
                .map(|note| format!("{}: {}", note.place, note.text));
            assert_eq!(
                notes.collect::<Vec<_>>(),
                Vec::from_iter(expected),
                "{text}"
            );
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
