//! What a [`Value`] is made of, and what it is compared with.

use std::collections::BTreeMap;

use crate::{Map, Name, Value};

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Large;
        match value {
            Large::Null => Self::Null,
            Large::Bool(truth) => Self::Bool(truth),
            Large::Number(number) => Self::Number(number),
            Large::String(text) => Self::String(text.into()),
            Large::Array(items) => items.into_iter().map(Self::from).collect(),
            Large::Object(fields) => {
                let fields = fields.into_iter();
                of_fields(fields.map(|(name, value)| (name.into(), Self::from(value))))
            }
        }
    }
}

impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(truth),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::String(text.into()),
            Value::Array(items) => items.into_iter().map(Self::from).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                let fields = fields.map(|(name, value)| (name.into(), Self::from(value)));
                Self::Object(fields.collect())
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<BTreeMap<Name, Value>> for Value {
    fn from(fields: BTreeMap<Name, Value>) -> Self {
        of_fields(fields.into_iter())
    }
}

/// They take no more memory than they need: a vector that grows has room for four at first, and most maps of an object have
/// fewer.
fn of_fields(fields: impl ExactSizeIterator<Item = (Name, Value)>) -> Value {
    let mut map = Map::with_capacity(fields.len());
    map.extend(fields);
    Value::Object(map)
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items.into())
    }
}

impl<V: Into<Value>> FromIterator<V> for Value {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == Some(text)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl PartialEq<i32> for Value {
    fn eq(&self, number: &i32) -> bool {
        self.as_i64() == Some((*number).into())
    }
}
