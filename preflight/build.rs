//! With the feature `embedded`, lists the policies in `dist/` for `src/embedded.rs`, each with its compiled code where
//! `precompile` has written that beside it.

use std::{
    env,
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_EMBEDDED").is_none() {
        return Ok(());
    }
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../dist");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = wasm_files(&folder);
    files.sort();
    if files.is_empty() {
        println!(
            "cargo::error=there are no policies in `dist/` to put into the binary: build them first, with `make`"
        );
        return Ok(());
    }
    let mut code = "pub(crate) const POLICIES: &[Embedded] = &[\n".to_owned();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let compiled = file.with_extension("cwasm");
        println!("cargo::rerun-if-changed={}", compiled.display());
        let compiled = if compiled.exists() {
            format!("Some(Code({}))", include(&compiled)?)
        } else {
            "None".to_owned()
        };
        let wasm = include(&file)?;
        writeln!(
            code,
            "    Embedded {{ file: {name:?}, wasm: {wasm}, code: {compiled} }},"
        )?;
    }
    code.push_str("];\n");
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("policies.rs"),
        code,
    )?;
    Ok(())
}

/// The expression for what is in a file.
fn include(file: &Path) -> Result<String, Box<dyn Error>> {
    let path = file.canonicalize()?.display().to_string();
    Ok(format!("include_bytes!({path:?})"))
}

/// A folder that is not there has none.
fn wasm_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wasm"))
        .collect()
}
