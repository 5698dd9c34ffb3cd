//! [`SigningKeys`]: the keys of an issuer, one after the other.

use std::{
    fmt, mem,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;

use crate::{
    clock::{Clock, NumericDate, SystemClock},
    error::{ConfigError, KeyError},
    jose::{
        algorithm::{Algorithm, Algorithms},
        header::Header,
        key::VerifyingKey,
        signing::SigningKey,
    },
    keys::{KeyResolver, KeysStatus, next_generation},
    lookup::Lookup,
};

/// The keys that an issuer signs with, one after the other, and what verifies their tokens.
///
/// A key lives through four states, each with its time, so that several nodes that have the same keys agree without a leader:
///
/// | state | published | signs | for how long |
/// |---|---|---|---|
/// | standby | yes | no | 20 min: twice what others may keep the key set for |
/// | active | yes | yes | until the next one's time has come |
/// | retired | yes | no | until its last token has expired, and 15 min more |
/// | gone | no | no | |
///
/// It is a [`KeyResolver`] as well, so that the service that issues tokens verifies them without a network.
///
/// ```
/// use tower_bearer::{Algorithm, SigningKeys};
///
/// let keys = SigningKeys::generate(Algorithm::ES256)?;
/// let next = keys.rotate()?;                  // published now, and signs in 20 minutes
/// assert!(keys.jwks().contains(&next));
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// A clone is one reference count and shares everything. `Debug` shows no key.
#[derive(Clone)]
pub struct SigningKeys(Arc<Ring>);

struct Ring {
    algorithm: Algorithm,
    clock: Arc<dyn Clock>,
    every: Option<Duration>,
    state: RwLock<Arc<State>>,
    /// For how long the longest token lives that is signed here, with the leeway of whoever verifies it, in seconds.
    longest: AtomicU64,
}

/// Settings of [`SigningKeys`].
#[must_use = "settings do nothing until they are built"]
pub struct SigningKeysBuilder {
    algorithm: Algorithm,
    first: Option<SigningKey>,
    clock: Arc<dyn Clock>,
    every: Option<Duration>,
}

/// All keys that are not gone, in the order in which they sign.
struct State {
    keys: Vec<Dated>,
    generation: u64,
}

#[derive(Clone)]
struct Dated {
    key: SigningKey,
    /// In seconds since 1970.
    signs_from: u64,
}

/// For how long others may keep the published set.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(600);

/// How long a key is published before it signs.
const STANDBY: u64 = 2 * MAX_AGE.as_secs();

/// How long a key is published after its last token has expired, in seconds.
const AFTER: u64 = 15 * 60;

impl SigningKeys {
    /// One new key, in memory: the tokens of this process end with it.
    ///
    /// # Errors
    ///
    /// There is no memory or no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, ConfigError> {
        Self::builder(algorithm).build()
    }

    /// This key, which signs from now on.
    ///
    /// # Errors
    ///
    /// As [`SigningKeysBuilder::build`].
    pub fn new(key: SigningKey) -> Result<Self, ConfigError> {
        Self::builder(key.algorithm()).key(key).build()
    }

    /// Keys of this algorithm, with settings to be made.
    pub fn builder(algorithm: Algorithm) -> SigningKeysBuilder {
        SigningKeysBuilder { algorithm, first: None, clock: Arc::new(SystemClock), every: None }
    }

    /// Makes the next key: it is published at once and signs in 20 minutes. The answer is its name; that of the one that is waiting already,
    /// if there is one.
    ///
    /// # Errors
    ///
    /// There is no memory or no randomness.
    pub fn rotate(&self) -> Result<String, KeyError> {
        let now = self.0.now();
        if let Some(standby) = self.0.read().standby(now) {
            return Ok(standby.key.kid().to_owned());
        }
        // It takes a while for RSA, during which tokens are signed and verified.
        let key = SigningKey::generate(self.0.algorithm)?;
        let kid = key.kid().to_owned();
        self.0.change(|keys| keys.push(Dated { key, signs_from: now.saturating_add(STANDBY) }));
        Ok(kid)
    }

    /// Makes the next key and signs with it from now on; all others are gone at once, and with them every token that they have signed.
    /// It is for keys that were stolen. Verifiers that have fetched the key set before trust the stolen one until they fetch it again.
    ///
    /// # Errors
    ///
    /// There is no memory or no randomness.
    pub fn replace(&self) -> Result<String, KeyError> {
        let key = SigningKey::generate(self.0.algorithm)?;
        let (kid, signs_from) = (key.kid().to_owned(), self.0.now());
        self.0.change(|keys| *keys = vec![Dated { key, signs_from }]);
        Ok(kid)
    }

    /// The JWK Set to be published ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)): the public halves of all keys that are not
    /// gone. Secrets are never in it.
    pub fn jwks(&self) -> String {
        let state = self.0.current();
        let keys: Vec<_> = state.keys.iter().filter_map(|dated| dated.key.jwk()).collect();
        json!({ "keys": keys }).to_string()
    }

    /// The key that signs now.
    pub(super) fn active(&self) -> Result<SigningKey, KeyError> {
        let (now, state) = (self.0.now(), self.0.current());
        if self.0.every.is_some_and(|every| state.is_due(every, now)) {
            self.rotate()?;
        }
        let active = state.active(now).and_then(|at| state.keys.get(at));
        active.map(|dated| dated.key.clone()).ok_or_else(KeyError::not_found)
    }

    /// Tokens are signed here that live for so long.
    pub(super) fn keep_for(&self, longest: Duration) {
        self.0.longest.fetch_max(longest.as_secs(), Ordering::AcqRel);
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }
}

impl Ring {
    fn now(&self) -> u64 {
        NumericDate::from(self.clock.now()).as_secs()
    }

    fn read(&self) -> RwLockReadGuard<'_, Arc<State>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// All keys that are not gone.
    fn current(&self) -> Arc<State> {
        let state = Arc::clone(&self.read());
        let gone = state.gone(self.now(), self.longest.load(Ordering::Acquire));
        if gone == 0 {
            return state;
        }
        self.change(|keys| {
            // Another thread may have been here.
            let gone = keys
                .iter()
                .take(gone)
                .zip(&state.keys)
                .take_while(|(here, there)| here.key.kid() == there.key.kid());
            let gone = gone.count();
            keys.drain(..gone);
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Dated>)) -> Arc<State> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut keys = state.keys.clone();
        change(&mut keys);
        // Keys of the same second come in the same order on all nodes.
        keys.sort_by(|one, other| {
            (one.signs_from, one.key.kid()).cmp(&(other.signs_from, other.key.kid()))
        });
        let next = Arc::new(State { keys, generation: next_generation() });
        drop(mem::replace(&mut *state, Arc::clone(&next)));
        next
    }
}

impl State {
    /// Where the key stands that signs now: the last whose time has come, or the first one if the clock was set back before all.
    fn active(&self, now: u64) -> Option<usize> {
        let begun = self.keys.iter().take_while(|dated| dated.signs_from <= now).count();
        if self.keys.is_empty() { None } else { Some(begun.saturating_sub(1)) }
    }

    fn standby(&self, now: u64) -> Option<&Dated> {
        self.keys.get(self.active(now)?.saturating_add(1)..)?.first()
    }

    /// Whether the next key has to be made for one to sign every so often.
    fn is_due(&self, every: Duration, now: u64) -> bool {
        let active = self.active(now).and_then(|at| self.keys.get(at));
        let since = active.map_or(0, |active| now.saturating_sub(active.signs_from));
        self.standby(now).is_none() && since.saturating_add(STANDBY) >= every.as_secs()
    }

    /// How many of the first keys are gone.
    fn gone(&self, now: u64, longest: u64) -> usize {
        let active = self.active(now).unwrap_or_default();
        // A key signs until the next one does.
        let ends = self.keys.iter().skip(1).take(active).map(|next| next.signs_from);
        let kept = longest.saturating_add(AFTER);
        ends.take_while(|end| now >= end.saturating_add(kept)).count()
    }
}

impl KeyResolver for SigningKeys {
    /// Tokens have the name of their key: one without a name is none of these.
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        let state = self.0.current();
        let named = |dated: &&Dated| {
            header.kid() == Some(dated.key.kid()) && header.algorithm() == dated.key.algorithm()
        };
        let key = state.keys.iter().find(named).map(|dated| dated.key.verifying_key());
        Lookup::Ready(key.ok_or_else(KeyError::not_found))
    }

    fn generation(&self) -> Option<u64> {
        Some(self.0.current().generation)
    }

    fn algorithms(&self) -> Option<Algorithms> {
        Some([self.0.algorithm].into_iter().collect())
    }

    /// Its tokens are refused from now on. The key that signs now is not forgotten: [`replace`](SigningKeys::replace) it.
    fn forget_key(&self, kid: &str) -> bool {
        let now = self.0.now();
        let state = self.0.current();
        let active = state.active(now).and_then(|at| state.keys.get(at));
        if active.is_none_or(|active| active.key.kid() == kid) {
            return false;
        }
        self.0.change(|keys| keys.retain(|dated| dated.key.kid() != kid));
        true
    }

    fn status(&self) -> Option<KeysStatus> {
        None
    }
}

impl SigningKeysBuilder {
    /// Begins with this key, which signs from now on, in place of a new one.
    pub fn key(mut self, key: SigningKey) -> Self {
        self.first = Some(key);
        self
    }

    /// Makes the next key by itself, so that each signs for so long. It is done by the token that is signed next; there is no task.
    pub fn rotate_every(mut self, every: Duration) -> Self {
        self.every = Some(every);
        self
    }

    /// Asks this clock for the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The keys.
    ///
    /// # Errors
    ///
    /// The key is of another algorithm; keys would rotate more often than every 40 minutes; or there is no memory or no randomness.
    pub fn build(self) -> Result<SigningKeys, ConfigError> {
        let Self { algorithm, first, clock, every } = self;
        if every.is_some_and(|every| every.as_secs() < 2 * STANDBY) {
            return Err(ConfigError::new(
                "a key is published for 20 minutes before it signs: rotate every 40 minutes or less often",
            ));
        }
        let key = match first {
            Some(key) if key.algorithm() == algorithm => key,
            Some(key) => {
                return Err(ConfigError::new(format!(
                    "the first key signs with {}, and the others would with {algorithm}",
                    key.algorithm()
                )));
            }
            None => SigningKey::generate(algorithm)?,
        };
        let signs_from = NumericDate::from(clock.now()).as_secs();
        let (keys, generation) = (vec![Dated { key, signs_from }], next_generation());
        let state = RwLock::new(Arc::new(State { keys, generation }));
        Ok(SigningKeys(Arc::new(Ring {
            algorithm,
            clock,
            every,
            state,
            longest: AtomicU64::new(0),
        })))
    }
}

/// Shows the algorithm, and no key.
impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("alg", &self.0.algorithm).finish_non_exhaustive()
    }
}

impl fmt::Debug for SigningKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeysBuilder").field("alg", &self.algorithm).finish_non_exhaustive()
    }
}
