//! Builds kustomizations and charts with the programs that do it before they are applied, and finds what comes out of it
//! again in the files of its source.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use rayon::prelude::*;
use tree::{Value, json};

use super::{
    LeftOut, Lines, Manifests, Object, Why,
    chart::{self, CHARTS},
    document::parse_one,
    lines::Mark,
    path,
    plan::{self, Plan, Roots},
    program, read_text,
    rendered::{CHART, TEMPLATES, normal},
    written::Written,
};

/// Where kustomize writes what an object was made from.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// What was built of folders.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// What came out of each kustomization and each chart, by the file that describes it.
    outputs: BTreeMap<PathBuf, Manifests>,
    /// The real paths of what went into it. None of these files is applied as it is.
    used: BTreeSet<PathBuf>,
    /// The real folders of charts, which were rendered or are a problem.
    charts: Vec<PathBuf>,
}

impl Built {
    /// Builds what is among the files of the folders. `folders` are as the user names them, and charts are for a namespace.
    pub(super) fn of(folders: &[PathBuf], files: &[PathBuf], namespace: &str) -> Self {
        let folders = Folders::new(folders);
        let mut built = Self::default();
        let Roots {
            built: roots,
            left,
            broken,
        } = plan::roots(files.iter().map(PathBuf::as_path));
        for (file, why) in broken {
            built.add(file, "built", "kubectl kustomize", Err(why));
        }
        for (file, why) in left {
            let path = file.display().to_string();
            let why = Why::Unbuilt { because: why };
            let left_out = vec![LeftOut { path, why }];
            let told = Manifests {
                left_out,
                ..Manifests::default()
            };
            built.outputs.insert(file, told);
        }
        let roots = roots.into_par_iter().map(|(file, plan)| {
            let output = kustomize(&file);
            let output = output.map(|(text, from)| {
                let home = file.display().to_string();
                let source = Source::of(&file, &from, &plan, &folders);
                found_again(&home, &text, source)
            });
            (file, plan, output)
        });
        for (file, plan, output) in roots.collect::<Vec<_>>() {
            if output.is_ok() {
                built.used.extend(plan.below.into_iter().chain(plan.files));
            }
            built.add(file, "built", "kubectl kustomize", output);
        }
        let charts = chart::outermost(files).into_par_iter().map(|file| {
            let output = chart::render(&file, namespace);
            let output = output.map(|text| chart::found_again(&file, &text));
            (file, output)
        });
        // Nothing is applied of a library by itself.
        let libraries = files.iter().filter(|file| chart::is_library(file));
        let libraries = libraries.filter_map(|file| real(file.parent()?));
        built.charts.extend(libraries);
        for (file, output) in charts.collect::<Vec<_>>() {
            let folder = file.parent().and_then(real);
            built.charts.extend(folder);
            built.add(file, "rendered", "helm template", output);
        }
        built
    }

    fn add(&mut self, file: PathBuf, done: &str, command: &str, output: Result<Manifests, String>) {
        let output = output.unwrap_or_else(|why| {
            let mut told = Manifests::default();
            let folder = file.parent().map(Path::display);
            let folder = folder.map(|folder| folder.to_string());
            let folder = folder.filter(|folder| !folder.is_empty());
            let folder = folder.unwrap_or_else(|| ".".to_owned());
            let missing = chart::missing_parts(&file).join(", ");
            let hint = if missing.is_empty() {
                format!(
                    "run `{command} {folder}` yourself, and pipe what it prints into `preflight -`"
                )
            } else {
                format!(
                    "its folder `charts` lacks {missing}: run `helm dependency build {folder}` first"
                )
            };
            let text = format!("cannot be {done}: {why}; {hint}");
            told.problem(&file.display().to_string(), None, text);
            told
        });
        self.outputs.insert(file, output);
    }

    /// What came out of what a file describes.
    pub(super) fn output(&self, file: &Path) -> Option<&Manifests> {
        self.outputs.get(file)
    }

    /// Whether a file went into something that was built.
    pub(super) fn has_used(&self, file: &Path) -> bool {
        !self.used.is_empty() && real(file).is_some_and(|file| self.used.contains(&file))
    }

    /// Whether it need not be told that something was left out, since it was built, or since it is told that it was not.
    pub(super) fn has_used_what_is_left_out(&self, LeftOut { path, why }: &LeftOut) -> bool {
        let path = Path::new(path);
        if self.has_rendered(path) {
            return true;
        }
        match why {
            Why::Patch { kustomization } => {
                let output = self.output(Path::new(kustomization));
                self.has_used(path) || output.is_some_and(|output| !output.problems.is_empty())
            }
            Why::Kustomization { .. } | Why::Unbuilt { .. } => {
                self.output(path).is_some() || self.has_used(path)
            }
            _ => false,
        }
    }

    /// Whether a file or a folder went into a chart. Helm does not ask a `.gitignore`, and follows links.
    fn has_rendered(&self, path: &Path) -> bool {
        if self.charts.is_empty() {
            return false;
        }
        let above = path.parent().and_then(real);
        let path = above.and_then(|above| Some(above.join(path.file_name()?)));
        path.is_some_and(|path| {
            let mut charts = self.charts.iter();
            charts.any(|chart| {
                let of_charts = [CHART, CHARTS, TEMPLATES];
                of_charts
                    .iter()
                    .any(|part| path.starts_with(chart.join(part)))
            })
        })
    }
}

pub(super) fn real(path: &Path) -> Option<PathBuf> {
    let path = if path == Path::new("") {
        Path::new(".")
    } else {
        path
    };
    fs::canonicalize(path).ok()
}

/// What kustomize builds, with an annotation on each object that says where it is from, and the real folder that these
/// paths are seen from.
fn kustomize(file: &Path) -> Result<(String, PathBuf), String> {
    let folder = file.parent().and_then(real);
    let folder = folder.ok_or_else(|| "its folder cannot be read".to_owned())?;
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let from = temporary.path().join("build");
    let home = temporary.path().join("home");
    for made in [&from, &home] {
        fs::create_dir(made).map_err(|error| error.to_string())?;
    }
    let from = real(&from).ok_or_else(|| "the temporary folder cannot be read".to_owned())?;
    let resource = relative(&from, &folder).filter(|path| plan::is_plain(path));
    let resource = resource
        .ok_or_else(|| "kustomize may take the path for the address of a repository".to_owned())?;
    // The user's files stay as they are: this one asks for the annotations.
    let outer = json!({"resources": [resource], "buildMetadata": ["originAnnotations"]});
    fs::write(from.join("kustomization.yaml"), outer.to_string())
        .map_err(|error| error.to_string())?;
    let mut command = Command::new("kubectl");
    command.arg("kustomize").arg(&from);
    let text = program::output(&mut command, &home)?;
    Ok((text, from))
}

/// The way from one real folder to another.
fn relative(from: &Path, to: &Path) -> Option<String> {
    let mut from = from.components().peekable();
    let mut to = to.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..");
    let down: Option<Vec<&str>> = to.map(|part| part.as_os_str().to_str()).collect();
    let parts: Vec<&str> = up.chain(down?).collect();
    // Another drive of Windows.
    let is_apart = parts.iter().any(|part| part.contains(['/', '\\']));
    (!is_apart).then(|| parts.join("/"))
}

/// The folders that the user names, for files to be called as they are elsewhere in the report.
struct Folders(Vec<(PathBuf, PathBuf)>);

impl Folders {
    fn new(named: &[PathBuf]) -> Self {
        let named = named
            .iter()
            .filter_map(|named| Some((real(named)?, named.clone())));
        let here = env::current_dir().ok().and_then(|here| real(&here));
        let here = here.map(|here| (here, PathBuf::new()));
        Self(named.chain(here).collect())
    }

    /// What a real file is called.
    fn name(&self, file: &Path) -> String {
        let mut names = self.0.iter().filter_map(|(real, named)| {
            let within = file.strip_prefix(real).ok()?;
            Some(named.join(within))
        });
        let name = names.next().unwrap_or_else(|| file.to_owned());
        name.display().to_string()
    }
}

/// The files that a kustomization is built from.
struct Source<'a> {
    /// Where the paths in the annotations are seen from.
    from: &'a Path,
    root: PathBuf,
    plan: &'a Plan,
    folders: &'a Folders,
    /// What was read of them.
    read: HashMap<PathBuf, (String, Manifests)>,
}

impl<'a> Source<'a> {
    fn of(file: &Path, from: &'a Path, plan: &'a Plan, folders: &'a Folders) -> Self {
        Self {
            from,
            root: real(file).unwrap_or_else(|| file.to_owned()),
            plan,
            folders,
            read: HashMap::new(),
        }
    }

    /// The file that an annotation tells of. Another than those that go into the kustomization is not believed: a manifest
    /// may have the annotation itself.
    fn file(&self, origin: Option<&str>) -> PathBuf {
        let origin = origin.and_then(|origin| parse_one(origin).ok());
        let named = origin.as_ref().and_then(|origin| {
            let keys = ["path", "configuredIn"].into_iter();
            let mut named = keys.filter_map(|key| origin.get(key)?.as_str());
            named.next()
        });
        let file = named.and_then(|named| real(&normal(&self.from.join(named))));
        let is_part =
            |file: &PathBuf| self.plan.files.contains(file) || self.plan.below.contains(file);
        file.filter(is_part).unwrap_or_else(|| self.root.clone())
    }

    /// The name of a file, and the objects and the kustomizations in it.
    fn read(&mut self, file: PathBuf) -> &(String, Manifests) {
        let name = self.folders.name(&file);
        self.read.entry(file).or_insert_with_key(|file| {
            let text = super::bounded::read_to_string(file).unwrap_or_default();
            let manifests = read_text(&name, &text);
            (name, manifests)
        })
    }
}

/// The objects in what kustomize built, each at its place in the source.
fn found_again(home: &str, text: &str, mut source: Source<'_>) -> Manifests {
    let mut manifests = without_lines(read_text(home, text));
    for object in &mut manifests.objects {
        let mut value = Value::clone(&object.value);
        let origin = take_origin(&mut value);
        let file = source.file(origin.as_deref());
        let (name, read) = source.read(file);
        let (line, written) = place(&value, object, read);
        *object = Object {
            value: value.into(),
            file: home.to_owned(),
            line,
            written,
            source: Some(home.to_owned()),
            shown: Some(name.clone()),
        };
    }
    manifests
}

/// Takes the annotation off an object, as if kustomize had not been asked for it.
fn take_origin(value: &mut Value) -> Option<String> {
    let metadata = value.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let origin = annotations.remove(ORIGIN)?;
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    origin.as_str().map(ToOwned::to_owned)
}

/// Where a built object is in its source.
fn place(value: &Value, built: &Object, read: &Manifests) -> (usize, Arc<Written>) {
    let is_of_kind = |one: &&Object| one.kind() == built.kind() && one.group() == built.group();
    let of_kind: Vec<&Object> = read.objects.iter().filter(is_of_kind).collect();
    if let Some(object) = nearest(built, &of_kind) {
        let written = object.written.of_built(&object.value, value);
        return (object.line, Arc::new(written));
    }
    // What a generator makes is where the generator is.
    let line = read.kustomizations.iter().find_map(|kustomization| {
        let generators = match built.kind() {
            "Secret" => "secretGenerator",
            _ => "configMapGenerator",
        };
        let names = kustomization.value.get(generators)?.as_array()?.iter();
        let names = names.map(|generator| path::value(generator, "name")?.as_str());
        let of = |name: Option<&str>| name.is_some_and(|name| may_be_called(built, name));
        let number = names.clone().position(of)?;
        Some(kustomization.line_of(&format!("{generators}[{number}]")))
    });
    let line = line.unwrap_or(1);
    (line, Arc::new(nowhere(value, line)))
}

/// The object of which another was built, among those of its kind in a file.
fn nearest<'a>(built: &Object, objects: &[&'a Object]) -> Option<&'a Object> {
    let likeness = |object: &Object| {
        let name = object.name().unwrap_or_default();
        let is_same = built.name() == object.name();
        let is_in_its_namespace = built.namespace() == object.namespace();
        (is_same || may_be_called(built, name)).then_some((
            is_same,
            name.len(),
            is_in_its_namespace,
        ))
    };
    // Of several, the first.
    let like = objects
        .iter()
        .rev()
        .filter_map(|object| Some((likeness(object)?, *object)));
    like.max_by_key(|(likeness, _)| *likeness)
        .map(|(_, object)| object)
}

/// Whether an object of this name may have its name now, with what stands before and behind it.
fn may_be_called(built: &Object, name: &str) -> bool {
    !name.is_empty() && built.name().is_some_and(|built| built.contains(name))
}

/// What is not written anywhere as it is now.
pub(super) fn nowhere(value: &Value, line: usize) -> Written {
    let mark = Mark {
        line,
        ..Mark::default()
    };
    Written::new(value, "".into(), mark, Lines::Leaf)
}

/// What is wrong with the output of a program has no line in a file.
pub(super) fn without_lines(mut manifests: Manifests) -> Manifests {
    let problems = manifests.problems.iter_mut().map(|it| &mut it.place);
    let notes = manifests.notes.iter_mut().map(|it| &mut it.place);
    for place in problems.chain(notes) {
        place.line = None;
    }
    manifests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_folder_to_folder() {
        for (from, to, expected) in [
            ("/tmp/a/build", "/srv/k", "../../../srv/k"),
            ("/tmp/a", "/tmp/b", "../b"),
            ("/tmp/a/b", "/tmp", "../.."),
        ] {
            let way = relative(Path::new(from), Path::new(to));
            assert_eq!(way.as_deref(), Some(expected), "{from} {to}");
        }
    }
}
