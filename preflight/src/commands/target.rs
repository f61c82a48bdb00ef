//! Where nothing is written: over what a run reads, and over what is no report.

use std::{
    collections::BTreeSet,
    error::Error,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use preflight::{
    config::NAME,
    manifests::{Object, printable},
};

use super::Task;
use crate::cli::{Cli, Format, ReportFile};

/// What of a file is looked at.
const START: u64 = 4096;

/// Refuses reports in the place of something else, before anything is written. What is there has to be an earlier report, or
/// empty: a run reads more than manifests, such as patches, values of charts, and files by other names.
pub(super) fn check_reports(cli: &Cli, task: &Task) -> Result<(), Box<dyn Error>> {
    let mut written = BTreeSet::new();
    for ReportFile { file, .. } in &cli.reports {
        let Some(file) = file else { continue };
        check(file, cli.baseline.as_deref(), cli, task)?;
        if !starts(file, is_report) {
            return Err(other(file, "report"));
        }
        if !written.insert(file) && !is_device(file) {
            let file = printable(&file.display().to_string());
            return Err(format!("{file} is to be two reports: name a file for each").into());
        }
    }
    Ok(())
}

/// Refuses a baseline in the place of something else.
pub(super) fn check_baseline(file: &Path, cli: &Cli, task: &Task) -> Result<(), Box<dyn Error>> {
    check(file, None, cli, task)?;
    // Also one that two people have changed, and that is to be written anew.
    let is_baseline = |start: &str| start.contains("\"version\"") && start.contains("\"findings\"");
    if !starts(file, is_baseline) {
        return Err(other(file, "baseline"));
    }
    Ok(())
}

fn other(file: &Path, what: &str) -> Box<dyn Error> {
    let file = printable(&file.display().to_string());
    format!(
        "{file} is not written: what is there is not a {what} of preflight; remove it, or name another file"
    )
    .into()
}

/// Whether a file is not there, is empty, is a device or a pipe, or starts like this.
fn starts(file: &Path, like: impl Fn(&str) -> bool) -> bool {
    if !file.exists() || is_device(file) {
        return true;
    }
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| file.take(START).read_to_end(&mut start));
    let start = String::from_utf8_lossy(&start);
    read.is_ok() && (start.is_empty() || like(&start))
}

fn is_device(file: &Path) -> bool {
    let there = file.metadata();
    there.is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// Whether a text starts as a report does, in any format, of this version or of another.
fn is_report(start: &str) -> bool {
    let formats = Format::value_variants().iter();
    formats.copied().any(|format| is_in(format, start))
}

fn is_in(format: Format, start: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().all(|part| start.contains(part));
    match format {
        Format::Table => TABLE.iter().any(|word| start.starts_with(word)) || is_summary(start),
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

/// What the blocks of a table begin with.
const TABLE: [&str; 7] = [
    "EXCEPTED",
    "IN THE BASELINE",
    "NEEDED FROM ELSEWHERE",
    "NOT CHECKED",
    "PROBLEM",
    "REFUSED",
    "WARNING",
];

/// Whether a table has nothing but its summary, and notes.
fn is_summary(start: &str) -> bool {
    let line = start.lines().next().unwrap_or_default();
    start.starts_with("note: ") || line.contains(" object") && line.contains(" polic")
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
