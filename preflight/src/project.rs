//! What `.preflight.yaml` says where the command line says nothing.

use std::path::PathBuf;

use clap::ValueEnum;
use preflight::config::{ConfigError, Project};
use serde_json::Value;

use crate::cli::{Cli, Command, FailOn, Format, ReportFile};

/// The configuration that the command is to go by, if any.
pub(crate) fn find(cli: &Cli) -> Result<Option<Project>, ConfigError> {
    let asks_for_none = matches!(
        cli.command,
        Some(
            Command::Completions { .. }
                | Command::Explain { .. }
                | Command::Init
                | Command::Rules { .. }
        )
    );
    if cli.common.no_config || asks_for_none {
        return Ok(None);
    }
    match &cli.common.config {
        Some(file) => Project::read(file).map(Some),
        None => Project::find(),
    }
}

/// The arguments, with what a configuration adds: what is written on the command line goes before it, but patterns to
/// leave out and reports are added to one another.
pub(crate) fn complete(mut cli: Cli, project: &Project) -> Cli {
    let config = &project.config;
    let paths = |written: &[String]| -> Vec<PathBuf> {
        written.iter().map(|path| project.path(path)).collect()
    };
    let unless_given = |given: &mut Vec<PathBuf>, written: &[String]| {
        if given.is_empty() {
            *given = paths(written);
        }
    };
    let names_all = cli.input.paths.is_empty() || config.paths.is_empty();
    cli.is_whole = names_all && cli.common.policies.is_empty();
    let reads_manifests = cli.reads_manifests();
    let common = &mut cli.common;
    let lowering = &mut cli.lowering;
    let mut lowers = |field: &'static str, is_there: bool| {
        if is_there {
            lowering.push(field);
        }
    };
    if common.policies.is_empty() {
        lowers("policies", !config.policies.is_empty());
        common.policies.clone_from(&config.policies);
    }
    if common.namespace.is_none() && !config.namespace.is_empty() {
        common.namespace = Some(config.namespace.clone());
    }
    // Both say what the settings are.
    if common.settings.is_none() && common.policies_from.is_empty() {
        common.policies_from = paths(&config.policies_from);
        lowers("policiesFrom", !config.policies_from.is_empty());
        let is_empty = project
            .settings
            .as_object()
            .is_some_and(serde_json::Map::is_empty);
        lowers("settings", !project.settings.is_null() && !is_empty);
        match &project.settings {
            Value::String(file) => common.settings = Some(project.path(file)),
            Value::Object(_) => common.project_settings = Some(project.settings.clone()),
            _ => {}
        }
    }
    if !reads_manifests {
        return cli;
    }
    let input = &mut cli.input;
    unless_given(&mut input.paths, &config.paths);
    lowers(
        "cluster",
        input.cluster.is_empty() && !config.cluster.is_empty(),
    );
    unless_given(&mut input.cluster, &config.cluster);
    if !input.live {
        lowers("old", input.old.is_empty() && !config.old.is_empty());
        unless_given(&mut input.old, &config.old);
    }
    input.exclude.extend(config.exclude.iter().cloned());
    // It runs programs, on what may be a stranger's.
    if project.is_named {
        input.render |= config.render;
    }
    let has_folders = input.paths.iter().any(|path| path.is_dir());
    cli.is_unrendered = config.render && !input.render && has_folders;
    lowers("exceptions", !project.exceptions().is_empty());
    if cli.baseline.is_none() && !config.baseline.is_empty() {
        lowers("baseline", true);
        cli.baseline = Some(project.path(&config.baseline));
    }
    if cli.command.is_some() {
        return cli;
    }
    cli.fail_on.get_or_insert_with(|| {
        let words = config.fail_on.iter();
        words
            .filter_map(|word| FailOn::from_str(word, false).ok())
            .collect()
    });
    for (name, file) in config.reports.all() {
        if let (Ok(format), false) = (Format::from_str(name, false), file.is_empty()) {
            let file = Some(project.path(file));
            cli.reports.push(ReportFile { format, file });
        }
    }
    cli
}
