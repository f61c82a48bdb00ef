//! The settings of each policy: as documents describe them, and as the policy reads them.

use std::fmt;

use hostpath_mounts::HostpathMounts;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use secret_data::SecretData;
use serde_json::{Map, Value, json};
use shared::Policy;
use shared::settings::SettingType;
use shared::settings::described::{Form, Setting, Type};
use shared::testing::read_settings;

/// A policy, with all that can be done with its settings.
pub struct Description {
    /// The name of the policy.
    pub policy: &'static str,
    /// The settings, in the order in which they are declared.
    pub settings: fn() -> Type,
    /// The defaults, written out.
    pub default: fn() -> Value,
    /// What the policy makes of settings, or what it says is wrong with them.
    pub read: fn(&Value) -> Result<String, String>,
}

/// Every policy.
pub const ALL: &[Description] = &[
    describe::<HostpathMounts>(),
    describe::<HpaTargetRequests>(),
    describe::<HpaVpaOverlap>(),
    describe::<NodeportRange>(),
    describe::<SecretData>(),
];

const fn describe<P: Policy>() -> Description
where
    P::Settings: fmt::Debug,
{
    Description {
        policy: P::NAME,
        settings: <P::Settings as SettingType>::described,
        default: || P::Settings::written(()).unwrap_or_default(),
        read: |settings| read_settings::<P>(settings).map(|settings| format!("{settings:?}")),
    }
}

impl Description {
    /// The JSON schema, draft 2020-12.
    #[must_use]
    pub fn schema(&self) -> Value {
        let settings = (self.settings)();
        let mut types = Map::new();
        let mut schema = schema(&settings, &mut types);
        let mut set = |key: &str, value| schema.insert(key.to_owned(), value);
        set(
            "$schema",
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        set("$defs", Value::Object(types));
        set("title", json!(self.policy));
        set("examples", json!([settings.example()]));
        Value::Object(schema)
    }
}

/// The schema of a type. Those that it refers to are added to `types`.
fn schema(kind: &Type, types: &mut Map<String, Value>) -> Map<String, Value> {
    let schema = match &kind.form {
        Form::Choice(words) if words.iter().all(|(_, about)| about.is_empty()) => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            json!({"type": "string", "enum": words})
        }
        Form::Choice(words) => {
            let word = |(word, about): &(&str, String)| json!({"type": "string", "const": word, "description": about});
            json!({"oneOf": words.iter().map(word).collect::<Vec<_>>()})
        }
        Form::Flag => json!({"type": "boolean"}),
        Form::Text {
            pattern,
            max_length,
        } => {
            let mut schema = json!({"type": "string", "pattern": pattern});
            if let Some(most) = max_length {
                schema["maxLength"] = json!(most);
            }
            schema
        }
        Form::Scalar => json!({"type": ["string", "integer"]}),
        Form::List(item) => json!({"type": "array", "items": reference(item, types)}),
        Form::Map(settings) => {
            let properties: Map<String, Value> = settings
                .iter()
                .map(|setting| (setting.name.to_owned(), property(setting, types)))
                .collect();
            let mut schema =
                json!({"type": "object", "properties": properties, "additionalProperties": false});
            let required = settings.iter().filter(|setting| setting.is_required);
            let required: Vec<&str> = required.map(|setting| setting.name).collect();
            if !required.is_empty() {
                schema["required"] = json!(required);
            }
            schema
        }
    };
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    if !kind.about.is_empty() {
        schema.insert("description".to_owned(), json!(kind.about));
    }
    schema
}

/// A type where it is used: with a name, unless there is nothing to say of it.
fn reference(kind: &Type, types: &mut Map<String, Value>) -> Value {
    let schema = schema(kind, types);
    if kind.about.is_empty() {
        return Value::Object(schema);
    }
    types.insert(kind.name.to_owned(), Value::Object(schema));
    json!({"$ref": format!("#/$defs/{}", kind.name)})
}

fn property(setting: &Setting, types: &mut Map<String, Value>) -> Value {
    let mut schema = reference(&setting.kind, types);
    schema["description"] = json!(setting.about);
    if let Some(default) = &setting.default {
        schema["default"] = default.clone();
    }
    let says_all = matches!(setting.kind.form, Form::Choice(_) | Form::Flag);
    if setting.kind.settings().is_empty() && !says_all {
        schema["examples"] = json!([setting.example]);
    }
    schema
}
