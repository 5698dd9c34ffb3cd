//! Which of several keys verifies a token (RFC 7515 §4.1.4).

use serde_json::{Value, json};
use tower_bearer::{
    Algorithm::{self, ES256, ES384, HS256, PS256, RS256},
    StaticKeys,
    TokenErrorKind::{self, InvalidSignature, UnknownKey},
    VerifyingKey,
};

use super::{Judge, judge};
use crate::support::{KeyPair, json_token, key, standard};

async fn with_keys(keys: impl IntoIterator<Item = VerifyingKey>) -> Judge {
    judge(standard(StaticKeys::new(keys).unwrap())).await
}

/// A token of this key that names this `kid`; `null` names none.
fn named(pair: &KeyPair, kid: &Value) -> String {
    json_token(pair.algorithm, &json!({ "kid": kid }), &json!({})).signed_by(pair)
}

async fn table(judge: &Judge, cases: &[(&str, &KeyPair, Value, Result<(), TokenErrorKind>)]) {
    for (name, pair, kid, expected) in cases {
        let token = named(pair, kid);
        match expected {
            Ok(()) => drop(judge.accepts(name, &token).await),
            Err(kind) => judge.refuses(name, &token, *kind).await,
        }
    }
}

#[tokio::test]
async fn a_kid_names_one_key_and_only_that_one_is_tried() {
    let (a, b) = (KeyPair::generate(ES256), KeyPair::generate(ES256));
    let judge = with_keys([a.verifying().with_kid("a"), b.verifying().with_kid("b")]).await;
    table(
        &judge,
        &[
            ("a by its name", &a, json!("a"), Ok(())),
            ("b by its name", &b, json!("b"), Ok(())),
            ("a's token under b's name", &a, json!("b"), Err(InvalidSignature)),
            ("b's token under a's name", &b, json!("a"), Err(InvalidSignature)),
            ("a name nobody has", &a, json!("c"), Err(UnknownKey)),
            ("another case", &a, json!("A"), Err(UnknownKey)),
            ("a space behind", &a, json!("a "), Err(UnknownKey)),
            ("a zero byte behind", &a, json!("a\u{0}"), Err(UnknownKey)),
            ("a path", &a, json!("../a"), Err(UnknownKey)),
            ("empty", &a, json!(""), Err(UnknownKey)),
            ("no name, two compatible keys", &a, json!(null), Err(UnknownKey)),
        ],
    )
    .await;
}

#[tokio::test]
async fn escapes_in_a_kid_are_resolved() {
    let pair = key(ES256);
    let judge = with_keys([pair.verifying().with_kid("Ä/\"1")]).await;
    for kid in [r#"Ä/\"1"#, r"\u00c4\/\u0022\u0031"] {
        let header = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
        let token = json_token(ES256, &json!({}), &json!({})).header(&header).compact();
        judge.accepts(&header, &token).await;
    }
}

#[tokio::test]
async fn without_a_kid_the_one_compatible_key_is_taken() {
    let (es256, es384) = (key(ES256), key(ES384));
    let one = with_keys([es256.verifying().with_kid("a"), es384.verifying().with_kid("b")]).await;
    table(
        &one,
        &[
            ("the one for ES256", es256, json!(null), Ok(())),
            ("the one for ES384", es384, json!(null), Ok(())),
        ],
    )
    .await;
    let second = KeyPair::generate(ES256);
    let keys = [es256.verifying().with_kid("a"), second.verifying().with_kid("c")];
    let two = with_keys(keys.into_iter().chain([es384.verifying().with_kid("b")])).await;
    table(
        &two,
        &[
            ("first of two", es256, json!(null), Err(UnknownKey)),
            ("second of two", &second, json!(null), Err(UnknownKey)),
            ("still the one for ES384", es384, json!(null), Ok(())),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_named_key_does_not_answer_to_another_name_though_it_is_alone() {
    let judge = with_keys([key(ES256).verifying().with_kid("a")]).await;
    table(
        &judge,
        &[
            ("its name", key(ES256), json!("a"), Ok(())),
            ("no name", key(ES256), json!(null), Ok(())),
            ("another name", key(ES256), json!("b"), Err(UnknownKey)),
            ("the empty name", key(ES256), json!(""), Err(UnknownKey)),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_key_without_a_name_answers_to_any_kid_if_it_is_the_only_one_of_its_algorithm() {
    let alone = with_keys([key(ES256).verifying(), key(ES384).verifying().with_kid("b")]).await;
    table(
        &alone,
        &[
            ("any name", key(ES256), json!("whatever"), Ok(())),
            ("no name", key(ES256), json!(null), Ok(())),
            ("the empty name", key(ES256), json!(""), Ok(())),
            ("a name another algorithm's key has", key(ES256), json!("b"), Ok(())),
            ("a named key of another algorithm", key(ES384), json!("whatever"), Err(UnknownKey)),
        ],
    )
    .await;
    let second = KeyPair::generate(ES256);
    let keys = [key(ES256).verifying(), second.verifying().with_kid("second")];
    let beside_a_named_one = with_keys(keys).await;
    table(
        &beside_a_named_one,
        &[
            ("a name nobody has", key(ES256), json!("whatever"), Err(UnknownKey)),
            ("no name", key(ES256), json!(null), Err(UnknownKey)),
            ("the named one", &second, json!("second"), Ok(())),
            ("under the named one's name", key(ES256), json!("second"), Err(InvalidSignature)),
        ],
    )
    .await;
    let unnamed = [key(ES256).verifying(), second.verifying()];
    assert!(StaticKeys::new(unnamed).is_err(), "two without names could never be told apart");
    // A set that somebody else wrote is taken as it is.
    let set = json!({ "keys": [key(ES256).jwk(), second.jwk()] }).to_string();
    let two_without_names = judge(standard(StaticKeys::from_jwks(set).unwrap())).await;
    table(
        &two_without_names,
        &[
            ("a name", key(ES256), json!("whatever"), Err(UnknownKey)),
            ("no name at all", key(ES256), json!(null), Err(UnknownKey)),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_secret_without_a_name_answers_to_any_kid() {
    let judge = with_keys([key(HS256).verifying(), key(RS256).verifying().with_kid("rsa")]).await;
    table(
        &judge,
        &[
            ("any name", key(HS256), json!("2026-01"), Ok(())),
            ("the name of the RSA key", key(HS256), json!("rsa"), Ok(())),
            ("no name", key(HS256), json!(null), Ok(())),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_name_belongs_to_a_key_and_its_algorithm() {
    let keys = [ES256, ES384, RS256, PS256, HS256, Algorithm::Ed25519];
    let judge = with_keys(keys.map(|it| key(it).verifying().with_kid("same"))).await;
    for algorithm in keys {
        judge.accepts(algorithm, &named(key(algorithm), &json!("same"))).await;
        judge.refuses(algorithm, &named(key(algorithm), &json!("other")), UnknownKey).await;
    }
    let names = [(ES256, "ec"), (RS256, "rsa")];
    let judge = with_keys(names.map(|(it, kid)| key(it).verifying().with_kid(kid))).await;
    judge
        .refuses("ES256 under the RSA key's name", &named(key(ES256), &json!("rsa")), UnknownKey)
        .await;
    judge
        .refuses("RS256 under the EC key's name", &named(key(RS256), &json!("ec")), UnknownKey)
        .await;
}
