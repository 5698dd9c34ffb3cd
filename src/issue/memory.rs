use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::UNIX_EPOCH,
};

use super::store::{NewSession, Rotation, RotationLimits, SessionId, SessionStore, StoredSession};
use crate::{
    clock::{Clock, SystemClock},
    error::StoreError,
};

/// Sessions in memory: they end with the process. For tests, and for services that may log everybody out when they start again.
///
/// A clone is one reference count and shares everything. `Debug` shows no session.
#[derive(Clone)]
pub struct MemoryStore(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, StoredSession>,
    by_subject: HashMap<String, BTreeSet<SessionId>>,
    /// The latest time that was seen: a clock that is set back brings nothing to life.
    latest: u64,
}

impl MemoryStore {
    /// A store without sessions.
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// A store without sessions that asks this clock for the time.
    pub fn with_clock(clock: impl Clock) -> Self {
        Self(Arc::new(Shared { clock: Arc::new(clock), state: Mutex::default() }))
    }

    /// Does it at once: no other comes between.
    fn with<T>(&self, change: impl FnOnce(&mut State, u64) -> T) -> T {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX).max(state.latest);
        state.latest = now;
        change(&mut state, now)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn seen(session: &StoredSession, now: u64) -> StoredSession {
        let ended = session.has_ended(now);
        StoredSession { ended, ..session.clone() }
    }

    fn ids_of(&self, subject: &str) -> impl Iterator<Item = SessionId> {
        self.by_subject.get(subject).into_iter().flatten().copied()
    }

    fn remove(&mut self, id: SessionId) {
        let Some(session) = self.sessions.remove(&id) else { return };
        if let Some(ids) = self.by_subject.get_mut(&session.subject) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_subject.remove(&session.subject);
            }
        }
    }

    /// Ends one; `false` if it had ended.
    fn end(&mut self, id: SessionId, now: u64) -> bool {
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let lived = !session.has_ended(now);
        session.ended = true;
        lived
    }
}

impl SessionStore for MemoryStore {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        self.with(|state, now| {
            let (id, subject) = (session.id, session.subject.clone());
            if state.sessions.contains_key(&id) {
                return Err(StoreError::unavailable("there is a session of this id"));
            }
            state.sessions.insert(id, StoredSession::begin(session, now));
            state.by_subject.entry(subject).or_default().insert(id);
            Ok(())
        })
    }

    async fn find(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        self.with(|state, now| Ok(state.sessions.get(&id).map(|session| State::seen(session, now))))
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        self.with(|state, now| {
            let session = state.sessions.get_mut(&id);
            Ok(session.map_or(Rotation::Ended, |session| session.rotate(presented, limits, now)))
        })
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        self.with(|state, now| Ok(state.end(id, now)))
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.with(|state, now| {
            let ids: Vec<_> = state.ids_of(subject).filter(|id| Some(*id) != except).collect();
            Ok(ids.into_iter().filter(|id| state.end(*id, now)).collect())
        })
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        self.with(|state, now| {
            let sessions = state.ids_of(subject).filter_map(|id| state.sessions.get(&id));
            Ok(sessions.filter(|session| !session.has_ended(now)).cloned().collect())
        })
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        self.with(|state, now| {
            let ended = state.sessions.values().filter(|session| session.has_ended(now));
            let ended: Vec<_> = ended.map(|session| session.id).take(limit).collect();
            for id in &ended {
                state.remove(*id);
            }
            Ok(ended.len())
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore(..)")
    }
}
