//! The one thread that writes: what waits for it goes into one transaction.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::UNIX_EPOCH,
};

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::pages::{Fault, Pages};
use crate::{clock::Clock, error::StoreError, telemetry::TARGET};

/// The time by the store's clock, which never goes back.
pub(super) struct Time {
    clock: Box<dyn Clock>,
    latest: AtomicU64,
    /// The latest that stands in the file.
    written: AtomicU64,
}

impl Time {
    pub(super) fn new(clock: impl Clock, latest: u64) -> Self {
        let clock = Box::new(clock);
        Self { clock, latest: AtomicU64::new(latest), written: AtomicU64::new(latest) }
    }

    /// In milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.latest.fetch_max(now, Ordering::AcqRel).max(now)
    }

    /// What the clock says, in seconds: what is revoked is dated by that of the nodes, and not by the latest time that was seen here.
    pub(super) fn wall_seconds(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// The latest time that stands in the file.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }
}

/// A change. It says how it went once it is known whether it is on disk, and whether the transaction can go on.
type Job = Box<dyn FnOnce(&mut Pages<'_>) -> (Answer, bool) + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// So many changes go into one transaction, and so many may wait for the next.
const MOST: usize = 256;

/// Where changes are handed in. The thread ends with it.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn begin(database: Arc<Database>, time: Arc<Time>) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(MOST);
        let desk = Desk { database, time, waiting };
        let thread = thread::Builder::new().name("tower-bearer redb".to_owned());
        let thread = thread.spawn(move || desk.run())?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Pages<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |pages| {
            let outcome = work(pages);
            let is_final = outcome.as_ref().is_err_and(Fault::is_final);
            let outcome = outcome.map_err(StoreError::from);
            // Whoever has asked may be gone.
            let answer = |done: Result<(), StoreError>| {
                drop(tell.send(outcome.and_then(|value| done.map(|()| value))));
            };
            (Box::new(answer), is_final)
        });
        let stopped = || StoreError::unavailable("the file cannot be written");
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job).await.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }
}

/// Waits for what is being written, so that the file is free once the store is gone.
impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It has said what went wrong.
            let _ = thread.join();
        }
    }
}

struct Desk {
    database: Arc<Database>,
    time: Arc<Time>,
    waiting: mpsc::Receiver<Job>,
}

impl Desk {
    fn run(mut self) {
        while let Some(first) = self.waiting.blocking_recv() {
            let mut answers = Vec::new();
            let done = self.transaction(first, &mut answers).map_err(StoreError::from);
            if let Err(error) = &done {
                let source = std::error::Error::source(error).map(tracing::field::display);
                tracing::warn!(target: TARGET, error = %error, source, "a file of sessions was not written");
            }
            for answer in answers {
                answer(done.clone());
            }
        }
    }

    /// Does what waits. The answers are given once it is on disk.
    fn transaction(&mut self, first: Job, answers: &mut Vec<Answer>) -> Result<(), Fault> {
        let begun = self.database.begin_write();
        let transaction = begun.map_err(|error| Fault::Redb(error.into()))?;
        let mut pages = Pages::open(&transaction)?;
        let mut next = Some(first);
        while let Some(job) = next {
            pages.now = self.time.now();
            let (answer, is_final) = job(&mut pages);
            answers.push(answer);
            if is_final {
                drop(pages);
                transaction.abort()?;
                return Err(Fault::Redb(redb::Error::PreviousIo));
            }
            next = if answers.len() < MOST { self.waiting.try_recv().ok() } else { None };
        }
        let now = pages.now;
        if !pages.is_changed {
            drop(pages);
            return Ok(transaction.abort()?);
        }
        pages.date()?;
        drop(pages);
        transaction.commit().map_err(|error| Fault::Redb(error.into()))?;
        self.time.written.fetch_max(now, Ordering::AcqRel);
        Ok(())
    }
}
