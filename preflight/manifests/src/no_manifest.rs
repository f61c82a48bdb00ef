//! What of a folder is data or a template: no server takes it as it is written, so it is noted once for each file.
//!
//! Only what kubectl refuses, too, may be told from a manifest here. What it would apply is read, or is a problem.

use tree::Value;

use super::events::{Events, What};

/// What a document is that is no manifest. `None` where it is one, or may be meant to be one.
pub(super) fn kind_of(value: &Value) -> Option<&'static str> {
    let Value::Object(fields) = value else {
        return Some("not a Kubernetes object");
    };
    let has = |key: &str| fields.contains_key(key);
    if !is_data(value) {
        return None;
    }
    Some(if has("openapi") || has("swagger") {
        "an API description, not a Kubernetes object"
    } else if has("apiVersion") && has("entries") {
        "the index of a Helm repository, not a Kubernetes object"
    } else if has("operation") && has("resource") {
        // It has a note of its own.
        return None;
    } else {
        "not a Kubernetes object"
    })
}

/// Whether nothing of it is a part of an object but a version, nor of its items.
fn is_data(value: &Value) -> bool {
    let text = |key| {
        let text = value.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let items = value.get("items").and_then(Value::as_array);
    let mut items = items.into_iter().flatten();
    if items.any(|item| !is_data(item)) {
        return false;
    }
    match (text("apiVersion"), text("kind")) {
        // What other programs call a kind: `discovery#restDescription`.
        (None, Some(kind)) => !kind
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '-'),
        (Some(_), Some(_)) => false,
        (None, None) => true,
        // The index of a Helm repository has a version, too.
        (Some(_), None) => is_without_parts(value),
    }
}

/// Whether nothing of it is a part of an object but a version.
pub(super) fn is_without_parts(value: &Value) -> bool {
    let parts = ["kind", "metadata", "spec"];
    parts.iter().all(|part| value.get(part).is_none())
}

/// Whether a document that cannot be read is a template for text: it has `{{`, and is no YAML, or has `{{` where YAML
/// reads a mapping as a key, which kubectl refuses.
pub(super) fn is_template(text: &str) -> bool {
    if !text.contains("{{") {
        return false;
    }
    let mut events = Events::of(text);
    loop {
        match events.next() {
            Err(_) => return true,
            Ok(event) => match event.what {
                What::StreamEnd => return false,
                What::MappingStart(_) => {
                    let rest = text.get(event.start..).unwrap_or_default();
                    if rest.starts_with("{{") {
                        return true;
                    }
                }
                _ => {}
            },
        }
    }
}

/// Whether a document that cannot be read would be no object if it could: kubectl refuses what has no kind.
pub(super) fn has_no_kind(text: &str) -> bool {
    let mut events = Events::of(text);
    let mut depth = 0_usize;
    // The start of the mapping makes it true.
    let mut is_key = false;
    loop {
        let Ok(event) = events.next() else {
            return false;
        };
        match event.what {
            // What cannot be read may also stand below the first document.
            What::StreamEnd => return depth == 0,
            What::DocumentStart | What::DocumentEnd => {
                is_key = false;
                continue;
            }
            // Go looks neither at the case of letters nor at whether an `s` is a long one, and a tag may make another name of
            // what is written.
            What::Scalar(_, scalar) if depth == 1 && is_key => {
                let name = scalar.text.to_lowercase().replace('ſ', "s");
                if scalar.tag.is_some() || ["kind", "items", "<<"].contains(&name.as_str()) {
                    return false;
                }
            }
            What::Alias(_) if depth == 1 && is_key => return false,
            What::MappingStart(_) | What::SequenceStart(_) => {
                // A list of lists has no keys.
                if depth == 0 && matches!(event.what, What::SequenceStart(_)) {
                    return true;
                }
                depth += 1;
            }
            What::MappingEnd | What::SequenceEnd => depth = depth.saturating_sub(1),
            What::Scalar(..) | What::Alias(_) => {}
        }
        if depth == 1 {
            is_key = !is_key;
        }
    }
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn tells_data_from_what_may_be_meant_as_a_manifest() {
        let plain = Some("not a Kubernetes object");
        let pod = json!({"apiVersion": "v1", "kind": "Pod"});
        for (value, expected) in [
            (json!([1]), plain),
            (json!("text"), plain),
            (json!({"a": 1}), plain),
            (
                json!({"openapi": "3.1.0", "paths": {}}),
                Some("an API description, not a Kubernetes object"),
            ),
            (
                json!({"apiVersion": "v1", "entries": {}}),
                Some("the index of a Helm repository, not a Kubernetes object"),
            ),
            (
                json!({"kind": "discovery#restDescription", "id": "x"}),
                plain,
            ),
            (json!({"items": [{"a": 1}, {"b": 1}]}), plain),
            (json!({"items": {"type": "string"}}), plain),
            (json!({"kind": "", "a": 1}), plain),
            (pod.clone(), None),
            (json!({"kind": "Pod"}), None),
            (json!({"apiVersion": "v1", "metadata": {}}), None),
            (json!({"apiVersion": "v1", "spec": {}}), None),
            (json!({"items": [{"a": 1}, pod]}), None),
            (json!({"operation": "CREATE", "resource": {}}), None),
        ] {
            assert_eq!(kind_of(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_template_is_what_yaml_cannot_be() {
        for (text, expected) in [
            ("a: {{ .Values.a }}\n", true),
            ("{{- if .Values.a }}\na: 1\n{{- end }}\n", true),
            ("a: [\n# {{\n", true),
            ("a: '{{ x }}'\nb: 1\nb: 2\n", false),
            ("a: 1 # {{\na: 2\n", false),
            ("a: {b: {c: 1}}\n", false),
            ("a: [\n", false),
        ] {
            assert_eq!(is_template(text), expected, "{text}");
        }
    }

    #[test]
    fn what_has_a_kind_in_any_spelling_may_be_a_manifest() {
        for (text, expected) in [
            ("a: 1\na: 2\n", true),
            ("a: {kind: Pod}\na: 2\n", true),
            ("- {kind: Pod, a: 1, a: 2}\n", true),
            ("a: [kind, {items: 1}]\nb: kind\nb: 1\n", true),
            ("kind: Pod\nkind: Pod\n", false),
            ("a: {b: [c]}\nKIND: Pod\na: 1\n", false),
            ("a: 1\na: 2\nitemſ: []\n", false),
            ("x: &x {kind: Pod}\n<<: *x\na: 1\na: 2\n", false),
            ("x: &x kind\n*x : Pod\na: 1\na: 2\n", false),
            ("a: [\n", false),
        ] {
            assert_eq!(has_no_kind(text), expected, "{text}");
        }
    }
}
