//! A Chromium without a window, which shows the page of a report as a reader would see it.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

/// What it may be called.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The document that the scripts of a page make of it. `fragment` is what stands behind `#` in the address. Nothing where
/// there is no browser: a line on the console says so. That is an error where `CI` is set.
pub fn document(page: &Path, fragment: &str) -> Result<Option<String>, String> {
    let address = format!("file://{}#{fragment}", page.display());
    // Time passes at once, until nothing is left to do.
    let time = "--virtual-time-budget=10000".to_owned();
    run(&["--dump-dom".to_owned(), time, address])
}

/// Writes a picture of a page, so many pixels wide and high.
pub fn screenshot(
    page: &Path,
    (width, height): (usize, usize),
    is_dark: bool,
    picture: &Path,
) -> Result<(), String> {
    let scheme = u8::from(!is_dark);
    let arguments = [
        format!("--blink-settings=preferredColorScheme={scheme}"),
        "--hide-scrollbars".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--screenshot={}", picture.display()),
        format!("file://{}", page.display()),
    ];
    let shown = run(&arguments)?;
    shown.map(drop).ok_or_else(missing)
}

fn missing() -> String {
    format!("there is no browser: one of {}", NAMES.join(", "))
}

fn run(arguments: &[String]) -> Result<Option<String>, String> {
    // Of its own, so that two can run at once.
    let profile = tempfile::tempdir().map_err(|error| error.to_string())?;
    for name in NAMES {
        let mut command = Command::new(name);
        command
            .args(["--headless", "--disable-gpu", "--no-first-run"])
            // In a container it cannot make a sandbox, and the page has no right to anything.
            .arg("--no-sandbox")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(arguments);
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("{name}: {error}")),
        };
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        return Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    if env::var_os("CI").is_some() {
        return Err(missing());
    }
    // Not by eprintln, which the test harness keeps to itself when all is well.
    let _ = writeln!(io::stderr(), "skipped: {}", missing());
    Ok(None)
}
