use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::time::timeout;
use tower_bearer::{Clock, ConfigError};

use crate::{
    checkup::unreachable,
    ear::Ears,
    fault::Fault,
    lease::Lease,
    schema::{DEFAULT, Schema},
    statements::Statements,
    store::{Inner, LOOK, PostgresStore},
};

/// So long tables may take to be made, where others make them at the same time.
const MAKING: Duration = Duration::from_mins(1);

/// A [`PostgresStore`] with settings: [`PostgresStore::builder`].
#[must_use]
pub struct PostgresStoreBuilder {
    pool: PgPool,
    schema: String,
    timeout: Duration,
    clock: Option<Arc<dyn Clock>>,
    listen_with: Option<PgConnectOptions>,
}

impl PostgresStoreBuilder {
    pub(crate) fn new(pool: PgPool) -> Self {
        let (schema, timeout) = (DEFAULT.to_owned(), Duration::from_secs(1));
        Self { pool, schema, timeout, clock: None, listen_with: None }
    }

    /// The tables stand in this schema, in place of `tower_bearer`: each issuer needs one of its own. At most 63 of `a-z`, `0-9` and `_`, of which the
    /// first is no digit.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Any question about sessions is answered within this time, in place of 1 s, by an error if need be. The wait for a connection of the pool is a part of it.
    ///
    /// Lists of more than 5,000 sessions, the end of more than 2,000, and an `append` of more than 4,096 entries are several such questions. `subscribe` gives a message half of it
    /// to arrive. For `purge`, for which nobody waits, it is 10 s for each 1,000 sessions, and for `snapshot` 3 s from one row to the next, unless this is more.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// For tests: the time is this clock's, in place of the server's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// What was revoked is told by a connection with these options, in place of those of the pool: where the pool's lead to a `PgBouncer` in transaction mode,
    /// through which nothing can be told. They have to lead to the same database: `subscribe` fails where a message that was sent by the pool is not heard.
    pub fn listen_with(mut self, options: PgConnectOptions) -> Self {
        self.listen_with = Some(options);
        self
    }

    /// Makes the tables, or brings them up to date. Several nodes may do so at once.
    ///
    /// It needs the right to make a schema. Where a service should not have that, somebody runs the files under `sql/` of this crate, in their order.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or does not permit it; or the name of the schema is none.
    pub async fn migrate(self) -> Result<Self, ConfigError> {
        let schema = Schema::new(&self.schema)?;
        match timeout(MAKING, self.make(&schema)).await.unwrap_or(Err(Fault::Slow)) {
            Ok(Ok(())) => Ok(self),
            Ok(Err(refused)) => Err(ConfigError::new(format!(
                "the tables cannot be made: {refused}. Whoever is to make them needs this: GRANT CREATE ON DATABASE the_database TO the_user; or let somebody else run the files under `sql/` of tower-bearer-postgres."
            ))),
            Err(fault) => Err(ConfigError::new(unreachable(&self.pool, fault).await)),
        }
    }

    /// What the server says against it, if it can be asked.
    async fn make(&self, schema: &Schema) -> Result<Result<(), String>, Fault> {
        let leased = timeout(self.timeout.max(LOOK), Lease::of(&self.pool, &Arc::default())).await;
        let mut lease = leased.unwrap_or(Err(Fault::Slow))?;
        match schema.migrate(lease.connection()?).await {
            Ok(()) => Ok(Ok(())),
            Err(fault) => {
                // It may be amid a transaction.
                lease.close();
                if let Fault::Said(text) = fault { Ok(Err(text)) } else { Err(fault) }
            }
        }
    }

    /// The store, once the server has answered and was found to be as it has to be.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::connect`].
    pub async fn connect(self) -> Result<PostgresStore, ConfigError> {
        let store = self.connect_lazy()?;
        store.begin().await?;
        Ok(store)
    }

    /// The store, whether the server can be reached or not: for services that would rather start and answer 503 for a while.
    ///
    /// What [`connect`](Self::connect) would refuse is an error of each question until it is put right. The check-up is logged once there is a connection.
    ///
    /// # Errors
    ///
    /// The name of the schema is none, or the timeout is nothing.
    pub fn connect_lazy(self) -> Result<PostgresStore, ConfigError> {
        let Self { pool, schema, timeout, clock, listen_with } = self;
        let schema = Schema::new(&schema)?;
        if timeout.is_zero() {
            return Err(ConfigError::new("nothing is answered within no time: set a `timeout`"));
        }
        let statements = Statements::new(&schema.quoted());
        let (ears, is_known) = (Ears::default(), AtomicBool::new(false));
        let (cuts, forgetting) = (Arc::default(), Arc::default());
        Ok(PostgresStore(Arc::new(Inner {
            pool,
            schema,
            statements,
            timeout,
            clock,
            listen_with,
            ears,
            cuts,
            forgetting,
            is_known,
        })))
    }
}

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, timeout, .. } = self;
        f.debug_struct("PostgresStoreBuilder")
            .field("schema", schema)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
