//! One key pair, its signatures and its JWK ([RFC 7518 §3 and §6](https://www.rfc-editor.org/rfc/rfc7518)).

use std::sync::Arc;

use aws_lc_rs::{
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
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{error::ConfigError, jose::algorithm::Algorithm, keys::StaticKeys};

/// A key that signs with one algorithm and has a name.
pub(super) struct SigningKey {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    material: Material,
}

enum Material {
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
    Hmac(Zeroizing<[u8; 64]>, hmac::Algorithm),
    Rsa(Arc<RsaKeyPair>, &'static dyn RsaEncoding),
}

/// Made once for all algorithms of RSA, and only when one is asked for: it takes a while.
pub(super) type SharedRsa = Option<Arc<RsaKeyPair>>;

impl SigningKey {
    pub(super) fn generate(algorithm: Algorithm, key_id: String, rsa: &mut SharedRsa) -> Self {
        let material = match algorithm {
            Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            Algorithm::ES512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            Algorithm::Ed25519 => Material::Ed(sound(Ed25519KeyPair::generate())),
            Algorithm::HS256 => secret(hmac::HMAC_SHA256),
            Algorithm::HS384 => secret(hmac::HMAC_SHA384),
            Algorithm::HS512 => secret(hmac::HMAC_SHA512),
            Algorithm::PS256 => shared(rsa, &RSA_PSS_SHA256),
            Algorithm::PS384 => shared(rsa, &RSA_PSS_SHA384),
            Algorithm::PS512 => shared(rsa, &RSA_PSS_SHA512),
            Algorithm::RS256 => shared(rsa, &RSA_PKCS1_SHA256),
            Algorithm::RS384 => shared(rsa, &RSA_PKCS1_SHA384),
            Algorithm::RS512 => shared(rsa, &RSA_PKCS1_SHA512),
        };
        Self { algorithm, key_id, material }
    }

    /// The signature as tokens carry it: R‖S for ECDSA.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.material {
            Material::Ec(pair, _) => {
                sound(pair.sign(&SystemRandom::new(), message)).as_ref().to_vec()
            }
            Material::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Material::Hmac(secret, hash) => {
                hmac::sign(&hmac::Key::new(*hash, &secret[..]), message).as_ref().to_vec()
            }
            Material::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                sound(pair.sign(*encoding, &SystemRandom::new(), message, &mut signature));
                signature
            }
        }
    }

    /// The secret, if it is one.
    pub(super) fn secret(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Hmac(secret, _) => Some(&secret[..]),
            Material::Ec(..) | Material::Ed(_) | Material::Rsa(..) => None,
        }
    }

    /// What verifies its signatures.
    pub(super) fn static_keys(&self) -> Result<StaticKeys, ConfigError> {
        match self.jwk() {
            Some(jwk) => StaticKeys::from_jwks(json!({ "keys": [jwk] }).to_string()),
            None => StaticKeys::from_secret(self.algorithm, self.secret().unwrap_or_default()),
        }
    }

    /// The public half as a JWK; a secret has none.
    pub(super) fn jwk(&self) -> Option<Value> {
        let mut jwk = match &self.material {
            Material::Ec(pair, crv) => ec_jwk(pair, crv),
            Material::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) })
            }
            Material::Hmac(..) => return None,
            Material::Rsa(pair, _) => {
                let public = pair.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "n": n, "e": e })
            }
        };
        let named = [("use", "sig"), ("alg", self.algorithm.name()), ("kid", &self.key_id)];
        if let Some(members) = jwk.as_object_mut() {
            members.extend(named.map(|(name, value)| (name.to_owned(), value.into())));
        }
        Some(jwk)
    }
}

/// Base64url without padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ec(curve: &'static EcdsaSigningAlgorithm, crv: &'static str) -> Material {
    Material::Ec(sound(EcdsaKeyPair::generate(curve)), crv)
}

/// As long as the longest hash, so that one length serves all three.
fn secret(hash: hmac::Algorithm) -> Material {
    let mut secret = Zeroizing::new([0; 64]);
    sound(fill(&mut secret[..]));
    Material::Hmac(secret, hash)
}

fn shared(rsa: &mut SharedRsa, encoding: &'static dyn RsaEncoding) -> Material {
    let pair = rsa.get_or_insert_with(|| Arc::new(sound(RsaKeyPair::generate(KeySize::Rsa2048))));
    Material::Rsa(Arc::clone(pair), encoding)
}

/// The point is uncompressed: `04`, then x and y of the same length.
fn ec_jwk(pair: &EcdsaKeyPair, crv: &str) -> Value {
    let (_, point) = pair.public_key().as_ref().split_at(1);
    let (x, y) = point.split_at(point.len() / 2);
    json!({ "kty": "EC", "crv": crv, "x": encode(x), "y": encode(y) })
}

#[expect(clippy::expect_used, reason = "only without memory or randomness, where no test goes on")]
fn sound<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.expect("aws-lc makes keys and signatures")
}
