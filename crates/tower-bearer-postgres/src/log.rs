//! What is revoked.

use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use sqlx::postgres::PgRow;
use tokio::sync::broadcast::Receiver;
use tower_bearer::{RevocationLog, Revoked, RevokedEntry, StoreError, Told};

use crate::{
    fault::Fault,
    message,
    row::{bytes, column, is_full, number, text},
    store::{PostgresStore, TRIES},
};

/// So many entries are read by one statement.
const PAGE: i64 = 10_000;

/// So many that have passed leave the log with each change.
const LEAVING: i64 = 256;

impl PostgresStore {
    /// Writes entries down and tells those that were not there, in one transaction.
    async fn write_down(&self, entries: Vec<RevokedEntry>) -> Result<(), Fault> {
        let inner = &*self.0;
        let mut lease = self.lease().await?;
        let columns = Columns::of(&entries);
        let mut told = Err(Fault::Conflict);
        // Another may have written the same down.
        for _ in 0..TRIES {
            let Columns { issuers, kinds, names, befores, untils } = &columns;
            let query = inner.statements.append.at(inner.clock()).bind(issuers).bind(kinds);
            let query = query.bind(names).bind(befores).bind(untils).bind(message::MOST);
            let query = query.bind(message::LONGEST).bind(inner.schema.name());
            told = query.execute(lease.connection()?).await.map_err(Fault::from);
            if !matches!(told, Err(Fault::Conflict)) {
                break;
            }
        }
        let is_news = told?.rows_affected() > 0;
        if is_news {
            let query = inner.statements.forget.at(inner.clock()).bind(LEAVING);
            // They leave with the next change.
            let _ = query.execute(lease.connection()?).await;
        }
        lease.give_back();
        Ok(())
    }

    async fn read_all(&self) -> Result<Vec<RevokedEntry>, Fault> {
        let inner = &*self.0;
        let mut lease = self.lease().await?;
        let (mut entries, mut after) = (Vec::new(), Vec::new());
        loop {
            let query = inner.statements.snapshot.at(inner.clock()).bind(&after).bind(PAGE);
            let rows = query.fetch_all(lease.connection()?).await?;
            for row in &rows {
                entries.push(entry(row)?);
            }
            let Some(last) = rows.last().filter(|_| is_full(&rows, PAGE)) else { break };
            after = bytes::<32>(last, "key")?.to_vec();
        }
        lease.give_back();
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

fn entry(row: &PgRow) -> Result<RevokedEntry, Fault> {
    let kind = u8::try_from(column::<i16>(row, "kind")?).map_err(|_| Fault::Damaged("kind"))?;
    let what = Revoked::from_parts(kind, text(row, "name")?, number(row, "before")?);
    let what = what.ok_or(Fault::Damaged("kind"))?;
    Ok(RevokedEntry::new(text(row, "issuer")?, what, number(row, "until")?))
}

impl RevocationLog for PostgresStore {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            if !entries.is_empty() {
                self.write_down(entries).await?;
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
