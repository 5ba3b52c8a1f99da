//! Files that a hunt leaves.

use std::ffi::OsString;
use std::path::Path;
use std::{fs, io, process};

/// Writes a file in one go, and the folders that it is in: nobody reads half of it, and of two
/// processes that write it at once, one wins.
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.file_name().map_or_else(OsString::new, OsString::from);
    beside.push(format!(".{}.new", process::id()));
    let beside = path.with_file_name(beside);
    fs::write(&beside, content)?;
    fs::rename(&beside, path).inspect_err(|_| {
        // It is of no use any more, and the error that counts is the other one.
        let _ = fs::remove_file(&beside);
    })
}
