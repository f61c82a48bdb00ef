//! What several checks read of an Ingress.

use tree::Value;

use crate::{derived, manifests::Object};
use cluster::kinds::text;

pub(super) fn is_ingress(object: &Object) -> bool {
    object.group() == "networking.k8s.io" && object.kind() == "Ingress"
}

/// The value of an annotation.
pub(super) fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object
        .value
        .pointer("/metadata/annotations")?
        .get(name)?
        .as_str()
}

/// The class: the field, else the annotation that it replaces.
pub(super) fn class(object: &Object) -> Option<&str> {
    let class = text(&object.value, "/spec/ingressClassName");
    class.or_else(|| annotation(object, "kubernetes.io/ingress.class"))
}

/// The items of a list, each with its index.
pub(super) fn items<'v>(
    value: &'v Value,
    pointer: &str,
) -> impl Iterator<Item = (usize, &'v Value)> {
    derived::items(value, pointer).enumerate()
}
