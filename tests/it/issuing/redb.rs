//! Sessions and revocations in a file.

mod crash;
mod lasting;
mod leaks;
mod opening;
#[cfg(feature = "testing")]
mod suites;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use tower_bearer::RedbStore;

use super::{Hand, Service};

/// A folder of its own, that goes with its owner.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redb").join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("sessions.redb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Service<RedbStore> {
    /// One that keeps its sessions in this file.
    pub(super) fn open(folder: &Folder, hand: &Hand) -> Self {
        let store = RedbStore::open_with_clock(folder.file(), hand.clone()).unwrap();
        Self::with(hand.clone(), store)
    }
}
