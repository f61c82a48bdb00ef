//! Takes the pictures of the README, with the browser that there is: `make pictures`.

use std::fs;
use std::process::ExitCode;

use bundle_tests::docs::pictures;

fn main() -> ExitCode {
    match take() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn take() -> Result<(), String> {
    let frame = pictures::frame()?;
    fs::write(&frame.path, frame.text)
        .map_err(|error| format!("{}: {error}", frame.path.display()))?;
    println!("{}", frame.path.display());
    println!("{}", pictures::page()?.display());
    Ok(())
}
