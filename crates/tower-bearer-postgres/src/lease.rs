//! A connection of the user's pool, for as long as something is asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

use crate::fault::Fault;

/// A connection that goes back to its pool when the server has answered, and is cut if it does not.
///
/// A pool takes back a connection whose question was dropped, and asks the server whether it is well before the next may have it. A server
/// that is paused or gone does not answer that, and the pool waits: each question that timed out would take a connection away from
/// the pool, until none is left. So here it waits for a second.
pub(crate) struct Lease {
    connection: Option<PoolConnection<Postgres>>,
    cuts: Arc<Cuts>,
}

/// When connections were cut in whose place the pool may have opened others, while the server may not have let go of them yet.
#[derive(Default)]
pub(crate) struct Cuts(Mutex<VecDeque<Instant>>);

/// A server that waits for somebody's lock does not see that we have gone, unless it looks: each question that timed out would leave it with one connection more.
const WATCH: &str = "SET client_connection_check_interval = '1s'";

/// So long after the cut it has looked, unless it has too much to do.
const SEEN: Duration = Duration::from_secs(2);

/// So many may be cut meanwhile for each that the pool may have. At a timeout of 1 s it is one or two.
const CUTS: u32 = 3;

/// So long a connection that comes back may take to answer what was asked last, and whether it is well.
const LAST_LOOK: Duration = Duration::from_secs(1);

impl Lease {
    pub(crate) async fn of(pool: &PgPool, cuts: &Arc<Cuts>) -> Result<Self, Fault> {
        let most = pool.options().get_max_connections().saturating_mul(CUTS);
        cuts.hold(most)?;
        let connection = Some(pool.acquire().await?);
        let mut lease = Self { connection, cuts: Arc::clone(cuts) };
        // Others may have been cut while it waited.
        cuts.hold(most)?;
        let connection = lease.connection()?;
        // Nothing was asked by it yet: whatever is asked later is kept there.
        if connection.cached_statements_size() == 0 {
            let watches = sqlx::raw_sql(WATCH).execute(connection).await.map_err(Fault::from);
            // Not all systems can: the check-up says what that means.
            if let Err(Fault::Broken(text)) = watches {
                lease.close();
                return Err(Fault::Broken(text));
            }
        }
        Ok(lease)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut PgConnection, Fault> {
        let connection = self.connection.as_deref_mut();
        connection.ok_or_else(|| Fault::Said("the connection was given back".to_owned()))
    }

    /// Gives it back unless it was found to be of no more use.
    pub(crate) fn settle<T>(self, done: &Result<T, Fault>) {
        if matches!(done, Err(Fault::Broken(_))) {
            self.close();
        }
    }

    /// The server waits for nothing by it.
    pub(crate) fn close(mut self) {
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let Ok(runtime) = Handle::try_current() else { return drop(connection.detach()) };
        let cuts = Arc::clone(&self.cuts);
        // Dropped, it would do the same, and wait for ever. Who asked may just have hung up: then the answer comes in a moment, and nothing is wrong.
        runtime.spawn(async move {
            if timeout(LAST_LOOK, connection.return_to_pool()).await.is_err() {
                // The pool may open another in its place at once.
                cuts.count();
            }
        });
    }
}

impl Cuts {
    /// Those of the last while.
    fn lately(&self) -> MutexGuard<'_, VecDeque<Instant>> {
        let mut cuts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while cuts.front().is_some_and(|cut| cut.elapsed() >= SEEN) {
            cuts.pop_front();
        }
        cuts
    }

    fn count(&self) {
        self.lately().push_back(Instant::now());
    }

    fn hold(&self, most: u32) -> Result<(), Fault> {
        let many = u32::try_from(self.lately().len()).unwrap_or(u32::MAX);
        if many < most {
            return Ok(());
        }
        Err(Fault::Said(
            "too many questions were not answered in time: the server is asked no more for a moment"
                .to_owned(),
        ))
    }
}
