//! What a kustomization is made of, and whether building it stays here: without a network, and without another program.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use tree::Value;

use super::{
    KUSTOMIZE, bounded,
    document::parse_one,
    rendered::{KUSTOMIZATIONS, is_kustomization, patches_of},
};

/// Deeper ones are not followed.
const MAX_DEPTH: usize = 64;
/// What a kustomization may have. What is not among these may run a program (`generators`, `transformers`, `validators`) or
/// fetch something (`helmCharts`), or is read by kustomize in a way that is not known here.
const FIELDS: [&str; 26] = [
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generatorOptions",
    "images",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "openapi",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
    "sortOptions",
];
/// What holds text that is no name of a file.
const TEXTS: [&str; 9] = [
    "commonAnnotations",
    "commonLabels",
    "images",
    "labels",
    "literals",
    "metadata",
    "options",
    "patch",
    "generatorOptions",
];

/// What a kustomization is made of. All paths are real.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Whether it is built into others, and not by itself.
    pub(super) is_component: bool,
    /// The kustomizations that it names, and those that they name.
    pub(super) below: BTreeSet<PathBuf>,
    /// All other files that go into it.
    pub(super) files: BTreeSet<PathBuf>,
}

/// Why there is no plan.
#[derive(Debug, Clone)]
pub(super) enum NoPlan {
    /// The file is something else, or cannot be read, which is told where it is read.
    Other,
    /// It is not built, because that would not stay here.
    Left(String),
    /// It cannot be built.
    Broken(String),
}

impl NoPlan {
    /// The same, as it is told of what names it.
    fn of(self, entry: &str) -> Self {
        let of = |why: &str| format!("of {entry}: {why}");
        match self {
            Self::Other => Self::Broken(of("it cannot be read")),
            Self::Left(why) => Self::Left(of(&why)),
            Self::Broken(why) => Self::Broken(of(&why)),
        }
    }
}

/// The plans that were made, or why there is none, by the real paths of kustomizations.
#[derive(Debug, Default)]
pub(super) struct Plans(HashMap<PathBuf, Result<Plan, NoPlan>>);

impl Plans {
    /// The plan of a kustomization.
    pub(super) fn of(&mut self, file: &Path) -> Result<Plan, NoPlan> {
        self.below(file, 0)
    }

    fn below(&mut self, file: &Path, depth: usize) -> Result<Plan, NoPlan> {
        if let Some(plan) = self.0.get(file) {
            return plan.clone();
        }
        if depth > MAX_DEPTH {
            return Err(NoPlan::Left("it is too deep".to_owned()));
        }
        // One that names itself finds this.
        let itself = Err(NoPlan::Broken("it names itself".to_owned()));
        self.0.insert(file.to_owned(), itself);
        let plan = self.make(file, depth);
        self.0.insert(file.to_owned(), plan.clone());
        plan
    }

    fn make(&mut self, file: &Path, depth: usize) -> Result<Plan, NoPlan> {
        let text = bounded::read_to_string(file).map_err(|_| NoPlan::Other)?;
        let value = parse_one(&text).map_err(|_| NoPlan::Other)?;
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        if text("apiVersion").is_some_and(|version| !version.starts_with(KUSTOMIZE)) {
            return Err(NoPlan::Other);
        }
        if !value.is_object() {
            return Err(NoPlan::Other);
        }
        if let Some(why) = is_of_elsewhere(&value) {
            return Err(NoPlan::Left(why));
        }
        let mut plan = Plan {
            is_component: text("kind") == Some("Component"),
            ..Plan::default()
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        for entry in named(&value) {
            let Some(path) = local(entry, folder) else {
                let why = is_address(entry);
                let there = || format!("it names {entry}, which is not there");
                return Err(why.map_or_else(|| NoPlan::Broken(there()), NoPlan::Left));
            };
            if !path.is_dir() {
                plan.files.insert(path);
                continue;
            }
            let Some(below) = kustomization_in(&path) else {
                return Err(NoPlan::Broken(format!(
                    "there is no kustomization in {entry}"
                )));
            };
            let made = self.below(&below, depth + 1);
            let made = made.map_err(|why| why.of(entry))?;
            plan.below.insert(below);
            plan.below.extend(made.below);
            plan.files.extend(made.files);
        }
        let used = patches_of(&value).into_iter().chain(generated_from(&value));
        plan.files
            .extend(used.filter_map(|name| local(&name, folder)));
        Ok(plan)
    }
}

/// Why a kustomization is not built, whatever there is in what it names: that would not stay here.
pub(super) fn why_not_here(kustomization: &Value) -> Option<String> {
    let mut entries = named(kustomization);
    is_of_elsewhere(kustomization).or_else(|| entries.find_map(is_address))
}

fn is_of_elsewhere(kustomization: &Value) -> Option<String> {
    let mut keys = kustomization.as_object()?.keys();
    if let Some(key) = keys.find(|key| !FIELDS.contains(&key.as_str())) {
        return Some(format!(
            "it has `{key}`, which may run a program or fetch something"
        ));
    }
    let remote = remote(kustomization)?;
    Some(format!("it names {remote}, which is not here"))
}

fn is_address(entry: &str) -> Option<String> {
    (!is_plain(entry)).then(|| format!("it names {entry}, which is not here"))
}

/// What a kustomization names of files and of other kustomizations.
fn named(kustomization: &Value) -> impl Iterator<Item = &str> {
    let lists = ["resources", "bases", "components"].into_iter();
    let lists = lists.filter_map(|key| kustomization.get(key)?.as_array());
    lists.flatten().filter_map(Value::as_str)
}

/// The kustomization in a folder.
pub(super) fn kustomization_in(folder: &Path) -> Option<PathBuf> {
    let mut files = KUSTOMIZATIONS.iter().map(|name| folder.join(name));
    let file = files.find(|file| file.is_file())?;
    fs::canonicalize(file).ok()
}

/// The files that generators put into objects.
fn generated_from(kustomization: &Value) -> Vec<String> {
    let generators = ["configMapGenerator", "secretGenerator"].into_iter();
    let generators = generators
        .filter_map(|key| kustomization.get(key)?.as_array())
        .flatten();
    let mut files = Vec::new();
    for generator in generators {
        for key in ["files", "envs"] {
            let entries = generator.get(key).and_then(Value::as_array);
            let names = entries.into_iter().flatten().filter_map(Value::as_str);
            let names = names.map(|name| name.split_once('=').map_or(name, |(_, name)| name));
            files.extend(names.map(ToOwned::to_owned));
        }
    }
    files
}

/// The real path of what a kustomization names, if it is here and cannot be taken for an address.
fn local(name: &str, folder: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(folder.join(name)).ok()?;
    is_plain(name).then_some(path)
}

/// Whether no kustomize takes a path for the address of a repository, even if there is a folder that is called like it.
pub(super) fn is_plain(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let is_of_git =
        path.strip_suffix(".git").is_some() || path.contains(".git/") || path.contains("_git/");
    !path.contains([':', '@', '?']) && !path.starts_with("github.com") && !is_of_git
}

/// An address among the names of files: kustomize fetches a file of any field that has one.
fn remote(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => {
            let lower = text.to_lowercase();
            let is_address = lower.contains("http:") || lower.contains("https:");
            // A text of several lines is a patch itself.
            (is_address && !text.contains('\n')).then_some(text)
        }
        Value::Array(items) => items.iter().find_map(remote),
        Value::Object(fields) => {
            let mut fields = fields.iter();
            fields.find_map(|(key, value)| {
                let is_text = TEXTS.contains(&key.as_str());
                if is_text { None } else { remote(value) }
            })
        }
        _ => None,
    }
}

/// The kustomizations among some files.
#[derive(Debug)]
pub(super) struct Roots {
    /// Those that are built, because no other names them, each with its plan.
    pub(super) built: Vec<(PathBuf, Plan)>,
    /// Those that are not, each with why.
    pub(super) left: Vec<(PathBuf, String)>,
    /// Those that cannot be, each with why.
    pub(super) broken: Vec<(PathBuf, String)>,
}

/// Finds the kustomizations that are built.
pub(super) fn roots<'a>(files: impl Iterator<Item = &'a Path>) -> Roots {
    let mut plans = Plans::default();
    let mut seen = BTreeSet::new();
    let (mut roots, mut left, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    let mut named = BTreeSet::new();
    for file in files.filter(|file| is_kustomization(file)) {
        let Ok(real) = fs::canonicalize(file) else {
            continue;
        };
        if !seen.insert(real.clone()) {
            continue;
        }
        match plans.of(&real) {
            Ok(plan) => {
                named.extend(plan.below.iter().cloned());
                if !plan.is_component {
                    roots.push((real, file.to_owned(), plan));
                }
            }
            Err(NoPlan::Left(why)) => left.push((file.to_owned(), why)),
            Err(NoPlan::Broken(why)) => broken.push((file.to_owned(), why)),
            Err(NoPlan::Other) => {}
        }
    }
    roots.retain(|(real, ..)| !named.contains(real));
    let roots = roots.into_iter().map(|(_, file, plan)| (file, plan));
    Roots {
        built: roots.collect(),
        left,
        broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is built and what is not, of a folder with these files.
    fn planned(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let files = files.iter().map(|(name, text)| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            file
        });
        let files: Vec<PathBuf> = files.collect();
        let Roots {
            built,
            left,
            broken,
        } = roots(files.iter().map(PathBuf::as_path));
        let broken = broken.iter();
        let broken = broken.map(|(file, why)| (file, format!("broken: {why}")));
        let left = left.iter().map(|(file, why)| (file, why.clone()));
        let name = |file: &Path| {
            let file = file.strip_prefix(folder.path()).unwrap();
            file.parent().unwrap().display().to_string()
        };
        (
            built.iter().map(|(file, _)| name(file)).collect(),
            left.chain(broken)
                .map(|(file, why)| format!("{}: {why}", name(file)))
                .collect(),
        )
    }

    #[test]
    fn what_no_other_names_is_built() {
        let (roots, left) = planned(&[
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("base/a.yaml", ""),
            (
                "prod/kustomization.yaml",
                "resources: [../base]\ncomponents: [../c]\n",
            ),
            ("dev/kustomization.yml", "bases: [../base]\n"),
            ("c/Kustomization", "kind: Component\n"),
            ("d/kustomization.yaml", "kind: Component\n"),
            (
                "flux/kustomization.yaml",
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {}\n",
            ),
            ("broken/kustomization.yaml", "a: [\n"),
        ]);
        assert_eq!(roots, ["prod", "dev"]);
        assert_eq!(left, [""; 0]);
    }

    #[test]
    fn nothing_is_fetched_and_no_program_is_run() {
        let here = "configMapGenerator: [{name: a, literals: ['a=https://example.com']}]\npatches: [{patch: 'https://x'}]\n";
        for (text, expected) in [
            (here, None),
            (
                "resources: ['https://example.com/a.yaml']\n",
                Some("it names https://example.com/a.yaml, which is not here"),
            ),
            // There is a folder that is called like this.
            (
                "resources: ['github.com/a/b']\n",
                Some("it names github.com/a/b, which is not here"),
            ),
            (
                "components: ['git@example.com:a/b']\n",
                Some("it names git@example.com:a/b, which is not here"),
            ),
            (
                "patches: [{Path: 'HTTPS://example.com'}]\n",
                Some("it names HTTPS://example.com, which is not here"),
            ),
            (
                "secretGenerator: [{files: ['a=http://example.com']}]\n",
                Some("it names a=http://example.com, which is not here"),
            ),
            (
                "transformers: [a.yaml]\n",
                Some("it has `transformers`, which may run a program or fetch something"),
            ),
            (
                "Resources: ['https://example.com']\n",
                Some("it has `Resources`, which may run a program or fetch something"),
            ),
            (
                "resources: [../k]\n",
                Some("broken: of ../k: it names itself"),
            ),
            // Misspelt, or not there yet.
            (
                "resources: [deploymnt.yaml]\n",
                Some("broken: it names deploymnt.yaml, which is not there"),
            ),
            ("resources: [.]\n", Some("broken: of .: it names itself")),
            (
                "resources: [github.com]\n",
                Some("it names github.com, which is not here"),
            ),
            (
                "resources: [../empty]\n",
                Some("broken: there is no kustomization in ../empty"),
            ),
            (
                "resources: [../bad]\n",
                Some("of ../bad: it has `helmCharts`, which may run a program or fetch something"),
            ),
        ] {
            let (roots, left) = planned(&[
                ("k/github.com/a/b/kustomization.yaml", "{}"),
                ("bad/kustomization.yaml", "helmCharts: []\n"),
                ("empty/a.yaml", ""),
                ("k/kustomization.yaml", text),
            ]);
            let left = left.iter().find_map(|left| left.strip_prefix("k: "));
            assert_eq!(left, expected, "{text}");
            assert_eq!(
                roots.contains(&"k".to_owned()),
                expected.is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn an_address_is_none_of_the_paths_here() {
        for (path, expected) in [
            ("../base", true),
            ("../.github/a.yaml", true),
            ("host:path", false),
            ("git@host/path", false),
            ("../a?ref=b", false),
            ("GitHub.com/a", false),
            ("a.git/b", false),
            ("a/_git/b", false),
        ] {
            assert_eq!(is_plain(path), expected, "{path}");
        }
    }
}
