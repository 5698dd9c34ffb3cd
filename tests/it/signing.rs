//! `SigningKey` from outside: every form that it is read from, and what is refused.

mod refused;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use tower_bearer::{Algorithm, SigningKey, VerifyingKey, jsonwebtoken::EncodingKey};

use crate::support::SECRET;

/// Files that openssl has made, each with its public half; the second has the name of its curve before the key.
const PKCS1: [&str; 2] =
    [include_str!("../vectors/keys/pkcs1.pem"), include_str!("../vectors/keys/pkcs1.pub.pem")];
const SEC1: [&str; 2] =
    [include_str!("../vectors/keys/ecparam.pem"), include_str!("../vectors/keys/ecparam.pub.pem")];
const P384: [&str; 2] =
    [include_str!("../vectors/keys/p384.pem"), include_str!("../vectors/keys/p384.pub.pem")];
const ED25519: [&str; 2] =
    [include_str!("../vectors/keys/ed25519.pem"), include_str!("../vectors/keys/ed25519.pub.pem")];

/// The key of an RFC, and a token that it has signed there.
#[derive(Deserialize)]
struct Row {
    id: String,
    alg: String,
    jwk: Value,
    token: String,
    thumbprint: Option<String>,
}

fn rows() -> Vec<Row> {
    let text = include_str!("../vectors/rfc_private_keys.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Row {
    fn algorithm(&self) -> Algorithm {
        self.alg.parse().unwrap()
    }

    fn key(&self) -> SigningKey {
        SigningKey::from_jwk(self.algorithm(), self.jwk.to_string()).unwrap()
    }
}

fn der(pem: &str) -> Vec<u8> {
    let blocks = pem::parse_many(pem).unwrap();
    blocks.last().unwrap().contents().to_vec()
}

/// What it signs is verified by the public half, which comes from elsewhere, and by its own.
fn assert_signs(name: &str, key: &SigningKey, public: &VerifyingKey) {
    let signature = key.sign(b"message").unwrap();
    assert_eq!(public.verify(b"message", &signature), Ok(()), "{name}");
    assert_eq!(key.verifying_key().verify(b"message", &signature), Ok(()), "{name}");
    assert!(public.verify(b"another", &signature).is_err(), "{name}");
}

#[test]
fn the_keys_of_the_rfcs_sign_what_is_printed_there() {
    let rows = rows();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let key = row.key();
        let (message, printed) = row.token.rsplit_once('.').unwrap();
        let printed = URL_SAFE_NO_PAD.decode(printed).unwrap();
        assert_eq!(key.verifying_key().verify(message.as_bytes(), &printed), Ok(()), "{}", row.id);
        let signature = key.sign(message.as_bytes()).unwrap();
        // ECDSA takes another random number each time; the others have one signature for a message.
        let is_random = row.alg.starts_with("ES");
        assert_eq!(signature == printed, !is_random, "{}", row.id);
        assert_eq!(key.verifying_key().verify(message.as_bytes(), &signature), Ok(()));
        if let Some(thumbprint) = &row.thumbprint {
            assert_eq!(key.kid(), thumbprint, "{}", row.id);
        }
    }
}

#[test]
fn files_of_openssl_are_read_in_every_form() {
    use Algorithm as A;
    for (name, algorithm, [private, public]) in [
        ("PKCS#1", A::RS256, PKCS1),
        ("PKCS#1, for PSS", A::PS512, PKCS1),
        ("SEC 1 with its curve", A::ES256, SEC1),
        ("PKCS#8, P-384", A::ES384, P384),
        ("PKCS#8, Ed25519", A::Ed25519, ED25519),
    ] {
        let public = VerifyingKey::from_pem(algorithm, public).unwrap();
        assert_signs(name, &SigningKey::from_pem(algorithm, private).unwrap(), &public);
        assert_signs(name, &SigningKey::from_der(algorithm, der(private)).unwrap(), &public);
        let held = match algorithm {
            A::ES256 | A::ES384 => EncodingKey::from_ec_der(&der(private)),
            A::Ed25519 => EncodingKey::from_ed_der(&der(private)),
            _ => EncodingKey::from_rsa_der(&der(private)),
        };
        assert_signs(name, &SigningKey::from_encoding_key(algorithm, &held).unwrap(), &public);
    }
    let (_, without_its_curve) = SEC1[0].split_once("-----END EC PARAMETERS-----\n").unwrap();
    let public = VerifyingKey::from_pem(A::ES256, SEC1[1]).unwrap();
    assert_signs("SEC 1", &SigningKey::from_pem(A::ES256, without_its_curve).unwrap(), &public);
}

#[test]
fn secrets_are_read_in_every_form() {
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let public = VerifyingKey::from_secret(algorithm, SECRET).unwrap();
        let jwk = serde_json::json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET) });
        let held = EncodingKey::from_secret(SECRET);
        let keys = [
            SigningKey::from_secret(algorithm, SECRET),
            SigningKey::from_jwk(algorithm, jwk.to_string()),
            SigningKey::from_encoding_key(algorithm, &held),
        ];
        for key in keys {
            assert_signs(algorithm.name(), &key.unwrap(), &public);
        }
    }
}

#[test]
fn one_key_has_one_name_whatever_it_was_read_from() {
    for row in rows() {
        let (algorithm, key) = (row.algorithm(), row.key());
        let mut other_order: Vec<_> = row.jwk.as_object().unwrap().iter().collect();
        other_order.reverse();
        let members: Vec<_> =
            other_order.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let again =
            SigningKey::from_jwk(algorithm, format!("{{{}}}", members.join(",\n"))).unwrap();
        assert_eq!(again.kid(), key.kid(), "{}", row.id);
        assert!(key.kid().len() < 64 && key.kid().is_ascii(), "{}", row.id);
    }
    let read = SigningKey::from_pem(Algorithm::ES256, SEC1[0]).unwrap();
    let from_der = SigningKey::from_der(Algorithm::ES256, der(SEC1[0])).unwrap();
    assert_eq!(read.kid(), from_der.kid());
}

#[test]
fn a_jwk_keeps_its_name_and_says_what_it_is_for() {
    for row in rows() {
        let mut jwk = row.jwk.clone();
        jwk["kid"] = "mine".into();
        jwk["alg"] = row.alg.clone().into();
        jwk["use"] = "sig".into();
        jwk["x5t"] = "ignored".into();
        let key = SigningKey::from_jwk(row.algorithm(), jwk.to_string()).unwrap();
        assert_eq!((key.kid(), key.algorithm()), ("mine", row.algorithm()), "{}", row.id);
        assert_eq!(key.verifying_key().kid(), Some("mine"), "{}", row.id);
    }
}

#[test]
fn debug_shows_the_algorithm_alone() {
    for row in rows() {
        let shown = format!("SigningKey {{ alg: {:?}, .. }}", row.algorithm());
        assert_eq!(format!("{:?}", row.key()), shown);
    }
}
