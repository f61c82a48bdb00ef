//! What of a folder is rendered before it is applied: the templates of Helm charts, and the patches of kustomizations.
//!
//! A template is no YAML yet, and a patch is a part of an object, so neither can be judged as it is written.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Component, Path, PathBuf},
};

use serde_json::Value;

use super::{Unreadable, document::parse_one};

/// The names that kustomize looks for.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const CHART: &str = "Chart.yaml";
/// The folder of a chart that is rendered. What is in `crds` is applied as it is.
const TEMPLATES: &str = "templates";

/// How much of a folder is not applied as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    charts: BTreeSet<PathBuf>,
    kustomizations: usize,
    patches: BTreeSet<PathBuf>,
    /// The kustomizations that cannot be read, so that nobody knows which files are patches.
    broken: Vec<(PathBuf, Unreadable)>,
    left_out: LeftOut,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct LeftOut {
    templates: usize,
    patches: usize,
}

impl Rendered {
    /// Looks for charts and kustomizations among the files of a folder.
    pub(super) fn among<'a>(files: impl Iterator<Item = &'a Path>) -> Self {
        let mut rendered = Self::default();
        for file in files {
            let folder = file.parent().unwrap_or(Path::new(""));
            if is_chart(file) {
                rendered.charts.insert(folder.to_owned());
            } else if is_kustomization(file) {
                rendered.kustomizations += 1;
                match patches(file) {
                    Ok(patches) => {
                        let patches = patches.into_iter();
                        let patches = patches.map(|patch| normal(&folder.join(patch)));
                        rendered.patches.extend(patches);
                    }
                    Err(error) => rendered.broken.push((file.to_owned(), error)),
                }
            }
        }
        rendered
    }

    /// Whether this file is not to be read. What is left out is counted.
    pub(super) fn leaves_out(&mut self, file: &Path) -> bool {
        if is_chart(file) || is_kustomization(file) {
            return true;
        }
        let mut folders = file.ancestors().skip(1);
        let is_template = folders.any(|folder| {
            folder.ends_with(TEMPLATES)
                && folder
                    .parent()
                    .is_some_and(|above| self.charts.contains(above))
        });
        let is_patch = !is_template && self.patches.contains(&normal(file));
        self.left_out.templates += usize::from(is_template);
        self.left_out.patches += usize::from(is_patch);
        is_template || is_patch
    }

    /// The kustomizations that cannot be read, and why.
    pub(super) fn take_broken(&mut self) -> Vec<(PathBuf, Unreadable)> {
        std::mem::take(&mut self.broken)
    }

    /// Whether there is nothing of the kind.
    pub(super) fn is_empty(&self) -> bool {
        self.charts.is_empty() && self.kustomizations == 0
    }

    /// How to get what is applied.
    pub(super) fn commands(&self) -> String {
        let helm = "`helm template CHART`";
        let kustomize = "`kubectl kustomize DIR`";
        match (self.charts.is_empty(), self.kustomizations) {
            (false, 0) => helm.to_owned(),
            (true, _) => kustomize.to_owned(),
            (false, _) => format!("{helm} and {kustomize}"),
        }
    }
}

/// What was left out, in words: `1 Helm chart (3 templates) and 2 kustomizations (1 patch)`.
impl fmt::Display for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeftOut { templates, patches } = self.left_out;
        let mut parts = Vec::new();
        for (count, what, inner, of_what) in [
            (self.charts.len(), "Helm chart", templates, "template"),
            (self.kustomizations, "kustomization", patches, "patch"),
        ] {
            if count > 0 {
                let inner = (inner > 0).then(|| format!(" ({})", some(inner, of_what)));
                parts.push(some(count, what) + &inner.unwrap_or_default());
            }
        }
        f.write_str(&parts.join(" and "))
    }
}

fn some(count: usize, what: &str) -> String {
    let plural = match what {
        _ if count == 1 => "",
        "patch" => "es",
        _ => "s",
    };
    format!("{count} {what}{plural}")
}

fn is_chart(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == CHART)
}

/// Whether kustomize would read it.
pub(super) fn is_kustomization(file: &Path) -> bool {
    let name = file.file_name();
    name.is_some_and(|name| KUSTOMIZATIONS.iter().any(|known| name == *known))
}

/// The files that a kustomization, or a component, names as patches, as it writes them.
fn patches(kustomization: &Path) -> Result<Vec<String>, Unreadable> {
    let text = std::fs::read_to_string(kustomization).map_err(|error| Unreadable {
        line: 1,
        text: format!("cannot be read: {error}"),
    })?;
    let kustomization = parse_one(&text)?;
    let entries = |key: &str| {
        let list = kustomization.get(key).and_then(Value::as_array);
        list.into_iter().flatten().cloned().collect::<Vec<_>>()
    };
    let paths = ["patches", "patchesJson6902"].map(entries).concat();
    let paths = paths.iter().filter_map(|entry| entry.get("path"));
    // A text of several lines is a patch itself.
    let merged = entries("patchesStrategicMerge");
    let files = paths.chain(&merged).filter_map(Value::as_str);
    Ok(files.map(ToOwned::to_owned).collect())
}

/// A path without `.` and, where it has a folder before it, without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        let before = normal.components().next_back();
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(before, Some(Component::Normal(_))) => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
