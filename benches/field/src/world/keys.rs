//! Key pairs, as JWKs, and as what checks a signature with nothing around it.

use std::sync::Arc;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Algorithm, Failure, SECRET};

/// Whoever forges an HS256 token has another secret of the same length.
const FOREIGN_SECRET: &str = "eH4aL7cN2xB9uK6zT1rV8oG5wQ0Jm3Yp";

pub(super) enum KeyPair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
    Secret(&'static str),
}

impl KeyPair {
    pub(super) fn new(algorithm: Algorithm) -> Result<Self, Failure> {
        Ok(match algorithm {
            Algorithm::Es256 => Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            Algorithm::Ed25519 => Self::Ed(Ed25519KeyPair::generate()?),
            Algorithm::Rs256 => Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048)?)),
            Algorithm::Hs256 => Self::Secret(SECRET),
        })
    }

    /// A key that nobody trusts.
    pub(super) fn foreign(algorithm: Algorithm) -> Result<Self, Failure> {
        match algorithm {
            Algorithm::Hs256 => Ok(Self::Secret(FOREIGN_SECRET)),
            _ => Self::new(algorithm),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(match self {
            Self::Ec(key) => key.sign(&SystemRandom::new(), message)?.as_ref().to_vec(),
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
                signature
            }
            Self::Secret(secret) => hmac::sign(&hmac_key(secret), message).as_ref().to_vec(),
        })
    }

    pub(super) fn jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec(key) => {
                // 4, then both coordinates.
                let (x, y) = key.public_key().as_ref().split_at(33);
                let x = x.get(1..).unwrap_or_default();
                json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": encode(x), "y": encode(y) })
            }
            Self::Ed(key) => {
                let x = encode(key.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x })
            }
            Self::Rsa(key) => {
                let n = encode(key.public_key().modulus().big_endian_without_leading_zero());
                let e = encode(key.public_key().exponent().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": n, "e": e })
            }
            Self::Secret(secret) => {
                json!({ "kty": "oct", "alg": "HS256", "use": "sig", "kid": kid, "k": encode(secret.as_bytes()) })
            }
        }
    }

    pub(super) fn raw(&self) -> Result<RawKey, Failure> {
        let parsed = match self {
            Self::Ec(key) => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key()),
            Self::Ed(key) => ParsedPublicKey::new(&ED25519, key.public_key()),
            Self::Rsa(key) => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key()),
            Self::Secret(secret) => return Ok(RawKey::Secret(Arc::new(hmac_key(secret)))),
        };
        Ok(RawKey::Public(Arc::new(parsed?)))
    }
}

fn hmac_key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// A key that is parsed already: the floor below every verifier.
#[derive(Clone)]
pub(crate) enum RawKey {
    /// Of a signature.
    Public(Arc<ParsedPublicKey>),
    /// Of a MAC.
    Secret(Arc<hmac::Key>),
}

impl RawKey {
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
            Self::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}
