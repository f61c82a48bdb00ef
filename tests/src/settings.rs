//! The settings of each policy: as documents describe them, and as the policy reads them.

use std::fmt;

use hostpath_mounts::HostpathMounts;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use secret_data::SecretData;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use shared::Policy;
use shared::schema::Described;
use shared::testing::read_settings;

/// A policy whose settings are described, with all that can be done with them.
pub struct Description {
    /// The name of the policy.
    pub policy: &'static str,
    /// The JSON schema, draft 2020-12.
    pub schema: fn() -> Value,
    /// The defaults, written out.
    pub default: fn() -> Value,
    /// Settings in which everything is set.
    pub example: fn() -> String,
    /// What is wrong with settings for those who know the description alone.
    pub parse: fn(&Value) -> Result<(), String>,
    /// What the policy makes of settings, or what it says is wrong with them.
    pub read: fn(&Value) -> Result<String, String>,
}

/// Every policy.
pub const ALL: &[Description] = &[
    describe::<HostpathMounts, hostpath_mounts::settings::schema::Settings>(),
    describe::<HpaTargetRequests, hpa_target_requests::settings::schema::Settings>(),
    describe::<HpaVpaOverlap, hpa_vpa_overlap::settings::schema::Settings>(),
    describe::<NodeportRange, nodeport_range::settings::schema::Settings>(),
    describe::<SecretData, secret_data::settings::schema::Settings>(),
];

const fn describe<P, S>() -> Description
where
    P: Policy,
    P::Settings: fmt::Debug,
    S: Described,
{
    Description {
        policy: P::NAME,
        schema: || {
            let settings = SchemaSettings::draft2020_12();
            let settings = settings.with_transform(RecursiveTransform(unwrap));
            let mut schema = settings.into_generator().into_root_schema_for::<S>();
            let example = json!(S::example());
            schema.insert("examples".to_owned(), json!([example]));
            let mut schema = schema.to_value();
            add_examples(&mut schema, "", &example);
            schema
        },
        default: || serde_json::to_value(S::default()).unwrap_or_default(),
        example: || serde_json::to_string(&S::example()).unwrap_or_default(),
        parse: |settings| {
            let parsed = S::deserialize(settings);
            parsed.map(|_| ()).map_err(|error| error.to_string())
        },
        read: |settings| read_settings::<P>(settings).map(|settings| format!("{settings:?}")),
    }
}

/// Makes one line of a doc comment.
fn unwrap(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

/// Adds examples to what the map at a place of a schema describes, and to all below it. What is one of some words needs
/// none.
fn add_examples(root: &mut Value, place: &str, example: &Value) {
    for (name, example) in example.as_object().into_iter().flatten() {
        let property = format!("{place}/properties/{name}");
        let schema = resolve(root, root.pointer(&property).unwrap_or(&Value::Null));
        // A map, or the first one of a list.
        let (refers, map) = match (schema.get("items"), example) {
            (Some(items), Value::Array(list)) => (items, list.first().unwrap_or(&Value::Null)),
            _ => (&schema, example),
        };
        if let (true, Some(target)) = (map.is_object(), text(refers, "$ref").strip_prefix('#')) {
            add_examples(root, target, map);
        } else if schema.get("oneOf").is_none()
            && !example.is_boolean()
            && let Some(Value::Object(schema)) = root.pointer_mut(&property)
        {
            schema.insert("examples".to_owned(), json!([example]));
        }
    }
}

impl Description {
    /// The settings, in the order in which they are described.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let schema = (self.schema)();
        let example = serde_json::from_str(&(self.example)()).unwrap_or(Ordered::Leaf(Value::Null));
        children(&schema, &schema, "", &example)
    }
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Where it is: `size.total`, `allowed[].path`.
    pub path: String,
    /// Its own name.
    pub name: String,
    /// What it does, in sentences.
    pub about: String,
    /// What it can be.
    pub kind: Kind,
    /// What it is when it is left out.
    pub default: Option<Value>,
    /// Whether it must not be left out.
    pub is_required: bool,
    /// A value that is not the default.
    pub example: Value,
}

/// What a setting can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// One of several words, each with what it means.
    Choice(Vec<(String, String)>),
    /// True or false.
    Flag,
    /// A text, which may be written as a number.
    Text,
    /// A list of what is all of one kind.
    List(Box<Kind>),
    /// Settings below it.
    Map(Vec<Setting>),
}

impl Kind {
    /// Whether it is a level: `deny`, `warn` or `off`.
    #[must_use]
    pub fn is_level(&self) -> bool {
        matches!(self, Self::Choice(words) if words.iter().map(|(word, _)| word).eq(["deny", "warn", "off"]))
    }
}

impl Setting {
    /// The settings below it, of a map or of the items of a list.
    #[must_use]
    pub fn children(&self) -> &[Setting] {
        match &self.kind {
            Kind::Map(children) => children,
            Kind::List(item) => match item.as_ref() {
                Kind::Map(children) => children,
                _ => &[],
            },
            _ => &[],
        }
    }
}

/// Settings and all that are below them, each before what is below it.
#[must_use]
pub fn flat(settings: &[Setting]) -> Vec<&Setting> {
    settings
        .iter()
        .flat_map(|setting| {
            let below = flat(setting.children());
            std::iter::once(setting).chain(below)
        })
        .collect()
}

/// The settings that the schema of a map describes. A schema keeps its properties in the order of the alphabet, and the
/// example in that of the code.
fn children(root: &Value, schema: &Value, path: &str, example: &Ordered) -> Vec<Setting> {
    let Ordered::Map(fields) = example else {
        return Vec::new();
    };
    let required = schema.get("required").and_then(Value::as_array);
    let separator = if path.is_empty() { "" } else { "." };
    let one = |(name, example): &(String, Ordered)| {
        let property = resolve(root, schema.get("properties")?.get(name)?);
        let path = format!("{path}{separator}{name}");
        Some(Setting {
            about: text(&property, "description"),
            kind: kind(root, &property, &path, example),
            default: property.get("default").cloned(),
            is_required: required.is_some_and(|names| names.contains(&Value::from(name.as_str()))),
            example: example.value(),
            name: name.clone(),
            path,
        })
    };
    fields.iter().filter_map(one).collect()
}

fn kind(root: &Value, schema: &Value, path: &str, example: &Ordered) -> Kind {
    let words = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(choices) = words("oneOf") {
        let word = |choice: &Value| (text(choice, "const"), text(choice, "description"));
        return Kind::Choice(choices.iter().map(word).collect());
    }
    if let Some(choices) = words("enum") {
        let word = |choice: &Value| {
            (
                choice.as_str().unwrap_or_default().to_owned(),
                String::new(),
            )
        };
        return Kind::Choice(choices.iter().map(word).collect());
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => Kind::Flag,
        Some("array") => {
            let item = resolve(root, schema.get("items").unwrap_or(&Value::Null));
            Kind::List(Box::new(kind(
                root,
                &item,
                &format!("{path}[]"),
                example.first(),
            )))
        }
        Some("object") => Kind::Map(children(root, schema, path, example)),
        _ => Kind::Text,
    }
}

/// A schema with what it refers to. What stands beside the reference counts.
fn resolve(root: &Value, schema: &Value) -> Value {
    let target = schema.get("$ref").and_then(Value::as_str);
    let target = target.and_then(|path| root.pointer(path.trim_start_matches('#')));
    let mut whole: Map<String, Value> = target
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (key, value) in schema.as_object().into_iter().flatten() {
        whole.insert(key.clone(), value.clone());
    }
    Value::Object(whole)
}

fn text(schema: &Value, key: &str) -> String {
    schema
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// JSON whose maps keep their order.
#[derive(Debug, Clone, PartialEq)]
enum Ordered {
    Map(Vec<(String, Ordered)>),
    List(Vec<Ordered>),
    Leaf(Value),
}

static NOTHING: Ordered = Ordered::Leaf(Value::Null);

impl Ordered {
    fn first(&self) -> &Self {
        match self {
            Self::List(items) => items.first().unwrap_or(&NOTHING),
            _ => &NOTHING,
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Map(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), value.value()))
                .collect(),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Leaf(value) => value.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrderedVisitor)
    }
}

struct OrderedVisitor;

impl<'de> Visitor<'de> for OrderedVisitor {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Ordered, A::Error> {
        let mut map = Vec::new();
        while let Some(field) = fields.next_entry()? {
            map.push(field);
        }
        Ok(Ordered::Map(map))
    }
}
