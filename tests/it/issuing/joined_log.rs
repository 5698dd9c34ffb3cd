//! A log may join entries of one name, as the set and `RedbStore` do: nothing is missing in it then.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use tokio::time::timeout;
use tower_bearer::{RevocationLog, Revocations, Revoked, RevokedEntry, StoreError};

use crate::support::{Hand, ISSUER};

#[derive(Default)]
struct Joining(Mutex<State>);

#[derive(Default)]
struct State {
    entries: Vec<RevokedEntry>,
    appended: usize,
}

/// Makes one of two marks of the same subject.
fn join(known: &mut RevokedEntry, new: &RevokedEntry) -> bool {
    match (&mut known.what, &new.what) {
        (Revoked::Subject { sub: one, before }, Revoked::Subject { sub: other, before: later })
            if one == other =>
        {
            *before = (*before).max(*later);
            known.until = known.until.max(new.until);
            true
        }
        _ => false,
    }
}

impl RevocationLog for Joining {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        let state = &mut *self.0.lock().unwrap();
        state.appended += entries.len();
        for entry in entries {
            if !state.entries.iter_mut().any(|known| join(known, &entry)) {
                state.entries.push(entry);
            }
        }
        ready(Ok(())).boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        ready(Ok(self.0.lock().unwrap().entries.clone())).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_joined_is_not_lost_and_not_kept_twice() {
    let (log, hand) = (Arc::new(Joining::default()), Hand::default());
    let revocations = Revocations::builder(ISSUER, Duration::from_secs(900))
        .clock(hand.clone())
        .log(Arc::clone(&log))
        .build()
        .unwrap();
    // Ada's has passed when Eve's comes, and Bob's first is among the old ones when his second comes.
    for (seconds, subject) in
        [(0, "ada"), (600, "bob"), (600, "carl"), (1030, "eve"), (1040, "bob")]
    {
        hand.set(seconds);
        revocations.revoke_subject(subject).await.unwrap();
    }
    // The log is read several times.
    let _ = timeout(Duration::from_secs(30), pending::<()>()).await;
    assert_eq!(log.0.lock().unwrap().appended, 5);
    assert_eq!(revocations.len(), 5);
    // What it has lost is given back.
    log.0
        .lock()
        .unwrap()
        .entries
        .retain(|entry| matches!(&entry.what, Revoked::Subject { sub, .. } if sub == "ada"));
    let _ = timeout(Duration::from_secs(30), pending::<()>()).await;
    assert_eq!(log.0.lock().unwrap().entries.len(), 4);
}
