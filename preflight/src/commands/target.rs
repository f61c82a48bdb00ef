//! Where nothing is written: over what a run reads, and, at the word of a stranger, over what is no report.

use std::{
    error::Error,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use preflight::{
    config::{NAME, Project},
    manifests::{Object, printable},
};

use super::Task;
use crate::cli::{Cli, Format};

/// What of a file is looked at.
const START: u64 = 4096;

/// Refuses reports in the place of something else, before anything is written.
pub(super) fn check_reports(
    cli: &Cli,
    project: Option<&Project>,
    task: &Task,
) -> Result<(), Box<dyn Error>> {
    let found = project.filter(|project| !project.is_named);
    for wanted in &cli.reports {
        let Some(file) = &wanted.file else { continue };
        check(file, cli.baseline.as_deref(), cli, task)?;
        let is_of_project = found.is_some_and(|project| {
            let mut written = project.config.reports.all().into_iter();
            written.any(|(_, written)| !written.is_empty() && project.path(written) == *file)
        });
        if is_of_project && !starts(file, |start| is_report(wanted.format, start)) {
            return Err(other(file, "report"));
        }
    }
    Ok(())
}

/// Refuses a baseline in the place of something else. `found` is the project that names the file, where that is only
/// found.
pub(super) fn check_baseline(
    file: &Path,
    cli: &Cli,
    found: Option<&Project>,
    task: &Task,
) -> Result<(), Box<dyn Error>> {
    check(file, None, cli, task)?;
    // Also one that two people have changed, and that is to be written anew.
    let is_baseline = |start: &str| start.contains("\"version\"") && start.contains("\"findings\"");
    if found.is_some() && !starts(file, is_baseline) {
        return Err(other(file, "baseline"));
    }
    Ok(())
}

fn other(file: &Path, what: &str) -> Box<dyn Error> {
    let file = printable(&file.display().to_string());
    format!(
        "{file} is not written: what is there is no {what} of preflight; remove it, or name another file"
    )
    .into()
}

/// Whether a file is not there, is empty, or starts like this.
fn starts(file: &Path, like: impl Fn(&str) -> bool) -> bool {
    let Ok(there) = file.metadata() else {
        return true;
    };
    let mut start = Vec::new();
    let opened = there.is_file().then(|| File::open(file));
    let read = opened.map(|file| file?.take(START).read_to_end(&mut start));
    let start = String::from_utf8_lossy(&start);
    matches!(read, Some(Ok(_))) && (start.is_empty() || like(&start))
}

/// Whether a text starts as a report in this format does, of this version or of another.
fn is_report(format: Format, start: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().all(|part| start.contains(part));
    match format {
        Format::Table => false,
        Format::Json => start.starts_with('{') && has(&["\"version\"", "\"summary\""]),
        Format::Sarif => start.starts_with('{') && has(&["/sarif", "\"runs\""]),
        Format::Junit => has(&["<testsuites name=\"preflight\""]),
        Format::Github => start.starts_with("::"),
        Format::Gitlab => {
            start.trim() == "[]"
                || start.starts_with('[') && has(&["\"check_name\"", "\"fingerprint\""])
        }
        Format::Markdown => start.starts_with("preflight\n="),
        Format::Html => start.starts_with("<!doctype html>") && has(&["'sha256-"]),
    }
}

/// Refuses to write over what the run reads, or over the configuration of a project.
fn check(
    file: &Path,
    baseline: Option<&Path>,
    cli: &Cli,
    task: &Task,
) -> Result<(), Box<dyn Error>> {
    let refuse = |what: &str| {
        let file = printable(&file.display().to_string());
        Err(format!("{file} is not written: {what}; name another file").into())
    };
    let target = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let is_called = |name: &str| [file, &target].iter().any(|file| file.ends_with(name));
    if is_called(NAME) {
        return refuse("it is the configuration of a project");
    }
    let is_target = |path: &Path| path.canonicalize().is_ok_and(|path| path == target);
    let (input, common) = (&cli.input, &cli.common);
    let lists = [
        &input.paths,
        &input.cluster,
        &input.old,
        &common.policies_from,
        &common.wasm,
    ];
    let named = lists
        .into_iter()
        .flatten()
        .chain(&common.settings)
        .chain(&common.config);
    let named = named.chain(cli.beside.iter().map(|beside| &beside.file));
    let mut named = named.map(PathBuf::as_path).chain(baseline);
    if named.any(is_target) {
        return refuse("this run reads it");
    }
    // Few files are called like it.
    let may_be = |path: &PathBuf| {
        let name = path.file_name();
        name == file.file_name() || name == target.file_name()
    };
    if files(task).filter(may_be).any(|path| is_target(&path)) {
        return refuse("this run reads it");
    }
    Ok(())
}

/// The files that hold manifests, or may hold some: also those of folders, and those that something is built from.
fn files(task: &Task) -> impl Iterator<Item = PathBuf> {
    let Task {
        manifests,
        existing,
        ..
    } = task;
    let lists: [&[Object]; 5] = [
        &manifests.objects,
        &manifests.kustomizations,
        &existing.cluster,
        &existing.old,
        &existing.old_kustomizations,
    ];
    let objects = lists.into_iter().flatten();
    let objects = objects.flat_map(|object| [object.file.clone(), object.place().file]);
    let problems = manifests.problems.iter();
    let problems = problems.map(|problem| problem.place.file.clone());
    objects.chain(problems).map(PathBuf::from)
}
