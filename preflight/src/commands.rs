//! What each command does, from arguments to exit status.

use std::{error::Error, fs, path::PathBuf, process::ExitCode};

use anstream::adapter::strip_str;
use clap::{ColorChoice, CommandFactory};
use jiff::{Timestamp, Zoned};
use preflight::{
    Engine, Policy, bundle,
    config::Project,
    deployed::{self, Asked},
    judge::{ActivePolicy, Existing, judge_in},
    manifests::{self, Exclude, Manifests, Note, Object, printable, without_commands},
    report::{Report, json, junit, sarif, table},
    settings::{self, Settings},
};

use crate::{
    cli::{self, Cli, Command, Common, FailOn, Format},
    project, terminal,
};

mod explain;
mod init;
mod policies;
mod review;

/// Something would be refused.
const REFUSED: u8 = 1;
/// Something could not be judged.
pub(crate) const NOT_JUDGED: u8 = 2;

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let color = cli.common.color;
    let outcome = project::find(&cli).map_err(Box::from).and_then(|project| {
        let cli = match &project {
            Some(project) => project::complete(cli, project),
            None => cli,
        };
        cli::check_paths(&cli);
        run_command(&cli, project.as_ref())
    });
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            terminal::complain(&error.to_string(), color);
            ExitCode::from(NOT_JUDGED)
        }
    }
}

fn run_command(cli: &Cli, project: Option<&Project>) -> Result<u8, Box<dyn Error>> {
    match &cli.command {
        None => judge_manifests(cli, project),
        Some(Command::Review { file, cluster }) => review::run(&cli.common, file, cluster),
        Some(Command::Policies) => policies::run(&cli.common),
        Some(Command::Explain { rule, language }) => explain::one(&cli.common, rule, language.lang),
        Some(Command::Rules { language }) => explain::all(&cli.common, language.lang),
        Some(Command::Init) => init::run(&cli.common),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "preflight", &mut text);
            // A program for a shell, which is to be obeyed.
            print_unchanged(&String::from_utf8_lossy(&text), cli.common.color).map(|()| 0)
        }
    }
}

fn judge_manifests(cli: &Cli, project: Option<&Project>) -> Result<u8, Box<dyn Error>> {
    let Asked {
        policies,
        notes,
        unjudged,
    } = configured(&cli.common)?;
    let exclude =
        Exclude::new(cli.exclude.clone()).map_err(|error| format!("--exclude: {error}"))?;
    let exclude = exclude.reading_ignored(cli.no_ignore);
    let mut manifests = manifests::read_without(&cli.paths, &exclude);
    manifests.notes.splice(..0, notes);
    let (cluster, kustomizations) = existing(&cli.cluster, cli.no_ignore, &mut manifests);
    manifests.kustomizations.extend(kustomizations);
    let (old, old_kustomizations) = existing(&cli.old, cli.no_ignore, &mut manifests);
    let existing = Existing {
        cluster,
        old,
        old_kustomizations,
        live: cli.live,
    };
    let bar = terminal::progress(manifests.objects.len());
    // Read once: two objects of one run are created at the same time.
    let now = Some(Timestamp::now());
    let (namespace, tick) = (cli.common.namespace(), || bar.inc(1));
    let mut report = judge_in(existing, manifests, &policies, namespace, now, tick)?;
    bar.finish_and_clear();
    report.leave(unjudged);
    if let Some(project) = project {
        let today = Zoned::now().date();
        project.exceptions().apply(&mut report, today);
        report.notes.push(project.note());
    }
    let width = terminal::width(cli.common.width);
    let files = cli.reports.iter();
    let files = files.map(|wanted| Ok((wanted, render(wanted.format, &report, &policies, width)?)));
    let files: Vec<_> = files.collect::<Result<_, Box<dyn Error>>>()?;
    let fails = cli.fail_on.iter().any(|on| match on {
        FailOn::Violation => !report.refusals.is_empty(),
        FailOn::Warning => !report.by_policy.is_empty(),
        FailOn::Unjudged => !report.unjudged.is_empty(),
    });
    // Only people want it quiet. What was not checked is nothing that was found.
    if cli.quiet {
        report.warnings.clear();
        report.needed_from_elsewhere.clear();
        report.notes.clear();
    }
    let text = render(cli.common.format, &report, &policies, width)?;
    print(&text, cli.common.color)?;
    for (wanted, text) in files {
        fs::write(&wanted.file, strip_str(&text).to_string()).map_err(|error| {
            format!(
                "{}: cannot be written: {error}",
                printable(&wanted.file.display().to_string())
            )
        })?;
    }
    Ok(if !report.problems.is_empty() {
        NOT_JUDGED
    } else if fails || !report.refusals.is_empty() {
        REFUSED
    } else {
        0
    })
}

/// The objects and the kustomizations in these manifests. What cannot be read is a problem of the run: a look-up could
/// miss it. Other files do not matter here.
fn existing(
    paths: &[PathBuf],
    no_ignore: bool,
    manifests: &mut Manifests,
) -> (Vec<Object>, Vec<Object>) {
    let read = manifests::read_without(paths, &Exclude::default().reading_ignored(no_ignore));
    manifests.problems.extend(read.problems);
    manifests.left_out.extend(read.left_out);
    let of_folders = read.notes.into_iter().filter(Note::is_of_a_folder);
    manifests.notes.extend(of_folders);
    (read.objects, read.kustomizations)
}

fn render(
    format: Format,
    report: &Report,
    policies: &[ActivePolicy],
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

/// The policies that were asked for, with settings that they accept.
fn configured(common: &Common) -> Result<Asked, Box<dyn Error>> {
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
            common.namespace(),
            host,
        )?);
    }
    let names: Vec<&str> = policies.iter().map(Policy::name).collect();
    let settings = match &common.settings {
        Some(file) => Settings::read(file, &names)?,
        None => match &common.project_settings {
            Some(settings) => Settings::of_project(settings, &names)?,
            None => Settings::default(),
        },
    };
    let policies = bundle::choose(policies, &common.policies)?;
    let (mut configured, mut errors) = (Vec::new(), Vec::new());
    for policy in policies {
        let settings = settings.of(policy.name());
        match settings::check(&policy, &settings) {
            Ok(()) => configured.push(ActivePolicy::new(policy, settings)),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if errors.is_empty() {
        Ok(Asked {
            policies: configured,
            ..Asked::default()
        })
    } else {
        Err(errors.join("\n").into())
    }
}

/// The policies that are asked. Says what is not followed, where there is no report to say it in.
fn configured_and_told(common: &Common) -> Result<Vec<ActivePolicy>, Box<dyn Error>> {
    let Asked {
        policies,
        notes,
        unjudged,
    } = configured(common)?;
    for note in notes {
        let text = format!("{}: {}", note.place, printable(&note.text));
        terminal::remark(&text, common.color);
    }
    for one in unjudged {
        let object = one.object.map(|object| format!("{object}: "));
        let object = object.unwrap_or_default();
        let text = format!("{}: {object}{}", one.place, printable(&one.text));
        terminal::remark(&text, common.color);
    }
    Ok(policies)
}

/// Prints a text, no line of which is a command to a build server.
fn print(text: &str, color: ColorChoice) -> Result<(), Box<dyn Error>> {
    print_unchanged(&without_commands(text), color)
}

/// A reader that has gone away, such as `head`, has seen what it wanted.
fn print_unchanged(text: &str, color: ColorChoice) -> Result<(), Box<dyn Error>> {
    match terminal::print(text, color) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
