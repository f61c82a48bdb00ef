//! From JSON to views: structs that hold only the fields that a rule reads.
//!
//! A view is read with a [`Cursor`], which knows where it is. Kubernetes takes `null` for an absent field wherever it
//! does not need a value, and so does a cursor. What cannot be read is an error that names the field and what was
//! expected there. It never repeats what was found, because the same code reads Secrets.

use std::borrow::Cow;

use crate::error::DecodeError;
use crate::field::FieldPath;
use crate::json::{Field, Json};

/// A place in a document, with the way to it.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    /// What is there.
    pub json: &'a Json<'a>,
    /// The way to it.
    pub path: FieldPath<'a>,
}

const NULL: &Json<'static> = &Json::Null;

/// What Kubernetes takes as a number or as text, and reads in two ways: a port and the name of one, a count and a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntOrString<'a> {
    /// A whole number.
    Int(i64),
    /// Text, also where it has nothing but digits.
    String(&'a str),
}

impl<'a> Cursor<'a> {
    /// A cursor at the top of a document that lies at `path` of a larger one.
    #[must_use]
    pub const fn new(json: &'a Json<'a>, path: FieldPath<'a>) -> Self {
        Self { json, path }
    }

    /// A cursor that has forgotten the way. An error finds the way back, and a view can outlive a path.
    const fn top(json: &'a Json<'a>) -> Self {
        Self {
            json,
            path: FieldPath::new(""),
        }
    }

    /// Whether there is nothing here.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.json, Json::Null)
    }

    /// The string in the field `name`; empty when it is absent.
    pub fn text(&self, name: &str) -> Result<&'a str, DecodeError> {
        match self.value(name)? {
            Json::Null => Ok(""),
            Json::String(text) => Ok(text),
            other => Err(self.unexpected(name, other.type_name(), "a string")),
        }
    }

    /// The truth in the field `name`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, DecodeError> {
        match self.value(name)? {
            Json::Null => Ok(None),
            Json::Bool(flag) => Ok(Some(*flag)),
            other => Err(self.unexpected(name, other.type_name(), "true or false")),
        }
    }

    /// The whole number in the field `name`.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, DecodeError> {
        match self.value(name)? {
            Json::Null => Ok(None),
            Json::Integer(integer) => Ok(Some(*integer)),
            other => {
                let found = match other {
                    Json::Number(_) => "a fraction or one of more than 64 bits",
                    other => other.type_name(),
                };
                Err(self.unexpected(name, found, "a whole number"))
            }
        }
    }

    /// The whole number or the string in the field `name`.
    pub fn int_or_string(&self, name: &str) -> Result<Option<IntOrString<'a>>, DecodeError> {
        match self.value(name)? {
            Json::Null => Ok(None),
            Json::Integer(integer) => Ok(Some(IntOrString::Int(*integer))),
            Json::String(text) => Ok(Some(IntOrString::String(text))),
            other => Err(self.unexpected(name, other.type_name(), "a whole number or a string")),
        }
    }

    /// A view of each item of the list in the field `name`; none when it is absent.
    pub fn list<T>(
        &self,
        name: &str,
        read: impl Fn(&Cursor<'a>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut views = Vec::new();
        self.each(name, &mut |item| {
            views.push(read(item)?);
            Ok(())
        })?;
        Ok(views)
    }

    /// Calls `read` with each item of the list in the field `name`, of which there are none when it is absent.
    // One for all types: what is generic is in the wasm once for each.
    #[inline(never)]
    pub fn each(
        &self,
        name: &str,
        read: &mut dyn FnMut(&Cursor<'a>) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        for (index, item) in self.items(name)?.iter().enumerate() {
            if let Err(error) = read(&Cursor::top(item)) {
                return Err(self.in_item(name, index, error));
            }
        }
        Ok(())
    }

    /// The strings of the list in the field `name`; none when it is absent.
    pub fn list_of_texts(&self, name: &str) -> Result<Vec<&'a str>, DecodeError> {
        let items = self.items(name)?;
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Json::String(text) = item else {
                let list = self.path.child(name);
                return Err(DecodeError::unexpected(
                    &list.index(index),
                    item.type_name(),
                    "a string",
                ));
            };
            texts.push(text.as_ref());
        }
        Ok(texts)
    }

    /// A view of the map in the field `name`; none when it is absent.
    pub fn map<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Cursor<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        let json = self.value(name)?;
        if matches!(json, Json::Null) {
            return Ok(None);
        }
        match read(&Cursor::top(json)) {
            Ok(view) => Ok(Some(view)),
            Err(error) => Err(self.below(name, error)),
        }
    }

    /// A view of what lies at `path`, `spec.template.spec` for example; none when it is absent.
    pub fn at<T>(
        &self,
        path: &str,
        read: impl FnOnce(&Cursor<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        let json = self.find(path)?;
        if matches!(json, Json::Null) {
            return Ok(None);
        }
        match read(&Cursor::top(json)) {
            Ok(view) => Ok(Some(view)),
            Err(error) => Err(self.below(path, error)),
        }
    }

    /// What lies at `path`. The way is walked here, once for all types of view.
    pub fn find(&self, path: &str) -> Result<&'a Json<'a>, DecodeError> {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let (mut json, mut walked) = (self.value(first)?, first.len());
        for name in rest.split('.').filter(|name| !name.is_empty()) {
            let parent = path.get(..walked).unwrap_or_default();
            let found = Self::top(json).value(name);
            json = found.map_err(|error| error.below(&self.path.child(parent)))?;
            walked += 1 + name.len();
        }
        Ok(json)
    }

    /// The entries of the map here, whose keys users choose; none when it is absent.
    pub fn fields(&self) -> Result<&'a [Field<'a>], DecodeError> {
        match self.json {
            Json::Null => Ok(&[]),
            Json::Map(fields) => Ok(fields),
            other => Err(DecodeError::unexpected(
                &self.path,
                other.type_name(),
                "a map",
            )),
        }
    }

    /// The entries of the map here, whose keys users choose and whose values are strings; an absent one is empty.
    pub fn texts(&self) -> Result<Vec<(&'a str, &'a str)>, DecodeError> {
        let fields = self.fields()?;
        let mut texts = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            match value {
                Json::Null => texts.push((*key, "")),
                Json::String(text) => texts.push((key, text)),
                other => {
                    let key = shown_key(key);
                    let path = self.path.key(&key);
                    return Err(DecodeError::unexpected(
                        &path,
                        other.type_name(),
                        "a string",
                    ));
                }
            }
        }
        Ok(texts)
    }

    /// What is in the field `name`.
    pub fn value(&self, name: &str) -> Result<&'a Json<'a>, DecodeError> {
        // Most of what settings may have is absent.
        if self.is_null() {
            return Ok(NULL);
        }
        let mut found = None;
        for (key, value) in self.fields()? {
            if *key == name && found.replace(value).is_some() {
                return Err(self.duplicate(name));
            }
        }
        Ok(found.unwrap_or(NULL))
    }

    /// The items of the list in the field `name`; none when it is absent.
    pub fn items(&self, name: &str) -> Result<&'a [Json<'a>], DecodeError> {
        match self.value(name)? {
            Json::Null => Ok(&[]),
            Json::List(items) => Ok(items),
            other => Err(self.unexpected(name, other.type_name(), "a list")),
        }
    }

    #[cold]
    #[inline(never)]
    fn below(&self, path: &str, error: DecodeError) -> DecodeError {
        error.below(&self.path.child(path))
    }

    #[cold]
    #[inline(never)]
    fn in_item(&self, name: &str, index: usize, error: DecodeError) -> DecodeError {
        let list = self.path.child(name);
        error.below(&list.index(index))
    }

    #[cold]
    fn duplicate(&self, name: &str) -> DecodeError {
        DecodeError::repeated(&self.path.child(name))
    }

    #[cold]
    fn unexpected(&self, name: &str, found: &'static str, expected: &'static str) -> DecodeError {
        DecodeError::unexpected(&self.path.child(name), found, expected)
    }
}

/// A key that a user chose, for a message: up to the first character that no key has. Where a space is missing in YAML,
/// as in `{password:hunter2}`, the value is a part of the key.
#[must_use]
pub fn shown_key(key: &str) -> Cow<'_, str> {
    let is_of_key =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    match key.bytes().position(|byte| !is_of_key(byte)) {
        None => Cow::Borrowed(key),
        Some(end) => Cow::Owned(format!("{}…", key.get(..end).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Arena};

    #[derive(Debug, PartialEq)]
    struct View<'a> {
        name: &'a str,
        ready: Option<bool>,
        count: Option<i64>,
        items: Vec<&'a str>,
        inner: Option<&'a str>,
        deep: Option<&'a str>,
    }

    impl<'a> View<'a> {
        fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
            Ok(Self {
                name: cursor.text("name")?,
                ready: cursor.flag("ready")?,
                count: cursor.integer("count")?,
                items: cursor.list("items", |item| item.text("path"))?,
                inner: cursor.map("inner", |inner| inner.text("path"))?,
                deep: cursor.at("spec.template", |template| template.text("path"))?,
            })
        }
    }

    fn problem(text: &str) -> String {
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        View::read(&Cursor::new(&json, FieldPath::new("object")))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn reads_what_is_there() {
        let text = r#"{"name":"x","ready":true,"count":-3,"items":[{"path":"a"},{"path":"b\n"},null],
            "inner":{"path":"c"},"spec":{"template":{"path":"d"}},"other":1}"#;
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        let view = View {
            name: "x",
            ready: Some(true),
            count: Some(-3),
            items: vec!["a", "b\n", ""],
            inner: Some("c"),
            deep: Some("d"),
        };
        assert_eq!(View::read(&Cursor::top(&json)), Ok(view));
    }

    #[test]
    fn takes_null_for_absent() {
        let nulls =
            r#"{"name":null,"ready":null,"count":null,"items":null,"inner":null,"spec":null}"#;
        for text in [
            "{}",
            nulls,
            r#"{"spec":{}}"#,
            r#"{"spec":{"template":null}}"#,
            "null",
        ] {
            let arena = Arena::new();
            let json = json::parse(text, &arena).unwrap();
            let empty = View {
                name: "",
                ready: None,
                count: None,
                items: vec![],
                inner: None,
                deep: None,
            };
            assert_eq!(View::read(&Cursor::top(&json)), Ok(empty), "{text}");
        }
    }

    #[test]
    fn names_the_field_and_never_the_value() {
        for (text, expected) in [
            (
                r#"{"name":5}"#,
                "object.name: must be a string, not a number",
            ),
            (
                r#"{"name":["hunter2"]}"#,
                "object.name: must be a string, not a list",
            ),
            (
                r#"{"name":{"a":"hunter2"}}"#,
                "object.name: must be a string, not a map",
            ),
            (
                r#"{"ready":"hunter2"}"#,
                "object.ready: must be true or false, not a string",
            ),
            (
                r#"{"count":"7"}"#,
                "object.count: must be a whole number, not a string",
            ),
            (
                r#"{"count":1.5}"#,
                "object.count: must be a whole number, not a fraction or one of more than 64 bits",
            ),
            (
                r#"{"count":99999999999999999999}"#,
                "object.count: must be a whole number, not a fraction or one of more than 64 bits",
            ),
            (
                r#"{"items":"hunter2"}"#,
                "object.items: must be a list, not a string",
            ),
            (
                r#"{"items":[{},{"path":true}]}"#,
                "object.items[1].path: must be a string, not true or false",
            ),
            (
                r#"{"items":[["hunter2"]]}"#,
                "object.items[0]: must be a map, not a list",
            ),
            (r#"{"inner":[]}"#, "object.inner: must be a map, not a list"),
            (
                r#"{"inner":{"path":7}}"#,
                "object.inner.path: must be a string, not a number",
            ),
            (
                r#"{"spec":{"template":{"path":7}}}"#,
                "object.spec.template.path: must be a string, not a number",
            ),
            (r#"{"spec":7}"#, "object.spec: must be a map, not a number"),
            (
                r#"{"spec":{"template":[]}}"#,
                "object.spec.template: must be a map, not a list",
            ),
            (
                r#"{"spec":{"template":{},"template":{}}}"#,
                "object.spec.template: appears more than once",
            ),
            (
                r#"{"name":"a","name":"hunter2"}"#,
                "object.name: appears more than once",
            ),
            (
                r#"{"spec":{},"spec":{}}"#,
                "object.spec: appears more than once",
            ),
            ("[]", "object: must be a map, not a list"),
            (r#""hunter2""#, "object: must be a map, not a string"),
        ] {
            assert_eq!(problem(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_and_text_of_digits_are_two_things() {
        for (text, expected) in [
            ("{}", Ok(None)),
            (r#"{"port":null}"#, Ok(None)),
            (r#"{"port":80}"#, Ok(Some(IntOrString::Int(80)))),
            (r#"{"port":"80"}"#, Ok(Some(IntOrString::String("80")))),
            (
                r#"{"port":[]}"#,
                Err("port: must be a whole number or a string, not a list".to_owned()),
            ),
        ] {
            let arena = Arena::new();
            let json = json::parse(text, &arena).unwrap();
            let found = Cursor::top(&json).int_or_string("port");
            assert_eq!(found.map_err(|error| error.to_string()), expected, "{text}");
        }
    }

    #[test]
    fn names_what_is_on_the_way_from_any_place() {
        for (text, expected) in [
            (
                r#"{"a":{"b":{"c":7}}}"#,
                "a.b.c: must be a map, not a number",
            ),
            (r#"{"a":{"b":7}}"#, "a.b: must be a map, not a number"),
            (r#"{"a":7}"#, "a: must be a map, not a number"),
            (
                r#"{"a":{"b":{"c":{"d":7}}}}"#,
                "a.b.c.d: must be a string, not a number",
            ),
        ] {
            let arena = Arena::new();
            let json = json::parse(text, &arena).unwrap();
            let found = Cursor::top(&json).at("a.b.c", |c| c.text("d"));
            assert_eq!(found.unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn names_the_key_that_a_user_chose() {
        let arena = Arena::new();
        let json = json::parse(r#"{"data":{"a":"x","b":null}}"#, &arena).unwrap();
        let texts = Cursor::top(&json).map("data", Cursor::texts);
        assert_eq!(texts, Ok(Some(vec![("a", "x"), ("b", "")])));
        for (text, expected) in [
            (
                r#"{"data":{"a.b":5432}}"#,
                r#"data["a.b"]: must be a string, not a number"#,
            ),
            (r#"{"data":["hunter2"]}"#, "data: must be a map, not a list"),
        ] {
            let arena = Arena::new();
            let json = json::parse(text, &arena).unwrap();
            let error = Cursor::top(&json).map("data", Cursor::texts).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_text_that_is_not_json_is_told_with_its_place() {
        let arena = Arena::new();
        let error = json::parse("{\n \"name\": hunter2}", &arena).unwrap_err();
        let error = error.to_string();
        assert_eq!(error, "is not JSON, or too deep, at line 2, column 10");
    }
}
