//! [`VerifyingKey`]: a key that is parsed once and bound to one algorithm.

mod ed25519;
mod material;
mod rsa;

use std::{fmt, sync::Arc};

use aws_lc_rs::{hmac, signature::ParsedPublicKey};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use self::material::Fingerprint;
pub(crate) use self::material::Material;
#[cfg(feature = "config")]
pub(crate) use self::material::looks_like_a_key;
use super::algorithm::{Algorithm, Family};
use crate::error::KeyError;

/// A key that verifies signatures of exactly one algorithm.
///
/// It is parsed and checked when it is made and never again; a clone is one reference count. Since
/// it knows its algorithm, a token cannot choose another one for it: HS256 with a public RSA key as
/// the secret cannot be expressed.
///
/// What is refused (RFC 7518 §3.2–3.5, RFC 8037): secrets shorter than the hash (32, 48 or 64
/// bytes) and PEM files given as secrets; RSA below 2048 or above 8192 bits, an even modulus, an
/// exponent that is even, below 3 or from 2³³ on; EC points that are compressed, of another length or not on
/// the curve; Ed25519 keys of small order or not in canonical form; private keys of any kind.
///
/// ```
/// use tower_bearer::{Algorithm, VerifyingKey};
///
/// let key = VerifyingKey::from_secret(Algorithm::HS256, [7; 32])?.with_kid("2026-01");
/// assert_eq!(key.kid(), Some("2026-01"));
/// # Ok::<(), tower_bearer::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
    declared: bool,
    verifier: Arc<dyn SignatureVerifier>,
    /// What it was made of; `None` if the key lives elsewhere.
    material: Option<Fingerprint>,
}

/// Checks signatures: the seam for other backends, such as an HSM or a validated module.
///
/// The key and its algorithm are the implementor's; [`VerifyingKey::from_verifier`] makes a key of it.
/// It is called inline, on the thread that serves the request.
///
/// It is one key for good: what it has verified stays verified while it is the token's key
/// ([`Verifier::cache`](crate::Verifier::cache)). Another key is another `SignatureVerifier`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot verify signatures",
    note = "implement `tower_bearer::SignatureVerifier`, or use one of the constructors of `VerifyingKey`"
)]
pub trait SignatureVerifier: Send + Sync + 'static {
    /// Whether `signature` belongs to `message` and this key.
    ///
    /// `signature` is decoded: R‖S for ECDSA, the raw bytes for all others (RFC 7518 §3).
    ///
    /// # Errors
    ///
    /// [`SignatureError::Invalid`] makes the token a bad one (401); [`SignatureError::Unavailable`]
    /// says that nobody can know (503).
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError>;
}

/// Why a signature was not found to be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureError {
    /// It does not belong to this message and this key.
    Invalid,
    /// The backend cannot be reached.
    Unavailable,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the signature does not verify",
            Self::Unavailable => "the signature cannot be checked now",
        })
    }
}

impl std::error::Error for SignatureError {}

impl VerifyingKey {
    /// A key for HS256, HS384 or HS512. The secret has at least 32, 48 or 64 bytes (RFC 7518 §3.2).
    ///
    /// # Errors
    ///
    /// The secret is too short, is a PEM file, or the algorithm takes no secret.
    pub fn from_secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_material(algorithm, &Material::secret(algorithm, secret.as_ref())?)
    }

    /// A public key in a PEM file: `PUBLIC KEY` (any type) or `RSA PUBLIC KEY`.
    ///
    /// # Errors
    ///
    /// The file holds no key, several, a private one, a certificate, or one that does not fit the algorithm.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_material(algorithm, &Material::pem(algorithm, pem.as_ref())?)
    }

    /// A public key in DER: `SubjectPublicKeyInfo` (any type), PKCS#1 `RSAPublicKey`, an
    /// uncompressed EC point, or the 32 bytes of an Ed25519 key.
    ///
    /// # Errors
    ///
    /// The bytes are no such key, are a private one, or do not fit the algorithm.
    pub fn from_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_material(algorithm, &Material::der(algorithm, der.as_ref())?)
    }

    /// A key as `jsonwebtoken` holds it.
    ///
    /// `jsonwebtoken` does not check keys; this does. Nothing of its process-wide `CryptoProvider`
    /// is used or set.
    ///
    /// # Errors
    ///
    /// The key is of another family than the algorithm, or does not pass the checks.
    pub fn from_decoding_key(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, KeyError> {
        let family = Family::from(key.family());
        if family != algorithm.family() {
            return Err(KeyError::invalid(format!("the key is not one for {algorithm}")));
        }
        let material = match key.kind() {
            DecodingKeyKind::SecretOrDer(secret) if family == Family::Hmac => {
                Material::secret(algorithm, secret)?
            }
            DecodingKeyKind::SecretOrDer(der) => Material::der(algorithm, der)?,
            DecodingKeyKind::RsaModulusExponent { n, e } => Material::rsa(n, e)?,
        };
        Self::from_material(algorithm, &material)
    }

    /// A key that lives elsewhere and is asked to check signatures of this algorithm.
    pub fn from_verifier(algorithm: Algorithm, verifier: impl SignatureVerifier) -> Self {
        Self::of(algorithm, Arc::new(verifier), None)
    }

    /// The same key under this name. Tokens with this `kid` are verified by it.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        let key_id = Some(kid.into().into_boxed_str());
        Self(Arc::new(Inner { key_id, ..self.parts() }))
    }

    /// The one algorithm this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The name of the key.
    pub fn kid(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// Whether somebody said that the key is meant for this algorithm: `false` for a JWK of
    /// type RSA or `oct` without `alg`, which is taken for RS256 or HS256 unless
    /// [`TrustedIssuer::algorithms`](crate::TrustedIssuer::algorithms) names others.
    pub fn is_declared(&self) -> bool {
        self.0.declared
    }

    /// Whether `signature` (decoded) belongs to `message` and this key.
    ///
    /// # Errors
    ///
    /// It does not, or the backend cannot tell.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.0.verifier.verify(message, signature)
    }

    pub(crate) fn from_material(
        algorithm: Algorithm,
        material: &Material,
    ) -> Result<Self, KeyError> {
        Ok(Self::of(algorithm, material.prepare(algorithm)?, Some(material.fingerprint())))
    }

    /// The same key, marked as not declared for its algorithm.
    pub(crate) fn undeclared(self) -> Self {
        Self(Arc::new(Inner { declared: false, ..self.parts() }))
    }

    /// The same key, once somebody has said that it is meant for its algorithm.
    pub(crate) fn declared(self) -> Self {
        Self(Arc::new(Inner { declared: true, ..self.parts() }))
    }

    /// Whether a token could not tell the two apart: the same name and the same algorithm.
    pub(crate) fn clashes_with(&self, other: &Self) -> bool {
        self.kid().is_some() && self.kid() == other.kid() && self.algorithm() == other.algorithm()
    }

    /// Whether what one verified the other would verify as well: the same algorithm and the same key, however often it
    /// was parsed.
    pub(crate) fn is_equivalent(&self, other: &Self) -> bool {
        let (one, other) = (&*self.0, &*other.0);
        let same = match (&one.material, &other.material) {
            (Some(one), Some(other)) => one == other,
            _ => Arc::ptr_eq(&one.verifier, &other.verifier),
        };
        same && one.algorithm == other.algorithm
    }

    fn of(
        algorithm: Algorithm,
        verifier: Arc<dyn SignatureVerifier>,
        material: Option<Fingerprint>,
    ) -> Self {
        Self(Arc::new(Inner { algorithm, key_id: None, declared: true, verifier, material }))
    }

    fn parts(&self) -> Inner {
        let Inner { algorithm, key_id, declared, verifier, material } = &*self.0;
        Inner {
            algorithm: *algorithm,
            key_id: key_id.clone(),
            declared: *declared,
            verifier: Arc::clone(verifier),
            material: *material,
        }
    }
}

/// Shows the algorithm, and nothing of the key.
impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("alg", &self.0.algorithm).finish_non_exhaustive()
    }
}

impl SignatureVerifier for ParsedPublicKey {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.verify_sig(message, signature).map_err(|_| SignatureError::Invalid)
    }
}

impl SignatureVerifier for hmac::Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        hmac::verify(self, message, signature).map_err(|_| SignatureError::Invalid)
    }
}

#[cfg(test)]
mod tests;
