//! Which files of a folder are manifests.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// How a file came to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The user named it: whatever is wrong with it is worth a problem.
    Named,
    /// It was found in a folder, where other things may be, too.
    Folder,
}

impl Source {
    /// Well-known files that are YAML or JSON but not manifests.
    pub(super) fn other_format(self, file: &str) -> Option<&'static str> {
        if self == Self::Named {
            return None;
        }
        let name = Path::new(file).file_name()?.to_str()?;
        match name {
            "Chart.yaml" => {
                Some("a Helm chart; pipe what `helm template` renders into `preflight -`")
            }
            "kustomization.yaml" | "kustomization.yml" => {
                Some("a kustomization; pipe what `kubectl kustomize` builds into `preflight -`")
            }
            _ => None,
        }
    }
}

/// The files with the ending of a manifest, sorted by path.
pub(super) fn manifests_in(folder: &Path) -> impl Iterator<Item = Result<PathBuf, ignore::Error>> {
    WalkBuilder::new(folder)
        // A folder that was named is wanted, whatever the files above it say.
        .parents(false)
        // A folder that is no repository may have a `.gitignore` as well: what is packed is what is checked.
        .require_git(false)
        // The settings of one user's machine must not decide what is checked.
        .git_global(false)
        .ignore(false)
        .git_exclude(false)
        .sort_by_file_path(Ord::cmp)
        .build()
        .filter(|entry| {
            entry.as_ref().map_or(true, |entry| {
                is_manifest(entry.path()) && entry.path().is_file()
            })
        })
        .map(|entry| entry.map(ignore::DirEntry::into_path))
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
}
