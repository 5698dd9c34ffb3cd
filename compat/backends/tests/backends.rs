//! tower-bearer works the same whatever backends of `jsonwebtoken` are on, and whatever features of
//! `serde_json`.
//!
//! With both backends on or none, `jsonwebtoken` panics when it is asked to sign or verify before
//! somebody has chosen: if one of these tests passes, it was not asked.

mod numbers;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, jwk::Jwk};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, KeyResolver, Lookup, StaticKeys, TokenError, TokenErrorKind, TrustedIssuer,
    VerifiedToken, Verifier, VerifyingKey,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

/// When the tokens of `tokens.json` were issued; they are good for 15 minutes.
const ISSUED: u64 = 1_750_000_000;

/// A token that Node's jose made with a key that is no more, and the key that verifies it.
#[derive(Deserialize)]
struct Fixed {
    alg: String,
    token: String,
    pem: Option<String>,
    jwk: Value,
}

fn fixed() -> Vec<Fixed> {
    serde_json::from_str(include_str!("tokens.json")).unwrap()
}

impl Fixed {
    fn algorithm(&self) -> Algorithm {
        self.alg.parse().unwrap()
    }

    /// The secret, if it is one.
    fn secret(&self) -> Option<Vec<u8>> {
        self.jwk["k"].as_str().map(|k| URL_SAFE_NO_PAD.decode(k).unwrap())
    }

    /// Every way in which a key can be given.
    fn keys(&self) -> Vec<(&'static str, StaticKeys)> {
        let algorithm = self.algorithm();
        let one = |key: VerifyingKey| StaticKeys::new([key]).unwrap();
        let ours = match (&self.pem, self.secret()) {
            (Some(pem), _) => ("from_pem", StaticKeys::from_pem(algorithm, pem).unwrap()),
            (None, Some(secret)) => {
                ("from_secret", StaticKeys::from_secret(algorithm, secret).unwrap())
            }
            (None, None) => panic!("no key"),
        };
        let set = json!({ "keys": [self.jwk] }).to_string();
        let jwk: Jwk = serde_json::from_value(self.jwk.clone()).unwrap();
        let decoding = |key| VerifyingKey::from_decoding_key(algorithm, &key).unwrap();
        let from_jwk = DecodingKey::from_jwk(&jwk).unwrap();
        vec![
            ours,
            ("from_jwks", StaticKeys::from_jwks(set).unwrap()),
            ("from_jwk", one(VerifyingKey::from_jwk(algorithm, &jwk).unwrap())),
            ("from_decoding_key", one(decoding(self.decoding_key()))),
            ("from_decoding_key of a JWK", one(decoding(from_jwk))),
        ]
    }

    fn decoding_key(&self) -> DecodingKey {
        let pem = self.pem.as_deref().unwrap_or_default().as_bytes();
        match &*self.alg {
            "HS256" => DecodingKey::from_secret(&self.secret().unwrap()),
            "RS256" => DecodingKey::from_rsa_pem(pem).unwrap(),
            "ES256" => DecodingKey::from_ec_pem(pem).unwrap(),
            "Ed25519" => DecodingKey::from_ed_pem(pem).unwrap(),
            other => panic!("no key for {other}"),
        }
    }

    /// The token with one bit of its signature flipped.
    fn flipped(&self) -> String {
        let (message, signature) = self.token.rsplit_once('.').unwrap();
        let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        signature[7] ^= 1;
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(ISSUED + 60)
}

fn issuer(keys: impl KeyResolver) -> TrustedIssuer {
    TrustedIssuer::new(ISSUER, AUDIENCE, keys).clock(clock)
}

/// What the verifier says, which it knows at once.
fn verify(issuer: TrustedIssuer, token: &str) -> Result<VerifiedToken, TokenError> {
    match Verifier::new(issuer).unwrap().verify(token) {
        Lookup::Ready(outcome) => outcome,
        Lookup::Pending(_) => panic!("the keys are in memory"),
    }
}

fn every_fixed_token_verifies_and_no_flipped_one() {
    for case in fixed() {
        for (way, keys) in case.keys() {
            let name = format!("{} {way}", case.alg);
            let token = verify(issuer(keys.clone()), &case.token).expect(&name);
            assert_eq!(token.subject(), Some("ada"), "{name}");
            assert_eq!(token.claims::<Value>().unwrap()["minter"], "jose", "{name}");
            let error = verify(issuer(keys), &case.flipped()).expect_err(&name);
            assert_eq!(error.kind(), TokenErrorKind::InvalidSignature, "{name}");
        }
    }
}

/// One test, since what it looks at is one for the process.
#[test]
#[expect(clippy::disallowed_methods, reason = "plays the user, to whom the default belongs")]
fn tokens_verify_and_the_choice_of_a_backend_stays_the_users() {
    every_fixed_token_verifies_and_no_flipped_one();
    assert!(users_choice::PROVIDER.install_default().is_ok(), "somebody has chosen before");
    every_fixed_token_verifies_and_no_flipped_one();
    users_choice::signs();
}

/// The user chooses aws-lc-rs if it is on, and RustCrypto otherwise.
#[cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))]
mod users_choice {
    #[cfg(feature = "aws_lc_rs")]
    pub(crate) use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER as PROVIDER;
    #[cfg(not(feature = "aws_lc_rs"))]
    pub(crate) use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER as PROVIDER;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use tower_bearer::StaticKeys;

    /// What the user then signs with `jsonwebtoken` verifies here.
    pub(crate) fn signs() {
        let claims = super::json!({
            "iss": super::ISSUER, "aud": super::AUDIENCE, "sub": "eve", "exp": super::ISSUED + 900,
        });
        let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(&[7; 32]));
        let keys = StaticKeys::hs256([7; 32]).unwrap();
        let token = super::verify(super::issuer(keys), &token.unwrap()).unwrap();
        assert_eq!(token.subject(), Some("eve"));
    }
}

/// No backend is on: the user brings one, here one that cannot do anything.
#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod users_choice {
    use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};

    pub(crate) static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| panic!("asked to sign"),
        verifier_factory: |_, _| panic!("asked to verify"),
        key_utils: KeyUtils::new_unimplemented(),
    };

    pub(crate) fn signs() {}
}
