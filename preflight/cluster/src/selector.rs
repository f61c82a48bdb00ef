//! Label and field selectors: what they ask for, and the notation of `kubectl -l` and `--field-selector`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use tree::Value;

/// One condition on one label or field.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

impl Requirement {
    /// The label is there and has one of these values.
    #[must_use]
    pub fn is_in(key: String, values: Vec<String>) -> Self {
        let test = Test::In(values);
        Self { key, test }
    }

    /// The label has none of these values; it may be missing.
    #[must_use]
    pub fn is_not_in(key: String, values: Vec<String>) -> Self {
        let test = Test::NotIn(values);
        Self { key, test }
    }

    /// The label is there.
    #[must_use]
    pub fn exists(key: String) -> Self {
        let test = Test::Exists;
        Self { key, test }
    }

    /// The label is not there.
    #[must_use]
    pub fn is_absent(key: String) -> Self {
        let test = Test::Absent;
        Self { key, test }
    }

    /// The label or field that it asks about.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether this value, or none, meets the condition.
    #[must_use]
    pub fn holds(&self, value: Option<&str>) -> bool {
        self.test.holds(value)
    }

    /// Whether the labels of an object meet the condition.
    #[must_use]
    pub fn matches_labels(&self, object: &Value) -> bool {
        let label = object
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(&self.key))
            .and_then(Value::as_str);
        self.test.holds(label)
    }

    /// Whether a field of an object meets the condition. A field that is not there counts as empty.
    #[must_use]
    pub fn matches_field(&self, object: &Value) -> bool {
        let field = self
            .key
            .split('.')
            .try_fold(object, |value, name| value.get(name));
        let text = match field {
            Some(Value::String(text)) => text.to_string(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        self.test.holds(Some(&text))
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let among = |values: &[String]| {
            value.is_some_and(|value| values.iter().any(|wanted| wanted == value))
        };
        match self {
            Self::In(values) => among(values),
            Self::NotIn(values) => !among(values),
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
        }
    }
}

/// Reads a label selector as it stands in an object, or tells what is wrong with it.
pub fn of_object(selector: LabelSelector) -> Result<Vec<Requirement>, String> {
    let labels = selector.match_labels.into_iter().flatten();
    let labels = labels.map(|(key, value)| Ok(Requirement::is_in(key, vec![value])));
    let expressions = selector.match_expressions.into_iter().flatten();
    let expressions = expressions.map(|expression| {
        let (key, values) = (expression.key, expression.values.unwrap_or_default());
        match expression.operator.as_str() {
            _ if key.is_empty() => Err("matchExpressions: a key is missing".to_owned()),
            "In" => Ok(Requirement::is_in(key, values)),
            "NotIn" => Ok(Requirement::is_not_in(key, values)),
            "Exists" => Ok(Requirement::exists(key)),
            "DoesNotExist" => Ok(Requirement::is_absent(key)),
            other => Err(format!(
                "matchExpressions: the operator of {key} is {other:?}; it has to be In, NotIn, Exists or DoesNotExist"
            )),
        }
    });
    labels.chain(expressions).collect()
}

/// Reads a label selector: `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a`, joined by commas.
pub fn labels(selector: &str) -> Result<Vec<Requirement>, String> {
    parse(selector, |part| {
        if let Some(requirement) = set_based(part)? {
            return Ok(requirement);
        }
        if let Some(requirement) = equality(part) {
            return Ok(requirement);
        }
        let (key, test) = part
            .strip_prefix('!')
            .map_or((part, Test::Exists), |key| (key, Test::Absent));
        named(key.trim(), test).ok_or_else(|| unreadable(part))
    })
}

/// Reads a field selector: `a.b=c`, `a.b==c`, `a.b!=c`, joined by commas.
pub fn fields(selector: &str) -> Result<Vec<Requirement>, String> {
    parse(selector, |part| {
        equality(part).ok_or_else(|| unreadable(part))
    })
}

fn parse(
    selector: &str,
    requirement: impl Fn(&str) -> Result<Requirement, String>,
) -> Result<Vec<Requirement>, String> {
    // Commas also part the values in brackets.
    let mut depth = 0_u32;
    selector
        .split(|character| {
            match character {
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            character == ',' && depth == 0
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(requirement)
        .collect()
}

fn equality(part: &str) -> Option<Requirement> {
    if let Some((key, value)) = part.split_once("!=") {
        return named(key.trim(), Test::NotIn(vec![value.trim().to_owned()]));
    }
    let (key, value) = part.split_once('=')?;
    let value = value.strip_prefix('=').unwrap_or(value);
    named(key.trim(), Test::In(vec![value.trim().to_owned()]))
}

fn set_based(part: &str) -> Result<Option<Requirement>, String> {
    let Some((head, values)) = part.split_once('(') else {
        return Ok(None);
    };
    let values = values
        .trim_end()
        .strip_suffix(')')
        .ok_or_else(|| unreadable(part))?;
    let values = values
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    let mut words = head.split_whitespace();
    let requirement = match (words.next(), words.next(), words.next()) {
        (Some(key), Some("in"), None) => named(key, Test::In(values)),
        (Some(key), Some("notin"), None) => named(key, Test::NotIn(values)),
        _ => None,
    };
    requirement.map(Some).ok_or_else(|| unreadable(part))
}

fn named(key: &str, test: Test) -> Option<Requirement> {
    let usable = !key.is_empty() && !key.contains(char::is_whitespace);
    usable.then(|| Requirement {
        key: key.to_owned(),
        test,
    })
}

fn unreadable(part: &str) -> String {
    format!("unable to parse requirement: {part:?}")
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn matches_labels_as_kubectl_does() {
        let object = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        for (selector, expected) in [
            ("", true),
            ("app=web", true),
            ("app == web,tier!=back", true),
            ("app=api", false),
            ("app in (api, web),tier", true),
            ("app notin (web)", false),
            ("zone notin (a)", true),
            ("zone!=a", true),
            ("zone", false),
            ("!zone", true),
            ("!app", false),
        ] {
            let requirements = labels(selector).unwrap();
            assert_eq!(
                requirements.iter().all(|one| one.matches_labels(&object)),
                expected,
                "{selector}"
            );
        }
    }

    #[test]
    fn matches_fields_by_dotted_path() {
        let object = json!({"metadata": {"name": "web"}, "spec": {"replicas": 3, "paused": true}});
        for (selector, expected) in [
            ("metadata.name=web", true),
            ("metadata.name!=web", false),
            ("spec.replicas=3,spec.paused=true", true),
            ("spec.nodeName=", true),
            ("spec.nodeName=a", false),
        ] {
            let requirements = fields(selector).unwrap();
            assert_eq!(
                requirements.iter().all(|one| one.matches_field(&object)),
                expected,
                "{selector}"
            );
        }
    }

    #[test]
    fn names_the_part_that_it_cannot_read() {
        for (selector, part) in [
            ("a b", "a b"),
            ("a=b,c in (d", "c in (d"),
            ("a within (b)", "a within (b)"),
            ("!", "!"),
        ] {
            assert_eq!(
                labels(selector).unwrap_err(),
                format!("unable to parse requirement: {part:?}")
            );
        }
        assert_eq!(
            fields("a").unwrap_err(),
            "unable to parse requirement: \"a\""
        );
    }

    #[test]
    fn reads_the_requirements_of_a_selector() {
        let read = |selector: Value| of_object(serde_json::from_value(selector.into()).unwrap());
        let expression = |key: &str, operator: &str| json!({"matchExpressions": [{"key": key, "operator": operator, "values": ["a"]}]});
        let values = || vec!["a".to_owned()];
        let key = || "k".to_owned();
        for (selector, expected) in [
            (json!({}), Ok(vec![])),
            (json!({"matchLabels": {"k": "a"}}), Ok(vec![Requirement::is_in(key(), values())])),
            (expression("k", "In"), Ok(vec![Requirement::is_in(key(), values())])),
            (expression("k", "NotIn"), Ok(vec![Requirement::is_not_in(key(), values())])),
            (expression("k", "Exists"), Ok(vec![Requirement::exists(key())])),
            (expression("k", "DoesNotExist"), Ok(vec![Requirement::is_absent(key())])),
            (
                expression("k", "in"),
                Err("matchExpressions: the operator of k is \"in\"; it has to be In, NotIn, Exists or DoesNotExist".to_owned()),
            ),
            (expression("", "In"), Err("matchExpressions: a key is missing".to_owned())),
        ] {
            assert_eq!(read(selector.clone()), expected, "{selector}");
        }
    }
}
