//! What is revoked, in the same file.

use std::future::ready;

use futures_util::{FutureExt as _, future::BoxFuture};
use redb::{ReadTransaction, ReadableTable as _};

use super::{
    RedbStore,
    pages::{Fault, Pages, REVOKED},
};
use crate::{
    error::StoreError,
    revocation::{RevocationLog, Revoked, RevokedEntry, Told, told},
};

/// So many that have passed leave the file with each change.
const LEAVING: usize = 256;

impl RevocationLog for RedbStore {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            let now = self.0.time.wall_seconds();
            let news = self.write(move |pages| append(pages, entries, now)).await?;
            for entry in news {
                // Nobody may be listening.
                let _ = self.0.told.send(entry);
            }
            Ok(())
        }
        .boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        let now = self.0.time.wall_seconds();
        self.read(move |file| snapshot(file, now)).boxed()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        let told = told(self.0.told.subscribe());
        ready(Ok(Some(told))).boxed()
    }
}

/// Writes entries down, and says which of them were not there.
fn append(
    pages: &mut Pages<'_>,
    entries: Vec<RevokedEntry>,
    now: u64,
) -> Result<Vec<RevokedEntry>, Fault> {
    let mut news = Vec::new();
    for entry in entries.into_iter().filter(|entry| entry.until > now) {
        if put(pages, &entry)? {
            news.push(entry);
        }
    }
    if pages.is_changed {
        forget(pages, now)?;
    }
    Ok(news)
}

/// Of two of the same name both the later mark and the later end count. `false` if nothing changes.
fn put(pages: &mut Pages<'_>, entry: &RevokedEntry) -> Result<bool, Fault> {
    let (kind, name, before) = entry.what.to_parts();
    let key = (&*entry.issuer, kind, name);
    let known = pages.revoked.get(key)?.map(|known| known.value());
    let (was, until) = known.unwrap_or_default();
    let both = (before.max(was), entry.until.max(until));
    if known == Some(both) {
        return Ok(false);
    }
    pages.is_changed = true;
    pages.revoked.insert(key, both)?;
    pages.revoked_ends.remove((until, key.0, key.1, key.2))?;
    pages.revoked_ends.insert((both.1, key.0, key.1, key.2), ())?;
    Ok(true)
}

/// Drops some of what has passed.
fn forget(pages: &mut Pages<'_>, now: u64) -> Result<(), Fault> {
    let mut passed = Vec::new();
    // Before the first of the next second.
    for entry in pages.revoked_ends.range(..(now.saturating_add(1), "", 0, ""))?.take(LEAVING) {
        let (key, _) = entry?;
        let (until, issuer, kind, name) = key.value();
        passed.push((until, issuer.to_owned(), kind, name.to_owned()));
    }
    for (until, issuer, kind, name) in passed {
        pages.revoked_ends.remove((until, &*issuer, kind, &*name))?;
        pages.revoked.remove((&*issuer, kind, &*name))?;
    }
    Ok(())
}

fn snapshot(file: &ReadTransaction, now: u64) -> Result<Vec<RevokedEntry>, Fault> {
    let mut entries = Vec::new();
    for entry in file.open_table(REVOKED)?.iter()? {
        let (key, value) = entry?;
        let ((issuer, kind, name), (before, until)) = (key.value(), value.value());
        if until > now {
            entries.push(RevokedEntry::new(issuer, what(kind, name, before)?, until));
        }
    }
    Ok(entries)
}

fn what(kind: u8, name: &str, before: u64) -> Result<Revoked, Fault> {
    Revoked::from_parts(kind, name.to_owned(), before).ok_or(Fault::Damaged)
}
