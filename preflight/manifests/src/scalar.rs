//! What a scalar means to kubectl, which is what it means to version 2 of go-yaml.
//!
//! Source: kubernetes-sigs/yaml, `goyaml.v2/resolve.go` and, for keys, `convertToJSONableObject` in `yaml.go`.

use tree::{Number, Value};

/// The tag of a key that brings in another mapping.
pub(super) const MERGE_TAG: &str = "tag:yaml.org,2002:merge";
/// The tag of bytes in base64.
pub(super) const BINARY_TAG: &str = "tag:yaml.org,2002:binary";

/// What a scalar stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// A boolean, a whole number, nothing at all, or text that is not the one that is written.
    Value(Value),
    /// Another number.
    Float(f64),
    /// An infinity or no number at all, which JSON cannot hold; its name as a key.
    NotFinite(&'static str),
    /// The text that is written.
    Text,
}

impl Meaning {
    /// The name of a field with this key, which is written so. `None` where kubectl refuses it.
    pub(super) fn name(&self, text: &str) -> Option<String> {
        self.clone().into_name(text.to_owned())
    }

    /// The same of a key that is not needed any more.
    pub(super) fn into_name(self, text: String) -> Option<String> {
        match self {
            Self::Text => Some(text),
            Self::Float(float) => Some(single(float)),
            Self::NotFinite(name) => Some(name.to_owned()),
            Self::Value(Value::String(text)) => Some(text.into()),
            Self::Value(Value::Bool(truth)) => Some(truth.to_string()),
            // Of whole numbers only those with a sign are keys.
            Self::Value(Value::Number(number)) => number.as_i64().map(|whole| whole.to_string()),
            Self::Value(_) => None,
        }
    }
}

/// Resolves a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Meaning {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Meaning::Value(Value::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Meaning::Value(Value::Bool(false))
        }
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Value(Value::Null),
        ".nan" | ".NaN" | ".NAN" => Meaning::NotFinite(".nan"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Meaning::NotFinite(".inf"),
        "-.inf" | "-.Inf" | "-.INF" => Meaning::NotFinite("-.inf"),
        _ => number(text).unwrap_or(Meaning::Text),
    }
}

/// Resolves a scalar with a tag, quoted or not. `None` where the tag does not fit.
pub(super) fn resolve_as(tag: &str, text: &str) -> Option<Meaning> {
    let meaning = resolve(text);
    let fits = match (tag.strip_prefix("tag:yaml.org,2002:"), &meaning) {
        (Some("bool"), Meaning::Value(Value::Bool(_)))
        | (Some("null"), Meaning::Value(Value::Null))
        | (Some("int"), Meaning::Value(Value::Number(_)))
        | (Some("float"), Meaning::Float(_) | Meaning::NotFinite(_)) => true,
        (Some("float"), Meaning::Value(Value::Number(number))) => {
            let float = number.as_i64().and(number.as_f64())?;
            return Some(Meaning::Float(float));
        }
        (Some("bool" | "null" | "int" | "float"), _) => false,
        // Dates stay text, and what other tags mean is for other programs to say.
        _ => return Some(Meaning::Text),
    };
    fits.then_some(meaning)
}

/// The shortest text that means the same float of half the size, as Go's `%g` writes it.
#[expect(clippy::cast_possible_truncation, reason = "that is what kubectl does")]
fn single(float: f64) -> String {
    let float = float as f32;
    let shortest = format!("{float:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if float == 0.0 || (-4..6).contains(&exponent) {
        return float.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn number(text: &str) -> Option<Meaning> {
    let first = text.chars().next()?;
    if first == '.' {
        let plain = separates_digits(text).then(|| text.replace('_', ""));
        return plain.as_deref().and_then(float);
    }
    if !first.is_ascii_digit() && !matches!(first, '+' | '-') {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain)
        .map(Meaning::Value)
        .or_else(|| float(&plain))
}

/// Whether each underscore stands between digits.
fn separates_digits(text: &str) -> bool {
    let mut pairs = text.as_bytes().windows(2);
    let is_fine = |pair: &[u8]| match pair {
        [digit, b'_'] | [b'_', digit] => digit.is_ascii_digit(),
        _ => true,
    };
    !text.ends_with('_') && pairs.all(is_fine)
}

/// As `ParseInt` and `ParseUint` with a base by prefix.
fn integer(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, unsigned.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, unsigned.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, unsigned.get(2..)?),
        [b'0', _, ..] => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    if !digits.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if text.starts_with('-') {
        return 0_i64.checked_sub_unsigned(size).map(Value::from);
    }
    // With a sign it has to be a signed one.
    let fits = !text.starts_with('+') || i64::try_from(size).is_ok();
    fits.then(|| Value::from(size))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`. What is too large for a float stays text.
fn float(text: &str) -> Option<Meaning> {
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_float = [whole, fraction, exponent].into_iter().all(are_digits)
        && !exponent.is_empty()
        && !(whole.is_empty() && fraction.is_empty());
    let float: f64 = text.parse().ok().filter(|_| is_float)?;
    float.is_finite().then_some(Meaning::Float(float))
}

/// kubectl sends `1.0` and `1e3` as the whole numbers that they are.
pub(super) fn from_float(value: f64) -> Value {
    /// Up to here every whole number is a float as well.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn resolves_as_go_yaml_does() {
        for (text, expected) in [
            ("Yes", Some(json!(true))),
            ("yEs", None),
            ("tRue", None),
            ("OFF", Some(json!(false))),
            ("oFF", None),
            ("Null", Some(json!(null))),
            ("nUll", None),
            ("1_000", Some(json!(1000))),
            ("1__0_", Some(json!(10))),
            ("_1", None),
            ("-_1", Some(json!(-1))),
            ("0777", Some(json!(511))),
            ("-0777", Some(json!(-511))),
            ("0o17", Some(json!(15))),
            ("0B11", Some(json!(3))),
            ("+0x1F", Some(json!(31))),
            ("0x", None),
            ("08", Some(json!(8))),
            ("+-5", None),
            (
                "18446744073709551615",
                Some(json!(18_446_744_073_709_551_615_u64)),
            ),
            ("-9223372036854775808", Some(json!(i64::MIN))),
            ("1_0.5", Some(json!(10.5))),
            (".5", Some(json!(0.5))),
            ("._5", None),
            (".5_", None),
            (".7_5", Some(json!(0.75))),
            ("5.", Some(json!(5))),
            (".", None),
            ("1e3", Some(json!(1000))),
            ("1e", None),
            ("1.e-1", Some(json!(0.1))),
            ("12e4567", None),
            ("-", None),
            ("12:30", None),
            ("2001-01-01", None),
            ("inf", None),
            ("-.nan", None),
        ] {
            let value = match resolve(text) {
                Meaning::Value(value) => Some(value),
                Meaning::Float(float) => Some(from_float(float)),
                Meaning::NotFinite(_) | Meaning::Text => None,
            };
            assert_eq!(value, expected, "{text}");
        }
        assert_eq!(resolve("+.Inf"), Meaning::NotFinite(".inf"));
    }

    #[test]
    fn keys_are_named_as_go_writes_them() {
        for (text, name) in [
            ("on", Some("true")),
            ("0x10", Some("16")),
            ("-0", Some("0")),
            ("1.10", Some("1.1")),
            ("1.0", Some("1")),
            ("1e3", Some("1000")),
            ("1e5", Some("100000")),
            ("1e6", Some("1e+06")),
            ("1e21", Some("1e+21")),
            ("1.5e-5", Some("1.5e-05")),
            ("0.0001", Some("0.0001")),
            ("-0.0", Some("-0")),
            (".nan", Some(".nan")),
            ("12_", Some("12")),
            ("yEs", Some("yEs")),
            ("18446744073709551615", None),
            ("~", None),
        ] {
            assert_eq!(resolve(text).name(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn a_tag_has_to_fit() {
        use tree::Value;
        for (tag, text, expected) in [
            ("bool", "yes", Some(Meaning::Value(json!(true)))),
            ("bool", "1", None),
            ("int", "12", Some(Meaning::Value(json!(12)))),
            ("int", "1.5", None),
            ("float", "3", Some(Meaning::Float(3.0))),
            ("float", "x", None),
            ("null", "", Some(Meaning::Value(Value::Null))),
            ("null", "x", None),
            ("str", "12", Some(Meaning::Text)),
            ("set", "12", Some(Meaning::Text)),
        ] {
            let tag = format!("tag:yaml.org,2002:{tag}");
            assert_eq!(resolve_as(&tag, text), expected, "{tag} {text}");
        }
        assert_eq!(resolve_as("!", "0777"), Some(Meaning::Text));
    }
}
