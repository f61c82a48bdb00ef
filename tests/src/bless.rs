//! Expected answers and generated documents: compared, or written anew for people to review.

use std::path::Path;
use std::{env, fs};

use similar_asserts::SimpleDiff;

/// Compares an answer with a file. With `BLESS=1` in the environment it is written there instead.
pub fn compare(path: &Path, actual: &str) -> Result<(), String> {
    keep(path, actual, "run make bless to accept")
}

/// Compares a document with a file. With `BLESS=1` in the environment it is written there instead.
pub fn compare_document(path: &Path, actual: &str) -> Result<(), String> {
    keep(path, actual, "is stale: run make docs")
}

fn keep(path: &Path, actual: &str, advice: &str) -> Result<(), String> {
    let known = same(path, actual);
    if known.is_ok() {
        return known;
    }
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = written.and_then(|()| fs::write(path, actual));
        return written.map_err(|error| format!("{}: {error}", path.display()));
    }
    known.map_err(|difference| format!("{difference}\n{advice}"))
}

/// Compares a text with a file, and never writes it.
pub fn same(path: &Path, actual: &str) -> Result<(), String> {
    let expected = fs::read_to_string(path).ok();
    let difference = match &expected {
        Some(expected) if expected == actual => return Ok(()),
        Some(expected) => SimpleDiff::from_str(expected, actual, "expected", "actual").to_string(),
        None => format!("there is no such file; it would be\n\n{actual}"),
    };
    Err(format!("{}: {difference}", path.display()))
}
