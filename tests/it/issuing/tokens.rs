//! What an access token says, to the letter of RFC 9068, and what is not issued.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_bearer::{AccessToken, IssuerBuilder, Lookup, MAX_TOKEN_LEN, SigningKey};

use super::*;
use crate::support::{NOW, clock};

fn builder() -> IssuerBuilder {
    let keys = SigningKeys::builder(Algorithm::ES256).clock(clock).build().unwrap();
    Issuer::builder(ISSUER, AUDIENCE, "web", keys)
}

/// Header and claims.
fn parts(token: &AccessToken) -> [Value; 2] {
    let mut segments = token.as_str().split('.');
    [(); 2].map(|()| {
        let bytes = URL_SAFE_NO_PAD.decode(segments.next().unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    })
}

#[test]
fn a_token_says_what_the_rfc_asks_for_and_what_was_granted() {
    let issuer = builder().build().unwrap();
    let grant = Grant::new()
        .scopes(["notes:read", "notes:write"])
        .and_then(|grant| grant.roles(["admin"]))
        .and_then(|grant| grant.claim("tenant", 7))
        .unwrap();
    let token = issuer.issue("ada", &grant).unwrap();
    let [header, claims] = parts(&token);
    let kid = header["kid"].as_str().unwrap();
    assert!(issuer.keys().jwks().contains(kid));
    assert_eq!(header, json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }));
    let expected = json!({
        "iss": ISSUER, "sub": "ada", "aud": AUDIENCE, "client_id": "web",
        "iat": NOW, "exp": NOW + 900, "jti": token.jwt_id(),
        "scope": "notes:read notes:write", "roles": ["admin"], "tenant": 7,
    });
    assert_eq!(claims, expected);
    assert_eq!(token.expires_in(), Duration::from_secs(900));
    assert_eq!(URL_SAFE_NO_PAD.decode(token.jwt_id()).unwrap().len(), 16);
    let another = issuer.issue("ada", &grant).unwrap();
    assert_ne!(another.jwt_id(), token.jwt_id());
}

#[test]
fn a_token_of_a_session_names_it() {
    let service = Service::new();
    let pair = futures_executor::block_on(service.login("ada"));
    let [_, claims] = parts(pair.access_token());
    assert_eq!(claims["auth_time"], NOW);
    assert_eq!(claims["sid"].as_str().unwrap().len(), 22);
    let [_, claims] = parts(&service.issuer.issue("ada", &Grant::new()).unwrap());
    assert!(claims.get("sid").is_none() && claims.get("auth_time").is_none());
}

#[test]
fn one_audience_is_a_string_and_several_are_an_array() {
    for (audience, expected) in [
        (vec![AUDIENCE], json!(AUDIENCE)),
        (vec![AUDIENCE, "https://other.example"], json!([AUDIENCE, "https://other.example"])),
    ] {
        let keys = SigningKeys::generate(Algorithm::ES256).unwrap();
        let issuer = Issuer::new(ISSUER, audience, "web", keys).unwrap();
        let token = issuer.issue("ada", &Grant::new()).unwrap();
        assert_eq!(parts(&token)[1]["aud"], expected);
        let verified = issuer.verifier().unwrap().verify(token.as_str());
        assert!(matches!(verified, Lookup::Ready(Ok(_))));
    }
}

#[tokio::test]
async fn every_algorithm_mints_what_its_verifier_takes() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let keys = SigningKeys::builder(algorithm).key(key.clone()).clock(clock).build().unwrap();
        let issuer = Issuer::new(ISSUER, AUDIENCE, "web", keys).unwrap();
        let token = issuer.issue("ada", &Grant::new()).unwrap();
        let own = issuer.verifier().unwrap();
        let verified = own.verify(token.as_str()).await.unwrap();
        assert_eq!((verified.subject(), verified.client_id()), (Some("ada"), Some("web")));
        // So does one that has the key and nothing else of the issuer.
        let (message, signature) = token.as_str().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert_eq!(key.verifying_key().verify(message.as_bytes(), &signature), Ok(()));
        let tampered = token.as_str().replacen("eyJ", "eyK", 2);
        assert!(own.verify(&tampered).await.is_err(), "{algorithm}");
    }
}

#[tokio::test]
async fn its_verifier_takes_no_token_that_lives_longer() {
    let keys = SigningKeys::builder(Algorithm::ES256).clock(clock).build().unwrap();
    let issuer_for = |seconds| {
        let lifetime = Duration::from_secs(seconds);
        Issuer::builder(ISSUER, AUDIENCE, "web", keys.clone()).lifetime(lifetime).build().unwrap()
    };
    let token = issuer_for(301).issue("ada", &Grant::new()).unwrap();
    let verify = |issuer: Issuer| issuer.verifier().unwrap().verify(token.as_str());
    let error = verify(issuer_for(300)).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::LifetimeTooLong);
    assert!(verify(issuer_for(301)).await.is_ok());
}

#[tokio::test]
async fn whoever_was_logged_out_in_this_second_can_log_in_again() {
    let service = Service::new();
    let issuer = &service.issuer;
    let verify = async |token: &AccessToken| {
        let verified = service.verifier.verify(token.as_str()).await;
        verified.map(drop).map_err(|error| error.kind())
    };
    let before = issuer.issue("ada", &Grant::new()).unwrap();
    issuer.revocations().revoke_subject("ada").await.unwrap();
    let after = issuer.issue("ada", &Grant::new()).unwrap();
    let other = issuer.issue("eve", &Grant::new()).unwrap();
    assert_eq!(verify(&before).await, Err(TokenErrorKind::Revoked));
    assert_eq!((verify(&after).await, verify(&other).await), (Ok(()), Ok(())));
    let dated = |token: &AccessToken| parts(token)[1]["iat"].as_u64().unwrap();
    assert_eq!((dated(&after), dated(&other)), (NOW + 1, NOW));
    assert_eq!(after.expires_in(), Duration::from_secs(901), "from now on");
    service.hand.set(5);
    assert_eq!(dated(&issuer.issue("ada", &Grant::new()).unwrap()), NOW + 5);
}

#[test]
fn a_grant_says_nothing_that_is_the_issuers() {
    let own = "acr aud auth_time client_id cnf exp iat iss jti nbf sid sub";
    for name in own.split(' ') {
        let error = Grant::new().claim(name, "x").unwrap_err().to_string();
        assert!(error.contains(&format!("{name:?}")), "{error}");
        let members = BTreeMap::from([(name, "x")]);
        assert!(Grant::new().claims(&members).is_err(), "{name}");
    }
    let twice = "given twice";
    let scoped = || Grant::new().scopes(["read"]).unwrap();
    for (name, grant) in [
        ("scopes", scoped().scopes(["write"])),
        ("a scope by name", scoped().claim("scope", "write")),
        ("scopes in a struct", scoped().claims(&json!({ "scope": "write" }))),
        ("roles", Grant::new().roles(["a"]).and_then(|grant| grant.roles(["b"]))),
        ("a claim", Grant::new().claim("x", 1).and_then(|grant| grant.claim("x", 1))),
    ] {
        let error = grant.map(drop).unwrap_err().to_string();
        assert!(error.contains(twice), "{name}: {error}");
    }
}

#[test]
fn a_scope_is_one_word() {
    for scope in ["", " ", "a b", "a\"b", "a\\b", "a\tb", "a\n", "ä", "a\u{7f}"] {
        let error = Grant::new().scopes(["good", scope]).map(drop).unwrap_err().to_string();
        assert!(error.contains("visible ASCII"), "{scope:?}: {error}");
    }
    assert!(Grant::new().scopes(["!", "#[]~", "https://api.example/a:b"]).is_ok());
}

#[test]
fn claims_are_the_members_of_an_object() {
    assert!(Grant::new().claims(&[1, 2]).is_err());
    assert!(Grant::new().claims(&"text").is_err());
    assert!(Grant::new().claims(&()).is_err());
    let by_pair = BTreeMap::from([((1, 2), 3)]);
    assert!(Grant::new().claim("pairs", &by_pair).is_err(), "no JSON has such names");
    assert!(Grant::new().claims(&by_pair).is_err());
}

#[test]
fn a_token_that_nobody_would_take_is_not_issued() {
    let issuer = builder().build().unwrap();
    let with = |length: usize| {
        let grant = Grant::new().claim("long", "x".repeat(length)).unwrap();
        issuer.issue("ada", &grant)
    };
    let error = with(MAX_TOKEN_LEN).map(drop).unwrap_err();
    assert!(error.to_string().contains(&MAX_TOKEN_LEN.to_string()), "{error}");
    let mut longest = MAX_TOKEN_LEN * 3 / 4 - 500;
    while with(longest).is_ok() {
        longest += 1;
    }
    let token = with(longest - 1).unwrap();
    assert!(token.as_str().len() > MAX_TOKEN_LEN - 4, "{}", token.as_str().len());
    let verified = issuer.verifier().unwrap().verify(token.as_str());
    assert!(matches!(verified, Lookup::Ready(Ok(_))));
    let error = issuer.issue("", &Grant::new()).map(drop).unwrap_err();
    assert!(error.to_string().contains("subject"), "{error}");
}

#[test]
fn what_makes_no_sense_is_not_built() {
    let keys = || SigningKeys::generate(Algorithm::ES256).unwrap();
    for [name, audience, client_id] in
        [["", AUDIENCE, "web"], [ISSUER, "", "web"], [ISSUER, AUDIENCE, ""]]
    {
        let error = Issuer::new(name, audience, client_id, keys()).map(drop).unwrap_err();
        assert!(error.to_string().contains("none of them empty"), "{error}");
    }
    assert!(Issuer::new(ISSUER, Vec::<String>::new(), "web", keys()).is_err());
    assert!(Issuer::new(ISSUER, vec![AUDIENCE, ""], "web", keys()).is_err());
    let day = 24 * 60 * 60 * 1000;
    for (milliseconds, is_built) in
        [(0, false), (999, false), (1000, true), (1500, false), (day, true), (day + 1000, false)]
    {
        let built = builder().lifetime(Duration::from_millis(milliseconds)).build();
        assert_eq!(built.is_ok(), is_built, "{milliseconds}");
    }
    let other = tower_bearer::Revocations::new("https://other.example", Duration::from_secs(900));
    let error = builder().revocations(other.unwrap()).build().map(drop).unwrap_err();
    assert!(error.to_string().contains("other.example"), "{error}");
    let short = tower_bearer::Revocations::new(ISSUER, Duration::from_secs(899));
    assert!(builder().revocations(short.unwrap()).build().is_err());
}

#[test]
fn debug_shows_neither_token_nor_claim() {
    let issuer = builder().build().unwrap();
    let grant = Grant::new().claim("canary", "canary").unwrap();
    let token = issuer.issue("canary", &grant).unwrap();
    let shown = format!("{:?} {issuer:?} {grant:?} {token:?}", builder());
    assert!(!shown.contains("canary") && !shown.contains(token.jwt_id()), "{shown}");
    assert!(!token.as_str().split('.').any(|part| shown.contains(part)), "{shown}");
    assert!(shown.contains("expires_in: 900s"), "{shown}");
}

#[test]
fn metadata_says_where_the_keys_are() {
    let issuer = builder().build().unwrap();
    let metadata = issuer.metadata("https://issuer.example/jwks");
    assert_eq!(
        (&metadata["issuer"], &metadata["jwks_uri"]),
        (&json!(ISSUER), &json!("https://issuer.example/jwks"))
    );
}
