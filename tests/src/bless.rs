//! Expected answers: compared, or written anew for people to review.

use std::path::Path;
use std::{env, fs};

use similar_asserts::SimpleDiff;

/// Compares a text with a file. With `BLESS=1` in the environment it is written there instead.
pub fn compare(path: &Path, actual: &str) -> Result<(), String> {
    let expected = fs::read_to_string(path).ok();
    if expected.as_deref() == Some(actual) {
        return Ok(());
    }
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        return fs::write(path, actual).map_err(|error| format!("{}: {error}", path.display()));
    }
    let difference = match &expected {
        None => format!("there is no such file; it would be\n\n{actual}"),
        Some(expected) => SimpleDiff::from_str(expected, actual, "expected", "actual").to_string(),
    };
    Err(format!(
        "{}: {difference}\nrun make bless to accept",
        path.display()
    ))
}
