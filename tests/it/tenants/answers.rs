//! What comes of a resolver's answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::header::RETRY_AFTER;
use serde_json::json;
use tower_bearer::{
    Algorithm, IssuerError, Lookup, StaticKeys, TokenErrorKind, TrustedIssuer, issuer_fn,
    issuer_fn_sync, resolver_fn, resolver_fn_sync,
};

use super::{ACME, BETA, Tenants, forged, good, tenant, token_of, verify};
use crate::support::{AUDIENCE, KeyPair, Log, NOW, app_of, clock, json_token, key, verifiers};

#[tokio::test]
async fn a_known_issuer_opens_and_an_unknown_one_does_not() {
    let tenants = Tenants::of([ACME, BETA]);
    let app = tenants.app().await;
    for _ in 0..3 {
        app.get(&good(ACME)).await.assert_accepted("the one");
        app.get(&good(BETA)).await.assert_accepted("the other");
        app.get(&good("https://nobody.example")).await.assert_invalid_token("a stranger");
        app.get(&forged(ACME)).await.assert_invalid_token("a forged one");
    }
    assert_eq!(tenants.asked(), [ACME, BETA, "https://nobody.example"]);
}

#[tokio::test]
async fn names_are_compared_to_the_letter_and_near_misses_are_strangers() {
    let log = Log::capture();
    let tenants = Tenants::of([ACME]);
    let verifier = tenants.verifier();
    assert_eq!(verify(&verifier, &good(ACME)).await, Ok(ACME.to_owned()));
    for near in ["https://acme.example/", "https://Acme.example", "https://acme.exampl", "acme"] {
        let found = verify(&verifier, &good(near)).await;
        assert_eq!(found, Err(TokenErrorKind::UnknownIssuer), "{near}");
        assert_eq!(tenants.asked().last().unwrap(), near);
        assert!(!log.text().contains(near), "a stranger's word is not printed");
    }
    assert!(!log.text().contains("nearly"));
}

#[tokio::test]
async fn closures_are_resolvers() {
    let at_once = issuer_fn_sync(|iss: &str| Ok((iss == ACME).then(|| tenant(iss).clock(clock))));
    let later = issuer_fn(|iss| {
        let iss = iss.to_owned();
        async move {
            tokio::task::yield_now().await;
            Ok((iss == ACME).then(|| tenant(&iss).clock(clock)))
        }
    });
    // Their clock is the machine's: only a token that never expires is good by both.
    let endless = |iss| token_of(iss, &json!({}), &json!({ "exp": 1e12 }));
    for (name, verifier) in
        [("at once", verifiers::dynamic(at_once)), ("later", verifiers::dynamic(Arc::new(later)))]
    {
        assert_eq!(verify(&verifier, &endless(ACME)).await, Ok(ACME.to_owned()), "{name}");
        let unknown = Err(TokenErrorKind::UnknownIssuer);
        assert_eq!(verify(&verifier, &endless(BETA)).await, unknown, "{name}");
        let expired = token_of(ACME, &json!({}), &json!({ "exp": 1_000_000_000 }));
        assert_eq!(verify(&verifier, &expired).await, Err(TokenErrorKind::Expired), "{name}");
    }
}

#[tokio::test]
async fn an_outage_is_no_fault_of_the_token_and_is_not_remembered() {
    let down = Arc::new(AtomicBool::new(true));
    let tenants =
        Tenants::new({
            let down = Arc::clone(&down);
            move |iss| match (down.load(Ordering::SeqCst), iss) {
                (true, ACME) => Err(IssuerError::unavailable("connection refused")),
                (true, _) => Err(IssuerError::unavailable("later")
                    .with_retry_after(Duration::from_millis(41_001))),
                (false, _) => Ok(Some(tenant(iss))),
            }
        });
    let (app, log) = (tenants.app().await.once(), Log::capture());
    for (iss, retry_after) in [(ACME, "5"), (ACME, "5"), (BETA, "42")] {
        let reply = app.get(&good(iss)).await;
        reply.assert_unavailable(iss);
        assert_eq!(reply.headers[RETRY_AFTER], retry_after, "{iss}");
    }
    assert_eq!(tenants.asked(), [ACME, ACME, BETA]);
    let text = log.text();
    assert_eq!(text.matches("WARN tower_bearer: issuers unavailable").count(), 3, "{text}");
    assert!(text.contains("connection refused"), "{text}");
    down.store(false, Ordering::SeqCst);
    for iss in [ACME, BETA] {
        app.get(&good(iss)).await.assert_accepted(iss);
    }
}

#[tokio::test]
async fn an_outage_does_not_touch_those_who_are_known() {
    let down = Arc::new(AtomicBool::new(false));
    let tenants = Tenants::new({
        let down = Arc::clone(&down);
        move |iss| {
            if down.load(Ordering::SeqCst) {
                return Err(IssuerError::unavailable("gone"));
            }
            Ok(Some(tenant(iss)))
        }
    });
    let app = tenants.app().await;
    app.get(&good(ACME)).await.assert_accepted("before");
    down.store(true, Ordering::SeqCst);
    app.get(&good(ACME)).await.assert_accepted("during");
    app.get(&good(BETA)).await.assert_unavailable("one who is new");
}

#[tokio::test]
async fn the_reason_can_be_read_from_the_error() {
    let tenants = Tenants::new(|_| Err(IssuerError::unavailable("the cable is cut")));
    let error = tenants.verifier().verify(&good(ACME)).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::IssuerUnavailable);
    assert_eq!(error.kind().code(), "issuer_unavailable");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the issuers cannot be reached");
    assert_eq!(source.source().unwrap().to_string(), "the cable is cut");
    assert!(!format!("{error:?}").contains("cable"), "a foreign source is printed by who wants it");
}

#[tokio::test]
async fn two_issuers_that_share_a_key_id_never_cross() {
    let other = Arc::new(KeyPair::generate(Algorithm::ES256));
    let tenants = Tenants::new({
        let other = Arc::clone(&other);
        move |iss| {
            let key = if iss == ACME { key(Algorithm::ES256) } else { &*other };
            let keys = StaticKeys::new([key.verifying().with_kid("1")]).unwrap();
            Ok(Some(TrustedIssuer::new(iss, AUDIENCE, keys)))
        }
    });
    let verifier = tenants.verifier();
    let signature = Err(TokenErrorKind::InvalidSignature);
    for when in ["asked", "known"] {
        for (iss, signer, expected) in [
            (ACME, key(Algorithm::ES256), Ok(ACME.to_owned())),
            (BETA, &*other, Ok(BETA.to_owned())),
            (ACME, &*other, signature.clone()),
            (BETA, key(Algorithm::ES256), signature.clone()),
        ] {
            let token =
                json_token(Algorithm::ES256, &json!({ "kid": "1" }), &json!({ "iss": iss }));
            assert_eq!(
                verify(&verifier, &token.signed_by(signer)).await,
                expected,
                "{iss}, {when}"
            );
        }
    }
}

#[tokio::test]
async fn no_key_is_sought_for_an_issuer_that_is_not_known() {
    let sought = Arc::new(AtomicUsize::new(0));
    let keys = || {
        let sought = Arc::clone(&sought);
        resolver_fn_sync(move |_| {
            sought.fetch_add(1, Ordering::SeqCst);
            Ok(key(Algorithm::ES256).verifying())
        })
    };
    let acme = || TrustedIssuer::new(ACME, AUDIENCE, keys()).clock(clock);
    let fixed = verifiers::new(acme()).unwrap();
    let dynamic = {
        let keys = keys();
        Tenants::new(move |iss| {
            Ok((iss == ACME).then(|| TrustedIssuer::new(ACME, AUDIENCE, keys.clone())))
        })
        .verifier()
    };
    for verifier in [fixed, dynamic] {
        for stranger in ["https://nobody.example", "https://acme.example/", "HTTPS://acme.example"]
        {
            let found = verify(&verifier, &good(stranger)).await;
            assert_eq!(found, Err(TokenErrorKind::UnknownIssuer));
        }
        assert_eq!(sought.swap(0, Ordering::SeqCst), 0);
        assert!(verify(&verifier, &good(ACME)).await.is_ok());
        assert_eq!(sought.swap(0, Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_token_that_expires_while_its_issuer_or_its_key_is_waited_for_has_expired() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Slow {
        Issuer,
        Key,
    }
    for slow in [Slow::Issuer, Slow::Key] {
        for (later, expected) in
            [(NOW + 959, Ok(ACME.to_owned())), (NOW + 960, Err(TokenErrorKind::Expired))]
        {
            let time = Arc::new(std::sync::Mutex::new(None::<Tenants>));
            let keys = resolver_fn({
                let time = Arc::clone(&time);
                move |_| {
                    let time = Arc::clone(&time);
                    async move {
                        if slow == Slow::Key {
                            time.lock().unwrap().as_ref().unwrap().at(later);
                        }
                        Ok(key(Algorithm::ES256).verifying())
                    }
                }
            });
            let tenants =
                Tenants::new(move |iss| Ok(Some(TrustedIssuer::new(iss, AUDIENCE, keys.clone()))));
            *time.lock().unwrap() = Some(tenants.clone());
            let tenants = tenants.closed();
            let token = good(ACME); // good for 900 s, and 60 s of leeway
            let waiting = tenants.verifier().verify(&token);
            assert!(matches!(waiting, Lookup::Pending(_)));
            if slow == Slow::Issuer {
                tenants.at(later);
            }
            tenants.open(1);
            let found =
                waiting.await.map(|token| token.issuer().to_owned()).map_err(|error| error.kind());
            assert_eq!(found, expected, "{slow:?}, {later}");
        }
    }
}

#[tokio::test]
async fn a_clone_of_the_verifier_knows_what_the_other_knows() {
    let tenants = Tenants::of([ACME]);
    let verifier = tenants.verifier();
    let (one, other) = (app_of(verifier.clone()).await, app_of(verifier).await);
    one.get(&good(ACME)).await.assert_accepted("one");
    other.get(&good(ACME)).await.assert_accepted("other");
    assert_eq!(tenants.asked(), [ACME]);
}
