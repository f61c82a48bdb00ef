//! Label selectors, and the labels that they are held against.
//!
//! Source: `LabelSelectorAsSelector` in `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go`, `NewRequirement`
//! and `Matches` in `staging/src/k8s.io/apimachinery/pkg/labels/selector.go`.

use crate::index::{Index, hash};
use crate::settings::not_one_of;
use document::Cursor;
use document::DecodeError;

/// The labels of an object, or the pairs of a map that selects by equality alone, as that of a Service does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    /// By their keys, where there are more than a few: users write objects with ten thousands of labels.
    index: Index,
}

/// A selector with `matchLabels` and `matchExpressions`. One that is empty matches everything; what one that is absent
/// matches is for its kind to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector<'a> {
    labels: Labels<'a>,
    expressions: Vec<Expression<'a>>,
}

/// An item of `matchExpressions`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expression<'a> {
    key: &'a str,
    operator: &'a str,
    values: Vec<&'a str>,
}

/// Up to this many are compared faster than they are put in an index.
const FEW: usize = 8;

const OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist"];

/// The fields that this module reads. Those that [`wants_whole`] names hold keys that users choose.
pub const FIELDS: &[&str] = &[
    "matchExpressions",
    "key",
    "operator",
    "values",
    "labels",
    "matchLabels",
];

/// The fields that have to be read with all that they hold.
#[must_use]
pub fn wants_whole(field: &str) -> bool {
    matches!(field, "labels" | "matchLabels")
}

impl<'a> Labels<'a> {
    /// Reads the map at a cursor.
    pub fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self::of(cursor.texts()?))
    }

    /// Reads the map in the field `name`; none are empty.
    pub fn read_field(cursor: &Cursor<'a>, name: &str) -> Result<Self, DecodeError> {
        Ok(cursor.map(name, Self::read)?.unwrap_or_default())
    }

    /// These pairs.
    #[must_use]
    pub fn of(pairs: Vec<(&'a str, &'a str)>) -> Self {
        let index = if pairs.len() > FEW {
            Index::of(&mut pairs.iter().map(|(key, _)| *key))
        } else {
            Index::default()
        };
        Self { pairs, index }
    }

    /// The pairs, in their order.
    #[must_use]
    pub fn pairs(&self) -> &[(&'a str, &'a str)] {
        &self.pairs
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        let is_it = |(known, _): &&(&str, &str)| *known == key;
        let found = if self.pairs.len() > FEW {
            let mut places = self.index.places(hash(0, key));
            places.find_map(|place| self.pairs.get(place).filter(is_it))
        } else {
            self.pairs.iter().find(is_it)
        };
        found.map(|(_, value)| *value)
    }

    /// Whether all pairs of another map are among these.
    #[must_use]
    pub fn have(&self, others: &Self) -> bool {
        let mut others = others.pairs.iter();
        others.all(|(key, value)| self.get(key) == Some(value))
    }
}

impl<'a> LabelSelector<'a> {
    /// Reads the selector at a cursor.
    pub fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            labels: Labels::read_field(cursor, "matchLabels")?,
            expressions: cursor.list("matchExpressions", |expression| {
                Ok(Expression {
                    key: expression.text("key")?,
                    operator: expression.text("operator")?,
                    values: expression.list_of_texts("values")?,
                })
            })?,
        })
    }

    /// Whether nothing is asked for, so that everything matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.pairs.is_empty() && self.expressions.is_empty()
    }

    /// The pairs that `matchLabels` asks for.
    #[must_use]
    pub fn match_labels(&self) -> &Labels<'a> {
        &self.labels
    }

    /// Whether labels are those that are asked for. What is [invalid](Self::problem) matches nothing.
    #[must_use]
    pub fn matches(&self, labels: &Labels<'_>) -> bool {
        let mut expressions = self.expressions.iter();
        labels.have(&self.labels) && expressions.all(|expression| expression.matches(labels))
    }

    /// What is wrong with it: the index of the first expression that no API server takes, its field, and why.
    #[must_use]
    pub fn problem(&self) -> Option<(usize, &'static str, String)> {
        let mut expressions = self.expressions.iter().enumerate();
        expressions.find_map(|(index, expression)| {
            let (field, problem) = expression.problem()?;
            Some((index, field, problem))
        })
    }
}

impl Expression<'_> {
    fn matches(&self, labels: &Labels<'_>) -> bool {
        let value = labels.get(self.key);
        let is_listed = value.is_some_and(|value| self.values.contains(&value));
        match self.operator {
            "In" => is_listed,
            // Also what does not have the label at all.
            "NotIn" => !is_listed && !self.values.is_empty(),
            "Exists" => value.is_some() && self.values.is_empty(),
            "DoesNotExist" => value.is_none() && self.values.is_empty(),
            _ => false,
        }
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        let takes_values = matches!(self.operator, "In" | "NotIn");
        if !OPERATORS.contains(&self.operator) {
            return Some(("operator", not_one_of(self.operator, OPERATORS)));
        }
        (takes_values == self.values.is_empty()).then(|| {
            let problem = if takes_values {
                "must have a value at least"
            } else {
                "must be empty"
            };
            ("values", problem.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;
    use document::json::{self, Arena, Json};

    fn top<'a>(json: &'a Json<'a>) -> Cursor<'a> {
        Cursor::new(json, FieldPath::new(""))
    }

    #[test]
    fn labels_are_found_by_their_keys() {
        let arena = Arena::new();
        let json = json::parse(
            r#"{"labels": {"app": "web", "empty": null, "tier": "front"}}"#,
            &arena,
        )
        .unwrap();
        let labels = Labels::read_field(&top(&json), "labels").unwrap();
        for (key, value) in [
            ("app", Some("web")),
            ("empty", Some("")),
            ("tier", Some("front")),
            ("App", None),
            ("", None),
        ] {
            assert_eq!(labels.get(key), value, "{key}");
        }
        for (pairs, has) in [
            (vec![], true),
            (vec![("app", "web")], true),
            (vec![("tier", "front"), ("app", "web")], true),
            (vec![("app", "api")], false),
            (vec![("app", "web"), ("track", "blue")], false),
        ] {
            assert_eq!(labels.have(&Labels::of(pairs.clone())), has, "{pairs:?}");
        }
        let none = Labels::read_field(&top(&json), "selector").unwrap();
        assert_eq!(none, Labels::default());
        assert!(labels.have(&none) && none.pairs().is_empty());
    }

    #[test]
    fn a_selector_matches_what_it_asks_for() {
        for (selector, matches) in [
            ("{}", true),
            (r#"{"matchLabels": {"app": "web"}}"#, true),
            (r#"{"matchLabels": {"app": "api"}}"#, false),
            (r#"{"matchLabels": {"app": "web", "a": "b"}}"#, false),
            (
                r#"{"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions": [{"key": "app", "operator": "In", "values": ["api"]}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions": [{"key": "a", "operator": "In", "values": [""]}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["web"]}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions": [{"key": "app", "operator": "Exists"}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions": [{"key": "a", "operator": "Exists", "values": []}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions": [{"key": "app", "operator": "DoesNotExist", "values": null}]}"#,
                false,
            ),
            (
                r#"{"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}"#,
                false,
            ),
        ] {
            let arena = Arena::new();
            let json = json::parse(selector, &arena).unwrap();
            let selector = LabelSelector::read(&top(&json)).unwrap();
            let labels = Labels::of(vec![("app", "web"), ("track", "blue")]);
            assert_eq!(selector.matches(&labels), matches, "{selector:?}");
            assert_eq!(selector.problem(), None, "{selector:?}");
        }
    }

    #[test]
    fn what_no_api_server_takes_is_told_and_matches_nothing() {
        for (expression, field, problem) in [
            (
                r#"{"key": "app", "operator": "in", "values": ["web"]}"#,
                "operator",
                r#""in" is not one of "In", "NotIn", "Exists", "DoesNotExist""#,
            ),
            (
                r#"{"key": "app"}"#,
                "operator",
                r#""" is not one of "In", "NotIn", "Exists", "DoesNotExist""#,
            ),
            (
                r#"{"key": "app", "operator": "In", "values": []}"#,
                "values",
                "must have a value at least",
            ),
            (
                r#"{"key": "a", "operator": "NotIn"}"#,
                "values",
                "must have a value at least",
            ),
            (
                r#"{"key": "app", "operator": "Exists", "values": ["web"]}"#,
                "values",
                "must be empty",
            ),
            (
                r#"{"key": "a", "operator": "DoesNotExist", "values": ["web"]}"#,
                "values",
                "must be empty",
            ),
        ] {
            let text = format!(
                r#"{{"matchExpressions": [{{"key": "app", "operator": "Exists"}}, {expression}]}}"#
            );
            let arena = Arena::new();
            let json = json::parse(&text, &arena).unwrap();
            let selector = LabelSelector::read(&top(&json)).unwrap();
            assert_eq!(
                selector.problem(),
                Some((1, field, problem.to_owned())),
                "{expression}"
            );
            let labels = Labels::of(vec![("app", "web")]);
            assert!(!selector.matches(&labels), "{expression}");
            assert!(!selector.is_empty(), "{expression}");
        }
        let arena = Arena::new();
        let json = json::parse(
            r#"{"matchExpressions": [{"key": "app", "values": [7]}]}"#,
            &arena,
        )
        .unwrap();
        let error = LabelSelector::read(&top(&json)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "matchExpressions[0].values[0]: must be a string, not a number"
        );
        let empty = json::parse("{}", &arena).unwrap();
        let empty = LabelSelector::read(&top(&empty)).unwrap();
        assert!(empty.is_empty() && empty.match_labels().pairs().is_empty());
    }
}
