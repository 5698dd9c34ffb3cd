use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use super::{STANDBY, SigningKeys, folder::Folder, ring::Ring, state::Dated};
use crate::{
    clock::{Clock, NumericDate, SystemClock},
    error::ConfigError,
    jose::{algorithm::Algorithm, signing::SigningKey},
};

/// Settings of [`SigningKeys`].
#[must_use = "settings do nothing until they are built"]
pub struct SigningKeysBuilder {
    algorithm: Algorithm,
    first: Option<SigningKey>,
    folder: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    every: Option<Duration>,
}

impl SigningKeysBuilder {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let clock = Arc::new(SystemClock);
        Self { algorithm, first: None, folder: None, clock, every: None }
    }

    /// Begins with this key, which signs from now on, in place of a new one; in a folder that holds keys, with those.
    pub fn key(mut self, key: SigningKey) -> Self {
        self.first = Some(key);
        self
    }

    /// Keeps the keys in this folder, where they outlast the process and other nodes find them: [`SigningKeys::open`].
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.folder = Some(path.into());
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
    /// The key is of another algorithm; keys would rotate more often than every 40 minutes; the folder cannot be made, read or
    /// written to, or holds a key of another algorithm or what others may read or is none; or there is no memory or no randomness.
    pub fn build(self) -> Result<SigningKeys, ConfigError> {
        let Self { algorithm, first, folder, clock, every } = self;
        if every.is_some_and(|every| every.as_secs() < 2 * STANDBY) {
            return Err(ConfigError::new(
                "a key is published for 20 minutes before it signs: rotate every 40 minutes or less often",
            ));
        }
        if let Some(key) = first.as_ref().filter(|key| key.algorithm() != algorithm) {
            return Err(ConfigError::new(format!(
                "the first key signs with {}, and the others would with {algorithm}",
                key.algorithm()
            )));
        }
        let now = NumericDate::from(clock.now()).as_secs();
        let folder = folder.map(|path| Folder::open(path, algorithm)).transpose()?;
        let mut keys = folder.as_ref().map_or(Ok(Vec::new()), |folder| read(folder, now))?;
        if keys.is_empty() {
            let key = first.map_or_else(|| SigningKey::generate(algorithm), Ok)?;
            let first = Dated { key, signs_from: now };
            keys = match &folder {
                None => vec![first],
                Some(folder) => {
                    folder.write(&first)?;
                    // With that of a node that has begun at the same time.
                    read(folder, now)?
                }
            };
        }
        Ok(SigningKeys(Arc::new(Ring::new(algorithm, clock, every, keys, folder))))
    }
}

/// All keys of a folder in which nothing is wrong.
fn read(folder: &Folder, now: u64) -> Result<Vec<Dated>, ConfigError> {
    let mut listing = folder.read(now)?;
    listing.damaged.pop().map_or(Ok(listing.keys), |damaged| Err(damaged.into()))
}

impl fmt::Debug for SigningKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeysBuilder").field("alg", &self.algorithm).finish_non_exhaustive()
    }
}
