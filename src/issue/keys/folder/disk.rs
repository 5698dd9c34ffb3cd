//! Files that their owner alone may read.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use aws_lc_rs::rand::fill;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Makes the folder if it is not there, for its owner alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// What is in a file that nobody else may read.
pub(super) fn read_private(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // Asked before it is opened, which would wait for the other end of a pipe.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let file = File::open(path)?;
    assert_private(&file)?;
    // Room for all of it, so that nothing is left behind where it grew from.
    let room = usize::try_from(limit).unwrap_or_default().saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() >= room {
        return Err(io::Error::other("it is too long for a key"));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn assert_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let others = file.metadata()?.mode() & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(io::Error::other(
        "others than its owner may read or write it: who has read it has the key, so make another, or `chmod 600` it",
    ))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "where there are modes it can fail")]
fn assert_private(_: &File) -> io::Result<()> {
    Ok(())
}

/// Writes a file under another name, and gives it its own once it is whole and on the disk.
pub(super) fn write_private(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut random = [0; 9];
    fill(&mut random).map_err(|_| io::Error::other("there is no randomness"))?;
    let unfinished = folder.join(format!(".{}.tmp", URL_SAFE_NO_PAD.encode(random)));
    let written = write_new(&unfinished, bytes)
        .and_then(|()| fs::rename(&unfinished, folder.join(name)))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// New and removed names are on the disk, too.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "where a folder can be synchronised it can fail")]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
