//! Settings: read, checked, and refused with every problem at once. [`settings!`](crate::settings!) declares them.

mod declaration;
#[cfg(not(target_arch = "wasm32"))]
pub mod described;
mod exempt;
mod names;

#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
pub use declaration::setting;
pub use declaration::{Fields, Item, SettingType};
pub use exempt::Exempt;
pub use names::{
    ApiGroup, CustomApiVersion, DataKey, Kind, Namespace, NamespacedName, NamespacedService,
    Reason, User, field_path_problem, has_name, has_object, is_data_key, is_object_name,
    namespace_problem,
};

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::message;
use crate::similar::distance;
use document::Cursor;
use document::DecodeError;
use document::FieldPath;
use document::json::{self, Arena, Json};
use document::quote;

/// The settings of a policy. `{}` is always valid, safe and useful.
pub trait Settings: Fields {
    /// Whether an UPDATE is judged by itself or by what it makes worse.
    fn on_update(&self) -> OnUpdate;
}

crate::settings! {
    /// What to do about violations that an object already had before an UPDATE.
    pub enum OnUpdate {
        /// Warn of them, and refuse only new ones.
        "newViolations" => NewViolations,
        /// Refuse them, too, unless Kubernetes itself writes the object.
        "enforceAll" => EnforceAll,
    }

    /// What to do when the cluster does not answer.
    pub enum OnLookupFailure {
        /// Refuse what cannot be judged.
        "deny" => Deny,
        /// Accept it with a warning.
        "warn" => Warn,
    }
}

/// The longest part of an unknown setting's name that is shown, in characters.
const MAX_NAME_CHARS: usize = 100;

/// A list of words ends behind the word with which it has more bytes than this.
const MAX_LIST_BYTES: usize = 1_000;

/// At most this many problems are listed.
const MAX_PROBLEMS: usize = 100;

/// What is wrong with settings, problem by problem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    /// Notes a problem of the setting at `path`. Nothing is noted of what is part of a setting that has a problem.
    pub fn add(&mut self, path: &dyn fmt::Display, problem: impl Into<String>) {
        if self.is_full() {
            return;
        }
        let path = path.to_string();
        let known = |(place, _): &(String, String)| {
            path.strip_prefix(place.as_str())
                .is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'.' | b'[')))
        };
        if !self.0.iter().any(known) {
            self.0.push((path, problem.into()));
        }
    }

    /// Each problem: the path of the setting, empty for the whole, and what is wrong with it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let problems = self.0.iter().take(MAX_PROBLEMS);
        problems.map(|(path, problem)| (path.as_str(), problem.as_str()))
    }

    /// Whether nothing more is told than that there is more.
    fn is_full(&self) -> bool {
        self.0.len() > MAX_PROBLEMS
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (path, problem)) in self.0.iter().enumerate() {
            if position == MAX_PROBLEMS {
                return f.write_str("; and more");
            }
            let separator = if position > 0 { "; " } else { "" };
            let place = if path.is_empty() {
                "the settings"
            } else {
                path
            };
            write!(f, "{separator}{place}: {problem}")?;
        }
        Ok(())
    }
}

/// Reads a map of settings field by field. It notes problems instead of stopping at one, and a field that was not asked
/// for is a problem, too.
pub struct Reader<'a, 'p> {
    cursor: Cursor<'a>,
    path: FieldPath<'p>,
    known: Vec<&'static str>,
    problems: &'p mut Problems,
}

impl<'a> Reader<'a, '_> {
    /// A string; empty when it is absent.
    pub fn text(&mut self, name: &'static str) -> &'a str {
        let result = self.cursor.text(name);
        self.keep(name, result).unwrap_or_default()
    }

    /// Whether something is so.
    pub fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let result = self.cursor.flag(name);
        self.keep(name, result).flatten().unwrap_or(default)
    }

    /// The text of a string or of a whole number, for what YAML reads as either: `30080`, `30080-30090`; empty when it is
    /// absent.
    pub fn scalar(&mut self, name: &'static str) -> Cow<'a, str> {
        let result = self.cursor.value(name);
        match self.keep(name, result) {
            Some(Json::String(text)) => Cow::Borrowed(text),
            Some(Json::Integer(integer)) => Cow::Owned(integer.to_string()),
            None | Some(Json::Null) => Cow::Borrowed(""),
            Some(other) => {
                let problem = format!(
                    "must be a string or a whole number, not {}",
                    other.type_name()
                );
                self.problem(name, problem);
                Cow::Borrowed("")
            }
        }
    }

    /// One of several words, as the value in its place.
    pub fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[&str],
        values: &[T],
        default: T,
    ) -> T {
        let chosen = self.chosen(name, words);
        let value = chosen.and_then(|place| values.get(place));
        value.copied().unwrap_or(default)
    }

    // One for all types: what is generic is in the wasm once for each.
    #[inline(never)]
    fn chosen(&mut self, name: &'static str, words: &[&str]) -> Option<usize> {
        // What YAML 1.1, and so kubectl, makes of `off` without quotes.
        let text = if matches!(self.cursor.value(name), Ok(Json::Bool(false)))
            && words.last() == Some(&"off")
        {
            self.known.push(name);
            "off"
        } else {
            self.text(name)
        };
        if text.is_empty() {
            return None;
        }
        let chosen = words.iter().position(|word| *word == text);
        if chosen.is_none() {
            self.problem(name, not_one_of(text, words));
        }
        chosen
    }

    /// A list of strings, each checked. `check` gives what is wrong with one.
    pub fn texts(&mut self, name: &'static str, check: fn(&str) -> Option<String>) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.items(name).iter().enumerate() {
            let problem = match item {
                Json::String(text) => {
                    texts.push(text.to_string());
                    check(text)
                }
                other => Some(format!("must be a string, not {}", other.type_name())),
            };
            if let Some(problem) = problem {
                let list = self.path.child(name);
                self.problems.add(&list.index(index), problem);
            }
        }
        texts
    }

    /// A string that is checked. `check` gives what is wrong with it.
    pub fn checked(&mut self, name: &'static str, check: fn(&str) -> Option<String>) -> &'a str {
        let text = self.text(name);
        if let Some(problem) = check(text) {
            self.note(name, problem);
        }
        text
    }

    /// A list of maps, each read by `read`.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Reader<'_, '_>) -> T,
    ) -> Vec<T> {
        let mut entries = Vec::new();
        self.each(name, &mut |entry| entries.push(read(entry)));
        entries
    }

    // One for all types: what is generic is in the wasm once for each.
    fn each(&mut self, name: &'static str, read: &mut dyn FnMut(&mut Reader<'_, '_>)) {
        let items = self.items(name);
        let list = self.path.child(name);
        for (index, item) in items.iter().enumerate() {
            let cursor = Cursor::new(item, FieldPath::new(""));
            read_map(cursor, list.index(index), self.problems, &mut *read);
        }
    }

    /// A map, read by `read` also when it is absent.
    pub fn map<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'_, '_>) -> T) -> T {
        let result = self.cursor.value(name);
        let json = self.keep(name, result).unwrap_or(&Json::Null);
        read_map(
            Cursor::new(json, FieldPath::new("")),
            self.path.child(name),
            self.problems,
            read,
        )
    }

    /// Takes a field for known that is read in another way.
    pub fn leave(&mut self, name: &'static str) {
        self.known.push(name);
    }

    /// Notes a problem of the field `name`.
    pub fn problem(&mut self, name: &str, problem: impl Into<String>) {
        self.note(name, problem.into());
    }

    fn note(&mut self, name: &str, problem: String) {
        self.problems.add(&self.path.child(name), problem);
    }

    fn items(&mut self, name: &'static str) -> &'a [Json<'a>] {
        let result = self.cursor.value(name);
        match self.keep(name, result) {
            None | Some(Json::Null) => &[],
            Some(Json::List(items)) => items,
            Some(other) => {
                self.problem(name, format!("must be a list, not {}", other.type_name()));
                &[]
            }
        }
    }

    fn keep<T>(&mut self, name: &'static str, result: Result<T, DecodeError>) -> Option<T> {
        self.known.push(name);
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(name, error.problem());
                None
            }
        }
    }

    /// A reader of a map; what is no map is noted, and read as an empty one.
    fn new<'r>(
        cursor: Cursor<'r>,
        path: FieldPath<'r>,
        problems: &'r mut Problems,
    ) -> Reader<'r, 'r> {
        let cursor = match cursor.fields() {
            Ok(_) => cursor,
            Err(error) => {
                problems.add(&path, error.problem());
                Cursor::new(&Json::Null, FieldPath::new(""))
            }
        };
        Reader {
            cursor,
            path,
            known: Vec::new(),
            problems,
        }
    }

    /// Notes fields that were not asked for.
    fn finish(mut self) {
        for (name, _) in self.cursor.fields().unwrap_or_default() {
            // It takes long to say what each of very many was meant to be.
            if !self.known.contains(name) && !self.problems.is_full() {
                // It may be anything.
                let told = message::one_line(name, MAX_NAME_CHARS);
                self.note(&told, not_a_setting(name, &self.known));
            }
        }
    }
}

fn read_map<T>(
    cursor: Cursor<'_>,
    path: FieldPath<'_>,
    problems: &mut Problems,
    read: impl FnOnce(&mut Reader<'_, '_>) -> T,
) -> T {
    let mut reader = Reader::new(cursor, path, problems);
    let settings = read(&mut reader);
    reader.finish();
    settings
}

/// Reads the settings of a payload. Absent and `null` are `{}`.
pub(crate) fn read<S: Settings>(payload: Cursor<'_>) -> Result<S, Problems> {
    // What is wrong with the payload itself is told when its request is read.
    read_json(payload.value("settings").unwrap_or(&Json::Null))
}

/// Reads settings that stand alone, as JSON. Nothing is `{}`.
///
/// # Errors
///
/// Every problem of the settings at once.
pub fn read_text<S: Fields>(text: &str) -> Result<S, Problems> {
    let text = if text.is_empty() { "null" } else { text };
    match json::parse(text, &Arena::new()) {
        Ok(json) => read_json(&json),
        Err(error) => {
            let mut problems = Problems::default();
            problems.add(&"", error.problem());
            Err(problems)
        }
    }
}

fn read_json<S: Fields>(json: &Json<'_>) -> Result<S, Problems> {
    let mut problems = Problems::default();
    let nowhere = FieldPath::new("");
    let settings = read_map(
        Cursor::new(json, nowhere),
        nowhere,
        &mut problems,
        S::read_fields,
    );
    if problems.0.is_empty() {
        Ok(settings)
    } else {
        Err(problems)
    }
}

fn not_a_setting(name: &str, known: &[&str]) -> String {
    let distance = |candidate: &str| distance(name, candidate);
    match known.iter().min_by_key(|candidate| distance(candidate)) {
        Some(nearest) if distance(nearest) <= 1 + name.len() / 3 => {
            format!("is not a setting; did you mean {}?", quote(nearest))
        }
        _ => format!(
            "is not a setting; expected one of {}",
            list_of(&mut known.iter().copied())
        ),
    }
}

/// What is wrong with a text that is none of some words.
#[must_use]
pub fn not_one_of(text: &str, words: &[&str]) -> String {
    let (text, words) = (quote(text), list_of(&mut words.iter().copied()));
    format!("{text} is not one of {words}")
}

/// Words in quotes, for a message: `"a", "b"`.
pub fn list_of(words: &mut dyn Iterator<Item = &str>) -> String {
    let mut list = String::new();
    for word in words {
        // No message has room for more.
        if list.len() > MAX_LIST_BYTES {
            list.push('…');
            break;
        }
        let separator = if list.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(list, "{separator}{}", quote(word));
    }
    list
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Level, settings};

    settings! {
        /// Settings with every kind of field.
        struct Wire {
            /// A list of maps.
            "ranges" => ranges: [Range];
            /// A list of texts.
            "names" => names: [Name], example ["a"];
            /// A flag.
            "strict" => strict: bool = true, example false;
            /// A choice.
            "level" => level: Level = Level::Warn, example "off";
            /// A map.
            "outer" => outer: Outer;
            /// What all policies have.
            "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
        }

        /// A map in a list.
        struct Range {
            /// A text that is checked with the whole map.
            "from" => from: Any, example "7";
            check Self::check;
        }

        /// A map in a map.
        struct Outer {
            /// A text.
            "deep" => deep: Any, example "x";
        }

        /// A text that must not be empty.
        text Name {
            problem: name_problem,
            pattern: "^.+$",
            max_length: 9,
        }

        text Any {
            problem: no_problem,
        }
    }

    impl Range {
        fn check(&mut self, range: &mut Reader<'_, '_>) {
            if self.from == "0" {
                range.problem("from", "must not be 0");
            }
        }
    }

    fn name_problem(name: &str) -> Option<String> {
        name.is_empty().then(|| "is empty".to_owned())
    }

    fn no_problem(_: &str) -> Option<String> {
        None
    }

    impl Settings for Wire {
        fn on_update(&self) -> OnUpdate {
            self.on_update
        }
    }

    fn problems(text: &str) -> String {
        read_text::<Wire>(text).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_valid_in_every_spelling() {
        let default = Wire {
            ranges: vec![],
            names: vec![],
            strict: true,
            level: Level::Warn,
            outer: Outer {
                deep: String::new(),
            },
            on_update: OnUpdate::NewViolations,
        };
        let nulls = r#"{"ranges":null,"names":null,"strict":null,"level":null,"outer":null,"onUpdate":null}"#;
        for text in ["", "null", " null ", "{}", nulls] {
            assert_eq!(read_text::<Wire>(text).as_ref(), Ok(&default), "{text:?}");
        }
    }

    #[test]
    fn reads_what_is_set() {
        let text = r#"{"ranges":[{"from":"7"}],"names":["a"],"strict":false,"level":"off","outer":{"deep":"x"},
            "onUpdate":"enforceAll"}"#;
        let settings = Wire {
            ranges: vec![Range {
                from: "7".to_owned(),
            }],
            names: vec!["a".to_owned()],
            strict: false,
            level: Level::Off,
            outer: Outer {
                deep: "x".to_owned(),
            },
            on_update: OnUpdate::EnforceAll,
        };
        assert_eq!(read_text::<Wire>(text).as_ref(), Ok(&settings));
        let unquoted = text.replace(r#""level":"off""#, r#""level":false"#);
        assert_eq!(
            read_text::<Wire>(&unquoted),
            Ok(settings),
            "kubectl reads off as false"
        );
    }

    #[test]
    fn tells_every_problem() {
        let text = r#"{"rangs":[],"a\nb\u007f":[],"onUpdate":"all","totally":1,"strict":"yes","level":7,"strict":true,
            "ranges":[7,{"from":{}},{"form":1},{"from":"0"}],"names":[{}, "tcp", ""],"outer":[]}"#;
        assert_eq!(
            problems(text).replace("; ", "\n"),
            "ranges[0]: must be a map, not a number\n\
             ranges[1].from: must be a string, not a map\n\
             ranges[2].form: is not a setting\ndid you mean \"from\"?\n\
             ranges[3].from: must not be 0\n\
             names[0]: must be a string, not a map\n\
             names[2]: is empty\n\
             strict: appears more than once\n\
             level: must be a string, not a number\n\
             outer: must be a map, not a list\n\
             onUpdate: \"all\" is not one of \"newViolations\", \"enforceAll\"\n\
             rangs: is not a setting\ndid you mean \"ranges\"?\n\
             a b : is not a setting\nexpected one of \"ranges\", \"names\", \"strict\", \"level\", \"outer\", \"onUpdate\"\n\
             totally: is not a setting\nexpected one of \"ranges\", \"names\", \"strict\", \"level\", \"outer\", \"onUpdate\""
        );
    }

    #[test]
    fn tells_a_hundred_problems_and_that_there_are_more() {
        let told = |count: usize| {
            let problems = problems(&json!({ "names": vec![""; count] }).to_string());
            problems.split("; ").map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(told(MAX_PROBLEMS).len(), MAX_PROBLEMS);
        assert_eq!(told(MAX_PROBLEMS)[99], "names[99]: is empty");
        assert_eq!(told(50_000)[99..], ["names[99]: is empty", "and more"]);
    }

    #[test]
    fn a_list_ends_where_no_message_has_room_for_more() {
        let list = list_of(&mut ["a", "b"].into_iter());
        assert_eq!(list, r#""a", "b""#);
        let list = list_of(&mut std::iter::repeat("name"));
        assert!(
            list.len() < MAX_LIST_BYTES + 20 && list.ends_with(r#""name"…"#),
            "{list}"
        );
    }

    #[test]
    fn settings_that_are_no_map_are_one_problem() {
        assert_eq!(problems("[]"), "the settings: must be a map, not a list");
        assert_eq!(problems("7"), "the settings: must be a map, not a number");
        assert_eq!(
            problems("{"),
            "the settings: is not JSON, or too deep, at line 1, column 1"
        );
        assert_eq!(
            problems(r#"{"ranges":7}"#),
            "ranges: must be a list, not a number"
        );
    }
}
