//! JSON into views: serde structs that hold only the fields that a rule reads.
//!
//! Kubernetes takes `null` for an absent field wherever it does not need a value, so views are made of the null-safe
//! [`Text`], [`List`] and `Option`. What cannot be read is an error that names the field and what was expected there.
//! It never repeats what was found, because the same code reads Secrets.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// JSON that is not what it should be: which field, and what was expected. Holds no value of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// The place of the document in a larger one, as a field path.
    parent: &'static str,
    steps: Vec<Step>,
    problem: Problem,
}

/// One step from a list or map to what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The text breaks off or is not JSON.
    Syntax,
    /// Lists and maps lie within each other too deep to be read.
    TooDeep,
    /// The value has another type or form.
    Unexpected {
        /// What was found, if that can be said without the value.
        found: Option<&'static str>,
        /// What was wanted, in words that a user of YAML knows.
        expected: String,
    },
    /// A field that must be there is not.
    Missing(String),
    /// A field is there twice.
    Duplicate(String),
    /// A field that nobody reads, where that is an error.
    Unknown {
        /// Its name.
        name: String,
        /// The names that would be read.
        known: Vec<String>,
    },
}

impl DecodeError {
    /// Where the problem is, as a field path; empty for the whole document.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.parent.to_owned();
        for step in &self.steps {
            match step {
                Step::Index(index) => path.extend(["[", &index.to_string(), "]"]),
                Step::Key(key) if key.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                    path.extend([if path.is_empty() { "" } else { "." }, key]);
                }
                Step::Key(key) => path.extend(["[", &format!("{key:?}"), "]"]),
            }
        }
        path
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(crate) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same problem in a document that lies at `parent` of a larger one.
    #[must_use]
    pub fn below(self, parent: &'static str) -> Self {
        Self { parent, ..self }
    }

    fn new(json: &str, error: &serde_json::Error) -> Self {
        let steps = steps_to(json, offset(json, error));
        // serde reports only text. What stands between backticks in these is from the view, not from the document,
        // but for an unknown field, whose name is no secret.
        let text = error.to_string();
        let quoted = || text.split('`').skip(1).step_by(2).map(str::to_owned);
        let problem = if text.starts_with("missing field") {
            Problem::Missing(quoted().next().unwrap_or_default())
        } else if text.starts_with("duplicate field") {
            Problem::Duplicate(quoted().next().unwrap_or_default())
        } else if text.starts_with("unknown field") {
            Problem::Unknown {
                name: quoted().next().unwrap_or_default(),
                known: quoted().skip(1).collect(),
            }
        } else if text.starts_with("recursion limit") {
            Problem::TooDeep
        } else if error.is_data() {
            Problem::Unexpected {
                found: found(&text),
                expected: expected(&text),
            }
        } else if serde_json::from_str::<IgnoredAny>(json).is_ok() {
            // For an enum, serde_json tells "not a string" as an error of syntax.
            Problem::Unexpected {
                found: None,
                expected: "a string".to_owned(),
            }
        } else {
            Problem::Syntax
        };
        Self {
            parent: "",
            steps,
            problem,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        self.problem.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("is not JSON"),
            Self::TooDeep => f.write_str("lists and maps lie within each other too deep"),
            Self::Unexpected {
                found: None,
                expected,
            } => write!(f, "must be {expected}"),
            Self::Unexpected {
                found: Some(found),
                expected,
            } => write!(f, "must be {expected}, not {found}"),
            Self::Missing(name) => write!(f, "lacks {name:?}"),
            Self::Duplicate(name) => write!(f, "has {name:?} twice"),
            Self::Unknown { name, .. } => write!(f, "{name:?} is not known"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Reads a document into a view that may borrow from it.
pub fn decode<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, DecodeError> {
    let read = || -> Result<T, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let value = deserializer.deserialize_map(MapVisitor(PhantomData))?;
        deserializer.end()?;
        Ok(value)
    };
    read().map_err(|error| DecodeError::new(json, &error))
}

/// Reads what lies at `path` (`spec.template.spec`) and skips all else. `None` when it is absent or null.
pub fn decode_at<'de, T: Deserialize<'de>>(
    json: &'de str,
    path: &str,
) -> Result<Option<T>, DecodeError> {
    let descend = || -> Result<Option<T>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let value = Descend {
            path: Some(path),
            view: PhantomData,
        }
        .deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    };
    descend().map_err(|error| DecodeError::new(json, &error))
}

/// For `#[serde(deserialize_with)]`: takes `null` for the default.
pub fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// For `#[serde(deserialize_with)]` of an optional view: takes a map or null. Without it, what serde derives would take
/// a list of the view's fields in their order as well, which Kubernetes does not.
pub fn map<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct OptionalMap<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OptionalMap<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer
                .deserialize_map(MapVisitor(PhantomData))
                .map(Some)
        }
    }

    deserializer.deserialize_option(OptionalMap(PhantomData))
}

/// For `#[serde(deserialize_with)]` of a list of views: takes a list of maps or null, for the reason that [`map`] has.
pub fn maps<'de, T, D>(deserializer: D) -> Result<List<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Item<T>(T);

    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Item<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer
                .deserialize_map(MapVisitor(PhantomData))
                .map(Item)
        }
    }

    let items: List<Item<T>> = List::deserialize(deserializer)?;
    Ok(List(items.0.into_iter().map(|item| item.0).collect()))
}

/// Makes a view of a map, and of nothing else.
struct MapVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MapVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Follows a path into a document, without a struct for each level that is passed.
struct Descend<'p, T> {
    path: Option<&'p str>,
    view: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Descend<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.path.is_none() {
            map(deserializer)
        } else {
            deserializer.deserialize_option(self)
        }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Descend<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let path = self.path.unwrap_or_default();
        let (name, rest) = path
            .split_once('.')
            .map_or((path, None), |(name, rest)| (name, Some(rest)));
        let mut found = None;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if *key != *name {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_some() {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            } else {
                found = Some(map.next_value_seed(Descend {
                    path: rest,
                    view: PhantomData,
                })?);
            }
        }
        Ok(found.flatten())
    }
}

/// A string that is borrowed where it can be, and empty where it is absent or null.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }

            fn visit_some<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_str(self)
            }
        }

        deserializer.deserialize_option(TextVisitor)
    }
}

/// A list that is empty where it is absent or null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(items)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_some<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_seq(self)
            }
        }

        deserializer.deserialize_option(ListVisitor(PhantomData))
    }
}

/// The kind of value that serde found, without the value.
fn found(text: &str) -> Option<&'static str> {
    let (_, found) = text.split_once(": ")?;
    [
        ("string", "a string"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("boolean", "true or false"),
        ("null", "null"),
        ("sequence", "a list"),
        ("map", "a map"),
    ]
    .into_iter()
    .find_map(|(start, name)| found.starts_with(start).then_some(name))
}

/// What serde expected, in words for people who write YAML. It comes from the view, and stands last, so that nothing of
/// the value can be taken for it.
fn expected(text: &str) -> String {
    let expected = text
        .rsplit_once("expected ")
        .map_or("something else", |(_, expected)| expected);
    let expected = expected
        .rsplit_once(" at line ")
        .map_or(expected, |(expected, _)| expected);
    match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => {
            "a whole number".to_owned()
        }
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        view if view.starts_with("struct ") || view.starts_with("internally tagged") => {
            "a map".to_owned()
        }
        names if names.starts_with("one of ") || names.starts_with('`') => names.replace('`', "\""),
        other => other.to_owned(),
    }
}

/// How many bytes serde had read when it gave up.
fn offset(json: &str, error: &serde_json::Error) -> usize {
    let line_start = match error.line().checked_sub(2) {
        None => 0,
        Some(newlines) => json
            .match_indices('\n')
            .nth(newlines)
            .map_or(0, |(position, _)| position + 1),
    };
    line_start + error.column()
}

/// The way to the value that ends, or begins, at `offset` of a document.
///
/// Keeping track of it while decoding would cost each evaluation; this walks the text once more, and only after an
/// error. It reads any text without failing.
fn steps_to(json: &str, offset: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut key_expected = false;
    let mut bytes = json.bytes().enumerate().take(offset);
    while let Some((start, byte)) = bytes.next() {
        match byte {
            b'"' => {
                let end = end_of_string(&mut bytes).unwrap_or(start);
                if let (true, Some(Step::Key(key))) = (key_expected, steps.last_mut()) {
                    let quoted = json.get(start..=end).unwrap_or_default();
                    *key = serde_json::from_str(quoted).unwrap_or_default();
                }
            }
            b'{' => {
                steps.push(Step::Key(String::new()));
                key_expected = true;
            }
            b'[' => {
                steps.push(Step::Index(0));
                key_expected = false;
            }
            b'}' | b']' => {
                steps.pop();
                key_expected = false;
            }
            b':' => key_expected = false,
            b',' => match steps.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                _ => key_expected = true,
            },
            _ => {}
        }
    }
    steps
}

/// Moves behind a string whose opening quote was read. Gives the position of the closing one, or of the last byte.
fn end_of_string(bytes: &mut impl Iterator<Item = (usize, u8)>) -> Option<usize> {
    let mut escaped = false;
    let mut end = None;
    for (position, byte) in bytes {
        end = Some(position);
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => break,
            _ => {}
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
    struct View<'a> {
        #[serde(borrow)]
        name: Text<'a>,
        #[serde(borrow, deserialize_with = "maps")]
        items: List<Item<'a>>,
        #[serde(borrow, deserialize_with = "map")]
        item: Option<Item<'a>>,
        replica_count: Option<i32>,
        labels: Option<BTreeMap<String, String>>,
        mode: Option<Mode>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Item<'a> {
        #[serde(borrow)]
        path: Text<'a>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Mode {
        RiskyOnly,
        All,
    }

    #[test]
    fn takes_null_for_absent() {
        for json in [
            "{}",
            r#"{"name":null,"items":null,"replicaCount":null,"labels":null,"mode":null,"item":null}"#,
        ] {
            assert_eq!(decode::<View>(json), Ok(View::default()), "{json}");
        }
    }

    #[test]
    fn borrows_what_is_not_escaped() {
        let view: View = decode(r#"{"name":"plain","items":[{"path":"a\nb"}]}"#).unwrap();
        assert!(matches!(view.name, Text(Cow::Borrowed("plain"))));
        assert_eq!(&*view.items[0].path, "a\nb");
    }

    #[test]
    fn names_the_field_and_never_the_value() {
        for (json, problem) in [
            (r#"{"name":5}"#, "name: must be a string, not a number"),
            (
                r#"{"name":["hunter2"]}"#,
                "name: must be a string, not a list",
            ),
            (
                r#"{"name":{"a":"hunter2"}}"#,
                "name: must be a string, not a map",
            ),
            (
                r#"{"items":"hunter2"}"#,
                "items: must be a list, not a string",
            ),
            (
                r#"{"items":[{"path":"a"},{"path":true}]}"#,
                "items[1].path: must be a string, not true or false",
            ),
            (
                r#"{"items":[{"path":"a","path":"b"}]}"#,
                "items[0].path: has \"path\" twice",
            ),
            (
                r#"{"items":[["a"]]}"#,
                "items[0]: must be a map, not a list",
            ),
            (r#"{"item":["a"]}"#, "item: must be a map, not a list"),
            (r#"{"item":[["a"]]}"#, "item: must be a map, not a list"),
            (r#"{"items":[null]}"#, "items[0]: must be a map, not null"),
            (
                r#"{"replicaCount":"hunter2, expected 7"}"#,
                "replicaCount: must be a whole number, not a string",
            ),
            (
                r#"{"replicaCount":1.5}"#,
                "replicaCount: must be a whole number, not a number",
            ),
            (
                r#"{"replicaCount":99999999999}"#,
                "replicaCount: must be a whole number, not a number",
            ),
            (
                r#"{"labels":{"app":"x","tls.crt":7}}"#,
                "labels[\"tls.crt\"]: must be a string, not a number",
            ),
            (
                r#"{"mode":"hunter2"}"#,
                "mode: must be \"riskyOnly\" or \"all\"",
            ),
            (r#"{"mode":7}"#, "mode: must be a string"),
            (r#"{"nmae":"hunter2"}"#, "nmae: \"nmae\" is not known"),
            (
                "{\"items\": [\n  {\"path\": \"a\"},\n  {\"path\": 7}\n]}",
                "items[1].path: must be a string, not a number",
            ),
            ("[]", "must be a map, not a list"),
            ("7", "must be a map, not a number"),
            (r#"{"name":"hunter2"#, "name: is not JSON"),
            ("hunter2", "is not JSON"),
            ("", "is not JSON"),
            (r#"{"name":"a"} hunter2"#, "is not JSON"),
        ] {
            let error = decode::<View>(json).unwrap_err();
            assert_eq!(error.to_string(), problem, "{json}");
        }
    }

    #[test]
    fn names_what_is_missing() {
        #[derive(Debug, Deserialize)]
        struct Needy {
            #[expect(dead_code, reason = "only its absence matters")]
            size: u8,
        }

        let error = decode_at::<Needy>(r#"{"a":{"b":{}}}"#, "a.b").unwrap_err();
        assert_eq!(error.to_string(), "a.b: lacks \"size\"");
    }

    #[test]
    fn gives_up_on_depth_before_the_stack_does() {
        let json = format!("{}0{}", r#"{"x":"#.repeat(10_000), "}".repeat(10_000));
        assert_eq!(
            decode_at::<View>(&json, "y"),
            Ok(None),
            "what is skipped may be deep"
        );
        assert_eq!(
            decode::<serde_json::Value>(&json).unwrap_err().problem(),
            &Problem::TooDeep
        );
    }

    #[test]
    fn descends_to_a_path() {
        type Found<'a> = Result<Option<View<'a>>, DecodeError>;
        let at = |json: &'static str| -> Found<'static> { decode_at(json, "spec.template") };
        let view = |name| {
            Ok(Some(View {
                name: Text::from(name),
                ..View::default()
            }))
        };
        assert_eq!(
            at(r#"{"a":[{}],"spec":{"b":1,"template":{"name":"x"},"c":null}}"#),
            view("x")
        );
        for absent in [
            "null",
            "{}",
            r#"{"spec":null}"#,
            r#"{"spec":{}}"#,
            r#"{"spec":{"template":null}}"#,
        ] {
            assert_eq!(at(absent), Ok(None), "{absent}");
        }
        for (json, problem) in [
            (r#"{"spec":[]}"#, "spec: must be a map, not a list"),
            (
                r#"{"spec":{"template":{"name":1}}}"#,
                "spec.template.name: must be a string, not a number",
            ),
            (r#"{"spec":{},"spec":{}}"#, "spec: has \"spec\" twice"),
            (r#"{"spec":{}"#, "spec: is not JSON"),
        ] {
            assert_eq!(at(json).unwrap_err().to_string(), problem, "{json}");
        }
    }

    #[test]
    fn moves_an_error_below_a_parent() {
        let below = |json| {
            decode::<View>(json)
                .unwrap_err()
                .below("object")
                .to_string()
        };
        assert_eq!(below("7"), "object: must be a map, not a number");
        assert_eq!(
            below(r#"{"name":7}"#),
            "object.name: must be a string, not a number"
        );
    }

    #[test]
    fn finds_a_path_in_any_text() {
        for text in [
            "",
            "\"",
            "{{{",
            "]]]}",
            ",,,",
            "[\"",
            "{\"é",
            "{\"\\",
            "[[,,{\"a\":[",
            "{\"a\":\"\u{1f980}",
        ] {
            for offset in 0..text.len() + 2 {
                steps_to(text, offset);
            }
        }
    }
}
