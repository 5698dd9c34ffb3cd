//! What has been taken back: by token, by session, by mark.

use std::time::Duration;

use serde_json::json;
use tower_bearer::{
    Algorithm::ES256, Grant, Revocations, TokenErrorKind as Kind, TrustedIssuer, Verifier,
};

use super::keys;
use crate::support::{AUDIENCE, Hand, ISSUER, NOW, json_token, standard};

const LONGEST: Duration = Duration::from_secs(900);

/// An issuer elsewhere, whose tokens are of any shape.
struct Elsewhere {
    hand: Hand,
    revocations: Revocations,
    verifier: Verifier,
}

impl Elsewhere {
    fn new() -> Self {
        let hand = Hand::default();
        let revocations =
            Revocations::builder(ISSUER, LONGEST).clock(hand.clone()).build().unwrap();
        let issuer = trusted(&revocations).clock(hand.clone());
        Self { hand, revocations, verifier: Verifier::new(issuer).unwrap() }
    }

    /// What is said of a token with these claims.
    async fn ask(&self, claims: serde_json::Value) -> Result<(), Kind> {
        let mut all = json!({ "iat": NOW, "exp": NOW + 900 });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let token = json_token(ES256, &json!({}), &all).compact();
        self.verifier.verify(&token).await.map(drop).map_err(|error| error.kind())
    }
}

fn trusted(revocations: &Revocations) -> TrustedIssuer {
    standard(keys()).max_lifetime(LONGEST).revocation(revocations.clone())
}

#[tokio::test]
async fn each_kind_refuses_its_tokens_and_no_others() {
    let one = json!({ "jti": "t", "sid": "s", "sub": "u", "client_id": "c" });
    let other = json!({ "jti": "t2", "sid": "s2", "sub": "u2", "client_id": "c2" });
    // Names of one kind say nothing of another.
    let crossed = json!({ "jti": "s", "sid": "t", "sub": "c", "client_id": "u" });
    for kind in ["token", "session", "subject", "client", "everyone"] {
        let place = Elsewhere::new();
        let Elsewhere { revocations, .. } = &place;
        assert_eq!(place.ask(one.clone()).await, Ok(()), "{kind}");
        match kind {
            "token" => revocations.revoke_token("t").await.unwrap(),
            "session" => revocations.revoke_session("s").await.unwrap(),
            "subject" => revocations.revoke_subject("u").await.unwrap(),
            "client" => revocations.revoke_client("c").await.unwrap(),
            _ => revocations.revoke_everyone().await.unwrap(),
        }
        assert_eq!(place.ask(one.clone()).await, Err(Kind::Revoked), "{kind}");
        let others = if kind == "everyone" { Err(Kind::Revoked) } else { Ok(()) };
        assert_eq!(place.ask(other.clone()).await, others, "{kind}");
        assert_eq!(place.ask(crossed.clone()).await, others, "{kind}");
        assert_eq!(revocations.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn it_holds_without_the_answer_being_awaited() {
    let place = Elsewhere::new();
    drop(place.revocations.revoke_session("s"));
    assert_eq!(place.ask(json!({ "sid": "s" })).await, Err(Kind::Revoked));
}

#[tokio::test]
async fn a_mark_stands_at_the_end_of_its_second() {
    let place = Elsewhere::new();
    place.revocations.revoke_subject("u").await.unwrap();
    let cases = [
        ("before", json!(NOW - 1), Err(Kind::Revoked)),
        ("in it", json!(NOW), Err(Kind::Revoked)),
        ("late in it", json!(1_750_000_000.999), Err(Kind::Revoked)),
        ("the next", json!(NOW + 1), Ok(())),
        ("as far ahead as clocks may be", json!(NOW + 65), Ok(())),
        ("further ahead", json!(NOW + 66), Err(Kind::Revoked)),
    ];
    for (name, iat, expected) in cases {
        let exp = iat.as_f64().unwrap() + 900.0;
        assert_eq!(
            place.ask(json!({ "sub": "u", "iat": iat, "exp": exp })).await,
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_dated_ahead_is_refused_before_anything_is_revoked() {
    let place = Elsewhere::new();
    assert_eq!(place.ask(json!({ "iat": NOW + 66 })).await, Err(Kind::Revoked));
    assert_eq!(place.ask(json!({ "iat": NOW + 65 })).await, Ok(()));
}

#[tokio::test]
async fn twice_within_a_second_means_twice() {
    let service = super::Service::new();
    for _ in 0..3 {
        let token = service.issuer.issue("ada", &Grant::new()).unwrap();
        service.verifier.verify(token.as_str()).await.unwrap();
        service.issuer.revocations().revoke_subject("ada").await.unwrap();
        assert!(service.verifier.verify(token.as_str()).await.is_err());
    }
    for _ in 0..1000 {
        service.issuer.revocations().revoke_subject("ada").await.unwrap();
    }
    let token = service.issuer.issue("ada", &Grant::new()).unwrap();
    service.verifier.verify(token.as_str()).await.unwrap();
    assert!(token.expires_in().as_secs() <= 900 + 5);
}

#[tokio::test]
async fn the_latest_of_all_marks_counts() {
    let place = Elsewhere::new();
    place.revocations.revoke_subject("u").await.unwrap();
    place.hand.set(10);
    place.revocations.revoke_client("c").await.unwrap();
    let at = |seconds: u64| json!({ "sub": "u", "client_id": "c", "iat": NOW + seconds });
    assert_eq!(place.ask(at(5)).await, Err(Kind::Revoked));
    assert_eq!(place.ask(at(11)).await, Ok(()));
    // An earlier mark does not take back a later one.
    place.hand.set(3);
    place.revocations.revoke_client("c").await.unwrap();
    assert_eq!(place.ask(at(5)).await, Err(Kind::Revoked));
}

#[tokio::test]
async fn entries_outlive_every_token_and_then_go() {
    let place = Elsewhere::new();
    place.revocations.revoke_session("s").await.unwrap();
    // Dated as far ahead as clocks may be, and good for as long as any, with the leeway.
    let last = json!({ "sid": "s", "iat": NOW + 65, "exp": NOW + 965 });
    for at in [0, 900, 965 + 59] {
        place.hand.set(at);
        // An entry in between does not push it out.
        place.revocations.revoke_session(&at.to_string()).await.unwrap();
        assert_eq!(place.ask(last.clone()).await, Err(Kind::Revoked), "{at}");
    }
    place.hand.set(965 + 60);
    assert_eq!(place.ask(last).await, Err(Kind::Expired));
    for round in 2..5 {
        place.hand.set(round * 1100);
        place.revocations.revoke_session("s3").await.unwrap();
    }
    assert!(place.revocations.len() <= 2, "{}", place.revocations.len());
}

#[tokio::test]
async fn many_that_have_passed_leave_nothing() {
    let place = Elsewhere::new();
    for round in 0..50_i64 {
        place.hand.set(round * 1000);
        for at in 0..100 {
            drop(place.revocations.revoke_session(&format!("{round}-{at}")));
        }
    }
    assert!(place.revocations.len() <= 400, "{}", place.revocations.len());
}

#[test]
fn a_set_that_would_forget_too_early_is_refused() {
    let revocations = Revocations::new(ISSUER, LONGEST).unwrap();
    let cases = [
        ("no bound", standard(keys())),
        ("a longer life", standard(keys()).max_lifetime(LONGEST * 2)),
        ("a larger leeway", trusted(&revocations).leeway(Duration::from_secs(61))),
        (
            "another issuer",
            TrustedIssuer::new("https://other.example", AUDIENCE, keys()).max_lifetime(LONGEST),
        ),
    ];
    for (name, issuer) in cases {
        let built = Verifier::new(issuer.revocation(revocations.clone()));
        assert!(built.is_err(), "{name}");
    }
    Verifier::new(trusted(&revocations)).unwrap();
    assert!(Revocations::new("", LONGEST).is_err());
    assert!(Revocations::new(ISSUER, Duration::ZERO).is_err());
}

#[tokio::test]
async fn a_cached_token_is_asked_for_each_time() {
    let service = super::Service::new();
    let verifier = service.issuer.verifier().unwrap();
    #[cfg(feature = "cache")]
    let verifier = verifier.cache(10);
    let token = service.issuer.issue("ada", &Grant::new()).unwrap();
    verifier.verify(token.as_str()).await.unwrap();
    service.issuer.revocations().revoke_token(token.jwt_id()).await.unwrap();
    let error = verifier.verify(token.as_str()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Revoked);
}
