//! What a reading of the log cannot be asked to have.

use std::sync::{Arc, PoisonError};

use foldhash::{HashMap, HashMapExt as _};

use super::{Inner, RevokedEntry};

/// Entries that were heard of since the last reading began, or are being written: each with by how many. A reading that lacks one has lost nothing.
pub(super) struct Recent(HashMap<RevokedEntry, usize>);

impl Recent {
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    pub(super) fn reading_begins(&mut self) {
        self.0.retain(|_, writers| *writers > 0);
        self.0.shrink_to(1024);
    }

    pub(super) fn heard(&mut self, entry: RevokedEntry) {
        self.0.entry(entry).or_insert(0);
    }

    pub(super) fn has(&self, entry: &RevokedEntry) -> bool {
        self.0.contains_key(entry)
    }
}

/// Entries that are being written, until this is dropped.
pub(super) struct Writing {
    inner: Arc<Inner>,
    entries: Vec<RevokedEntry>,
}

impl Writing {
    pub(super) fn begin(inner: &Arc<Inner>, entries: &[RevokedEntry]) -> Self {
        let mut recent = inner.recent.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            let writers = recent.0.entry(entry.clone()).or_insert(0);
            *writers = writers.saturating_add(1);
        }
        drop(recent);
        Self { inner: Arc::clone(inner), entries: entries.to_vec() }
    }

    /// They are there: a reading that begins from now on has them.
    pub(super) fn done(mut self) {
        self.end(true);
    }

    fn end(&mut self, done: bool) {
        let mut recent = self.inner.recent.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in self.entries.drain(..) {
            let Some(writers) = recent.0.get_mut(&entry) else { continue };
            *writers = writers.saturating_sub(1);
            if *writers == 0 && !done {
                recent.0.remove(&entry);
            }
        }
    }
}

/// Nobody knows whether they were written, so the next reading looks for them.
impl Drop for Writing {
    fn drop(&mut self) {
        self.end(false);
    }
}
