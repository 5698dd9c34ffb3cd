//! Keeps a set and its log together, for as long as somebody has the set.

use std::{
    error::Error as _,
    future::pending,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream::BoxStream};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout, timeout_at},
};

use super::{Inner, RevocationLog, RevokedEntry, set::Generation};
use crate::{
    error::{ConfigError, StoreError},
    telemetry::TARGET,
};

/// How often everything is read.
const EVERY: Duration = Duration::from_secs(5);

/// Before a log is asked again that has ended what it told.
const BREATH: Duration = Duration::from_millis(100);

/// How long a log may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a log.
pub(super) struct Following {
    log: Arc<dyn RevocationLog>,
    stale_for: Duration,
    began: Instant,
    /// When the last good snapshot was asked for, in milliseconds since then, and one more; 0: never.
    read: AtomicU64,
}

impl Following {
    pub(super) fn new(log: Arc<dyn RevocationLog>, stale_for: Duration) -> Self {
        Self { log, stale_for, began: Instant::now(), read: AtomicU64::new(0) }
    }

    /// Whether what is known is what there is, as far as one has to care.
    pub(super) fn is_fresh(&self) -> bool {
        let read = match self.read.load(Ordering::Acquire).checked_sub(1) {
            Some(read) => Duration::from_millis(read),
            None => return false,
        };
        self.began.elapsed().saturating_sub(read) <= self.stale_for
    }

    pub(super) async fn append(&self, entries: Vec<RevokedEntry>) -> Result<(), StoreError> {
        let done = timeout(PATIENCE, self.log.append(entries)).await;
        done.unwrap_or_else(|_| Err(StoreError::unavailable("the log takes too long")))
    }

    async fn snapshot(&self) -> Result<Vec<RevokedEntry>, StoreError> {
        let done = timeout(PATIENCE, self.log.snapshot()).await;
        done.unwrap_or_else(|_| Err(StoreError::unavailable("the log takes too long")))
    }

    fn was_read(&self, asked: Instant) {
        let since = asked.saturating_duration_since(self.began).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1);
        self.read.fetch_max(since, Ordering::AcqRel);
    }
}

/// Starts the task that reads the log until the last clone of the set is gone.
pub(super) fn begin(inner: &Arc<Inner>) -> Result<(), ConfigError> {
    let runtime = Handle::try_current().map_err(|_| {
        ConfigError::new("a log is read by a task: build the revocations within a tokio runtime")
    })?;
    runtime.spawn(follow(Arc::downgrade(inner)));
    Ok(())
}

async fn follow(set: Weak<Inner>) {
    let mut told = None;
    let mut failing = false;
    while let Some(inner) = set.upgrade() {
        let Some(following) = &inner.following else { return };
        if told.is_none() {
            // Before the snapshot: what is appended meanwhile is in one of both.
            told = following.log.subscribe();
        }
        let read = inner.read_all(following).await;
        tell(&inner.issuer, &read, &mut failing);
        drop(inner);
        if read.is_err() {
            // Whatever it had to tell, it is read from the beginning.
            told = None;
        }
        listen(&set, &mut told).await;
    }
}

/// Takes what the log tells until it is time to read everything.
async fn listen(set: &Weak<Inner>, told: &mut Option<BoxStream<'static, RevokedEntry>>) {
    let until = Instant::now().checked_add(EVERY);
    while let (Some(stream), Some(until)) = (told.as_mut(), until) {
        match (timeout_at(until, stream.next()).await, set.upgrade()) {
            (Err(_), _) => return,
            (Ok(Some(entry)), Some(inner)) => inner.insert([entry]),
            // It has lost its connection: once it is told again, everything is read.
            (Ok(_), _) => {
                *told = None;
                return rest(BREATH).await;
            }
        }
    }
    rest(EVERY).await;
}

/// Waits, on tokio's time.
async fn rest(time: Duration) {
    // Nothing is awaited in it but its end.
    let _ = timeout(time, pending::<()>()).await;
}

/// Says once that it fails, and once that it is over.
fn tell(issuer: &str, read: &Result<(), StoreError>, failing: &mut bool) {
    match read {
        Err(error) if !*failing => {
            let source = error.source().map(tracing::field::display);
            tracing::warn!(target: TARGET, issuer, error = %error, source, "revocations not read");
        }
        Ok(()) if *failing => tracing::info!(target: TARGET, issuer, "revocations are read again"),
        _ => {}
    }
    *failing = read.is_err();
}

impl Inner {
    /// Adds what the log has, and gives it what it has lost.
    async fn read_all(&self, following: &Following) -> Result<(), StoreError> {
        let asked = Instant::now();
        let mut entries = following.snapshot().await?;
        entries.retain(|entry| *entry.issuer == *self.issuer);
        let there = Generation::of(&entries);
        self.insert(entries);
        following.was_read(asked);
        let lost = self.lost(&there);
        if lost.is_empty() {
            return Ok(());
        }
        tracing::warn!(target: TARGET, issuer = &*self.issuer, count = lost.len(), "a log of revocations has lost some");
        following.append(lost).await
    }

    /// What is known here and not there. A log may join entries of one name, as the set does.
    fn lost(&self, there: &Generation) -> Vec<RevokedEntry> {
        let now = self.now().as_secs();
        let here = self.read().entries(&self.issuer, now);
        here.into_iter().filter(|entry| !there.covers(entry)).collect()
    }
}
