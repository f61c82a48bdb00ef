//! The charts as Helm renders and checks them.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::{deploy, repository};

/// Where the charts are rendered for, unless a test says something else.
pub const NAMESPACE: &str = "kubewarden";

/// Where a chart is.
#[must_use]
pub fn folder(chart: &str) -> PathBuf {
    repository(&format!("charts/{chart}"))
}

/// What Helm makes of a chart, or nothing where there is no Helm: a line on the console says so. That is an error where `CI`
/// is set.
///
/// # Errors
///
/// What Helm says of the chart, or of the values.
pub fn render(chart: &str, namespace: &str, values: &Value) -> Result<Option<Vec<Value>>, String> {
    let files = tempfile::tempdir().map_err(|error| error.to_string())?;
    let written = files.path().join("values.yaml");
    fs::write(&written, values.to_string()).map_err(|error| error.to_string())?;
    let mut command = Command::new(repository("tools/helm"));
    command.args(["template", "policies"]).arg(folder(chart));
    command.args(["--namespace", namespace, "--values"]);
    let Some(output) = run(command.arg(&written))? else {
        return Ok(None);
    };
    let rendered = files.path().join("rendered.yaml");
    fs::write(&rendered, output.stdout).map_err(|error| error.to_string())?;
    deploy::parse(&rendered).map(Some)
}

/// Whether Helm finds nothing wrong with a chart. Without Helm it is taken for right.
///
/// # Errors
///
/// What Helm finds.
pub fn lint(chart: &str) -> Result<(), String> {
    let mut command = Command::new(repository("tools/helm"));
    run(command.arg("lint").arg(folder(chart))).map(drop)
}

/// Whether there is something to make packages with. Where there is not, it is as for [`render`].
///
/// # Errors
///
/// When there is no Helm, and `CI` is set.
pub fn has_helm() -> Result<bool, String> {
    let mut command = Command::new(repository("tools/helm"));
    let output = run(command.arg("lint").arg(folder("secret-data")))?;
    Ok(output.is_some())
}

fn run(command: &mut Command) -> Result<Option<Output>, String> {
    let output = match command.output() {
        Ok(output) if output.status.code() == Some(127) => None,
        Ok(output) => Some(output),
        // No Python.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("tools/helm: {error}")),
    };
    match output {
        Some(output) if output.status.success() => Ok(Some(output)),
        Some(output) => Err([output.stderr, output.stdout]
            .map(|text| String::from_utf8_lossy(&text).trim().to_owned())
            .join("\n")),
        None if env::var_os("CI").is_some() => {
            Err("there is no helm: run `tools/helm install`".to_owned())
        }
        None => {
            // Not by eprintln, which the test harness keeps to itself when all is well.
            let _ = writeln!(
                io::stderr(),
                "skipped: there is no helm; `tools/helm install` gets what it needs"
            );
            Ok(None)
        }
    }
}
