//! Settings as documents describe them: JSON schemas, tables and forms are written from this. It is not part of the wasm.
//!
//! It is stricter than the reader where more than one spelling means the same: it has no `null` for what can be left out,
//! and no `false` for `off`.

#[doc(hidden)]
pub use serde_json::{Value, json};

/// A type of settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// The name in code, which schemas use. Empty for types that every language has.
    pub name: &'static str,
    /// What it is, in a sentence. Empty where the settings say it.
    pub about: String,
    /// What users write.
    pub form: Form,
}

/// What users write for a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// One of several words, each with what it means.
    Choice(Vec<(&'static str, String)>),
    /// True or false.
    Flag,
    /// A text.
    Text {
        /// What it matches, as a regular expression of JSON schemas.
        pattern: &'static str,
        /// How many characters it may have.
        max_length: Option<u64>,
    },
    /// A text that YAML may take for a number: `30080`, `30080-30090`.
    Scalar,
    /// A list of what is all of one type.
    List(Box<Type>),
    /// Settings below it.
    Map(Vec<Setting>),
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The name that users write.
    pub name: &'static str,
    /// What it does, in sentences.
    pub about: String,
    /// What it can be.
    pub kind: Type,
    /// What it is when it is left out. None where that says something else, or must not be.
    pub default: Option<Value>,
    /// Whether it must not be left out.
    pub is_required: bool,
    /// A value that is not the default.
    pub example: Value,
}

impl Type {
    /// A type with a doc comment.
    #[must_use]
    pub fn new(name: &'static str, about: &[&str], form: Form) -> Self {
        let about = one_line(about);
        Self { name, about, form }
    }

    /// A type of which there is nothing to say.
    #[must_use]
    pub fn unnamed(form: Form) -> Self {
        Self::new("", &[], form)
    }

    /// What is made of the examples of the settings below it.
    #[must_use]
    pub fn example(&self) -> Value {
        match &self.form {
            Form::List(item) => vec![item.example()].into(),
            Form::Map(settings) => {
                let of = |setting: &Setting| (setting.name.to_owned(), setting.example.clone());
                settings.iter().map(of).collect()
            }
            _ => Value::Null,
        }
    }

    /// The settings below it, of a map or of the items of a list.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        match &self.form {
            Form::Map(settings) => settings,
            Form::List(item) => item.settings(),
            _ => &[],
        }
    }
}

impl Form {
    /// Words with their doc comments.
    #[must_use]
    pub fn words(words: &[(&'static str, &[&str])]) -> Self {
        let words = words.iter().map(|(word, about)| (*word, one_line(about)));
        Self::Choice(words.collect())
    }

    /// Whether it is a level: `deny`, `warn` or `off`.
    #[must_use]
    pub fn is_level(&self) -> bool {
        matches!(self, Self::Choice(words) if words.iter().map(|(word, _)| *word).eq(["deny", "warn", "off"]))
    }
}

/// Settings and all that are below them with their paths, `size.total` or `allowed[].path`, each before what is below it.
#[must_use]
pub fn flat(settings: &[Setting]) -> Vec<(String, &Setting)> {
    let mut all = Vec::new();
    for setting in settings {
        let separator = match setting.kind.form {
            Form::List(_) => "[].",
            _ => ".",
        };
        all.push((setting.name.to_owned(), setting));
        let below = flat(setting.kind.settings()).into_iter();
        all.extend(
            below.map(|(path, below)| (format!("{}{separator}{path}", setting.name), below)),
        );
    }
    all
}

/// The lines of a doc comment, in one.
pub(super) fn one_line(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}
