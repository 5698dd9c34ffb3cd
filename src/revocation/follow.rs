//! Keeps a set and its log together, for as long as somebody has the set.

use std::{
    error::Error as _,
    future::{Future, pending},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{Either, select},
};
use tokio::{
    runtime::Handle,
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};

use super::{Inner, RevocationLog, RevokedEntry, Told, set::Set};
use crate::{
    error::{ConfigError, StoreError},
    telemetry::TARGET,
};

/// Everything is read so often.
pub(super) const EVERY: Duration = Duration::from_secs(5);

/// So much less is waited, for asking it to tell may take as long.
const EARLY: Duration = SOON;

/// Up to so much less again, as chance will have it.
const APART: Duration = Duration::from_millis(750);

/// Before a log is asked again that has ended what it told, or could not be read.
const BREATH: Duration = Duration::from_millis(100);

/// What ends all the time, or cannot be read, is not read all the time: up to so long is waited, and up to four times as long for what fails again.
const PAUSE: Duration = Duration::from_secs(1);

/// So many entries are handled at once.
const CHUNK: usize = 1024;

/// How long a log may take to write something down while somebody waits, who is logging out.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it may take for many entries, for which nobody waits.
const WRITING: Duration = Duration::from_secs(5);

/// How long it may take to read all of it, which may be a million entries.
const READING: Duration = Duration::from_secs(10);

/// How long it may take to say that it will tell: it is read all the same.
const SOON: Duration = Duration::from_millis(750);

/// How long may be spent at a time on what sessions have to make up for.
const WORK: Duration = Duration::from_secs(1);

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
        within(PATIENCE, self.log.append(entries)).await
    }

    fn was_read(&self, asked: Instant) {
        let since = asked.saturating_duration_since(self.began).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1);
        self.read.fetch_max(since, Ordering::AcqRel);
    }
}

async fn within<T>(
    time: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let done = timeout(time, answer).await;
    done.unwrap_or_else(|_| Err(StoreError::unavailable("the log takes too long")))
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
    let mut state = State::default();
    let mut failures = 0_u32;
    while let Some(inner) = set.upgrade() {
        let Some(following) = &inner.following else { return };
        let began = Instant::now();
        if told.is_none() {
            // Before the snapshot: what is appended meanwhile is in one of both.
            let subscribed = within(SOON, following.log.subscribe()).await;
            state.deaf.is(subscribed.as_ref().err(), |failed| say_deaf(&inner.issuer, failed));
            told = subscribed.unwrap_or_default();
        }
        let tells = told.is_some();
        let read = inner.hear_during(&mut told, inner.read_all(following)).await;
        state.blind.is(read.as_ref().err(), |failed| say_blind(&inner.issuer, failed));
        drop(inner);
        if read.is_ok() && tells == told.is_some() {
            failures = 0;
            listen(&set, &mut told, began).await;
        } else {
            // Whatever it had to tell, it is read from the beginning.
            told = None;
            rest(apart(PAUSE.saturating_mul(1 << failures))).await;
            failures = failures.saturating_add(1).min(2);
        }
    }
}

/// Takes what the log tells until it is time to read everything.
async fn listen(set: &Weak<Inner>, told: &mut Option<Told>, began: Instant) {
    let wait = EVERY.saturating_sub(EARLY).saturating_sub(APART.saturating_sub(apart(APART)));
    let until = began.checked_add(wait).unwrap_or(began);
    while let Some(stream) = told {
        // A log that always has something to tell is read all the same.
        if Instant::now() >= until {
            return;
        }
        match (timeout_at(until, stream.next()).await, set.upgrade()) {
            (Err(_), _) => return,
            (Ok(Some(entry)), Some(inner)) => inner.hear([entry]),
            // It has lost its connection: once it is told again, everything is read.
            (Ok(_), _) => {
                *told = None;
                return rest(apart(PAUSE)).await;
            }
        }
    }
    rest(wait.saturating_sub(began.elapsed())).await;
}

/// Waits for so long, and a moment at least, on tokio's time.
async fn rest(time: Duration) {
    // Nothing is awaited in it but its end.
    let _ = timeout(time.max(BREATH), pending::<()>()).await;
}

/// A part of this time, as chance will have it: nodes that start together, or lose a log together and find it again, should not all read it at once. Nothing depends
/// on nobody guessing it.
fn apart(time: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness nodes read together.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    time.mul_f32(f32::from(byte[0]) / 255.0)
}

/// What does not work, as it was said last.
#[derive(Default)]
struct State {
    /// Nothing is told.
    deaf: Trouble,
    /// Nothing can be read.
    blind: Trouble,
}

#[derive(Default)]
struct Trouble(bool);

impl Trouble {
    /// Says once that there is trouble, and once that it is over.
    fn is(&mut self, error: Option<&StoreError>, say: impl FnOnce(Option<&StoreError>)) {
        if error.is_some() != self.0 {
            say(error);
        }
        self.0 = error.is_some();
    }
}

fn say_blind(issuer: &str, error: Option<&StoreError>) {
    let Some(error) = error else {
        return tracing::info!(target: TARGET, issuer, "revocations are read again");
    };
    let source = error.source().map(tracing::field::display);
    tracing::warn!(target: TARGET, issuer, error = %error, source, "revocations not read");
}

fn say_deaf(issuer: &str, error: Option<&StoreError>) {
    let Some(error) = error else {
        return tracing::info!(target: TARGET, issuer, "revocations are told again");
    };
    let source = error.source().map(tracing::field::display);
    tracing::warn!(target: TARGET, issuer, error = %error, source, "revocations are read and not told");
}

impl Inner {
    /// Reading may take seconds: what is told meanwhile need not wait for it.
    async fn hear_during<T>(&self, told: &mut Option<Told>, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        while let Some(stream) = told {
            match select(work.as_mut(), stream.next()).await {
                Either::Left((done, _)) => return done,
                Either::Right((Some(entry), _)) => self.hear([entry]),
                Either::Right((None, _)) => *told = None,
            }
        }
        work.await
    }

    /// Adds what the log has, and gives it what it has lost.
    async fn read_all(&self, following: &Following) -> Result<(), StoreError> {
        let asked = Instant::now();
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).reading_begins();
        let mut there = Set::default();
        for entry in within(READING, following.log.snapshot()).await? {
            if *entry.issuer == *self.issuer {
                there.insert(entry);
            }
        }
        self.add_new(&there).await;
        following.was_read(asked);
        let lost = self.lost(&there);
        // Before the log is made good: until then others find it lost as well, should this node end here. What cannot be done by then is done after the next reading.
        let _ = timeout(WORK, self.make_up(&lost)).await;
        for some in lost.chunks(CHUNK) {
            within(WRITING, following.log.append(some.to_vec())).await?;
        }
        if !lost.is_empty() {
            let (issuer, count) = (&*self.issuer, lost.len());
            tracing::warn!(target: TARGET, issuer, count, "a log had not all revocations: they were added");
        }
        Ok(())
    }

    /// A log that has lost a revocation was restored from before it, and the sessions with it: they are ended once more.
    async fn make_up(&self, lost: &[RevokedEntry]) {
        let sessions: Vec<_> = lost.iter().filter_map(|entry| entry.what.session()).collect();
        let work: Vec<_> = {
            let mut told = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            let work: Vec<_> = told.iter().map(|reader| reader(&sessions)).collect();
            let mut live = work.iter();
            told.retain(|_| live.next().is_some_and(Option::is_some));
            work
        };
        for work in work.into_iter().flatten() {
            work.await;
        }
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
        let missing: Vec<_> = {
            let here = self.read();
            here.entries(&self.issuer, soon).filter(|entry| !there.covers(entry)).collect()
        };
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        missing.into_iter().filter(|entry| !recent.has(entry)).collect()
    }
}
