//! Which algorithms there are, and that each key verifies exactly one (RFC 7518 §3.1, RFC 8037).

use jsonwebtoken::{DecodingKey, jwk::Jwk};
use serde_json::json;
use tower_bearer::{Algorithm, StaticKeys, TokenErrorKind, VerifyingKey};

use super::{cut, encode, es256, judge, judge_with, resigned, signature_of};
use crate::support::{KeyPair, SECRET, claims, json_token, key, standard, token};

/// Each algorithm with its key in one spelling, judged over HTTP.
async fn each_algorithm(
    spelling: &str,
    algorithms: impl IntoIterator<Item = Algorithm>,
    read: impl Fn(&KeyPair) -> VerifyingKey,
) {
    for algorithm in algorithms {
        let verifying = read(key(algorithm));
        assert_eq!(verifying.algorithm(), algorithm);
        let (judge, case) = (judge_with(verifying).await, format!("{algorithm} from {spelling}"));
        let good = json_token(algorithm, &json!({}), &json!({})).compact();
        judge.accepts(&case, &good).await;
        let signature = signature_of(&good);
        for bit in [0, signature.len() * 4, signature.len() * 8 - 1] {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let case = format!("{case}, bit {bit} flipped");
            judge.refuses(case, &resigned(&good, &flipped), TokenErrorKind::InvalidSignature).await;
        }
        let other = json_token(algorithm, &json!({}), &json!({ "sub": "eve" })).compact();
        let case = format!("{case}, signature of another token");
        judge
            .refuses(
                case,
                &resigned(&good, &signature_of(&other)),
                TokenErrorKind::InvalidSignature,
            )
            .await;
    }
}

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric())
}

fn symmetric() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_symmetric())
}

#[tokio::test]
async fn every_public_key_algorithm_verifies_with_a_pem_file() {
    each_algorithm("PEM", asymmetric(), |pair| {
        VerifyingKey::from_pem(pair.algorithm, pair.pem()).unwrap()
    })
    .await;
}

#[tokio::test]
async fn every_public_key_algorithm_verifies_with_der() {
    each_algorithm("DER", asymmetric(), |pair| {
        VerifyingKey::from_der(pair.algorithm, pair.spki()).unwrap()
    })
    .await;
}

#[tokio::test]
async fn every_hmac_verifies_with_a_secret() {
    each_algorithm("a secret", symmetric(), |pair| {
        VerifyingKey::from_secret(pair.algorithm, SECRET).unwrap()
    })
    .await;
}

#[tokio::test]
async fn every_algorithm_verifies_with_a_jwk() {
    each_algorithm("JWK", Algorithm::ALL, |pair| {
        // `jsonwebtoken` has no name for ES512: there the curve says it.
        let jwk = match pair.algorithm {
            Algorithm::ES512 | Algorithm::Ed25519 => pair.jwk_with(&json!({ "alg": null })),
            _ => pair.jwk(),
        };
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        VerifyingKey::from_jwk(pair.algorithm, &jwk).unwrap()
    })
    .await;
}

#[tokio::test]
async fn every_algorithm_verifies_with_a_key_of_a_set() {
    let all: Vec<_> = Algorithm::ALL.iter().map(|it| key(*it).jwk()).collect();
    let keys = StaticKeys::from_jwks(json!({ "keys": all }).to_string()).unwrap();
    assert!(keys.skipped().is_empty(), "{:?}", keys.skipped());
    let judge = judge(standard(keys)).await;
    for algorithm in Algorithm::ALL {
        let good = json_token(algorithm, &json!({}), &json!({})).compact();
        judge.accepts(algorithm, &good).await;
    }
}

#[tokio::test]
async fn every_algorithm_verifies_with_a_decoding_key_of_jsonwebtoken() {
    each_algorithm("DecodingKey", Algorithm::ALL, |pair| {
        let key = match pair.algorithm {
            Algorithm::ES256 | Algorithm::ES384 | Algorithm::ES512 => {
                DecodingKey::from_ec_der(&pair.spki())
            }
            Algorithm::Ed25519 => DecodingKey::from_ed_pem(pair.pem().as_bytes()).unwrap(),
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
                DecodingKey::from_secret(SECRET)
            }
            Algorithm::RS256 | Algorithm::PS256 => {
                DecodingKey::from_rsa_pem(pair.pem().as_bytes()).unwrap()
            }
            _ => {
                let jwk = pair.jwk();
                let text = |name: &str| jwk[name].as_str().unwrap().to_owned();
                DecodingKey::from_rsa_components(&text("n"), &text("e")).unwrap()
            }
        };
        VerifyingKey::from_decoding_key(pair.algorithm, &key).unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_key_verifies_its_one_algorithm_and_no_other() {
    for ours in Algorithm::ALL {
        let judge = judge_with(key(ours).verifying()).await;
        for other in Algorithm::ALL.into_iter().filter(|other| *other != ours) {
            let named = json_token(other, &json!({}), &json!({}));
            let cases = [
                ("signed by it", named.compact()),
                ("signed by our key", named.signed_as(ours).compact()),
            ];
            for (name, token) in cases {
                let case = format!("{other} {name}, at a server of {ours}");
                judge.refuses(case, &token, TokenErrorKind::AlgorithmNotAllowed).await;
            }
            let lying = json_token(ours, &json!({}), &json!({})).signed_as(other).compact();
            let case = format!("{other} that says {ours}");
            judge.refuses(case, &lying, TokenErrorKind::InvalidSignature).await;
        }
    }
}

#[tokio::test]
async fn eddsa_and_ed25519_are_two_names_of_one_algorithm() {
    let pair = key(Algorithm::Ed25519);
    for declared in [json!("EdDSA"), json!("Ed25519"), json!(null)] {
        let set = json!({ "keys": [pair.jwk_with(&json!({ "alg": declared }))] }).to_string();
        let judge = judge(standard(StaticKeys::from_jwks(set).unwrap())).await;
        for name in ["EdDSA", "Ed25519"] {
            let token = json_token(pair.algorithm, &json!({ "alg": name }), &json!({})).compact();
            judge.accepts(format!("a key of {declared}, a token of {name}"), &token).await;
        }
        for name in ["eddsa", "EDDSA", "ed25519", "Ed448"] {
            let token = json_token(pair.algorithm, &json!({ "alg": name }), &json!({})).compact();
            judge.refuses(name, &token, TokenErrorKind::AlgorithmNotAllowed).await;
        }
    }
}

/// `none` in all 16 cases.
fn spellings_of_none() -> impl Iterator<Item = String> {
    (0..16u8).map(|upper| {
        let letter = |(at, letter): (usize, char)| match upper >> at & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        "none".chars().enumerate().map(letter).collect()
    })
}

#[tokio::test]
async fn none_is_refused_in_every_spelling_with_and_without_a_signature() {
    let judge = es256().await;
    let also = ["none ", " none", "non\u{0}e", "null", "unsecured", "nοne"].map(str::to_owned);
    for name in spellings_of_none().chain(also) {
        let none = json_token(Algorithm::ES256, &json!({ "alg": name }), &json!({}));
        let signed = none.compact();
        let [header, payload, _] = cut(&signed);
        let cases = [
            ("signed all the same", signed.clone(), TokenErrorKind::AlgorithmNotAllowed),
            ("zeros", none.with_signature(&[0; 64]), TokenErrorKind::AlgorithmNotAllowed),
            ("empty signature", format!("{header}.{payload}."), TokenErrorKind::Malformed),
            ("no signature", format!("{header}.{payload}"), TokenErrorKind::Malformed),
        ];
        for (case, token, kind) in cases {
            judge.refuses(format!("{name:?}, {case}"), &token, kind).await;
        }
    }
    let escaped = token().header(br#"{"alg":"n\u006fne"}"#).compact();
    judge.refuses("escaped", &escaped, TokenErrorKind::AlgorithmNotAllowed).await;
}

#[tokio::test]
async fn an_unknown_algorithm_is_refused_though_the_signature_is_good() {
    let judge = es256().await;
    let names = [
        "",
        " ",
        "es256",
        "Es256",
        "ES256 ",
        " ES256",
        "ES256\u{0}",
        "ES",
        "ES256K",
        "ES255",
        "ES2560",
        "ECDSA",
        "HS1",
        "RS1",
        "RSA",
        "RSA-OAEP",
        "A128KW",
        "dir",
        "ECDH-ES",
        "ML-DSA-44",
        "ESP256",
        "SHA256withECDSA",
        "ES256,none",
        "*",
    ];
    for name in names {
        let token = json_token(Algorithm::ES256, &json!({ "alg": name }), &json!({})).compact();
        judge.refuses(format!("{name:?}"), &token, TokenErrorKind::AlgorithmNotAllowed).await;
    }
}

#[tokio::test]
async fn an_unknown_algorithm_is_refused_by_a_server_that_trusts_a_secret_too() {
    let judge = judge_with(key(Algorithm::HS256).verifying()).await;
    for name in ["none", "hs256", "HS", "HS128", "HMAC", "A256GCM"] {
        let token = json_token(Algorithm::HS256, &json!({ "alg": name }), &json!({})).compact();
        judge.refuses(name, &token, TokenErrorKind::AlgorithmNotAllowed).await;
    }
}

#[tokio::test]
async fn the_allow_list_of_an_issuer_cuts_what_its_keys_could_do() {
    let keys = || {
        let pairs = [Algorithm::ES256, Algorithm::RS256, Algorithm::PS256, Algorithm::HS256];
        StaticKeys::new(pairs.map(|it| key(it).verifying())).unwrap()
    };
    let allowed = [Algorithm::ES256, Algorithm::PS256, Algorithm::ES512];
    let judge = judge(standard(keys()).algorithms(allowed)).await;
    for (algorithm, accepted) in [
        (Algorithm::ES256, true),
        (Algorithm::PS256, true),
        (Algorithm::RS256, false),
        (Algorithm::HS256, false),
        (Algorithm::ES512, false),
    ] {
        let token = json_token(algorithm, &json!({}), &json!({})).compact();
        if accepted {
            judge.accepts(algorithm, &token).await;
        } else {
            judge.refuses(algorithm, &token, TokenErrorKind::AlgorithmNotAllowed).await;
        }
    }
}

#[tokio::test]
async fn header_and_payload_are_both_under_the_signature() {
    let judge = es256().await;
    let good = token().compact();
    judge.accepts("as signed", &good).await;
    let [header, payload, signature] = cut(&good);
    let other_header = encode(br#"{"typ":"at+jwt","alg":"ES256"}"#);
    let other_payload = encode(claims(&json!({ "sub": "eve" })).to_string());
    for (name, token) in [
        ("another header", format!("{other_header}.{payload}.{signature}")),
        ("another payload", format!("{header}.{other_payload}.{signature}")),
    ] {
        judge.refuses(name, &token, TokenErrorKind::InvalidSignature).await;
    }
    let stranger = token_of_a_stranger();
    judge.refuses("another key", &stranger, TokenErrorKind::InvalidSignature).await;
}

fn token_of_a_stranger() -> String {
    token().signed_by(&KeyPair::generate(Algorithm::ES256))
}
