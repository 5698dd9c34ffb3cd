use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use serde::Serialize;
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, StaticKeys, TokenErrorKind, TrustedIssuer,
    testing::{TestIssuer, TestToken},
};

use super::{claims, header, kid, kids, over, published, verify};
use crate::support::{AUDIENCE, NOW, clock, verifiers};

fn fixed() -> TestIssuer {
    TestIssuer::builder().clock(clock).build()
}

#[test]
fn a_token_begins_as_an_access_token_of_rfc_9068() {
    let issuer = fixed();
    let token = issuer.token().mint();
    assert_eq!(header(&token), json!({ "alg": "ES256", "kid": kids(&issuer)[0], "typ": "at+jwt" }));
    assert_eq!(
        claims(&token),
        json!({
            "iss": "https://issuer.test", "sub": "user", "client_id": "client", "jti": "token-0",
            "iat": NOW, "exp": NOW + 900,
        })
    );
    assert_eq!(claims(&issuer.token().mint())["jti"], "token-1");

    let strict = TrustedIssuer::new(issuer.name(), AUDIENCE, published(&issuer)).clock(clock);
    let verifier = verifiers::new(strict.rfc9068()).unwrap();
    let token = issuer.token_for(AUDIENCE).mint();
    assert!(matches!(verifier.verify(&token), tower_bearer::Lookup::Ready(Ok(_))));
}

#[tokio::test]
async fn every_algorithm_signs_and_is_verified() {
    let issuer = TestIssuer::new();
    for algorithm in Algorithm::ALL {
        let token = issuer.token_for(AUDIENCE).algorithm(algorithm).mint();
        assert_eq!(header(&token)["alg"], algorithm.name());
        let keys = if algorithm.is_symmetric() {
            StaticKeys::from_secret(algorithm, issuer.secret(algorithm)).unwrap()
        } else {
            assert!(kids(&issuer).contains(&kid(&token)), "{algorithm}");
            published(&issuer)
        };
        let verified = over(&issuer, keys.clone()).verify(&token).await.unwrap();
        assert_eq!(verified.algorithm(), algorithm);

        let forged = issuer.token_for(AUDIENCE).algorithm(algorithm).wrong_signature().mint();
        let error = over(&issuer, keys).verify(&forged).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::InvalidSignature, "{algorithm}");

        let verified = issuer.token().algorithm(algorithm).verified();
        assert_eq!(verified.algorithm(), algorithm);
    }
    assert_eq!(kids(&issuer).len(), Algorithm::ALL.len() - 3, "no secret is published");
    assert!(!issuer.jwks().contains("oct"));
}

#[tokio::test]
async fn each_way_to_be_bad_has_its_kind() {
    let issuer = TestIssuer::new();
    let good = || issuer.token_for(AUDIENCE);
    let duplicated = format!(
        r#"{{"iss":"{}","aud":"{AUDIENCE}","exp":9e9,"sub":"a","sub":"b"}}"#,
        issuer.name()
    );
    let cases: Vec<(&str, TestToken, TokenErrorKind)> = vec![
        ("no audience", issuer.token(), TokenErrorKind::MissingClaim),
        ("another audience", good().audience("other"), TokenErrorKind::AudienceMismatch),
        ("other audiences", good().audiences(["a", "b"]), TokenErrorKind::AudienceMismatch),
        ("another issuer", good().issuer("https://other.test"), TokenErrorKind::UnknownIssuer),
        ("expired", good().expired(), TokenErrorKind::Expired),
        ("not yet valid", good().not_yet_valid(), TokenErrorKind::NotYetValid),
        ("no exp", good().without("exp"), TokenErrorKind::MissingClaim),
        ("exp is null", good().claim("exp", Value::Null), TokenErrorKind::InvalidClaim),
        ("a number in sub", good().claim("sub", 1), TokenErrorKind::InvalidClaim),
        ("bound", good().claim("cnf", json!({"jkt": "x"})), TokenErrorKind::BoundToken),
        ("forged", good().wrong_signature(), TokenErrorKind::InvalidSignature),
        ("unsigned", good().unsigned(), TokenErrorKind::Malformed),
        ("alg none", good().header("alg", "none"), TokenErrorKind::AlgorithmNotAllowed),
        ("alg of others", good().header("alg", "RS256"), TokenErrorKind::AlgorithmNotAllowed),
        ("a secret's alg", good().algorithm(Algorithm::HS256), TokenErrorKind::AlgorithmNotAllowed),
        ("another kid", good().kid("nobody"), TokenErrorKind::UnknownKey),
        ("kid is no string", good().header("kid", 1), TokenErrorKind::Malformed),
        ("another type", good().header("typ", "dpop+jwt"), TokenErrorKind::TypeNotAllowed),
        ("crit", good().header("crit", ["exp"]), TokenErrorKind::CriticalHeader),
        ("a claim twice", good().payload(duplicated), TokenErrorKind::InvalidClaim),
        ("no JSON", good().payload(*b"\xff"), TokenErrorKind::Malformed),
    ];
    for (name, token, kind) in cases {
        assert_eq!(verify(&issuer, token).await.err(), Some(kind), "{name}");
    }
}

#[tokio::test]
async fn what_is_unusual_and_good_is_accepted() {
    let issuer = TestIssuer::new();
    let good = || issuer.token_for(AUDIENCE);
    let cases: Vec<(&str, TestToken)> = vec![
        ("as it begins", good()),
        ("several audiences", good().audiences(["other", AUDIENCE])),
        ("without kid, of one key", good().without_kid()),
        ("without typ", good().without_typ()),
        ("typ JWT", good().header("typ", "JWT")),
        ("a header nobody knows", good().header("x", json!([{}]))),
        ("no subject", good().without("sub")),
        ("good again", good().expired().expires_in(Duration::from_secs(60))),
        ("a short life", good().expires_in(Duration::from_secs(1))),
    ];
    for (name, token) in cases {
        let verified = verify(&issuer, token).await;
        assert!(verified.is_ok(), "{name}: {verified:?}");
    }
}

/// Bad by more than the largest leeway there can be.
#[tokio::test]
async fn no_leeway_makes_good_what_is_bad_in_time() {
    let issuer = fixed();
    let trusted = TrustedIssuer::new(issuer.name(), AUDIENCE, published(&issuer)).clock(clock);
    let verifier = verifiers::new(trusted.leeway(Duration::from_secs(3600))).unwrap();
    for (token, kind) in [
        (issuer.token_for(AUDIENCE).expired(), TokenErrorKind::Expired),
        (issuer.token_for(AUDIENCE).not_yet_valid(), TokenErrorKind::NotYetValid),
    ] {
        assert_eq!(verifier.verify(&token.mint()).await.unwrap_err().kind(), kind);
    }
}

#[test]
fn claims_are_whatever_is_given() {
    #[derive(Serialize)]
    struct Own {
        sub: &'static str,
        roles: Vec<&'static str>,
    }

    let issuer = fixed();
    let of = |token: TestToken| claims(&token.without("jti").mint());
    let base = json!({ "iss": issuer.name(), "client_id": "client", "iat": NOW, "exp": NOW + 900 });
    let with = |changes: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        all
    };
    let own = Own { sub: "ada", roles: vec!["admin"] };
    let roles = with(json!({ "sub": "ada", "roles": ["admin"] }));
    assert_eq!(of(issuer.token().claims(own)), roles);
    assert_eq!(of(issuer.token().claims(json!({ "sub": "ada", "roles": ["admin"] }))), roles);
    assert_eq!(
        of(issuer.token().claim("sub", Value::Null).claim("n", 1.5)),
        with(json!({ "sub": null, "n": 1.5 }))
    );
    assert_eq!(of(issuer.token().subject("b").subject("c")), with(json!({ "sub": "c" })));
    assert_eq!(of(issuer.token().subject("b").without("sub")), base);
    assert_eq!(
        of(issuer.token().audiences(["a", "b"])),
        with(json!({ "sub": "user", "aud": ["a", "b"] }))
    );
}

#[test]
fn the_header_is_whatever_is_given() {
    let issuer = fixed();
    let of = |token: TestToken| header(&token.mint());
    let good = || issuer.token();
    let kid = &*kids(&issuer)[0];
    assert_eq!(of(good().without_kid()), json!({ "alg": "ES256", "typ": "at+jwt" }));
    assert_eq!(of(good().without_typ()), json!({ "alg": "ES256", "kid": kid }));
    assert_eq!(of(good().unsigned()), json!({ "alg": "none", "typ": "at+jwt" }));
    assert_eq!(
        of(good().kid("a").header("typ", Value::Null).header("alg", 1).header("x", [1])),
        json!({ "alg": 1, "kid": "a", "typ": null, "x": [1] })
    );
    assert_eq!(of(good().without_kid().kid("b"))["kid"], "b");
}

#[test]
fn dates_are_whole_seconds_of_the_issuers_clock() {
    let now = Arc::new(AtomicU64::new(1_000_000));
    let ticking = Arc::clone(&now);
    let clock = move || UNIX_EPOCH + Duration::from_secs(ticking.load(Ordering::Relaxed));
    let issuer = TestIssuer::builder().clock(clock).build();
    let dates = |token: TestToken| {
        let claims = claims(&token.mint());
        ["iat", "nbf", "exp"].map(|name| claims[name].as_u64())
    };
    let hour = Duration::from_secs(3600);
    let (none, some) = (None::<u64>, Some::<u64>);
    assert_eq!(dates(issuer.token()), [some(1_000_000), none, some(1_000_900)]);
    now.store(2_000_000, Ordering::Relaxed);
    assert_eq!(dates(issuer.token()), [some(2_000_000), none, some(2_000_900)]);
    assert_eq!(dates(issuer.token().expires_in(hour)), [some(2_000_000), none, some(2_003_600)]);
    assert_eq!(dates(issuer.token().issued_ago(hour)), [some(1_996_400), none, some(2_000_900)]);
    assert_eq!(dates(issuer.token().expired()), [some(1_991_900), none, some(1_992_800)]);
    let later = [some(2_000_000), some(2_007_200), some(2_008_100)];
    assert_eq!(dates(issuer.token().not_yet_valid()), later);
    assert_eq!(
        dates(issuer.token().expires_in(Duration::MAX)),
        [some(2_000_000), none, some(u64::MAX)],
        "sums saturate"
    );
}

#[test]
fn a_verified_token_is_that_of_the_claims() {
    let issuer = fixed();
    let token = issuer.token().subject("ada").claim("scope", "read write").verified();
    assert_eq!((token.issuer(), token.subject()), (issuer.name(), Some("ada")));
    assert!(token.scopes().contains("write"));
    assert_eq!(token.expires_at().unwrap().as_secs(), NOW + 900);
    assert_eq!(
        issuer.token().issuer("https://other.test").verified().issuer(),
        "https://other.test"
    );
}

#[test]
fn nothing_of_keys_and_claims_is_printed() {
    let issuer = TestIssuer::builder().algorithms([Algorithm::HS256, Algorithm::ES256]).build();
    let token = issuer.token().subject("canary").header("x", "canary");
    let printed = format!("{issuer:?} {token:?} {:?}", TestIssuer::builder());
    let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    assert!(printed.contains("https://issuer.test"));
    assert!(
        !printed.contains("canary") && !printed.contains(jwks["keys"][0]["x"].as_str().unwrap())
    );
    assert!(printed.len() < 300, "{printed}");
}
