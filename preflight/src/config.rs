//! The configuration of a project, `.preflight.yaml`: what is checked, how, and what is excepted for a reason.

use std::{
    env, io,
    path::{Component, Path, PathBuf},
};

use jiff::civil::Date;
use serde_json::Value;
use shared::{
    Reader, quote, settings as declare,
    settings::{
        self, SettingType,
        described::{Form, Type, Value as Described},
    },
};

use crate::{
    exceptions::{self, Exception, Exceptions},
    manifests::{Note, Place, Unreadable, bounded, parse_with_lines, printable},
};

/// The name that is looked for.
pub const NAME: &str = ".preflight.yaml";

declare! {
    /// How preflight checks a project. All fields are optional. Paths are relative to the folder of this file.
    pub struct Config {
        /// Files and folders with manifests, for when the command names none.
        "paths" => pub paths: [FileName], example ["deploy/"];
        /// What is left out of folders: lines as in a `.gitignore`.
        "exclude" => pub exclude: [Pattern], example ["*.test.yaml"];
        /// Whether kustomizations and Helm charts in folders are built, with the `kubectl` and the `helm` of this machine. It
        /// counts where `--config` names this file; where preflight finds it, give `--render`.
        "render" => pub render: bool = false, example true;
        /// The namespace of manifests that name none.
        "namespace" => pub namespace: DefaultNamespace, example "shop";
        /// The names of the policies to run. Empty: all.
        "policies" => pub policies: [PolicyName], example ["hostpath-mounts"];
        /// Manifests with the policies of a cluster, as for `--policies-from`.
        "policiesFrom" => pub policies_from: [FileName], example ["cluster/policies.yaml"];
        /// The settings of the policies: a map from the name of a policy to its settings, or the name of a file with one.
        "settings" => settings: PolicySettings, example "settings.yaml";
        /// Manifests of what is in the cluster already, found by lookups.
        "cluster" => pub cluster: [FileName], example ["cluster/objects.yaml"];
        /// Manifests of what is in the cluster already, to check changes.
        "old" => pub old: [FileName], example ["cluster/objects.yaml"];
        /// What fails besides refusals.
        "failOn" => pub fail_on: [FailOnWord], example ["warning"];
        /// More reports, each written to a file. Where preflight finds this file, they stay below its folder.
        "reports" => pub reports: Reports;
        /// Findings that do not count, each for a reason. They are for preflight alone: a cluster refuses all the same.
        "exceptions" => exceptions: [ExceptionEntry];
        /// What was found before and does not count: a file that `preflight baseline` writes.
        "baseline" => pub baseline: OptionalFile, example ".preflight-baseline.json";
    }

    /// More reports, each written to a file.
    pub struct Reports {
        /// For programs.
        "json" => pub json: OptionalFile, example "preflight.json";
        /// For code hosts.
        "sarif" => pub sarif: OptionalFile, example "preflight.sarif";
        /// For build servers.
        "junit" => pub junit: OptionalFile, example "preflight.xml";
        /// Commands for a workflow of GitHub, which has to print them.
        "github" => pub github: OptionalFile, example "preflight.txt";
        /// For merge requests of GitLab.
        "gitlab" => pub gitlab: OptionalFile, example "gl-code-quality-report.json";
        /// For a comment on a change.
        "markdown" => pub markdown: OptionalFile, example "preflight.md";
        /// A page for a browser.
        "html" => pub html: OptionalFile, example "preflight.html";
    }

    /// Findings that do not count.
    pub struct ExceptionEntry {
        /// The policy whose findings they are, or `preflight`.
        "policy" => policy: PolicyName, example "hostpath-mounts";
        /// The rule, which stands at the end of a message.
        "rule" => rule: RuleName, example "risky_path";
        /// The object as the report names it. A `*` stands for any letters.
        "object" => object: Glob, example "DaemonSet monitoring/node-exporter";
        /// The field as the report names it. A `*` stands for any letters. Empty: all.
        "field" => field: Glob, example "spec.template.spec.volumes[*].hostPath.path";
        /// The file, or a folder that it is in.
        "file" => file: OptionalFile, example "deploy/monitoring/";
        /// Why they do not count, in one line for those who read the report.
        "reason" => reason: Why, example "node-exporter reads the figures of the node";
        /// The last day on which it holds.
        "until" => until: Day, example "2027-06-30";
        check Self::check;
    }

    text FileName {
        problem: empty_problem,
        pattern: ".",
    }

    text Pattern {
        problem: empty_problem,
        pattern: ".",
    }

    text PolicyName {
        problem: empty_problem,
        pattern: "^[a-z0-9-]+$",
    }

    text RuleName {
        problem: empty_problem,
        pattern: "^[a-z0-9_]+$",
    }

    text Why {
        problem: why_problem,
        pattern: ".",
    }

    text DefaultNamespace {
        problem: default_namespace_problem,
        pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$",
        max_length: 63,
    }

    text OptionalFile {
        problem: no_problem,
        pattern: "",
    }

    text Glob {
        problem: no_problem,
        pattern: "",
    }

    text FailOnWord {
        problem: fail_on_problem,
        words: {
            /// What a cluster would let pass with a warning.
            "warning",
            /// What was not checked.
            "unjudged",
        },
    }
}

impl ExceptionEntry {
    fn check(&mut self, entry: &mut Reader<'_, '_>) {
        if self.object.is_empty() && self.file.is_empty() {
            entry.problem(
                "object",
                "is missing, and so is file: name one, or set the level of the rule in settings",
            );
        }
    }
}

fn empty_problem(text: &str) -> Option<String> {
    text.is_empty().then(|| "is missing".to_owned())
}

fn why_problem(text: &str) -> Option<String> {
    let says_nothing = text.trim().is_empty();
    says_nothing.then(|| "must say why the finding does not count".to_owned())
}

fn no_problem(_: &str) -> Option<String> {
    None
}

fn default_namespace_problem(name: &str) -> Option<String> {
    let name = Some(name).filter(|name| !name.is_empty());
    name.and_then(settings::namespace_problem)
}

fn fail_on_problem(text: &str) -> Option<String> {
    let words = FailOnWord::WORDS;
    (!words.contains(&text)).then(|| settings::not_one_of(text, words))
}

/// A day, where there is one.
#[derive(Debug)]
enum Day {}

impl SettingType for Day {
    type Value = Option<Date>;
    type Default = ();

    fn read(entry: &mut Reader<'_, '_>, name: &'static str, (): ()) -> Option<Date> {
        let text = entry.text(name);
        if text.is_empty() {
            return None;
        }
        let day = text.parse();
        if day.is_err() {
            let problem = format!("{} is not a date; write it as 2027-06-30", quote(text));
            entry.problem(name, problem);
        }
        day.ok()
    }

    fn described() -> Type {
        Type::unnamed(Form::Text {
            pattern: "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$",
            max_length: None,
        })
    }

    fn written((): ()) -> Option<Described> {
        Some("".into())
    }
}

/// The settings of the policies, which the policies read.
#[derive(Debug)]
pub enum PolicySettings {}

impl SettingType for PolicySettings {
    type Value = ();
    type Default = ();

    fn read(map: &mut Reader<'_, '_>, name: &'static str, (): ()) {
        map.leave(name);
    }

    fn described() -> Type {
        Type::unnamed(Form::Text {
            pattern: "",
            max_length: None,
        })
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there, or may not be read.
    #[error("{file}: cannot be read: {error}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// The file is neither YAML nor JSON.
    #[error("{file}, {error}")]
    Syntax {
        /// The file.
        file: String,
        /// Where and why.
        error: Unreadable,
    },
    /// All that is wrong with it, a line for each problem.
    #[error("{}", .0.join("\n"))]
    Wrong(Vec<String>),
}

/// A configuration, and where it is.
#[derive(Debug)]
pub struct Project {
    /// What the file says.
    pub config: Config,
    /// The settings of the policies, as they are written: a map, the name of a file, or null.
    pub settings: Value,
    /// The file, as it is named in the report.
    pub file: PathBuf,
    /// Whether the command names the file. One that is only found may be a stranger's, as the manifests beside it may.
    pub is_named: bool,
    render: Place,
    exceptions: Exceptions,
}

impl Project {
    /// The configuration of the folder that the program runs in: in it, or in the nearest folder above, up to the top of
    /// the repository.
    pub fn find() -> Result<Option<Self>, ConfigError> {
        let Ok(here) = env::current_dir() else {
            return Ok(None);
        };
        let mut up = PathBuf::new();
        for folder in here.ancestors() {
            // Whatever it is: what cannot be read is told, and not passed over.
            if folder.join(NAME).symlink_metadata().is_ok() {
                return Self::read_file(&up.join(NAME), false).map(Some);
            }
            if folder.join(".git").exists() {
                break;
            }
            up.push("..");
        }
        Ok(None)
    }

    /// Reads a file that the command names.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::read_file(path, true)
    }

    fn read_file(path: &Path, is_named: bool) -> Result<Self, ConfigError> {
        let file = printable(&path.display().to_string());
        let text = bounded::read_to_string(path).map_err(|error| ConfigError::Io {
            file: file.clone(),
            error,
        })?;
        Self::parse(path, &file, &text, is_named)
    }

    fn parse(path: &Path, file: &str, text: &str, is_named: bool) -> Result<Self, ConfigError> {
        let object = parse_with_lines(file, text).map_err(|error| ConfigError::Syntax {
            file: file.to_owned(),
            error,
        })?;
        let nothing = tree::json!({});
        let value = object.as_ref().map_or(&nothing, |object| &*object.value);
        let place = |field: &str| match &object {
            Some(object) => object.place_of(field),
            None => Place {
                file: file.to_owned(),
                line: None,
                source: None,
            },
        };
        let config = settings::read_text::<Config>(&value.to_string());
        let config = config.map_err(|problems| {
            let lines = problems.iter().map(|(field, problem)| {
                let text = match field {
                    "" => format!("it {problem}"),
                    field => format!("{field}: {problem}"),
                };
                format!("{}: {}", place(field), printable(&text))
            });
            ConfigError::Wrong(lines.collect())
        })?;
        let settings: Value = value.get("settings").cloned().unwrap_or_default().into();
        if !(settings.is_null() || settings.is_object() || settings.is_string()) {
            let problem =
                "settings: must be a map from the name of a policy to its settings, or a file";
            return Err(ConfigError::Wrong(vec![format!(
                "{}: {problem}",
                place("settings")
            )]));
        }
        if !is_named {
            let lines = misplaced(&config, path).into_iter().map(|(field, option)| {
                let problem = format!(
                    "{field}: must be below the folder of this file, not behind a link that leads out of it, and not in \
                     .git; give {option} for another place"
                );
                format!("{}: {}", place(&field), printable(&problem))
            });
            let lines: Vec<String> = lines.collect();
            if !lines.is_empty() {
                return Err(ConfigError::Wrong(lines));
            }
        }
        let exceptions = exceptions(&config, path, &place);
        Ok(Self {
            render: place("render"),
            config,
            settings,
            file: path.to_owned(),
            is_named,
            exceptions,
        })
    }

    /// A path of the file, as seen from where the program runs.
    #[must_use]
    pub fn path(&self, written: &str) -> PathBuf {
        beside(&self.file, written)
    }

    /// Says that the file counts, and which of its fields may hide findings.
    #[must_use]
    pub fn note(&self, lowering: &[&str]) -> Note {
        let what = match lowering.join(", ") {
            fields if fields.is_empty() => "this file is used".to_owned(),
            fields => format!("it may hide findings ({fields})"),
        };
        Note {
            place: Place {
                file: printable(&self.file.display().to_string()),
                line: None,
                source: None,
            },
            text: format!("{what}; --no-config leaves it out"),
        }
    }

    /// Says that nothing is built although the file wants it.
    #[must_use]
    pub fn unrendered(&self) -> Note {
        Note {
            place: self.render.clone(),
            text: "nothing is built: `render: true` counts with --render, or where --config names this file"
                .to_owned(),
        }
    }

    /// What does not count.
    #[must_use]
    pub fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }
}

/// A path that is relative to the folder of a file.
fn beside(file: &Path, written: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(written)
}

/// The fields with files to be written that are not to be written, because of where they are, and the options that may.
fn misplaced(config: &Config, file: &Path) -> Vec<(String, String)> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let reports = config.reports.all().into_iter();
    let reports = reports.map(|(format, written)| {
        let field = format!("reports.{format}");
        (field, written, format!("--report {format}=FILE"))
    });
    let baseline = (
        "baseline".to_owned(),
        config.baseline.as_str(),
        "--baseline FILE".to_owned(),
    );
    let misplaced = reports
        .chain([baseline])
        .filter(|(_, written, _)| !written.is_empty() && !is_within(folder, Path::new(written)));
    misplaced
        .map(|(field, _, option)| (field, option))
        .collect()
}

/// Whether a file is below a folder, also where it is a link, and not of git's own.
#[must_use]
pub fn is_within(folder: &Path, file: &Path) -> bool {
    let is_plain = |path: &Path| {
        path.components().all(|part| match part {
            Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
            part => part == Component::CurDir,
        })
    };
    if !is_plain(file) {
        return false;
    }
    let folder = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    let path = folder.join(file);
    let Ok(folder) = folder.canonicalize() else {
        return false;
    };
    let target = match (path.is_symlink(), path.parent(), path.file_name()) {
        (true, ..) => path.canonicalize(),
        (false, Some(above), Some(name)) => match above.canonicalize() {
            Ok(above) => Ok(above.join(name)),
            // It will be told that nothing can be written there.
            Err(_) => return true,
        },
        _ => return false,
    };
    let target = target.ok();
    let target = target.as_ref().and_then(|it| it.strip_prefix(&folder).ok());
    target.is_some_and(is_plain)
}

impl Reports {
    /// All of them, by the name of their format.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &str); 7] {
        [
            ("json", &self.json),
            ("sarif", &self.sarif),
            ("junit", &self.junit),
            ("github", &self.github),
            ("gitlab", &self.gitlab),
            ("markdown", &self.markdown),
            ("html", &self.html),
        ]
    }
}

fn exceptions(config: &Config, file: &Path, place: &dyn Fn(&str) -> Place) -> Exceptions {
    let entries = config.exceptions.iter().enumerate();
    let entries = entries.map(|(index, entry)| Exception {
        policy: entry.policy.clone(),
        rule: entry.rule.clone(),
        object: exceptions::pattern(&entry.object),
        field: exceptions::pattern(&entry.field),
        file: (!entry.file.is_empty()).then(|| beside(file, &entry.file)),
        reason: entry.reason.clone(),
        until: entry.until,
        place: place(&format!("exceptions[{index}]")),
    });
    Exceptions::new(entries.collect())
}

/// The settings, for documents.
#[must_use]
pub fn described() -> Type {
    <Config as SettingType>::described()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Project, String> {
        let file = "../.preflight.yaml";
        Project::parse(Path::new(file), file, text, false).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_a_configuration() {
        for text in ["", "# nothing\n", "{}"] {
            let project = parse(text).unwrap();
            assert_eq!(project.config.paths, [""; 0]);
            assert_eq!(project.settings, Value::Null);
        }
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let text = "\
path: [deploy]
failOn: [violation]
reports:
  other: a.xml
settings: [1]
exceptions:
- policy: hostpath-mounts
  rule: risky_path
  until: 30.6.2027
- policy: hostpath-mounts
  object: Pod shop/a
  reason: it has to
";
        assert_eq!(
            parse(text).unwrap_err(),
            "../.preflight.yaml:2: failOn[0]: \"violation\" is not one of \"warning\", \"unjudged\"\n\
             ../.preflight.yaml:4: reports.other: is not a setting; expected one of \"json\", \"sarif\", \"junit\", \"github\", \"gitlab\", \"markdown\", \"html\"\n\
             ../.preflight.yaml:7: exceptions[0].reason: must say why the finding does not count\n\
             ../.preflight.yaml:9: exceptions[0].until: \"30.6.2027\" is not a date; write it as 2027-06-30\n\
             ../.preflight.yaml:7: exceptions[0].object: is missing, and so is file: name one, or set the level of the \
             rule in settings\n\
             ../.preflight.yaml:10: exceptions[1].rule: is missing\n\
             ../.preflight.yaml:1: path: is not a setting; did you mean \"paths\"?"
        );
        assert_eq!(
            parse("settings: [1]").unwrap_err(),
            "../.preflight.yaml:1: settings: must be a map from the name of a policy to its settings, or a file"
        );
    }

    #[test]
    fn what_a_file_that_is_found_has_written_stays_below_its_folder() {
        let text = "reports:\n  json: /tmp/x\n  html: a/../../x\n  sarif: ./out.sarif\n  junit: .git/config\nbaseline: ../x\n";
        let place = "must be below the folder of this file, not behind a link that leads out of it, and not in .git; give";
        assert_eq!(
            parse(text).unwrap_err(),
            format!(
                "../.preflight.yaml:2: reports.json: {place} --report json=FILE for another place\n\
                 ../.preflight.yaml:5: reports.junit: {place} --report junit=FILE for another place\n\
                 ../.preflight.yaml:3: reports.html: {place} --report html=FILE for another place\n\
                 ../.preflight.yaml:6: baseline: {place} --baseline FILE for another place"
            )
        );
        let file = Path::new("../.preflight.yaml");
        assert!(Project::parse(file, "../.preflight.yaml", text, true).is_ok());
    }

    #[test]
    fn paths_are_those_of_the_file() {
        let project = parse("paths: [deploy, /tmp/x]").unwrap();
        assert_eq!(project.path("deploy"), Path::new("../deploy"));
        assert_eq!(project.path("/tmp/x"), Path::new("/tmp/x"));
    }
}
