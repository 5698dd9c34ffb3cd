//! Keeps a set and its log together, for as long as somebody has the set.

use std::{
    error::Error as _,
    future::pending,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, stream::BoxStream};
use tokio::{
    runtime::Handle,
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};

use super::{Inner, RevocationLog, RevokedEntry, set::Set};
use crate::{
    error::{ConfigError, StoreError},
    telemetry::TARGET,
};

/// How often everything is read.
pub(super) const EVERY: Duration = Duration::from_secs(5);

/// Before a log is asked again that has ended what it told.
const BREATH: Duration = Duration::from_millis(100);

/// So many entries are handled at once.
const CHUNK: usize = 1024;

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
    let set = Arc::downgrade(inner);
    runtime.spawn(async move {
        // A log of somebody else's may panic: that is no reason to say 503 for ever.
        while AssertUnwindSafe(follow(set.clone())).catch_unwind().await.is_err() {
            tracing::error!(target: TARGET, "a log of revocations has panicked");
            rest(EVERY).await;
        }
    });
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
        // A log that always has something to tell is read all the same.
        if Instant::now() >= until {
            return;
        }
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
        let mut there = Set::default();
        for entry in following.snapshot().await? {
            if *entry.issuer == *self.issuer {
                there.insert(entry);
            }
        }
        self.add_new(&there).await;
        following.was_read(asked);
        let lost = self.lost(&there);
        for some in lost.chunks(CHUNK) {
            following.append(some.to_vec()).await?;
        }
        if !lost.is_empty() {
            let (issuer, count) = (&*self.issuer, lost.len());
            tracing::warn!(target: TARGET, issuer, count, "a log had not all revocations: they were added");
        }
        Ok(())
    }

    /// Some at a time, so that no request waits for long, and only what is new.
    async fn add_new(&self, there: &Set) {
        let mut entries = there.entries(&self.issuer, self.now().as_secs()).peekable();
        while entries.peek().is_some() {
            let some: Vec<_> = entries.by_ref().take(CHUNK).collect();
            let new: Vec<_> = {
                let here = self.read();
                some.into_iter().filter(|entry| self.is_new(&here, entry)).collect()
            };
            self.insert(new);
            yield_now().await;
        }
    }

    /// What is known here and not there. What is over in a moment is not worth a question.
    fn lost(&self, there: &Set) -> Vec<RevokedEntry> {
        let soon = self.now().as_secs().saturating_add(EVERY.as_secs());
        let here = self.read();
        here.entries(&self.issuer, soon).filter(|entry| !there.covers(entry)).collect()
    }
}
