//! Writes a `.preflight.yaml` for the folder at hand.

use std::{
    collections::BTreeSet,
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use preflight::{
    config::NAME,
    manifests::{self, Exclude, Manifests, Why, printable},
};

use super::print;
use crate::cli::Common;

/// What stands in front of the paths.
const HEAD: &str = "\
# How preflight checks this project. Everything here is optional; `preflight --help` describes the options of the same
# names, and paths are relative to the folder of this file.

";

/// What may follow.
const REST: &str = "
# Left out of the folders above: lines as in a .gitignore.
# exclude: [\"*.test.yaml\"]

# Build kustomizations and Helm charts with the kubectl and the helm of this machine. It counts for
# `preflight --config .preflight.yaml`; `preflight` alone asks for --render.
# render: true

# The namespace of manifests that name none.
# namespace: shop

# The policies to run, if not all.
# policies: [hostpath-mounts, secret-data]

# Their settings: a map from the name of a policy to its settings, or a file with one. To check with the policies of a
# cluster instead: policiesFrom: [policies.yaml]
# settings:
#   hostpath-mounts: {onUpdate: enforceAll}

# What is in the cluster already, for lookups.
# cluster: [cluster.yaml]

# What ends with status 1 besides refusals.
# failOn: [warning, unjudged]

# More reports.
# reports: {sarif: preflight.sarif}

# Findings that do not count here. A cluster refuses them all the same.
# exceptions:
# - policy: hostpath-mounts
#   rule: risky_path
#   object: DaemonSet monitoring/node-exporter
#   reason: node-exporter reads the figures of the node
#   until: 2027-06-30

# What was found before and does not count: `preflight baseline` writes it.
# baseline: .preflight-baseline.json
";

/// `preflight init`
pub(super) fn run(common: &Common) -> Result<u8, Box<dyn Error>> {
    let file = Path::new(NAME);
    // Also what leads nowhere: it would be followed.
    if file.symlink_metadata().is_ok() {
        return Err(format!("{NAME} is there already").into());
    }
    let read = manifests::read_without(&[PathBuf::from(".")], &Exclude::default());
    let folders = folders(&read);
    let mut text = HEAD.to_owned();
    let paths = serde_json::to_string(&folders)?;
    let _ = writeln!(
        text,
        "# Checked when `preflight` is given no paths.\npaths: {paths}"
    );
    text.push_str(REST);
    fs::write(file, text).map_err(|error| format!("{NAME}: cannot be written: {error}"))?;
    let found = folders.iter().map(|folder| printable(folder));
    let found = found.collect::<Vec<_>>().join(", ");
    let more = if is_rendered(&read) {
        "; with `--render`, kustomizations and charts are built first"
    } else {
        ""
    };
    print(
        &format!("{NAME} is written: `preflight` checks {found}{more}\n"),
        common.color,
    )?;
    Ok(0)
}

/// Whether some of it is applied in another form than it is written in.
fn is_rendered(read: &Manifests) -> bool {
    let is_part = |why: &Why| {
        matches!(
            why,
            Why::Template { .. } | Why::PackedChart { .. } | Why::Patch { .. }
        )
    };
    !read.kustomizations.is_empty() || read.left_out.iter().any(|one| is_part(&one.why))
}

/// The folders here that hold manifests, or this one where none does.
fn folders(read: &Manifests) -> Vec<String> {
    let tops: BTreeSet<String> = read
        .objects
        .iter()
        .filter_map(|object| top(&object.file))
        .collect();
    if tops.is_empty() || tops.contains(".") {
        return vec![".".to_owned()];
    }
    tops.into_iter().collect()
}

/// The folder here that a file is in; `.` for one directly here.
fn top(file: &str) -> Option<String> {
    let path = Path::new(file);
    let mut parts = path.strip_prefix(".").unwrap_or(path).components();
    let first = parts.next()?;
    Some(match parts.next() {
        Some(_) => format!("{}/", first.as_os_str().to_str()?),
        None => ".".to_owned(),
    })
}
