//! Quantities such as `100m` and `1Gi`: whether one is there, and whether it is nothing. How much it is exactly is in
//! [`amount`], for the policies that compare.
//!
//! Source of the grammar: `staging/src/k8s.io/apimachinery/pkg/api/resource/{quantity,suffix}.go`.

pub mod amount;

use document::Cursor;
use document::DecodeError;
use document::Json;

/// A quantity that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Exactly zero, however it is spelled: `0`, `0.0`, `0e5`, `null`.
    Zero,
    /// Anything else. However little it is, Kubernetes rounds it up to something (`SetDefaults_ResourceList` in
    /// `pkg/apis/core/v1/defaults.go`).
    Something,
}

/// Suffixes, longest first where one ends in another.
const SUFFIXES: &[&str] = &[
    "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "n", "u", "m", "k", "M", "G", "T", "P", "E",
];

impl Quantity {
    /// Reads a quantity. None for what is not one.
    ///
    /// ```
    /// use shared::kubernetes::quantity::Quantity;
    ///
    /// assert_eq!(Quantity::parse("100m"), Some(Quantity::Something));
    /// assert_eq!(Quantity::parse("0.0Ki"), Some(Quantity::Zero));
    /// assert_eq!(Quantity::parse("1GB"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The JSON decoder of Kubernetes trims spaces, and no other blanks.
        let text = text.trim_matches(' ');
        let number = without_suffix(text);
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut characters = whole.bytes().chain(fraction.bytes());
        if text.is_empty() || !characters.all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let nothing = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        Some(if nothing { Self::Zero } else { Self::Something })
    }

    /// Reads the value of a field. `null` is 0, as it is in Kubernetes where a quantity is needed.
    fn of(json: &Json<'_>) -> Option<Self> {
        match json {
            Json::Null | Json::Integer(0) => Some(Self::Zero),
            Json::Number(number) if *number == 0.0 => Some(Self::Zero),
            Json::Integer(_) | Json::Number(_) => Some(Self::Something),
            Json::String(text) => Self::parse(text),
            Json::Bool(_) | Json::List(_) | Json::Map(_) => None,
        }
    }
}

/// What stands before the suffix or the exponent.
fn without_suffix(text: &str) -> &str {
    match SUFFIXES.iter().find_map(|suffix| text.strip_suffix(suffix)) {
        Some(number) => number,
        None => without_exponent(text),
    }
}

/// What stands before a decimal exponent. Without digits behind it, an `e` is part of what is no number.
fn without_exponent(text: &str) -> &str {
    let is_exponent = |exponent: &str| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split_once(['e', 'E']) {
        Some((number, exponent)) if is_exponent(exponent) => number,
        _ => text,
    }
}

/// Quantities by the names of resources, as in `resources.requests`.
pub type Quantities<'a> = Vec<(&'a str, Quantity)>;

/// The quantity of the resource `name`. None where there is none.
#[must_use]
pub fn find(quantities: &[(&str, Quantity)], name: &str) -> Option<Quantity> {
    let mut found = quantities.iter().filter(|(resource, _)| *resource == name);
    found.next().map(|(_, quantity)| *quantity)
}

/// The quantities of the map in a field; none when it is absent.
pub fn read_all<'a>(cursor: &Cursor<'a>, field: &str) -> Result<Quantities<'a>, DecodeError> {
    let read = |map: &Cursor<'a>| {
        let fields = map.fields()?;
        let mut quantities = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            let Some(quantity) = Quantity::of(value) else {
                let found = match value {
                    Json::String(_) => "other text",
                    other => other.type_name(),
                };
                let path = map.path.entry(key);
                return Err(DecodeError::unexpected(&path, found, such_as(key)));
            };
            quantities.push((*key, quantity));
        }
        Ok(quantities)
    };
    Ok(cursor.map(field, read)?.unwrap_or_default())
}

/// What is expected of a resource: a thousandth of a byte, as in `100m`, is hardly ever meant.
fn such_as(resource: &str) -> &'static str {
    if resource == "cpu" {
        "a quantity such as 100m"
    } else {
        "a quantity such as 100Mi"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;
    use document::json::{self, Arena};

    /// What is asked of a quantity that is read from `{"a":{"x":<json>}}`; the text of the error where it is refused.
    fn read(json: &str) -> Result<Quantity, String> {
        let text = format!(r#"{{"a":{{"x":{json}}}}}"#);
        let arena = Arena::new();
        let parsed = json::parse(&text, &arena).map_err(|error| error.to_string())?;
        let read = read_all(&Cursor::new(&parsed, FieldPath::new("")), "a");
        let found = read.map_err(|error| error.to_string())?;
        find(&found, "x").ok_or_else(|| "is not there".to_owned())
    }

    #[test]
    fn takes_quantities_for_what_kubernetes_takes_them_for() {
        let table = include_str!("../../tests/quantities.tsv");
        let rows = table
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut seen = 0;
        for row in rows {
            let mut columns = row.split('\t');
            let (expected, value) = (columns.next().unwrap(), columns.next().unwrap());
            let result = |json: &str| match read(json) {
                Ok(Quantity::Zero) => "zero",
                Ok(Quantity::Something) => "something",
                Err(text) if text.starts_with("a.x: must be a quantity such as 100Mi, not ") => {
                    "refused"
                }
                Err(_) => "unreadable",
            };
            assert_eq!(result(value), expected, "{row}");
            // A sign before a number changes nothing of this.
            if let Some(number) = value.strip_prefix('"')
                && number.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            {
                for sign in ['+', '-'] {
                    assert_eq!(
                        result(&format!("\"{sign}{number}")),
                        expected,
                        "{sign} {row}"
                    );
                }
            }
            seen += 1;
        }
        assert!(seen > 240, "{seen} rows");
    }

    #[test]
    fn reads_strings_numbers_and_null() {
        let text = r#"{"a":{"cpu":"100m","memory":1,"x":1.5,"y":0,"z":0.0,"n":null},"b":null}"#;
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        let cursor = Cursor::new(&json, FieldPath::new("resources"));
        let found = read_all(&cursor, "a").unwrap();
        let (zero, some) = (Quantity::Zero, Quantity::Something);
        assert_eq!(
            found,
            [
                ("cpu", some),
                ("memory", some),
                ("x", some),
                ("y", zero),
                ("z", zero),
                ("n", zero)
            ]
        );
        assert_eq!(
            (find(&found, "y"), find(&found, "gpu")),
            (Some(Quantity::Zero), None)
        );
        assert_eq!(read_all(&cursor, "b"), Ok(vec![]));
        assert_eq!(read_all(&cursor, "c"), Ok(vec![]));
    }

    #[test]
    fn names_what_is_no_quantity() {
        for (text, expected) in [
            (
                r#"{"a":{"b.c/d":true}}"#,
                "r.a[\"b.c/d\"]: must be a quantity such as 100Mi, not true or false",
            ),
            (
                r#"{"a":{"cpu":"1GB"}}"#,
                "r.a.cpu: must be a quantity such as 100m, not other text",
            ),
            (r#"{"a":[]}"#, "r.a: must be a map, not a list"),
        ] {
            let arena = Arena::new();
            let json = json::parse(text, &arena).unwrap();
            let error = read_all(&Cursor::new(&json, FieldPath::new("r")), "a");
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
    }
}
