//! What kind of token it says it is (RFC 7515 §4.1.9, RFC 8725 §3.11, RFC 9068 §2).

use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, StaticKeys, TokenErrorKind::MissingClaim, TokenErrorKind::TypeNotAllowed,
    TrustedIssuer,
};

use super::{es256, judge};
use crate::support::{json_token, key, standard, verifiers};

fn issuer() -> TrustedIssuer {
    standard(StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap())
}

/// A good token of this type; `null` is no type at all.
fn typed(typ: &Value) -> String {
    json_token(Algorithm::ES256, &json!({ "typ": typ }), &json!({})).compact()
}

/// Tokens that the same issuer signs with the same key for other uses.
const OTHERS: [&str; 30] = [
    "dpop+jwt",
    "application/dpop+jwt",
    "logout+jwt",
    "Logout+JWT",
    "application/logout+jwt",
    "secevent+jwt",
    "application/secevent+jwt",
    "id_token",
    "it+jwt",
    "rt+jwt",
    "token-introspection+jwt",
    "client-authentication+jwt",
    "oauth-authz-req+jwt",
    "entity-statement+jwt",
    "kb+jwt",
    "vc+sd-jwt",
    "passport",
    "JOSE",
    "JOSE+JSON",
    "JWE",
    "JWS",
    "at+jwt;charset=utf-8",
    "at+jwt, JWT",
    "application/application/at+jwt",
    "text/at+jwt",
    "/at+jwt",
    "application/",
    "at jwt",
    "at+jwt\u{0}",
    "a\u{308}t+jwt",
];

#[tokio::test]
async fn access_tokens_and_plain_jwts_are_taken_in_any_case() {
    let judge = es256().await;
    for typ in [
        json!("at+jwt"),
        json!("AT+JWT"),
        json!("At+Jwt"),
        json!("application/at+jwt"),
        json!("APPLICATION/AT+JWT"),
        json!("Application/at+JWT"),
        json!("JWT"),
        json!("jwt"),
        json!("Jwt"),
        json!(null),
    ] {
        judge.accepts(&typ, &typed(&typ)).await;
    }
}

#[tokio::test]
async fn tokens_of_another_type_are_refused() {
    let judge = es256().await;
    let near =
        ["", " ", "at+jwt ", " at+jwt", "at-jwt", "at+jw", "xat+jwt", "JWT ", "JWTs", "\u{212a}WT"];
    for typ in OTHERS.into_iter().chain(near) {
        judge.refuses(format!("{typ:?}"), &typed(&json!(typ)), TypeNotAllowed).await;
    }
}

#[tokio::test]
async fn a_type_of_the_users_choice_is_the_only_one() {
    let judge = judge(issuer().typ("example+jwt")).await;
    for typ in ["example+jwt", "EXAMPLE+JWT", "application/example+jwt", "Application/Example+Jwt"]
    {
        judge.accepts(typ, &typed(&json!(typ))).await;
    }
    let others = [json!(null), json!("JWT"), json!("at+jwt"), json!(""), json!("text/example+jwt")];
    for typ in others.into_iter().chain(OTHERS.map(Value::from)) {
        judge.refuses(&typ, &typed(&typ), TypeNotAllowed).await;
    }
}

/// `at+jwt` and `application/at+jwt` are one media type, whoever writes it.
#[tokio::test]
async fn a_type_of_the_users_choice_may_be_written_in_full() {
    let judge = judge(issuer().typ("application/example+jwt")).await;
    for typ in ["application/example+jwt", "example+jwt"] {
        judge.accepts(typ, &typed(&json!(typ))).await;
    }
    judge.refuses("JWT", &typed(&json!("JWT")), TypeNotAllowed).await;
}

#[test]
fn an_empty_type_cannot_be_asked_for() {
    let error = verifiers::new(issuer().typ("")).unwrap_err().to_string();
    assert!(error.contains("`typ`"), "{error}");
}

fn rfc9068_token(header: &Value, changes: &Value) -> String {
    let mut claims = json!({ "sub": "ada", "client_id": "app", "jti": "1" });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    json_token(Algorithm::ES256, header, &claims).compact()
}

#[tokio::test]
async fn rfc9068_demands_the_type() {
    let judge = judge(issuer().rfc9068()).await;
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let token = rfc9068_token(&json!({ "typ": typ }), &json!({}));
        judge.accepts(typ, &token).await;
    }
    for typ in [json!("JWT"), json!("jwt"), json!(null), json!(""), json!("dpop+jwt")] {
        let token = rfc9068_token(&json!({ "typ": typ }), &json!({}));
        judge.refuses(&typ, &token, TypeNotAllowed).await;
    }
}

#[tokio::test]
async fn rfc9068_demands_each_of_its_claims() {
    let rfc9068 = judge(issuer().rfc9068()).await;
    rfc9068.accepts("all", &rfc9068_token(&json!({}), &json!({}))).await;
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let token = rfc9068_token(&json!({}), &json!({ claim: null }));
        rfc9068.refuses(claim, &token, MissingClaim).await;
    }
    let default = es256().await;
    for claim in ["sub", "client_id", "iat", "jti"] {
        let token = rfc9068_token(&json!({}), &json!({ claim: null }));
        default.accepts(format!("{claim}, where RFC 9068 is not asked for"), &token).await;
    }
}
