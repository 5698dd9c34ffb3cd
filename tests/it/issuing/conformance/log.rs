use std::{collections::HashSet, sync::Mutex};

use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, ready},
    stream,
};
use tower_bearer::{RevocationLog, Revoked, RevokedEntry, StoreError, Told};

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogFault {
    Doubles,
    FirstEndCounts,
    IgnoresCase,
    LastMarkCounts,
    OneIssuer,
    Page,
    RefusesPassed,
    Silent,
}

/// A log that would be right, but for one thing.
pub(super) struct BrokenLog {
    fault: LogFault,
    state: Mutex<(Vec<RevokedEntry>, HashSet<String>)>,
}

impl BrokenLog {
    pub(super) fn new(fault: LogFault) -> Self {
        Self { fault, state: Mutex::default() }
    }

    /// What the log knows an entry by; `None` if by nothing.
    fn key(&self, entry: &RevokedEntry) -> Option<String> {
        let whole = format!("{entry:?}");
        match (self.fault, &entry.what) {
            (LogFault::Doubles, _) => None,
            (LogFault::FirstEndCounts, what) => Some(format!("{}{what:?}", entry.issuer)),
            (LogFault::IgnoresCase, _) => Some(whole.to_lowercase()),
            (LogFault::OneIssuer, Revoked::Everyone { .. }) => Some("everyone".to_owned()),
            _ => Some(whole),
        }
    }

    fn add(&self, new: RevokedEntry) {
        let (entries, known) = &mut *self.state.lock().unwrap();
        if let (LogFault::LastMarkCounts, Revoked::Subject { sub, .. }) = (self.fault, &new.what) {
            entries.retain(
                |old| !matches!(&old.what, Revoked::Subject { sub: other, .. } if other == sub),
            );
        }
        if self.key(&new).is_none_or(|key| known.insert(key)) {
            entries.push(new);
        }
    }
}

impl RevocationLog for BrokenLog {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.fault == LogFault::RefusesPassed && entries.iter().any(|entry| entry.until == 1) {
            return ready(Err(StoreError::unavailable("too late"))).boxed();
        }
        for entry in entries {
            self.add(entry);
        }
        ready(Ok(())).boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        let mut entries = self.state.lock().unwrap().0.clone();
        if self.fault == LogFault::Page {
            entries.truncate(1000);
        }
        ready(Ok(entries)).boxed()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        let silent = (self.fault == LogFault::Silent).then(|| stream::pending().boxed());
        ready(Ok(silent)).boxed()
    }
}
