//! A connection of the user's pool, for as long as something is asked.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{runtime::Handle, time::timeout};

use crate::fault::Fault;

/// A connection that goes back to its pool when it is [given back](Lease::give_back), and is cut otherwise.
///
/// A pool takes back a connection whose question was dropped, and asks the server whether it is well before the next may have it. A server
/// that is paused or gone does not answer that, and the pool waits: each question that timed out would take a connection away from
/// the pool, until none is left.
pub(crate) struct Lease(Option<PoolConnection<Postgres>>);

/// A server that waits for somebody's lock does not see that we have gone, unless it looks: each question that timed out would leave it with one connection more.
const WATCH: &str = "SET client_connection_check_interval = '1s'";

/// So long a pool may ask whether a connection that comes back is well.
const LAST_LOOK: Duration = Duration::from_secs(1);

impl Lease {
    pub(crate) async fn of(pool: &PgPool) -> Result<Self, Fault> {
        let mut lease = Self(Some(pool.acquire().await?));
        let connection = lease.connection()?;
        // Nothing was asked by it yet: whatever is asked later is kept there.
        if connection.cached_statements_size() == 0 {
            match sqlx::raw_sql(WATCH).execute(connection).await.map_err(Fault::from) {
                Err(Fault::Broken(text)) => return Err(Fault::Broken(text)),
                // Not all systems can: the check-up says what that means.
                _ => {}
            }
        }
        Ok(lease)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut PgConnection, Fault> {
        let connection = self.0.as_deref_mut();
        connection.ok_or_else(|| Fault::Said("the connection was given back".to_owned()))
    }

    /// What was asked is done, by whatever answer.
    pub(crate) fn give_back(mut self) {
        let (Some(mut connection), Ok(runtime)) = (self.0.take(), Handle::try_current()) else {
            return;
        };
        // Dropped, it would do the same, and wait for ever.
        runtime.spawn(async move {
            let _ = timeout(LAST_LOOK, connection.return_to_pool()).await;
        });
    }

    /// Gives it back unless it was found to be of no more use.
    pub(crate) fn settle<T>(self, done: &Result<T, Fault>) {
        if !matches!(done, Err(Fault::Broken(_))) {
            self.give_back();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The pool may open another in its place at once.
        drop(self.0.take().map(PoolConnection::detach));
    }
}
