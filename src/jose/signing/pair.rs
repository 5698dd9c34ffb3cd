use std::{fmt::Write, sync::Arc};

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
    rand::{SystemRandom, fill},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
        KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
        RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::unfit;
use crate::{
    error::KeyError,
    jose::{algorithm::Algorithm, key::Material},
};

/// What signs. A clone is one reference count.
#[derive(Clone)]
pub(super) enum Pair {
    Ec(Arc<EcdsaKeyPair>, Curve),
    Ed(Arc<Ed25519KeyPair>),
    Hmac(Arc<Secret>),
    Rsa(Arc<RsaKeyPair>, &'static dyn RsaEncoding),
}

/// A secret as it came, and as it signs.
pub(super) struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    prepared: hmac::Key,
}

/// A curve for signing.
#[derive(Clone, Copy)]
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) signing: &'static EcdsaSigningAlgorithm,
}

impl Curve {
    pub(super) fn of(algorithm: Algorithm) -> Option<Self> {
        let (name, signing) = match algorithm {
            Algorithm::ES256 => ("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::ES512 => ("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
            _ => return None,
        };
        Some(Self { name, signing })
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        Algorithm::PS256 => &RSA_PSS_SHA256,
        Algorithm::PS384 => &RSA_PSS_SHA384,
        Algorithm::PS512 => &RSA_PSS_SHA512,
        Algorithm::RS256 => &RSA_PKCS1_SHA256,
        Algorithm::RS384 => &RSA_PKCS1_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_SHA512,
        _ => return None,
    })
}

fn hmac_hash(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::HS256 => Some(hmac::HMAC_SHA256),
        Algorithm::HS384 => Some(hmac::HMAC_SHA384),
        Algorithm::HS512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

impl Pair {
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        if let Some(curve) = Curve::of(algorithm) {
            let pair = EcdsaKeyPair::generate(curve.signing).map_err(|_| exhausted())?;
            return Ok(Self::Ec(Arc::new(pair), curve));
        }
        if algorithm.is_symmetric() {
            // As long as the longest hash, so that one length serves all three.
            let mut secret = Zeroizing::new([0; 64]);
            fill(&mut secret[..]).map_err(|_| exhausted())?;
            return Self::from_secret(algorithm, &secret[..]);
        }
        if algorithm == Algorithm::Ed25519 {
            let pair = Ed25519KeyPair::generate().map_err(|_| exhausted())?;
            return Ok(Self::Ed(Arc::new(pair)));
        }
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| exhausted())?;
        Self::rsa(algorithm, Arc::new(pair))
    }

    /// The same pair may sign for several algorithms of RSA.
    pub(super) fn rsa(algorithm: Algorithm, pair: Arc<RsaKeyPair>) -> Result<Self, KeyError> {
        let encoding = rsa_encoding(algorithm).ok_or_else(|| unfit(algorithm))?;
        Ok(Self::Rsa(pair, encoding))
    }

    pub(super) fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        // The same rules as for a secret that verifies.
        Material::secret(algorithm, secret)?;
        let hash = hmac_hash(algorithm).ok_or_else(|| unfit(algorithm))?;
        let (bytes, prepared) = (Zeroizing::new(secret.to_vec()), hmac::Key::new(hash, secret));
        Ok(Self::Hmac(Arc::new(Secret { bytes, prepared })))
    }

    pub(super) fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let unfit = || unfit(algorithm);
        if !is_one_sequence(der) && !algorithm.is_symmetric() {
            return Err(unfit());
        }
        if let Some(curve) = Curve::of(algorithm) {
            let pair = EcdsaKeyPair::from_private_key_der(curve.signing, der);
            return Ok(Self::Ec(Arc::new(pair.map_err(|_| unfit())?), curve));
        }
        if algorithm.is_symmetric() {
            return Err(KeyError::invalid(format!(
                "{algorithm} takes a secret, not a private key"
            )));
        }
        if algorithm == Algorithm::Ed25519 {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| unfit())?;
            return Ok(Self::Ed(Arc::new(pair)));
        }
        let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
        Self::rsa(algorithm, Arc::new(pair.map_err(|_| unfit())?))
    }

    /// The signature as tokens carry it: R‖S for ECDSA.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair, _) => {
                let signature = pair.sign(&random, message).map_err(|_| exhausted())?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed(pair) => {
                let signature = pair.try_sign(message).map_err(|_| exhausted())?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Hmac(secret) => Ok(hmac::sign(&secret.prepared, message).as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(|_| exhausted())?;
                Ok(signature)
            }
        }
    }

    /// What verifies its signatures.
    pub(super) fn public(&self, algorithm: Algorithm) -> Result<Material, KeyError> {
        match self {
            Self::Ec(pair, _) => {
                let (x, y) = coordinates(pair);
                Material::ec(algorithm, x, y)
            }
            Self::Ed(pair) => Material::ed25519(pair.public_key().as_ref()),
            Self::Hmac(secret) => Material::secret(algorithm, &secret.bytes),
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                Material::rsa(
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                )
            }
        }
    }

    /// The members of the public JWK that make the key, in alphabetical order; a secret has none.
    fn members(&self) -> Option<Vec<(&'static str, String)>> {
        let text = str::to_owned;
        Some(match self {
            Self::Ec(pair, curve) => {
                let (x, y) = coordinates(pair);
                let (x, y) = (encode(x), encode(y));
                vec![("crv", text(curve.name)), ("kty", text("EC")), ("x", x), ("y", y)]
            }
            Self::Ed(pair) => {
                let x = encode(pair.public_key());
                vec![("crv", text("Ed25519")), ("kty", text("OKP")), ("x", x)]
            }
            Self::Hmac(..) => return None,
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                vec![("e", e), ("kty", text("RSA")), ("n", n)]
            }
        })
    }

    /// The public half as a JWK, without a name.
    pub(super) fn jwk(&self) -> Option<Map<String, Value>> {
        let named = |(name, value): (&str, String)| (name.to_owned(), Value::String(value));
        Some(self.members()?.into_iter().map(named).collect())
    }

    /// A name that says nothing of the private half (RFC 7638 §3); of a secret one that only who has it can make.
    pub(super) fn thumbprint(&self) -> String {
        match (self.members(), self) {
            (None, Self::Hmac(secret)) => {
                let tag = hmac::sign(&secret.prepared, b"tower-bearer: the name of this secret");
                encode(tag.as_ref().get(..12).unwrap_or_default())
            }
            (members, _) => thumbprint(&members.unwrap_or_default()),
        }
    }

    /// The secret, if it is one.
    pub(super) fn secret(&self) -> Option<&[u8]> {
        match self {
            Self::Hmac(secret) => Some(&secret.bytes),
            Self::Ec(..) | Self::Ed(_) | Self::Rsa(..) => None,
        }
    }
}

/// The SHA-256 of these members, which stand in alphabetical order (RFC 7638 §3). Their values are base64url and names of
/// ours: nothing is to be escaped.
pub(super) fn thumbprint(members: &[(&str, String)]) -> String {
    let mut json = String::from("{");
    for (name, value) in members {
        let comma = if json.len() > 1 { "," } else { "" };
        // A `String` takes everything.
        let _ = write!(json, r#"{comma}"{name}":"{value}""#);
    }
    json.push('}');
    encode(digest(&SHA256, json.as_bytes()))
}

/// Whether it is a `SEQUENCE` of DER from its first byte to its last: aws-lc reads over what follows a key.
fn is_one_sequence(der: &[u8]) -> bool {
    let (length, content) = match der {
        [0x30, 0x82, high, low, content @ ..] => (u16::from_be_bytes([*high, *low]), content),
        [0x30, 0x81, length, content @ ..] | [0x30, length, content @ ..] => {
            (u16::from(*length), content)
        }
        _ => return false,
    };
    usize::from(length) == content.len()
}

/// The point is uncompressed: `04`, then x and y of the same length.
fn coordinates(pair: &EcdsaKeyPair) -> (&[u8], &[u8]) {
    let point = pair.public_key().as_ref();
    let point = point.get(1..).unwrap_or_default();
    point.split_at(point.len() / 2)
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Only without memory or randomness.
pub(super) fn exhausted() -> KeyError {
    KeyError::unavailable("the cryptographic library has no memory or no randomness")
}
