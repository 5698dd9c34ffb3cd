//! Key material of any spelling, checked and made ready for one algorithm.

use std::sync::Arc;

use aws_lc_rs::{
    digest::{Context, SHA256},
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
        ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
        ED25519, EcdsaKeyPair, EcdsaVerificationAlgorithm, Ed25519KeyPair, ParsedPublicKey,
        RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::{SignatureVerifier, ed25519, rsa};
use crate::{
    error::KeyError,
    jose::algorithm::{Algorithm, Family},
};

/// Key material that passed the checks of its type.
pub(crate) enum Material {
    /// An uncompressed point: `04 ‖ X ‖ Y`.
    Ec(Box<[u8]>),
    Ed([u8; 32]),
    Rsa(rsa::Components),
    Secret(Zeroizing<Box<[u8]>>),
}

/// The SHA-256 of a key's material. Of a secret it is one as well: it stays where the key is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

/// What a strict `SubjectPublicKeyInfo` of each curve starts with: DER has one spelling only, so
/// the rest is the key (RFC 5480 §2, RFC 8410 §4).
const SPKI_P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
const SPKI_P384: &[u8] =
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00";
const SPKI_P521: &[u8] = b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00";
const SPKI_ED25519: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// How DER names the types of keys (RFC 5480 §2.1.1, RFC 4055 §1.2); for RSA what all its names begin with.
const OID_EC: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
const OID_RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01";

impl Material {
    pub(crate) fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let (_, least) = hmac_parameters(algorithm).ok_or_else(|| {
            KeyError::invalid(format!("{algorithm} takes a public key, not a secret"))
        })?;
        if looks_like_a_key(secret) {
            return Err(KeyError::invalid(
                "the secret is a PEM file or another kind of key: use `from_pem`, `from_der` or `from_jwks`",
            ));
        }
        if secret.len() < least {
            return Err(KeyError::invalid(format!(
                "a secret for {algorithm} has at least {least} bytes; make one with `openssl rand -base64 {least}`"
            )));
        }
        Ok(Self::Secret(Zeroizing::new(secret.into())))
    }

    pub(crate) fn pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        let blocks = pem::parse_many(pem).map_err(|_| {
            KeyError::invalid(
                "the file is no well-formed PEM: are its line breaks written as `\\n`?",
            )
        })?;
        if blocks.iter().any(|block| block.tag().ends_with("PRIVATE KEY")) {
            return Err(private_key());
        }
        let [block] = &*blocks else {
            return Err(KeyError::invalid(match blocks.len() {
                0 => "there is no PEM block: give the content of the file, not its path".to_owned(),
                count => format!("the file must hold exactly one PEM block, and holds {count}"),
            }));
        };
        match block.tag() {
            "PUBLIC KEY" => Self::der(algorithm, block.contents()),
            "RSA PUBLIC KEY" if algorithm.family() == Family::Rsa => {
                Self::der(algorithm, block.contents())
            }
            "CERTIFICATE" => Err(KeyError::invalid(
                "the file is a certificate: take the key out with `openssl x509 -pubkey -noout`",
            )),
            _ => Err(KeyError::invalid(format!("the file holds no public key for {algorithm}"))),
        }
    }

    pub(crate) fn der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let material = match algorithm.family() {
            Family::Ec => Curve::of(algorithm).and_then(|curve| {
                let point = der.strip_prefix(curve.spki).unwrap_or(der);
                (point.len() == curve.point_len()).then(|| curve.point(point))
            }),
            Family::Ed => {
                let key = der.strip_prefix(SPKI_ED25519).unwrap_or(der);
                (key.len() == 32).then(|| Self::ed25519(key))
            }
            Family::Hmac => {
                return Err(KeyError::invalid(format!(
                    "{algorithm} takes a secret, not a public key"
                )));
            }
            Family::Rsa => rsa::from_der(der).map(|components| components.map(Self::Rsa)),
        };
        material.unwrap_or_else(|| {
            Err(if is_private(der) {
                private_key()
            } else {
                KeyError::invalid(format!(
                    "this is no public key for {algorithm}: damaged, or of another type or curve"
                ))
            })
        })
    }

    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        rsa::components(n, e).map(Self::Rsa)
    }

    pub(crate) fn ed25519(key: &[u8]) -> Result<Self, KeyError> {
        let key =
            key.try_into().map_err(|_| KeyError::invalid("an Ed25519 key has exactly 32 bytes"))?;
        ed25519::check(&key)?;
        Ok(Self::Ed(key))
    }

    /// The point of a curve by its coordinates, each of the curve's full length.
    pub(crate) fn ec(algorithm: Algorithm, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        let curve = Curve::of(algorithm)
            .filter(|curve| x.len() == curve.coordinate && y.len() == curve.coordinate)
            .ok_or_else(|| KeyError::invalid("EC coordinates must have the curve's full length"))?;
        curve.point(&[&[4], x, y].concat())
    }

    /// Tells it from all other material.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let parts: &[&[u8]] = match self {
            Self::Ec(point) => &[b"EC", point],
            Self::Ed(key) => &[b"OKP", key],
            Self::Rsa(components) => &[b"RSA", &components.n, &components.e],
            Self::Secret(secret) => &[b"oct", secret],
        };
        let mut hash = Context::new(&SHA256);
        for part in parts {
            hash.update(&part.len().to_be_bytes());
            hash.update(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(hash.finish().as_ref());
        Fingerprint(fingerprint)
    }

    /// Parses the material for this algorithm: the one time it is done.
    pub(super) fn prepare(
        &self,
        algorithm: Algorithm,
    ) -> Result<Arc<dyn SignatureVerifier>, KeyError> {
        let unfit = || KeyError::invalid(format!("the key is not one for {algorithm}"));
        let parsed = match self {
            Self::Ec(point) => {
                let curve = Curve::of(algorithm).ok_or_else(unfit)?;
                ParsedPublicKey::new(curve.parameters, point)
            }
            Self::Ed(key) if algorithm == Algorithm::Ed25519 => ParsedPublicKey::new(&ED25519, key),
            Self::Ed(_) => return Err(unfit()),
            Self::Rsa(components) => {
                let parameters = rsa::parameters(algorithm).ok_or_else(unfit)?;
                components.to_parsed_public_key(parameters)
            }
            Self::Secret(secret) => {
                let (parameters, _) = hmac_parameters(algorithm).ok_or_else(unfit)?;
                return Ok(Arc::new(hmac::Key::new(parameters, secret)));
            }
        };
        Ok(Arc::new(parsed.map_err(|_| unfit())?))
    }
}

struct Curve {
    /// Bytes of one coordinate.
    coordinate: usize,
    parameters: &'static EcdsaVerificationAlgorithm,
    spki: &'static [u8],
}

impl Curve {
    fn of(algorithm: Algorithm) -> Option<Self> {
        let (coordinate, parameters, spki) = match algorithm {
            Algorithm::ES256 => (32, &ECDSA_P256_SHA256_FIXED, SPKI_P256),
            Algorithm::ES384 => (48, &ECDSA_P384_SHA384_FIXED, SPKI_P384),
            Algorithm::ES512 => (66, &ECDSA_P521_SHA512_FIXED, SPKI_P521),
            _ => return None,
        };
        Some(Self { coordinate, parameters, spki })
    }

    fn point_len(&self) -> usize {
        self.coordinate.saturating_mul(2).saturating_add(1)
    }

    /// An uncompressed point that lies on the curve.
    fn point(&self, point: &[u8]) -> Result<Material, KeyError> {
        if point.first() != Some(&4) {
            return Err(KeyError::invalid("EC points must be uncompressed"));
        }
        ParsedPublicKey::new(self.parameters, point)
            .map_err(|_| KeyError::invalid("the EC point does not lie on its curve"))?;
        Ok(Material::Ec(point.into()))
    }
}

/// The hash of an HMAC algorithm, and the fewest bytes of its secret (RFC 7518 §3.2).
fn hmac_parameters(algorithm: Algorithm) -> Option<(hmac::Algorithm, usize)> {
    match algorithm {
        Algorithm::HS256 => Some((hmac::HMAC_SHA256, 32)),
        Algorithm::HS384 => Some((hmac::HMAC_SHA384, 48)),
        Algorithm::HS512 => Some((hmac::HMAC_SHA512, 64)),
        _ => None,
    }
}

fn private_key() -> KeyError {
    KeyError::invalid(
        "this is a private key: verifying takes the public one, `openssl pkey -pubout` makes it",
    )
}

/// Whether a secret is a public or private key of another kind, or holds one: who knows the public
/// half could then sign.
pub(crate) fn looks_like_a_key(secret: &[u8]) -> bool {
    let holds = |mark: &[u8]| secret.windows(mark.len()).any(|window| window == mark);
    let ssh = |name: &[u8]| secret.trim_ascii_start().starts_with(name);
    holds(b"-----BEGIN")
        || holds(b"\"kty\"")
        || ssh(b"ssh-")
        || ssh(b"ecdsa-sha2-")
        || is_binary_key(secret)
        || base64_of(secret).is_some_and(|secret| is_binary_key(&secret))
}

/// Whether the bytes are a key in DER or an EC point, or hold a key that names its type: a certificate.
fn is_binary_key(bytes: &[u8]) -> bool {
    let holds = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    let is_point = |algorithm| {
        Curve::of(algorithm)
            .is_some_and(|curve| bytes.len() == curve.point_len() && curve.point(bytes).is_ok())
    };
    holds(OID_EC)
        || holds(OID_RSA)
        || holds(SPKI_ED25519)
        || [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512].into_iter().any(is_point)
        || rsa::from_der(bytes).is_some()
        || is_private(bytes)
}

/// What a text is base64 of, in any of its spellings: a PEM file without its first and last line.
fn base64_of(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => *byte,
    };
    let letters = text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(standard);
    let letters = Zeroizing::new(letters.collect::<Vec<u8>>());
    LENIENT.decode(&*letters).ok().map(Zeroizing::new)
}

/// Whether the bytes are a private key: only to say so in the error.
fn is_private(der: &[u8]) -> bool {
    let curves = [
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &ECDSA_P384_SHA384_FIXED_SIGNING,
        &ECDSA_P521_SHA512_FIXED_SIGNING,
    ];
    RsaKeyPair::from_pkcs8(der).is_ok()
        || RsaKeyPair::from_der(der).is_ok()
        || Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).is_ok()
        || curves.iter().any(|curve| EcdsaKeyPair::from_private_key_der(curve, der).is_ok())
}
