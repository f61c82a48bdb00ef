//! A JSON value that takes little memory, as thousands of objects are kept.
//!
//! A map of `serde_json` takes 632 bytes, whether it has one field or eleven, and an object of Kubernetes has some fifteen
//! maps with two or three fields each. Here a map is a sorted vector, which takes a quarter of that. Names and methods are
//! those of `serde_json`. Settings and reports are few, and stay values of `serde_json`.
//!
//! ```
//! use tree::{Value, json};
//!
//! let mut pod = json!({"kind": "Pod", "spec": {"nodeName": "a"}});
//! assert_eq!(pod.pointer("/spec/nodeName").and_then(Value::as_str), Some("a"));
//! pod["metadata"] = json!({"name": "web"});
//! assert_eq!(pod.to_string(), r#"{"kind":"Pod","metadata":{"name":"web"},"spec":{"nodeName":"a"}}"#);
//! ```

use std::{
    fmt,
    ops::{Index, IndexMut},
};

pub use compact_str::CompactString as Name;
use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use serde_json::Number;

mod from;

/// What [`json!`] reads with.
#[doc(hidden)]
pub use serde_json::json as json_of_serde;

/// The fields of an object, in the order of their names.
pub type Map = LiteMap<Name, Value>;

/// A JSON value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(Box<str>),
    /// A list.
    Array(Box<[Self]>),
    /// A mapping.
    Object(Map),
}

/// What is there where nothing is.
const NULL: Value = Value::Null;

/// Makes a [`Value`] of what is written as JSON, with expressions for values, as the macro of `serde_json` does.
#[macro_export]
macro_rules! json {
    ($($json:tt)+) => {
        $crate::Value::from($crate::json_of_serde!($($json)+))
    };
}

impl Value {
    /// The field of an object, or the item of a list.
    pub fn get(&self, key: impl Key) -> Option<&Self> {
        key.in_value(self)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, key: impl Key) -> Option<&mut Self> {
        key.in_value_mut(self)
    }

    /// What is at a JSON pointer such as `/spec/containers/0`.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        let mut value = self;
        for step in steps(pointer)? {
            value = match value {
                Self::Object(fields) => fields.get(&*unescaped(step))?,
                Self::Array(items) => items.get(position(step)?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// The same, to change it.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        let mut value = self;
        for step in steps(pointer)? {
            value = match value {
                Self::Object(fields) => fields.get_mut(&*unescaped(step))?,
                Self::Array(items) => items.get_mut(position(step)?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// The fields, where it is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The same, to change them.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The items, where it is a list.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth, where it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The integer, where it is one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The integer, where it is one that fits and is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    /// The number as a float, where it is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number()?.as_f64()
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is `true` or `false`.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        matches!(self, Self::Bool(_))
    }

    /// Whether it is a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// Whether it is a text.
    #[must_use]
    pub fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    /// Whether it is a list.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

/// The name of a field, or the number of an item.
pub trait Key {
    /// What is there.
    fn in_value<'v>(&self, value: &'v Value) -> Option<&'v Value>;
    /// The same, to change it.
    fn in_value_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value>;
}

impl Key for str {
    fn in_value<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.as_object()?.get(self)
    }

    fn in_value_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        value.as_object_mut()?.get_mut(self)
    }
}

impl Key for String {
    fn in_value<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.as_str().in_value(value)
    }

    fn in_value_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.as_str().in_value_mut(value)
    }
}

impl Key for Name {
    fn in_value<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.as_str().in_value(value)
    }

    fn in_value_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.as_str().in_value_mut(value)
    }
}

impl Key for usize {
    fn in_value<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.as_array()?.get(*self)
    }

    fn in_value_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        match value {
            Value::Array(items) => items.get_mut(*self),
            _ => None,
        }
    }
}

impl<K: Key + ?Sized> Key for &K {
    fn in_value<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        (*self).in_value(value)
    }

    fn in_value_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        (*self).in_value_mut(value)
    }
}

/// `null` where nothing is.
impl<K: Key> Index<K> for Value {
    type Output = Self;

    fn index(&self, key: K) -> &Self {
        key.in_value(self).unwrap_or(&NULL)
    }
}

/// A field that is not there yet is added.
///
/// # Panics
///
/// Where the value has no fields.
impl IndexMut<&str> for Value {
    #[expect(
        clippy::panic,
        reason = "as in `serde_json`: it is for tests, whose values are known"
    )]
    fn index_mut(&mut self, key: &str) -> &mut Self {
        let Self::Object(fields) = self else {
            panic!("no field {key:?} can be in what is no object");
        };
        fields.entry(key.into()).or_default()
    }
}

/// The steps of a JSON pointer, as they are written. `None` where it is none.
fn steps(pointer: &str) -> Option<impl Iterator<Item = &str>> {
    let is_one = pointer.is_empty() || pointer.starts_with('/');
    is_one.then(|| pointer.split('/').skip(1))
}

/// Source: RFC 6901, section 4.
fn unescaped(step: &str) -> std::borrow::Cow<'_, str> {
    if step.contains('~') {
        step.replace("~1", "/").replace("~0", "~").into()
    } else {
        step.into()
    }
}

/// The number of an item, which has neither a sign nor leading zeros.
fn position(step: &str) -> Option<usize> {
    let is_one = !step.starts_with('+') && (step == "0" || !step.starts_with('0'));
    step.parse().ok().filter(|_| is_one)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(fields) => serializer.collect_map(fields),
        }
    }
}

/// What is read is large for a moment only.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(Self::from)
    }
}

/// As JSON, in one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> Value {
        json!({
            "kind": "Pod",
            "metadata": {"labels": {"a/b": "x", "c~d": "y"}, "name": "web"},
            "spec": {"containers": [{"name": "app", "ports": [80]}], "hostNetwork": true, "priority": -1},
        })
    }

    #[test]
    fn is_as_small_as_it_can_be() {
        assert_eq!(size_of::<Value>(), 24);
        let fields = pod().as_object().unwrap().clone().into_tuple_vec();
        assert_eq!((fields.len(), fields.capacity()), (3, 3));
    }

    #[test]
    fn a_pointer_leads_where_that_of_serde_json_does() {
        let (value, large) = (pod(), serde_json::Value::from(pod()));
        for pointer in [
            "",
            "/",
            "spec",
            "/spec",
            "/spec/",
            "/spec/containers/0/name",
            "/spec/containers/00/name",
            "/spec/containers/+0/name",
            "/spec/containers/1",
            "/spec/containers/-",
            "/spec/containers/name",
            "/metadata/labels/a~1b",
            "/metadata/labels/a/b",
            "/metadata/labels/c~0d",
            "/kind/x",
        ] {
            let found = value.pointer(pointer).cloned();
            let expected = large.pointer(pointer).cloned().map(Value::from);
            assert_eq!(found, expected, "{pointer}");
            assert_eq!(
                value.clone().pointer_mut(pointer).cloned(),
                expected,
                "{pointer}"
            );
        }
    }

    #[test]
    fn is_written_as_serde_json_writes_it_and_read_again() {
        let text = pod().to_string();
        assert_eq!(text, serde_json::Value::from(pod()).to_string());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), pod());
        let numbers = "[0,-1,1.0,1e300,18446744073709551615]";
        let read: Value = serde_json::from_str(numbers).unwrap();
        assert_eq!(read.to_string(), numbers.replace("1e300", "1e+300"));
    }

    #[test]
    fn fields_are_in_the_order_of_their_names_however_they_come() {
        let mut value = json!({"b": 1});
        value["c"] = json!(2);
        value["a"] = json!({"x": null});
        value["a"]["w"] = json!(true);
        assert_eq!(
            value.to_string(),
            r#"{"a":{"w":true,"x":null},"b":1,"c":2}"#
        );
    }

    #[test]
    fn what_is_not_there_is_null() {
        let pod = pod();
        assert!(pod["spec"]["volumes"][0]["name"].is_null());
        assert_eq!(pod["spec"]["containers"][0]["ports"][0], 80);
        assert_eq!((pod.get("status"), pod.get(0)), (None, None));
    }
}
