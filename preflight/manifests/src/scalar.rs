//! What a plain scalar means to kubectl, which is what it means to version 2 of go-yaml.
//!
//! Source: kubernetes-sigs/yaml, `goyaml.v2/resolve.go` and, for keys, `convertToJSONableObject` in `yaml.go`.

use serde_json::{Number, Value};

/// What a plain scalar without a tag stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    /// A value that is not text.
    Value(Value),
    /// An infinity or no number at all, which JSON cannot hold.
    NotFinite,
    /// Text.
    Text,
}

/// Resolves a scalar as it is written.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Value(Value::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Value(Value::Bool(false))
        }
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Value(Value::Null),
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => Scalar::NotFinite,
        _ => number(text).map_or(Scalar::Text, Scalar::Value),
    }
}

/// The name of a field whose key is a plain scalar. `None` where it is the text itself.
pub(super) fn key(text: &str) -> Option<String> {
    match resolve(text) {
        Scalar::Value(Value::Bool(truth)) => Some(truth.to_string()),
        Scalar::Value(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) if number.is_i64() => Some(whole.to_string()),
            // Go writes it with an exponent where it is smaller or larger.
            (_, Some(float)) if (1e-4..1e6).contains(&float.abs()) => Some(single(float)),
            _ => None,
        },
        _ => None,
    }
}

/// As the shortest text that means the same float of half the size.
#[expect(clippy::cast_possible_truncation, reason = "that is what kubectl does")]
fn single(float: f64) -> String {
    (float as f32).to_string()
}

/// Whether only [`resolve`] can tell what a text is: the reader of YAML knows fewer numbers with underscores.
pub(super) fn is_doubtful(text: &str) -> bool {
    text.contains('_')
        && text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
}

fn number(text: &str) -> Option<Value> {
    let first = text.chars().next()?;
    if first == '.' {
        let plain = separates_digits(text).then(|| text.replace('_', ""));
        return plain.as_deref().and_then(float);
    }
    if !first.is_ascii_digit() && !matches!(first, '+' | '-') {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
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
fn float(text: &str) -> Option<Value> {
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_float = [whole, fraction, exponent].into_iter().all(are_digits)
        && !exponent.is_empty()
        && !(whole.is_empty() && fraction.is_empty());
    let float: f64 = text.parse().ok().filter(|_| is_float)?;
    float.is_finite().then(|| from_float(float))
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
    use serde_json::json;

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
            let expected = expected.map_or(Scalar::Text, Scalar::Value);
            assert_eq!(resolve(text), expected, "{text}");
        }
        assert_eq!(resolve("+.Inf"), Scalar::NotFinite);
    }
}
