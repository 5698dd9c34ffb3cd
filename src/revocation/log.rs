use std::{
    collections::HashSet,
    fmt,
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{
    StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::sync::broadcast;

use super::RevokedEntry;
use crate::error::StoreError;

/// Where what was revoked is written down: it outlives a process, and other nodes read it.
///
/// Entries are only ever added, and leave the log some time after their `until` has passed. Appending one that is there already changes nothing.
pub trait RevocationLog: Send + Sync + 'static {
    /// Writes entries down. Once it answers, they are there for good.
    ///
    /// # Errors
    ///
    /// Nobody knows whether they were written: they will be appended again.
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// All entries whose `until` has not passed, in any order.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>>;

    /// Entries as they are appended by whomever, soon after: all that are appended once this has answered, until the stream ends. It may end at any time, and has to
    /// where some may have been missed, as by a connection that was lost: everything is then read, and it is asked for again.
    ///
    /// `None` where the log does not tell: it is then read every 5 s.
    ///
    /// # Errors
    ///
    /// It would tell, and cannot now: it is asked again.
    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        Box::pin(ready(Ok(None)))
    }
}

/// What a log tells: [`RevocationLog::subscribe`].
pub type Told = BoxStream<'static, RevokedEntry>;

impl<L: RevocationLog + ?Sized> RevocationLog for Arc<L> {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).append(entries)
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        (**self).snapshot()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        (**self).subscribe()
    }
}

/// A log in memory, which several [`Revocations`](super::Revocations) of one process may share. It forgets nothing, and ends with the process: for tests,
/// and to see how a log behaves.
#[derive(Clone)]
pub struct MemoryLog(Arc<Shared>);

struct Shared {
    entries: Mutex<HashSet<RevokedEntry>>,
    told: broadcast::Sender<RevokedEntry>,
}

/// So many entries may wait for a reader that is slow; after that it reads everything.
const BACKLOG: usize = 1024;

impl MemoryLog {
    /// A log without entries.
    pub fn new() -> Self {
        let (told, _) = broadcast::channel(BACKLOG);
        Self(Arc::new(Shared { entries: Mutex::default(), told }))
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl RevocationLog for MemoryLog {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut known = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            if known.insert(entry.clone()) {
                // Nobody may be listening.
                let _ = self.0.told.send(entry);
            }
        }
        drop(known);
        Box::pin(async { Ok(()) })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        let known = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = known.iter().cloned().collect();
        drop(known);
        Box::pin(async { Ok(entries) })
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        let told = told(self.0.told.subscribe());
        Box::pin(ready(Ok(Some(told))))
    }
}

/// Whoever lags behind has missed some: the stream ends, and everything is read.
pub(crate) fn told(listening: broadcast::Receiver<RevokedEntry>) -> Told {
    let next = |mut listening: broadcast::Receiver<_>| async move {
        let entry = listening.recv().await.ok()?;
        Some((entry, listening))
    };
    stream::unfold(listening, next).boxed()
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryLog(..)")
    }
}
