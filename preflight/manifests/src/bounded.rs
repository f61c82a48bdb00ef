//! Reads files and standard input as far as is reasonable. A path may be a stranger's, and a pipe or a device may have no
//! end.

use std::{
    fs::{self, File, FileType},
    io::{self, Read},
    path::Path,
};

/// More than this is not read, of a file or of standard input.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a file that has an end, or standard input where the path is `-`.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        take(io::stdin().lock(), MAX_BYTES, "there is more than")
    } else {
        read_up_to(path, MAX_BYTES)
    }
}

/// Reads a text as [`read`] does.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::other("it is not text in UTF-8"))
}

/// Reads a file that is not larger than this.
pub(super) fn read_up_to(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // To open a pipe is to wait for its writer, so it is looked at before.
    check(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    take(file, limit, "it is larger than")
}

/// Reads all there is, unless it is more than this. `what` says so.
pub(super) fn take(from: impl Read, limit: u64, what: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        return Ok(bytes);
    }
    let limit = match limit.checked_div(1024 * 1024) {
        Some(mebibytes) if mebibytes > 0 => format!("{mebibytes} MiB"),
        _ => format!("{limit} bytes"),
    };
    Err(io::Error::other(format!("{what} {limit}; split it")))
}

fn check(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    Err(io::Error::other(name(kind)))
}

#[cfg(unix)]
fn name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;

    if kind.is_dir() {
        "it is a folder"
    } else if kind.is_fifo() {
        "it is a pipe; write into standard input instead, and name that `-`"
    } else if kind.is_char_device() || kind.is_block_device() {
        "it is a device; write into standard input instead, and name that `-`"
    } else {
        "it is not a file"
    }
}

#[cfg(not(unix))]
fn name(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "it is a folder"
    } else {
        "it is not a file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        for (length, expected) in [
            (7, Ok(7)),
            (8, Ok(8)),
            (9, Err("it is larger than 8 bytes; split it")),
        ] {
            fs::write(&file, vec![b'x'; length]).unwrap();
            let read = read_up_to(&file, 8);
            let read = read.map(|bytes| bytes.len());
            let read = read.map_err(|error| error.to_string());
            assert_eq!(read, expected.map_err(ToOwned::to_owned));
        }
        let endless = take(io::repeat(b'x'), 2 * 1024 * 1024, "there is more than");
        assert_eq!(
            endless.unwrap_err().to_string(),
            "there is more than 2 MiB; split it"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_not_read() {
        let error = |path: &str| read(Path::new(path)).unwrap_err().to_string();
        assert_eq!(
            error("/dev/zero"),
            "it is a device; write into standard input instead, and name that `-`"
        );
        assert_eq!(error("/"), "it is a folder");
    }
}
