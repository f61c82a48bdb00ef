//! What of a folder is rendered before it is applied: the templates of Helm charts, and the patches of kustomizations.
//!
//! A template is no YAML yet, and a patch is a part of an object, so neither can be judged as it is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Component, Path, PathBuf},
};

use tree::Value;

use super::{
    LeftOut, Unreadable, Why, bounded,
    chart::{self, CHARTS},
    document::parse_one,
    kustomization::{self, Named},
};

/// The names that kustomize looks for.
pub(super) const KUSTOMIZATIONS: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// What describes a chart.
pub(super) const CHART: &str = "Chart.yaml";
/// The folder of a chart that is rendered. What is in `crds` is applied as it is.
pub(super) const TEMPLATES: &str = "templates";
/// What Helm prints after it has installed a chart.
const NOTES: &str = "NOTES.txt";

/// The fields of a kustomization that have patches.
const PATCHES: [&str; 3] = ["patches", "patchesJson6902", MERGED];
const MERGED: &str = "patchesStrategicMerge";

/// More names than these are counted.
const SHOWN: usize = 5;

/// How much of a folder is not applied as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    charts: BTreeSet<PathBuf>,
    kustomizations: usize,
    /// Those that can be read.
    parsed: Vec<(PathBuf, Value)>,
    /// Each with the kustomization that names it.
    patches: BTreeMap<PathBuf, PathBuf>,
    /// The kustomizations that cannot be read, so that it is not known which files are patches.
    broken: Vec<(PathBuf, Unreadable)>,
    templates: usize,
    packed: usize,
    patched: usize,
}

/// What a file of a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// It is applied as it is written.
    Manifest,
    /// It describes a chart or a kustomization, or has values of a chart.
    Description,
    /// It is rendered first.
    Rendered(Why),
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
                match parsed(file) {
                    Ok(value) => {
                        let patches = patches_of(&value).into_iter();
                        let patches =
                            patches.map(|patch| (normal(&folder.join(patch)), file.to_owned()));
                        rendered.patches.extend(patches);
                        rendered.parsed.push((file.to_owned(), value));
                    }
                    Err(error) => rendered.broken.push((file.to_owned(), error)),
                }
            }
        }
        rendered
    }

    /// What this file is. What is rendered is counted.
    pub(super) fn role(&mut self, file: &Path) -> Role {
        if is_chart(file) || is_kustomization(file) || self.is_of_values(file) {
            return Role::Description;
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        if let Some(chart) = self.chart_with_templates(folder) {
            self.templates += 1;
            return Role::Rendered(Why::Template { chart });
        }
        if let Some(kustomization) = self.patches.get(&normal(file)) {
            self.patched += 1;
            let kustomization = kustomization.display().to_string();
            return Role::Rendered(Why::Patch { kustomization });
        }
        Role::Manifest
    }

    /// The chart of which a folder has templates.
    fn chart_with_templates(&self, folder: &Path) -> Option<String> {
        let mut charts = folder.ancestors().filter_map(|folder| {
            let above = folder.parent().filter(|_| folder.ends_with(TEMPLATES))?;
            self.charts.get(above)
        });
        charts.next().map(|chart| shown(chart))
    }

    /// What a file is that is not called like a manifest, where it is a part of a chart. `is_counted` where it is left out
    /// for that alone.
    pub(super) fn part_of_chart(&mut self, path: &Path, is_counted: bool) -> Option<Why> {
        if let Some(chart) = self.chart_with_templates(path) {
            self.templates += usize::from(is_counted);
            return Some(Why::Template { chart });
        }
        let charts = path.parent().filter(|folder| folder.ends_with(CHARTS))?;
        let chart = self
            .charts
            .get(charts.parent()?)
            .filter(|_| is_packed(path));
        let chart = shown(chart?);
        self.packed += usize::from(is_counted);
        Some(Why::PackedChart { chart })
    }

    /// The charts that cannot be rendered as they are, because they name others that are not there.
    pub(super) fn incomplete_charts(&self) -> Vec<LeftOut> {
        let incomplete = self.charts.iter().filter_map(|folder| {
            let description = folder.join(CHART);
            let missing = chart::missing_parts(&description);
            let more = missing.len().saturating_sub(SHOWN);
            let shown_of = missing.get(..SHOWN).unwrap_or(&missing).join(", ");
            let why = Why::IncompleteChart {
                chart: shown(folder),
                missing: match more {
                    0 => shown_of,
                    _ => format!("{shown_of} and {more} more"),
                },
            };
            let path = description.display().to_string();
            (!missing.is_empty()).then_some(LeftOut { path, why })
        });
        incomplete.collect()
    }

    /// Whether it has values of a chart, or says what they may be. The questions are those of Rancher.
    fn is_of_values(&self, file: &Path) -> bool {
        let name = file.file_name().and_then(|name| name.to_str());
        let folder = file.parent().unwrap_or(Path::new(""));
        let of_values = |name: &str| name.starts_with("values") || name.starts_with("questions");
        name.is_some_and(of_values) && self.charts.contains(folder)
    }

    /// The kustomizations of a folder that have to be built before what they apply can be judged.
    pub(super) fn changing(&self, folder: &Path, named: &Named<'_>) -> Vec<LeftOut> {
        let parsed = self.parsed.iter();
        let changing = parsed
            .filter_map(|(file, value)| kustomization::left_out(value, file, Some(folder), named));
        changing.collect()
    }

    /// The kustomizations that cannot be read, and why.
    pub(super) fn take_broken(&mut self) -> Vec<(PathBuf, Unreadable)> {
        std::mem::take(&mut self.broken)
    }

    /// Whether there is nothing of the kind.
    pub(super) fn is_empty(&self) -> bool {
        self.charts.is_empty() && self.kustomizations == 0
    }

    /// Whether there are files that are rendered first, each of which is named.
    pub(super) fn leaves_out(&self) -> bool {
        self.templates + self.packed + self.patched > 0
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
        let mut parts = Vec::new();
        for (count, what, inner, of_what) in [
            (self.charts.len(), "Helm chart", self.templates, "template"),
            (self.kustomizations, "kustomization", self.patched, "patch"),
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

/// What a folder is called.
fn shown(folder: &Path) -> String {
    match folder.to_str() {
        Some("") => ".".to_owned(),
        _ => folder.display().to_string(),
    }
}

/// Whether a file that is not called like a manifest, or a link to a folder, is a part of a chart if there is one above it.
/// Helm renders every file below `templates`, whatever it is called, but for partials, its notes, and hidden ones at the top.
///
/// Source: helm, `loader.LoadFiles` in `pkg/chart/loader/load.go`, `Engine.render` in `pkg/engine/engine.go`,
/// `renderResources` in `pkg/action/action.go`, `Rules.AddDefaults` in `internal/ignore/rules.go`.
pub(super) fn may_be_of_chart(path: &Path) -> bool {
    if !path.ancestors().any(|folder| folder.ends_with(TEMPLATES)) {
        return is_packed(path);
    }
    let name = path.file_name().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default();
    let is_at_the_top = path.parent().is_some_and(|it| it.ends_with(TEMPLATES));
    let is_none = name.starts_with('_')
        || name.ends_with(NOTES)
        || name.starts_with('.') && is_at_the_top
        || path
            .metadata()
            .is_ok_and(|file| file.is_file() && file.len() == 0);
    !is_none || is_packed(path)
}

/// Whether a chart may bring it with it as a package of another.
///
/// Source: helm, `loader.LoadFiles`.
fn is_packed(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy());
    let is_none = name.is_none_or(|name| name.starts_with(['_', '.']));
    file.extension().is_some_and(|ending| ending == "tgz") && !is_none
}

/// Whether it describes a chart.
pub(super) fn is_chart(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == CHART)
}

/// Whether kustomize would read it.
pub(super) fn is_kustomization(file: &Path) -> bool {
    let name = file.file_name();
    name.is_some_and(|name| KUSTOMIZATIONS.iter().any(|known| name == *known))
}

fn parsed(kustomization: &Path) -> Result<Value, Unreadable> {
    let text = bounded::read_to_string(kustomization).map_err(|error| Unreadable {
        line: 1,
        text: format!("cannot be read: {error}"),
    })?;
    parse_one(&text)
}

/// The files that a kustomization, or a component, names as patches, as it writes them.
pub(super) fn patches_of(kustomization: &Value) -> Vec<String> {
    let files = PATCHES.iter().flat_map(|key| {
        let entries = kustomization.get(*key).and_then(Value::as_array);
        let entries = entries.into_iter().flatten();
        entries.filter_map(|entry| patch_of(key, entry))
    });
    files.map(ToOwned::to_owned).collect()
}

/// The file of a patch, where it is not written in the kustomization itself.
pub(super) fn patch_of<'a>(key: &str, entry: &'a Value) -> Option<&'a str> {
    if key == MERGED {
        // Another text is a patch itself.
        let is_name = |text: &&str| !text.contains(['\n', '{']) && !text.contains(": ");
        entry.as_str().filter(is_name)
    } else {
        entry.get("path").and_then(Value::as_str)
    }
}

/// A path without `.` and, where it has a folder before it, without `..`.
pub(super) fn normal(path: &Path) -> PathBuf {
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
