//! JWK Sets, read key by key: one odd key never costs the others
//! ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).

mod entry;
mod extent;

use std::{borrow::Cow, fmt};

use serde::Serialize;
use zeroize::Zeroizing;

use self::{
    entry::read_keys,
    extent::{Elements, member},
};
use super::{
    algorithm::Algorithm,
    json::{AnyObject, read_object},
    key::VerifyingKey,
};
use crate::error::KeyError;

/// The keys of a set that can be used, and why the others cannot.
#[derive(Default)]
pub(crate) struct JwkSet {
    pub(crate) keys: Vec<VerifyingKey>,
    pub(crate) skipped: Vec<SkippedKey>,
    /// How many JWKs can be used. One without `alg` stands for several keys.
    pub(crate) usable: usize,
}

/// A key of a JWK Set that was left out, and why.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SkippedKey {
    index: usize,
    reason: Cow<'static, str>,
}

impl SkippedKey {
    /// Where it stands in the set, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Why it was left out. Holds nothing of the key.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Debug for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, reason } = self;
        f.debug_struct("SkippedKey").field("index", index).field("reason", reason).finish()
    }
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, reason } = self;
        write!(f, "key {index}: {reason}")
    }
}

/// Reads a set that whoever runs this program wrote. It fails only if the text as a whole is no JWK Set.
pub(crate) fn read_set(json: &str) -> Result<JwkSet, KeyError> {
    read(json, usize::MAX, Ok)
}

/// Reads a set that came over a network: of at most so many keys, and none of them a secret.
#[cfg(feature = "jwks")]
pub(crate) fn read_remote_set(json: &str, most: usize) -> Result<JwkSet, KeyError> {
    read(json, most, |keys| match keys.first() {
        Some(key) if key.algorithm().is_symmetric() => {
            Err(KeyError::invalid("a secret is never taken from a remote set"))
        }
        _ => Ok(keys),
    })
}

fn read(
    json: &str,
    most: usize,
    check: impl Fn(Vec<VerifyingKey>) -> Result<Vec<VerifyingKey>, KeyError>,
) -> Result<JwkSet, KeyError> {
    let no_set = || {
        KeyError::invalid("this is no JWK Set: give the text of a JSON object with an array `keys`")
    };
    let AnyObject = read_object(json).map_err(|_| no_set())?;
    let mut entries = Elements::of(member(json, "keys").ok_or_else(no_set)?).ok_or_else(no_set)?;
    let mut set = JwkSet::default();
    for (index, entry) in entries.by_ref().enumerate() {
        if index >= most {
            return Err(KeyError::invalid(format!("the JWK Set has more than {most} keys")));
        }
        if let Err(error) = read_keys(entry).and_then(&check).and_then(|keys| set.add(keys)) {
            set.skipped.push(SkippedKey { index, reason: error.message().clone() });
        }
    }
    if entries.ended() { Ok(set) } else { Err(no_set()) }
}

impl JwkSet {
    /// Adds the keys of one JWK. Of two with the same name and algorithm the first one stays, unless
    /// only the second one was declared for it.
    fn add(&mut self, keys: Vec<VerifyingKey>) -> Result<(), KeyError> {
        let mut added = false;
        for key in keys {
            match self.keys.iter_mut().find(|other| other.clashes_with(&key)) {
                Some(other) if other.is_declared() || !key.is_declared() => continue,
                Some(other) => *other = key,
                None => self.keys.push(key),
            }
            added = true;
        }
        if added {
            self.usable = self.usable.saturating_add(1);
            Ok(())
        } else {
            Err(KeyError::invalid("another key has the same `kid` and algorithm"))
        }
    }
}

impl VerifyingKey {
    /// A JWK (RFC 7517). Its `kid`, if it has one, becomes the key's.
    ///
    /// For whole key sets there is [`StaticKeys::from_jwks`](crate::StaticKeys::from_jwks).
    ///
    /// # Errors
    ///
    /// The JWK is of another type, declares another `alg` or a `use` that is not `sig`, or is no key.
    /// (`jsonwebtoken` keeps no name of an `alg` that it does not know, ES512 and Ed25519 among them: for these
    /// two any such name passes.)
    pub fn from_jwk(algorithm: Algorithm, jwk: &jsonwebtoken::jwk::Jwk) -> Result<Self, KeyError> {
        use jsonwebtoken::jwk::KeyAlgorithm;

        let mut jwk = Cow::Borrowed(jwk);
        // It has no name for these two; their keys are told by the curve.
        if matches!(algorithm, Algorithm::ES512 | Algorithm::Ed25519)
            && jwk.common.key_algorithm == Some(KeyAlgorithm::UNKNOWN_ALGORITHM)
        {
            jwk.to_mut().common.key_algorithm = None;
        }
        let json = Zeroizing::new(
            serde_json::to_string(&*jwk)
                .map_err(|_| KeyError::invalid("the JWK cannot be read"))?,
        );
        read_keys(&json)?
            .into_iter()
            .find(|key| key.algorithm() == algorithm)
            .map(Self::declared)
            .ok_or_else(|| KeyError::invalid(format!("the JWK is not one for {algorithm}")))
    }
}
