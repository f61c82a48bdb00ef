//! The arguments, and what `--help` says of them.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::{
    Args, ColorChoice, CommandFactory, Parser, Subcommand, ValueEnum,
    builder::PossibleValuesParser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use clap_complete::Shell;
use preflight::{Limits, explain, names::UnknownName};
use serde_json::Value;
use shared::settings::namespace_problem;

use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  preflight deploy/
      Checks all manifests in a folder, with all policies.
  kubectl kustomize overlays/prod | preflight --namespace shop -
      Checks what a tool renders, as if it were applied to a namespace.
  preflight --render deploy/
      Builds the kustomizations and charts of a folder, and checks what comes out.
  preflight --policy hostpath-mounts --settings settings.yaml web.yaml
      Checks one file, with one policy and the settings of your cluster.
  kubectl get clusteradmissionpolicies -o yaml | preflight --policies-from - deploy/
      Checks with the settings, the rules and the modes of a cluster.
  kubectl get $(preflight policies --kinds) -A -o yaml | preflight --old - deploy/
      Checks changes: what is in the cluster already is not refused again.
  kubectl get $(preflight policies --kinds) -A -o yaml --show-managed-fields | preflight --live -
      Checks what a cluster has already.
  preflight --format json deploy/ | jq '.refusals[].file'
      Hands the report to another program.
  preflight --report sarif=preflight.sarif deploy/
      Writes a second report, for the lines of a change on a code host.
  preflight baseline deploy/
      Writes down what is found today; `--baseline FILE` counts only what is new.
  preflight fix --dry-run deploy/
      Shows what can be changed without a decision; without --dry-run it is.
  preflight allow deploy/ > settings.yaml
      Writes what hostpath-mounts has to allow for these manifests, for review.
  preflight --report html=preflight.html deploy/
      Writes a page for a browser, with the lines of the manifests.
  preflight review review.json
      Checks one AdmissionReview, as the API server would send it.

Exit status:
  0  nothing would be refused
  1  something would be refused; with --fail-on warning, or something is
     warned about; with --fail-on unjudged, or something was not checked
  2  something could not be checked: wrong arguments or settings, a file that
     cannot be read, a policy that gave no answer. What could be checked was,
     and is in the report.
";

const ABOUT: &str =
    "Shows what admission policies would refuse, before the manifests reach a cluster.";

const LONG_ABOUT: &str = "\
Shows what admission policies would refuse, before the manifests reach a cluster.

It runs the same wasm that a cluster enforces, over YAML and JSON manifests: files, folders, `kubectl get -o yaml` \
lists. All manifests you pass act as the cluster for lookups, so pass everything that belongs together. It also finds \
what shows only across them, such as two Services that ask for one node port, refuses Services that the API server \
refuses, and checks the HorizontalPodAutoscaler that KEDA makes of a ScaledObject.

Defaults, LimitRanges, mutating webhooks and most built-in checks of the API server are not applied. Only the \
namespace, a name that is to be generated and the time of creation, which is now, are filled in.";

/// All arguments.
#[derive(Debug, Clone, Parser)]
#[command(name = "preflight", version, about = ABOUT, long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
#[command(max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) common: Common,
    /// What else ends with 1, besides refusals: `warning`, `unjudged`, or both with a comma
    ///
    /// `unjudged` fails on what was not checked: pods in a kind that no policy covers, a kind in a version that no server
    /// has, a policy of `--policies-from` that cannot be followed, and each file or folder that was left out.
    /// `unjudged,warning` fails on both. What cannot be read always ends with 2.
    #[arg(long, value_enum, value_name = "FINDING", value_delimiter = ',')]
    pub(crate) fail_on: Option<Vec<FailOn>>,
    /// Write the report to a file as well; may be given more than once
    ///
    /// `github` alone, without a file, is printed behind the report: the runner reads it from there.
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    pub(crate) reports: Vec<ReportFile>,
    /// Show on the page of `--report html` what other policies would say, beside those of this run
    ///
    /// The file has policies as for `--policies-from`, such as those of a stricter overlay. May be given more than once.
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) beside: Vec<Beside>,
    #[command(flatten)]
    pub(crate) frames: Frames,
    /// Count only what is not in this file, which `preflight baseline` wrote
    ///
    /// What is in it is shown as such, and what is in it and is not found any more is told as gone.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Show no warnings, no notes and nothing that is needed from elsewhere: only refusals, problems, and what was not
    /// checked
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Whether all of a project is checked, and not some paths or policies of it.
    #[arg(skip)]
    pub(crate) is_whole: bool,
    /// The fields of a configuration that may hide findings.
    #[arg(skip)]
    pub(crate) lowering: Vec<&'static str>,
    /// Whether a configuration wants something built, and may not ask for it.
    #[arg(skip)]
    pub(crate) is_unrendered: bool,
}

/// Whether the report for people has lines of the manifests.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Frames {
    /// Show the lines of the manifests with the fields underlined; as on a terminal without this
    #[arg(long, overrides_with = "no_frame")]
    pub(crate) frame: bool,
    /// Show no lines of the manifests
    #[arg(long, overrides_with = "frame")]
    pub(crate) no_frame: bool,
}

/// What is checked, and what is in the cluster beside it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Input {
    /// Manifests: files, folders, or `-` for standard input
    ///
    /// Folders are read with all their folders, but without hidden files, without what a `.gitignore` in them leaves
    /// out, and without what is rendered before it is applied: templates of Helm charts, and patches that a
    /// kustomization has. The report names what was left out. For what is rendered, give `--render`, or pipe the output
    /// of `helm template` or `kubectl kustomize` into `preflight -`.
    /// For a path that is called like a command, write `./review`.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Leave out what a pattern matches in folders; may be given more than once
    ///
    /// A pattern is a line as in a `.gitignore` of each folder: `*.test.yaml`, `/drafts/`, `charts/**/ci`. A file that is
    /// named is read all the same.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Read what a `.gitignore` in a folder leaves out, too
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// Build what folders have of kustomizations and Helm charts, and check what comes out
    ///
    /// This runs `kubectl kustomize` and `helm template`, with the values of the chart, for folders that you trust. Of
    /// kustomizations that name one another the outermost are built. What names something that is not on this machine, or
    /// may run another program, is not built, and told as not checked.
    #[arg(long)]
    pub(crate) render: bool,
    /// Manifests of what is in the cluster already: found by look-ups, but not checked; may be given more than once
    #[arg(long, value_name = "PATH")]
    pub(crate) cluster: Vec<PathBuf>,
    /// Manifests of what is in the cluster already, to check changes; may be given more than once
    ///
    /// What is in them is found by look-ups, as with `--cluster`. A manifest of the same object is checked as an UPDATE of
    /// it: policies that let pass what was there before refuse only what it makes worse. What the old objects needed is
    /// looked up among these, and kinds of which nothing is in them are taken to be as in the manifests.
    #[arg(long, value_name = "PATH")]
    pub(crate) old: Vec<PathBuf>,
    /// The manifests are what a cluster printed: check the objects as they are there
    ///
    /// Without it each manifest is checked as it would be applied: the API server drops what only it may write, such as
    /// `metadata.deletionTimestamp`, `managedFields`, `resourceVersion`, `uid` and `status`, and sets its own. With it
    /// these fields count, as in the background audit, and a node port that the cluster chose is known for that.
    #[arg(long, conflicts_with = "old")]
    pub(crate) live: bool,
}

/// What all commands have.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Run only the policy with this name; may be given more than once
    #[arg(long = "policy", short, value_name = "NAME", global = true)]
    pub(crate) policies: Vec<String>,
    /// Run the policies in this .wasm file, in this folder of them, or in a registry; may be given more than once
    ///
    /// A registry is named as in a cluster, `registry://registry.example.com/policies/hostpath-mounts:v1`, and gets the
    /// credentials of the Docker configuration. Without the option, the policies that were built into this program are
    /// run, or, if there are none, those in `dist/`.
    #[arg(long, short, value_name = "PATH", global = true)]
    pub(crate) wasm: Vec<PathBuf>,
    /// The settings of the policies: YAML or JSON, a map from the name of a policy to its settings
    ///
    /// A policy that is not named gets its defaults. Settings are checked by the policy before any manifest is.
    #[arg(long, short, value_name = "FILE", global = true)]
    pub(crate) settings: Option<PathBuf>,
    /// Check with the policies in these manifests, as a cluster would that they are applied to
    ///
    /// Each `ClusterAdmissionPolicy` and `AdmissionPolicy` brings its settings, its rules, its selectors, its
    /// conditions, its mode and what it may look up; the policy that its module is called by judges. What is in the
    /// namespace of Kubewarden is left out, as there. `-` stands for standard input. May be given more than once.
    #[arg(long, value_name = "PATH", global = true, conflicts_with = "settings")]
    pub(crate) policies_from: Vec<PathBuf>,
    /// The namespace that Kubewarden runs in, whose objects no policy in `--policies-from` is asked about
    ///
    /// By default the one that the same manifests show: the arguments of its controller, the Helm release of its
    /// `PolicyServer`, or who may look things up for it. Where they show none, `kubewarden`.
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        requires = "policies_from",
        value_parser = namespace,
        hide_short_help = true
    )]
    pub(crate) kubewarden_namespace: Option<String>,
    /// The namespace of manifests that name none; `default` without this
    #[arg(long, short, value_name = "NAME", value_parser = namespace, global = true)]
    pub(crate) namespace: Option<String>,
    /// Go by this file instead of the `.preflight.yaml` of the folder or of the nearest one above it
    ///
    /// It has paths, patterns, settings and exceptions for a project: `preflight init` writes one. A file that is named here
    /// may also have something built (`render: true`), and write its reports anywhere.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Go by no `.preflight.yaml`
    #[arg(long, global = true, conflicts_with = "config")]
    pub(crate) no_config: bool,
    /// The settings that a `.preflight.yaml` has itself.
    #[arg(skip)]
    pub(crate) project_settings: Option<Value>,
    /// How to write the report
    #[arg(
        long,
        short,
        visible_short_alias = 'o',
        visible_alias = "output",
        value_enum,
        default_value_t = Format::Table,
        global = true
    )]
    pub(crate) format: Format,
    /// When to use colours; `auto` also respects `NO_COLOR`
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto, global = true)]
    pub(crate) color: ColorChoice,
    /// How wide to write; by default as wide as the terminal, or 100 where there is none
    #[arg(long, value_name = "COLUMNS", global = true, hide_short_help = true)]
    pub(crate) width: Option<usize>,
    /// How many milliseconds one evaluation may take
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 2000,
        global = true,
        hide_short_help = true
    )]
    pub(crate) time_limit: u64,
    /// How many MiB of memory a policy may use
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = 256,
        global = true,
        hide_short_help = true
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub(crate) memory_limit: u64,
}

/// What else can be done.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Check one `AdmissionReview`
    ///
    /// It goes through the policies whose rules match it, or through those that `--policy` names, whatever their rules.
    Review {
        /// The review, or its `request` alone, as JSON or YAML; `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Manifests to find when a policy looks something up; may be given more than once
        #[arg(long, value_name = "PATH")]
        cluster: Vec<PathBuf>,
    },
    /// List the policies, and what they look at
    ///
    /// With `--policies-from` those that would judge, each with its mode and its settings; with `--settings` those of the
    /// file. Both are checked.
    Policies {
        /// Print the kinds that they need, as `kubectl get` takes them
        ///
        /// Those of Kubernetes itself; those of other projects, which a cluster may lack, are named on standard error.
        #[arg(long)]
        kinds: bool,
    },
    /// Write down what is found today, so that only what is new counts from now on
    ///
    /// It is written to the file of `--baseline`, or to the one that `.preflight.yaml` names, or to
    /// `.preflight-baseline.json`. A finding is known by its object, its rule, its field and what it names, not by its line.
    /// What the project excepts is left out. It is for preflight alone: a cluster refuses all the same.
    Baseline {
        #[command(flatten)]
        input: Input,
        /// The file to write
        #[arg(long = "baseline", value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Write the settings of hostpath-mounts that let pass what these manifests mount, and nothing more
    ///
    /// Each entry is for one path, in the way and by the service accounts that mount it. It is for a person to review: what
    /// the policy refuses is most often refused for a reason.
    Allow {
        #[command(flatten)]
        input: Input,
    },
    /// Change in the files what can be changed without a decision
    ///
    /// That is what a refusal names: `readOnly: true` on a mount, a free node port, the apiVersion of an autoscaler's
    /// target, base64 for text of a Secret that is plainly none. Comments and order stay. Each change is checked before it
    /// is written, and what refuses something else is not made.
    Fix {
        #[command(flatten)]
        input: Input,
        /// Write nothing, and print the changes as a diff; lines that may hold a secret are not shown
        #[arg(long)]
        dry_run: bool,
        /// Change also what is only warned about: `readOnly: true` may keep a program from writing
        #[arg(long)]
        warnings: bool,
    },
    /// Write a `.preflight.yaml`, with what is in this folder
    Init,
    /// Explain a rule: what it finds, why, and what to write instead
    Explain {
        /// The name at the end of a message, such as `risky_path`, or `hostpath-mounts/risky_path`
        #[arg(value_name = "RULE")]
        rule: String,
        #[command(flatten)]
        language: InLanguage,
    },
    /// List the rules of all policies, or of those that `--policy` names
    Rules {
        #[command(flatten)]
        language: InLanguage,
    },
    /// Write the completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// What the commands have that explain rules.
#[derive(Debug, Clone, Args)]
pub(crate) struct InLanguage {
    /// The language to explain in; examples and their messages are in English, as in a cluster
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t = Language::En)]
    pub(crate) lang: Language,
}

/// What rules are explained in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English
    En,
    /// Korean, 한국어
    Ko,
}

/// What ends with the status of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// What a cluster would refuse
    Violation,
    /// What it would let pass with a warning
    Warning,
    /// What was not checked
    Unjudged,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: a table, or a list where there is no room for one
    Table,
    /// For programs
    Json,
    /// For code hosts, which show it on the lines of a change: SARIF 2.1.0
    Sarif,
    /// For build servers: `JUnit` XML
    Junit,
    /// For a workflow of GitHub, which shows it on the lines of a change and, where there is `GITHUB_STEP_SUMMARY`, in the
    /// summary of the job
    Github,
    /// For merge requests of GitLab: Code Quality
    Gitlab,
    /// For a comment on a change
    Markdown,
    /// For people: one page for a browser, with the lines of the manifests; it needs no network
    Html,
}

/// Policies to compare with, and what they are called on the page.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

impl FromStr for Beside {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=');
        match parts.filter(|(name, file)| !name.is_empty() && !file.is_empty()) {
            Some((name, file)) => Ok(Self {
                name: name.to_owned(),
                file: PathBuf::from(file),
            }),
            None => Err("write NAME=FILE, such as strict=strict.yaml".to_owned()),
        }
    }
}

/// A file to write a report to, and how.
#[derive(Debug, Clone)]
pub(crate) struct ReportFile {
    pub(crate) format: Format,
    /// None for what is printed behind the report.
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text.split_once('=').unwrap_or((text, ""));
        // A file alone says by its ending what is meant.
        let ending = Path::new(text).extension().and_then(OsStr::to_str);
        if let Some(ending) = ending.filter(|_| !text.contains('='))
            && Format::from_str(ending, false).is_ok()
        {
            return Err(format!("write {ending}={text}"));
        }
        let format = Format::from_str(format, false).map_err(|_| {
            let formats = Format::value_variants().iter();
            let names = formats
                .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()));
            let names: Vec<String> = names.collect();
            let unknown = UnknownName::new(format, names.iter().map(String::as_str));
            format!("there is no format {unknown}")
        })?;
        let file = (!file.is_empty()).then(|| PathBuf::from(file));
        if file.is_none() && format != Format::Github {
            let name = text.trim_end_matches('=');
            return Err(format!("write {name}=FILE"));
        }
        Ok(Self { format, file })
    }
}

/// Reads the name of a namespace.
fn namespace(name: &str) -> Result<String, String> {
    namespace_problem(name).map_or_else(|| Ok(name.to_owned()), Err)
}

impl Cli {
    /// Whether a report is to be written like this.
    pub(crate) fn writes(&self, format: Format) -> bool {
        let mut reports = self.reports.iter();
        self.common.format == format || reports.any(|wanted| wanted.format == format)
    }
}

impl Command {
    /// The manifests that it is about, if it is about some.
    fn input(&self) -> Option<&Input> {
        match self {
            Self::Baseline { input, .. } | Self::Allow { input } | Self::Fix { input, .. } => {
                Some(input)
            }
            _ => None,
        }
    }
}

impl Cli {
    /// Whether manifests are read.
    pub(crate) fn reads_manifests(&self) -> bool {
        let command = self.command.as_ref();
        command.is_none_or(|command| command.input().is_some())
    }
}

impl Common {
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            time: Duration::from_millis(self.time_limit),
            memory: self.memory_limit * 1024 * 1024,
        }
    }
}

/// What a command would not look at, although it was given.
fn unused(cli: &Cli) -> Option<String> {
    let command = cli.command.as_ref()?;
    let name = match command {
        Command::Review { .. } => "review",
        Command::Policies { .. } => "policies",
        Command::Explain { .. } => "explain",
        Command::Rules { .. } => "rules",
        Command::Baseline { .. } => "baseline",
        Command::Allow { .. } => "allow",
        Command::Fix { .. } => "fix",
        Command::Init => "init",
        Command::Completions { .. } => "completions",
    };
    let input = &cli.input;
    let of_input = [
        ("--exclude <GLOB>", !input.exclude.is_empty()),
        ("--cluster <PATH>", !input.cluster.is_empty()),
        ("--old <PATH>", !input.old.is_empty()),
        ("--live", input.live),
        ("--no-ignore", input.no_ignore),
        ("--render", input.render),
    ];
    let of_report = [
        ("--report <FORMAT=FILE>", !cli.reports.is_empty()),
        ("--quiet", cli.quiet),
        ("--baseline <FILE>", cli.baseline.is_some()),
        ("--frame", cli.frames.frame),
        ("--no-frame", cli.frames.no_frame),
        ("--beside <NAME=FILE>", !cli.beside.is_empty()),
        ("--fail-on <FINDING>", cli.fail_on.is_some()),
    ];
    let given = |options: &[(&'static str, bool)]| {
        let mut given = options.iter().filter(|(_, is_given)| *is_given);
        given.next().map(|(option, _)| *option)
    };
    // These have some of their own.
    let behind = match command {
        Command::Review { .. } => given(&of_input).filter(|option| *option == "--cluster <PATH>"),
        Command::Baseline { .. } => {
            given(&of_input).or(given(&of_report).filter(|option| option.starts_with("--baseline")))
        }
        _ if command.input().is_some() => given(&of_input),
        _ => None,
    };
    if let Some(option) = behind {
        return Some(format!("write '{option}' behind '{name}'"));
    }
    let option = given(&of_report).or(given(&of_input))?;
    Some(format!(
        "'{option}' cannot be used with '{name}': it is about the report on manifests"
    ))
}

/// Reads the arguments. Where they are wrong, or ask for help, it ends the program.
pub(crate) fn parse() -> Cli {
    let mut cli = Cli::try_parse().unwrap_or_else(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        // It repeats arguments, and these may be names of files.
        let mut text = error.render().to_string();
        if let Some(hint) = hint(&error) {
            text = format!("{}\n\n  tip: {hint}", text.trim_end());
        }
        terminal::complain(
            text.trim_start_matches("error: ").trim_end(),
            ColorChoice::Auto,
        );
        std::process::exit(error.exit_code());
    });
    if let Some(text) = unused(&cli) {
        Cli::command()
            .error(ErrorKind::ArgumentConflict, text)
            .exit();
    }
    if let Some(input) = cli.command.as_ref().and_then(Command::input) {
        cli.input = input.clone();
    }
    check_stdin(&cli);
    cli
}

/// What is most often meant by arguments that are wrong.
fn hint(error: &clap::Error) -> Option<String> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    if error.kind() == ErrorKind::InvalidValue && argument.starts_with("--format") {
        let is_path = value == "-" || value.contains(['/', '.']) || Path::new(value).exists();
        return is_path.then(|| {
            format!("-f is the format of the report, and files need no option: preflight {value}")
        });
    }
    let is_of_review = error.kind() == ErrorKind::UnknownArgument
        && !argument.starts_with('-')
        && std::env::args().any(|argument| argument == "review");
    is_of_review.then(|| {
        "`preflight review` takes one AdmissionReview; manifests are checked with `preflight FILE...`".to_owned()
    })
}

/// The arguments with the names that policies and rules have, for completions. Other policies may have other names.
pub(crate) fn with_names() -> clap::Command {
    let pages = explain::pages();
    let policies: BTreeSet<&str> = pages.iter().map(|page| page.policy.as_str()).collect();
    let policies: Vec<&str> = policies
        .into_iter()
        .filter(|name| *name != "preflight")
        .collect();
    let rules: BTreeSet<&str> = pages.iter().map(|page| page.rule.as_str()).collect();
    Cli::command()
        .mut_arg("policies", |argument| {
            argument.value_parser(PossibleValuesParser::new(policies))
        })
        .mut_subcommand("explain", |command| {
            command.mut_arg("rule", |argument| {
                argument.value_parser(PossibleValuesParser::new(rules))
            })
        })
}

/// Ends the program where a path is a command that was misspelt.
fn check_command(cli: &Cli) {
    let Some(name) = cli.input.paths.first().and_then(|path| path.to_str()) else {
        return;
    };
    let is_path = name.contains(['/', '\\', '.', '-']) || Path::new(name).exists();
    if is_path || cli.command.is_some() {
        return;
    }
    let command = Cli::command();
    let commands = command.get_subcommands().map(clap::Command::get_name);
    let unknown = UnknownName::new(name, commands);
    if let Some(nearest) = unknown.nearest {
        let text = format!(
            "there is no file or folder {name:?}, and no such command; did you mean `preflight {nearest}`?"
        );
        Cli::command()
            .error(ErrorKind::InvalidSubcommand, text)
            .exit();
    }
}

/// Ends the program where there is nothing to check.
pub(crate) fn check_paths(cli: &Cli) {
    check_command(cli);
    if cli.reads_manifests() && cli.input.paths.is_empty() {
        let text =
            "no PATH was given: name files or folders with manifests, or `-` for standard input";
        Cli::command()
            .error(ErrorKind::MissingRequiredArgument, text)
            .exit();
    }
}

/// Ends the program where several arguments are to be read from the standard input.
fn check_stdin(cli: &Cli) {
    let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
    let input = &cli.input;
    let readers = input.paths.iter().chain(&cli.common.policies_from);
    let readers = readers.chain(&input.cluster).chain(&input.old);
    let readers = readers.chain(&cli.common.settings);
    let of_review: Vec<&PathBuf> = match &cli.command {
        Some(Command::Review { file, cluster }) => cluster.iter().chain([file]).collect(),
        _ => Vec::new(),
    };
    let readers = readers.chain(of_review);
    if readers.filter(is_stdin).count() > 1 {
        let text = "standard input can be read only once: name `-` once";
        Cli::command()
            .error(ErrorKind::ArgumentConflict, text)
            .exit();
    }
}
