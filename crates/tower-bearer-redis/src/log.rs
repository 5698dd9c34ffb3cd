use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::Value;
use tower_bearer::{RevocationLog, RevokedEntry, StoreError, Told};

use crate::{
    entry::{self, Written},
    fault::Fault,
    sessions::millis,
    store::RedisStore,
};

/// An entry stays for so long after its end: a clock that is ahead for a moment loses none.
const KEEP: Duration = Duration::from_secs(10 * 60);

/// A script takes so many entries at most, and so many bytes.
const CHUNK: usize = 500;
const BYTES: usize = 256 << 10;

/// The server is asked for so many at a time: others are answered meanwhile.
const PAGE: usize = 1000;

/// More is not held in memory.
const MOST: usize = 10_000_000;

impl RevocationLog for RedisStore {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut entries = entries.iter().map(Written::of).peekable();
            while entries.peek().is_some() {
                let mut bytes = 0_usize;
                let mut chunk = Vec::new();
                while let Some(entry) = entries.next_if(|_| chunk.len() < CHUNK && bytes < BYTES) {
                    bytes = bytes.saturating_add(entry.text.len());
                    chunk.push(entry);
                }
                self.append_some(chunk).await?;
            }
            Ok(())
        })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        Box::pin(async move {
            let (mut all, mut cursor) = (Vec::new(), 0);
            loop {
                cursor = self.page(cursor, &mut all).await?;
                if cursor == 0 {
                    self.look_over();
                    return Ok(all);
                }
            }
        })
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        Box::pin(async move {
            let channel = &self.keys().channel;
            let told = self.log_line().ask(|mut connection| async move {
                // Before it is asked for: nothing is lost between.
                let told = connection.ears.listen();
                connection.redis.subscribe(channel).await?;
                Ok(told)
            });
            Ok(Some(told.await?))
        })
    }
}

impl RedisStore {
    async fn append_some(&self, entries: Vec<Written>) -> Result<(), Fault> {
        let mut asking = self.scripts().append.key(&self.keys().log);
        asking.arg(self.time()).arg(&self.keys().channel).arg(millis(KEEP));
        for Written { ends, text } in entries {
            asking.arg(ends).arg(text);
        }
        let asking = &asking;
        let told = self.log_line().ask(|mut connection| async move {
            asking.invoke_async::<Value>(&mut connection.redis).await.map_err(Fault::from)
        });
        told.await.map(drop)
    }

    /// Reads a page, and says where the next one begins.
    async fn page(&self, cursor: u64, all: &mut Vec<RevokedEntry>) -> Result<u64, Fault> {
        let mut asking = redis::cmd("ZSCAN");
        asking.arg(&self.keys().log).arg(cursor).arg("COUNT").arg(PAGE);
        let asking = &asking;
        let page = self.log_line().ask(|mut connection| async move {
            asking.query_async::<Value>(&mut connection.redis).await.map_err(Fault::from)
        });
        let (next, entries) = entry::page(&page.await?).ok_or(Fault::Damaged("the log"))?;
        all.extend(entries);
        if all.len() > MOST { Err(Fault::Damaged("a log of this size")) } else { Ok(next) }
    }
}
