//! Compiled modules on disk, so that a module of `--wasm` or of a registry is compiled once and not at each start.
//!
//! Compiled code runs without any check of its own, so it is only taken from a folder that the user alone may write.
//! An entry is found by the hash of the module's bytes: one that was changed is compiled anew.

use std::path::{Path, PathBuf};

use directories_next::ProjectDirs;
use wasmtime_provider::wasmtime::{Cache, CacheConfig};

/// Where this user's programs keep what they can make again: `~/.cache/preflight` on Linux.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "preflight")?;
    Some(folders.cache_dir().to_owned())
}

/// Opens the cache in a folder, and makes the folder, but no home for it. `None` where others may write there, or nothing can
/// be written.
pub(super) fn open(folder: &Path) -> Option<Cache> {
    let home = folder.parent().and_then(Path::parent);
    if !home.is_some_and(Path::is_dir) {
        return None;
    }
    make(folder)?;
    let mut config = CacheConfig::new();
    // As wasmtime wants it: absolute, and the same however it is spelled.
    config.with_directory(folder.canonicalize().ok()?);
    Cache::new(config).ok()
}

#[cfg(unix)]
fn make(folder: &Path) -> Option<()> {
    use std::{
        fs::{self, DirBuilder},
        os::unix::fs::{DirBuilderExt, MetadataExt},
    };

    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder).ok()?;
    // Not that of what a link leads to.
    let is = fs::symlink_metadata(folder).ok()?;
    let is_own = is.uid() == rustix::process::geteuid().as_raw();
    (is.is_dir() && is_own && is.mode() & WRITABLE_BY_OTHERS == 0).then_some(())
}

/// Who may write there is not known.
#[cfg(not(unix))]
fn make(_folder: &Path) -> Option<()> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    #[test]
    fn only_a_folder_of_the_user_alone_is_a_cache() {
        let above = tempfile::tempdir().unwrap();
        let own = above.path().join("a/b");
        assert!(open(&own).is_some());
        let mode = fs::metadata(&own).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for (mode, is_cache) in [(0o755, true), (0o775, false), (0o757, false), (0o700, true)] {
            fs::set_permissions(&own, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(open(&own).is_some(), is_cache, "{mode:o}");
        }
        let link = above.path().join("link");
        symlink(&own, &link).unwrap();
        assert!(open(&link).is_none());
        let file = above.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(open(&file).is_none());
        // The home of a user who has none stays away.
        let none = above.path().join("none");
        assert!(open(&none.join(".cache/preflight")).is_none());
        assert!(!none.exists());
    }
}
