//! Which files of a folder are manifests.

use std::path::{Path, PathBuf};

use ignore::{
    WalkBuilder,
    overrides::{Override, OverrideBuilder},
};

use super::rendered::{self, Rendered};

/// How a file came to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The user named it: whatever is wrong with it is worth a problem.
    Named,
    /// It was found in a folder, where other things may be, too.
    Folder,
}

/// What of folders is not read: patterns as in a `.gitignore` in each of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exclude(Vec<String>);

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExcludeError(String);

impl Exclude {
    /// Takes the patterns.
    pub fn new(patterns: Vec<String>) -> Result<Self, ExcludeError> {
        let exclude = Self(patterns);
        match exclude.within(Path::new("")) {
            Ok(_) => Ok(exclude),
            Err(error) => Err(ExcludeError(error.to_string().replacen("'!", "'", 1))),
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn within(&self, folder: &Path) -> Result<Override, ignore::Error> {
        let mut patterns = OverrideBuilder::new(folder);
        for pattern in &self.0 {
            // What is negated there is left out.
            patterns.add(&format!("!{pattern}"))?;
        }
        patterns.build()
    }
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The files with the ending of a manifest, sorted by path, and what could not be listed.
    pub(super) files: Vec<Result<PathBuf, ignore::Error>>,
    /// What is not among them, because it is rendered first.
    pub(super) rendered: Rendered,
}

impl Walk {
    /// Lists a folder with all its folders.
    pub(super) fn through(folder: &Path, exclude: &Exclude) -> Self {
        let mut files: Vec<Result<PathBuf, ignore::Error>> = match exclude.within(folder) {
            Ok(exclude) => entries(folder, exclude).collect(),
            Err(error) => vec![Err(error)],
        };
        let mut rendered = Rendered::among(files.iter().flatten().map(PathBuf::as_path));
        files.retain(|file| {
            let leave = |file: &PathBuf| rendered.leaves_out(file);
            !file.as_ref().is_ok_and(leave)
        });
        Self { files, rendered }
    }
}

fn entries(
    folder: &Path,
    exclude: Override,
) -> impl Iterator<Item = Result<PathBuf, ignore::Error>> {
    WalkBuilder::new(folder)
        // A folder that was named is wanted, whatever the files above it say.
        .parents(false)
        // A folder that is no repository may have a `.gitignore` as well: what is packed is what is checked.
        .require_git(false)
        // The settings of one user's machine must not decide what is checked.
        .git_global(false)
        .ignore(false)
        .git_exclude(false)
        .overrides(exclude)
        .sort_by_file_path(Ord::cmp)
        .build()
        .filter(|entry| {
            entry.as_ref().map_or(true, |entry| {
                is_wanted(entry.path()) && may_be_read(entry.path())
            })
        })
        .map(|entry| entry.map(ignore::DirEntry::into_path))
}

/// Whether it is a file, or a link to nothing, which is worth a problem. Nobody may ever write to a pipe.
fn may_be_read(path: &Path) -> bool {
    path.metadata().map_or(true, |metadata| metadata.is_file())
}

fn is_wanted(path: &Path) -> bool {
    let is_manifest = path
        .extension()
        .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
    is_manifest || rendered::is_kustomization(path)
}
