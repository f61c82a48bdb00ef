//! Judges an Ingress: what it shows by itself, and against the Services that it names.

use shared::{Error, Verdict};

use crate::backends::{self, BackendRef};
use crate::pattern::{Pattern, Rewrite};
use crate::review::Review;
use crate::rules::{
    conflicting_class, ignored_rewrite, literal_pattern, lost_path, missing_group, shadowed_path,
    uncovered_host, unknown_class, unused_tls_host,
};
use crate::views::Ingress;

/// Judges an Ingress.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let ingress = Ingress::read(&review.request.object())?;
    check_alone(review, &ingress, verdict);
    if !review.keeps(&["spec.ingressClassName"]) {
        review.beside_others(verdict, &mut |verdict| {
            unknown_class::check(review, &ingress, verdict)
        })?;
    }
    if review.keeps(&["spec.defaultBackend", "spec.rules"]) {
        return Ok(());
    }
    let mut backends = Vec::new();
    let default = ingress.default_backend.iter();
    let default = default.map(|backend| (backend, "spec.defaultBackend.service".to_owned()));
    let paths = ingress.paths.iter();
    let paths = paths.map(|path| (&path.backend, path.place("backend.service")));
    for (backend, place) in default.chain(paths) {
        if !backend.service.is_empty() && !backend.is_by_annotation() {
            backends.push(BackendRef {
                namespace: review.namespace,
                service: backend.service,
                port: backend.port,
                place,
                is_of_ingress: true,
                is_used: true,
            });
        }
    }
    review.beside_others(verdict, &mut |verdict| {
        backends::judge(review, &backends.iter().collect::<Vec<_>>(), verdict)
    })
}

/// What an Ingress shows by itself.
fn check_alone(review: &Review<'_>, ingress: &Ingress<'_>, verdict: &mut Verdict) {
    let settings = review.settings;
    conflicting_class::check(ingress, verdict);
    if !ignored_rewrite::check(ingress, settings, verdict) {
        let rewrite = Rewrite::of(ingress);
        for path in &ingress.paths {
            let pattern = Pattern::read(path.path);
            missing_group::check(&rewrite, &pattern, path, settings, verdict);
            lost_path::check(&rewrite, &pattern, path, settings, verdict);
        }
    }
    for path in &ingress.paths {
        literal_pattern::check(ingress, path, settings, verdict);
    }
    shadowed_path::check(ingress, verdict);
    uncovered_host::check(ingress, settings, verdict);
    unused_tls_host::check(ingress, settings, verdict);
}
