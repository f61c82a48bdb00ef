//! Durations as Go writes them.

/// Whether a text is one of more than nothing: `30m`, `1h30m`. There are no days.
///
/// Source: `ParseDuration` in `src/time/format.go` of golang/go.
pub(crate) fn is_positive(text: &str) -> bool {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut is_something = false;
    let is_of_number = |character: char| character.is_ascii_digit() || character == '.';
    while !rest.is_empty() {
        let (number, behind) = cut(rest, is_of_number);
        let (unit, behind) = cut(behind, |character| !is_of_number(character));
        let has_digits = number.bytes().any(|byte| byte.is_ascii_digit());
        let is_number = has_digits && number.matches('.').count() <= 1;
        if !is_number || !UNITS.contains(&unit) {
            return false;
        }
        is_something |= number.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        rest = behind;
    }
    is_something
}

/// The first characters of a text that are of a kind, and the rest.
fn cut(text: &str, is_of_kind: impl Fn(char) -> bool) -> (&str, &str) {
    let rest = text.trim_start_matches(is_of_kind);
    // `split_at` can fail, which takes 3 KB.
    (text.strip_suffix(rest).unwrap_or_default(), rest)
}

/// The second and the third have a micro sign, and a Greek letter.
const UNITS: &[&str] = &["ns", "us", "µs", "μs", "ms", "s", "m", "h"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for text in [
            "30m", "1h30m", "+5s", "1.5h", ".5h", "1.h", "100ms", "3µs", "3μs", "0h1ns",
        ] {
            assert!(is_positive(text), "{text}");
        }
        for text in [
            "", "0", "0s", "-5m", "1d", "30", "m", "1h30", "30 m", " 30m", "1..5h", ".h", "1H",
            "+", "5min", "yes",
        ] {
            assert!(!is_positive(text), "{text}");
        }
    }
}
