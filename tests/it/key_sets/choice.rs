//! Keys that do not say what they are for, and keys that share a name (RFC 7517 §4.4, §4.5).

use serde_json::json;
use tower_bearer::{
    Algorithm::{
        self, ES256, ES384, ES512, Ed25519, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384,
        RS512,
    },
    StaticKeys,
    TokenErrorKind::{AlgorithmNotAllowed, InvalidSignature, UnknownKey},
    TrustedIssuer, VerifyingKey,
};

use super::read;
use crate::support::verifiers;
use crate::{
    jws::{encode, judge},
    support::{KeyPair, SECRET, json_token, key, standard},
};

const RSA: [Algorithm; 6] = [PS256, PS384, PS512, RS256, RS384, RS512];

/// The key of this algorithm as a JWK that does not name the algorithm.
fn undeclared(algorithm: Algorithm) -> StaticKeys {
    read(&[key(algorithm).jwk_with(&json!({ "alg": null }))]).unwrap()
}

/// Exactly these algorithms are accepted, and the others are not allowed.
async fn assert_takes(
    name: &str,
    issuer: TrustedIssuer,
    among: &[Algorithm],
    expected: &[Algorithm],
) {
    let judge = judge(issuer).await;
    for algorithm in among {
        let token = json_token(*algorithm, &json!({}), &json!({})).compact();
        let case = format!("{name}, {algorithm}");
        if expected.contains(algorithm) {
            judge.accepts(case, &token).await;
        } else {
            judge.refuses(case, &token, AlgorithmNotAllowed).await;
        }
    }
}

#[tokio::test]
async fn a_curve_says_its_algorithm() {
    for algorithm in [ES256, ES384, ES512, Ed25519] {
        let issuer = standard(undeclared(algorithm));
        assert_takes("no alg", issuer, &Algorithm::ALL, &[algorithm]).await;
    }
}

#[tokio::test]
async fn an_rsa_key_that_declares_nothing_is_for_rs256() {
    assert_takes("no alg", standard(undeclared(RS256)), &Algorithm::ALL, &[RS256]).await;
}

#[tokio::test]
async fn an_rsa_key_that_declares_nothing_is_for_exactly_what_the_issuer_allows() {
    for allowed in [&[PS256, RS512][..], &[PS384], &RSA, &[RS256], &[RS384, ES256]] {
        let issuer = standard(undeclared(RS256)).algorithms(allowed.iter().copied());
        assert_takes(&format!("{allowed:?}"), issuer, &RSA, allowed).await;
    }
}

#[tokio::test]
async fn an_rsa_key_is_for_what_it_declares_and_nothing_else() {
    for declared in RSA {
        let keys = || read(&[key(declared).jwk()]).unwrap();
        assert_takes("declared", standard(keys()), &Algorithm::ALL, &[declared]).await;
        assert_takes("all allowed", standard(keys()).algorithms(Algorithm::ALL), &RSA, &[declared])
            .await;
    }
}

#[tokio::test]
async fn a_secret_that_declares_nothing_is_for_hs256_or_what_the_issuer_allows() {
    let hmac = [HS256, HS384, HS512];
    assert_takes("no alg", standard(undeclared(HS256)), &hmac, &[HS256]).await;
    for allowed in [&[HS512][..], &[HS384, HS512], &hmac] {
        let issuer = standard(undeclared(HS256)).algorithms(allowed.iter().copied());
        assert_takes(&format!("{allowed:?}"), issuer, &hmac, allowed).await;
    }
}

/// A secret that declares nothing is only for the hashes it is long enough for.
#[test]
fn a_short_secret_is_not_stretched_to_a_longer_hash() {
    for (length, allowed, fits) in [
        (32, HS256, true),
        (47, HS384, false),
        (48, HS384, true),
        (63, HS512, false),
        (64, HS512, true),
    ] {
        let secret = json!({ "kty": "oct", "k": encode(&SECRET[..length]) });
        let issuer = standard(read(&[secret]).unwrap()).algorithms([allowed]);
        assert_eq!(verifiers::new(issuer).is_ok(), fits, "{length} bytes for {allowed}");
    }
}

#[test]
fn an_allow_list_that_leaves_nothing_is_refused_when_it_is_built() {
    let cases = [
        ("another algorithm", undeclared(ES256), vec![ES384]),
        ("HMAC for a public key", undeclared(RS256), vec![HS256]),
        ("nothing", undeclared(ES256), vec![]),
        ("another of RSA", read(&[key(RS256).jwk()]).unwrap(), vec![RS512, PS256]),
    ];
    for (name, keys, allowed) in cases {
        let error = verifiers::new(standard(keys).algorithms(allowed)).unwrap_err().to_string();
        assert!(error.contains("no algorithm is left"), "{name}: {error}");
    }
}

#[test]
fn only_rsa_keys_and_secrets_of_a_set_are_not_declared() {
    let jwk = |algorithm, alg: &str| {
        let jwk = key(algorithm).jwk_with(&json!({ "alg": alg }));
        serde_json::from_value::<jsonwebtoken::jwk::Jwk>(jwk).unwrap()
    };
    let declared = VerifyingKey::from_jwk(PS256, &jwk(PS256, "PS256")).unwrap();
    assert!(declared.is_declared() && declared.algorithm() == PS256);
    assert!(VerifyingKey::from_der(PS256, key(PS256).spki()).unwrap().is_declared());
}

#[tokio::test]
async fn one_name_on_keys_of_different_types_is_legal() {
    let kid = json!({ "kid": "same" });
    let keys =
        read(&[ES256, ES384, Ed25519, RS256, PS512].map(|it| key(it).jwk_with(&kid))).unwrap();
    assert!(keys.skipped().is_empty(), "{:?}", keys.skipped());
    let judge = judge(standard(keys)).await;
    for algorithm in [ES256, ES384, Ed25519, RS256, PS512] {
        judge.accepts(algorithm, &json_token(algorithm, &kid, &json!({})).compact()).await;
    }
}

#[tokio::test]
async fn of_two_keys_with_one_name_and_algorithm_the_first_stays() {
    let (first, second) = (KeyPair::generate(ES256), KeyPair::generate(ES256));
    let kid = json!({ "kid": "same" });
    let keys = read(&[first.jwk_with(&kid), second.jwk_with(&kid)]).unwrap();
    let [skipped] = keys.skipped() else { panic!("{:?}", keys.skipped()) };
    assert!(skipped.index() == 1 && skipped.reason().contains("same `kid`"), "{skipped}");
    let judge = judge(standard(keys)).await;
    let token = json_token(ES256, &kid, &json!({}));
    judge.accepts("first", &token.signed_by(&first)).await;
    judge.refuses("second", &token.signed_by(&second), InvalidSignature).await;
}

/// An RSA key that declares nothing yields to the one that was declared before it, where they meet.
#[tokio::test]
async fn a_declared_key_is_not_replaced_by_one_that_declares_nothing() {
    let ours = key(RS256).jwk_with(&json!({ "kid": "same" }));
    let other =
        json!({ "kty": "RSA", "kid": "same", "n": encode(super::modulus(2048)), "e": "AQAB" });
    let keys = read(&[ours, other]).unwrap();
    let judge = judge(standard(keys)).await;
    let kid = json!({ "kid": "same" });
    judge.accepts("declared", &json_token(RS256, &kid, &json!({})).compact()).await;
}

#[tokio::test]
async fn keys_of_a_set_without_names_are_told_apart_by_algorithm_alone() {
    let keys = read(&[key(ES256).jwk(), key(ES384).jwk()]).unwrap();
    let judge = judge(standard(keys)).await;
    for algorithm in [ES256, ES384] {
        for kid in [json!(null), json!("any")] {
            let token = json_token(algorithm, &json!({ "kid": kid }), &json!({})).compact();
            judge.accepts(format!("{algorithm}, {kid}"), &token).await;
        }
    }
    let second = KeyPair::generate(ES256);
    let keys = read(&[key(ES256).jwk(), second.jwk()]).unwrap();
    assert!(keys.skipped().is_empty(), "two keys, neither named: both stay");
    let two = crate::jws::judge(standard(keys)).await;
    for kid in [json!(null), json!("any")] {
        let token = json_token(ES256, &json!({ "kid": kid }), &json!({})).compact();
        two.refuses(kid, &token, UnknownKey).await;
    }
}

#[test]
fn the_same_name_twice_is_refused_when_static_keys_are_built() {
    let named = |algorithm, kid: &str| key(algorithm).verifying().with_kid(kid);
    let error = StaticKeys::new([named(ES256, "a"), named(ES256, "a")]).unwrap_err().to_string();
    assert!(error.contains("same `kid`"), "{error}");
    let apart = [named(ES256, "a"), named(ES384, "a"), named(RS256, "a"), named(ES256, "b")];
    assert!(StaticKeys::new(apart).is_ok());
    let error = StaticKeys::new([]).unwrap_err().to_string();
    assert!(error.contains("no key"), "{error}");
}
