//! Reads manifests: files, folders and standard input, YAML and JSON, with the line of each field.
//!
//! - A folder is read with all its folders, files that end in `.yaml`, `.yml` or `.json`, in the order of their names.
//!   Hidden files and what a `.gitignore` in it leaves out are not read; a file that is named is always read.
//! - What of a folder is not read, although it may be a manifest, is a [`LeftOut`].
//! - YAML means what it means to kubectl, which is YAML 1.1: `on` is a boolean and `0777` is 511. Spellings that only
//!   other readers of YAML take for a boolean or a number, such as `yEs`, stay text. What kubectl and other readers take
//!   for different values, such as a key that is there twice, is a problem.
//! - An object with `items` is a list, whatever its kind, because kubectl applies the items and not the object.
//! - A broken document is a [`Problem`] with its line, and all others are still read.
//! - A file that is given twice, or by two names, is read once, by its first name.
//! - In a folder, files that are not manifests are a [`Note`], one for each. Templates of Helm charts, patches of
//!   kustomizations and other templates are left out, because they are rendered before they are applied.
//! - Nothing is read without an end: no device, no pipe, no file over [`bounded::MAX_BYTES`], and no link of a folder that leads
//!   out of it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use tree::Value;

pub mod bounded;
mod build;
mod chart;
mod document;
pub mod edit;
mod events;
mod json;
mod kustomization;
mod left_out;
mod lines;
mod list;
mod no_manifest;
mod node;
mod once;
mod path;
mod place;
mod plan;
mod printable;
mod program;
mod rendered;
mod scalar;
mod secret_lines;
mod unreadable;
mod walk;
mod written;
mod yaml;

pub use document::{parse_one, parse_with_lines};
pub use left_out::{LeftOut, Why};
pub use lines::{Lines, Mark};
pub use printable::{is_invisible, printable, without_commands};
pub use secret_lines::secret_lines;
pub use unreadable::Unreadable;
pub use walk::Exclude;
pub use written::{ShownLine, Written};

use build::Built;
use kustomization::Named;
use list::Contents;
use once::Once;
use walk::{Source, Unlisted, Walk};

/// How the version of a kustomization begins.
const KUSTOMIZE: &str = "kustomize.config.k8s.io/";

/// One object, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The object as the API server would read it. It is large, and so it is shared with what looks things up in it.
    pub value: Arc<Value>,
    /// The file that it is applied from, as it was named, or `-`: for what is built, the one that says how.
    pub file: String,
    /// The line where the object starts.
    pub line: usize,
    written: Arc<Written>,
    /// The template that it was rendered from, where Helm says so, or the kustomization that it was built by.
    source: Option<String>,
    /// The file that it is written in, where that is another.
    shown: Option<String>,
}

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// The file, as it was named, or `-`.
    pub file: String,
    /// The line, where there is one to point to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The template that it was rendered from, where Helm says so, or the kustomization that it was built by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// For people: what a file is called may be anything.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.source {
            Some(source) => write!(f, " ({})", printable(source)),
            None => Ok(()),
        }
    }
}

/// Something that kept a manifest, or a path, from being judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What, and what to do.
    pub text: String,
}

/// Something worth knowing that is no problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Note {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What.
    pub text: String,
}

impl Note {
    /// Whether it tells what of a folder is rendered first, and so left out.
    #[must_use]
    pub fn is_of_a_folder(&self) -> bool {
        self.place.line.is_none()
    }
}

/// All that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifests {
    /// The objects, in the order of the paths, the files and the documents.
    pub objects: Vec<Object>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What is no manifest.
    pub notes: Vec<Note>,
    /// What of folders was not read.
    pub left_out: Vec<LeftOut>,
    /// The kustomizations, which are read and not built.
    pub kustomizations: Vec<Object>,
}

impl Object {
    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.text("apiVersion")
    }

    /// The group in `apiVersion`. That of the core is empty.
    #[must_use]
    pub fn group(&self) -> &str {
        let parts = self.api_version().split_once('/');
        parts.map_or("", |(group, _)| group)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("kind")
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.metadata("name")
    }

    /// `metadata.namespace`.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.metadata("namespace")
    }

    /// A field that is a text; empty where it is none.
    fn text(&self, field: &str) -> &str {
        let value = self.value.get(field).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    fn metadata(&self, field: &str) -> Option<&str> {
        self.value.get("metadata")?.get(field)?.as_str()
    }

    /// The line of a field such as `spec.containers[1].image`, or of the closest thing above it that is there.
    #[must_use]
    pub fn line_of(&self, field: &str) -> usize {
        self.written.mark(field).map_or(self.line, |mark| mark.line)
    }

    /// How it is written.
    #[must_use]
    pub fn written(&self) -> &Arc<Written> {
        &self.written
    }

    /// The value of a field such as `spec.containers[1].image`.
    #[must_use]
    pub fn value_of(&self, field: &str) -> Option<&Value> {
        path::value(&self.value, field)
    }

    /// The value with another scalar at a field, which may be new. `None` where there is nothing that could have it.
    #[must_use]
    pub fn with(&self, field: &str, scalar: &Value) -> Option<Value> {
        let mut value = Value::clone(&self.value);
        let steps = path::parse(field);
        let (last, above) = steps.split_last()?;
        let above = path::value_mut(&mut value, above)?;
        match last {
            path::Step::Key(key) => {
                above
                    .as_object_mut()?
                    .insert(key.as_str().into(), scalar.clone());
            }
            path::Step::Index(index) => *above.get_mut(index)? = scalar.clone(),
        }
        Some(value)
    }

    /// The field without the numbers of list items, which change when a list grows: an item is called by its `name`.
    #[must_use]
    pub fn steady(&self, field: &str) -> String {
        path::steady(&self.value, field)
    }

    /// The place of the object.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place_at(self.line)
    }

    /// The place of a field.
    #[must_use]
    pub fn place_of(&self, field: &str) -> Place {
        self.place_at(self.line_of(field))
    }

    fn place_at(&self, line: usize) -> Place {
        Place {
            file: self.shown.as_ref().unwrap_or(&self.file).clone(),
            line: Some(line),
            source: self.source.clone(),
        }
    }
}

/// Reads all paths; `-` stands for standard input.
#[must_use]
pub fn read(paths: &[PathBuf]) -> Manifests {
    read_without(paths, &Exclude::default())
}

/// Reads all paths, and of folders only what is not excluded.
#[must_use]
pub fn read_without(paths: &[PathBuf], exclude: &Exclude) -> Manifests {
    read_all(paths, exclude, &Built::default())
}

/// Reads all paths, and builds what of folders is not applied as it is written: kustomizations with `kubectl kustomize`, and
/// charts with `helm template`, for a namespace. Of kustomizations that name one another it is the outermost that is built.
/// What is not of this machine is not built.
#[must_use]
pub fn read_built(paths: &[PathBuf], exclude: &Exclude, namespace: &str) -> Manifests {
    let folders: Vec<PathBuf> = paths.iter().filter(|path| path.is_dir()).cloned().collect();
    let files = folders.iter().flat_map(|folder| {
        let files = Walk::through(folder, exclude).files.into_iter().flatten();
        files.map(|(file, _)| file)
    });
    let files: Vec<PathBuf> = files.collect();
    let built = Built::of(&folders, &files, namespace);
    read_all(paths, exclude, &built)
}

fn read_all(paths: &[PathBuf], exclude: &Exclude, built: &Built) -> Manifests {
    let mut manifests = Manifests::default();
    let named = Named::of(paths);
    let mut once = Once::of(paths);
    for path in paths {
        manifests.read_path(path, &named, exclude, built, &mut once);
    }
    manifests
}

/// Reads one text as if it were this file.
#[must_use]
pub fn read_text(file: &str, text: &str) -> Manifests {
    let mut manifests = Manifests::default();
    manifests.add_text(file, text, Source::Named);
    manifests
}

/// A file of a folder: what it is read as, if it is read, and what was built of it.
type Planned<'a> = (PathBuf, Option<Source>, Option<&'a Manifests>);

impl Manifests {
    /// Reads a path, which is one of those that are named.
    fn read_path(
        &mut self,
        path: &Path,
        named: &Named<'_>,
        exclude: &Exclude,
        built: &Built,
        once: &mut Once,
    ) {
        if path.is_dir() {
            if once.adds_folder(path) {
                self.read_folder(path, named, exclude, built, once);
            }
            return;
        }
        if !once.adds_named(path) {
            return;
        }
        let before = self.kustomizations.len();
        self.add_named(&path.display().to_string(), bounded::read(path));
        let kustomizations = self.kustomizations.iter().skip(before);
        let changing =
            kustomizations.filter_map(|one| kustomization::left_out(&one.value, path, None, named));
        self.left_out.extend(changing);
    }

    fn read_folder(
        &mut self,
        path: &Path,
        named: &Named<'_>,
        exclude: &Exclude,
        built: &Built,
        once: &mut Once,
    ) {
        let folder = path.display().to_string();
        let Walk {
            files,
            mut rendered,
            mut left_out,
        } = Walk::through(path, exclude);
        if files.is_empty() && rendered.is_empty() {
            let mut text = "there is no .yaml, .yml or .json file in this folder".to_owned();
            if !left_out.is_empty() {
                text.push_str(" that is not left out");
            }
            self.left_out.extend(left_out);
            return self.problem(&folder, None, text);
        }
        let changing = rendered.changing(path, named);
        let is_any_named = !changing.is_empty();
        left_out.extend(changing);
        left_out.sort_by(|one, other| Path::new(&one.path).cmp(Path::new(&other.path)));
        let before = left_out.len();
        left_out.retain(|one| !built.has_used_what_is_left_out(one));
        let is_built = left_out.len() < before
            || files
                .iter()
                .flatten()
                .any(|(file, _)| built.output(file).is_some() || built.has_used(file));
        self.left_out.extend(left_out);
        let broken = rendered.take_broken();
        for (file, Unreadable { line, text }) in &broken {
            self.problem(&file.display().to_string(), Some(*line), text.clone());
        }
        let is_broken = |path: &Path| broken.iter().any(|(file, _)| file == path);
        let mut is_read = false;
        let files: Vec<_> = files
            .into_iter()
            .map(|file| {
                let (file, source) = file?;
                // A kustomization is still looked at, for what it generates. One that is broken is told already, and
                // objects in it would be missed.
                let is_wanted = if source == Source::Description {
                    !is_broken(&file)
                } else {
                    !built.has_used(&file)
                };
                let is_new = is_wanted && once.adds(&file);
                is_read |= is_wanted && !is_new;
                let source = if once.is_named(&file) {
                    Source::Named
                } else {
                    source
                };
                let output = built.output(&file).filter(|_| once.adds_output(&file));
                Ok((file, is_new.then_some(source), output))
            })
            .collect();
        let (all, is_anything) = Self::of_files(files);
        let commands = rendered.commands();
        let is_nothing = all.objects.is_empty() && all.problems.is_empty() && !is_read;
        // What could not be built is told with its file.
        if !is_built {
            if is_nothing && rendered.is_empty() && !all.left_out.is_empty() {
                let text = "there is nothing to check in this folder but templates: check what they are rendered to";
                self.problem(&folder, None, text.to_owned());
            } else if rendered.is_empty() && !is_anything {
                let text = "the .yaml, .yml and .json files in this folder are empty: there is no manifest in it";
                self.problem(&folder, None, text.to_owned());
            } else if !rendered.is_empty() && is_nothing {
                let text = format!(
                    "there is nothing to check in this folder but {rendered}: check the output of {commands}"
                );
                self.problem(&folder, None, text);
            } else if !rendered.is_empty() && !rendered.leaves_out() && !is_any_named {
                let text = format!("left out {rendered}: check the output of {commands}");
                self.note(&folder, None, text);
            }
        }
        self.extend(all);
    }

    /// Reads files, and says whether there was anything in them.
    fn of_files(files: Vec<Result<Planned<'_>, Unlisted>>) -> (Self, bool) {
        // Reading YAML is half of all work. The order is that of the files, whichever is read first.
        let read = files.into_par_iter().map(|file| {
            let mut manifests = Self::default();
            let mut is_anything = true;
            match file {
                Ok((file, source, output)) => {
                    let name = file.display().to_string();
                    match source {
                        Some(Source::Named) => manifests.add_named(&name, bounded::read(&file)),
                        Some(source) => {
                            is_anything = manifests.add_file(&name, bounded::read(&file), source);
                        }
                        None => {}
                    }
                    if let Some(output) = output {
                        manifests.extend(output.clone());
                    }
                }
                Err(Unlisted { path, text }) => {
                    manifests.problem(&path.display().to_string(), None, text);
                }
            }
            (manifests, is_anything)
        });
        let mut all = Self::default();
        let mut is_anything = false;
        for (manifests, is_any) in read.collect::<Vec<_>>() {
            all.extend(manifests);
            is_anything |= is_any;
        }
        (all, is_anything)
    }

    /// Reads what the user named. Nothing at all is most often what a command before it failed to write.
    fn add_named(&mut self, file: &str, read: io::Result<Vec<u8>>) {
        let is_comment = |line: &[u8]| line.trim_ascii().starts_with(b"#");
        let mut lines = read
            .iter()
            .flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
        let has_comments = lines.any(is_comment);
        if !self.add_file(file, read, Source::Named) {
            let text = if has_comments {
                "holds nothing but comments: there is no manifest in it"
            } else {
                "is empty: there is no manifest in it"
            };
            self.problem(file, None, text.to_owned());
        }
    }

    fn extend(&mut self, more: Self) {
        self.objects.extend(more.objects);
        self.problems.extend(more.problems);
        self.notes.extend(more.notes);
        self.left_out.extend(more.left_out);
        self.kustomizations.extend(more.kustomizations);
    }

    /// Adds what is in a file, and says whether there was anything.
    fn add_file(&mut self, file: &str, bytes: io::Result<Vec<u8>>, source: Source) -> bool {
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                let mut text = format!("cannot be read: {error}");
                let meant = file.replace('\\', "/");
                if error.kind() == io::ErrorKind::NotFound
                    && meant != file
                    && Path::new(&meant).exists()
                {
                    text = format!("{text}; did you mean {meant:?}?");
                }
                self.problem(file, None, text);
                return true;
            }
        };
        match String::from_utf8(bytes) {
            Ok(text) => self.add_text(file, &text, source),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let line = error
                    .as_bytes()
                    .iter()
                    .take(valid)
                    .filter(|byte| **byte == b'\n')
                    .count()
                    + 1;
                let text = if matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
                    "is text in UTF-16: save it as UTF-8"
                } else {
                    "is not text in UTF-8"
                };
                self.problem(file, Some(line), text.to_owned());
                true
            }
        }
    }

    fn add_text(&mut self, file: &str, text: &str, source: Source) -> bool {
        let mut is_anything = false;
        let is_found = source == Source::Folder;
        // What is no manifest: the line of the first, what it is, and how many there are.
        let mut others: Option<(usize, &str, usize)> = None;
        let mut is_template = false;
        for document in document::split(text) {
            let mut other = |line, what| match &mut others {
                Some((_, _, count)) => *count += 1,
                None => others = Some((line, what, 1)),
            };
            let parsed = document.parse();
            is_anything |= !matches!(parsed, Ok(None));
            match parsed {
                Ok(None) => {}
                Err(_) if is_found && document.is_template() => is_template = true,
                Err(Unreadable { line, .. }) if is_found && document.has_no_kind() => {
                    other(line, "not a Kubernetes object");
                }
                Ok(Some((value, text))) => {
                    let (root, _, mark) = &value;
                    let whole = *mark;
                    if is_found && let Some(what) = no_manifest::kind_of(root) {
                        other(mark.line, what);
                        continue;
                    }
                    let template = document.template();
                    let Contents { objects, problems } = list::flatten(value);
                    for Unreadable { line, text } in problems {
                        self.problem(file, Some(line), text);
                    }
                    for (value, lines, mark) in objects {
                        let text = Arc::clone(&text);
                        let written = if mark == whole {
                            Written::of_document(&value, text, mark, document.reading())
                        } else {
                            Written::new(&value, text, mark, lines)
                        };
                        self.add_object(file, (value, written, mark.line), template, source);
                    }
                }
                Err(Unreadable { line, text }) => self.problem(file, Some(line), text),
            }
        }
        if let Some((line, what, count)) = others {
            let text = match count {
                1 => format!("{what}, skipped"),
                _ => format!("{what}, skipped, as are {count} documents of this file"),
            };
            self.note(file, Some(line), text);
        }
        if is_template {
            self.left_out.push(LeftOut {
                path: file.to_owned(),
                why: Why::Unrendered,
            });
        }
        is_anything
    }

    fn add_object(
        &mut self,
        file: &str,
        (value, written, line): (Value, Written, usize),
        template: Option<&str>,
        source: Source,
    ) {
        let of = |key| {
            value
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let written = Arc::new(written);
        let is_description = source == Source::Description;
        let is_kustomization = match (of("apiVersion"), of("kind")) {
            (version, Some("Kustomization" | "Component")) => {
                version.is_none_or(|version| version.starts_with(KUSTOMIZE))
            }
            (_, None) => rendered::is_kustomization(Path::new(file)),
            _ => false,
        };
        if is_kustomization {
            self.kustomizations.push(Object {
                value: value.clone().into(),
                file: file.to_owned(),
                line,
                written: Arc::clone(&written),
                source: None,
                shown: None,
            });
        }
        match (of("apiVersion"), of("kind")) {
            (_, Some(kind)) if kind.eq_ignore_ascii_case("AdmissionReview") => {
                let text = "an AdmissionReview asks about an object, and is none: check it with `preflight review FILE`";
                self.problem(file, Some(line), text.to_owned());
            }
            // What describes a chart names no kind, and what describes a kustomization need not name a version.
            (_, None) | (None, Some("Kustomization" | "Component")) if is_description => {}
            (Some(api_version), Some("Kustomization" | "Component"))
                if api_version.starts_with(KUSTOMIZE) =>
            {
                if is_description {
                    return;
                }
                let text = "a kustomization, skipped: pipe what `kubectl kustomize` builds into `preflight -`";
                self.note(file, Some(line), text.to_owned());
            }
            (Some(_), Some(_)) => {
                self.objects.push(Object {
                    value: value.into(),
                    file: file.to_owned(),
                    line,
                    written,
                    source: template.map(ToOwned::to_owned),
                    shown: None,
                });
            }
            // The index of a Helm repository has a version, too.
            (api_version, None)
                if source == Source::Folder
                    && (api_version.is_none() || no_manifest::is_without_parts(&value)) =>
            {
                let is_request =
                    value.get("operation").is_some() && value.get("resource").is_some();
                let text = if is_request {
                    "an admission request, skipped: check it with `preflight review FILE`"
                } else {
                    "not a Kubernetes object, skipped"
                };
                self.note(file, Some(line), text.to_owned());
            }
            (api_version, kind) => {
                let missing = match (api_version, kind) {
                    (None, None) => "`apiVersion` and `kind`",
                    (None, _) => "`apiVersion`",
                    _ => "`kind`",
                };
                self.problem(
                    file,
                    Some(line),
                    format!("not a Kubernetes object: {missing} must be there, as text"),
                );
            }
        }
    }

    fn problem(&mut self, file: &str, line: Option<usize>, text: String) {
        self.problems.push(Problem {
            place: Place {
                file: file.to_owned(),
                line,
                source: None,
            },
            text,
        });
    }

    fn note(&mut self, file: &str, line: Option<usize>, text: String) {
        self.notes.push(Note {
            place: Place {
                file: file.to_owned(),
                line,
                source: None,
            },
            text,
        });
    }
}

#[cfg(test)]
mod tests;
