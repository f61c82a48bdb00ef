//! A class that no `IngressClass` has.

use k8s_openapi::Resource;
use k8s_openapi::api::networking::v1::IngressClass;
use shared::cluster::ListAllLookup;
use shared::{Error, FieldPath, Finding, Level, Rule, Verdict, quote, rule};

use crate::names::{insert_once, nearest, some_of, written};
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
