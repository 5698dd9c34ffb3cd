//! Algorithm confusion (RFC 8725 §2.1): a token whose HMAC secret is the server's public key.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::DecodingKey;
use serde_json::json;
use tower_bearer::{
    Algorithm, StaticKeys, TokenErrorKind, TokenErrorKind::AlgorithmNotAllowed,
    TokenErrorKind::InvalidSignature, TokenErrorKind::UnknownKey, TrustedIssuer, VerifyingKey,
    resolver_fn_sync,
};

use super::{judge, judge_with};
use crate::support::{KeyPair, SECRET, Token, json_token, key, standard};

const HMACS: [Algorithm; 3] = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

/// A token that is signed with these bytes as a secret.
fn forged(algorithm: Algorithm, header: &serde_json::Value, secret: &[u8]) -> String {
    let hash = match algorithm {
        Algorithm::HS256 => hmac::HMAC_SHA256,
        Algorithm::HS384 => hmac::HMAC_SHA384,
        _ => hmac::HMAC_SHA512,
    };
    let token: Token = json_token(algorithm, header, &json!({ "sub": "root" }));
    let tag = hmac::sign(&hmac::Key::new(hash, secret), token.signing_input().as_bytes());
    token.with_signature(tag.as_ref())
}

/// All that a stranger can know of a public key, in every spelling that a library ever took for a
/// secret.
fn known_of(pair: &KeyPair) -> Vec<(String, Vec<u8>)> {
    let (pem, spki, jwk) = (pair.pem(), pair.spki(), pair.jwk());
    let lines = pem.replace("\r\n", "\n");
    let text = |text: String| text.into_bytes();
    let mut known = vec![
        ("the PEM file".to_owned(), text(pem.clone())),
        ("the PEM file with LF".to_owned(), text(lines.clone())),
        ("the PEM file, trimmed".to_owned(), text(lines.trim_end().to_owned())),
        ("the body of the PEM file".to_owned(), text(STANDARD.encode(&spki))),
        ("the DER".to_owned(), spki.clone()),
        ("the key inside the DER".to_owned(), inner_key(&spki)),
        ("the JWK".to_owned(), text(jwk.to_string())),
        ("the JWK Set".to_owned(), text(json!({ "keys": [jwk] }).to_string())),
        ("nothing".to_owned(), Vec::new()),
        ("zeros".to_owned(), vec![0; 32]),
    ];
    for (name, value) in jwk.as_object().unwrap() {
        let value = value.as_str().unwrap();
        known.push((format!("the text of `{name}`"), text(value.to_owned())));
        if let Ok(bytes) = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(value) {
            known.push((format!("the bytes of `{name}`"), bytes));
        }
    }
    known
}

/// The content of the bit string that ends a `SubjectPublicKeyInfo`.
fn inner_key(spki: &[u8]) -> Vec<u8> {
    let length = match spki.len() {
        44 => 32,
        91 => 65,
        120 => 97,
        158 => 133,
        294 => 270,
        other => panic!("an SPKI of {other} bytes"),
    };
    spki[spki.len() - length..].to_vec()
}

async fn refuses_forgeries(name: &str, issuer: TrustedIssuer, pair: &KeyPair) {
    let judge = judge(issuer).await;
    judge.accepts(name, &json_token(pair.algorithm, &json!({}), &json!({})).compact()).await;
    for algorithm in HMACS {
        for (secret, bytes) in known_of(pair) {
            for header in [json!({}), json!({ "kid": "main" }), json!({ "typ": "JWT" })] {
                let token = forged(algorithm, &header, &bytes);
                let case = format!("{algorithm} with {secret}, {header}, at {name}");
                judge.refuses(case, &token, AlgorithmNotAllowed).await;
            }
        }
    }
}

/// The same public key as a server may have been given it.
fn spellings(pair: &KeyPair) -> Vec<(&'static str, StaticKeys)> {
    let algorithm = pair.algorithm;
    let set = |jwk| StaticKeys::from_jwks(json!({ "keys": [jwk] }).to_string()).unwrap();
    vec![
        ("a server with PEM", StaticKeys::from_pem(algorithm, pair.pem()).unwrap()),
        ("a server with DER", StaticKeys::from_der(algorithm, pair.spki()).unwrap()),
        ("a server with a JWK Set", set(pair.jwk())),
        ("a server with a JWK that has no alg", set(pair.jwk_with(&json!({ "alg": null })))),
    ]
}

#[tokio::test]
async fn the_public_rsa_key_is_no_secret() {
    let pair = key(Algorithm::RS256);
    for (name, keys) in spellings(pair) {
        refuses_forgeries(name, standard(keys), pair).await;
    }
    let decoding = DecodingKey::from_rsa_pem(pair.pem().as_bytes()).unwrap();
    let decoding = VerifyingKey::from_decoding_key(Algorithm::RS256, &decoding).unwrap();
    let keys = StaticKeys::new([decoding]).unwrap();
    refuses_forgeries("a server with a DecodingKey", standard(keys), pair).await;
}

#[tokio::test]
async fn the_public_ec_key_is_no_secret() {
    for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512] {
        for (name, keys) in spellings(key(algorithm)) {
            refuses_forgeries(name, standard(keys), key(algorithm)).await;
        }
    }
}

#[tokio::test]
async fn the_public_ed25519_key_is_no_secret() {
    for (name, keys) in spellings(key(Algorithm::Ed25519)) {
        refuses_forgeries(name, standard(keys), key(Algorithm::Ed25519)).await;
    }
}

/// Even where the allow-list names HMAC: no key here has it.
#[tokio::test]
async fn an_allow_list_that_names_hmac_makes_no_secret_of_a_public_key() {
    let pair = key(Algorithm::RS256);
    for (name, keys) in spellings(pair) {
        let issuer = standard(keys).algorithms([Algorithm::RS256, Algorithm::HS256]);
        refuses_forgeries(name, issuer, pair).await;
    }
}

/// A server with a secret of its own beside a public key: the names of the keys cannot be swapped.
#[tokio::test]
async fn a_public_key_beside_a_secret_does_not_become_one() {
    let pair = key(Algorithm::RS256);
    let secret = VerifyingKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    let keys = [pair.verifying().with_kid("public"), secret.with_kid("secret")];
    let judge = judge(standard(StaticKeys::new(keys).unwrap())).await;
    let cases: [(_, TokenErrorKind); 4] = [
        (json!({ "kid": "public" }), UnknownKey),
        (json!({ "kid": "secret" }), InvalidSignature),
        (json!({}), InvalidSignature),
        (json!({ "kid": "other" }), UnknownKey),
    ];
    for (header, kind) in cases {
        for (secret, bytes) in known_of(pair) {
            let case = format!("{header} with {secret}");
            judge.refuses(case, &forged(Algorithm::HS256, &header, &bytes), kind).await;
        }
    }
    let honest = json_token(Algorithm::HS256, &json!({ "kid": "secret" }), &json!({})).compact();
    judge.accepts("the secret itself", &honest).await;
}

/// A resolver of the user's own that looks at nothing: the key knows its algorithm.
#[tokio::test]
async fn a_careless_resolver_cannot_confuse_algorithms() {
    for ours in [Algorithm::RS256, Algorithm::ES256, Algorithm::Ed25519] {
        let pair = key(ours);
        let careless = resolver_fn_sync(move |_| Ok(pair.verifying()));
        refuses_forgeries("a careless resolver", standard(careless), pair).await;
    }
}

/// The other way round: a token signed with a key pair, where the server holds a secret.
#[tokio::test]
async fn a_server_with_a_secret_takes_no_public_key_token() {
    let judge = judge_with(VerifyingKey::from_secret(Algorithm::HS256, SECRET).unwrap()).await;
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::Ed25519] {
        let jwk = key(algorithm).jwk();
        let token = json_token(algorithm, &json!({ "jwk": jwk }), &json!({})).compact();
        judge.refuses(algorithm, &token, AlgorithmNotAllowed).await;
    }
}

/// One RSA key can sign both ways; the server took it for one of them.
#[tokio::test]
async fn rsa_padding_schemes_are_not_interchangeable() {
    let rsa = [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ];
    for ours in rsa {
        let set = json!({ "keys": [key(ours).jwk()] }).to_string();
        let judge = judge(standard(StaticKeys::from_jwks(set).unwrap())).await;
        for theirs in rsa.into_iter().filter(|theirs| *theirs != ours) {
            let honest = json_token(theirs, &json!({}), &json!({})).compact();
            judge.refuses(format!("{theirs} at {ours}"), &honest, AlgorithmNotAllowed).await;
            let lying = json_token(ours, &json!({}), &json!({})).signed_as(theirs).compact();
            judge.refuses(format!("{theirs} as {ours}"), &lying, InvalidSignature).await;
        }
    }
}
