//! The store's clock, which never goes back.

use std::time::{Duration, UNIX_EPOCH};

use tower_bearer::StoredSession;

use crate::{
    fault::Fault,
    lease::Lease,
    row::Time,
    store::{Inner, TRIES},
};

/// So old may be what is written down of the time, in milliseconds: the clock goes back by so much at most when the server's is set back.
const TOLERANCE: u64 = 1000;

/// The longest that is written down, in milliseconds: some hundred thousand years, so that sums are numbers of the server.
const LONGEST: u64 = 1 << 53;

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(LONGEST);
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// When it ends, renewed or not.
pub(crate) fn over_at(session: &StoredSession) -> u64 {
    session.idle_until.min(session.expires_at)
}

impl Inner {
    /// The time of the test's clock, if there is one.
    pub(crate) fn clock(&self) -> Option<i64> {
        let now = self.clock.as_ref()?.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(millis(now))
    }

    /// Writes the time down if that was not done for a second, and not while another does.
    pub(crate) async fn tick(&self, lease: &mut Lease, time: Time) -> Result<(), Fault> {
        if time.now.saturating_sub(time.latest) < TOLERANCE {
            return Ok(());
        }
        let raise = &self.statements.raise_unless_locked;
        let raise = raise.at(self.clock()).bind(signed(time.now)?);
        match raise.execute(lease.connection()?).await.map_err(Fault::from) {
            // Another has written it down.
            Err(Fault::Conflict) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Writes down that a session has ended by time, before that is said: unless it follows from what is written down.
    pub(crate) async fn tell_end(
        &self,
        lease: &mut Lease,
        time: Time,
        over_at: u64,
    ) -> Result<(), Fault> {
        if time.latest >= over_at {
            return Ok(());
        }
        self.raise(lease, time.now).await
    }

    /// Writes the time down.
    pub(crate) async fn raise(&self, lease: &mut Lease, now: u64) -> Result<(), Fault> {
        let raise = &self.statements.raise;
        for _ in 0..TRIES {
            let raise = raise.at(self.clock()).bind(signed(now)?);
            match raise.execute(lease.connection()?).await.map_err(Fault::from) {
                Err(Fault::Conflict) => {}
                done => return done.map(drop),
            }
        }
        // What was done before it is not to be done again.
        Err(Fault::Said("the time was not written down".to_owned()))
    }
}

/// A number of ours as one of the server's.
pub(crate) fn signed(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::Damaged("a number is too large"))
}
