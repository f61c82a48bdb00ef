//! A class that no `IngressClass` has.

use k8s_openapi::Resource;
use k8s_openapi::api::networking::v1::IngressClass;
use shared::cluster::ListAllLookup;
use shared::{Error, FieldPath, Finding, Level, Rule, Verdict, quote, rule, written};

use crate::names::{insert_once, nearest, some_of};
use crate::review::{Review, Stage};
use crate::views::{Ingress, wants};

pub(crate) static RULE: Rule = rule! {
    id: "unknown_class",
    summary: "An Ingress of a class that no IngressClass has, or of none where no class is the default",
    why: "No controller serves it: it never gets an address, and no event says why. Some controllers are set to take \
          Ingresses without a class, therefore only a warning by default",
    fix: "write the class of a controller as ingressClassName",
    levels: [Warn by "ingressClass"],
};

/// Reports a class that is not there, where there are others.
///
/// The API server gives the default class to a new Ingress that has neither the field nor the annotation
/// (`plugin/pkg/admission/network/defaultingressclass/admission.go`), before policies are asked: what has none then got
/// none. Of a manifest that cannot be said. The annotation need not name an object: each controller knows its own.
pub(crate) fn check(
    review: &Review<'_>,
    ingress: &Ingress<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let (level, class) = (review.settings.ingress_class, ingress.class);
    let has_none = class.is_empty();
    let is_by_annotation = has_none && !ingress.class_annotation.is_empty();
    if is_by_annotation || level == Level::Off || has_none && review.stage == Stage::Plain {
        return Ok(());
    }
    let mut classes: Vec<String> = Vec::new();
    let lookup = ListAllLookup {
        api_version: IngressClass::API_VERSION,
        kind: IngressClass::KIND,
        // The names are in the metadata, which is there whatever the mask says. No mask is all fields.
        field_masks: &["spec.controller"],
    };
    lookup.each(review.cluster, wants, &mut |item| {
        let name = item.map("metadata", |metadata| metadata.text("name"));
        if let Ok(Some(name)) = name {
            insert_once(&mut classes, name.to_owned());
        }
    })?;
    if classes.is_empty() || classes.iter().any(|known| known == class) {
        return Ok(());
    }
    verdict.report_with(level, &|| {
        let near = nearest(class, &mut classes.iter().map(String::as_str));
        let only = classes.first().filter(|_| classes.len() == 1);
        let meant = near.or(only.map(String::as_str));
        let reason = if has_none {
            "is missing, and no class was the default".to_owned()
        } else {
            format!("there is no IngressClass {}", quote(class))
        };
        let fix = match meant {
            Some(meant) => format!("write ingressClassName: {}", written(meant)),
            None => {
                format!("write one of {}", some_of(&classes))
            }
        };
        Finding::new(&RULE, &FieldPath::new("spec.ingressClassName"), reason)
            .consequence(", so no controller serves it")
            .fix(fix)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::ServiceRoutes;
    use crate::testing::{cluster, fixes, ingress};

    fn class(name: &str) -> Value {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name},
            "spec": {"controller": "example.com/ingress"},
        })
    }

    #[test]
    fn the_class_that_was_meant_is_named() {
        for (written, there, expected) in [
            ("ngnix", &["internal", "nginx"][..], Some("nginx")),
            ("traefik", &["nginx"], Some("nginx")),
            ("nginx", &["internal", "nginx"], None),
            ("nginx", &[], None),
        ] {
            let mut object = ingress(&json!({"number": 80}));
            object["spec"]["ingressClassName"] = json!(written);
            let classes: Vec<Value> = there.iter().map(|name| class(name)).collect();
            let review = Review::create(&object)
                .with(json!({"missingService": "off", "missingPort": "off"}))
                .in_cluster(cluster(&classes));
            let expected = expected
                .map(|name| format!("spec.ingressClassName: write ingressClassName: {name}"));
            assert_eq!(
                fixes(&review.lines::<ServiceRoutes>()),
                Vec::from_iter(expected),
                "{written} {there:?}"
            );
        }
    }

    #[test]
    fn one_of_several_is_to_be_written_where_none_is_near() {
        let missing = "is missing, and no class was the default";
        for (written, annotation, uid, expected) in [
            (
                Some("traefik"),
                None,
                None,
                Some("there is no IngressClass \"traefik\""),
            ),
            (
                Some("traefik"),
                Some("nginx"),
                None,
                Some("there is no IngressClass \"traefik\""),
            ),
            // Of a manifest it is not known which class is the default.
            (None, None, None, None),
            (None, None, Some("0"), Some(missing)),
            (None, Some("other"), Some("0"), None),
        ] {
            let mut object = ingress(&json!({"number": 80}));
            object["spec"]["ingressClassName"] = json!(written);
            object["metadata"]["annotations"] = json!({"kubernetes.io/ingress.class": annotation});
            object["metadata"]["uid"] = json!(uid);
            let classes = [class("nginx"), class("internal")];
            let review = Review::create(&object).in_cluster(cluster(&classes));
            let lines = review.lines::<ServiceRoutes>();
            let lines: Vec<&String> = lines
                .iter()
                .filter(|line| line.ends_with("[unknown_class]"))
                .collect();
            let expected = expected.map(|reason| {
                format!(
                    "warning: service-routes: spec.ingressClassName: {reason}, so no controller serves it; fix: write one of \
                     internal, nginx [unknown_class]"
                )
            });
            assert_eq!(
                lines,
                Vec::from_iter(&expected),
                "{written:?} {annotation:?} {uid:?}"
            );
        }
    }
}
