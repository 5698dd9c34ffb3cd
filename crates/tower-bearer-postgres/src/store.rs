use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{sync::Mutex, time::timeout};
use tower_bearer::{Clock, ConfigError, StoreError};

use crate::{
    builder::PostgresStoreBuilder,
    ear::Ears,
    fault::Fault,
    lease::{Cuts, Lease},
    schema::Schema,
    statements::Statements,
};

/// Sessions and revocations in PostgreSQL: the [crate](crate) says how they are kept.
///
/// It is asked within a tokio runtime. A clone is one reference count and shares everything. `Debug` shows the schema alone.
#[derive(Clone)]
pub struct PostgresStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) pool: PgPool,
    pub(crate) schema: Schema,
    pub(crate) statements: Statements,
    pub(crate) timeout: Duration,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) listen_with: Option<PgConnectOptions>,
    pub(crate) ears: Ears,
    pub(crate) cuts: Arc<Cuts>,
    /// Whoever drops what has passed has it.
    pub(crate) forgetting: Arc<Mutex<()>>,
    /// The tables are those this version counts on.
    pub(crate) is_known: AtomicBool,
}

/// So long a look at a server may take: whoever starts has the time.
pub(crate) const LOOK: Duration = Duration::from_secs(3);

/// So often something is tried again in which others came between.
pub(crate) const TRIES: usize = 50;

impl PostgresStore {
    /// A store over this pool, in the schema `tower_bearer`, whose tables have been made: by
    /// [`migrate`](PostgresStoreBuilder::migrate), or by the files under `sql/`.
    ///
    /// What a [check-up](Self::doctor) finds doubtful or wrong is logged.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, is older than version 15 or only reads; or the tables are missing, are of another version, or may not be written.
    /// The message says what to do.
    pub async fn connect(pool: PgPool) -> Result<Self, ConfigError> {
        Self::builder(pool).connect().await
    }

    /// A store over this pool with settings.
    pub fn builder(pool: PgPool) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(pool)
    }

    /// Asks something within the timeout, and again where others came between.
    ///
    /// On a timeout the connection is cut.
    pub(crate) async fn ask<T, R>(&self, question: impl Fn(Lease) -> R) -> Result<T, StoreError>
    where
        R: Future<Output = (Lease, Result<T, Fault>)>,
    {
        self.ask_within(self.0.timeout, question).await
    }

    /// The same within another time.
    pub(crate) async fn ask_within<T, R>(
        &self,
        time: Duration,
        question: impl Fn(Lease) -> R,
    ) -> Result<T, StoreError>
    where
        R: Future<Output = (Lease, Result<T, Fault>)>,
    {
        let asked = timeout(time, async {
            for _ in 0..TRIES {
                let (lease, done) = question(self.lease().await?).await;
                lease.settle(&done);
                if !matches!(done, Err(Fault::Conflict)) {
                    return done;
                }
            }
            Err(Fault::Conflict)
        });
        Ok(asked.await.unwrap_or(Err(Fault::Slow))?)
    }

    /// Asks something once, whatever server it is, and takes its time.
    pub(crate) async fn ask_any<T, R>(&self, question: impl Fn(Lease) -> R) -> Result<T, Fault>
    where
        R: Future<Output = (Lease, Result<T, Fault>)>,
    {
        let asked = timeout(self.0.timeout.max(LOOK), async {
            let (lease, done) = question(Lease::of(&self.0.pool, &self.0.cuts).await?).await;
            lease.settle(&done);
            done
        });
        asked.await.unwrap_or(Err(Fault::Slow))
    }

    /// A connection to a server whose tables are as they should be.
    pub(crate) async fn lease(&self) -> Result<Lease, Fault> {
        let mut lease = Lease::of(&self.0.pool, &self.0.cuts).await?;
        if self.0.is_known.load(Ordering::Acquire) {
            return Ok(lease);
        }
        if let Err(fault) = self.0.look_at_tables(&mut lease).await {
            let refused = Err(fault);
            lease.settle(&refused);
            return refused;
        }
        if self.know() {
            self.log_checkup();
        }
        Ok(lease)
    }

    /// The tables need not be looked at again; `true` if that is news.
    pub(crate) fn know(&self) -> bool {
        !self.0.is_known.swap(true, Ordering::AcqRel)
    }
}

impl Inner {
    async fn look_at_tables(&self, lease: &mut Lease) -> Result<(), Fault> {
        let state = self.schema.state(lease.connection()?).await?;
        state.refusal(&self.schema).map_or(Ok(()), |text| Err(Fault::Said(text)))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("schema", &self.0.schema.name())
            .finish_non_exhaustive()
    }
}
