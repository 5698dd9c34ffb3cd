//! A resolver that panics: a bug of its own, and no fault of a token.

use std::sync::atomic::AtomicBool;

use futures_util::{FutureExt, future::join_all};
use hyper::header::RETRY_AFTER;

use super::*;
use crate::support::{Log, verifiers};

/// Where it panics.
#[derive(Clone, Copy, Debug)]
enum Place {
    Call,
    Future,
    Later,
}

/// Panics there, until it is mended.
#[derive(Clone)]
struct Buggy {
    tenants: Tenants,
    place: Place,
    mended: Arc<AtomicBool>,
}

impl Buggy {
    fn at(place: Place) -> Self {
        Self { tenants: Tenants::of([ACME, BETA]), place, mended: Arc::default() }
    }

    fn mend(&self) {
        self.mended.store(true, Ordering::SeqCst);
    }
}

impl IssuerResolver for Buggy {
    fn resolve(&self, iss: &str) -> Lookup<Answer> {
        let answer = self.tenants.resolve(iss);
        if self.mended.load(Ordering::SeqCst) || iss == BETA {
            return answer;
        }
        match self.place {
            Place::Call => panic!("a secret of the resolver's"),
            Place::Future => Lookup::pending(async { panic!("a secret of the resolver's") }),
            Place::Later => answer.map(|_| panic!("a secret of the resolver's")),
        }
    }

    fn now(&self) -> SystemTime {
        self.tenants.now()
    }
}

#[tokio::test]
async fn a_panic_is_unavailable_and_the_next_request_asks_anew() {
    for place in [Place::Call, Place::Future, Place::Later] {
        let buggy = Buggy::at(place);
        let verifier = verifiers::dynamic(buggy.clone());
        let (app, log) = (app_of(verifier.clone()).await.once(), Log::capture());
        for n in 1..=3 {
            let reply = app.get(&good(ACME)).await;
            reply.assert_unavailable(&format!("{place:?}, {n}"));
            assert_eq!(reply.headers[RETRY_AFTER], "5");
        }
        app.get(&good(BETA)).await.assert_accepted("another tenant");
        assert_eq!(buggy.tenants.asked(), [ACME, ACME, ACME, BETA], "{place:?}");
        let text = log.text();
        assert_eq!(text.matches("WARN tower_bearer: issuers unavailable").count(), 3, "{text}");
        assert!(text.contains("the `IssuerResolver` panicked"), "{text}");
        assert!(!text.contains("a secret of the resolver's"), "{text}");
        buggy.mend();
        app.get(&good(ACME)).await.assert_accepted("mended");
    }
}

#[tokio::test]
async fn all_who_wait_are_told_and_it_is_logged_once() {
    for place in [Place::Call, Place::Future, Place::Later] {
        let buggy = Buggy::at(place);
        let verifier = verifiers::dynamic(buggy.clone());
        let log = Log::capture();
        let token = good(ACME);
        let waiting: Vec<_> = (0..200).map(|_| verifier.verify(&token).into_future()).collect();
        for found in join_all(waiting).await {
            assert_eq!(found.unwrap_err().kind(), TokenErrorKind::IssuerUnavailable, "{place:?}");
        }
        assert_eq!(buggy.tenants.asked(), [ACME], "{place:?}");
        let text = log.text();
        assert_eq!(text.matches("issuers unavailable").count(), 1, "{place:?}: {text}");
    }
}

#[tokio::test]
async fn one_who_is_not_polled_after_a_panic_keeps_nobody_from_asking() {
    for place in [Place::Call, Place::Future, Place::Later] {
        let mut buggy = Buggy::at(place);
        buggy.tenants = buggy.tenants.closed();
        let verifier = verifiers::dynamic(buggy.clone());
        let token = good(ACME);
        // One has never been polled, the other once where the panic comes late.
        let never = verifier.verify(&token);
        let mut once = verifier.verify(&token).into_future();
        if matches!(place, Place::Later) {
            assert!((&mut once).now_or_never().is_none());
        }
        buggy.tenants.open(2);
        let panicked = TokenErrorKind::IssuerUnavailable;
        assert_eq!(verify(&verifier, &token).await, Err(panicked), "{place:?}");
        buggy.mend();
        assert_eq!(verify(&verifier, &token).await, Ok(ACME.to_owned()), "{place:?}");
        assert_eq!(never.await.unwrap_err().kind(), panicked, "{place:?}");
        assert_eq!(once.await.unwrap_err().kind(), panicked, "{place:?}");
        assert_eq!(buggy.tenants.asked(), [ACME, ACME], "{place:?}");
    }
}
