//! What a chart lets its users decide of a policy: values with comments, and the schema that Helm checks them with.

use serde_json::{Map, Value, json};
use textwrap::{Options, WordSplitter};

use super::{Policy, WRITTEN, yaml};

/// What a policy can be.
pub(super) const MODES: [&str; 2] = ["protect", "monitor"];

/// What comments, schemas and the README say of a value.
const ABOUT: [(&str, &str); 10] = [
    (
        "registry",
        "The registry that has the modules. Rancher writes its own here, where it has one.",
    ),
    ("repository", "Where the module is in the registry."),
    ("tag", "Its tag."),
    ("policyServer", "The PolicyServer that runs it."),
    (
        "mode",
        "protect refuses what breaks a rule. monitor reports it and lets it through, whatever failurePolicy says.",
    ),
    (
        "failurePolicy",
        "What happens to a request when no policy server answers: Fail refuses it, Ignore lets it through.",
    ),
    (
        "timeoutSeconds",
        "How long the API server waits. The policy server gives up on an evaluation after 2 s.",
    ),
    (
        "backgroundAudit",
        "Whether the audit scanner judges what is in the cluster.",
    ),
    (
        "namespaceSelector",
        "Namespaces that are judged. What is left out here is never judged, and not audited.",
    ),
    (
        "matchConditions",
        "Requests that are judged, in CEL. The audit does not read them.",
    ),
];

/// What a value does.
pub(super) fn about(key: &str) -> &'static str {
    let found = ABOUT.iter().find(|(name, _)| *name == key);
    found.map_or("", |(_, about)| about)
}

/// A comment of at most 120 columns.
pub(super) fn comment(text: &str, indent: usize) -> String {
    let start = format!("{}# ", " ".repeat(indent));
    let options = Options::new(120)
        .word_splitter(WordSplitter::NoHyphenation)
        .initial_indent(&start)
        .subsequent_indent(&start);
    format!("{}\n", textwrap::fill(text, options))
}

/// `values.yaml` of the chart of a policy.
pub(super) fn of_policy(
    policy: &Policy<'_>,
    registry: &str,
    repository: &str,
    tag: &str,
) -> Result<String, String> {
    let mut text = format!(
        "{WRITTEN} from deploy/base/{}.yaml, which has the reasons.\n\
         global:\n  cattle:\n    # {}\n    systemDefaultRegistry: {registry}\n\
         module:\n  # {}\n  repository: {repository}\n  tag: {tag}\n",
        policy.name()?,
        about("registry"),
        about("repository"),
    );
    for key in [
        "policyServer",
        "mode",
        "failurePolicy",
        "timeoutSeconds",
        "backgroundAudit",
        "namespaceSelector",
        "matchConditions",
    ] {
        text.push_str(&comment(about(key), 0));
        text.push_str(&yaml(&json!({key: policy.value(key)}))?);
    }
    text.push_str("# The README lists them.\n");
    text.push_str(&yaml(&json!({"settings": policy.of_spec("settings")}))?);
    Ok(text)
}

/// The schema of what a chart decides of a policy.
pub(super) fn properties() -> Map<String, Value> {
    let described = |kind: Value, key: &str| {
        let mut schema = kind;
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), about(key).into());
        }
        (key.to_owned(), schema)
    };
    Map::from_iter([
        described(json!({"type": "string", "enum": MODES}), "mode"),
        described(
            json!({"type": "string", "enum": ["Fail", "Ignore"]}),
            "failurePolicy",
        ),
        // The API server takes no more than 30 s.
        described(
            json!({"type": "integer", "minimum": 1, "maximum": 30}),
            "timeoutSeconds",
        ),
        described(json!({"type": "boolean"}), "backgroundAudit"),
        described(json!({"type": "string", "minLength": 1}), "policyServer"),
        described(json!({"type": ["object", "null"]}), "namespaceSelector"),
        described(
            json!({"type": ["array", "null"], "items": {"type": "object", "required": ["name", "expression"]}}),
            "matchConditions",
        ),
    ])
}

/// What every chart has: where the modules are.
pub(super) fn places() -> Map<String, Value> {
    let text = |key: &str| json!({"type": "string", "description": about(key)});
    let module = json!({"type": "object", "additionalProperties": false,
        "properties": {"repository": text("repository"), "tag": text("tag")}});
    // Rancher and charts that have this one inside add more to `global`.
    let cattle =
        json!({"type": "object", "properties": {"systemDefaultRegistry": text("registry")}});
    Map::from_iter([
        (
            "global".to_owned(),
            json!({"type": "object", "properties": {"cattle": cattle}}),
        ),
        ("module".to_owned(), module),
    ])
}

/// Draft 7, which every Helm reads: there, definitions have another name.
pub(super) fn schema(
    title: &str,
    properties: &Map<String, Value>,
    definitions: &Map<String, Value>,
) -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": definitions,
    })
}

/// The schema of settings with its definitions at another place, without what only the top of a schema has.
pub(super) fn moved(settings: &Value, place: &str) -> (Value, Value) {
    fn rewrite(value: &mut Value, place: &str) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        Value::String(text) if key == "$ref" => {
                            *text = text.replacen("#/$defs/", place, 1);
                        }
                        value => rewrite(value, place),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, place)),
            _ => {}
        }
    }
    let mut settings = settings.clone();
    rewrite(&mut settings, place);
    let mut definitions = json!({});
    if let Value::Object(fields) = &mut settings {
        fields.remove("$schema");
        definitions = fields.remove("$defs").unwrap_or(definitions);
    }
    (settings, definitions)
}

/// `values.schema.json` of the chart of a policy.
pub(super) fn schema_of_policy(policy: &Policy<'_>) -> Result<Value, String> {
    let (settings, definitions) = moved(&policy.schema, "#/definitions/");
    let mut properties: Map<String, Value> = places().into_iter().chain(properties()).collect();
    properties.insert("settings".to_owned(), settings);
    let Value::Object(definitions) = definitions else {
        return Err("the schema of settings has no $defs".to_owned());
    };
    Ok(schema(policy.name()?, &properties, &definitions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_of_a_schema_move() {
        let schema = json!({
            "$schema": "x", "$defs": {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"type": "string"}},
            "properties": {"a": {"$ref": "#/$defs/A"}, "$ref": {"const": "#/$defs/A"}},
        });
        let (moved, definitions) = moved(&schema, "#/definitions/web/");
        assert_eq!(
            moved,
            json!({"properties": {"a": {"$ref": "#/definitions/web/A"}, "$ref": {"const": "#/$defs/A"}}})
        );
        assert_eq!(
            definitions,
            json!({"A": {"items": {"$ref": "#/definitions/web/B"}}, "B": {"type": "string"}})
        );
    }
}
