//! Which files of a folder are manifests, and what of it is not read.

use std::{
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
    overrides::{Override, OverrideBuilder},
};

use super::{
    LeftOut, Why, bounded,
    document::may_have_objects,
    rendered::{self, Rendered, Role},
};

/// The file that says what is not part of a repository.
const GITIGNORE: &str = ".gitignore";
/// What preflight is told about a project.
const OWN: [&str; 2] = [".preflight.yaml", ".preflight-baseline.json"];
/// A larger one is not read: each of its patterns costs memory.
const MAX_GITIGNORE_BYTES: u64 = 1024 * 1024;

/// How a file came to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The user named it: whatever is wrong with it is worth a problem.
    Named,
    /// It was found in a folder, where other things may be, too.
    Folder,
    /// It was found in a folder, and is called like the description of a chart or a kustomization, or like the values of
    /// a chart. It counts only as far as there are objects in it: kubectl reads what it is, not what it is called.
    Description,
}

/// What of folders is not read: patterns as in a `.gitignore` in each of them, and what the `.gitignore` files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exclude {
    patterns: Vec<String>,
    reads_ignored: bool,
}

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExcludeError(String);

impl Exclude {
    /// Takes the patterns.
    pub fn new(patterns: Vec<String>) -> Result<Self, ExcludeError> {
        let exclude = Self {
            patterns,
            reads_ignored: false,
        };
        match exclude.within(Path::new("")) {
            Ok(_) => Ok(exclude),
            Err(error) => Err(ExcludeError(error.to_string().replacen("'!", "'", 1))),
        }
    }

    /// Whether what a `.gitignore` leaves out is read all the same.
    #[must_use]
    pub fn reading_ignored(self, reads_ignored: bool) -> Self {
        Self {
            reads_ignored,
            ..self
        }
    }

    fn within(&self, folder: &Path) -> Result<Override, ignore::Error> {
        let mut patterns = OverrideBuilder::new(folder);
        for pattern in &self.patterns {
            // What is negated there is left out.
            patterns.add(&format!("!{pattern}"))?;
        }
        patterns.build()
    }
}

/// What cannot be listed, or may not be followed.
#[derive(Debug)]
pub(super) struct Unlisted {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The files with the ending of a manifest, sorted by path.
    pub(super) files: Vec<Result<(PathBuf, Source), Unlisted>>,
    /// Charts and kustomizations.
    pub(super) rendered: Rendered,
    /// What may be a manifest, and is not among the files.
    pub(super) left_out: Vec<LeftOut>,
}

impl Walk {
    /// Lists a folder with all its folders.
    pub(super) fn through(folder: &Path, exclude: &Exclude) -> Self {
        let mut walker = Walker {
            // Its real path: links in it may lead no further.
            root: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            overrides: Override::empty(),
            reads_ignored: exclude.reads_ignored,
            files: Vec::new(),
            left_out: Vec::new(),
            others: Vec::new(),
        };
        match exclude.within(folder) {
            Ok(overrides) => {
                walker.overrides = overrides;
                walker.folder(folder, &mut Vec::new());
            }
            Err(error) => walker.unlisted(folder, error.to_string()),
        }
        let Walker {
            files,
            mut left_out,
            others,
            ..
        } = walker;
        let mut rendered = Rendered::among(files.iter().flatten().map(PathBuf::as_path));
        left_out.extend(rendered.incomplete_charts());
        for LeftOutOfChart {
            path,
            is_folder,
            why,
        } in others
        {
            if let Some(part) = rendered.part_of_chart(&path, why.is_none()) {
                left_out.push(named(&path, is_folder, why.unwrap_or(part)));
            }
        }
        let mut read = Vec::new();
        for file in files {
            let source = match &file {
                Ok(path) => match rendered.role(path) {
                    Role::Manifest => Source::Folder,
                    Role::Description => Source::Description,
                    Role::Rendered(why) => {
                        left_out.push(LeftOut {
                            path: path.display().to_string(),
                            why,
                        });
                        continue;
                    }
                },
                Err(_) => Source::Folder,
            };
            read.push(file.map(|path| (path, source)));
        }
        left_out.sort_by(|one, other| Path::new(&one.path).cmp(Path::new(&other.path)));
        Self {
            files: read,
            rendered,
            left_out,
        }
    }
}

struct Walker {
    root: PathBuf,
    overrides: Override,
    reads_ignored: bool,
    files: Vec<Result<PathBuf, Unlisted>>,
    left_out: Vec<LeftOut>,
    others: Vec<LeftOutOfChart>,
}

/// What is not called like a manifest, and is a part of a chart if there is one above it.
struct LeftOutOfChart {
    path: PathBuf,
    is_folder: bool,
    /// Why it would not be read, whatever it is called.
    why: Option<Why>,
}

impl Walker {
    /// Lists a folder. `ignores` are the `.gitignore` files of the folders above, as far up as the one that was named:
    /// that is wanted, whatever the files above it say. Neither the settings of one user's machine nor whether there is a
    /// repository decide what is checked.
    fn folder(&mut self, folder: &Path, ignores: &mut Vec<Gitignore>) {
        let entries = fs::read_dir(folder).and_then(|entries| {
            let mut entries: Vec<DirEntry> = entries.collect::<io::Result<_>>()?;
            entries.sort_by_key(DirEntry::path);
            Ok(entries)
        });
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unlisted(folder, format!("cannot be listed: {error}")),
        };
        let above = ignores.len();
        if !self.reads_ignored {
            ignores.extend(self.ignore_file(folder));
        }
        for entry in entries {
            self.entry(&entry, ignores);
        }
        ignores.truncate(above);
    }

    fn entry(&mut self, entry: &DirEntry, ignores: &mut Vec<Gitignore>) {
        let path = entry.path();
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.unlisted(&path, format!("cannot be read: {error}")),
        };
        let is_folder = kind.is_dir();
        if let Some(why) = self.why_not(&path, is_folder, ignores) {
            // What belongs to git or to preflight itself is no file of the folder.
            let is_own =
                path.file_name().is_some_and(|name| name == ".git") || !is_folder && is_own(&path);
            if !is_own && (is_folder || is_wanted(&path)) {
                self.left_out.push(named(&path, is_folder, why));
            } else if !is_own {
                self.other(path, false, Some(why));
            }
        } else if is_folder {
            self.folder(&path, ignores);
        } else if kind.is_symlink() {
            self.link(path);
        } else if is_wanted(&path) {
            self.files.push(Ok(path));
        } else {
            self.other(path, false, None);
        }
    }

    fn other(&mut self, path: PathBuf, is_folder: bool, why: Option<Why>) {
        if rendered::may_be_of_chart(&path) {
            self.others.push(LeftOutOfChart {
                path,
                is_folder,
                why,
            });
        }
    }

    /// A link is followed to a file within the folder, and no further. A link to nothing is worth a problem, which
    /// reading it gives.
    fn link(&mut self, path: PathBuf) {
        let Ok(target) = path.canonicalize() else {
            if is_wanted(&path) {
                self.files.push(Ok(path));
            }
            return;
        };
        let is_within = target.starts_with(&self.root);
        if target.is_dir() {
            // What is within is read where it is, but not as the templates that it is here.
            if is_within {
                self.other(path, true, None);
            } else {
                self.left_out.push(named(&path, true, Why::Link));
            }
        } else if !is_wanted(&path) {
            self.other(path, false, None);
        } else if is_within {
            self.files.push(Ok(path));
        } else {
            let text = "is a link that leads out of the folder, and was not followed; name the file that it leads to, if \
                        it is meant";
            self.unlisted(&path, text.to_owned());
        }
    }

    fn why_not(&self, path: &Path, is_folder: bool, ignores: &[Gitignore]) -> Option<Why> {
        match self.overrides.matched(path, is_folder) {
            Match::Ignore(_) => return Some(Why::Excluded),
            Match::Whitelist(_) => return None,
            Match::None => {}
        }
        let ignores = ignores.iter().rev();
        let mut matches = ignores.map(|ignore| ignore.matched(path, is_folder));
        match matches.find(|found| !found.is_none()) {
            Some(Match::Ignore(glob)) => {
                let file = glob.from().unwrap_or(Path::new(GITIGNORE));
                return Some(Why::Ignored {
                    pattern: glob.original().to_owned(),
                    file: file.display().to_string(),
                });
            }
            Some(Match::Whitelist(_)) => return None,
            Some(Match::None) | None => {}
        }
        let name = path.file_name().unwrap_or_default();
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        is_hidden.then_some(Why::Hidden)
    }

    /// As git does it, one that is a link is not followed.
    fn ignore_file(&mut self, folder: &Path) -> Option<Gitignore> {
        let file = folder.join(GITIGNORE);
        let is_file = file
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_file());
        if !is_file {
            return None;
        }
        let text = match bounded::read_up_to(&file, MAX_GITIGNORE_BYTES) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                self.unlisted(&file, format!("cannot be read: {error}"));
                return None;
            }
        };
        let mut patterns = GitignoreBuilder::new(folder);
        for line in text.trim_start_matches('\u{feff}').lines() {
            // One that is no pattern leaves nothing out.
            let _ = patterns.add_line(Some(file.clone()), line);
        }
        match patterns.build() {
            Ok(patterns) => Some(patterns),
            Err(error) => {
                self.unlisted(&file, format!("cannot be read: {error}"));
                None
            }
        }
    }

    fn unlisted(&mut self, path: &Path, text: String) {
        self.files.push(Err(Unlisted {
            path: path.to_owned(),
            text,
        }));
    }
}

fn named(path: &Path, is_folder: bool, why: Why) -> LeftOut {
    let slash = if is_folder { "/" } else { "" };
    let path = format!("{}{slash}", path.display());
    LeftOut { path, why }
}

/// Whether a file is what preflight is told about a project. It counts by what is in it, too: kubectl applies a manifest
/// that is called so.
pub(super) fn is_own(path: &Path) -> bool {
    let name = path.file_name();
    let is_called_so = name.is_some_and(|name| OWN.iter().any(|own| name == *own));
    is_called_so && !bounded::read_to_string(path).is_ok_and(|text| may_have_objects(&text))
}

/// Whether a file of a folder is read.
pub(super) fn is_wanted(path: &Path) -> bool {
    let is_manifest = path
        .extension()
        .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
    is_manifest || rendered::is_kustomization(path)
}
