//! The arguments, and what `--help` says of them.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ColorChoice, CommandFactory, Parser, Subcommand, ValueEnum, error::ErrorKind};
use clap_complete::Shell;
use preflight::Limits;
use serde_json::Value;

use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  preflight deploy/
      Checks all manifests in a folder, with all policies.
  kubectl kustomize overlays/prod | preflight --namespace shop -
      Checks what a tool renders, as if it were applied to a namespace.
  preflight --policy hostpath-mounts --settings settings.yaml web.yaml
      Checks one file, with one policy and the settings of your cluster.
  kubectl get clusteradmissionpolicies -o yaml | preflight --policies-from - deploy/
      Checks with the settings, the rules and the modes of a cluster.
  kubectl get all,pvc,hpa,ingress -A -o yaml | preflight --old - deploy/
      Checks changes: what is in the cluster already is not refused again.
  kubectl get pods,services -A -o yaml --show-managed-fields | preflight --live -
      Checks what a cluster has already.
  preflight --format json deploy/ | jq '.refusals[].file'
      Hands the report to another program.
  preflight --report sarif=preflight.sarif deploy/
      Writes a second report, for the lines of a change on a code host.
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
    /// Manifests: files, folders, or `-` for standard input
    ///
    /// Folders are read with all their folders, but without hidden files, without what a `.gitignore` in them leaves
    /// out, and without what is rendered before it is applied: templates of Helm charts, and patches that a
    /// kustomization names. The report names what was left out. For what is rendered, pipe the output of
    /// `helm template` or `kubectl kustomize` into `preflight -`.
    /// For a path that is called like a command, write `./review`.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Leave out what a pattern matches in folders; may be given more than once
    ///
    /// A pattern is a line as in a `.gitignore` of each folder: `*.test.yaml`, `/drafts/`, `charts/**/ci`. A file that is
    /// named is read all the same.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Read what a `.gitignore` in a folder leaves out, too
    #[arg(long)]
    pub(crate) no_ignore: bool,
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
    /// What ends with 1 besides refusals, which always do: `warning`, `unjudged`, or both with a comma
    ///
    /// `unjudged` fails on what was not checked: pods in a kind that no policy covers, a kind in a version that no server
    /// has, a policy of `--policies-from` that cannot be followed, and each file or folder that was left out.
    /// `unjudged,warning` fails on both. What cannot be read always ends with 2.
    #[arg(
        long,
        value_enum,
        value_name = "FINDING",
        value_delimiter = ',',
        default_value = "violation"
    )]
    pub(crate) fail_on: Vec<FailOn>,
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
    /// Show no warnings, no notes and nothing that is needed from elsewhere: only refusals, problems, and what was not
    /// checked
    #[arg(long, short)]
    pub(crate) quiet: bool,
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
        hide_short_help = true
    )]
    pub(crate) kubewarden_namespace: Option<String>,
    /// The namespace of manifests that name none; `default` without this
    #[arg(long, short, value_name = "NAME", global = true)]
    pub(crate) namespace: Option<String>,
    /// Go by this file instead of the `.preflight.yaml` of the folder or of the nearest one above it
    ///
    /// It has paths, patterns, settings and exceptions for a project: `preflight init` writes one.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Go by no `.preflight.yaml`
    #[arg(long, global = true, conflicts_with = "config")]
    pub(crate) no_config: bool,
    /// The settings that a `.preflight.yaml` has itself.
    #[arg(skip)]
    pub(crate) project_settings: Option<Value>,
    /// How to write the report
    #[arg(long, short, value_enum, default_value_t = Format::Table, global = true)]
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
    Policies,
    /// Write a `.preflight.yaml`, with what is in this folder
    Init,
    /// Explain a rule: what it finds, why, and what to write instead
    Explain {
        /// The name at the end of a message, such as `risky_path`, or `hostpath-mounts/risky_path`
        #[arg(value_name = "RULE")]
        rule: String,
    },
    /// List the rules of all policies, or of those that `--policy` names
    Rules,
    /// Write the completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
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
        let format = Format::from_str(format, false)?;
        let file = (!file.is_empty()).then(|| PathBuf::from(file));
        if file.is_none() && format != Format::Github {
            return Err("write FORMAT=FILE, such as sarif=preflight.sarif".to_owned());
        }
        Ok(Self { format, file })
    }
}

impl Cli {
    /// Whether a report is to be written like this.
    pub(crate) fn writes(&self, format: Format) -> bool {
        let mut reports = self.reports.iter();
        self.common.format == format || reports.any(|wanted| wanted.format == format)
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
    let command = match cli.command.as_ref()? {
        Command::Review { .. } => "review",
        Command::Policies => "policies",
        Command::Explain { .. } => "explain",
        Command::Rules => "rules",
        Command::Init => "init",
        Command::Completions { .. } => "completions",
    };
    let (argument, _) = [
        ("--report <FORMAT=FILE>", !cli.reports.is_empty()),
        ("--quiet", cli.quiet),
        ("--frame", cli.frames.frame),
        ("--no-frame", cli.frames.no_frame),
        ("--exclude <GLOB>", !cli.exclude.is_empty()),
        ("--cluster <PATH>", !cli.cluster.is_empty()),
        ("--old <PATH>", !cli.old.is_empty()),
        ("--live", cli.live),
        ("--beside <NAME=FILE>", !cli.beside.is_empty()),
        ("--no-ignore", cli.no_ignore),
        ("--fail-on <FINDING>", cli.fail_on != [FailOn::Violation]),
    ]
    .into_iter()
    .find(|(_, is_given)| *is_given)?;
    // `review` has one of its own.
    if command == "review" && argument == "--cluster <PATH>" {
        return Some(format!("write '{argument}' behind '{command}'"));
    }
    Some(format!(
        "'{argument}' cannot be used with '{command}': it is about the report on manifests"
    ))
}

/// Reads the arguments. Where they are wrong, or ask for help, it ends the program.
pub(crate) fn parse() -> Cli {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        // It repeats arguments, and these may be names of files.
        let text = error.render().to_string();
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
    check_stdin(&cli);
    cli
}

/// Ends the program where there is nothing to check.
pub(crate) fn check_paths(cli: &Cli) {
    if cli.command.is_none() && cli.paths.is_empty() {
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
    let readers = cli.paths.iter().chain(&cli.common.policies_from);
    let readers = readers.chain(&cli.cluster).chain(&cli.old);
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
