//! Durations as Go writes them.

/// Whether a text is one of more than nothing: `30m`, `1h30m`. There are no days.
///
/// Source: `ParseDuration` in `src/time/format.go` of golang/go.
pub(crate) fn is_positive(text: &str) -> bool {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut is_something = false;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.');
        let (number, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let end = behind.find(|character: char| character.is_ascii_digit() || character == '.');
        let (unit, behind) = behind.split_at(end.unwrap_or(behind.len()));
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
