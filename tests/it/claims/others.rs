//! The claims with a type, `cnf` (RFC 7800), and those that an issuer's tokens are required to have.

use std::time::Duration;

use serde_json::{Value, json};
use tower_bearer::{Algorithm, TokenErrorKind as Kind, TrustedIssuer};

use super::{Judge, spelt, trusted, with};
use crate::support::{KeyPair, json_token, verifiers};

#[tokio::test]
async fn sub_jti_and_client_id_are_strings_where_they_are() {
    let judge = Judge::of(trusted()).await;
    for name in ["sub", "jti", "client_id"] {
        judge.accepts(name, &with(&json!({ name: "any string \u{1d11e}" }))).await;
        judge.accepts(name, &with(&json!({ name: "" }))).await;
        judge.accepts(name, &with(&json!({ name: null }))).await;
        for value in ["null", "1", "true", "[\"a\"]", "[]", "{}"] {
            let case = format!("{name}: {value}");
            judge.refuses(&case, &spelt(name, value), Kind::InvalidClaim).await;
        }
    }
}

#[tokio::test]
async fn a_claim_without_a_meaning_may_be_anything() {
    let judge = Judge::of(trusted()).await;
    for value in ["null", "1", "-1e3", "[null,{\"a\":[]}]", "\"\\u0000\"", "{\"iss\":1,\"iss\":2}"]
    {
        judge.accepts(value, &spelt("name", value)).await;
    }
}

#[tokio::test]
async fn a_claim_that_stands_twice_is_refused_whoever_reads_it() {
    let judge = Judge::of(trusted().danger_accept_bound_tokens()).await;
    let cases = [
        ("iss", "\"https://issuer.example\""),
        ("sub", "\"ada\""),
        ("exp", "1750000900"),
        ("nbf", "1750000000"),
        ("iat", "1750000000"),
        ("jti", "\"1\""),
        ("client_id", "\"app\""),
        ("cnf", "{}"),
        ("scope", "\"read\""),
        ("name", "null"),
        ("", "1"),
        ("\u{e9}", "1"),
    ];
    for (name, value) in cases {
        judge.accepts(name, &spelt(name, value)).await;
        let twice = spelt(name, &format!("{value},\"{name}\":{value}"));
        judge.refuses(name, &twice, Kind::InvalidClaim).await;
    }
    let escaped = spelt("name", "1,\"n\\u0061me\":2");
    judge.refuses("once with an escape", &escaped, Kind::InvalidClaim).await;
}

#[tokio::test]
async fn a_bound_token_is_no_bearer_token() {
    let cases = [
        ("a thumbprint", r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#),
        ("a certificate", r#"{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}"#),
        ("an empty object", "{}"),
        ("null", "null"),
        ("a string", "\"none\""),
        ("an empty string", "\"\""),
        ("false", "false"),
        ("an array", "[]"),
    ];
    let strict = Judge::of(trusted()).await;
    let danger = Judge::of(trusted().danger_accept_bound_tokens()).await;
    for (case, cnf) in cases {
        let token = spelt("cnf", cnf);
        strict.refuses(case, &token, Kind::BoundToken).await;
        danger.accepts(case, &token).await;
    }
    strict.refuses("an escaped name", &spelt("\\u0063nf", "{}"), Kind::BoundToken).await;
    strict.accepts("another case is another claim", &spelt("CNF", "{}")).await;
    strict.accepts("deeper in, it is another claim", &spelt("act", r#"{"cnf":{}}"#)).await;
}

#[tokio::test]
async fn a_required_claim_has_exactly_that_value() {
    let cases: [(&str, Value, &str, Result<(), Kind>); 25] = [
        ("string: equal", json!("access"), "\"access\"", Ok(())),
        ("string: escaped", json!("access"), r#""\u0061ccess""#, Ok(())),
        ("string: another", json!("access"), "\"id\"", Err(Kind::InvalidClaim)),
        ("string: another case", json!("access"), "\"Access\"", Err(Kind::InvalidClaim)),
        ("string: a space behind", json!("access"), "\"access \"", Err(Kind::InvalidClaim)),
        ("string: in an array", json!("access"), "[\"access\"]", Err(Kind::InvalidClaim)),
        ("string: null", json!("access"), "null", Err(Kind::InvalidClaim)),
        ("string: true", json!("access"), "true", Err(Kind::InvalidClaim)),
        ("bool: equal", json!(true), "true", Ok(())),
        ("bool: false", json!(true), "false", Err(Kind::InvalidClaim)),
        ("bool: a string", json!(true), "\"true\"", Err(Kind::InvalidClaim)),
        ("bool: a number", json!(true), "1", Err(Kind::InvalidClaim)),
        ("bool: null", json!(false), "null", Err(Kind::InvalidClaim)),
        ("number: equal", json!(5), "5", Ok(())),
        ("number: another", json!(5), "6", Err(Kind::InvalidClaim)),
        ("number: negative", json!(5), "-5", Err(Kind::InvalidClaim)),
        ("number: a string", json!(5), "\"5\"", Err(Kind::InvalidClaim)),
        ("number: a fraction", json!(0.5), "0.5", Ok(())),
        ("number: close", json!(5), "5.0000001", Err(Kind::InvalidClaim)),
        ("array: equal", json!(["a", 1]), " [ \"a\" , 1 ] ", Ok(())),
        ("array: in another order", json!(["a", 1]), "[1,\"a\"]", Err(Kind::InvalidClaim)),
        ("array: longer", json!(["a"]), "[\"a\",\"b\"]", Err(Kind::InvalidClaim)),
        ("object: in another order", json!({ "a": 1, "b": 2 }), r#"{"b":2,"a":1}"#, Ok(())),
        ("object: more", json!({ "a": 1 }), r#"{"a":1,"b":2}"#, Err(Kind::InvalidClaim)),
        ("null: equal", json!(null), "null", Ok(())),
    ];
    for (case, required, sent, expected) in cases {
        let judge = Judge::of(trusted().require_claim("token_use", required)).await;
        judge.answers(case, &spelt("token_use", sent), expected).await;
        judge.refuses(&format!("{case}: missing"), &with(&json!({})), Kind::MissingClaim).await;
    }
}

#[tokio::test]
async fn a_required_claim_that_is_nested_too_deeply_is_refused() {
    let judge = Judge::of(trusted().require_claim("deep", "a")).await;
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    judge.refuses("5000", &spelt("deep", &deep(5000)), Kind::InvalidClaim).await;
}

#[tokio::test]
async fn all_required_claims_are_required() {
    let issuer = trusted()
        .require_claim("token_use", "access")
        .require_claim("email_verified", true)
        .require_claim("version", 2);
    let judge = Judge::of(issuer).await;
    let all = json!({ "token_use": "access", "email_verified": true, "version": 2 });
    judge.accepts("all", &with(&all)).await;
    for (name, wrong) in
        [("token_use", json!("id")), ("email_verified", json!(false)), ("version", json!(3))]
    {
        let mut changes = all.clone();
        changes[name] = wrong;
        judge.refuses(name, &with(&changes), Kind::InvalidClaim).await;
        changes[name] = Value::Null;
        judge.refuses(name, &with(&changes), Kind::MissingClaim).await;
    }
}

#[tokio::test]
async fn a_registered_claim_can_be_required() {
    let judge = Judge::of(trusted().require_claim("sub", "ada")).await;
    judge.accepts("equal", &with(&json!({}))).await;
    judge.refuses("another", &with(&json!({ "sub": "eve" })), Kind::InvalidClaim).await;
}

#[test]
fn a_required_claim_without_a_name_is_not_built() {
    assert!(verifiers::new(trusted().require_claim("", "a")).is_err());
    assert!(verifiers::new(trusted().require_claim("a", "")).is_ok());
}

#[tokio::test]
async fn the_profile_of_rfc_9068_wants_its_type_and_all_its_claims() {
    let judge = Judge::of(trusted().rfc9068()).await;
    let all = json!({ "client_id": "app", "jti": "1" });
    judge.accepts("all", &with(&all)).await;
    for name in ["sub", "client_id", "iat", "jti", "aud", "exp", "iss"] {
        let mut changes = all.clone();
        changes[name] = Value::Null;
        judge.refuses(name, &with(&changes), Kind::MissingClaim).await;
    }
    let typed = |typ: Value| json_token(Algorithm::ES256, &json!({ "typ": typ }), &all).compact();
    judge.accepts("the long form", &typed(json!("application/at+jwt"))).await;
    judge.accepts("another case", &typed(json!("AT+JWT"))).await;
    judge.refuses("JWT", &typed(json!("JWT")), Kind::TypeNotAllowed).await;
    judge.refuses("no type", &typed(Value::Null), Kind::TypeNotAllowed).await;
}

/// They are read as JSON of any shape, which a stranger must not be able to ask for.
#[tokio::test]
async fn required_claims_are_read_only_once_the_signature_holds() {
    let judge = Judge::of(trusted().require_claim("use", "access")).await;
    let of = |value: &Value| json_token(Algorithm::ES256, &json!({}), &json!({ "use": value }));
    let id = of(&json!("id"));
    judge.refuses("signed", &id.compact(), Kind::InvalidClaim).await;
    let forged = id.signed_by(&KeyPair::stranger(Algorithm::ES256));
    judge.refuses("forged", &forged, Kind::InvalidSignature).await;
    judge.accepts("good", &of(&json!("access")).compact()).await;
}

#[test]
fn settings_that_weaken_each_other_are_refused() {
    let message = |issuer| verifiers::new(issuer).unwrap_err().to_string();
    assert!(message(trusted().rfc9068().typ("JWT")).contains("at+jwt"), "rfc9068 and typ");
    assert!(
        verifiers::new(trusted().typ("application/AT+jwt").rfc9068()).is_ok(),
        "the same twice"
    );
    assert!(message(trusted().typ("JWT").rfc9068()).contains("at+jwt"), "typ and rfc9068");
    let twice = message(trusted().require_claim("use", "a").require_claim("use", "b"));
    assert!(twice.contains("twice"), "{twice}");
    let hour = Duration::from_secs(3600);
    assert!(verifiers::new(trusted().leeway(hour)).is_ok(), "an hour");
    let more = message(trusted().leeway(hour + Duration::from_nanos(1)));
    assert!(more.contains("an hour"), "{more}");
}

/// What an operator wants to know and a client is not told.
#[tokio::test]
async fn the_error_names_the_claim_that_is_missing_or_wrong() {
    let claim_of = async |issuer: TrustedIssuer, changes: Value| {
        let error = verifiers::new(issuer).unwrap().verify(&with(&changes)).await.unwrap_err();
        assert!(error.claim().is_none_or(|claim| error.to_string().contains(claim)));
        error.claim().map(str::to_owned)
    };
    for name in ["iss", "aud", "exp"] {
        assert_eq!(claim_of(trusted(), json!({ name: null })).await.as_deref(), Some(name));
    }
    let required = || trusted().require_claim("use", "access");
    for (case, issuer, changes, expected) in [
        ("missing", required(), json!({}), Some("use")),
        ("of another value", required(), json!({ "use": "SECRET" }), Some("use")),
        ("max_age", trusted().max_age(Duration::from_secs(9)), json!({ "iat": null }), Some("iat")),
        ("another audience", trusted(), json!({ "aud": "SECRET" }), None),
    ] {
        assert_eq!(claim_of(issuer, changes).await.as_deref(), expected, "{case}");
    }
    let typed = json!({ "typ": "at+jwt" });
    let all = json!({ "client_id": "a", "jti": "b" });
    for name in ["sub", "client_id", "iat", "jti"] {
        let mut some = all.clone();
        some[name] = Value::Null;
        let token = json_token(Algorithm::ES256, &typed, &some).compact();
        let verifier = verifiers::new(trusted().rfc9068()).unwrap();
        let error = verifiers::verify(&verifier, &token).await.unwrap_err();
        assert_eq!(error.claim(), Some(name));
    }
}
