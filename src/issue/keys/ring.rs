//! The keys in memory, and what keeps them the same as those of a folder.

use std::{
    collections::HashSet,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    STANDBY,
    folder::{Folder, Listing},
    state::{Dated, State},
};
use crate::{
    clock::{Clock, NumericDate},
    error::{ConfigError, KeyError},
    jose::{algorithm::Algorithm, signing::SigningKey},
    telemetry::TARGET,
    validation::MAX_LEEWAY,
};

/// How often the folder is read, and a rotation that failed is tried again, in seconds.
const MINUTE: u64 = 60;

/// A key that is not in a folder read this lately is not there, in seconds.
const CERTAIN: u64 = 1;

/// For how long a token can be good at all, in seconds: issuers refuse a longer life than a day.
const LONGEST: u64 = 24 * 60 * 60 + MAX_LEEWAY.as_secs();

pub(super) struct Ring {
    pub(super) algorithm: Algorithm,
    pub(super) clock: Arc<dyn Clock>,
    every: Option<Duration>,
    state: RwLock<Arc<State>>,
    /// For how long the longest token is good that is signed here, in seconds; 0 until somebody says so.
    longest: AtomicU64,
    /// Who changes the keys holds this; in it are the names of those that never come back.
    turn: Mutex<HashSet<String>>,
    folder: Option<Folder>,
    /// When the folder was read, and when a rotation was tried, in seconds since 1970.
    read_at: AtomicU64,
    tried_at: AtomicU64,
    /// The log has it that the folder cannot be read.
    told: AtomicBool,
}

impl Ring {
    pub(super) fn new(
        algorithm: Algorithm,
        clock: Arc<dyn Clock>,
        every: Option<Duration>,
        keys: Vec<Dated>,
        folder: Option<Folder>,
    ) -> Self {
        let now = NumericDate::from(clock.now()).as_secs();
        Self {
            algorithm,
            clock,
            every,
            state: RwLock::new(Arc::new(State::new(keys))),
            longest: AtomicU64::new(0),
            turn: Mutex::default(),
            folder,
            read_at: AtomicU64::new(now),
            tried_at: AtomicU64::new(0),
            told: AtomicBool::new(false),
        }
    }

    pub(super) fn now(&self) -> u64 {
        NumericDate::from(self.clock.now()).as_secs()
    }

    pub(super) fn keep_for(&self, longest: Duration) {
        self.longest.fetch_max(longest.as_secs(), Ordering::AcqRel);
    }

    /// All keys that are not gone, as the folder had them a minute ago at most.
    pub(super) fn current(&self) -> Arc<State> {
        let now = self.now();
        if self.is_old(now, MINUTE) {
            // Others go on with what is known while one reads.
            let turn = match self.turn.try_lock() {
                Ok(turn) => Some(turn),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            if let Some(turn) = turn.filter(|_| self.is_old(now, MINUTE)) {
                self.read_folder(&turn, now);
            }
        }
        let state = self.held();
        if state.gone(now, self.longest()) == 0 {
            return state;
        }
        let _turn = self.lock();
        self.set(self.held().keys.clone(), now)
    }

    /// What the folder holds now, if it was not read within this second: for a key that is not known here.
    pub(super) fn latest(&self) -> Arc<State> {
        let now = self.now();
        if self.is_old(now, CERTAIN)
            // Whoever thinks up names does not make others wait for a slow folder.
            && let Ok(turn) = self.turn.try_lock()
            && self.is_old(now, CERTAIN)
        {
            self.read_folder(&turn, now);
        }
        self.held()
    }

    /// The key that signs now; makes the next one if it is time to.
    pub(super) fn active(&self) -> Result<SigningKey, KeyError> {
        let (now, state) = (self.now(), self.current());
        let due = self.every.is_some_and(|every| state.is_due(every.as_secs(), now));
        if due && self.tried_at.load(Ordering::Acquire).abs_diff(now) >= MINUTE {
            self.tried_at.store(now, Ordering::Release);
            // The key that is there still signs.
            if let Err(error) = self.rotate() {
                let source = std::error::Error::source(&error).map(tracing::field::display);
                tracing::warn!(target: TARGET, error = %error, source, "keys not rotated");
            }
        }
        state.active(now).map(|dated| dated.key.clone()).ok_or_else(KeyError::not_found)
    }

    pub(super) fn rotate(&self) -> Result<String, KeyError> {
        let now = self.now();
        if let Some(standby) = self.current().standby(now) {
            return Ok(standby.kid().to_owned());
        }
        // It takes a while for RSA, during which tokens are signed and verified.
        let key = SigningKey::generate(self.algorithm)?;
        let turn = self.lock();
        self.read_folder(&turn, now);
        let state = self.held();
        // Another thread or node may have been quicker.
        if let Some(standby) = state.standby(now) {
            return Ok(standby.kid().to_owned());
        }
        let next = Dated { key, signs_from: now.saturating_add(STANDBY) };
        self.write(&next)?;
        let kid = next.kid().to_owned();
        self.set(state.keys.iter().cloned().chain([next]).collect(), now);
        Ok(kid)
    }

    pub(super) fn replace(&self) -> Result<String, KeyError> {
        let key = SigningKey::generate(self.algorithm)?;
        let mut forgotten = self.lock();
        let now = self.now();
        let next = Dated { key, signs_from: now };
        self.write(&next)?;
        let kid = next.kid().to_owned();
        forgotten.extend(self.held().keys.iter().map(|dated| dated.kid().to_owned()));
        self.set(vec![next], now);
        if let Some(folder) = &self.folder {
            folder.remove_all_but(&kid).map_err(KeyError::unavailable)?;
        }
        Ok(kid)
    }

    pub(super) fn forget(&self, kid: &str) -> bool {
        let now = self.now();
        if self.current().active(now).is_none_or(|active| active.kid() == kid) {
            return false;
        }
        let mut forgotten = self.lock();
        forgotten.insert(kid.to_owned());
        let keys = self.held().keys.iter().filter(|dated| dated.kid() != kid).cloned().collect();
        self.set(keys, now);
        if let Some(Err(error)) = self.folder.as_ref().map(|folder| folder.remove(kid)) {
            tracing::warn!(target: TARGET, error = %error, "keys not removed");
        }
        true
    }

    fn longest(&self) -> u64 {
        match self.longest.load(Ordering::Acquire) {
            0 => LONGEST,
            longest => longest,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the folder was read so long ago; or the clock was set back by as much.
    fn is_old(&self, now: u64, seconds: u64) -> bool {
        self.folder.is_some() && self.read_at.load(Ordering::Acquire).abs_diff(now) >= seconds
    }

    /// These keys but those that are gone, from now on. Whoever calls it has the turn.
    fn set(&self, keys: Vec<Dated>, now: u64) -> Arc<State> {
        let mut next = State::new(keys);
        let gone = next.gone(now, self.longest());
        next.keys.drain(..gone);
        let next = Arc::new(next);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.is(&next) {
            return Arc::clone(&state);
        }
        let before = mem::replace(&mut *state, Arc::clone(&next));
        drop(state);
        drop(before);
        next
    }

    /// A folder that cannot be read leaves the keys as they are.
    fn read_folder(&self, forgotten: &HashSet<String>, now: u64) {
        let Some(folder) = &self.folder else { return };
        self.read_at.store(now, Ordering::Release);
        let listing = folder.read(now);
        match listing.and_then(|listing| self.take(folder, listing, forgotten, now)) {
            Ok(()) => self.told.store(false, Ordering::Release),
            Err(error) if !self.told.swap(true, Ordering::AcqRel) => {
                let from = folder.path().display();
                tracing::warn!(target: TARGET, from = %from, error = %error, "keys not read");
            }
            Err(_) => {}
        }
    }

    /// What is in the folder is what there is. The key of a file that is damaged is kept if it is known.
    fn take(
        &self,
        folder: &Folder,
        listing: Listing,
        forgotten: &HashSet<String>,
        now: u64,
    ) -> Result<(), ConfigError> {
        let Listing { mut keys, mut damaged } = listing;
        keys.retain(|dated| !forgotten.contains(dated.kid()));
        let held = self.held();
        let is_damaged = |dated: &&Dated| damaged.iter().any(|one| one.is_of(dated.kid()));
        keys.extend(held.keys.iter().filter(is_damaged).cloned());
        if keys.is_empty() {
            // Never our doing, and what a folder looks like that is not mounted.
            return Err(folder.is_empty());
        }
        let all = State::new(keys);
        // A day later than in memory, for issuers elsewhere whose tokens live longer.
        let gone: Vec<_> = all.keys.iter().take(all.gone(now, LONGEST)).cloned().collect();
        self.set(all.keys, now);
        // A folder in which nothing can be removed is read all the same.
        for dated in gone {
            folder.remove(dated.kid())?;
        }
        damaged.pop().map_or(Ok(()), |damaged| Err(damaged.into()))
    }

    fn write(&self, dated: &Dated) -> Result<(), KeyError> {
        let written = self.folder.as_ref().map_or(Ok(()), |folder| folder.write(dated));
        written.map_err(KeyError::unavailable)
    }
}
