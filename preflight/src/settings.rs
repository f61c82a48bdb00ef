//! The settings of policies, from one file: a map from the name of a policy to its settings.

use std::{collections::BTreeMap, io, path::Path};

use serde_json::{Value, json};

use crate::{
    EvaluationError, Policy,
    config::NAME,
    manifests::{Unreadable, bounded, parse_one, printable},
    names::UnknownName,
};

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there, or may not be read.
    #[error("{file}: cannot be read: {error}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// The file is neither YAML nor JSON.
    #[error("{file}, {error}")]
    Syntax {
        /// The file.
        file: String,
        /// Where and why.
        error: Unreadable,
    },
    /// The file holds something else.
    #[error("{0}: must be a map from the name of a policy to its settings")]
    NotAMap(String),
    /// Settings for a policy that is not there are probably a typing mistake.
    #[error("{file}: there is no policy {unknown}")]
    UnknownPolicy {
        /// The file.
        file: String,
        /// The name and what was probably meant.
        unknown: UnknownName,
    },
    /// The policy says no.
    #[error("invalid settings for {policy}: {}", problems(.policy, .message))]
    Refused {
        /// The policy.
        policy: String,
        /// Why, in its own words.
        message: String,
    },
    /// The policy gives no answer.
    #[error("{policy} could not check its settings: {error}")]
    Unchecked {
        /// The policy.
        policy: String,
        /// Why.
        error: EvaluationError,
    },
}

/// What a policy of this bundle says is wrong, without its own name before it; that of another one whole.
fn problems<'m>(policy: &str, message: &'m str) -> &'m str {
    let own = message.strip_prefix("wrong settings of ");
    let own = own.and_then(|rest| rest.strip_prefix(policy)?.strip_prefix(": "));
    own.unwrap_or(message)
}

/// The settings of each policy. A policy that is not named gets `{}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// Reads the file. Every name in it must be one of `known`.
    pub fn read(path: &Path, known: &[&str]) -> Result<Self, SettingsError> {
        let file = printable(&path.display().to_string());
        let text = bounded::read_to_string(path).map_err(|error| SettingsError::Io {
            file: file.clone(),
            error,
        })?;
        Self::parse(&file, &text, known)
    }

    /// Takes those of a `.preflight.yaml`.
    pub fn of_project(settings: &Value, known: &[&str]) -> Result<Self, SettingsError> {
        Self::of_value(&format!("settings in {NAME}"), settings.clone(), known)
    }

    fn parse(file: &str, text: &str, known: &[&str]) -> Result<Self, SettingsError> {
        let value = parse_one(text)
            .map(Value::from)
            .map_err(|error| SettingsError::Syntax {
                file: file.to_owned(),
                error,
            })?;
        Self::of_value(file, value, known)
    }

    fn of_value(file: &str, value: Value, known: &[&str]) -> Result<Self, SettingsError> {
        let file = || file.to_owned();
        let settings = match value {
            Value::Null => BTreeMap::new(),
            Value::Object(settings) => settings.into_iter().collect(),
            _ => return Err(SettingsError::NotAMap(file())),
        };
        if let Some(name) = settings.keys().find(|name| !known.contains(&name.as_str())) {
            let unknown = UnknownName::new(name, known.iter().copied());
            return Err(SettingsError::UnknownPolicy {
                file: file(),
                unknown,
            });
        }
        Ok(Self(settings))
    }

    /// The settings of one policy.
    #[must_use]
    pub fn of(&self, policy: &str) -> Value {
        self.0
            .get(policy)
            .filter(|settings| !settings.is_null())
            .cloned()
            .unwrap_or_else(|| json!({}))
    }
}

/// Asks the policy itself, before anything is judged with settings that it would not take in a cluster.
pub fn check(policy: &Policy, settings: &Value) -> Result<(), SettingsError> {
    let name = || policy.name().to_owned();
    let response =
        policy
            .validate_settings(settings)
            .map_err(|error| SettingsError::Unchecked {
                policy: name(),
                error,
            })?;
    if response.valid {
        return Ok(());
    }
    let message = response
        .message
        .unwrap_or_else(|| "it does not say why".to_owned());
    Err(SettingsError::Refused {
        policy: name(),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["hostpath-mounts", "nodeport-range"];

    #[test]
    fn problems_are_told_without_the_name_of_the_policy_twice() {
        for (message, told) in [
            (
                "wrong settings of web: size: is missing",
                "size: is missing",
            ),
            (
                "wrong settings of web-x: size: is missing",
                "wrong settings of web-x: size: is missing",
            ),
            ("no", "no"),
        ] {
            assert_eq!(problems("web", message), told);
        }
    }

    #[test]
    fn a_policy_without_settings_gets_empty_ones() {
        let settings = Settings::parse(
            "s.yaml",
            "hostpath-mounts: {a: 1}\nnodeport-range:\n",
            &KNOWN,
        )
        .unwrap();
        assert_eq!(settings.of("hostpath-mounts"), json!({"a": 1}));
        assert_eq!(settings.of("nodeport-range"), json!({}));
        assert_eq!(settings.of("other"), json!({}));
        assert_eq!(
            Settings::parse("s.yaml", "# nothing\n", &KNOWN).unwrap(),
            Settings::default()
        );
    }

    #[test]
    fn says_what_is_wrong_with_the_file() {
        for (text, expected) in [
            (
                "- a",
                "s.yaml: must be a map from the name of a policy to its settings",
            ),
            (
                "a: [",
                "s.yaml, line 1: cannot be read: what starts here has no end (column 4)",
            ),
            (
                "nodeports-range: {}",
                r#"s.yaml: there is no policy "nodeports-range"; did you mean "nodeport-range"?"#,
            ),
        ] {
            assert_eq!(
                Settings::parse("s.yaml", text, &KNOWN)
                    .unwrap_err()
                    .to_string(),
                expected
            );
        }
    }
}
