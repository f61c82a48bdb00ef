//! The settings as documents describe them (a JSON schema, a struct, an example) are those that the policy reads.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;
use std::error::Error;

use bundle_tests::docs::questions;
use bundle_tests::settings::{ALL, Description, Kind, Setting, flat};
use bundle_tests::{Case, Input, cases, discover, read, repository, yaml};
use jsonschema::{Retrieve, Uri, Validator};
use serde_json::{Map, Value, json};

/// Everybody who has something to say about settings.
struct Judges<'a> {
    description: &'a Description,
    schema: Validator,
}

impl<'a> Judges<'a> {
    fn of(description: &'a Description) -> Self {
        let schema = (description.schema)();
        assert!(jsonschema::draft202012::meta::is_valid(&schema));
        let schema = jsonschema::draft202012::new(&schema).unwrap();
        Self {
            description,
            schema,
        }
    }

    /// What the policy makes of settings that all accept.
    fn accept(&self, settings: &Value) -> String {
        let policy = self.description.policy;
        if let Err(error) = self.schema.validate(settings) {
            panic!("{policy}: {settings}: the schema refuses it: {error}");
        }
        assert_eq!(
            (self.description.parse)(settings),
            Ok(()),
            "{policy}: {settings}"
        );
        let read = (self.description.read)(settings);
        read.unwrap_or_else(|problem| panic!("{policy}: {settings}: {problem}"))
    }

    fn refuse(&self, settings: &Value) {
        let policy = self.description.policy;
        assert!(
            !self.schema.is_valid(settings),
            "{policy}: the schema accepts {settings}"
        );
        assert!(
            (self.description.parse)(settings).is_err(),
            "{policy}: the struct accepts {settings}"
        );
        assert!(
            (self.description.read)(settings).is_err(),
            "{policy}: the policy accepts {settings}"
        );
    }
}

fn each(check: impl Fn(&Judges<'_>, &[Setting])) {
    for description in ALL {
        check(&Judges::of(description), &description.settings());
    }
}

/// Settings of which only one is set, at its path, and what has to be there with it.
fn alone(settings: &[Setting], path: &str, value: &Value) -> Value {
    let mut map = Map::new();
    for setting in settings {
        let rest = path.strip_prefix(&setting.path);
        let value = match rest {
            Some("") => value.clone(),
            Some(rest) if rest.starts_with("[]") => json!([alone(setting.children(), path, value)]),
            Some(rest) if rest.starts_with('.') => alone(setting.children(), path, value),
            _ if setting.is_required => setting.example.clone(),
            _ => continue,
        };
        map.insert(setting.name.clone(), value);
    }
    Value::Object(map)
}

/// The same without the one at the path.
fn without(settings: &[Setting], path: &str) -> Value {
    let mut all = alone(settings, path, &Value::Null);
    remove_null(&mut all);
    all
}

fn remove_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(remove_null);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_null),
        _ => {}
    }
}

#[test]
fn the_defaults_written_out_are_the_same_as_nothing() {
    each(|judges, _| {
        let nothing = judges.accept(&json!({}));
        let default = (judges.description.default)();
        assert!(default.as_object().unwrap().len() > 5);
        assert_eq!(judges.accept(&default), nothing);
    });
}

#[test]
fn every_setting_that_the_policy_knows_is_described_and_no_other() {
    each(|judges, settings| {
        let (mut fields, mut choices) = (BTreeSet::new(), BTreeSet::new());
        let problem = |settings: &Value| {
            (judges.description.read)(settings)
                .err()
                .unwrap_or_default()
        };
        discover(&problem, "", &mut fields, &mut choices);
        let described: BTreeSet<String> = flat(settings)
            .iter()
            .map(|setting| setting.path.clone())
            .collect();
        assert_eq!(described, fields);
        let mut words = BTreeSet::new();
        for setting in flat(settings) {
            let (path, choice) = match &setting.kind {
                Kind::List(item) => (format!("{}[]", setting.path), item.as_ref()),
                kind => (setting.path.clone(), kind),
            };
            if let Kind::Choice(choices) = choice {
                words.extend(choices.iter().map(|(word, _)| (path.clone(), word.clone())));
            }
        }
        assert_eq!(words, choices);
    });
}

#[test]
fn every_example_is_accepted_and_changes_something() {
    each(|judges, settings| {
        let example: Value = serde_json::from_str(&(judges.description.example)()).unwrap();
        judges.accept(&example);
        for setting in flat(settings) {
            assert!(!setting.about.is_empty(), "{}", setting.path);
            let with = judges.accept(&alone(settings, &setting.path, &setting.example));
            let without = without(settings, &setting.path);
            if setting.is_required {
                judges.refuse(&without);
            } else {
                assert_ne!(with, judges.accept(&without), "{}", setting.path);
            }
        }
    });
}

#[test]
fn every_word_is_accepted_and_others_are_not() {
    each(|judges, settings| {
        for setting in flat(settings) {
            let (words, in_list) = match &setting.kind {
                Kind::Choice(words) => (words, false),
                Kind::List(item) => match item.as_ref() {
                    Kind::Choice(words) => (words, true),
                    _ => continue,
                },
                _ => continue,
            };
            let value = |word: &str| if in_list { json!([word]) } else { json!(word) };
            for (word, _) in words {
                judges.accept(&alone(settings, &setting.path, &value(word)));
            }
            judges.refuse(&alone(settings, &setting.path, &value("other")));
        }
    });
}

#[test]
fn what_is_of_the_wrong_type_or_unknown_is_refused() {
    each(|judges, settings| {
        judges.refuse(&json!("a"));
        judges.refuse(&json!({"other": 1}));
        for setting in flat(settings) {
            let wrong = match &setting.kind {
                Kind::Choice(_) => vec![json!(7), json!(["deny"]), json!(true)],
                Kind::Flag => vec![json!("true"), json!(1)],
                Kind::Text => vec![json!({}), json!(["a"]), json!(true), json!(1.5)],
                Kind::Map(_) => vec![json!("a"), json!(7), json!({"other": 1})],
                Kind::List(item) => {
                    let item = match item.as_ref() {
                        Kind::Map(_) => json!("a"),
                        _ => json!(7),
                    };
                    vec![json!("a"), json!({}), json!([item]), json!([{"other": 1}])]
                }
            };
            for wrong in wrong {
                judges.refuse(&alone(settings, &setting.path, &wrong));
            }
        }
    });
}

/// Settings in the one spelling that the schema has: what is `null` is left out, and `false` for a level is `off`.
fn in_one_spelling(value: &Value, settings: &[Setting]) -> Value {
    let Some(fields) = value.as_object() else {
        return value.clone();
    };
    let one = |(name, value): (&String, &Value)| {
        let setting = settings.iter().find(|setting| setting.name == *name)?;
        let value = match value {
            Value::Null => return None,
            Value::Bool(false) if setting.kind.is_level() => json!("off"),
            Value::Array(items) => items
                .iter()
                .map(|item| in_one_spelling(item, setting.children()))
                .collect(),
            value => in_one_spelling(value, setting.children()),
        };
        Some((name.clone(), value))
    };
    fields.iter().filter_map(one).collect()
}

#[test]
fn the_settings_of_all_cases_are_accepted_where_the_policy_does() {
    each(|judges, settings| {
        let mut accepted = 0;
        for (policy, name) in cases().unwrap() {
            if policy != judges.description.policy {
                continue;
            }
            let (Input::Request {
                settings: Some(written),
                ..
            }
            | Input::Settings(written)) = Case::read(&policy, &name).unwrap().input
            else {
                continue;
            };
            // No settings at all.
            if written.is_null() {
                continue;
            }
            if let Ok(read) = (judges.description.read)(&written) {
                assert_eq!(
                    judges.accept(&in_one_spelling(&written, settings)),
                    read,
                    "{name}"
                );
                accepted += 1;
            }
        }
        assert!(accepted > 10, "{accepted}");
    });
}

#[test]
fn a_form_that_nobody_touches_sends_the_defaults() {
    fn fill(questions: &Value, settings: &mut Value) {
        for question in questions.as_array().into_iter().flatten() {
            let path = question["variable"].as_str().unwrap();
            let place = path
                .split('.')
                .fold(&mut *settings, |place, name| &mut place[name]);
            *place = question["default"].clone();
            fill(&question["subquestions"], settings);
        }
    }
    each(|judges, settings| {
        let form = yaml::read(&questions::render(settings).unwrap()).unwrap();
        let mut sent = json!({});
        fill(&form["questions"], &mut sent);
        assert_eq!(sent.as_object().unwrap().len(), settings.len());
        let read = |settings: &Value| (judges.description.read)(settings).unwrap();
        assert_eq!(read(&sent), read(&json!({})), "{sent}");
    });
}

/// Reads what a schema refers to from the repository.
struct Files;

impl Retrieve for Files {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let path = repository(uri.path().as_str().trim_start_matches('/'));
        Ok(serde_json::from_str(&read(&path)?)?)
    }
}

#[test]
fn the_schema_of_preflight_leads_to_those_of_the_policies() {
    let schema = read(&repository("preflight/settings.schema.json")).unwrap();
    let schema = jsonschema::draft202012::options()
        .with_base_uri("file:///preflight/settings.schema.json")
        .with_retriever(Files)
        .build(&serde_json::from_str(&schema).unwrap())
        .unwrap();
    assert!(!schema.is_valid(&json!({"nodeport-ranges": {}})));
    for description in ALL {
        let settings = |settings: Value| json!({ description.policy: settings });
        assert!(schema.is_valid(&settings((description.default)())));
        assert!(!schema.is_valid(&settings(json!({"other": 1}))));
    }
}
