//! Quantities such as `100m` and `1Gi`, as far as policies need them: whether one is there, and whether it is nothing.
//!
//! Source of the grammar: `staging/src/k8s.io/apimachinery/pkg/api/resource/{quantity,suffix}.go`.

use crate::decode::{Cursor, DecodeError};
use crate::json::Json;

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
    /// use shared::quantity::Quantity;
    ///
    /// assert_eq!(Quantity::parse("100m"), Some(Quantity::Something));
    /// assert_eq!(Quantity::parse("0.0Ki"), Some(Quantity::Zero));
    /// assert_eq!(Quantity::parse("1GB"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The JSON decoder of Kubernetes trims spaces, and no other blanks.
        let text = text.trim_matches(' ');
        let number = match SUFFIXES.iter().find_map(|suffix| text.strip_suffix(suffix)) {
            Some(number) => number,
            None => without_exponent(text),
        };
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

impl<'a> Cursor<'a> {
    /// The quantities of the map in the field `name`; none when it is absent.
    pub fn quantities(&self, name: &str) -> Result<Quantities<'a>, DecodeError> {
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
                    return Err(DecodeError::unexpected(
                        &path,
                        found,
                        "a quantity such as 100m",
                    ));
                };
                quantities.push((key.as_ref(), quantity));
            }
            Ok(quantities)
        };
        Ok(self.map(name, read)?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldPath;
    use crate::json;

    #[test]
    fn tells_nothing_from_something_and_from_what_is_no_quantity() {
        use Quantity::{Something, Zero};
        for (texts, expected) in [
            (
                &[
                    "1",
                    "0.5",
                    ".5",
                    "5.",
                    "1.",
                    "100m",
                    "1e3",
                    "1E3",
                    "1e+3",
                    "1e-3",
                    "1E",
                    "1Ei",
                    "1Ki",
                    "0.1m",
                    "1u",
                    "1n",
                    "-1",
                    "-100m",
                    "+1",
                    "010",
                    "1e99999999999",
                    "8Ei",
                    " 1 ",
                    "99999999999999999999",
                ][..],
                Some(Something),
            ),
            (
                &[
                    "0", "0m", "0.0", "0e5", "0E-5", "-0", "+0", "00", "0Ki", "0E", ".", "+", "-",
                    "Mi", "m", ".0",
                ],
                Some(Zero),
            ),
            (
                &[
                    "", " ", "1e", "1e3.5", "1K", "1ki", "1KI", "1mi", "1g", "128MB", "1GB",
                    "1 Gi", "\t1", "1.2.3", "--1", "1+", "x", "e5x", "1_000", "\u{ff11}", "1mm",
                    "1e3m",
                ],
                None,
            ),
        ] {
            for text in texts {
                assert_eq!(Quantity::parse(text), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn reads_strings_numbers_and_null() {
        let text = r#"{"a":{"cpu":"100m","memory":1,"x":1.5,"y":0,"z":0.0,"n":null},"b":null}"#;
        let json = json::parse(text).unwrap();
        let cursor = Cursor::new(&json, FieldPath::new("resources"));
        let found = cursor.quantities("a").unwrap();
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
        assert_eq!(cursor.quantities("b"), Ok(vec![]));
        assert_eq!(cursor.quantities("c"), Ok(vec![]));
    }

    #[test]
    fn names_what_is_no_quantity() {
        for (text, expected) in [
            (
                r#"{"a":{"b.c/d":true}}"#,
                "r.a[\"b.c/d\"]: must be a quantity such as 100m, not true or false",
            ),
            (
                r#"{"a":{"cpu":"1GB"}}"#,
                "r.a.cpu: must be a quantity such as 100m, not other text",
            ),
            (r#"{"a":[]}"#, "r.a: must be a map, not a list"),
        ] {
            let json = json::parse(text).unwrap();
            let error = Cursor::new(&json, FieldPath::new("r")).quantities("a");
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
    }
}
