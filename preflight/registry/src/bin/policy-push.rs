//! `policy-push FILE REFERENCE`: pushes a policy, and prints the reference by its digest.

use std::{env, fs, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, reference] = arguments.as_slice() else {
        eprintln!("usage: policy-push FILE registry://registry.example.com/policies/name:v1");
        return ExitCode::from(2);
    };
    let pushed = fs::read(file)
        .map_err(|error| format!("{file}: cannot be read: {error}"))
        .and_then(|wasm| {
            policy_registry::push(reference, &wasm).map_err(|error| error.to_string())
        });
    match pushed {
        Ok(pinned) => {
            println!("{pinned}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
