//! What a handler reads of a token: the registered claims, and all others.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, Claims, JwtLayer, NumericDate, StaticKeys, TrustedIssuer, VerifiedToken,
};

use super::trusted;
use crate::support::{
    AUDIENCE, App, ISSUER, NOW, Token, json_token, key, standard, token, verifiers,
};

/// All that a token says of itself.
async fn show(token: VerifiedToken) -> Json<Value> {
    let seconds = |date: Option<NumericDate>| date.map(NumericDate::as_secs_f64);
    Json(json!({
        "issuer": token.issuer(),
        "subject": token.subject(),
        "audience": token.audience().collect::<Vec<_>>(),
        "expires_at": seconds(token.expires_at()),
        "not_before": seconds(token.not_before()),
        "issued_at": seconds(token.issued_at()),
        "jwt_id": token.jwt_id(),
        "client_id": token.client_id(),
        "scopes": token.scopes().iter().collect::<Vec<_>>(),
        "algorithm": token.algorithm().name(),
        "key_id": token.key_id(),
        "payload": token.payload(),
    }))
}

/// What [`show`] sees of this token.
async fn shown(issuer: TrustedIssuer, token: &Token) -> Value {
    let layer = JwtLayer::new(verifiers::new(issuer).unwrap());
    let app = App::serve(Router::new().route("/", get(show)).route_layer(layer)).await;
    let reply = app.get(&token.compact()).await;
    reply.assert_accepted("shown");
    reply.claims()
}

#[tokio::test]
async fn every_registered_claim_has_its_method() {
    let payload = format!(
        r#" {{"iss":"{ISSUER}","sub":"ada","aud":["other","{AUDIENCE}"],"exp":1750000900.5,"nbf":1749999999,"iat":1.75e9,"jti":"id 1","client_id":"app","scope":"write read"}} "#
    );
    let seen = shown(trusted(), &token().payload(&payload)).await;
    let expected = json!({
        "issuer": ISSUER,
        "subject": "ada",
        "audience": ["other", AUDIENCE],
        "expires_at": 1_750_000_900.5,
        "not_before": 1_749_999_999.0,
        "issued_at": 1_750_000_000.0,
        "jwt_id": "id 1",
        "client_id": "app",
        "scopes": ["read", "write"],
        "algorithm": "ES256",
        "key_id": null,
        "payload": payload,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_is_not_there_is_none_and_never_empty_text() {
    let payload = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":9e9}}"#);
    let seen = shown(trusted(), &token().payload(payload)).await;
    for name in ["subject", "not_before", "issued_at", "jwt_id", "client_id", "key_id"] {
        assert_eq!(seen[name], Value::Null, "{name}");
    }
    assert_eq!(seen["scopes"], json!([]));
    assert_eq!(seen["audience"], json!([AUDIENCE]));
}

#[tokio::test]
async fn escapes_are_resolved_wherever_they_stand() {
    let payload = format!(
        r#"{{"\u0069ss":"https:\/\/issuer.example","sub":"\u0061d\"a\\ \ud834\udd1e\u0000","aud":["{AUDIENCE}","\u00e9"],"exp":9e9,"jti":"\n","client_id":"é","scp":["\u0061"]}}"#
    );
    let seen = shown(trusted(), &token().payload(payload)).await;
    assert_eq!(seen["issuer"], ISSUER);
    assert_eq!(seen["subject"], "ad\"a\\ \u{1d11e}\0");
    assert_eq!(seen["audience"], json!([AUDIENCE, "\u{e9}"]));
    assert_eq!(seen["jwt_id"], "\n");
    assert_eq!(seen["client_id"], "\u{e9}");
    assert_eq!(seen["scopes"], json!(["a"]));
}

#[tokio::test]
async fn scopes_are_those_of_scope_and_scp() {
    let cases = [
        ("none", json!({}), json!([])),
        ("scope", json!({ "scope": "b a" }), json!(["a", "b"])),
        ("scope as an array", json!({ "scope": ["b", "a"] }), json!(["a", "b"])),
        ("scp", json!({ "scp": ["b", "a"] }), json!(["a", "b"])),
        ("scp as a string", json!({ "scp": "b a" }), json!(["a", "b"])),
        ("both", json!({ "scope": "b a", "scp": ["c", "a"] }), json!(["a", "b", "c"])),
        ("spaces", json!({ "scope": "  a   b " }), json!(["a", "b"])),
        ("another white space is no separator", json!({ "scope": "a\tb" }), json!(["a\tb"])),
        ("a number", json!({ "scope": 1 }), json!([])),
    ];
    for (case, changes, expected) in cases {
        let token = json_token(Algorithm::ES256, &json!({}), &changes);
        assert_eq!(shown(trusted(), &token).await["scopes"], expected, "{case}");
    }
}

#[tokio::test]
async fn the_key_is_named_as_the_key_set_names_it() {
    let set = |kid: &str| {
        let jwk = key(Algorithm::ES256).jwk_with(&json!({ "kid": kid }));
        standard(StaticKeys::from_jwks(json!({ "keys": [jwk] }).to_string()).unwrap())
    };
    let escaped = token().header(r#"{"alg":"ES256","kid":"\u0032026"}"#);
    assert_eq!(shown(set("2026"), &escaped).await["key_id"], "2026", "escaped");
    assert_eq!(shown(set("2026"), &token()).await["key_id"], "2026", "the token names none");
    let nameless = shown(trusted(), &escaped).await;
    assert_eq!(nameless["key_id"], Value::Null, "the key has no name, whatever the token says");
}

#[tokio::test]
async fn the_algorithm_is_the_keys() {
    for algorithm in Algorithm::ALL {
        let issuer = standard(StaticKeys::new([key(algorithm).verifying()]).unwrap());
        let token = json_token(algorithm, &json!({}), &json!({}));
        assert_eq!(shown(issuer, &token).await["algorithm"], algorithm.name());
    }
    let issuer = standard(StaticKeys::new([key(Algorithm::Ed25519).verifying()]).unwrap());
    let token = json_token(Algorithm::Ed25519, &json!({ "alg": "EdDSA" }), &json!({}));
    assert_eq!(shown(issuer, &token).await["algorithm"], "Ed25519");
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct User {
    sub: String,
    roles: Vec<String>,
    exp: u64,
}

#[tokio::test]
async fn one_claim_is_read_as_any_type() {
    let changes = json!({ "roles": ["a"], "n": 5, "flag": false, "deep": { "x": [1] } });
    let token = json_token(Algorithm::ES256, &json!({}), &changes);
    let token = verifiers::new(trusted()).unwrap().verify(&token.compact()).await.unwrap();
    assert_eq!(token.claim::<Vec<String>>("roles"), Ok(Some(vec!["a".to_owned()])));
    assert_eq!(token.claim::<u8>("n"), Ok(Some(5)));
    assert_eq!(token.claim::<bool>("flag"), Ok(Some(false)));
    assert_eq!(token.claim::<Value>("deep"), Ok(Some(json!({ "x": [1] }))));
    assert_eq!(token.claim::<String>("sub"), Ok(Some("ada".to_owned())));
    assert_eq!(token.claim::<u64>("exp"), Ok(Some(NOW + 900)));
    assert_eq!(token.claim::<String>("absent"), Ok(None));
    assert_eq!(token.claim::<String>("x"), Ok(None), "a member of a member is no claim");
    let error = token.claim::<String>("n").unwrap_err();
    assert_eq!(error.field(), Some("n"));
}

#[tokio::test]
async fn a_claim_that_is_null_is_there() {
    let payload = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":9e9,"x":null}}"#);
    let token = token().payload(payload).compact();
    let token = verifiers::new(trusted()).unwrap().verify(&token).await.unwrap();
    assert_eq!(token.claim::<Value>("x"), Ok(Some(Value::Null)));
    assert_eq!(token.claim::<String>("x").unwrap_err().field(), Some("x"));
}

/// Whether extractor, extractor and method share one value.
async fn shares(first: Claims<User>, second: Claims<User>, token: VerifiedToken) -> Json<Value> {
    let third = token.claims::<User>().unwrap();
    let shared = Arc::ptr_eq(&first.0, &second.0) && Arc::ptr_eq(&first.0, &third);
    let clone = token.clone().claims::<User>().unwrap();
    let other = token.claims::<Value>().unwrap();
    Json(json!({
        "user": *third,
        "shared": shared,
        "shared with a clone": Arc::ptr_eq(&third, &clone),
        "other": *other,
        "still shared": Arc::ptr_eq(&third, &token.claims::<User>().unwrap()),
    }))
}

#[tokio::test]
async fn typed_claims_are_decoded_once_and_shared() {
    let layer = JwtLayer::new(verifiers::new(trusted()).unwrap());
    let app = App::serve(Router::new().route("/", get(shares)).route_layer(layer)).await;
    let token = json_token(Algorithm::ES256, &json!({}), &json!({ "roles": ["a"] }));
    let reply = app.get(&token.compact()).await;
    let user = User { sub: "ada".into(), roles: vec!["a".into()], exp: NOW + 900 };
    let all = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": NOW + 900, "iat": NOW, "roles": ["a"] });
    let expected = json!({
        "user": user,
        "shared": true,
        "shared with a clone": true,
        "other": all,
        "still shared": true,
    });
    assert_eq!(reply.claims(), expected);
}
