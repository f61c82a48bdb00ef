//! Writes a baseline: what is found today does not count from then on.

use std::{
    error::Error,
    fmt::Write,
    path::{Path, PathBuf},
};

use preflight::{
    baseline::{Baseline, NAME},
    config::{Project, is_within},
    manifests::printable,
    replace::replace,
    report::Report,
};

use super::{Task, except, not_checked, only_a_table, print, problems, target};
use crate::{cli::Cli, terminal};

/// `preflight baseline FILE…`
pub(super) fn run(
    cli: &Cli,
    project: Option<&Project>,
    file: Option<&Path>,
) -> Result<u8, Box<dyn Error>> {
    only_a_table(&cli.common, "baseline")?;
    // What a configuration says is read from where all options are.
    let file = file.or(cli.baseline.as_deref());
    let file = file.map_or_else(|| PathBuf::from(NAME), Path::to_owned);
    let name = printable(&file.display().to_string());
    // A folder may come with a link that leads to a file of its reader.
    if file == Path::new(NAME) && !is_within(Path::new(""), &file) {
        return Err(
            format!("{name} is not written: it is a link that leads out of this folder").into(),
        );
    }
    let task = Task::read(cli)?;
    target::check_baseline(&file, cli, &task)?;
    let (mut report, _) = task.judge(cli)?;
    check(&report, &name)?;
    except(&mut report, cli, project);
    let (baseline, left_out) = Baseline::of(&report);
    replace(&file, &baseline.text()?).map_err(|error| format!("{name}: {error}"))?;
    if left_out > 0 {
        let text = format!(
            "{left_out} about Secrets are left out, which still count: a policy that is not of this bundle may repeat \
             values in its words"
        );
        terminal::remark(&text, cli.common.color);
    }
    let findings = match baseline.len() {
        1 => "with 1 finding".to_owned(),
        count => format!("with {count} findings"),
    };
    let is_configured = cli.baseline.is_some();
    let next = if is_configured {
        String::new()
    } else {
        format!(": check with --baseline {name}, or write `baseline: {name}` into .preflight.yaml")
    };
    let mut text = String::new();
    not_checked(&mut text, &report);
    let _ = writeln!(text, "{name} is written, {findings}{next}");
    print(&text, cli.common.color)?;
    Ok(0)
}

/// A baseline of what could be checked would let the rest be new, or hide that it was never checked.
fn check(report: &Report, name: &str) -> Result<(), Box<dyn Error>> {
    let mut lines = problems(report);
    if lines.is_empty() {
        return Ok(());
    }
    lines.push(format!(
        "{name} is not written: not everything could be checked"
    ));
    Err(lines.join("\n").into())
}
