//! Field masks: which parts of an object a policy wants to have.

use std::collections::BTreeMap;

use serde_json::Value;

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

    /// Removes what no path names. A path with a longer one below it keeps only what the longer one names, as in the
    /// real host.
    pub(crate) fn prune(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::Object(fields) => fields.retain(|name, value| {
                let kept = self.0.get(name);
                if let Some(mask) = kept {
                    mask.prune(value);
                }
                kept.is_some()
            }),
            Value::Array(items) => items.iter_mut().for_each(|item| self.prune(item)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_what_is_named_across_arrays() {
        let mut object = json!({
            "spec": {"containers": [{"name": "a", "image": "b"}, {"name": "c"}], "nodeName": "n"},
            "status": {"phase": "Running"},
        });
        Mask::new(Some(&[
            "spec.containers.name".to_owned(),
            "nothing".to_owned(),
        ]))
        .prune(&mut object);
        assert_eq!(
            object,
            json!({"spec": {"containers": [{"name": "a"}, {"name": "c"}]}})
        );
    }

    #[test]
    fn no_paths_keep_everything() {
        for paths in [None, Some([].as_slice())] {
            let mut object = json!({"a": 1});
            Mask::new(paths).prune(&mut object);
            assert_eq!(object, json!({"a": 1}));
        }
    }
}
