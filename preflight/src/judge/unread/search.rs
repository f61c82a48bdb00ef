//! Looks through all of an object.

use tree::Value;

/// What comes of a field, or of an item of a list.
pub(super) enum Step {
    /// It is what was looked for.
    Found,
    /// It may be below.
    Below,
    /// It is neither here nor below.
    Passed,
}

/// Decides by what holds a field or an item, its key, which an item has none of, itself, and its path.
pub(super) type Look<'f> = dyn FnMut(&Value, &str, &Value, &str) -> Step + 'f;

/// Finds what is wanted, and writes its path behind what is there.
pub(super) fn find(value: &Value, path: &mut String, look: &mut Look<'_>) -> bool {
    let above = path.len();
    let mut step = |key: &str, below: &Value, path: &mut String| {
        let is_found = match look(value, key, below, path) {
            Step::Found => true,
            Step::Below => find(below, path, look),
            Step::Passed => false,
        };
        if !is_found {
            path.truncate(above);
        }
        is_found
    };
    match value {
        Value::Object(fields) => fields.iter().any(|(key, below)| {
            push(key, path);
            step(key, below, path)
        }),
        Value::Array(items) => items.iter().enumerate().any(|(number, item)| {
            path.extend(["[", &number.to_string(), "]"]);
            step("", item, path)
        }),
        _ => false,
    }
}

/// Writes a key behind a path.
fn push(key: &str, path: &mut String) {
    let is_plain = key
        .chars()
        .all(|character| character.is_alphanumeric() || "-_".contains(character));
    if !is_plain {
        path.extend(["[", &format!("{key:?}"), "]"]);
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}
