//! Which lines of a text may hold values of Secrets, or credentials in `ConfigMaps`.

use std::ops::RangeInclusive;

use tree::Value;

use super::{document::split, written::is_secret};

/// The lines of all documents with a Secret or a `ConfigMap` in them, and of those that cannot be read.
#[must_use]
pub fn secret_lines(text: &str) -> Vec<RangeInclusive<usize>> {
    let documents = split(text).filter_map(|document| {
        let may_hold_secrets = match document.parse() {
            Ok(Some(((value, ..), _))) => holds_secrets(&value),
            Ok(None) => false,
            Err(_) => true,
        };
        may_hold_secrets.then(|| document.lines())
    });
    documents.collect()
}

/// Whether it is a Secret or like one, or a list with one.
fn holds_secrets(value: &Value) -> bool {
    let items = value.get("items").and_then(Value::as_array);
    is_secret(value) || items.into_iter().flatten().any(is_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_whole_documents() {
        let text = "kind: Pod\n---\nkind: Secret\na: 1\n---\n# nothing\n---\nkind: List\nitems:\n- kind: Secret\n---\na: [\n---\n\
                    kind: SecretList\nitems: []\n---\nkind: Pod\n---\nkind: ConfigMap\ndata: {a: b}\n";
        assert_eq!(
            secret_lines(text),
            [2..=4, 7..=10, 11..=12, 13..=15, 18..=20]
        );
    }
}
