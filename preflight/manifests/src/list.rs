//! Takes lists apart, as kubectl does: whatever its kind, an object with `items` is a list, and is itself not applied.
//!
//! Source: apimachinery, `unstructuredJSONScheme.decode` and `decodeToList` in
//! `pkg/apis/meta/v1/unstructured/helpers.go`, `Unstructured.IsList`.

use std::iter;

use tree::{Value, json};

use super::{Lines, Unreadable, lines::Mark};

/// One object, where its fields are, and where it is itself.
pub(super) type Located = (Value, Lines, Mark);

pub(super) const ITEMS: &str = "items";

/// What is in a document: the objects of a list, or the one object that is none, and what two readers may take for
/// different things.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) objects: Vec<Located>,
    pub(super) problems: Vec<Unreadable>,
}

/// Whether a value is a list, or may be one for other readers.
pub(super) fn is_one(value: &Value) -> bool {
    let fields = value.as_object();
    fields.is_some_and(|fields| fields.keys().any(|key| may_mean_items(key)))
}

/// Takes the value of a document apart.
pub(super) fn flatten((value, lines, mark): Located) -> Contents {
    let mut contents = Contents::default();
    if let Some(fields) = value.as_object() {
        for key in fields.keys().filter(|key| may_mean_items(key)) {
            let line = lines.line(key).unwrap_or(mark.line);
            if let Some(text) = problem(&value, key) {
                contents.problems.push(Unreadable { line, text });
            }
        }
    }
    contents.add((value, lines, mark));
    contents
}

impl Contents {
    fn add(&mut self, (mut value, mut lines, mark): Located) {
        let items = match value.get_mut(ITEMS) {
            Some(Value::Array(items)) => std::mem::take(items),
            Some(Value::Null) => Box::default(),
            _ => return self.objects.push((value, lines, mark)),
        };
        let item_lines = match lines.take(ITEMS) {
            Some((_, Lines::Items(lines))) => lines,
            _ => Box::default(),
        };
        let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let kind = kind.strip_suffix("List").unwrap_or(kind);
        // An item whose place is not known is an object all the same.
        let unknown = iter::repeat((mark, Lines::Leaf));
        let item_lines = item_lines.into_iter().chain(unknown);
        for (mut item, (mark, lines)) in items.into_iter().zip(item_lines) {
            // The items of a PodList say neither kind nor version.
            if let Some(fields) = item.as_object_mut()
                && !["apiVersion", "kind"]
                    .iter()
                    .any(|key| fields.contains_key(*key))
            {
                fields.insert("apiVersion".into(), json!(api_version));
                fields.insert("kind".into(), json!(kind));
            }
            self.add((item, lines, mark));
        }
    }
}

/// Whether a reader of JSON that does not look at the case of letters, as Go's, takes a key for `items`. It takes `ſ`
/// for an `s`, too.
fn may_mean_items(key: &str) -> bool {
    key.replace('ſ', "s").eq_ignore_ascii_case(ITEMS)
}

/// What is wrong with a field that may be the items of a list.
fn problem(value: &Value, key: &str) -> Option<String> {
    let kind = value
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let items = value.get(key)?;
    let text = if key != ITEMS {
        format!(
            "can be read in two ways: some readers take the field {key:?} for `items`, and the object for a list; call it \
             `items`, or something else"
        )
    } else if !items.is_array() && !items.is_null() {
        "`items` has to be a sequence: kubectl takes every object with this field for a list"
            .to_owned()
    } else if !kind.ends_with("List") {
        "kubectl takes every object with the field `items` for a list: it applies the items, which are checked, and not \
         the object itself; write `kind: List`, or remove the field"
            .to_owned()
    } else {
        return None;
    };
    Some(text)
}
