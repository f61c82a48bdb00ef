//! Compiles modules ahead of time: `precompile dist/*.wasm` writes `dist/*.cwasm`, which preflight takes into its binary.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    for file in env::args_os().skip(1).map(PathBuf::from) {
        if let Err(error) = precompile(&file) {
            eprintln!("{}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What has not changed is not written again: cargo goes by the time of a file.
fn precompile(file: &Path) -> Result<(), String> {
    let wasm = fs::read(file).map_err(|error| error.to_string())?;
    let code = compiler::precompile(&wasm).map_err(|error| format!("{error:#}"))?;
    let compiled = file.with_extension("cwasm");
    if fs::read(&compiled).is_ok_and(|known| known == code) {
        return Ok(());
    }
    fs::write(&compiled, code).map_err(|error| error.to_string())
}
