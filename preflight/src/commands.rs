//! What each command does, from arguments to exit status.

use std::{error::Error, process::ExitCode};

use clap::ColorChoice;
use jiff::Timestamp;
use preflight::{
    Engine, Policy, bundle,
    judge::{Configured, judge},
    manifests,
    report::{json, table},
    settings::Settings,
};

use crate::{
    cli::{Cli, Command, Common, Format},
    terminal,
};

mod policies;
mod review;

/// Something would be refused.
const REFUSED: u8 = 1;
/// Something could not be judged.
pub(crate) const NOT_JUDGED: u8 = 2;

/// Runs the command that was asked for.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    let outcome = match &cli.command {
        None => judge_manifests(cli),
        Some(Command::Review { file, cluster }) => review::run(&cli.common, file, cluster),
        Some(Command::Policies) => policies::run(&cli.common),
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            terminal::complain(&error.to_string(), cli.common.color);
            ExitCode::from(NOT_JUDGED)
        }
    }
}

fn judge_manifests(cli: &Cli) -> Result<u8, Box<dyn Error>> {
    let policies = configured(&cli.common)?;
    let manifests = manifests::read(&cli.paths);
    let bar = terminal::progress(manifests.objects.len());
    // Read once: two objects of one run are created at the same time.
    let now = Some(Timestamp::now());
    let mut report = judge(manifests, &policies, &cli.common.namespace, now, || {
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    if cli.quiet {
        report.warnings.clear();
        report.notes.clear();
    }
    let text = match cli.common.format {
        Format::Table => table::render(&report, terminal::width(cli.common.width)),
        Format::Json => format!("{}\n", json::render(&report)?),
    };
    print(&text, cli.common.color)?;
    Ok(if !report.problems.is_empty() {
        NOT_JUDGED
    } else if report.refusals.is_empty() {
        0
    } else {
        REFUSED
    })
}

/// The policies that were asked for.
fn chosen(common: &Common) -> Result<Vec<Policy>, Box<dyn Error>> {
    let engine = Engine::new(common.limits())?;
    Ok(bundle::choose(
        bundle::load(&engine, &common.wasm)?,
        &common.policies,
    )?)
}

/// The policies that were asked for, with settings that they accept.
fn configured(common: &Common) -> Result<Vec<Configured>, Box<dyn Error>> {
    let engine = Engine::new(common.limits())?;
    let policies = bundle::load(&engine, &common.wasm)?;
    let settings = match &common.settings {
        Some(file) => Settings::read(file, &policies.iter().map(Policy::name).collect::<Vec<_>>())?,
        None => Settings::default(),
    };
    let policies = bundle::choose(policies, &common.policies)?;
    let mut configured = Vec::new();
    for policy in policies {
        settings.check(&policy)?;
        configured.push(Configured {
            settings: settings.of(policy.name()),
            policy,
        });
    }
    Ok(configured)
}

/// A reader that has gone away, such as `head`, has seen what it wanted.
fn print(text: &str, color: ColorChoice) -> Result<(), Box<dyn Error>> {
    match terminal::print(text, color) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
