use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tower_bearer::{
    KeyResolver, RemoteJwks, TokenErrorKind, TrustedIssuer, VerifiedToken, Verifier,
    testing::{TestIssuer, TestToken},
};

use super::claims;
use crate::support::{AUDIENCE, NOW, clock, verifiers};

fn trusting(issuer: &TestIssuer) -> Verifier {
    verifiers::new(issuer.trusted(AUDIENCE)).unwrap()
}

async fn judged(verifier: &Verifier, token: TestToken) -> Result<VerifiedToken, TokenErrorKind> {
    verifier.verify(&token.mint()).await.map_err(|error| error.kind())
}

fn counts(issuer: &TestIssuer) -> (u64, u64) {
    (issuer.fetches().discovery, issuer.fetches().jwks)
}

#[tokio::test(start_paused = true)]
async fn its_keys_are_found_by_discovery_and_kept() {
    let issuer = TestIssuer::new();
    let verifier = trusting(&issuer);
    assert_eq!(counts(&issuer), (0, 0), "nothing is asked before it is needed");
    for _ in 0..3 {
        let token = judged(&verifier, issuer.token_for(AUDIENCE).subject("ada")).await.unwrap();
        assert_eq!(token.subject(), Some("ada"));
        assert_eq!(counts(&issuer), (1, 1));
    }
    let bad = judged(&verifier, issuer.token_for(AUDIENCE).wrong_signature()).await;
    assert_eq!(bad.unwrap_err(), TokenErrorKind::InvalidSignature);
    let other = judged(&verifier, issuer.token_for("other")).await;
    assert_eq!(other.unwrap_err(), TokenErrorKind::AudienceMismatch);
    assert_eq!(counts(&issuer), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn it_is_judged_by_its_own_clock() {
    let issuer = TestIssuer::builder().clock(clock).build();
    let verifier = trusting(&issuer);
    let token = judged(&verifier, issuer.token_for(AUDIENCE)).await.unwrap();
    assert_eq!(token.issued_at().unwrap().as_secs(), NOW);
    let today = TestIssuer::new().token_for(AUDIENCE).mint();
    assert!(claims(&today)["iat"].as_u64().unwrap() > NOW);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_seen_by_the_first_new_token() {
    let issuer = TestIssuer::new();
    let verifier = trusting(&issuer);
    let old = issuer.token_for(AUDIENCE);
    let old_text = old.clone().mint();
    assert!(verifier.verify(&old_text).await.is_ok());
    issuer.rotate();
    assert!(verifier.verify(&old_text).await.is_ok(), "nobody knows yet");
    assert!(judged(&verifier, issuer.token_for(AUDIENCE)).await.is_ok());
    assert_eq!(issuer.fetches().jwks, 2, "the new name of a key was asked for");
    let error = verifier.verify(&old_text).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::UnknownKey);
}

/// What a good provider does costs its clients nothing.
#[tokio::test(start_paused = true)]
async fn keys_that_are_published_in_time_are_known_when_they_sign() {
    let issuer = TestIssuer::new();
    let verifier = trusting(&issuer);
    let old = issuer.token_for(AUDIENCE).mint();
    issuer.add_keys();
    assert!(verifier.verify(&old).await.is_ok());
    issuer.promote_keys();
    assert!(judged(&verifier, issuer.token_for(AUDIENCE)).await.is_ok());
    assert!(verifier.verify(&old).await.is_ok());
    assert_eq!(counts(&issuer), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn without_keys_nobody_can_know() {
    let ways: [fn(&TestIssuer); 4] = [
        TestIssuer::outage,
        TestIssuer::malformed,
        |issuer| issuer.slow(Duration::from_secs(10)),
        |issuer| issuer.answer_with(|_| Some(hyper::Response::new("{}".to_owned()))),
    ];
    for (at, fail) in ways.into_iter().enumerate() {
        let issuer = TestIssuer::new();
        let verifier = trusting(&issuer);
        fail(&issuer);
        let error = judged(&verifier, issuer.token_for(AUDIENCE)).await.unwrap_err();
        assert_eq!(error, TokenErrorKind::KeysUnavailable, "way {at}");

        issuer.recover();
        tokio::time::advance(Duration::from_secs(60)).await;
        let after = judged(&verifier, issuer.token_for(AUDIENCE)).await;
        assert!(after.is_ok(), "way {at}: {after:?}");

        fail(&issuer);
        let at_hand = judged(&verifier, issuer.token_for(AUDIENCE)).await;
        assert!(at_hand.is_ok(), "way {at}: the keys are at hand: {at_hand:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_request_waits_for_a_slow_issuer() {
    let issuer = TestIssuer::new();
    let verifier = trusting(&issuer);
    issuer.slow(Duration::from_secs(2));
    let asked = Instant::now();
    assert!(judged(&verifier, issuer.token_for(AUDIENCE)).await.is_ok());
    assert_eq!(asked.elapsed().as_secs(), 4, "two documents, one after the other");
}

#[tokio::test(start_paused = true)]
async fn a_resolver_with_its_own_settings_fetches_in_memory() {
    let issuer = TestIssuer::builder().name("https://login.test/tenant").build();
    let keys = RemoteJwks::builder("https://login.test/tenant/jwks").fetch(issuer.fetch());
    let keys = Arc::new(keys.build().unwrap());
    keys.preload().await.unwrap();
    assert_eq!(counts(&issuer), (0, 1));
    let trusted = TrustedIssuer::new(issuer.name(), AUDIENCE, keys);
    let verifier = verifiers::new(trusted).unwrap();
    assert!(judged(&verifier, issuer.token_for(AUDIENCE)).await.is_ok());
    assert_eq!(counts(&issuer), (0, 1));
}

/// Names with and without a path, with and without a slash at the end, secure or not.
#[tokio::test(start_paused = true)]
async fn every_name_can_be_trusted() {
    for name in [
        "https://a.test",
        "https://a.test/",
        "https://a.test/t",
        "https://a.test/t/",
        "http://a.test",
    ] {
        let issuer = TestIssuer::builder().name(name).build();
        let judged = judged(&trusting(&issuer), issuer.token_for(AUDIENCE)).await;
        assert!(judged.is_ok(), "{name}: {judged:?}");
        assert_eq!(counts(&issuer), (1, 1), "{name}");
    }
}

#[tokio::test]
async fn it_is_discovered_on_loopback() {
    for name in ["https://a.test", "https://a.test/", "https://a.test/t"] {
        let issuer = TestIssuer::builder().name(name).build();
        let _server = issuer.serve().await.unwrap();
        let trusted = TrustedIssuer::discover(issuer.name(), AUDIENCE).unwrap();
        let judged = judged(&verifiers::new(trusted).unwrap(), issuer.token_for(AUDIENCE)).await;
        assert!(judged.is_ok(), "{name}: {judged:?}");
        assert_eq!(counts(&issuer), (1, 1), "{name}");
    }
}
