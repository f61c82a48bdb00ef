//! The settings of each policy: as documents describe them, and as the policy reads them.

use std::fmt;

use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use secret_data::SecretData;
use serde_json::{Map, Value, json};
use service_routes::ServiceRoutes;
use shared::Policy;
use shared::settings::SettingType;
use shared::settings::described::{Form, Setting, Type};
use shared::testing::read_settings;
use workload_references::WorkloadReferences;

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
    describe::<EmptydirStorage>(),
    describe::<HostpathMounts>(),
    describe::<HpaReplicas>(),
    describe::<HpaTargetRequests>(),
    describe::<HpaVpaOverlap>(),
    describe::<NodeportRange>(),
    describe::<PodDisruption>(),
    describe::<SecretData>(),
    describe::<ServiceRoutes>(),
    describe::<WorkloadReferences>(),
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
        schema_of(self.policy, &(self.settings)())
    }
}

/// The JSON schema of settings with this title, draft 2020-12.
#[must_use]
pub fn schema_of(title: &str, settings: &Type) -> Value {
    let mut types = Map::new();
    let mut schema = schema(settings, &mut types);
    schema.extend([
        keyword("$schema", "https://json-schema.org/draft/2020-12/schema"),
        keyword("$defs", types),
        keyword("title", title),
        keyword("examples", vec![settings.example()]),
    ]);
    Value::Object(schema)
}

fn keyword(name: &str, value: impl Into<Value>) -> (String, Value) {
    (name.to_owned(), value.into())
}

/// The schema of a type. Those that it refers to are added to `types`.
fn schema(kind: &Type, types: &mut Map<String, Value>) -> Map<String, Value> {
    let mut schema = Map::new();
    match &kind.form {
        Form::Choice(words) if words.iter().all(|(_, about)| about.is_empty()) => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            schema.extend([keyword("type", "string"), keyword("enum", words)]);
        }
        Form::Choice(words) => {
            let word = |(word, about): &(&str, String)| json!({"type": "string", "const": word, "description": about});
            schema.extend([keyword("oneOf", words.iter().map(word).collect::<Value>())]);
        }
        Form::Flag => schema.extend([keyword("type", "boolean")]),
        Form::Text {
            pattern,
            max_length,
        } => {
            schema.extend([keyword("type", "string"), keyword("pattern", *pattern)]);
            schema.extend(max_length.map(|most| keyword("maxLength", most)));
        }
        Form::Scalar => schema.extend([keyword("type", vec!["string", "integer"])]),
        Form::List(item) => {
            let items = Value::Object(reference(item, types));
            schema.extend([keyword("type", "array"), keyword("items", items)]);
        }
        Form::Map(settings) => {
            let one = |setting: &Setting| (setting.name.to_owned(), property(setting, types));
            let properties: Map<String, Value> = settings.iter().map(one).collect();
            let required = settings.iter().filter(|setting| setting.is_required);
            let required: Vec<&str> = required.map(|setting| setting.name).collect();
            schema.extend([
                keyword("type", "object"),
                keyword("properties", properties),
                keyword("additionalProperties", false),
            ]);
            schema.extend((!required.is_empty()).then(|| keyword("required", required)));
        }
    }
    let about = Some(kind.about.as_str()).filter(|about| !about.is_empty());
    schema.extend(about.map(|about| keyword("description", about)));
    schema
}

/// A type where it is used: by its name, unless there is nothing to say of it.
fn reference(kind: &Type, types: &mut Map<String, Value>) -> Map<String, Value> {
    let schema = schema(kind, types);
    if kind.about.is_empty() {
        return schema;
    }
    types.insert(kind.name.to_owned(), Value::Object(schema));
    Map::from_iter([keyword("$ref", format!("#/$defs/{}", kind.name))])
}

fn property(setting: &Setting, types: &mut Map<String, Value>) -> Value {
    let mut schema = reference(&setting.kind, types);
    let default = setting.default.clone();
    let says_all = matches!(setting.kind.form, Form::Choice(_) | Form::Flag)
        || !setting.kind.settings().is_empty();
    let example = (!says_all).then(|| vec![setting.example.clone()]);
    schema.extend([keyword("description", setting.about.as_str())]);
    schema.extend(default.map(|default| keyword("default", default)));
    schema.extend(example.map(|example| keyword("examples", example)));
    Value::Object(schema)
}
