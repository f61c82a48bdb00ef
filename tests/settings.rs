//! What documents say of settings (a JSON schema, a form, an example) holds for what the policy reads.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::error::Error;

use bundle_tests::docs::questions;
use bundle_tests::settings::{ALL, Description};
use bundle_tests::{Case, Input, cases, read, repository, yaml};
use jsonschema::{Retrieve, Uri, Validator};
use serde_json::{Map, Value, json};
use shared::settings::described::{Setting, flat};

/// The two that have something to say about settings.
struct Judges<'a> {
    description: &'a Description,
    schema: Validator,
}

impl<'a> Judges<'a> {
    fn of(description: &'a Description) -> Self {
        let schema = description.schema();
        assert!(jsonschema::draft202012::meta::is_valid(&schema));
        let schema = jsonschema::draft202012::new(&schema).unwrap();
        Self {
            description,
            schema,
        }
    }

    /// What the policy makes of settings that both accept.
    fn accept(&self, settings: &Value) -> String {
        let policy = self.description.policy;
        if let Err(error) = self.schema.validate(settings) {
            panic!("{policy}: {settings}: the schema refuses it: {error}");
        }
        let read = (self.description.read)(settings);
        read.unwrap_or_else(|problem| panic!("{policy}: {settings}: {problem}"))
    }

    fn refuse(&self, settings: &Value) {
        let policy = self.description.policy;
        let by_schema = !self.schema.is_valid(settings);
        assert!(by_schema, "{policy}: the schema accepts {settings}");
        let by_policy = (self.description.read)(settings).is_err();
        assert!(by_policy, "{policy}: the policy accepts {settings}");
    }
}

fn each(check: impl Fn(&Judges<'_>, &[Setting])) {
    for description in ALL {
        check(
            &Judges::of(description),
            (description.settings)().settings(),
        );
    }
}

/// Settings of which only one is set, at its path, and what has to be there with it. With `null`, it is not there.
fn alone(settings: &[Setting], path: &str, value: &Value) -> Value {
    let mut map = Map::new();
    let (name, below) = path.split_once('.').unwrap_or((path, ""));
    for setting in settings {
        let value = match name.strip_suffix("[]") {
            Some(list) if list == setting.name => {
                json!([alone(setting.kind.settings(), below, value)])
            }
            _ if name == setting.name && below.is_empty() => value.clone(),
            _ if name == setting.name => alone(setting.kind.settings(), below, value),
            _ if setting.is_required => setting.example.clone(),
            _ => continue,
        };
        if !value.is_null() {
            map.insert(setting.name.to_owned(), value);
        }
    }
    Value::Object(map)
}

#[test]
fn the_defaults_written_out_are_the_same_as_nothing() {
    each(|judges, _| {
        let default = (judges.description.default)();
        assert!(default.as_object().unwrap().len() > 5);
        assert_eq!(judges.accept(&default), judges.accept(&json!({})));
    });
}

#[test]
fn every_example_is_accepted_and_changes_something() {
    each(|judges, settings| {
        judges.accept(&(judges.description.settings)().example());
        for (path, setting) in flat(settings) {
            let with = judges.accept(&alone(settings, &path, &setting.example));
            let without = alone(settings, &path, &Value::Null);
            if setting.is_required {
                judges.refuse(&without);
            } else {
                assert_ne!(with, judges.accept(&without), "{path}");
            }
        }
    });
}

#[test]
fn what_is_unknown_or_of_another_type_is_refused() {
    each(|judges, settings| {
        judges.refuse(&json!({"other": 1}));
        for (path, _) in flat(settings) {
            judges.refuse(&alone(settings, &path, &json!({"other": 1})));
            judges.refuse(&alone(settings, &path, &json!([{"other": 1}])));
        }
    });
}

/// Settings in the one spelling that the schema has: what is `null` is left out, and `false` for a level is `off`.
fn in_one_spelling(value: &Value, settings: &[Setting]) -> Value {
    let Some(fields) = value.as_object() else {
        return value.clone();
    };
    let one = |(name, value): (&String, &Value)| {
        let setting = settings.iter().find(|setting| setting.name == name)?;
        let below = setting.kind.settings();
        let value = match value {
            Value::Null => return None,
            Value::Bool(false) if setting.kind.form.is_level() => json!("off"),
            Value::Array(items) => items
                .iter()
                .map(|item| in_one_spelling(item, below))
                .collect(),
            value => in_one_spelling(value, below),
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
                let again = judges.accept(&in_one_spelling(&written, settings));
                assert_eq!(again, read, "{name}");
                accepted += 1;
            }
        }
        assert!(accepted > 10, "{accepted}");
    });
}

#[test]
fn a_form_that_is_not_touched_sends_the_defaults() {
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

/// The YAML below a heading of a page.
fn sample(page: &str, heading: &str) -> Value {
    let page = read(&repository(page)).unwrap();
    let (_, section) = page.split_once(heading).unwrap();
    let (_, sample) = section.split_once("```yaml preflight\n").unwrap();
    let (sample, _) = sample.split_once("```").unwrap();
    yaml::read(sample).unwrap()
}

#[test]
fn the_schema_of_a_configuration_takes_what_the_page_shows() {
    let schema = read(&repository("preflight/config.schema.json")).unwrap();
    let schema = jsonschema::draft202012::options()
        .with_base_uri("file:///preflight/config.schema.json")
        .with_retriever(Files)
        .build(&serde_json::from_str(&schema).unwrap())
        .unwrap();
    let sample = sample("docs/preflight.md", "## The configuration of a project");
    assert!(
        schema.is_valid(&sample),
        "{:?}",
        schema.validate(&sample).err()
    );
    assert!(schema.is_valid(&json!({"settings": "settings.yaml"})));
    for wrong in [
        json!({"path": ["deploy"]}),
        json!({"settings": {"nodeport-ranges": {}}}),
        json!({"failOn": ["violation"]}),
        json!({"exceptions": [{"policy": "a", "rule": "b", "object": "c"}]}),
        json!({"exceptions": [{"policy": "a", "rule": "b", "object": "c", "reason": "d", "until": "soon"}]}),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}
