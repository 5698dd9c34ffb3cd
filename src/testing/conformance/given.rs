use std::{future::Future, sync::Arc, time::Duration};

use super::{
    clock::TestClock,
    verdict::{Fault, Verdict, same},
};
use crate::{
    error::StoreError,
    issue::store::{
        NewSession, Rotation, RotationLimits, SessionId, SessionNonce, SessionStore, StoredSession,
    },
};

pub(super) const IDLE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
pub(super) const ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
pub(super) const GRACE: Duration = Duration::from_secs(30);
pub(super) const LIMITS: RotationLimits = RotationLimits::new(IDLE, GRACE);
/// The least a store's clock can tell apart.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// What a case has: a store without sessions, and its clock.
pub(super) struct Given<S> {
    pub(super) store: Arc<S>,
    pub(super) clock: TestClock,
}

impl<S: SessionStore> Given<S> {
    pub(super) async fn new<R: Future<Output = S>>(make: &impl Fn(TestClock) -> R) -> Self {
        let clock = TestClock::new();
        Self { store: Arc::new(make(clock.clone()).await), clock }
    }

    /// Begins a session of this subject.
    pub(super) async fn begin(&self, subject: &str) -> Result<SessionId, StoreError> {
        let new = new_session(subject)?;
        let id = new.id;
        self.store.create(new).await?;
        Ok(id)
    }

    /// The session, which has to be there.
    pub(super) async fn read(&self, id: SessionId) -> Result<StoredSession, Fault> {
        self.store.find(id).await?.ok_or_else(|| Fault::new("a session is not found"))
    }

    pub(super) async fn rotates(&self, id: SessionId, presented: u64, wanted: Rotation) -> Verdict {
        let found = self.store.rotate(id, presented, LIMITS).await?;
        same(&format!("the token {presented}"), &found, &wanted)
    }

    /// Holds if it is known, and has ended or not.
    pub(super) async fn has_ended(&self, id: SessionId, wanted: bool) -> Verdict {
        same("whether the session has ended", &self.read(id).await?.ended, &wanted)
    }

    /// Holds if these are the sessions of the subject that go on.
    pub(super) async fn lists(&self, subject: &str, wanted: &[SessionId]) -> Verdict {
        let found = self.store.list(subject).await?;
        let found: Vec<_> = found.into_iter().map(|session| session.id).collect();
        same(&format!("the list of {subject:?}"), &sorted(found), &sorted(wanted.to_vec()))
    }

    /// Holds if the session does all that one can do that goes on, beginning with this token.
    pub(super) async fn goes_on(&self, id: SessionId, counter: u64) -> Verdict {
        self.has_ended(id, false).await?;
        let next = counter.saturating_add(1);
        self.rotates(id, counter, Rotation::Rotated { counter: next }).await
    }

    /// Holds if no token of the session counts, whatever its number.
    pub(super) async fn is_over(&self, id: SessionId, counter: u64) -> Verdict {
        let others = [counter.saturating_sub(1), 0, counter.saturating_add(1), 1 << 40];
        for presented in [counter].into_iter().chain(others) {
            self.rotates(id, presented, Rotation::Ended).await?;
        }
        self.has_ended(id, true).await
    }
}

pub(super) fn new_session(subject: &str) -> Result<NewSession, StoreError> {
    Ok(NewSession {
        id: SessionId::random()?,
        subject: subject.to_owned(),
        nonce: SessionNonce::random()?,
        device: "a browser".to_owned(),
        acr: None,
        idle: IDLE,
        absolute: ABSOLUTE,
    })
}

pub(super) fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

/// Holds if all of the session is as it was.
pub(super) fn unchanged(found: &StoredSession, was: &StoredSession) -> Verdict {
    let StoredSession {
        id,
        subject,
        nonce,
        device,
        acr,
        counter,
        created_at,
        rotated_at,
        idle_until,
        expires_at,
        ended,
    } = found;
    same("the id", id, &was.id)?;
    same("the subject", subject, &was.subject)?;
    same("whether the nonce is the same", &(nonce.as_bytes() == was.nonce.as_bytes()), &true)?;
    same("the device", device, &was.device)?;
    same("the acr", acr, &was.acr)?;
    same("the counter", counter, &was.counter)?;
    same("the time it began", created_at, &was.created_at)?;
    same("the time of the last rotation", rotated_at, &was.rotated_at)?;
    same("the end if it is idle", idle_until, &was.idle_until)?;
    same("the end in any case", expires_at, &was.expires_at)?;
    same("whether it has ended", ended, &was.ended)
}
