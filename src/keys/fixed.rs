use std::{fmt, path::Path, sync::Arc};

use zeroize::Zeroizing;

use super::{KeyResolver, KeysStatus, next_generation};
use crate::{
    error::{ConfigError, KeyError},
    jose::{
        algorithm::{Algorithm, Algorithms},
        header::Header,
        jwk::{self, SkippedKey},
        key::VerifyingKey,
    },
    lookup::Lookup,
};

/// Keys that are known when the program starts: a secret, a PEM file, a JWK Set, or several of them.
///
/// ```
/// use tower_bearer::{Algorithm, StaticKeys, VerifyingKey};
///
/// let secret = StaticKeys::hs256([7; 32])?;
/// let several = StaticKeys::new([
///     VerifyingKey::from_secret(Algorithm::HS256, [8; 32])?.with_kid("new"),
///     VerifyingKey::from_secret(Algorithm::HS256, [7; 32])?.with_kid("old"),
/// ])?;
/// # drop((secret, several));
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// Which key verifies a token:
///
/// - A token with a `kid` is verified by the key of that name and the token's algorithm. A key
///   without a name answers to any `kid`, if it is the only key here of its algorithm.
/// - A token without a `kid` is verified by the one key of its algorithm; if there are several, it
///   is refused.
#[derive(Clone)]
pub struct StaticKeys(Arc<Set>);

struct Set {
    keys: Vec<VerifyingKey>,
    /// How many there are where they came from: a JWK without `alg` stands for several.
    count: usize,
    algorithms: Algorithms,
    skipped: Vec<SkippedKey>,
    generation: u64,
}

impl StaticKeys {
    /// A secret of at least 32 bytes for HS256. The bytes count as they are: base64 or hex is not decoded.
    ///
    /// # Errors
    ///
    /// The secret is too short, or is a PEM file.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::from_secret(Algorithm::HS256, secret)
    }

    /// A secret for HS256, HS384 or HS512, of at least 32, 48 or 64 bytes, which count as they are.
    ///
    /// # Errors
    ///
    /// The secret is too short, is a PEM file, or the algorithm takes no secret.
    pub fn from_secret(
        algorithm: Algorithm,
        secret: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        Self::new([VerifyingKey::from_secret(algorithm, secret)?])
    }

    /// One public key in a PEM file, for this algorithm.
    ///
    /// # Errors
    ///
    /// As [`VerifyingKey::from_pem`].
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::new([VerifyingKey::from_pem(algorithm, pem)?])
    }

    /// One public key in DER, for this algorithm.
    ///
    /// # Errors
    ///
    /// As [`VerifyingKey::from_der`].
    pub fn from_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::new([VerifyingKey::from_der(algorithm, der)?])
    }

    /// A JWK Set (RFC 7517 §5): `{"keys": […]}`.
    ///
    /// Keys that cannot be used are left out, and [`skipped`](Self::skipped) says why. Secrets
    /// (`oct`) are taken: whoever wrote this set is trusted.
    ///
    /// # Errors
    ///
    /// The text is no JWK Set, or holds no key that can be used.
    pub fn from_jwks(json: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let json = std::str::from_utf8(json.as_ref())
            .map_err(|_| ConfigError::new("the JWK Set is not UTF-8"))?;
        let jwk::JwkSet { keys, skipped, usable } = jwk::read_set(json)?;
        Self::of(keys, skipped, usable)
    }

    /// A JWK Set in a file, read now and not again.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or as [`from_jwks`](Self::from_jwks).
    pub fn from_jwks_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let json = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
            ConfigError::because(
                format!("cannot read the JWK Set {}: {error}", path.display()),
                error,
            )
        })?;
        Self::from_jwks(&*json)
    }

    /// Several keys, of any kinds.
    ///
    /// # Errors
    ///
    /// There is no key, or two of the same algorithm have the same name or none.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, ConfigError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let twice = |(at, key): (usize, &VerifyingKey)| {
            keys.iter()
                .take(at)
                .any(|other| other.kid() == key.kid() && other.algorithm() == key.algorithm())
        };
        if keys.iter().enumerate().any(twice) {
            return Err(ConfigError::new(
                "two keys of one algorithm have the same `kid`, or none: tell them apart by `.with_kid(..)`",
            ));
        }
        let count = keys.len();
        Self::of(keys, Vec::new(), count)
    }

    /// The keys of a JWK Set that were left out, and why.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.0.skipped
    }

    fn of(
        keys: Vec<VerifyingKey>,
        skipped: Vec<SkippedKey>,
        count: usize,
    ) -> Result<Self, ConfigError> {
        if keys.is_empty() {
            let reasons: Vec<String> = skipped.iter().take(10).map(ToString::to_string).collect();
            return Err(ConfigError::new(match &*reasons {
                [] => "there is no key: no token could be verified".to_owned(),
                reasons => format!("no key of the set can be used: {}", reasons.join("; ")),
            }));
        }
        let algorithms = keys.iter().map(VerifyingKey::algorithm).collect();
        let generation = next_generation();
        Ok(Self(Arc::new(Set { keys, count, algorithms, skipped, generation })))
    }

    pub(super) fn find(&self, header: &Header<'_>) -> Option<&VerifyingKey> {
        let of_algorithm =
            || self.0.keys.iter().filter(|key| key.algorithm() == header.algorithm());
        let only = || {
            let mut keys = of_algorithm();
            keys.next().filter(|_| keys.next().is_none())
        };
        match header.kid() {
            None => only(),
            Some(kid) => of_algorithm()
                .find(|key| key.kid() == Some(kid))
                .or_else(|| only().filter(|key| key.kid().is_none())),
        }
    }
}

impl KeyResolver for StaticKeys {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        Lookup::Ready(self.find(header).cloned().ok_or_else(KeyError::not_found))
    }

    fn generation(&self) -> Option<u64> {
        Some(self.0.generation)
    }

    fn algorithms(&self) -> Option<Algorithms> {
        Some(self.0.algorithms)
    }

    fn status(&self) -> Option<KeysStatus> {
        let Set { keys: _, count, algorithms: _, skipped, generation: _ } = &*self.0;
        Some(KeysStatus {
            usable: true,
            keys: *count,
            skipped: skipped.clone(),
            ..KeysStatus::default()
        })
    }
}

impl fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticKeys")
            .field("keys", &self.0.keys.len())
            .field("algorithms", &self.0.algorithms)
            .field("skipped", &self.0.skipped)
            .finish()
    }
}
