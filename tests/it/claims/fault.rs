//! Which claim an error is about: a word of ours, and none that a token brings.

use super::{trusted, with};
use crate::support::{claims, token, verifiers};
use serde_json::json;
use tower_bearer::{TokenError, TokenErrorKind as Kind};

/// What is wrong with a token of these claims.
async fn fault(payload: &str) -> TokenError {
    let verifier = verifiers::new(trusted()).unwrap();
    verifiers::verify(&verifier, &token().payload(payload).compact()).await.unwrap_err()
}

/// Good claims, with this member before and that one behind them.
fn around(first: &str, last: &str) -> String {
    let good = claims(&json!({ "nbf": 1, "jti": "a", "client_id": "a" })).to_string();
    let good = good.trim_matches(['{', '}']);
    let members: Vec<_> = [first, good, last].into_iter().filter(|m| !m.is_empty()).collect();
    format!("{{{}}}", members.join(","))
}

#[tokio::test]
async fn a_registered_claim_of_another_type_is_named() {
    let values = [
        ("iss", &["7", "null", "[]"][..]),
        ("sub", &["7", "null", "{}", "[\"ada\"]"]),
        ("aud", &["5", "null", "{}", "[7]", "[\"https://api.example\",null]"]),
        ("exp", &["\"x\"", "null", "-1", "[1]"]),
        ("nbf", &["\"1\"", "null", "true"]),
        ("iat", &["{}", "null", "-0.5"]),
        ("jti", &["7", "null"]),
        ("client_id", &["7", "null"]),
    ];
    for (name, values) in values {
        for value in values {
            let others = claims(&json!({ name: null })).to_string();
            let others = others.trim_matches(['{', '}']);
            for payload in [
                format!(r#"{{"{name}":{value},{others}}}"#),
                format!(r#"{{{others},"{name}":{value}}}"#),
                // Another one that is good, and one that is nobody's, stand before it.
                format!(r#"{{"cnf":{{}},"{name}s":7,"{name}":{value},{others}}}"#),
            ] {
                let error = fault(&payload).await;
                assert_eq!(
                    (error.kind(), error.claim()),
                    (Kind::InvalidClaim, Some(name)),
                    "{payload}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_registered_claim_that_stands_twice_is_named() {
    for (name, again) in [
        ("iss", r#""iss":"https://issuer.example""#),
        ("sub", r#""sub":"ada""#),
        ("sub", r#""\u0073ub":"ada""#),
        ("aud", r#""aud":[]"#),
        ("exp", r#""exp":9999999999"#),
        ("nbf", r#""nbf":1"#),
        ("iat", r#""i\u0061t":1"#),
        ("jti", r#""jti":"a""#),
        ("client_id", r#""client_id":"a""#),
    ] {
        let error = fault(&around("", again)).await;
        assert_eq!((error.kind(), error.claim()), (Kind::InvalidClaim, Some(name)), "{again}");
    }
    let error = fault(&around(r#""cnf":{}"#, r#""cnf":{}"#)).await;
    assert_eq!((error.kind(), error.claim()), (Kind::InvalidClaim, Some("cnf")));
}

#[tokio::test]
async fn a_name_that_the_token_brings_is_not() {
    for (first, last) in [
        (r#""secret":1"#, r#""secret":2"#),
        (r#""secret":1,"exp2":"x""#, r#""secret":2"#),
        ("", r#""a":"$serde_json::private::Number""#),
    ] {
        let error = fault(&around(first, last)).await;
        assert_eq!((error.kind(), error.claim()), (Kind::InvalidClaim, None), "{first} {last}");
    }
    let error = fault("[]").await;
    assert_eq!((error.kind(), error.claim()), (Kind::InvalidClaim, None), "no object");
    let error = fault(r#"{"sub":"#).await;
    assert_eq!((error.kind(), error.claim()), (Kind::Malformed, None), "no JSON");
}

#[tokio::test]
async fn an_error_says_it_and_a_client_is_not_told() {
    let judge = super::Judge::of(trusted()).await;
    let token = with(&json!({ "exp": "soon" }));
    judge.refuses("a wrong date", &token, Kind::InvalidClaim).await;
    let error = judge.verifier.verify(&token).await.unwrap_err();
    assert_eq!(error.to_string(), r#"a claim has a wrong type or value: "exp""#);
}
