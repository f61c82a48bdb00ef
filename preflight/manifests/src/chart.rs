//! Charts: which of a folder are rendered, what Helm makes of them, and where their templates are.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use tree::Value;

use super::{
    Manifests, Object, bounded,
    build::{nowhere, real, without_lines},
    document::{parse_one, parse_with_lines},
    program, read_text,
    rendered::{CHART, is_chart},
};

/// Where the charts are that a chart brings with it.
pub(super) const CHARTS: &str = "charts";

/// The descriptions of charts that are no parts of other charts, and no libraries for these.
pub(super) fn outermost(files: &[PathBuf]) -> Vec<PathBuf> {
    let folder = |file: &PathBuf| file.parent().unwrap_or(Path::new("")).to_owned();
    let charts = files.iter().filter(|file| is_chart(file));
    let folders: BTreeSet<PathBuf> = charts.clone().map(folder).collect();
    let is_part = |chart: &Path| {
        let mut above = chart.ancestors().filter(|above| above.ends_with(CHARTS));
        above.any(|above| above.parent().is_some_and(|above| folders.contains(above)))
    };
    let mut seen = BTreeSet::new();
    let charts = charts.filter(|file| !is_part(&folder(file)) && !is_library(file));
    let charts = charts.filter(|file| real(file).is_some_and(|file| seen.insert(file)));
    charts.cloned().collect()
}

/// Whether it describes a chart that is for others to build on.
pub(super) fn is_library(chart: &Path) -> bool {
    is_chart(chart) && says(chart, "type", "library")
}

/// Whether the description of a chart has this text in a field.
fn says(chart: &Path, field: &str, text: &str) -> bool {
    let chart = bounded::read_to_string(chart).ok();
    let chart = chart.and_then(|chart| parse_one(&chart).ok());
    chart.is_some_and(|chart| chart.get(field).and_then(Value::as_str) == Some(text))
}

/// What Helm renders with the chart's own values, for a namespace.
pub(super) fn render(file: &Path, namespace: &str) -> Result<String, String> {
    let folder = file.parent().and_then(real);
    let folder = folder.ok_or_else(|| "its folder cannot be read".to_owned())?;
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut command = Command::new("helm");
    // The name that Helm gives what is not named.
    command.args(["template", "release-name"]).arg(folder);
    command.args(["--namespace", namespace]);
    program::output(&mut command, home.path())
}

/// The objects in what Helm rendered, each in its template.
pub(super) fn found_again(file: &Path, text: &str) -> Manifests {
    let home = file.display().to_string();
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut manifests = without_lines(read_text(&home, text));
    // How many objects of a kind each template has made.
    let of_kind = |object: &Object| (object.source.clone(), object.kind().to_owned());
    let mut made: HashMap<_, usize> = HashMap::new();
    for object in &manifests.objects {
        *made.entry(of_kind(object)).or_default() += 1;
    }
    let mut templates = HashMap::new();
    let mut seen: HashMap<_, usize> = HashMap::new();
    for object in &mut manifests.objects {
        let key = of_kind(object);
        // The name of the chart stands before the path, whatever its folder is called.
        let source = object.source.as_deref().unwrap_or_default();
        let path = source.split_once('/').map(|(_, path)| path.to_owned());
        let template = path.and_then(|path| {
            let template = templates.entry(path);
            let template = template.or_insert_with_key(|path| Template::called(folder, path));
            template.as_ref()
        });
        let count = made.get(&key).copied().unwrap_or_default();
        let number = seen.entry(key).or_default();
        let line = template.and_then(|it| it.line_of(object.kind(), *number, count));
        *number += 1;
        object.line = line.unwrap_or(1);
        object.written = Arc::new(nowhere(&object.value, object.line));
        object.shown = template.map(|it| it.file.display().to_string());
        object.source.get_or_insert_with(|| home.clone());
    }
    manifests
}

/// Where Helm has an object from.
struct Template {
    file: PathBuf,
    /// The line, where the file is no template.
    line: Option<usize>,
    text: String,
}

impl Template {
    /// What Helm calls like this in a chart. In the package of another chart there is nothing to point to, so it is where
    /// that one is named.
    fn called(chart: &Path, path: &str) -> Option<Self> {
        let (mut folder, mut path) = (chart.to_owned(), path);
        while let Some((name, below)) = path
            .strip_prefix("charts/")
            .and_then(|rest| rest.split_once('/'))
        {
            let description = folder.join(CHART);
            let (name, line) = dependencies(&description)
                .into_iter()
                .find(|one| one.alias.as_deref().unwrap_or(&one.name) == name)
                .map_or_else(|| (name.to_owned(), 1), |one| (one.name, one.line));
            let Some(part) = part_called(&folder, &name) else {
                return Some(Self {
                    file: description,
                    line: Some(line),
                    text: String::new(),
                });
            };
            (folder, path) = (part, below);
        }
        let file = folder.join(path);
        let is_within = real(&file)?.starts_with(real(chart)?);
        is_within.then(|| Self {
            text: bounded::read_to_string(&file).unwrap_or_default(),
            file,
            line: None,
        })
    }

    /// The line with the kind of an object: the only one of it, or the one of as many as there are objects.
    fn line_of(&self, kind: &str, number: usize, count: usize) -> Option<usize> {
        let lines = self.text.lines().zip(1..);
        let lines = lines.filter_map(|(line, number)| {
            let written = line.strip_prefix("kind:")?.trim();
            (written.trim_matches('"') == kind).then_some(number)
        });
        let lines: Vec<usize> = lines.collect();
        match lines.as_slice() {
            [line] => Some(*line),
            lines if lines.len() == count => lines.get(number).copied(),
            _ => self.line,
        }
    }
}

/// What a chart says of another that it brings with it.
struct Dependency {
    name: String,
    /// What Helm calls it in this chart.
    alias: Option<String>,
    line: usize,
}

/// The charts that a chart names. Those in a `requirements.yaml` count in their place, also in charts of version 2, as Helm
/// has it: `LoadFiles` in `pkg/chart/loader/load.go` of helm/helm.
fn dependencies(description: &Path) -> Vec<Dependency> {
    let named = dependencies_in(&description.with_file_name("requirements.yaml"));
    if named.is_empty() {
        return dependencies_in(description);
    }
    let of_chart = |one| Dependency { line: 1, ..one };
    named.into_iter().map(of_chart).collect()
}

fn dependencies_in(description: &Path) -> Vec<Dependency> {
    let text = bounded::read_to_string(description).ok();
    let chart = text.and_then(|text| parse_with_lines("", &text).ok().flatten());
    let Some(chart) = chart else {
        return Vec::new();
    };
    let listed = chart.value.get("dependencies").and_then(Value::as_array);
    let listed = listed.into_iter().flatten().enumerate();
    let named = listed.filter_map(|(number, one)| {
        let text = |key: &str| one.get(key).and_then(Value::as_str);
        Some(Dependency {
            name: text("name")?.to_owned(),
            alias: text("alias").map(ToOwned::to_owned),
            line: chart.line_of(&format!("dependencies[{number}]")),
        })
    });
    named.collect()
}

/// The folder of a chart that another brings with it, whatever the folder is called.
fn part_called(chart: &Path, name: &str) -> Option<PathBuf> {
    let mut parts: Vec<PathBuf> = fs::read_dir(chart.join(CHARTS))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    parts.sort();
    let mut parts = parts.into_iter();
    parts.find(|part| says(&part.join(CHART), "name", name))
}

/// The charts that a chart names and does not bring with it, without which Helm renders nothing. A kustomization names none.
pub(super) fn missing_parts(description: &Path) -> Vec<String> {
    if !is_chart(description) {
        return Vec::new();
    }
    let folder = description.parent().unwrap_or(Path::new(""));
    let packages = fs::read_dir(folder.join(CHARTS)).into_iter().flatten();
    let packages = packages.filter_map(|entry| Some(entry.ok()?.path()));
    let packages = packages.filter(|path| path.extension().is_some_and(|it| it == "tgz"));
    let packages: Vec<PathBuf> = packages.collect();
    let names = dependencies(description).into_iter().map(|one| one.name);
    let missing = names.filter(|name| {
        let is_packed = packages.iter().any(|file| {
            let file = file.file_name().and_then(|file| file.to_str());
            let version = file.and_then(|file| file.strip_prefix(name.as_str()));
            version.is_some_and(|version| version.starts_with('-'))
        });
        !is_packed && !has_part(folder, name)
    });
    missing.collect()
}

/// Whether there is a chart that another brings with it. No link is followed: one counts as what it is called.
fn has_part(chart: &Path, name: &str) -> bool {
    let charts = chart.join(CHARTS);
    let parts = fs::read_dir(&charts).into_iter().flatten();
    let mut parts = parts.filter_map(|entry| Some(entry.ok()?.path()));
    charts.is_symlink()
        || parts.any(|part| {
            let description = part.join(CHART);
            if part.is_symlink() || description.is_symlink() {
                part.ends_with(name)
            } else {
                says(&description, "name", name)
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_at_the_line_of_its_kind() {
        let template = |text: &str| Template {
            file: PathBuf::new(),
            line: None,
            text: text.to_owned(),
        };
        let one =
            template("{{- range .Values.pods }}\n---\napiVersion: v1\nkind: Pod\n{{- end }}\n");
        let two =
            template("kind: Pod\nspec:\n  kind: Pod\n---\nkind: Service\n---\nkind: \"Pod\" \r\n");
        for (template, kind, number, count, expected) in [
            (&one, "Pod", 1, 3, Some(4)),
            (&one, "Service", 0, 1, None),
            (&two, "Pod", 0, 2, Some(1)),
            (&two, "Pod", 1, 2, Some(7)),
            // Which of them made it is not known.
            (&two, "Pod", 0, 1, None),
            (&two, "Service", 0, 1, Some(5)),
        ] {
            assert_eq!(
                template.line_of(kind, number, count),
                expected,
                "{kind} {number}"
            );
        }
    }
}
