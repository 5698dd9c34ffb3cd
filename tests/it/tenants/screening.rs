//! Who is asked for, and by which rules.

use std::time::Duration;

use serde_json::{Value, json};
use tower_bearer::{Algorithm, IssuerError, StaticKeys, TokenErrorKind, TrustedIssuer};

use super::{ACME, BETA, Tenants, good, tenant, token_of, verify};
use crate::support::{Log, NOW, json_token, token};

#[tokio::test]
async fn nobody_is_asked_for_a_token_that_is_good_nowhere() {
    let header = |header: Value| token_of(ACME, &header, &json!({}));
    let claims = |claims: Value| token_of(ACME, &json!({}), &claims);
    let tenants = Tenants::of([ACME]);
    let app = tenants.app().await;
    for (name, status, token) in [
        ("expired", 401, claims(json!({ "exp": NOW - 60 }))),
        ("not valid yet", 401, claims(json!({ "nbf": NOW + 61 }))),
        ("date of a wrong type", 401, claims(json!({ "exp": "tomorrow" }))),
        ("no issuer", 401, claims(json!({ "iss": null }))),
        ("issuer of a wrong type", 401, claims(json!({ "iss": [ACME] }))),
        ("empty issuer", 401, claims(json!({ "iss": "" }))),
        ("of another type", 401, header(json!({ "typ": "dpop+jwt" }))),
        ("of a logout token's type", 401, header(json!({ "typ": "application/logout+jwt" }))),
        ("critical", 401, header(json!({ "crit": ["exp"] }))),
        ("unknown algorithm", 401, header(json!({ "alg": "ES256K" }))),
        ("none", 401, header(json!({ "alg": "none" }))),
        (
            "a claim twice",
            401,
            token().payload(format!(r#"{{"iss":"{ACME}","a":1,"a":1}}"#)).compact(),
        ),
        ("no JWT", 401, "a.b.c".to_owned()),
        ("too long", 400, claims(json!({ "fill": "a".repeat(13_000) }))),
    ] {
        assert_eq!(app.get(&token).await.status, status, "{name}");
        assert!(tenants.asked().is_empty(), "{name}");
    }
    app.get(&good(ACME)).await.assert_accepted("a good one");
    assert_eq!(tenants.asked(), [ACME]);
}

#[tokio::test]
async fn tokens_that_could_be_good_somewhere_are_asked_about() {
    for (name, header, claims) in [
        ("within the leeway", json!({}), json!({ "exp": NOW - 59, "nbf": NOW + 60 })),
        ("without expiry", json!({}), json!({ "exp": null })),
        ("for others", json!({}), json!({ "aud": "https://others.example" })),
        ("bound", json!({}), json!({ "cnf": {} })),
        ("a JWT", json!({ "typ": "jwt" }), json!({})),
        ("a JWT in full", json!({ "typ": "application/jwt" }), json!({})),
        ("an access token in full", json!({ "typ": "Application/AT+JWT" }), json!({})),
        ("of no type", json!({ "typ": null }), json!({})),
    ] {
        let tenants = Tenants::of([]);
        let found = verify(&tenants.verifier(), &token_of(ACME, &header, &claims)).await;
        assert_eq!(found, Err(TokenErrorKind::UnknownIssuer), "{name}");
        assert_eq!(tenants.asked(), [ACME], "{name}");
    }
}

#[tokio::test]
async fn names_are_bounded_before_anybody_is_asked() {
    let tenants = Tenants::of([]);
    let verifier = tenants.verifier();
    for (length, asked) in [(0, 0), (1, 1), (1024, 1), (1025, 0), (10_000, 0)] {
        let name = "a".repeat(length);
        for _ in 0..2 {
            let found = verify(&verifier, &good(&name)).await;
            assert_eq!(found, Err(TokenErrorKind::UnknownIssuer), "{length}");
        }
        assert_eq!(tenants.asked().len(), asked, "{length}");
    }
}

#[tokio::test]
async fn an_issuer_may_be_stricter_than_the_screen() {
    use TokenErrorKind::{Expired, MissingClaim, NotYetValid, TypeNotAllowed};

    type Set = fn(TrustedIssuer) -> TrustedIssuer;
    type Case = (&'static str, Set, Value, Value, Result<(), TokenErrorKind>);
    let leeway: [Set; 3] = [
        |issuer| issuer.leeway(Duration::ZERO),
        |issuer| issuer.leeway(Duration::from_secs(5)),
        |issuer| issuer.leeway(Duration::from_secs(60)),
    ];
    let typ: [Set; 2] = [|issuer| issuer.typ("jwt"), |issuer| issuer.typ("application/AT+jwt")];
    let default: Set = |issuer| issuer;
    let no_expiry: Set = TrustedIssuer::danger_no_expiry;
    let none = || json!({});
    let exp = |ago: u64| json!({ "exp": NOW - ago });
    let endless = || json!({ "exp": null });
    let cases: [Case; 12] = [
        ("the default leeway", default, none(), exp(59), Ok(())),
        ("60 s", leeway[2], none(), exp(59), Ok(())),
        ("5 s, kept", leeway[1], none(), exp(4), Ok(())),
        ("5 s, not kept", leeway[1], none(), exp(5), Err(Expired)),
        ("none, not kept", leeway[0], none(), json!({ "nbf": NOW + 1 }), Err(NotYetValid)),
        ("no expiry", default, none(), endless(), Err(MissingClaim)),
        ("no expiry, as asked for", no_expiry, none(), endless(), Ok(())),
        ("at+jwt", typ[1], none(), none(), Ok(())),
        ("at+jwt, and not JWT", typ[1], json!({ "typ": "JWT" }), none(), Err(TypeNotAllowed)),
        ("JWT in full", typ[0], json!({ "typ": "application/JWT" }), none(), Ok(())),
        ("the default", default, json!({ "typ": "application/JWT" }), none(), Err(TypeNotAllowed)),
        ("rfc9068", TrustedIssuer::rfc9068, none(), none(), Err(MissingClaim)),
    ];
    for (name, set, header, claims, expected) in cases {
        let tenants = Tenants::new(move |iss| Ok(Some(set(tenant(iss)))));
        let verifier = tenants.verifier();
        let token = token_of(ACME, &header, &claims);
        for when in ["asked", "known"] {
            let found = verify(&verifier, &token).await.map(drop);
            assert_eq!(found, expected, "{name}, {when}");
        }
        assert_eq!(tenants.asked(), [ACME], "{name}");
    }
    let other = json_token(Algorithm::RS256, &json!({}), &json!({ "iss": ACME })).compact();
    let found = verify(&Tenants::of([ACME]).verifier(), &other).await;
    assert_eq!(found, Err(TokenErrorKind::AlgorithmNotAllowed));
}

#[tokio::test]
async fn an_issuer_that_cannot_work_is_our_fault_and_not_the_tokens() {
    type Resolve = fn(&str) -> Result<TrustedIssuer, IssuerError>;
    let cases: [(&str, Resolve, &str); 9] = [
        (
            "too much leeway",
            |iss| Ok(tenant(iss).leeway(Duration::from_millis(60_001))),
            "60 s of leeway",
        ),
        ("a foreign type", |iss| Ok(tenant(iss).typ("logout+jwt")), "`typ`"),
        ("a type in full twice", |iss| Ok(tenant(iss).typ("application/application/jwt")), "`typ`"),
        ("an empty type", |iss| Ok(tenant(iss).typ("")), "`typ`"),
        ("far too much leeway", |iss| Ok(tenant(iss).leeway(Duration::MAX)), "an hour"),
        ("another one", |_| Ok(tenant(BETA)), "another issuer"),
        ("one that is nearly it", |iss| Ok(tenant(&format!("{iss}/"))), "to the letter"),
        ("one of another case", |iss| Ok(tenant(&iss.to_uppercase())), "to the letter"),
        (
            "keys that cannot be built",
            |_| Err(StaticKeys::hs256("short").unwrap_err().into()),
            "32 bytes",
        ),
    ];
    for (name, resolve, words) in cases {
        let tenants = Tenants::new(move |iss| resolve(iss).map(Some));
        let (app, log) = (tenants.app().await.once(), Log::capture());
        for _ in 0..2 {
            app.get(&good(ACME)).await.assert_unavailable(name);
        }
        assert_eq!(tenants.asked().len(), 2, "{name}: it is not remembered");
        let text = log.text();
        let lines: Vec<&str> =
            text.lines().filter(|line| line.contains("issuer misconfigured")).collect();
        assert_eq!(lines.len(), 2, "{name}: {text}");
        for line in lines {
            assert!(line.contains("ERROR") && line.contains(words), "{name}: {line}");
        }
        assert!(text.contains("issuer_unavailable"), "{name}: {text}");
    }
}
