//! Where something is in an object.

use std::fmt;

use shared::FieldPath;

/// A place that is only written out where something is found there: most references are fine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    base: &'p FieldPath<'p>,
    /// The lists on the way, each with the item; an empty name is none.
    items: [(&'static str, usize); 3],
    /// The field of the last item, and one below it; empty where that is all.
    fields: [&'static str; 2],
}

impl<'p> Place<'p> {
    /// A place in the pod spec, or whatever else is at `base`.
    pub(crate) const fn new(base: &'p FieldPath<'p>) -> Self {
        Self {
            base,
            items: [("", 0); 3],
            fields: [""; 2],
        }
    }

    /// An item of a list there. There are three lists at most on the way.
    pub(crate) fn item(mut self, list: &'static str, index: usize) -> Self {
        if let Some(item) = self.items.iter_mut().find(|(name, _)| name.is_empty()) {
            *item = (list, index);
        }
        self
    }

    /// A field there.
    pub(crate) fn field(mut self, name: &'static str) -> Self {
        if let Some(field) = self.fields.iter_mut().find(|field| field.is_empty()) {
            *field = name;
        }
        self
    }

    /// The field of this name beside this one.
    pub(crate) fn beside(mut self, name: &'static str) -> Self {
        if let Some(field) = self.fields.iter_mut().rfind(|field| !field.is_empty()) {
            *field = name;
        }
        self
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)?;
        for (list, index) in self.items.iter().filter(|(list, _)| !list.is_empty()) {
            write!(f, ".{list}[{index}]")?;
        }
        for field in self.fields.iter().filter(|field| !field.is_empty()) {
            write!(f, ".{field}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_in_a_manifest() {
        let base = FieldPath::new("spec.template.spec");
        let spec = Place::new(&base);
        let source = spec.item("volumes", 0).item("projected.sources", 1);
        for (place, text) in [
            (spec.field("serviceAccountName"), "serviceAccountName"),
            (
                spec.item("containers", 0)
                    .item("env", 2)
                    .field("valueFrom.configMapKeyRef")
                    .field("key"),
                "containers[0].env[2].valueFrom.configMapKeyRef.key",
            ),
            (
                spec.item("volumes", 0)
                    .field("configMap")
                    .field("name")
                    .beside("items"),
                "volumes[0].configMap.items",
            ),
            (
                source.item("configMap.items", 0).field("key"),
                "volumes[0].projected.sources[1].configMap.items[0].key",
            ),
        ] {
            assert_eq!(place.to_string(), format!("spec.template.spec.{text}"));
        }
    }
}
