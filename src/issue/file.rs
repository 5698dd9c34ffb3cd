//! [`RedbStore`]: sessions and revocations in one file.

mod log;
mod pages;
mod record;
mod sessions;
mod writer;

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::ErrorKind,
    path::Path,
    sync::Arc,
};

use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase as _, StorageError};
use tokio::{runtime::Handle, sync::broadcast};

use self::{
    pages::{Fault, Pages},
    writer::{Time, Writer},
};
use crate::{
    clock::{Clock, SystemClock},
    error::{ConfigError, StoreError},
    revocation::RevokedEntry,
};

/// Sessions and revocations in one file, for a service of one process: they outlive it, and a crash.
///
/// ```no_run
/// use std::time::Duration;
/// use tower_bearer::{Algorithm, Issuer, RedbStore, RefreshKeys, Revocations, Sessions, SigningKeys};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let secret = [7; 32];
/// let store = RedbStore::open("/var/lib/login/sessions.redb")?;
/// let revocations = Revocations::builder("https://login.example", Duration::from_secs(15 * 60))
///     .log(store.clone())
///     .build()?;
/// let keys = SigningKeys::generate(Algorithm::ES256)?;
/// let issuer = Issuer::builder("https://login.example", "https://api.example", "web", keys)
///     .revocations(revocations)
///     .build()?;
/// let sessions = Sessions::new(issuer, store, RefreshKeys::new(secret)?)?;
/// # drop(sessions);
/// # Ok(())
/// # }
/// ```
///
/// - What was answered is on disk. What waits while the disk writes is written together: fifty renewals at once cost about as much as one.
/// - A future that is dropped leaves a change that is made, or one that is not, and never half of it.
/// - The latest time that was seen stands in the file. A clock that is set back brings nothing to life, also over a restart.
/// - There is no token in the file, and none can be made of it without the [`RefreshKeys`](crate::RefreshKeys). It names subjects and devices; where it is made,
///   only its owner may read it (mode 0600, on Unix).
/// - Revocations leave the file by themselves, sessions by [`Sessions::purge`](crate::Sessions::purge).
///
/// One process has the file at a time. It is free for the next once the last clone is gone, which waits for what is being written. After an error of the disk
/// every call fails until the file is opened again.
///
/// It is asked within a tokio runtime. A clone is one reference count and shares everything. `Debug` shows nothing of what is in it.
#[derive(Clone)]
pub struct RedbStore(Arc<Inner>);

struct Inner {
    writer: Writer,
    database: Arc<Database>,
    time: Arc<Time>,
    told: broadcast::Sender<RevokedEntry>,
}

/// So many entries may wait for a reader that is slow; after that it reads everything.
const BACKLOG: usize = 1024;

/// What is kept of the file in memory, in bytes.
const CACHE: usize = 64 << 20;

impl RedbStore {
    /// Opens this file, or makes it. After a crash the whole of it is looked through, so this may take a while: call it before
    /// requests come.
    ///
    /// # Errors
    ///
    /// The file is open already; it is damaged, or none of ours, or of another version; or it cannot be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::open_with_clock(path, SystemClock)
    }

    /// The same with a store that asks this clock for the time.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with_clock(path: impl AsRef<Path>, clock: impl Clock) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let (database, latest) = database(path)?;
        let database = Arc::new(database);
        let time = Arc::new(Time::new(clock, latest));
        let writer = Writer::begin(Arc::clone(&database), Arc::clone(&time))
            .map_err(|error| ConfigError::because("no thread can be started", error))?;
        let (told, _) = broadcast::channel(BACKLOG);
        Ok(Self(Arc::new(Inner { writer, database, time, told })))
    }

    /// Changes what is in the file. The answer comes once that is on disk.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Pages<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.write(work).await
    }

    /// Reads what is on disk by now.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let runtime = Handle::try_current().map_err(StoreError::unavailable)?;
        let database = Arc::clone(&self.0.database);
        let read = runtime.spawn_blocking(move || {
            let transaction = database.begin_read().map_err(StoreError::unavailable)?;
            work(&transaction).map_err(StoreError::from)
        });
        read.await.map_err(StoreError::unavailable)?
    }
}

/// The file, and the latest time that stands in it.
fn database(path: &Path) -> Result<(Database, u64), ConfigError> {
    let said = |what: &str| format!("the file {}: {what}", path.display());
    let is_new = make(path)
        .map_err(|error| ConfigError::because(said("it cannot be made or written"), error))?;
    let opened = Database::builder().set_cache_size(CACHE).create(path);
    let database = opened.map_err(|error| ConfigError::because(said(what_is(&error)), error))?;
    let latest = Pages::prepare(&database).map_err(|error| match error {
        Fault::Foreign(what) => ConfigError::new(said(what)),
        error => ConfigError::because(said("it is damaged"), StoreError::from(error)),
    })?;
    if is_new {
        // Else a crash may lose the file as a whole.
        sync_folder(path)
            .map_err(|error| ConfigError::because(said("its folder cannot be synced"), error))?;
    }
    Ok((database, latest))
}

/// What to tell whoever set it up.
fn what_is(error: &DatabaseError) -> &'static str {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            "it is open already, in this process or another: one store has it, and its clones share it"
        }
        DatabaseError::UpgradeRequired(_) => "it is of another version of redb",
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == ErrorKind::InvalidData =>
        {
            "it is no file of redb"
        }
        DatabaseError::Storage(StorageError::Io(_)) => "it cannot be read or written",
        _ => "it is damaged",
    }
}

/// Makes the file for its owner alone, if there is none: `true` if it did.
fn make(path: &Path) -> std::io::Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes down that there is a file, where folders can be synced.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedbStore(..)")
    }
}
