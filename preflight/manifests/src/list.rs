//! Takes lists apart, as `kubectl get -o yaml` writes them.

use serde_json::{Value, json};

use super::Lines;

/// One object, the lines of its fields and its own line.
type Located = (Value, Lines, usize);

/// The objects of a list, or the one object that is none.
pub(super) fn flatten(mut value: Value, mut lines: Lines, line: usize) -> Vec<Located> {
    let kind = value
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(item_kind) = kind.strip_suffix("List").map(ToOwned::to_owned) else {
        return vec![(value, lines, line)];
    };
    let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) else {
        return vec![(value, lines, line)];
    };
    let api_version = value.get("apiVersion").cloned().unwrap_or_default();
    let Lines::Items(item_lines) = lines.take("items") else {
        return Vec::new();
    };
    let objects = items
        .into_iter()
        .zip(item_lines)
        .flat_map(|(mut item, (line, lines))| {
            // The items of a PodList say neither kind nor version.
            if let (false, Some(fields)) = (item_kind.is_empty(), item.as_object_mut()) {
                fields
                    .entry("apiVersion")
                    .or_insert_with(|| api_version.clone());
                fields.entry("kind").or_insert_with(|| json!(item_kind));
            }
            flatten(item, lines, line)
        });
    objects.collect()
}
