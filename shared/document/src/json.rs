//! JSON as a tree that borrows from its text, and holds only the fields that are read.
//!
//! Reading a payload into this one tree, and views from the tree, makes a policy a third of the size that one decoder
//! for each view makes it, and names the place of every problem exactly. The tree lies in an arena: no part of it is
//! freed alone, which is a tenth of the time that an evaluation takes.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::DecodeError;
use crate::field_names::FieldNames;

/// The memory of trees, which it frees all at once.
pub use bumpalo::Bump as Arena;

/// A JSON value. Fields that are not read are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Json<'a> {
    /// `null`, and what is absent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A string.
    String(&'a str),
    /// A list.
    List(&'a [Json<'a>]),
    /// A map, in the order of the text.
    Map(&'a [Field<'a>]),
}

/// A field of a map: its name, and its value.
pub type Field<'a> = (&'a str, Json<'a>);

impl<'a> Json<'a> {
    /// Reads a text with all that it has.
    pub fn parse(text: &'a str, arena: &'a Arena) -> Result<Self, DecodeError> {
        parse(text, arena)
    }

    /// Reads a text, and of its maps the fields that are wanted, at any depth.
    pub fn parse_fields(
        text: &'a str,
        arena: &'a Arena,
        fields: fn(&str) -> bool,
    ) -> Result<Self, DecodeError> {
        read(text, arena, Selection::Wanted, Wanted::of(fields))
    }

    /// Whether a text is JSON, in no more memory than its nesting takes.
    pub fn check(text: &str) -> Result<(), DecodeError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        IgnoredAny::deserialize(&mut deserializer)
            .and_then(|_| deserializer.end())
            .map_err(|error| DecodeError::syntax(&error))
    }

    /// What the value is, in words that people who write YAML know.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Integer(_) | Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::List(_) => "a list",
            Json::Map(_) => "a map",
        }
    }
}

/// Which fields of objects a policy reads, by their names.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Those that are read, at any depth.
    pub fields: fn(&str) -> bool,
    /// Those of them that are read with everything below, whatever its name.
    pub whole: fn(&str) -> bool,
}

impl Wanted {
    /// These fields, at any depth, and of the maps below them only the same.
    #[must_use]
    pub const fn of(fields: fn(&str) -> bool) -> Self {
        Self {
            fields,
            whole: |_| false,
        }
    }

    /// What is read of the value of a field.
    #[must_use]
    pub fn below(self, field: &str) -> Self {
        if (self.whole)(field) { Self::ALL } else { self }
    }

    /// For what is read whole.
    const ALL: Self = Self {
        fields: |_| true,
        whole: |_| true,
    };
}

/// Which fields of a value are kept. From the payload down, each state leads to the next:
///
/// ```text
/// Payload ─ request ─▶ Request ─ object, oldObject ─▶ Wanted ─ a field that is read whole ─▶ All
///    │                    ├─ userInfo ─▶ User ─ username ─▶ All
///    │                    └─ kind, name, operation, … ─▶ All
///    └─ settings ─▶ All                          List ─ items ─▶ Wanted
/// ```
#[derive(Clone, Copy)]
pub enum Selection {
    /// Those of a payload: the request and the settings.
    Payload,
    /// Those of an admission request.
    Request,
    /// Those of the user who sent the request.
    User,
    /// Those of a list: its items.
    List,
    /// Those that a policy reads of objects, at any depth.
    Wanted,
    /// All.
    All,
}

/// What is kept of a request as it is. As a list it takes less than as a pattern.
static PLAIN: FieldNames = FieldNames::of(&[&[
    "kind",
    "subResource",
    "sub_resource",
    "name",
    "namespace",
    "operation",
    "dryRun",
    "dry_run",
]]);

impl Selection {
    /// What is kept of the value of a field; nothing when the field is left out.
    fn below(self, field: &str, wanted: Wanted) -> Option<Self> {
        match (self, field) {
            (Self::All, _)
            | (Self::Payload, "settings" | "unabridged")
            | (Self::User, "username") => Some(Self::All),
            (Self::Request, field) if PLAIN.has(field) => Some(Self::All),
            (Self::Payload, "request") => Some(Self::Request),
            (Self::Request, "userInfo" | "user_info") => Some(Self::User),
            (Self::List, "items") | (Self::Request, "object" | "oldObject" | "old_object") => {
                Some(Self::Wanted)
            }
            (Self::Payload | Self::Request | Self::User | Self::List, _) => None,
            (Self::Wanted, field) if (wanted.whole)(field) => Some(Self::All),
            (Self::Wanted, field) => (wanted.fields)(field).then_some(self),
        }
    }
}

/// Reads a text with all that it has.
pub fn parse<'a>(text: &'a str, arena: &'a Arena) -> Result<Json<'a>, DecodeError> {
    read(text, arena, Selection::All, Wanted::ALL)
}

/// Reads a text, and of it what is selected, in objects what is wanted.
// One for all: inlined, it would be in the wasm three times.
#[inline(never)]
pub fn read<'a>(
    text: &'a str,
    arena: &'a Arena,
    selection: Selection,
    wanted: Wanted,
) -> Result<Json<'a>, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut tree = Tree {
        arena,
        wanted,
        fields: Vec::new(),
        items: Vec::new(),
    };
    let tree = &mut tree;
    Seed { selection, tree }
        .deserialize(&mut deserializer)
        .and_then(|json| deserializer.end().map(|()| json))
        .map_err(|error| DecodeError::syntax(&error))
}

/// A tree that grows.
struct Tree<'a> {
    arena: &'a Arena,
    wanted: Wanted,
    /// Of the maps whose ends are still to come, the outermost first. A map goes to the arena when it is whole.
    fields: Vec<Field<'a>>,
    /// The same of lists.
    items: Vec<Json<'a>>,
}

struct Seed<'t, 'a> {
    selection: Selection,
    tree: &'t mut Tree<'a>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        // Kubernetes has no field for what is larger.
        #[expect(
            clippy::cast_precision_loss,
            reason = "only that it is a number matters then"
        )]
        Ok(i64::try_from(value).map_or(Json::Number(value as f64), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Json::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Json::String(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::String(copied(value, self.tree.arena)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Self { selection, tree } = self;
        let start = tree.items.len();
        while let Some(item) = seq.next_element_seed(Seed { selection, tree })? {
            tree.items.push(item);
        }
        Ok(Json::List(keep(tree.arena, &mut tree.items, start)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self { selection, tree } = self;
        let start = tree.fields.len();
        while let Some(name) = map.next_key_seed(Name(tree.arena))? {
            if let Some(selection) = selection.below(name, tree.wanted) {
                let value = map.next_value_seed(Seed { selection, tree })?;
                tree.fields.push((name, value));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Json::Map(keep(tree.arena, &mut tree.fields, start)))
    }
}

/// A text with escapes, which is not in the text of the document as it is.
#[cold]
fn copied<'a>(text: &str, arena: &'a Arena) -> &'a str {
    arena.alloc_str(text)
}

/// Takes what stands from `start` on to the arena.
fn keep<'a, T: Copy>(arena: &'a Arena, unfinished: &mut Vec<T>, start: usize) -> &'a [T] {
    let kept = arena.alloc_slice_copy(unfinished.get(start..).unwrap_or_default());
    unfinished.truncate(start);
    kept
}

struct Name<'a>(&'a Arena);

impl<'de> DeserializeSeed<'de> for Name<'de> {
    type Value = &'de str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'de> {
    type Value = &'de str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(name)
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(copied(name, self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: Wanted = Wanted {
        fields: |name| matches!(name, "spec" | "a" | "b"),
        whole: |name| name == "data",
    };

    #[test]
    fn reads_every_kind_of_value() {
        let text = r#"{"a":null,"b":true,"c":-1,"d":1.5,"e":"x","f":"\n","g":[{}],"h":18446744073709551615}"#;
        let arena = Arena::new();
        let Json::Map(fields) = parse(text, &arena).unwrap() else {
            panic!("not a map")
        };
        let values: Vec<_> = fields.iter().map(|(_, value)| *value).collect();
        assert_eq!(
            values,
            [
                Json::Null,
                Json::Bool(true),
                Json::Integer(-1),
                Json::Number(1.5),
                Json::String("x"),
                Json::String("\n"),
                Json::List(&[Json::Map(&[])]),
                Json::Number(18_446_744_073_709_551_615.0),
            ]
        );
        let Json::String(x) = values[4] else {
            panic!("no text")
        };
        assert!(
            text.as_bytes().as_ptr_range().contains(&x.as_ptr()),
            "not copied"
        );
    }

    #[test]
    fn keeps_what_is_wanted_of_objects_and_all_of_settings() {
        let text = r#"{"other":1,"request":{"uid":"u","object":{"spec":{"a":1,"b":[{"a":2,"c":3}]},"data":{"x":{"y":1}}},
            "name":"n"},"settings":{"c":{"d":1}}}"#;
        let arena = Arena::new();
        let json = read(text, &arena, Selection::Payload, SOME).unwrap();
        let kept = r#"{"request":{"object":{"spec":{"a":1,"b":[{"a":2}]},"data":{"x":{"y":1}}},"name":"n"},
            "settings":{"c":{"d":1}}}"#;
        assert_eq!(json, parse(kept, &arena).unwrap());
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "x",
            "{} {}",
            "\"\u{1}\"",
            "{\"a\":01}",
        ] {
            assert!(parse(text, &Arena::new()).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_ends_before_the_stack_does() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let arena = Arena::new();
        assert!(parse(&nested(100), &arena).is_ok());
        assert!(parse(&nested(100_000), &arena).is_err());
        let skipped = format!(r#"{{"deep":{}}}"#, nested(100_000));
        assert!(
            read(&skipped, &arena, Selection::Payload, SOME).is_ok(),
            "what is skipped may be deep"
        );
    }
}
