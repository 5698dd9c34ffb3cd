//! [`SigningKey`]: a private key or secret that is parsed once and bound to one algorithm.

mod pair;
mod reading;
#[cfg(feature = "issue")]
mod text;

use std::{fmt, sync::Arc};

use jsonwebtoken::EncodingKey;
use serde_json::Value;

use self::pair::Pair;
use super::{
    algorithm::{Algorithm, Family},
    key::VerifyingKey,
};
use crate::error::KeyError;

/// A key that signs tokens with exactly one algorithm.
///
/// It is parsed and checked when it is made and never again; a clone is one reference count. It has a name, the `kid`
/// of the tokens it signs: the thumbprint of its public half ([RFC 7638]), unless it is given another.
///
/// ```
/// use tower_bearer::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// assert_eq!(key.algorithm(), Algorithm::ES256);
/// let named = key.with_kid("2026-01");
/// assert_eq!(named.kid(), "2026-01");
/// # Ok::<(), tower_bearer::KeyError>(())
/// ```
///
/// What is refused: secrets shorter than their hash (32, 48 or 64 bytes; [RFC 7518 §3.2]) and keys given as
/// secrets; RSA below 2048 or above 8192 bits; a key of another type or curve than the algorithm's; public keys.
///
/// `Debug` shows the algorithm, and nothing of the key.
///
/// [RFC 7518 §3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
/// [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    key_id: Box<str>,
    pair: Pair,
    /// What verifies its signatures, under the same name.
    verifying: VerifyingKey,
}

impl SigningKey {
    /// A new key for this algorithm: RSA of 2048 bits, which takes a tenth of a second or more, or a secret of 64 bytes.
    ///
    /// # Errors
    ///
    /// There is no memory or no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::of(algorithm, Pair::generate(algorithm)?)
    }

    /// A secret for HS256, HS384 or HS512, of at least 32, 48 or 64 bytes, which count as they are.
    ///
    /// # Errors
    ///
    /// The secret is too short, is a key of another kind, or the algorithm takes no secret.
    pub fn from_secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::of(algorithm, Pair::from_secret(algorithm, secret.as_ref())?)
    }

    /// A private key in a PEM file that is not encrypted: `PRIVATE KEY` (PKCS#8, any type), `RSA PRIVATE KEY` (PKCS#1)
    /// or `EC PRIVATE KEY` (SEC 1).
    ///
    /// # Errors
    ///
    /// The file holds no key, several, a public or an encrypted one, or one that does not fit the algorithm.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::of(algorithm, reading::pem(algorithm, pem.as_ref())?)
    }

    /// A private key in DER: PKCS#8 (any type), PKCS#1 for RSA or SEC 1 for EC.
    ///
    /// # Errors
    ///
    /// The bytes are no such key, or do not fit the algorithm.
    pub fn from_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::of(algorithm, Pair::from_der(algorithm, der.as_ref())?)
    }

    /// A private key or secret as a JWK ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)), under the name it has
    /// there. Its `alg`, if there is one, has to be this algorithm.
    ///
    /// # Errors
    ///
    /// The text is no JWK, is a public one, or does not fit the algorithm.
    pub fn from_jwk(algorithm: Algorithm, json: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let (pair, key_id) = reading::jwk(algorithm, json.as_ref())?;
        let key = Self::of(algorithm, pair)?;
        Ok(match key_id {
            Some(key_id) => key.with_kid(key_id),
            None => key,
        })
    }

    /// A key as `jsonwebtoken` holds it. Nothing of its process-wide `CryptoProvider` is used or set.
    ///
    /// # Errors
    ///
    /// The key is of another family than the algorithm, or does not pass the checks.
    pub fn from_encoding_key(algorithm: Algorithm, key: &EncodingKey) -> Result<Self, KeyError> {
        if Family::from(key.family()) != algorithm.family() {
            return Err(KeyError::invalid(format!("the key is not one for {algorithm}")));
        }
        match algorithm.family() {
            Family::Hmac => Self::from_secret(algorithm, key.as_bytes()),
            Family::Ec | Family::Ed | Family::Rsa => Self::from_der(algorithm, key.as_bytes()),
        }
    }

    /// The same key under this name.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        let key_id = kid.into();
        let verifying = self.0.verifying.clone().with_kid(&*key_id);
        let Inner { algorithm, pair, .. } = &*self.0;
        let (algorithm, pair) = (*algorithm, pair.clone());
        Self(Arc::new(Inner { algorithm, key_id: key_id.into(), pair, verifying }))
    }

    /// The one algorithm it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The name of the key.
    pub fn kid(&self) -> &str {
        &self.0.key_id
    }

    /// What verifies its signatures, under the same name.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying.clone()
    }

    /// The signature of a message as tokens carry it: R‖S for ECDSA, the raw bytes for all others (RFC 7518 §3).
    ///
    /// # Errors
    ///
    /// There is no memory or no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.0.pair.sign(message)
    }

    /// The public half as a JWK; a secret has none.
    pub(crate) fn jwk(&self) -> Option<Value> {
        let named = [("use", "sig"), ("alg", self.algorithm().name()), ("kid", self.kid())];
        let mut members = self.0.pair.jwk()?;
        members.extend(named.map(|(name, value)| (name.to_owned(), value.into())));
        Some(Value::Object(members))
    }

    /// The same pair of RSA for another of its algorithms, for whoever cannot wait for one each.
    #[cfg(feature = "testing")]
    pub(crate) fn shared_with(&self, algorithm: Algorithm) -> Result<Self, KeyError> {
        match &self.0.pair {
            Pair::Rsa(pair, _) => Self::of(algorithm, Pair::rsa(algorithm, Arc::clone(pair))?),
            Pair::Ec(..) | Pair::Ed(_) | Pair::Hmac(_) => Err(unfit(algorithm)),
        }
    }

    /// The secret, if it is one.
    #[cfg(feature = "testing")]
    pub(crate) fn secret(&self) -> Option<&[u8]> {
        self.0.pair.secret()
    }

    /// A key of this pair, named by its thumbprint.
    fn of(algorithm: Algorithm, pair: Pair) -> Result<Self, KeyError> {
        let key_id = pair.thumbprint();
        let public = pair.public(algorithm)?;
        let verifying = VerifyingKey::from_material(algorithm, &public)?.with_kid(&*key_id);
        Ok(Self(Arc::new(Inner { algorithm, key_id: key_id.into(), pair, verifying })))
    }
}

fn unfit(algorithm: Algorithm) -> KeyError {
    KeyError::invalid(format!(
        "this is no private key for {algorithm}: damaged, encrypted, public, or of another type or curve"
    ))
}

/// Shows the algorithm, and nothing of the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("alg", &self.0.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
