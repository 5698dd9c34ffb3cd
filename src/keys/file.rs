//! [`JwksFile`]: a JWK Set in a file that somebody else writes.

use std::{
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use tokio::{runtime::Handle, sync::watch, time::Instant};
use zeroize::Zeroizing;

use super::{KeyResolver, KeysStatus, StaticKeys, fetch::within, seat::Seat};
use crate::{
    error::{ConfigError, KeyError},
    jose::{header::Header, key::VerifyingKey},
    lookup::Lookup,
    telemetry::TARGET,
};

/// How often the file is read, unless it is said otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// How long a request waits for the file system.
const PATIENCE: Duration = Duration::from_secs(5);

/// A key id that is not in a file read this lately is not there.
const CERTAIN: Duration = Duration::from_secs(1);

/// How many requests may wait for the file system.
const MAX_WAITING: usize = 1024;

/// No set of keys is longer, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A JWK Set in a file that is read again when it changes: a Kubernetes secret, or a file that another program
/// rotates.
///
/// ```no_run
/// use tower_bearer::{JwksFile, TrustedIssuer};
///
/// let keys = JwksFile::watch("/var/run/secrets/issuer/jwks.json")?;
/// let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys);
/// # drop(issuer);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// - The file is read at once, and again every 5 s while there are requests: its content counts, not its
///   date, so that links which are swapped and file systems without notifications do no harm. A request
///   after a pause, or one that names a key which is not there, waits for the file to be read first: while it
///   can be read, no request is judged by what it held more than twice the interval before.
/// - A file that is missing, is no JWK Set any more, or takes longer than 5 s to read leaves the last good set in place
///   for as long as that lasts. It is logged at `warn` and stands in the [`status`](KeyResolver::status). A token that
///   names a key which is not in the last good set is then answered with 503. To withdraw a key, write a set without it.
/// - Secrets are taken: whoever writes the file is trusted. Which key verifies a token is as with [`StaticKeys`].
///
/// On a tokio runtime, which needs its timer (`enable_all`), the file is read by a thread for blocking work; without
/// one, on the spot. A clone is one reference count.
#[derive(Clone)]
pub struct JwksFile(Arc<Watched>);

struct Watched {
    path: PathBuf,
    interval: Duration,
    held: ArcSwap<Held>,
    seats: Arc<AtomicUsize>,
    began: Instant,
    /// When the file was last asked for, in milliseconds since it began.
    checked: AtomicU64,
    state: Mutex<State>,
}

/// What the file held when it was last good.
struct Held {
    keys: StaticKeys,
    digest: Digest,
}

#[derive(Default)]
struct State {
    reading: Option<InFlight>,
    last_error: Option<String>,
}

/// Somebody reads the file.
struct InFlight {
    done: watch::Receiver<()>,
    since: Instant,
}

impl JwksFile {
    /// The JWK Set in this file, read now and every 5 s.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is longer than 1 MiB, or is no JWK Set with a key that can be used.
    pub fn watch(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::watch_every(path, INTERVAL)
    }

    /// The same, read as often as this.
    ///
    /// # Errors
    ///
    /// As [`watch`](Self::watch), or the interval is zero.
    pub fn watch_every(path: impl AsRef<Path>, interval: Duration) -> Result<Self, ConfigError> {
        let path = path.as_ref().to_path_buf();
        if interval.is_zero() {
            return Err(ConfigError::new("a file cannot be read every 0 s"));
        }
        let bytes = read(&path).map_err(|error| {
            ConfigError::because(
                format!("cannot read the JWK Set {}: {error}", path.display()),
                error,
            )
        })?;
        let keys = StaticKeys::from_jwks(&*bytes)
            .map_err(|error| ConfigError::new(format!("{}: {error}", path.display())))?;
        let held = Held { keys, digest: digest(&SHA256, &bytes) };
        Ok(Self(Arc::new(Watched {
            path,
            interval,
            held: ArcSwap::from_pointee(held),
            seats: Arc::default(),
            began: Instant::now(),
            checked: AtomicU64::new(0),
            state: Mutex::default(),
        })))
    }
}

impl Watched {
    fn age(&self, now: Instant) -> Duration {
        let since = now.saturating_duration_since(self.began);
        since.saturating_sub(Duration::from_millis(self.checked.load(Ordering::Acquire)))
    }

    fn find(&self, header: &Header<'_>) -> Result<VerifyingKey, KeyError> {
        self.held.load().keys.find(header).cloned().ok_or_else(KeyError::not_found)
    }

    /// Has the file read, by one reader at a time, where nobody waits for it who does not want to.
    fn start(self: &Arc<Self>) -> Reading {
        let mut state = self.lock();
        if let Some(InFlight { done, .. }) = &state.reading {
            return Reading { done: done.clone(), joined: true };
        }
        let (done, reading) = watch::channel(());
        state.reading = Some(InFlight { done: reading.clone(), since: Instant::now() });
        drop(state);
        let job = Job { watched: Arc::clone(self), done };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || job.run())),
            Err(_) => job.run(),
        }
        Reading { done: reading, joined: false }
    }

    /// Waits until the file has been read that was there when the question came.
    async fn wait(self: &Arc<Self>, reading: Reading) {
        let joined = reading.joined;
        // One that was joined may have begun before the file was changed.
        if reading.has_ended().await && joined {
            self.start().has_ended().await;
        }
    }

    /// What is said of a key that is not in the last good set: if the file cannot be read now, nobody knows.
    fn explain(&self, error: KeyError, kid: Option<&str>, now: Instant) -> KeyError {
        if kid.is_none() {
            return error;
        }
        let state = self.lock();
        match (&state.last_error, &state.reading) {
            (Some(reason), _) => {
                KeyError::unavailable(reason.clone()).told().with_retry_after(self.interval)
            }
            (None, Some(reading)) if reading.is_stuck(now) => {
                KeyError::unavailable("the file is being read for long").with_retry_after(PATIENCE)
            }
            _ => error,
        }
    }

    /// Takes what is in the file now, if it is good.
    fn read_again(&self) {
        let asked = Instant::now().saturating_duration_since(self.began);
        let result = read(&self.path).map_err(|error| error.to_string()).and_then(|bytes| {
            let digest = digest(&SHA256, &bytes);
            let held = self.held.load();
            if held.digest.as_ref() == digest.as_ref() {
                return Ok(());
            }
            let keys = StaticKeys::from_jwks(&*bytes).map_err(|error| error.to_string())?;
            let count = keys.status().map_or(0, |status| status.keys);
            self.held.store(Arc::new(Held { keys, digest }));
            tracing::debug!(target: TARGET, from = %self.path.display(), keys = count, "keys read");
            Ok(())
        });
        let last_error = result.err();
        if let Some(error) = &last_error {
            tracing::warn!(target: TARGET, from = %self.path.display(), error, "keys not read");
        }
        self.checked.store(u64::try_from(asked.as_millis()).unwrap_or(u64::MAX), Ordering::Release);
        self.lock().last_error = last_error;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    /// Nobody waits for it any more: the file system hangs.
    fn is_stuck(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= PATIENCE
    }
}

/// One reading of the file, which ends even if its runtime does before it began.
struct Job {
    watched: Arc<Watched>,
    done: watch::Sender<()>,
}

impl Job {
    fn run(self) {
        self.watched.read_again();
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.watched.lock().reading = None;
        self.done.send_replace(());
    }
}

fn read(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // To open a pipe waits for whoever writes into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)?.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE) {
        return Ok(bytes);
    }
    Err(std::io::Error::other("it is longer than 1 MiB"))
}

/// Waits for a reading to end.
struct Reading {
    done: watch::Receiver<()>,
    /// It was begun by somebody else, and earlier.
    joined: bool,
}

impl Reading {
    /// Whether it ends in time.
    async fn has_ended(mut self) -> bool {
        within(PATIENCE, self.done.changed()).await.is_some()
    }
}

impl KeyResolver for JwksFile {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        let watched = &self.0;
        let now = Instant::now();
        let age = watched.age(now);
        let begun = (age > watched.interval).then(|| watched.start());
        let (kid, found) = (header.kid(), watched.find(header));
        let unknown = kid.is_some() && found.is_err();
        let lately = age <= watched.interval.saturating_mul(2) && !(unknown && age > CERTAIN);
        if lately || watched.lock().reading.as_ref().is_some_and(|reading| reading.is_stuck(now)) {
            return Lookup::Ready(found.map_err(|error| watched.explain(error, kid, now)));
        }
        let Some(seat) = Seat::take(&watched.seats, MAX_WAITING) else {
            return Lookup::Ready(Err(KeyError::unavailable("too many wait for the file")));
        };
        let reading = begun.unwrap_or_else(|| watched.start());
        let watched = Arc::clone(watched);
        let header = header.to_static();
        Lookup::pending(async move {
            watched.wait(reading).await;
            drop(seat);
            let found = watched.find(&header);
            found.map_err(|error| watched.explain(error, header.kid(), Instant::now()))
        })
    }

    fn generation(&self) -> Option<u64> {
        let age = self.0.age(Instant::now());
        if age > self.0.interval {
            let _reading = self.0.start();
        }
        let known = age <= self.0.interval.saturating_mul(2);
        if known { self.0.held.load().keys.generation() } else { None }
    }

    fn refresh_now(&self) -> Lookup<Result<(), KeyError>> {
        let watched = Arc::clone(&self.0);
        Lookup::pending(async move {
            watched.wait(watched.start()).await;
            match watched.lock().last_error.clone() {
                None => Ok(()),
                Some(error) => Err(KeyError::unavailable(error)),
            }
        })
    }

    fn status(&self) -> Option<KeysStatus> {
        let age = self.0.age(Instant::now());
        let last_error = self.0.lock().last_error.clone();
        let held = self.0.held.load().keys.status()?;
        let next_refresh = Some(self.0.interval.saturating_sub(age));
        Some(KeysStatus { age: Some(age), next_refresh, last_error, ..held })
    }
}

/// Shows where the keys are, and none of them.
impl fmt::Debug for JwksFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksFile").field("path", &self.0.path).finish_non_exhaustive()
    }
}
