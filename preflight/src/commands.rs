//! What each command does, from arguments to exit status.

use std::{error::Error, fs, path::PathBuf, process::ExitCode};

use anstream::adapter::strip_str;
use clap::{ColorChoice, CommandFactory};
use jiff::Timestamp;
use preflight::{
    Engine, Policy, bundle, deployed,
    judge::{Configured, Existing, judge_in},
    manifests::{self, Exclude, Manifests, Note, Object},
    report::{Report, json, junit, sarif, table},
    settings::{self, Settings},
};

use crate::{
    cli::{Cli, Command, Common, FailOn, Format},
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
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "preflight", &mut text);
            print(&String::from_utf8_lossy(&text), cli.common.color).map(|()| 0)
        }
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
    let (policies, notes) = configured(&cli.common)?;
    let exclude =
        Exclude::new(cli.exclude.clone()).map_err(|error| format!("--exclude: {error}"))?;
    let mut manifests = manifests::read_without(&cli.paths, &exclude);
    manifests.notes.splice(..0, notes);
    let existing = Existing {
        cluster: existing(&cli.cluster, &mut manifests),
        old: existing(&cli.old, &mut manifests),
        live: cli.live,
    };
    let bar = terminal::progress(manifests.objects.len());
    // Read once: two objects of one run are created at the same time.
    let now = Some(Timestamp::now());
    let (namespace, tick) = (&cli.common.namespace, || bar.inc(1));
    let mut report = judge_in(existing, manifests, &policies, namespace, now, tick)?;
    bar.finish_and_clear();
    let width = terminal::width(cli.common.width);
    let files = cli.reports.iter();
    let files = files.map(|wanted| Ok((wanted, render(wanted.format, &report, &policies, width)?)));
    let files: Vec<_> = files.collect::<Result<_, Box<dyn Error>>>()?;
    // Only people want it quiet.
    if cli.quiet {
        report.warnings.clear();
        report.notes.clear();
    }
    let text = render(cli.common.format, &report, &policies, width)?;
    print(&text, cli.common.color)?;
    for (wanted, text) in files {
        fs::write(&wanted.file, strip_str(&text).to_string())
            .map_err(|error| format!("{}: cannot be written: {error}", wanted.file.display()))?;
    }
    let fails = match cli.fail_on {
        FailOn::Violation => !report.refusals.is_empty(),
        // They may have been cleared.
        FailOn::Warning => !report.by_policy.is_empty(),
    };
    Ok(if !report.problems.is_empty() {
        NOT_JUDGED
    } else if fails {
        REFUSED
    } else {
        0
    })
}

/// The objects in these manifests. What cannot be read is a problem of the run: a look-up could miss it. Other
/// files are nobody's business.
fn existing(paths: &[PathBuf], manifests: &mut Manifests) -> Vec<Object> {
    let read = manifests::read(paths);
    manifests.problems.extend(read.problems);
    let of_folders = read.notes.into_iter().filter(Note::is_of_a_folder);
    manifests.notes.extend(of_folders);
    read.objects
}

fn render(
    format: Format,
    report: &Report,
    policies: &[Configured],
    width: usize,
) -> Result<String, Box<dyn Error>> {
    Ok(match format {
        Format::Table => table::render(report, width),
        Format::Json => format!("{}\n", json::render(report)?),
        Format::Sarif => format!("{}\n", sarif::render(report, policies)?),
        Format::Junit => junit::render(report)?,
    })
}

/// The answer to a format that only the report on manifests has.
fn no_such_format(command: &str) -> Box<dyn Error> {
    format!(
        "`preflight {command}` writes a table or JSON; SARIF and JUnit are about files of manifests"
    )
    .into()
}

/// The policies that were asked for.
fn chosen(common: &Common) -> Result<Vec<Policy>, Box<dyn Error>> {
    let engine = Engine::for_many(common.limits())?;
    Ok(bundle::choose(
        bundle::load(&engine, &common.wasm)?,
        &common.policies,
    )?)
}

/// The policies that were asked for, with settings that they accept, and what cannot be followed.
fn configured(common: &Common) -> Result<(Vec<Configured>, Vec<Note>), Box<dyn Error>> {
    let engine = Engine::for_many(common.limits())?;
    let policies = bundle::load(&engine, &common.wasm)?;
    if !common.policies_from.is_empty() {
        bundle::check_names(&common.policies, policies.iter().map(Policy::name))?;
        let (paths, only) = (&common.policies_from, &common.policies);
        let host = common.kubewarden_namespace.as_deref();
        return Ok(deployed::read(
            paths,
            policies,
            only,
            &common.namespace,
            host,
        )?);
    }
    let settings = match &common.settings {
        Some(file) => Settings::read(file, &policies.iter().map(Policy::name).collect::<Vec<_>>())?,
        None => Settings::default(),
    };
    let policies = bundle::choose(policies, &common.policies)?;
    let (mut configured, mut errors) = (Vec::new(), Vec::new());
    for policy in policies {
        let settings = settings.of(policy.name());
        match settings::check(&policy, &settings) {
            Ok(()) => configured.push(Configured::new(policy, settings)),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if errors.is_empty() {
        Ok((configured, Vec::new()))
    } else {
        Err(errors.join("\n").into())
    }
}

/// Says what is not followed, where there is no report to say it in.
fn remark(notes: &[Note], color: ColorChoice) {
    for note in notes {
        terminal::remark(&format!("{}: {}", note.place, note.text), color);
    }
}

/// A reader that has gone away, such as `head`, has seen what it wanted.
fn print(text: &str, color: ColorChoice) -> Result<(), Box<dyn Error>> {
    match terminal::print(text, color) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
