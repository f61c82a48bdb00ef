//! What each command does, from arguments to exit status.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write},
    iter,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use jiff::{Timestamp, Zoned};
use preflight::{
    Engine, Policy,
    baseline::{Baseline, BaselineError},
    bundle::{self, Bundle},
    config::Project,
    deployed::{self, Asked},
    engine::{EngineError, cache},
    judge::{ActivePolicy, Existing, judge_in},
    manifests::{self, Exclude, Manifests, Note, Object, printable, without_commands},
    report::{
        Report, Unjudged, github, gitlab,
        html::{self, Run},
        json, junit, markdown, sarif, table,
    },
    settings::{self, Settings},
};

use crate::{
    cli::{self, Cli, Command, Common, FailOn, Format},
    project, terminal,
};

mod allow;
mod baseline;
mod completions;
mod explain;
mod fix;
mod init;
mod policies;
mod review;
mod target;

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
        if let Some(project) = project
            .as_ref()
            .filter(|_| cli.is_unrendered && cli.command.is_some())
        {
            let Note { place, text } = project.unrendered();
            terminal::remark(&format!("{place}: {text}"), color);
        }
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
        Some(Command::Policies { kinds }) => policies::run(&cli.common, *kinds),
        Some(Command::Baseline { file, .. }) => baseline::run(cli, project, file.as_deref()),
        Some(Command::Allow { .. }) => allow::run(cli, project),
        Some(Command::Fix {
            dry_run, warnings, ..
        }) => fix::run(cli, project, *dry_run, *warnings),
        Some(Command::Explain { rule, language }) => explain::one(&cli.common, rule, language.lang),
        Some(Command::Rules { language }) => explain::all(&cli.common, language.lang),
        Some(Command::Init) => init::run(&cli.common),
        Some(Command::Completions { shell }) => completions::run(&cli.common, *shell),
    }
}

/// What is checked, with what, and what is there beside it.
struct Task {
    policies: Vec<ActivePolicy>,
    manifests: Manifests,
    existing: Existing,
    /// What is to be said of the policies.
    notes: Vec<Note>,
    /// The policies that cannot be followed.
    unjudged: Vec<Unjudged>,
}

impl Task {
    /// Reads all that the arguments name.
    fn read(cli: &Cli) -> Result<Self, Box<dyn Error>> {
        let Asked {
            policies,
            notes,
            unjudged,
        } = configured(&cli.common)?;
        let input = &cli.input;
        let exclude =
            Exclude::new(input.exclude.clone()).map_err(|error| format!("--exclude: {error}"))?;
        let exclude = exclude.reading_ignored(input.no_ignore);
        let mut manifests = if input.render {
            manifests::read_built(&input.paths, &exclude, cli.common.namespace())
        } else {
            manifests::read_without(&input.paths, &exclude)
        };
        let (cluster, kustomizations) = existing(&input.cluster, input.no_ignore, &mut manifests);
        manifests.kustomizations.extend(kustomizations);
        let (old, old_kustomizations) = existing(&input.old, input.no_ignore, &mut manifests);
        Ok(Self {
            policies,
            manifests,
            existing: Existing {
                cluster,
                old,
                old_kustomizations,
                live: input.live,
            },
            notes,
            unjudged,
        })
    }

    /// The same with other policies.
    fn with(&self, asked: Asked) -> Self {
        Self {
            policies: asked.policies,
            manifests: self.manifests.clone(),
            existing: self.existing.clone(),
            notes: asked.notes,
            unjudged: asked.unjudged,
        }
    }

    /// What the policies say of all that was read, and the policies.
    fn judge(self, cli: &Cli) -> Result<(Report, Vec<ActivePolicy>), Box<dyn Error>> {
        let Self {
            policies,
            mut manifests,
            existing,
            notes,
            unjudged,
        } = self;
        manifests.notes.splice(..0, notes);
        let mut report = judge_all(cli, manifests, existing, &policies)?;
        report.leave(unjudged);
        Ok((report, policies))
    }
}

fn judge_all(
    cli: &Cli,
    manifests: Manifests,
    existing: Existing,
    policies: &[ActivePolicy],
) -> Result<Report, Box<dyn Error>> {
    let bar = terminal::progress(manifests.objects.len());
    // Read once: two objects of one run are created at the same time.
    let now = Some(Timestamp::now());
    let (namespace, tick) = (cli.common.namespace(), || bar.inc(1));
    let report = judge_in(existing, manifests, policies, namespace, now, tick)?;
    bar.finish_and_clear();
    Ok(report)
}

/// What could not be read or checked, in a line each.
fn problems(report: &Report) -> Vec<String> {
    let lines = report.problems.iter();
    let lines = lines.map(|problem| format!("{}: {}", problem.place, printable(&problem.text)));
    lines.collect()
}

/// Says what could not be read or checked, where there is no report to say it in.
fn tell_problems(report: &Report, color: ColorChoice) {
    for problem in problems(report) {
        terminal::complain(&problem, color);
    }
}

/// Adds to a text what was not checked, if anything.
fn not_checked(text: &mut String, report: &Report) {
    const STYLE: Style = AnsiColor::Yellow.on_default().bold();
    let lines = report.not_checked();
    for line in &lines {
        let _ = writeln!(text, "{STYLE}NOT CHECKED{STYLE:#}  {line}");
    }
    if !lines.is_empty() {
        text.push_str("  `preflight` says why\n\n");
    }
}

/// Takes out of a report what the project excepts.
fn except(report: &mut Report, cli: &Cli, project: Option<&Project>) {
    if let Some(project) = project {
        let today = Zoned::now().date();
        project.exceptions().apply(report, today, cli.is_whole);
    }
}

fn judge_manifests(cli: &Cli, project: Option<&Project>) -> Result<u8, Box<dyn Error>> {
    // Before the work: a baseline that cannot be used ends it.
    let baseline = cli.baseline.as_deref();
    let baseline = baseline.map(|file| Ok((file, Baseline::read(file)?)));
    let baseline = baseline.transpose().map_err(|error: BaselineError| error)?;
    let task = Task::read(cli)?;
    target::check_reports(cli, &task)?;
    let others = beside(cli, project, &task)?;
    let (mut report, policies) = task.judge(cli)?;
    except(&mut report, cli, project);
    if let Some((file, baseline)) = baseline {
        let names: Vec<&str> = policies.iter().map(ActivePolicy::name).collect();
        baseline.apply(&mut report, &file.display().to_string(), &names);
    }
    // What a file says is not to be overlooked where there are many notes.
    let of_project = project.map(|project| project.note(&cli.lowering));
    let unrendered = project
        .filter(|_| cli.is_unrendered)
        .map(Project::unrendered);
    let always: Vec<Note> = of_project
        .iter()
        .filter(|_| !cli.lowering.is_empty())
        .chain(&unrendered)
        .cloned()
        .collect();
    report
        .notes
        .splice(..0, of_project.into_iter().chain(unrendered));
    if cli.writes(Format::Sarif) {
        preflight::fix::propose(&mut report, &policies);
    }
    let width = terminal::width(cli.common.width);
    let runs = |report| -> Vec<Run<'_>> {
        let others = others.iter().map(|other| Run {
            name: &other.name,
            report: &other.report,
            policies: &other.policies,
        });
        let main = Run {
            name: "this run",
            report,
            policies: &policies,
        };
        iter::once(main).chain(others).collect()
    };
    let all = runs(&report);
    let files = cli.reports.iter();
    let files = files.map(|wanted| {
        Ok((
            wanted,
            render(wanted.format, &all, width, cli.frames.frame)?,
        ))
    });
    let files: Vec<_> = files.collect::<Result<_, Box<dyn Error>>>()?;
    let fails = cli.fail_on.iter().flatten().any(|on| match on {
        FailOn::Violation => !report.refusals.is_empty(),
        FailOn::Warning => !report.by_policy.is_empty(),
        FailOn::Unjudged => !report.unjudged.is_empty(),
    });
    // Only people want it quiet. What was not checked is nothing that was found.
    let quiet = cli.quiet.then(|| Report {
        warnings: Vec::new(),
        needed_from_elsewhere: Vec::new(),
        notes: always.clone(),
        ..report.clone()
    });
    let format = cli.common.format;
    let framed = cli.frames.frame || !cli.frames.no_frame && terminal::is_there();
    let shown = runs(quiet.as_ref().unwrap_or(&report));
    let text = render(format, &shown, width, framed)?;
    if format == Format::Github {
        // The commands are to be obeyed.
        print_unchanged(&text, cli.common.color)?;
    } else {
        print(&text, cli.common.color)?;
    }
    if cli.writes(Format::Github) {
        add_to_summary(&report, &policies)?;
    }
    for (wanted, text) in files {
        match &wanted.file {
            Some(file) => {
                let text = strip_str(&text).to_string();
                fs::write(file, text).map_err(cannot_write(file))?;
            }
            None => print_unchanged(&text, cli.common.color)?,
        }
    }
    Ok(if !report.problems.is_empty() {
        NOT_JUDGED
    } else if fails || !report.refusals.is_empty() {
        REFUSED
    } else {
        0
    })
}

/// What other policies say.
struct Other {
    name: String,
    report: Report,
    policies: Vec<ActivePolicy>,
}

/// What other policies say of the same manifests.
fn beside(cli: &Cli, project: Option<&Project>, task: &Task) -> Result<Vec<Other>, Box<dyn Error>> {
    if !cli.beside.is_empty() && !cli.writes(Format::Html) {
        return Err("--beside is for the page of `--report html=FILE`: give that, too".into());
    }
    let others = cli.beside.iter().map(|beside| {
        let common = Common {
            policies_from: vec![beside.file.clone()],
            settings: None,
            project_settings: None,
            ..cli.common.clone()
        };
        let (mut report, policies) = task.with(configured(&common)?).judge(cli)?;
        except(&mut report, cli, project);
        Ok(Other {
            name: beside.name.clone(),
            report,
            policies,
        })
    });
    others.collect()
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

/// Writes a report on the first run; a page for a browser has the others beside it.
fn render(
    format: Format,
    runs: &[Run<'_>],
    width: usize,
    framed: bool,
) -> Result<String, Box<dyn Error>> {
    let Some(Run {
        report, policies, ..
    }) = runs.first()
    else {
        return Ok(String::new());
    };
    Ok(match format {
        Format::Table if framed => table::render_with_frames(report, width),
        Format::Table => table::render(report, width),
        Format::Json => format!("{}\n", json::render(report)?),
        Format::Sarif => format!("{}\n", sarif::render(report, policies)?),
        Format::Junit => junit::render(report)?,
        Format::Github => github::render(report),
        Format::Gitlab => format!("{}\n", gitlab::render(report)?),
        Format::Markdown => markdown::render(report, policies, usize::MAX),
        Format::Html => html::render(runs)?,
    })
}

/// Adds the report to the summary of a job on GitHub, if there is one.
fn add_to_summary(report: &Report, policies: &[ActivePolicy]) -> Result<(), Box<dyn Error>> {
    let file = env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from);
    let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else {
        return Ok(());
    };
    let there = fs::metadata(&file).map_or(0, |there| there.len());
    let room = github::MAX_SUMMARY.saturating_sub(there);
    let text = markdown::render(
        report,
        policies,
        usize::try_from(room).unwrap_or(usize::MAX),
    );
    let mut options = OpenOptions::new();
    let opened = options.create(true).append(true).open(&file);
    let added = opened.and_then(|mut summary| summary.write_all(text.as_bytes()));
    Ok(added.map_err(cannot_write(&file))?)
}

fn cannot_write(file: &Path) -> impl FnOnce(io::Error) -> String {
    let file = printable(&file.display().to_string());
    move |error| format!("{file}: cannot be written: {error}")
}

/// The answer to a format that only the report on manifests has.
fn no_such_format(command: &str) -> Box<dyn Error> {
    format!(
        "`preflight {command}` writes a table or JSON; all other formats are about files of manifests"
    )
    .into()
}

/// The engine for a whole run, with what this user's earlier ones compiled.
fn engine(common: &Common) -> Result<Engine, EngineError> {
    Engine::for_many(common.limits(), cache::folder().as_deref())
}

/// Refuses a format for a command that writes something of its own.
fn only_a_table(common: &Common, command: &str) -> Result<(), Box<dyn Error>> {
    match common.format {
        Format::Table => Ok(()),
        _ => Err(format!("`preflight {command}` has no other format than its own").into()),
    }
}

/// The policies that were asked for.
fn chosen(common: &Common) -> Result<Vec<Policy>, Box<dyn Error>> {
    let engine = engine(common)?;
    let bundle = Bundle::find(&engine, &common.wasm)?;
    Ok(bundle.load(&engine, &common.policies)?)
}

/// The policies that were asked for, with settings that they accept.
fn configured(common: &Common) -> Result<Asked, Box<dyn Error>> {
    let engine = engine(common)?;
    let bundle = Bundle::find(&engine, &common.wasm)?;
    if !common.policies_from.is_empty() {
        bundle::check_names(&common.policies, bundle.names().into_iter())?;
        let policies = bundle.load(&engine, &[])?;
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
    let names = bundle.names();
    let settings = match &common.settings {
        Some(file) => Settings::read(file, &names)?,
        None => match &common.project_settings {
            Some(settings) => Settings::of_project(settings, &names)?,
            None => Settings::default(),
        },
    };
    let policies = bundle.load(&engine, &common.policies)?;
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
