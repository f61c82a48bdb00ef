//! Objects in other objects, which a controller or a command takes out of them.

use tree::Value;

use super::search::{Step, find};
use crate::manifests::{Object, read_text};

/// What an object has, and a reference to one does not.
const CONTENTS: [&str; 7] = [
    "binaryData",
    "data",
    "roleRef",
    "rules",
    "spec",
    "stringData",
    "template",
];

/// At most this many are told; the others are counted.
const MAX_TOLD: usize = 3;

/// An object in another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrapped {
    /// Where it is.
    pub(super) path: String,
    kind: String,
}

impl Wrapped {
    /// Those in an object that are wanted.
    pub(super) fn all(object: &Value, is_wanted: impl Fn(&Value) -> bool) -> Vec<Self> {
        let mut all = Vec::new();
        let mut look = |holder: &Value, key: &str, value: &Value, path: &str| {
            // What is there already is told there.
            if key == "status" && std::ptr::eq(holder, object) {
                return Step::Passed;
            }
            let mut add = |kind: &str| {
                all.push(Self {
                    path: path.to_owned(),
                    kind: kind.to_owned(),
                });
            };
            match (kind(value), value.as_str()) {
                (Some(kind), _) if is_wanted(value) => {
                    add(kind);
                    Step::Passed
                }
                // A step of an Argo workflow writes an object that is text.
                (_, Some(text)) if key == "manifest" && holder.get("action").is_some() => {
                    let read = read_text("", text);
                    let mut objects = read.objects.iter();
                    match objects.find(|object| is_wanted(&object.value)) {
                        Some(object) => add(object.kind()),
                        // Most often it is a template for text.
                        None if !read.problems.is_empty() => add("text that cannot be read"),
                        None => {}
                    }
                    Step::Passed
                }
                _ => Step::Below,
            }
        };
        find(object, &mut String::new(), &mut look);
        all
    }
}

/// The kind of what is an object, and no reference to one.
fn kind(value: &Value) -> Option<&str> {
    let fields = value.as_object()?;
    let text = |key| fields.get(key).and_then(Value::as_str);
    let (_, kind) = (text("apiVersion")?, text("kind")?);
    let mut contents = CONTENTS.iter().filter_map(|key| fields.get(*key));
    contents.any(is_filled).then_some(kind)
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// What is said of an object that holds these.
pub(super) fn text(holder: &Object, wrapped: &[Wrapped]) -> String {
    let told = wrapped.iter().take(MAX_TOLD);
    let told = told.map(|Wrapped { path, kind }| format!("{kind} in {path}"));
    let told = told.collect::<Vec<_>>().join(", ");
    let more = match wrapped.len().saturating_sub(MAX_TOLD) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let (what, advice) = match wrapped.len() {
        1 => (
            "an object that no policy reads",
            "check it as a manifest of its own",
        ),
        _ => (
            "objects that no policy reads",
            "check them as manifests of their own",
        ),
    };
    let what_to_do = match (holder.group(), holder.kind()) {
        ("template.openshift.io", "Template") => {
            "pipe what `oc process --local -f FILE -o yaml` prints into `preflight -`"
        }
        _ => advice,
    };
    format!("holds {what} there: {told}{more}; {what_to_do}")
}
