//! Which files were read already: one that is given twice, or by two names, is read once, by its first name.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::build::real;

/// What was read of the paths that the user named.
#[derive(Debug, Default)]
pub(super) struct Once {
    /// The files that are named by themselves.
    named: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
    /// The kustomizations and charts of which there is what they are built to.
    outputs: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// A folder and its real path: most files stand beside the one before.
    above: Option<(PathBuf, PathBuf)>,
}

impl Once {
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let files = paths.iter().filter(|path| !path.is_dir());
        Self {
            named: files.filter_map(|file| real(file)).collect(),
            ..Self::default()
        }
    }

    /// Whether a file of a folder is one that the user named as well: whatever is wrong with it is worth a problem.
    pub(super) fn is_named(&mut self, file: &Path) -> bool {
        if self.named.is_empty() {
            return false;
        }
        let file = self.entry(file);
        file.is_some_and(|file| self.named.contains(&file))
    }

    /// Whether a file that is named was not read before.
    pub(super) fn adds_named(&mut self, file: &Path) -> bool {
        let Some(target) = real(file) else {
            // It is told what is wrong with it.
            return true;
        };
        let entry = self.entry(file);
        let is_new = self.files.insert(target);
        self.files.extend(entry);
        is_new
    }

    /// Whether a file of a folder was not read before.
    pub(super) fn adds(&mut self, file: &Path) -> bool {
        let file = self.entry(file);
        file.is_none_or(|file| self.files.insert(file))
    }

    /// Whether what a file is built to was not taken before.
    pub(super) fn adds_output(&mut self, file: &Path) -> bool {
        let file = self.entry(file);
        file.is_none_or(|file| self.outputs.insert(file))
    }

    /// Whether a folder was not read before.
    pub(super) fn adds_folder(&mut self, folder: &Path) -> bool {
        real(folder).is_none_or(|folder| self.folders.insert(folder))
    }

    /// The real path of a file of a folder. A link to a file in another folder is a file of its own: a folder may be that of
    /// one environment, and have by links what it shares with others.
    fn entry(&mut self, file: &Path) -> Option<PathBuf> {
        let above = file.parent()?;
        let folder = match &self.above {
            Some((known, folder)) if known == above => folder.clone(),
            _ => {
                let folder = real(above)?;
                self.above = Some((above.to_owned(), folder.clone()));
                folder
            }
        };
        let entry = folder.join(file.file_name()?);
        let target = file.is_symlink().then(|| real(file)).flatten();
        let target = target.filter(|target| target.parent() == Some(&folder));
        Some(target.unwrap_or(entry))
    }
}
