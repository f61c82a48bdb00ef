//! Writes a text in place of a file: all of it, or nothing.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Why a file is still as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// It may not be written, or there is no room.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The new text has to be written before the old one goes.
    #[error("cannot be written: no file can be made beside it: {0}")]
    Beside(io::ErrorKind),
    /// It would be the file of another user, or of another group.
    #[error("cannot be written: it would get another owner: {0}")]
    Owner(io::Error),
    /// The other names would keep the old text.
    #[error("is not written: it has other names (hard links), which would keep the old text")]
    Linked,
}

/// Writes a text into a file. Where one is there, the text is written beside it and takes its place when it is whole, so
/// that a full disk costs nothing. Its mode and its owner stay, and a link stays a link.
pub fn replace(path: &Path, text: &str) -> Result<(), ReplaceError> {
    let Ok(file) = path.canonicalize() else {
        // There is nothing to lose.
        return Ok(fs::write(path, text)?);
    };
    let there = file.metadata()?;
    if !there.is_file() {
        // A device or a pipe.
        return Ok(fs::write(file, text)?);
    }
    // What may not be written is not replaced either.
    OpenOptions::new().write(true).open(&file)?;
    if has_other_names(&there) {
        return Err(ReplaceError::Linked);
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut named = tempfile::Builder::new();
    let named = named.prefix(".preflight-").tempfile_in(folder);
    // Their names are of no use to a reader, and are told with other errors.
    let new = named.map_err(|error| ReplaceError::Beside(error.kind()))?;
    new.as_file().write_all(text.as_bytes())?;
    keep_owner(new.as_file(), &there).map_err(ReplaceError::Owner)?;
    new.as_file().set_permissions(there.permissions())?;
    new.as_file().sync_all()?;
    new.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn has_other_names(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    file.nlink() > 1
}

#[cfg(unix)]
fn keep_owner(new: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let made = new.metadata()?;
    if (made.uid(), made.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a folder.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_text_takes_the_place_of_another_or_of_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        for text in ["first", "second"] {
            replace(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(names(folder.path()), ["a.yaml"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_and_a_link_stay_as_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o754)).unwrap();
        symlink("a", &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o7777,
            0o754
        );
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("a"));
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_replaced_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&file, "old").unwrap();
        fs::hard_link(&file, &other).unwrap();
        assert_eq!(
            replace(&file, "new").unwrap_err().to_string(),
            "is not written: it has other names (hard links), which would keep the old text"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(folder.path()), ["a", "b"]);
        assert!(matches!(
            replace(folder.path(), "new"),
            Err(ReplaceError::Io(_))
        ));
        // A device takes what it gets, or nothing.
        replace(Path::new("/dev/null"), "new").unwrap();
        #[cfg(target_os = "linux")]
        assert!(matches!(
            replace(Path::new("/dev/full"), "new"),
            Err(ReplaceError::Io(_))
        ));
    }
}
