//! How much a quantity is, exactly, so that `0.5Gi` is `512Mi` and `1e3` is `1k`.

use std::borrow::Cow;
use std::fmt;

use super::{Quantity, such_as, without_suffix};
use document::Cursor;
use document::DecodeError;
use document::Json;
use document::quote;

/// How many decimal places of one an [`Amount`] has. Kubernetes has 9, and rounds up what is less.
const PLACES: i32 = 18;

/// One, of whatever is counted.
const ONE: i128 = 10_i128.pow(PLACES.unsigned_abs());

/// More places than this move every digit out of sight.
const MAX_PLACES: i32 = 100;

/// How much a quantity is, in parts of one. It is exact up to 1.7e20, which is more than 64 bits of bytes; above, all
/// amounts are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many whole ones.
    ///
    /// ```
    /// use shared::kubernetes::quantity::amount::Amount;
    ///
    /// assert_eq!(Amount::parse("4Ki"), Some(Amount::whole(4096)));
    /// assert_eq!(Amount::parse("0.5Gi"), Amount::parse("512Mi"));
    /// assert!(Amount::parse("100m") < Some(Amount::whole(1)));
    /// ```
    #[must_use]
    pub const fn whole(number: i64) -> Self {
        Self(number as i128 * ONE)
    }

    /// Reads a quantity. None for what is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Quantity::parse(text)?;
        let text = text.trim_matches(' ');
        let number = without_suffix(text);
        let (doublings, places) = factor(text.get(number.len()..).unwrap_or_default());
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // The digits of a request are far fewer than would fit.
        let before = i32::try_from(whole.len()).unwrap_or(i32::MAX);
        let mut left = before.saturating_add(places).saturating_add(PLACES);
        let (mut amount, mut is_cut) = (0_u128, false);
        for digit in whole.bytes().chain(fraction.bytes()) {
            let digit = digit.wrapping_sub(b'0');
            if left > 0 {
                amount = amount.saturating_mul(10).saturating_add(digit.into());
            } else {
                is_cut |= digit > 0;
            }
            left = left.saturating_sub(1);
        }
        // Digits that are not written are 0.
        for _ in 0..left.min(MAX_PLACES) {
            amount = amount.saturating_mul(10);
        }
        let amount = amount
            .saturating_add(is_cut.into())
            .saturating_mul(1 << doublings);
        let amount = i128::try_from(amount).unwrap_or(i128::MAX);
        Some(Self(if number.starts_with('-') {
            -amount
        } else {
            amount
        }))
    }

    /// Reads the value of a field. `null` is 0, as it is in Kubernetes where a quantity is needed.
    fn of(json: &Json<'_>) -> Option<Self> {
        match json {
            Json::Null => Some(Self::ZERO),
            Json::Integer(number) => Some(Self::whole(*number)),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "a number that is no text has no more than 53 bits, and what is too large is the largest"
            )]
            Json::Number(number) => Some(Self((number * ONE as f64) as i128)),
            Json::String(text) => Self::parse(text),
            Json::Bool(_) | Json::List(_) | Json::Map(_) => None,
        }
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// For an [`Index`](crate::index::Index) of amounts.
    #[must_use]
    pub fn hash(self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "any bits will do"
        )]
        let mixed = (self.0 ^ self.0 >> 64) as u64;
        // The last bits of whole numbers are 0.
        mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// How often a suffix or an exponent doubles the number before it, and by how many decimal places it moves it.
fn factor(suffix: &str) -> (u32, i32) {
    let place = |letters: &str, letter: u8| {
        let place = letters.bytes().position(|known| known == letter);
        place.and_then(|place| i32::try_from(place).ok())
    };
    let places = |letter| place("num kMGTPE", letter).map_or(0, |place| (place - 3) * 3);
    match *suffix.as_bytes() {
        [] => (0, 0),
        [letter] => (0, places(letter)),
        [letter, b'i'] => {
            let doublings = place(" KMGTPE", letter).map_or(0, |place| place * 10);
            (doublings.unsigned_abs(), 0)
        }
        _ => {
            let exponent = suffix.get(1..).unwrap_or_default();
            let far = if exponent.starts_with('-') {
                i32::MIN
            } else {
                i32::MAX
            };
            (0, exponent.parse().unwrap_or(far))
        }
    }
}

/// A quantity as it is written, with its amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size<'a> {
    /// As it is written; a number is written without quotes.
    written: Written<'a>,
    /// How much it is. None for what is no quantity.
    pub amount: Option<Amount>,
}

/// How a quantity is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Written<'a> {
    Text(&'a str),
    Integer(i64),
    /// A fraction, or what is no quantity in any form. The code that prints a fraction is larger than a rule.
    Other(&'static str),
}

impl Size<'_> {
    /// The text; empty for what is none.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self.written {
            Written::Text(text) => Cow::Borrowed(text),
            Written::Integer(number) => Cow::Owned(number.to_string()),
            Written::Other(_) => Cow::Borrowed(""),
        }
    }

    /// How much it is; nothing for what is no quantity.
    #[must_use]
    pub fn amount_or_zero(&self) -> Amount {
        self.amount.unwrap_or_default()
    }
}

/// For a message.
impl fmt::Display for Size<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.written {
            Written::Text(text) => quote(text).fmt(f),
            Written::Integer(number) => number.fmt(f),
            Written::Other(what) => f.write_str(what),
        }
    }
}

impl<'a> Size<'a> {
    /// The quantity in a field, whether it is one or not; none when it is absent.
    pub fn read(cursor: &Cursor<'a>, field: &str) -> Result<Option<Self>, DecodeError> {
        let json = cursor.value(field)?;
        let written = match json {
            Json::Null => return Ok(None),
            Json::String(text) => Written::Text(text),
            Json::Integer(number) => Written::Integer(*number),
            Json::Number(_) => Written::Other("this number"),
            other => Written::Other(other.type_name()),
        };
        let amount = Amount::of(json);
        Ok(Some(Self { written, amount }))
    }

    /// The quantity in a field, which is an error where it is none; none when it is absent.
    pub fn read_valid(cursor: &Cursor<'a>, field: &str) -> Result<Option<Self>, DecodeError> {
        let size = Self::read(cursor, field)?;
        match &size {
            Some(none) if none.amount.is_none() => {
                let found = match none.written {
                    Written::Other(other) => other,
                    _ => "other text",
                };
                let path = cursor.path.entry(field);
                Err(DecodeError::unexpected(&path, found, such_as(field)))
            }
            _ => Ok(size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;
    use document::json::{self, Arena};

    #[test]
    fn reads_exact_amounts() {
        for (text, expected) in [
            ("0", 0),
            ("-0.0", 0),
            (".", 0),
            ("1", ONE),
            (" 10 ", 10 * ONE),
            ("+1.5", 15 * ONE / 10),
            ("-1.5", -15 * ONE / 10),
            ("1500m", 15 * ONE / 10),
            ("100m", ONE / 10),
            ("1u", ONE / 1_000_000),
            ("1n", ONE / 1_000_000_000),
            ("1k", 1000 * ONE),
            ("2M", 2_000_000 * ONE),
            ("1G", 1_000_000_000 * ONE),
            ("1T", 1_000_000_000_000 * ONE),
            ("1P", 1_000_000_000_000_000 * ONE),
            ("1E", 1_000_000_000_000_000_000 * ONE),
            ("1e3", 1000 * ONE),
            ("1E3", 1000 * ONE),
            ("1.25e+2", 125 * ONE),
            ("125e-2", 125 * ONE / 100),
            ("00012.", 12 * ONE),
            ("1Ki", 1024 * ONE),
            ("1Mi", 1024 * 1024 * ONE),
            (".5Gi", 512 * 1024 * 1024 * ONE),
            ("-3Ti", -3 * (1 << 40) * ONE),
            ("1Pi", (1 << 50) * ONE),
            ("1Ei", (1 << 60) * ONE),
            // What is less than there are places for is rounded up.
            ("1e-18", 1),
            ("1e-19", 1),
            ("1e-4294967297", 1),
            ("0e-4294967297", 0),
            ("1.0000000000000000001", ONE + 1),
            ("0.00000000000000000001Ki", 1024),
            // What is too much is all the same.
            ("1e30", i128::MAX),
            ("-1e30", -i128::MAX),
            ("999999999999Ei", i128::MAX),
            ("1e4294967297", i128::MAX),
            ("0e4294967297", 0),
        ] {
            assert_eq!(Amount::parse(text), Some(Amount(expected)), "{text}");
        }
        for text in ["", "1GB", "1 Gi", "one", "--1", "1.2.3"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
    }

    #[test]
    fn adds_up_without_an_end() {
        let most = Amount(i128::MAX);
        assert_eq!(most.plus(most), most);
        assert_eq!(Amount::whole(1).plus(Amount::whole(2)), Amount::whole(3));
        assert!(!Amount::ZERO.is_positive() && !Amount::whole(-1).is_positive());
    }

    #[test]
    fn a_size_is_told_as_it_is_written() {
        for (json, told, text, amount) in [
            (r#""1Gi""#, r#""1Gi""#, "1Gi", Some(Amount::whole(1 << 30))),
            (r#"" 1k""#, r#"" 1k""#, " 1k", Some(Amount::whole(1000))),
            ("10", "10", "10", Some(Amount::whole(10))),
            ("-1", "-1", "-1", Some(Amount::whole(-1))),
            ("0.5", "this number", "", Some(Amount(ONE / 2))),
            ("1e300", "this number", "", Some(Amount(i128::MAX))),
            (r#""1GB""#, r#""1GB""#, "1GB", None),
            ("true", "true or false", "", None),
            ("{}", "a map", "", None),
        ] {
            let text_of_json = format!(r#"{{"x":{json}}}"#);
            let arena = Arena::new();
            let parsed = json::parse(&text_of_json, &arena).unwrap();
            let size = Size::read(&Cursor::new(&parsed, FieldPath::new("")), "x");
            let size = size.unwrap().unwrap();
            assert_eq!(
                (size.to_string().as_str(), size.text().as_ref(), size.amount),
                (told, text, amount),
                "{json}"
            );
        }
        let arena = Arena::new();
        let json = json::parse(r#"{"x":null,"a.b/c":"1GB","z":1}"#, &arena).unwrap();
        let cursor = Cursor::new(&json, FieldPath::new("limits"));
        assert_eq!(
            (Size::read(&cursor, "x"), Size::read(&cursor, "y")),
            (Ok(None), Ok(None))
        );
        assert_eq!(Size::read_valid(&cursor, "x"), Ok(None));
        assert_eq!(Size::read_valid(&cursor, "z"), Size::read(&cursor, "z"));
        assert_eq!(
            Size::read_valid(&cursor, "a.b/c").unwrap_err().to_string(),
            "limits[\"a.b/c\"]: must be a quantity such as 100Mi, not other text"
        );
    }
}
