use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::{Duration, UNIX_EPOCH},
};

use tower_bearer::{
    Clock, NewSession, Rotation, RotationLimits, SessionId, SessionStore, StoreError,
    StoredSession, testing::TestClock,
};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    AbsoluteSlides,
    ClockGoesBack,
    CreateReplaces,
    CutsSubjects,
    ForwardRefused,
    GraceExclusive,
    GraceSlides,
    ListsEnded,
    LosesAcr,
    Panics,
    PurgesAll,
    Races,
    ReuseBeforeEnd,
    ReuseForgiven,
    RevokesAlways,
    RevokesKept,
    RevokesPrefix,
    SuccessorDiffers,
    UnknownFails,
}

/// A store that would be right, but for one thing.
pub(super) struct Broken {
    fault: Fault,
    clock: TestClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, StoredSession>,
    latest: u64,
}

impl Broken {
    pub(super) fn new(fault: Fault, clock: TestClock) -> Self {
        Self { fault, clock, state: Mutex::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn state(&self) -> (MutexGuard<'_, State>, u64) {
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let now = u64::try_from(now).unwrap();
        let mut state = self.state.lock().unwrap();
        state.latest = now.max(state.latest);
        let now = if self.is(Fault::ClockGoesBack) { now } else { state.latest };
        (state, now)
    }

    fn is_of(&self, session: &StoredSession, subject: &str) -> bool {
        if self.is(Fault::CutsSubjects) {
            return session.subject.chars().take(255).eq(subject.chars().take(255));
        }
        session.subject == subject
            || self.is(Fault::RevokesPrefix) && session.subject.starts_with(subject)
    }

    fn decide(
        &self,
        session: &mut StoredSession,
        presented: u64,
        limits: RotationLimits,
        now: u64,
    ) -> Rotation {
        let mut limits = limits;
        if self.is(Fault::ReuseBeforeEnd) && presented + 1 < session.counter {
            session.ended = true;
            return Rotation::Reused;
        }
        if self.is(Fault::ForwardRefused) && presented > session.counter {
            return Rotation::Ended;
        }
        if self.is(Fault::GraceExclusive) {
            limits.grace = limits.grace.saturating_sub(Duration::from_millis(1));
        }
        if self.is(Fault::AbsoluteSlides) && !session.has_ended(now) {
            session.expires_at = now + (session.expires_at - session.created_at);
        }
        let before = session.clone();
        let told = session.rotate(presented, limits, now);
        match told {
            Rotation::Reused if self.is(Fault::ReuseForgiven) => *session = before,
            Rotation::Replayed { .. } if self.is(Fault::GraceSlides) => session.rotated_at = now,
            Rotation::Replayed { counter } if self.is(Fault::SuccessorDiffers) => {
                session.counter += 1;
                return Rotation::Replayed { counter: counter + 1 };
            }
            _ => {}
        }
        told
    }
}

impl SessionStore for Broken {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        let (mut state, now) = self.state();
        if state.sessions.contains_key(&session.id) && !self.is(Fault::CreateReplaces) {
            return Err(StoreError::unavailable("there is a session of this id"));
        }
        let mut stored = StoredSession::begin(session, now);
        if self.is(Fault::LosesAcr) {
            stored.acr = stored.acr.filter(|acr| !acr.is_empty());
        }
        state.sessions.insert(stored.id, stored);
        Ok(())
    }

    async fn find(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        let (state, now) = self.state();
        let found = state.sessions.get(&id).cloned();
        Ok(found.map(|mut found| {
            found.ended = found.has_ended(now);
            found
        }))
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        let (found, now) = {
            let (state, now) = self.state();
            (state.sessions.get(&id).cloned(), now)
        };
        match found {
            None if self.is(Fault::UnknownFails) => Err(StoreError::unavailable("no such session")),
            None => Ok(Rotation::Ended),
            Some(mut session) if self.is(Fault::Races) => {
                let told = self.decide(&mut session, presented, limits, now);
                tokio::task::yield_now().await;
                self.state().0.sessions.insert(id, session);
                Ok(told)
            }
            Some(_) => {
                let (mut state, now) = self.state();
                let session = state.sessions.get_mut(&id).unwrap();
                Ok(self.decide(session, presented, limits, now))
            }
        }
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        let (mut state, now) = self.state();
        let Some(session) = state.sessions.get_mut(&id) else { return Ok(false) };
        let lived = !session.has_ended(now);
        session.ended = true;
        Ok(lived || self.is(Fault::RevokesAlways))
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let (mut state, now) = self.state();
        let except = except.filter(|_| !self.is(Fault::RevokesKept));
        let mut ended = Vec::new();
        for session in state.sessions.values_mut() {
            if !session.has_ended(now) && self.is_of(session, subject) && Some(session.id) != except
            {
                session.ended = true;
                ended.push(session.id);
            }
        }
        Ok(ended)
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        let (state, now) = self.state();
        let lists = |session: &&StoredSession| {
            session.subject == subject
                && if self.is(Fault::ListsEnded) { !session.ended } else { !session.has_ended(now) }
        };
        Ok(state.sessions.values().filter(lists).cloned().collect())
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        let (mut state, now) = self.state();
        let ended = state.sessions.values().filter(|session| session.has_ended(now));
        let limit = if self.is(Fault::PurgesAll) { usize::MAX } else { limit };
        let ended: Vec<_> = ended.map(|session| session.id).take(limit).collect();
        assert!(!self.is(Fault::Panics) || ended.len() != 2, "planted");
        for id in &ended {
            state.sessions.remove(id);
        }
        Ok(ended.len())
    }
}
