//! What the tests of this package have in common: the built policies, the case folders, the format of expected answers.

mod answer;
pub mod bless;
pub mod browser;
mod case;
pub mod charts;
pub mod deploy;
mod discover;
pub mod docs;
pub mod invariants;
pub mod kwctl;
pub mod lookups;
pub mod native;
pub mod policies;
pub mod project;
mod random;
mod request;
pub mod reviews;
pub mod session;
pub mod settings;
mod trials;
pub mod yaml;

pub use answer::{Answer, Verdict};
pub use bless::compare;
pub use case::{Case, GENERAL, Input, Judge, cases};
pub use discover::discover;
pub use random::Random;
pub use request::{complete, in_snake_case, target};
pub use trials::run_cases;

use std::path::{Path, PathBuf};

/// A file or folder of the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).join(path)
}

/// The text of a file, or a sentence that names the file.
pub fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The names in a folder, in alphabetic order.
pub fn names(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.push(
            entry
                .map_err(failed)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    Ok(names)
}
