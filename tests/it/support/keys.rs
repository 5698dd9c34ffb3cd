use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_bearer::{Algorithm, VerifyingKey};

/// Long enough for every HMAC.
pub(crate) const SECRET: &[u8; 64] =
    b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A key pair for one algorithm, as an issuer holds it.
pub(crate) struct KeyPair {
    pub(crate) algorithm: Algorithm,
    secret: Secret,
}

enum Secret {
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
    Hmac(Box<hmac::Key>),
    Rsa(Arc<RsaKeyPair>),
}

/// The key pair of this algorithm: made at the first call, the same at every other.
pub(crate) fn key(algorithm: Algorithm) -> &'static KeyPair {
    static KEYS: LazyLock<HashMap<Algorithm, KeyPair>> = LazyLock::new(|| {
        Algorithm::ALL
            .into_iter()
            .map(|algorithm| (algorithm, KeyPair::generate(algorithm)))
            .collect()
    });
    &KEYS[&algorithm]
}

impl KeyPair {
    /// Another key pair than that of [`key`], but for HMAC and RSA, which have one each.
    pub(crate) fn generate(algorithm: Algorithm) -> Self {
        static RSA: LazyLock<Arc<RsaKeyPair>> =
            LazyLock::new(|| Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
        Self::with(algorithm, SECRET, &RSA)
    }

    /// A key pair that is none of those of [`key`], HMAC and RSA included.
    pub(crate) fn stranger(algorithm: Algorithm) -> Self {
        static RSA: LazyLock<Arc<RsaKeyPair>> =
            LazyLock::new(|| Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
        Self::with(algorithm, &SECRET.map(|byte| byte ^ 1), &RSA)
    }

    fn with(algorithm: Algorithm, secret: &[u8], rsa: &LazyLock<Arc<RsaKeyPair>>) -> Self {
        let hmac = |hash| Secret::Hmac(Box::new(hmac::Key::new(hash, secret)));
        let secret = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 | Algorithm::ES512 => {
                let parameters = match algorithm {
                    Algorithm::ES256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                    Algorithm::ES384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                    _ => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
                };
                Secret::Ec(Box::new(EcdsaKeyPair::generate(parameters).unwrap()))
            }
            Algorithm::Ed25519 => Secret::Ed(Box::new(Ed25519KeyPair::generate().unwrap())),
            Algorithm::HS256 => hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => hmac(hmac::HMAC_SHA512),
            _ => Secret::Rsa(Arc::clone(rsa)),
        };
        Self { algorithm, secret }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::Ec(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Secret::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Secret::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
            Secret::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match self.algorithm {
                    Algorithm::PS256 => &signature::RSA_PSS_SHA256,
                    Algorithm::PS384 => &signature::RSA_PSS_SHA384,
                    Algorithm::PS512 => &signature::RSA_PSS_SHA512,
                    Algorithm::RS256 => &signature::RSA_PKCS1_SHA256,
                    Algorithm::RS384 => &signature::RSA_PKCS1_SHA384,
                    _ => &signature::RSA_PKCS1_SHA512,
                };
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut bytes).unwrap();
                bytes
            }
        }
    }

    /// The key that verifies, as `SubjectPublicKeyInfo`. HMAC has none.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match &self.secret {
            Secret::Ec(pair) => pair.public_key().as_der().unwrap(),
            Secret::Ed(pair) => pair.public_key().as_der().unwrap(),
            Secret::Hmac(_) => panic!("a secret has no public key"),
            Secret::Rsa(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    /// The same in a PEM file.
    pub(crate) fn pem(&self) -> String {
        pem::encode(&pem::Pem::new("PUBLIC KEY", self.spki()))
    }

    pub(crate) fn verifying(&self) -> VerifyingKey {
        match &self.secret {
            Secret::Hmac(_) => VerifyingKey::from_secret(self.algorithm, SECRET).unwrap(),
            _ => VerifyingKey::from_der(self.algorithm, self.spki()).unwrap(),
        }
    }

    /// The key that verifies as a JWK, with `alg`, without `kid`.
    pub(crate) fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let alg = self.algorithm.name();
        match &self.secret {
            Secret::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let crv = match self.algorithm {
                    Algorithm::ES256 => "P-256",
                    Algorithm::ES384 => "P-384",
                    _ => "P-521",
                };
                json!({ "kty": "EC", "alg": alg, "crv": crv, "x": encode(x), "y": encode(y) })
            }
            Secret::Ed(pair) => {
                let x = encode(pair.public_key().as_ref());
                json!({ "kty": "OKP", "alg": alg, "crv": "Ed25519", "x": x })
            }
            Secret::Hmac(_) => json!({ "kty": "oct", "alg": alg, "k": encode(SECRET) }),
            Secret::Rsa(pair) => {
                let public = pair.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "alg": alg, "n": n, "e": e })
            }
        }
    }

    /// [`jwk`](Self::jwk) with these members put in, or taken out where they are `null`.
    pub(crate) fn jwk_with(&self, changes: &Value) -> Value {
        let mut jwk = self.jwk();
        let members = jwk.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(members.remove(name)),
                value => drop(members.insert(name.clone(), value.clone())),
            }
        }
        jwk
    }
}
