//! Field masks: which parts of an object a policy wants to have.

use std::collections::BTreeMap;

use tree::{Map, Value};

/// A tree of field names. A name without children keeps everything below it.
#[derive(Debug, Default)]
pub(crate) struct Mask(BTreeMap<String, Mask>);

impl Mask {
    /// Reads dotted paths such as `spec.containers.image`. Arrays need no mention.
    pub(crate) fn new(paths: Option<&[String]>) -> Self {
        let mut root = Self::default();
        for path in paths.unwrap_or_default() {
            let mut node = &mut root;
            for name in path.split('.') {
                node = node.0.entry(name.to_owned()).or_default();
            }
        }
        root
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the paths name. A path with a longer one below it keeps only what the longer one names, as in the real host.
    pub(crate) fn pick(&self, value: &Value) -> Value {
        match value {
            _ if self.is_empty() => value.clone(),
            Value::Object(fields) => Value::Object(self.pick_fields(fields)),
            Value::Array(items) => items.iter().map(|item| self.pick(item)).collect(),
            _ => value.clone(),
        }
    }

    /// Those of the fields that the paths name, which are not all of them.
    pub(crate) fn pick_fields(&self, fields: &Map) -> Map {
        let named = self.0.iter().filter_map(|(name, below)| {
            let value = fields.get(name.as_str())?;
            Some((name.as_str().into(), below.pick(value)))
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn keeps_what_is_named_across_arrays() {
        let object = json!({
            "spec": {"containers": [{"name": "a", "image": "b"}, {"name": "c"}], "nodeName": "n"},
            "status": {"phase": "Running"},
        });
        let paths = ["spec.containers.name", "nothing"].map(ToOwned::to_owned);
        assert_eq!(
            Mask::new(Some(&paths)).pick(&object),
            json!({"spec": {"containers": [{"name": "a"}, {"name": "c"}]}})
        );
    }

    #[test]
    fn no_paths_keep_everything() {
        for paths in [None, Some([].as_slice())] {
            let object = json!({"a": 1});
            assert_eq!(Mask::new(paths).pick(&object), object);
        }
    }
}
