//! [`SigningKeys`]: the keys of an issuer, one after the other.

mod builder;
mod folder;
mod ring;
mod state;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use serde_json::json;

pub use self::builder::SigningKeysBuilder;
use self::{
    ring::Ring,
    state::{Dated, State},
};
use crate::{
    clock::Clock,
    error::{ConfigError, KeyError},
    jose::{
        algorithm::{Algorithm, Algorithms},
        header::Header,
        key::VerifyingKey,
        signing::SigningKey,
    },
    keys::{KeyResolver, KeysStatus},
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

/// For how long others may keep the published set.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(600);

/// How long a key is published before it signs.
const STANDBY: u64 = 2 * MAX_AGE.as_secs();

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

    /// The keys in this folder, which outlast the process; the first one is made if there is none, and signs at once.
    ///
    /// ```no_run
    /// use tower_bearer::{Algorithm, SigningKeys};
    ///
    /// let keys = SigningKeys::open("/var/lib/login/keys", Algorithm::ES256)?;
    /// # drop(keys);
    /// # Ok::<(), tower_bearer::ConfigError>(())
    /// ```
    ///
    /// - Each key is a file of its own, which its owner alone may read (0600; a folder that is made here is 0700). A file that others may read or
    ///   write is refused. On systems without such modes the folder has to be protected by you.
    /// - Several nodes may share it and need no leader. It is read again once a minute while there are requests, and when a token names a
    ///   key that is not known here, once a second at most: a small read, done on the thread that serves the request.
    /// - Two nodes that open an empty folder at once may both make a key. Each verifies what the other has signed.
    /// - A folder that cannot be read, or that is empty all of a sudden, leaves the keys as they are; so does a damaged file its key. It is logged
    ///   at `warn`, once. A file that has been removed is a key that is gone, and that is how
    ///   [`replace`](Self::replace) and [`forget_key`](KeyResolver::forget_key) reach other nodes, within a minute.
    /// - A file is removed once no issuer could need it, which is a day and 75 minutes after its key has retired.
    ///
    /// # Errors
    ///
    /// As [`SigningKeysBuilder::build`].
    pub fn open(path: impl Into<PathBuf>, algorithm: Algorithm) -> Result<Self, ConfigError> {
        Self::builder(algorithm).folder(path).build()
    }

    /// Keys of this algorithm, with settings to be made.
    pub fn builder(algorithm: Algorithm) -> SigningKeysBuilder {
        SigningKeysBuilder::new(algorithm)
    }

    /// Makes the next key: it is published at once and signs in 20 minutes. The answer is its name; that of the one that is waiting already,
    /// if there is one.
    ///
    /// # Errors
    ///
    /// There is no memory or no randomness.
    pub fn rotate(&self) -> Result<String, KeyError> {
        self.0.rotate()
    }

    /// Makes the next key and signs with it from now on; all others are gone at once, and with them every token that they have signed.
    /// It is for keys that were stolen. Verifiers that have fetched the key set before trust the stolen one until they fetch it again.
    ///
    /// # Errors
    ///
    /// There is no memory or no randomness.
    pub fn replace(&self) -> Result<String, KeyError> {
        self.0.replace()
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
        self.0.active()
    }

    /// Tokens are signed here that are good for so long, leeway included.
    pub(super) fn keep_for(&self, longest: Duration) {
        self.0.keep_for(longest);
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }
}

impl KeyResolver for SigningKeys {
    /// Tokens have the name of their key: one without a name is none of these.
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        let find = |state: &State| {
            let named = |dated: &&Dated| {
                header.kid() == Some(dated.kid()) && header.algorithm() == dated.key.algorithm()
            };
            state.keys.iter().find(named).map(|dated| dated.key.verifying_key())
        };
        let found = find(&self.0.current());
        let may_be_new = || header.kid().is_some() && header.algorithm() == self.0.algorithm;
        let found = found.or_else(|| may_be_new().then(|| find(&self.0.latest())).flatten());
        Lookup::Ready(found.ok_or_else(KeyError::not_found))
    }

    fn generation(&self) -> Option<u64> {
        Some(self.0.current().generation)
    }

    fn algorithms(&self) -> Option<Algorithms> {
        Some([self.0.algorithm].into_iter().collect())
    }

    /// Its tokens are refused from now on. The key that signs now is not forgotten: [`replace`](SigningKeys::replace) it.
    fn forget_key(&self, kid: &str) -> bool {
        self.0.forget(kid)
    }

    fn status(&self) -> Option<KeysStatus> {
        None
    }
}

/// Shows the algorithm, and no key.
impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("alg", &self.0.algorithm).finish_non_exhaustive()
    }
}
