//! What is revoked.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use sqlx::postgres::PgRow;
use tokio::{runtime::Handle, sync::broadcast::Receiver, time::timeout};
use tower_bearer::{RevocationLog, Revoked, RevokedEntry, StoreError, Told};

use crate::{
    fault::Fault,
    lease::Lease,
    message,
    row::{column, is_primary, number, text},
    statements::FOLLOWS,
    store::{Inner, LOOK, PostgresStore},
};

/// So many that have passed leave the log by one statement.
const LEAVING: u64 = 256;

/// So many are written by one statement, within the timeout.
const WRITTEN_AT_ONCE: usize = 4_096;

impl PostgresStore {
    /// Writes entries down and tells those that were not there, in one transaction.
    async fn write_down(&self, entries: &[RevokedEntry]) -> Result<(), StoreError> {
        let (inner, columns) = (&*self.0, &Columns::of(entries));
        let written = self.ask(|mut lease| async move {
            let done = inner.keep_entries(&mut lease, columns).await;
            (lease, done)
        });
        if written.await? {
            self.forget_later();
        }
        Ok(())
    }

    /// Drops what has passed, for which nobody waits; unless that is being done already.
    fn forget_later(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let Ok(only_one) = Arc::clone(&self.0.forgetting).try_lock_owned() else { return };
        let store = self.clone();
        runtime.spawn(async move {
            let inner = &*store.0;
            let forget = || {
                store.ask(|mut lease| async move {
                    let done = inner.forget_some(&mut lease).await;
                    (lease, done)
                })
            };
            // What is left after an error leaves with the next change.
            while forget().await.is_ok_and(|left| left >= LEAVING) {}
            drop(only_one);
        });
    }

    /// What is revoked, row by row, of which each has to come in time.
    async fn read_all(&self) -> Result<Vec<RevokedEntry>, Fault> {
        let patience = self.0.timeout.max(LOOK);
        let leased = timeout(patience, self.lease()).await;
        let mut lease = leased.unwrap_or(Err(Fault::Slow))?;
        let read = self.0.read_entries(&mut lease, patience).await;
        lease.settle(&read);
        read
    }
}

impl Inner {
    /// Whether any of them was news.
    async fn keep_entries(&self, lease: &mut Lease, columns: &Columns<'_>) -> Result<bool, Fault> {
        let Columns { issuers, kinds, names, befores, untils } = columns;
        let query = self.statements.append.at(self.clock()).bind(issuers).bind(kinds);
        let query = query.bind(names).bind(befores).bind(untils).bind(message::MOST);
        let query = query.bind(message::LONGEST).bind(self.schema.name());
        Ok(query.execute(lease.connection()?).await?.rows_affected() > 0)
    }

    /// How many there were.
    async fn forget_some(&self, lease: &mut Lease) -> Result<u64, Fault> {
        let query = self.statements.forget.at(self.clock()).bind(LEAVING.cast_signed());
        Ok(query.execute(lease.connection()?).await?.rows_affected())
    }

    async fn read_entries(
        &self,
        lease: &mut Lease,
        patience: Duration,
    ) -> Result<Vec<RevokedEntry>, Fault> {
        let asked = sqlx::query(FOLLOWS).fetch_one(lease.connection()?);
        is_primary(&timeout(patience, asked).await.map_err(|_| stalled())??)?;
        let mut entries = Vec::new();
        let mut rows = self.statements.snapshot.at(self.clock()).fetch(lease.connection()?);
        while let Some(row) = timeout(patience, rows.try_next()).await.map_err(|_| stalled())?? {
            entries.push(entry(&row)?);
        }
        Ok(entries)
    }
}

/// Entries side by side. What is larger than a number of the server is as large as that can be: hundreds of thousands of years from now.
struct Columns<'e> {
    issuers: Vec<&'e [u8]>,
    kinds: Vec<i16>,
    names: Vec<&'e [u8]>,
    befores: Vec<i64>,
    untils: Vec<i64>,
}

impl<'e> Columns<'e> {
    fn of(entries: &'e [RevokedEntry]) -> Self {
        let clamped = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let parts = || entries.iter().map(|entry| entry.what.to_parts());
        Self {
            issuers: entries.iter().map(|entry| entry.issuer.as_bytes()).collect(),
            kinds: parts().map(|(kind, ..)| i16::from(kind)).collect(),
            names: parts().map(|(_, name, _)| name.as_bytes()).collect(),
            befores: parts().map(|(.., before)| clamped(before)).collect(),
            untils: entries.iter().map(|entry| clamped(entry.until)).collect(),
        }
    }
}

/// What has not come in time may come yet: the connection is not used again.
fn stalled() -> Fault {
    Fault::Broken(Fault::Slow.to_string())
}

fn entry(row: &PgRow) -> Result<RevokedEntry, Fault> {
    let kind = u8::try_from(column::<i16>(row, "kind")?).map_err(|_| Fault::Damaged("kind"))?;
    let what = Revoked::from_parts(kind, text(row, "name")?, number(row, "before")?);
    let what = what.ok_or(Fault::Damaged("kind"))?;
    Ok(RevokedEntry::new(text(row, "issuer")?, what, number(row, "until")?))
}

impl RevocationLog for PostgresStore {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            for some in entries.chunks(WRITTEN_AT_ONCE) {
                self.write_down(some).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        async move { Ok(self.read_all().await?) }.boxed()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        async move { Ok(Some(told(self.0.listen().await?))) }.boxed()
    }
}

/// Whoever lags behind has missed some: the stream ends, and everything is read.
fn told(listening: Receiver<RevokedEntry>) -> Told {
    let next = |mut listening: Receiver<_>| async move {
        let entry = listening.recv().await.ok()?;
        Some((entry, listening))
    };
    stream::unfold(listening, next).boxed()
}
