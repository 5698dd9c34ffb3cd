//! What operators do with all issuers at once.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tower_bearer::{
    Algorithm, Header, KeyError, KeyErrorKind, KeyResolver, KeysStatus, Lookup, StaticKeys,
    TrustedIssuer, Verifier, VerifyingKey, resolver_fn_sync,
};

use super::{ACME, BETA, Tenants, good, verify};
use crate::support::{AUDIENCE, clock, key, verifiers};

/// Writes down what it is asked to do.
#[derive(Clone)]
struct Keys {
    name: &'static str,
    done: Arc<Mutex<Vec<String>>>,
}

impl Keys {
    fn note(&self, what: &str) {
        self.done.lock().unwrap().push(format!("{what} {}", self.name));
    }
}

impl KeyResolver for Keys {
    fn resolve(&self, _: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        Lookup::Ready(Ok(key(Algorithm::ES256).verifying()))
    }

    fn preload(&self) -> Lookup<Result<(), KeyError>> {
        self.note("preload");
        Lookup::Ready(Ok(()))
    }

    fn refresh_now(&self) -> Lookup<Result<(), KeyError>> {
        let keys = self.clone();
        Lookup::pending(async move {
            keys.note("refresh");
            match keys.name {
                BETA => Err(KeyError::unavailable("gone")),
                _ => Ok(()),
            }
        })
    }

    fn forget_key(&self, kid: &str) -> bool {
        self.note(kid);
        kid == "known"
    }

    fn status(&self) -> Option<KeysStatus> {
        let mut status = KeysStatus::default();
        status.keys = 7;
        Some(status)
    }
}

struct Operated {
    verifier: Verifier,
    done: Arc<Mutex<Vec<String>>>,
}

impl Operated {
    fn done(&self) -> Vec<String> {
        let mut done = std::mem::take(&mut *self.done.lock().unwrap());
        done.sort();
        done
    }
}

/// Two issuers, fixed and dynamic.
async fn both() -> [(&'static str, Operated); 2] {
    let done: Arc<Mutex<Vec<String>>> = Arc::default();
    let issuer = {
        let done = Arc::clone(&done);
        move |name| {
            let keys = Keys { name, done: Arc::clone(&done) };
            TrustedIssuer::new(name, AUDIENCE, keys).clock(clock)
        }
    };
    let fixed = verifiers::any_of([issuer(BETA), issuer(ACME)]).unwrap();
    let dynamic = Tenants::new(move |iss| {
        Ok([ACME, BETA].into_iter().find(|name| *name == iss).map(&issuer))
    })
    .verifier();
    for iss in [BETA, ACME] {
        verify(&dynamic, &good(iss)).await.unwrap();
    }
    [("fixed", fixed), ("dynamic", dynamic)]
        .map(|(name, verifier)| (name, Operated { verifier, done: Arc::clone(&done) }))
}

#[tokio::test]
async fn refreshing_and_preloading_go_to_every_issuer() {
    for (name, operated) in both().await {
        assert!(matches!(operated.verifier.preload(), Lookup::Ready(Ok(()))), "{name}");
        let expected = [ACME, BETA].map(|issuer| format!("preload {issuer}"));
        assert_eq!(operated.done(), expected, "{name}");

        let refreshed = operated.verifier.refresh_now();
        assert!(matches!(refreshed, Lookup::Pending(_)), "{name}");
        let refreshed = refreshed.await.map_err(|error| error.kind());
        assert_eq!(refreshed, Err(KeyErrorKind::Unavailable), "{name}: one of them fails");
        let expected = [ACME, BETA].map(|issuer| format!("refresh {issuer}"));
        assert_eq!(operated.done(), expected, "{name}: and keeps no other from it");
    }
}

#[tokio::test]
async fn a_key_is_forgotten_where_it_belongs() {
    for (name, operated) in both().await {
        assert!(operated.verifier.forget_key(ACME, "known"), "{name}");
        assert_eq!(operated.done(), [format!("known {ACME}")], "{name}");
        assert!(!operated.verifier.forget_key(ACME, "unknown"), "{name}");
        assert_eq!(operated.done(), [format!("unknown {ACME}")], "{name}");
        for stranger in ["", "https://nobody.example", "https://acme.example/"] {
            assert!(!operated.verifier.forget_key(stranger, "known"), "{name}: {stranger}");
        }
        assert!(operated.done().is_empty(), "{name}");
    }
    let cannot = StaticKeys::new([key(Algorithm::ES256).verifying().with_kid("1")]).unwrap();
    let verifier = verifiers::new(TrustedIssuer::new(ACME, AUDIENCE, cannot)).unwrap();
    assert!(!verifier.forget_key(ACME, "1"));
}

#[tokio::test]
async fn the_status_names_every_issuer_in_order() {
    for (name, operated) in both().await {
        let status = serde_json::to_value(operated.verifier.status()).unwrap();
        let keys = json!({
            "usable": false, "keys": 7, "skipped": [], "age": null, "next_refresh": null, "last_error": null,
        });
        let expected = json!([{ "issuer": ACME, "keys": keys }, { "issuer": BETA, "keys": keys }]);
        assert_eq!(status, expected, "{name}");
        let printed = format!("{:?}", operated.verifier);
        assert!(printed.contains(ACME) && printed.contains(BETA), "{name}: {printed}");
    }
    let silent = resolver_fn_sync(|_| Err(KeyError::not_found()));
    let verifier = verifiers::new(TrustedIssuer::new(ACME, AUDIENCE, silent)).unwrap();
    let status = serde_json::to_value(verifier.status()).unwrap();
    assert_eq!(status, json!([{ "issuer": ACME, "keys": null }]));
}

#[tokio::test]
async fn only_issuers_that_are_known_at_the_moment_are_operated() {
    let tenants = Tenants::of([ACME, BETA]);
    let verifier = tenants.verifier();
    assert!(verifier.status().is_empty());
    assert!(matches!(verifier.preload(), Lookup::Ready(Ok(()))));
    assert!(matches!(verifier.refresh_now(), Lookup::Ready(Ok(()))));
    assert!(tenants.asked().is_empty(), "nobody is asked for");

    verify(&verifier, &good(ACME)).await.unwrap();
    let _ = verify(&verifier, &good("https://nobody.example")).await;
    let names = || verifier.status().into_iter().map(|status| status.issuer).collect::<Vec<_>>();
    assert_eq!(names(), [ACME]);
    tenants.at(crate::support::NOW + 300);
    assert!(names().is_empty(), "their time is over");
}
