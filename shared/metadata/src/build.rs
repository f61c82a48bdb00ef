//! What the build script of a policy calls.

use std::path::{Path, PathBuf};
use std::{env, error, fs};

use crate::Metadata;

/// Writes `metadata.json` into the build's output folder, for `shared::export_policy!` to include.
///
/// Reads `metadata.yml` and `README.md` beside the policy's `Cargo.toml`, and is run again when one of them changes.
/// The error names the file that cannot be read.
pub fn embed() -> Result<(), Box<dyn error::Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let version = env::var("CARGO_PKG_VERSION")?;
    let out = Path::new(&env::var("OUT_DIR")?).join("metadata.json");
    let metadata = Metadata::from_yaml(&read(&manifest_dir.join("metadata.yml"))?)?;
    let readme = read(&manifest_dir.join("README.md"))?;
    fs::write(
        out,
        serde_json::to_vec(&metadata.finished(&version, &readme))?,
    )?;
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
