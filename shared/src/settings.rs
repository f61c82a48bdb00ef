//! Settings: read, checked, and refused with every problem at once.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::decode::{self, DecodeError, Problem, Step};
use crate::field::FieldPath;

/// The settings of a policy as an administrator writes them. `{}` is always valid, safe and useful.
///
/// Implemented by a serde struct with `deny_unknown_fields`, camel case and a default for every field; it has no
/// meaning beyond the text. Rules see only what [`Settings::check`] makes of it.
pub trait Settings: DeserializeOwned {
    /// Settings that hold together, in the form that rules need.
    type Checked;

    /// Turns the text into meaning, and finds every problem on the way.
    fn check(self) -> Result<Self::Checked, Problems>;

    /// Whether an UPDATE is judged by itself or by what it makes worse.
    fn on_update(checked: &Self::Checked) -> OnUpdate;
}

/// What to do about violations that an object already had before an UPDATE.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnUpdate {
    /// Warn of them. Only new ones are refused, so that a policy can be switched on in a running cluster: old objects
    /// can be labelled, scaled and rolled, and a fixed Deployment can scale its old ReplicaSet down.
    #[default]
    NewViolations,
    /// Refuse them, except where Kubernetes itself writes the object (its controllers, the kubelet).
    EnforceAll,
}

/// What is wrong with settings, problem by problem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    /// Notes a problem of the setting at `path`. Nothing is noted of what is part of a setting that has a problem.
    pub fn add(&mut self, path: &FieldPath<'_>, problem: impl fmt::Display) {
        self.note(path.to_string(), problem.to_string());
    }

    /// Notes an error and goes on.
    pub fn keep<T, E: fmt::Display>(
        &mut self,
        path: &FieldPath<'_>,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(path, error)).ok()
    }

    /// The checked settings, if there was no problem.
    pub fn finish<T>(self, checked: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(checked)
        } else {
            Err(self)
        }
    }

    fn note(&mut self, path: String, problem: String) {
        let known = |(place, _): &(String, String)| {
            path.strip_prefix(place.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !self.0.iter().any(known) {
            self.0.push((path, problem));
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (path, problem)) in self.0.iter().enumerate() {
            let separator = if position > 0 { "; " } else { "" };
            let colon = if path.is_empty() {
                "the settings: "
            } else {
                ": "
            };
            write!(f, "{separator}{path}{colon}{problem}")?;
        }
        Ok(())
    }
}

/// Reads and checks settings. Absent and `null` are `{}`.
pub(crate) fn read<S: Settings>(json: Option<&str>) -> Result<S::Checked, Problems> {
    let json = match json.unwrap_or_default().trim() {
        "" | "null" => "{}",
        json => json,
    };
    match decode::decode::<S>(json) {
        Ok(settings) => settings.check(),
        Err(first) => Err(all_problems::<S>(json, first)),
    }
}

/// serde stops at the first problem. This takes it out of the document and reads the rest, until nothing is wrong with
/// the form; then the meaning is checked.
fn all_problems<S: Settings>(json: &str, first: DecodeError) -> Problems {
    /// More than anybody would read.
    const MOST: usize = 100;

    let mut problems = Problems::default();
    let mut error = first;
    let Ok(mut document) = serde_json::from_str::<Value>(json) else {
        problems.note(error.path(), error.problem().to_string());
        return problems;
    };
    for _ in 0..MOST {
        problems.note(error.path(), explain(error.problem()));
        if !take_out(&mut document, error.steps()) {
            break;
        }
        // A `Value` can always be written.
        match decode::decode::<S>(&document.to_string()) {
            Ok(settings) => {
                if let Err(more) = settings.check() {
                    for (path, problem) in more.0 {
                        problems.note(path, problem);
                    }
                }
                break;
            }
            Err(next) => error = next,
        }
    }
    problems
}

/// Removes a value that is not what it should be. A list keeps its length, so that the places of its other items stay
/// true: the item gives way to an empty one of another type, and once all were tried, to nothing.
fn take_out(document: &mut Value, steps: &[Step]) -> bool {
    let Some((last, parents)) = steps.split_last() else {
        return false;
    };
    let parent = parents.iter().try_fold(document, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    });
    match (parent, last) {
        (Some(Value::Object(map)), Step::Key(key)) => map.remove(key).is_some(),
        (Some(Value::Array(items)), Step::Index(index)) => {
            let Some(item) = items.get_mut(*index) else {
                return false;
            };
            let replacement = match item {
                Value::Object(map) if map.is_empty() => Value::String(String::new()),
                Value::String(text) if text.is_empty() => Value::from(0),
                Value::Number(number) if number.as_u64() == Some(0) => return take_out_list(items),
                _ => Value::Object(serde_json::Map::new()),
            };
            *item = replacement;
            true
        }
        _ => false,
    }
}

fn take_out_list(items: &mut Vec<Value>) -> bool {
    items.clear();
    true
}

fn explain(problem: &Problem) -> String {
    let Problem::Unknown { name, known } = problem else {
        return problem.to_string();
    };
    let distance =
        |candidate: &String| strsim::levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
    match known.iter().min_by_key(|candidate| distance(candidate)) {
        Some(nearest) if distance(nearest) <= 1 + name.len() / 3 => {
            format!("is not a setting; did you mean {nearest:?}?")
        }
        _ => format!("is not a setting; known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
    struct Wire {
        ranges: Vec<Range>,
        on_update: OnUpdate,
        limit: Option<u16>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
    struct Range {
        from: u16,
        protocols: Vec<String>,
    }

    impl Settings for Wire {
        type Checked = (Vec<u16>, OnUpdate);

        fn check(self) -> Result<Self::Checked, Problems> {
            let mut problems = Problems::default();
            let path = FieldPath::new("ranges");
            for (index, range) in self.ranges.iter().enumerate() {
                if range.from == 0 {
                    problems.add(&path.index(index).child("from"), "must not be 0");
                }
            }
            problems.keep(
                &FieldPath::new("limit"),
                self.limit.map_or(Ok(0), |_| "x".parse::<u16>()),
            );
            problems.finish((
                self.ranges.iter().map(|range| range.from).collect(),
                self.on_update,
            ))
        }

        fn on_update(checked: &Self::Checked) -> OnUpdate {
            checked.1
        }
    }

    fn problems(json: &str) -> String {
        read::<Wire>(Some(json)).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_valid_in_every_spelling() {
        for json in [None, Some(""), Some("null"), Some(" null "), Some("{}")] {
            assert_eq!(
                read::<Wire>(json),
                Ok((vec![], OnUpdate::NewViolations)),
                "{json:?}"
            );
        }
        let settings = read::<Wire>(Some(r#"{"ranges":[{"from":7}],"onUpdate":"enforceAll"}"#));
        assert_eq!(settings, Ok((vec![7], OnUpdate::EnforceAll)));
    }

    #[test]
    fn tells_every_problem_of_form_and_of_meaning() {
        let json = r#"{"rangs":[],"onUpdate":"all","limit":5,"totally":1,
            "ranges":[7,{"from":"x"},{"form":1,"protocols":[{}, "tcp", 7]},{"from":0}]}"#;
        assert_eq!(
            problems(json).replace("; ", "\n"),
            "rangs: is not a setting\ndid you mean \"ranges\"?\n\
             onUpdate: must be \"newViolations\" or \"enforceAll\"\n\
             ranges[0]: must be a map, not a number\n\
             ranges[1].from: must be a whole number, not a string\n\
             ranges[2].form: is not a setting\ndid you mean \"from\"?\n\
             ranges[2].protocols[0]: must be a string, not a map\n\
             ranges[2].protocols[2]: must be a string, not a number\n\
             totally: is not a setting\nknown are ranges, onUpdate, limit\n\
             ranges[2].from: must not be 0\n\
             ranges[3].from: must not be 0\n\
             limit: invalid digit found in string"
        );
    }

    #[test]
    fn settings_that_are_no_map_are_one_problem() {
        assert_eq!(problems("[]"), "the settings: must be a map, not a list");
        assert_eq!(problems("7"), "the settings: must be a map, not a number");
        assert_eq!(problems("{"), "the settings: is not JSON");
        assert_eq!(
            problems(r#"{"ranges":7}"#),
            "ranges: must be a list, not a number"
        );
    }
}
